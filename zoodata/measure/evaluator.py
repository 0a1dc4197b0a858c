"""The model's side of an accuracy run: built once in a worker process, fed with images chunk by chunk.

Images are decoded in threads while the model runs: the next chunk's are under way before this one's answer
is back, so neither waits for the other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import numpy as np

from zoodata.images import pixels, sets
from zoodata.images.diagnose import departures, mistakes, probes
from zoodata.records import Preprocessing
from zoodata.runtimes.model import Array, Model, Scorer
from zoodata.zoos import registry
from zoodata.zoos.base import CannotBuild, Zoo

ANSWERS = 5

Prepared = tuple[str, str]
"""SHA-256 of an image's bytes, and why it could not be prepared (empty if it was)."""


class Undeclared(CannotBuild):
    """Nobody says how images become this entry's input."""


class Misprepared(CannotBuild):
    """Images would be prepared in another way than the zoo declares."""


class Evaluator:
    """Answers of one model to images; every answer is plain data."""

    def __init__(self) -> None:
        self._score: Scorer
        self._prepare: Callable[[Array], Array]
        self._spec: Preprocessing
        self._by_specification = True
        self._batch = 1
        self._size: tuple[int, ...] = ()
        self._pool: ThreadPoolExecutor
        self._asked: list[str] = []
        self._ahead: list[Future[Prepared]] = []
        self._inputs: list[Array] = []
        """Room for the inputs of two chunks: one being answered, one being decoded. Used again and again, since
        fresh memory for every image costs more than the copy."""

    def open(
        self, entry: str, weights_path: str | None, spec: str | None, batch: int, device: str, threads: int,
        believe: bool,
    ) -> dict[str, Any]:  # fmt: skip
        """Build the model with its weights and settle how images are prepared.

        Args:
            spec: a :class:`Preprocessing` as JSON instead of the zoo's own.
            believe: go on although it departs from what the zoo declares.

        Raises:
            ZooError: with the reason a record keeps.
        """
        given = Preprocessing.model_validate_json(spec) if spec else None
        declared = declared_by(entry)
        checks = []
        if declared is None and given is None:
            raise Undeclared(f"{entry} declares no preprocessing: say how images are prepared with --preprocessing")
        if given is not None and declared is not None and (declared.resize or declared.crop):
            checks.append(_compared(lambda image: pixels.apply(given, image), declared, believe))
        zoo, name, weights, path, model = built(entry, weights_path)
        self._spec, assumed = completed(given or declared, model.input.height, model.input.width)  # type: ignore[arg-type]
        if given is None:
            self._prepare = pipeline_of(entry, self._spec)
            checks.append(_compared(self._prepare, self._spec, believe))
        else:
            self._prepare = lambda image: pixels.apply(self._spec, image)
        self._by_specification = given is not None or zoo.pipeline(name, weights) is None
        sizes = {pixels.apply(self._spec, image).shape for image in probes()}
        if len(sizes) > 1:
            raise CannotBuild("the preprocessing makes inputs of several sizes: it needs a crop, or a resize to both")
        self._batch, self._size = batch, sizes.pop()
        if self._spec.layout != model.input.layout:
            raise CannotBuild(f"{entry} takes {model.input.layout}, the preprocessing makes {self._spec.layout}")
        self._pool = ThreadPoolExecutor(max(1, threads))
        self._inputs = [np.empty((0, *self._size), dtype=np.float32) for _ in range(2)]
        try:
            self._score = model.scorer(batch, device, threads)
            self._score(np.zeros((1, *self._size), dtype=np.float32))
        except Exception as error:
            shape = "x".join(map(str, self._size))
            raise CannotBuild(f"{entry} does not run on images of {shape}: {type(error).__name__}: {error}") from error
        file = path or (Path(name) if zoo.name == "file" else None)
        return {
            "classes": model.classes,
            "runtime": model.runtime,
            "spec": self._spec.model_dump_json(),
            "pipeline": "specification" if self._by_specification else "zoo",
            "assumed": assumed,
            "checks": checks,
            "weights": weights,
            "state": _state(model),
            "weights_hash": hashlib.sha256(file.read_bytes()).hexdigest() if file is not None else None,
        }

    def evaluate(
        self, chunk: Sequence[tuple[str, Any]], ahead: Sequence[tuple[str, Any]] = ()
    ) -> list[tuple[str, list[int], str]]:
        """Answers to images.

        Args:
            chunk: (name, place) of each, as in :class:`zoodata.images.sets.Item`.
            ahead: those that will be asked for next; they are decoded meanwhile.

        Returns:
            For each its SHA-256, the five classes with the highest scores, and why there are none.
        """
        if self._asked != [name for name, _ in chunk]:
            wait(self._ahead)  # what was announced and is not asked for must not write into the next one's room
            self._ahead = self._begin(chunk)
        under_way = self._ahead
        inputs = self._inputs[-1]
        self._ahead, self._asked = self._begin(ahead), [name for name, _ in ahead]
        found = [each.result() for each in under_way]
        ready = [number for number, (_, problem) in enumerate(found) if not problem]
        # Nearly always every image is there, and the inputs need not be moved.
        answers = self._answers(inputs[: len(found)] if len(ready) == len(found) else inputs[ready])
        return [(digest, [] if problem else next(answers), problem) for digest, problem in found]

    def answers_as(
        self, spec: str, decoder: str, resizer: str | None, chunk: Sequence[tuple[str, Any]]
    ) -> list[int | None]:
        """First answers to images prepared by a specification with a library's decoder and resizer.

        Raises:
            ModuleNotFoundError: when the library is not here.
        """
        changed = Preprocessing.model_validate_json(spec).model_copy(update={"resizer": resizer})
        found: list[int | None] = []
        ready: list[Array] = []
        for name, place in chunk:
            try:
                data = sets.read_bytes(sets.Item(name, 0, place))
                ready.append(pixels.apply(changed, pixels.decode(data, decoder)))
                found.append(0)
            except (OSError, pixels.CannotDecode):
                found.append(None)
        answers = self._answers(np.stack(ready) if ready else np.empty((0, *self._size), dtype=np.float32))
        return [None if each is None else next(answers)[0] - changed.label_offset for each in found]

    def close_up(self, chunk: Sequence[tuple[str, Any]], labels: Sequence[int]) -> list[tuple[str, list[float]]]:
        """How sure the model is of the right classes when images are prepared as specified, and otherwise.

        Returns:
            (what was done otherwise, log-probability of the right class for each image), as specified first
            with the name "".
        """
        images: list[Array | None] = []
        for name, place in chunk:
            try:
                images.append(pixels.decode(sets.read_bytes(sets.Item(name, 0, place)), self._spec.decoder or "pillow"))
            except (OSError, pixels.CannotDecode):
                images.append(None)
        kept = [(image, label) for image, label in zip(images, labels, strict=True) if image is not None]
        variants = [("", self._prepare)] + [
            (step.name, lambda image, spec=step.spec: pixels.apply(spec, image))
            for step in mistakes(self._spec)
            if step.part in ("channels", "values")
        ]
        return [
            (name, self._sureness([(prepare(image), label) for image, label in kept])) for name, prepare in variants
        ]

    def _sureness(self, inputs: Sequence[tuple[Array, int]]) -> list[float]:
        found: list[float] = []
        for start in range(0, len(inputs), self._batch):
            part = inputs[start : start + self._batch]
            scores = _finite(self._score(np.stack([image for image, _ in part]))).astype(np.float64)
            chances = np.log(np.maximum(_as_chances(scores), 1e-12))
            found += [
                float(row[label + self._spec.label_offset]) for row, (_, label) in zip(chances, part, strict=True)
            ]
        return found

    def _begin(self, chunk: Sequence[tuple[str, Any]]) -> list[Future[Prepared]]:
        """Start to decode a chunk into the room that has not been used for longest, which comes to stand last."""
        free = self._inputs.pop(0)
        if len(free) < len(chunk):
            free = np.empty((len(chunk), *self._size), dtype=np.float32)
        self._inputs.append(free)
        return [
            self._pool.submit(self._one, name, place, slot) for (name, place), slot in zip(chunk, free, strict=False)
        ]

    def _one(self, name: str, place: Any, slot: Array) -> Prepared:
        try:
            data = sets.read_bytes(sets.Item(name, 0, place))
        except OSError as error:
            return "", f"cannot be read: {type(error).__name__}"
        digest = hashlib.sha256(data).hexdigest()
        try:
            self._fill(slot, pixels.decode(data, self._spec.decoder or "pillow"))
        except pixels.CannotDecode:
            return digest, "cannot be decoded"
        except ValueError:  # a strip of one row, say, of which the resize leaves nothing
            return digest, "cannot be prepared"
        return digest, ""

    def _fill(self, slot: Array, image: Array) -> None:
        if self._by_specification:
            pixels.apply(self._spec, image, out=slot)
        else:
            slot[...] = self._prepare(image)

    def _answers(self, inputs: Array) -> Iterator[list[int]]:
        for start in range(0, len(inputs), self._batch):
            scores = _finite(self._score(inputs[start : start + self._batch]))
            best = np.argsort(-np.asarray(scores), axis=1, kind="stable")[:, :ANSWERS]
            yield from best.tolist()


