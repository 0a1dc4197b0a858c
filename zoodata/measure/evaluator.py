"""The model's side of an accuracy run: built once in a worker process, fed with images chunk by chunk.

Images are decoded in threads while the model runs: the next chunk's are under way before this one's answer
is back, so neither waits for the other.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from zoodata.graph.counter import count
from zoodata.images import pixels, sets
from zoodata.images.diagnose import departures, mistakes, probes
from zoodata.images.sets import Item
from zoodata.measure.trial import Answers, Change, Trial
from zoodata.records import Preprocessing
from zoodata.records.accuracy import AssumedSize, Check, LeftOutReason
from zoodata.runtimes.model import Array, CannotRead, Model, Scorer
from zoodata.zoos import registry
from zoodata.zoos.base import CannotBuild, NotInstalled, Zoo

ANSWERS = 5
"""Classes that are kept of each image, best first."""


@dataclass(frozen=True)
class Decoded:
    """What became of an image's bytes."""

    digest: str
    """SHA-256 of the bytes; empty where they cannot be read."""
    problem: LeftOutReason | None = None


@dataclass(frozen=True)
class Classified:
    """The answer to one image."""

    digest: str
    classes: tuple[int, ...]
    """Those with the highest scores, best first; none where there is a problem."""
    problem: LeftOutReason | None


@dataclass(frozen=True)
class Sureness:
    """How sure the model is of the right classes with one way of preprocessing."""

    mistake: str | None
    """What is done otherwise than specified; None: as specified."""
    log_probabilities: tuple[float, ...]
    """Of the right class of each image."""


@dataclass(frozen=True)
class Opened:
    """A model that is ready to answer, and how its images are preprocessed."""

    classes: int
    runtime: str
    preprocessing: Preprocessing
    pipeline: Literal["specification", "zoo"]
    assumed: AssumedSize | None
    checks: tuple[Check, ...]
    weights: str | None
    """The zoo's name of the weights."""
    state: str
    """A hash over every tensor of the built model."""
    weights_hash: str | None
    """SHA-256 of the local checkpoint or of the model's own file."""


class Undeclared(CannotBuild):
    """Nobody says how images become this entry's input."""


class OtherPreprocessing(CannotBuild):
    """Images would be preprocessed otherwise than the zoo declares."""


class Evaluator:
    """Answers of one model to images; no framework object leaves it."""

    def __init__(self) -> None:
        self._score: Scorer
        self._preprocess: Callable[[Array], Array]
        self._spec: Preprocessing
        self._by_specification = True
        self._model: Model
        self._trial: Trial
        self._batch = 1
        self._size: tuple[int, ...] = ()
        self._threads = 1
        self._pool: ThreadPoolExecutor
        self._announced: list[str] = []
        self._ahead: list[Future[Decoded]] = []
        self._inputs: list[Array] = []
        """Memory for the inputs of two chunks, one being answered and one being decoded. It is reused, since fresh
        memory for every image costs more than the copy."""

    def open(
        self, entry: str, weights_path: str | None, given: Preprocessing | None, batch: int, device: str, threads: int,
        believe: bool,
    ) -> Opened:  # fmt: skip
        """Build the model with its weights and settle how images are preprocessed.

        Args:
            given: preprocessing instead of the zoo's own.
            believe: go on although it is not what the zoo declares.

        Raises:
            ZooError: with the reason a record keeps.
        """
        declared = declared_by(entry)
        checks: list[Check] = []
        if declared is None and given is None:
            raise Undeclared(f"{entry} declares no preprocessing: give one with --preprocessing")
        if given is not None and declared is not None and (declared.resize or declared.crop):
            checks.append(_compared(lambda image: pixels.apply(given, image), declared, believe))
        zoo, name, weights, path, model = built(entry, weights_path)
        self._spec, assumed = completed(given or declared, model.input.height, model.input.width)  # type: ignore[arg-type]
        if given is None:
            self._preprocess = pipeline_of(entry, self._spec)
            checks.append(_compared(self._preprocess, self._spec, believe))
        else:
            self._preprocess = lambda image: pixels.apply(self._spec, image)
        self._model = model
        self._by_specification = given is not None or zoo.pipeline(name, weights) is None
        sizes = {pixels.apply(self._spec, image).shape for image in probes()}
        if len(sizes) > 1:
            raise CannotBuild("the preprocessing makes inputs of several sizes: it needs a crop, or a resize to both")
        self._batch, self._size = batch, sizes.pop()
        if self._spec.layout != model.input.layout:
            raise CannotBuild(f"{entry} takes {model.input.layout}, the preprocessing makes {self._spec.layout}")
        self._threads = threads
        self._pool = ThreadPoolExecutor(max(1, threads))
        self._inputs = [np.empty((0, *self._size), dtype=np.float32) for _ in range(2)]
        try:
            self._score = model.scorer(batch, device, threads)
            self._score(np.zeros((1, *self._size), dtype=np.float32))
        except Exception as error:
            shape = "x".join(map(str, self._size))
            raise CannotBuild(f"{entry} does not run on images of {shape}: {type(error).__name__}: {error}") from error
        file = path or (Path(name) if zoo.name == "file" else None)
        return Opened(
            classes=model.classes,
            runtime=model.runtime,
            preprocessing=self._spec,
            pipeline="specification" if self._by_specification else "zoo",
            assumed=assumed,
            checks=tuple(checks),
            weights=weights,
            state=_state(model),
            weights_hash=hashlib.sha256(file.read_bytes()).hexdigest() if file is not None else None,
        )

    def evaluate(self, chunk: Sequence[Item], ahead: Sequence[Item] = ()) -> list[Classified]:
        """Answers to images.

        Args:
            chunk: the images.
            ahead: those that will be asked for next; they are decoded meanwhile.
        """
        if self._announced != [item.name for item in chunk]:
            wait(self._ahead)  # what was announced and is not asked for must not write into the next one's memory
            self._ahead = self._begin(chunk)
        under_way = self._ahead
        inputs = self._inputs[-1]
        self._ahead, self._announced = self._begin(ahead), [item.name for item in ahead]
        decoded = [each.result() for each in under_way]
        ready = [number for number, each in enumerate(decoded) if each.problem is None]
        # Nearly always every image is there, and the inputs need not be moved.
        answers = self._answers(inputs[: len(decoded)] if len(ready) == len(decoded) else inputs[ready])
        return [Classified(each.digest, () if each.problem else tuple(next(answers)), each.problem) for each in decoded]

    def answers_as(
        self, spec: Preprocessing, decoder: str, resizer: str | None, chunk: Sequence[Item]
    ) -> list[int | None]:
        """First answers to images preprocessed by a specification with a library's decoder and resizer.

        Raises:
            NotInstalled: when the library is not here.
        """
        changed = spec.model_copy(update={"resizer": resizer})
        is_decoded: list[bool] = []
        ready: list[Array] = []
        for item in chunk:
            try:
                ready.append(pixels.apply(changed, pixels.decode(sets.read_bytes(item), decoder)))
                is_decoded.append(True)
            except (OSError, pixels.CannotDecode):
                is_decoded.append(False)
            except ModuleNotFoundError as error:
                raise NotInstalled(f"{error.name} is not installed") from error
        answers = self._answers(np.stack(ready) if ready else np.empty((0, *self._size), dtype=np.float32))
        return [next(answers)[0] - changed.label_offset if there else None for there in is_decoded]

    def sureness(self, sample: Sequence[Item], only: Sequence[str | None] | None = None) -> list[Sureness]:
        """How sure the model is of the right classes with preprocessing as specified, first, and with mistakes.

        Args:
            only: the mistakes to try, by name; all of the usual ones if left out.
        """
        images: list[tuple[Array, int]] = []
        for item in sample:
            with contextlib.suppress(OSError, pixels.CannotDecode):
                decoder = self._spec.decoder or "pillow"
                images.append((pixels.decode(sets.read_bytes(item), decoder), item.label))
        ways: list[tuple[str | None, Callable[[Array], Array]]] = [(None, self._preprocess)]
        ways += [
            (step.name, functools.partial(pixels.apply, step.spec))
            for step in mistakes(self._spec)
            if step.part in ("channels", "values") and (only is None or step.name in only)
        ]
        return [
            Sureness(name, tuple(self._log_probabilities([(preprocess(image), label) for image, label in images])))
            for name, preprocess in ways
        ]

    def macs(self) -> int | None:
        """Multiply-accumulates of one pass of the model that is open; None where its network cannot be read."""
        try:
            return count(self._model.network()).macs
        except CannotRead:
            return None

    def changes(self, class_names: Sequence[str] = ()) -> list[Change]:
        """What can be tried on the model that is open; number 0 is the model as it is."""
        self._trial = Trial(self._model, self._spec, class_names, max(1, self._threads))
        return self._trial.changes

    def tried(self, items: Sequence[Item], which: Sequence[int]) -> list[Answers]:
        """What some of the changes make of images; see :meth:`zoodata.measure.trial.Trial.answers`."""
        return self._trial.answers(items, which)

    def _log_probabilities(self, inputs: Sequence[tuple[Array, int]]) -> list[float]:
        values: list[float] = []
        for start in range(0, len(inputs), self._batch):
            part = inputs[start : start + self._batch]
            scores = _finite(self._score(np.stack([image for image, _ in part]))).astype(np.float64)
            chances = np.log(np.maximum(_as_chances(scores), 1e-12))
            values += [
                float(row[label + self._spec.label_offset]) for row, (_, label) in zip(chances, part, strict=True)
            ]
        return values

    def _begin(self, chunk: Sequence[Item]) -> list[Future[Decoded]]:
        """Start to decode a chunk into the memory that was used longest ago."""
        free = self._inputs.pop(0)
        if len(free) < len(chunk):
            free = np.empty((len(chunk), *self._size), dtype=np.float32)
        self._inputs.append(free)
        return [self._pool.submit(self._one, item, slot) for item, slot in zip(chunk, free, strict=False)]

    def _one(self, item: Item, slot: Array) -> Decoded:
        try:
            data = sets.read_bytes(item)
        except OSError:
            return Decoded("", "unreadable")
        digest = hashlib.sha256(data).hexdigest()
        try:
            self._fill(slot, pixels.decode(data, self._spec.decoder or "pillow"))
        except pixels.CannotDecode:
            return Decoded(digest, "undecodable")
        except ValueError:  # a strip of one row, say, of which the resize leaves nothing
            return Decoded(digest, "not_preprocessable")
        return Decoded(digest)

    def _fill(self, slot: Array, image: Array) -> None:
        if self._by_specification:
            pixels.apply(self._spec, image, out=slot)
        else:
            slot[...] = self._preprocess(image)

    def _answers(self, inputs: Array) -> Iterator[list[int]]:
        for start in range(0, len(inputs), self._batch):
            scores = _finite(self._score(inputs[start : start + self._batch]))
            best = np.argsort(-np.asarray(scores), axis=1, kind="stable")[:, :ANSWERS]
            yield from best.tolist()