def built(entry: str, weights_path: str | None) -> tuple[Zoo, str, str | None, Path | None, Model]:
    """An entry with its weights: those it names, else the zoo's default, or a local checkpoint.

    Raises:
        ZooError: with the reason a record keeps.
    """
    zoo, name, weights = _find(entry)
    path = Path(weights_path) if weights_path else None
    return zoo, name, weights, path, zoo.build(name, weights=weights if path is None else None, path=path)


def declared_by(entry: str) -> Preprocessing | None:
    """What the zoo declares for an entry's weights, before anything is built or loaded."""
    zoo, name, weights = _find(entry)
    return zoo.preprocessing(name, weights)


def _find(entry: str) -> tuple[Zoo, str, str | None]:
    """An entry's zoo, name and weights; the zoo's default weights where it names none."""
    zoo, name, weights = registry.find(entry)
    return zoo, name, weights or next(iter(zoo.weights(name)), None)


def completed(spec: Preprocessing, height: int, width: int) -> tuple[Preprocessing, str | None]:
    """A specification that brings every image to a size, and what had to be assumed for that."""
    if spec.resize is not None or spec.crop is not None:
        return spec, None
    short = round(min(height, width) / 0.875)
    assumed = f"resize and crop are not declared: short side {short}, bicubic, centre crop {height}x{width}"
    values = {"resize": short, "crop": (height, width), "interpolation": "bicubic", "antialias": True}
    return spec.model_copy(update=values), assumed