class Built(NamedTuple):
    """An entry with its weights loaded."""

    zoo: Zoo
    name: str
    weights: str | None
    """The zoo's name of the weights; None where a local checkpoint was loaded and the entry names none."""
    path: Path | None
    model: Model


def built(entry: str, weights_path: str | None) -> Built:
    """An entry with its weights: those it names, else the zoo's default, or a local checkpoint.

    Raises:
        ZooError: with the reason a record keeps.
    """
    zoo, name, weights = _find(entry)
    path = Path(weights_path) if weights_path else None
    if weights is None and path is None and zoo.name not in registry.PERSONAL:
        raise CannotBuild(f"{zoo.title} publishes no weights for {name}: name a checkpoint with --weights")
    return Built(zoo, name, weights, path, zoo.build(name, weights=weights if path is None else None, path=path))


def declared_by(entry: str) -> Preprocessing | None:
    """What the zoo declares for an entry's weights, before anything is built or loaded."""
    zoo, name, weights = _find(entry)
    return zoo.preprocessing(name, weights)


def _find(entry: str) -> tuple[Zoo, str, str | None]:
    """An entry's zoo, name and weights; the zoo's default weights where it names none."""
    zoo, name, weights = registry.find(entry)
    return zoo, name, weights or next(iter(zoo.weights(name)), None)


def completed(spec: Preprocessing, height: int, width: int) -> tuple[Preprocessing, AssumedSize | None]:
    """A specification that brings every image to a size, and what had to be assumed for that."""
    if spec.resize is not None or spec.crop is not None:
        return spec, None
    short = round(min(height, width) / 0.875)
    values = {"resize": short, "crop": (height, width), "interpolation": "bicubic", "antialias": True}
    return spec.model_copy(update=values), AssumedSize(short_side=short, crop=(height, width))


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

    def preprocess(image: Array) -> Array:
        if leaves_size:
            only_shape = {"scale": None, "mean": None, "std": None, "channel_order": "RGB", "layout": "NHWC"}
            image = pixels.apply(spec.model_copy(update=only_shape), image).astype(np.uint8)
        return pipeline(Image.fromarray(image))

    return preprocess


def _finite(scores: Array) -> Array:
    if not np.isfinite(scores).all():
        raise CannotBuild("the scores are not finite: the weights or the preprocessing cannot be right")
    return np.asarray(scores)


def _state(model: Model) -> str:
    """A hash over every tensor that the built model holds."""
    whole = hashlib.sha256()
    for name, tensor in sorted(model.stored().items()):
        whole.update(name.encode() + np.ascontiguousarray(tensor).tobytes())
    return whole.hexdigest()


def _compared(preprocess: Callable[[Array], Array], spec: Preprocessing, believe: bool) -> Check:
    """Whether images are preprocessed as declared, as one of the record's checks."""
    mistaken = departures(preprocess, spec, probes())
    if mistaken == ():
        return Check(code="declared_preprocessing")
    if believe:
        return Check(code="declared_preprocessing", passed=False, mistakes=mistaken)
    named = " and ".join(mistaken) if mistaken else "in a way that none of the usual mistakes explains"
    raise OtherPreprocessing(f"images would be preprocessed otherwise than declared ({spec.source}): {named}")


def _as_chances(scores: Array) -> Array:
    """Scores as probabilities: as they are if they are such, else through softmax."""
    sums = scores.sum(axis=1)
    if scores.min() >= 0 and np.allclose(sums, 1, atol=0.05):
        return scores
    grown = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(grown / grown.sum(axis=1, keepdims=True))