def pipeline_of(entry: str, spec: Preprocessing) -> Callable[[Array], Array]:
    """The zoo's own code on a decoded image, or the specification where it has none.

    Args:
        spec: what the zoo declares, completed; what it leaves to its user is done before its code.
    """
    from PIL import Image

    zoo, name, weights = _find(entry)
    pipeline, declared = zoo.pipeline(name, weights), declared_by(entry)
    if pipeline is None or declared is None:
        return lambda image: pixels.apply(spec, image)
    leaves_size = declared.resize is None and declared.crop is None

    def prepare(image: Array) -> Array:
        if leaves_size:
            only_shape = {"scale": None, "mean": None, "std": None, "channel_order": "RGB", "layout": "NHWC"}
            image = pixels.apply(spec.model_copy(update=only_shape), image).astype(np.uint8)
        return pipeline(Image.fromarray(image))

    return prepare


def _finite(scores: Array) -> Array:
    if not np.isfinite(scores).all():
        raise CannotBuild("the scores are not finite: the weights or the preparation of the images cannot be right")
    return np.asarray(scores)


def _state(model: Model) -> str:
    """A hash over every tensor that the built model holds."""
    whole = hashlib.sha256()
    for name, tensor in sorted(model.stored().items()):
        whole.update(name.encode() + np.ascontiguousarray(tensor).tobytes())
    return whole.hexdigest()


def _compared(prepare: Callable[[Array], Array], spec: Preprocessing, believe: bool) -> str:
    """That images are prepared as declared, as one of the record's checks."""
    found = departures(prepare, spec, probes())
    if found == ():
        return "prepared as declared, pixel by pixel, on generated images"
    named = " and ".join(found) if found else "in a way that none of the usual mistakes explains"
    if believe:
        return f"departs from what the zoo declares, as was asked for: {named}"[:290]
    raise Misprepared(f"images would be prepared otherwise than declared ({spec.source}): {named}")


def _as_chances(scores: Array) -> Array:
    """Scores as probabilities: as they are if they are such, else through softmax."""
    sums = scores.sum(axis=1)
    if scores.min() >= 0 and np.allclose(sums, 1, atol=0.05):
        return scores
    grown = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(grown / grown.sum(axis=1, keepdims=True))
