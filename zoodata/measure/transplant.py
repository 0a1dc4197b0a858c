"""Transplant: one entry's weights written as a checkpoint of another, and both models run to see what became of them.

The weights go through the alignment of the two networks (:mod:`zoodata.graph.diff.carry`). What the other network has
otherwise is folded into stored tensors where that is exact. Then the other zoo builds its model from the file by its
own loader, and what counts is what that answers.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from zoodata.graph import embedded
from zoodata.graph.diff.compare import Comparison
from zoodata.graph.diff.findings import as_record, diff
from zoodata.graph.network import Network
from zoodata.images import pixels, sets
from zoodata.images.diagnose import probes
from zoodata.images.sets import Item
from zoodata.measure.evaluator import completed
from zoodata.measure.host import torch_first
from zoodata.records import ComparisonResult, Preprocessing, entry_zoo
from zoodata.records.comparison import GRAVITY
from zoodata.runtimes.model import Array, CannotRead, Model, Saves
from zoodata.stats import relative_error
from zoodata.zoos import registry
from zoodata.zoos.base import CannotBuild

if TYPE_CHECKING:
    from zoodata.graph.diff.carry import Carry

TOLERANCE = 1e-4
"""Scores that differ by less than this part of the largest are equal."""
RANDOM_IMAGES = 8


@dataclass(frozen=True)
class Transplanted:
    """What was carried, and what the other model made of it."""

    a: str
    b: str
    file: str
    verdict: str
    """Of the two networks; see the comparison."""
    tensors: int
    folded: tuple[str, ...]
    """What b has otherwise and stored tensors took up, in words."""
    error_random: float
    """Largest difference of scores over the largest score, native model against native model, on random images."""
    error_images: float
    """The same on images."""
    images: int
    agreed: int
    """Images to which both give the same first answer."""
    reproduces: bool
    """Whether both errors are below the tolerance."""
    tolerance: float
    differences: tuple[str, ...] = ()
    """What the networks compute otherwise, where the weights do not do in b what they do in a."""


class Refused(CannotBuild):
    """The weights do not fit; the message names the layers."""


class _Side(NamedTuple):
    model: Model
    network: Network
    spec: Preprocessing | None
    rescaling: tuple[Array, Array]
    """What the network multiplies its image by, and adds, before the first layer."""
    feed: Callable[[Array], Array]
    """Images as the first layer is to see them (batch, channels, height, width), to the model's own input."""


class Transplanter:
    """Both models in one process."""

    def carry(
        self, a: str, weights_path: str | None, b: str, out: str, tolerance: float, items: Sequence[Item], threads: int
    ) -> Transplanted:
        """Write a's weights as a checkpoint of b, have b's zoo load it, and run both.

        Args:
            a: the entry whose weights are carried, with ``@WEIGHTS`` or a local checkpoint.
            weights_path: a local checkpoint of a.
            b: the entry that is to have them.
            out: where the checkpoint goes.
            tolerance: the error up to which b reproduces a.
            items: images to compare the answers on; generated ones if there are none.

        Raises:
            ZooError: when one cannot be built.
            Refused: naming the layers that do not fit.
        """
        from zoodata.graph.diff.carry import Carry, DoesNotFit  # carries tensors, so needs torch

        built: dict[str, Model] = {}
        for entry in torch_first((a, b)):
            zoo, name, weights = registry.find(entry)
            if entry == a:
                path = Path(weights_path) if weights_path else None
                if weights is None and path is None:
                    weights = next(iter(zoo.weights(name)), None)
                    if weights is None:
                        raise CannotBuild(f"{a} has no weights to carry: name a checkpoint of it with --weights")
                built[a] = zoo.build(name, weights=None if path else weights, path=path)
            else:
                built[b] = zoo.build(name)
        one, other = self._side(a, built[a]), self._side(b, built[b])
        if one.network.input_shape != other.network.input_shape:
            one, other = self._at_one_size(a, b, one, other)
        if one.network.input_shape != other.network.input_shape:
            raise Refused(f"{a} takes images of {one.network.input_shape}, {b} of {other.network.input_shape}")
        offsets = one.spec.label_offset if one.spec else 0, other.spec.label_offset if other.spec else 0
        comparison = Comparison(one.network, other.network)
        result = as_record(diff(one.network, other.network, comparison), None)
        carry = Carry(comparison, dict(one.model.stored()), offsets=offsets, folds=True)
        try:
            carried = carry.all()
        except (DoesNotFit, ValueError, RuntimeError):  # where shapes differ, folding may fail before all are compared
            gravest = [each for each in result.findings if each.severity == "structural"]
            named = carry.misfits or _words(gravest)
            more = f" and {len(named) - 3} others" if len(named) > 3 else ""
            raise Refused(f"{a}'s weights do not fit {b}: {'; '.join(named[:3])}{more}") from None
        if not isinstance(other.model, Saves):
            raise CannotBuild(f"{b} runs on {other.model.runtime}, whose files are not written here")
        target = Path(out)
        # A model that is a file is written whole, and a checkpoint of weights would not say what network it is.
        is_whole = entry_zoo(b) == "file"
        formats = (Path(b).suffix,) if is_whole else other.model.formats
        if not target.name.endswith(formats) or (is_whole and target.name.endswith(".weights.h5")):
            raise CannotBuild(f"{b} loads {' or '.join(formats)}, and {target.name} is none")
        other.model.save(carried, target)
        loaded = self._loaded(b, target)
        if loaded.input != other.model.input:
            loaded = loaded.at(other.model.input.height, other.model.input.width)
        return self._compared(
            a, b, one, other._replace(model=loaded), items, offsets, result, carry, tolerance, threads
        )

    def _loaded(self, b: str, target: Path) -> Model:
        """What b's zoo makes of a checkpoint; a model in a file of its own is whole in the new file."""
        zoo, name, _ = registry.find(b)
        return zoo.build(str(target)) if zoo.name == "file" else zoo.build(name, path=target)

    def _at_one_size(self, a: str, b: str, one: _Side, other: _Side) -> tuple[_Side, _Side]:
        """Both for images of one size, where either bears the other's: weights that do not depend on it go over."""
        for height, width, first in ((*other.network.input_shape[1:], True), (*one.network.input_shape[1:], False)):
            with contextlib.suppress(CannotRead):
                if first:
                    return self._side(a, one.model.at(height, width)), other
                return one, self._side(b, other.model.at(height, width))
        return one, other

    def _side(self, entry: str, model: Model) -> _Side:
        from zoodata.graph.running import rescaling  # runs networks, so needs torch

        network = model.network()
        zoo, name, weights = registry.find(entry)
        inside = rescaling(network, model.stored())
        return _Side(model, network, zoo.preprocessing(name, weights), inside, _feed(inside, model.input.layout))

    def _compared(
        self, a: str, b: str, one: _Side, other: _Side, items: Sequence[Item], offsets: tuple[int, int],
        result: ComparisonResult, carry: Carry, tolerance: float, threads: int,
    ) -> Transplanted:  # fmt: skip
        channels, height, width = one.network.input_shape
        random = np.random.default_rng(0).standard_normal((RANDOM_IMAGES, channels, height, width), dtype=np.float32)
        pictures = _pictures(one, items, height, width)
        scorers = [side.model.scorer(1, "cpu", threads) for side in (one, other)]

        def answers(images: Array) -> tuple[Array, Array]:
            found = []
            for side, scorer, offset in zip((one, other), scorers, offsets, strict=True):
                fed = side.feed(images)
                scores = np.concatenate([scorer(fed[number : number + 1]) for number in range(len(fed))])
                found.append(scores[:, offset:].astype(np.float64))
            return _alike(*found)

        errors, agreed = [], 0
        for images in (random, pictures):
            ours, theirs = answers(images)
            errors.append(_error(ours, theirs))
            agreed = int((ours.argmax(axis=1) == theirs.argmax(axis=1)).sum())
        # An error that is no number is above any tolerance.
        reproduces = all(error < tolerance for error in errors)
        differing = [finding for finding in result.findings if GRAVITY[finding.severity] > GRAVITY["benign"]]
        folded = [finding for finding in result.findings if GRAVITY[finding.severity] <= GRAVITY["benign"]]
        if reproduces:
            folded, differing = [*folded, *differing], []
        return Transplanted(
            a=a,
            b=b,
            file="",
            verdict=result.verdict,
            tensors=len(other.network.parameters),
            folded=tuple(_words(folded, carry, offsets, one, other)),
            error_random=errors[0],
            error_images=errors[1],
            images=len(pictures),
            agreed=agreed,
            reproduces=reproduces,
            tolerance=tolerance,
            differences=tuple(_words(differing)),
        )


def _words(
    findings: Sequence[object], carry: Carry | None = None, offsets: tuple[int, int] = (0, 0), *sides: _Side
) -> list[str]:
    from zoodata.wording.findings import sentence

    words = [sentence(finding) for finding in findings]  # type: ignore[arg-type]
    if carry is not None and carry.one_way:
        words.append("tensors that only b has hold what changes nothing")
    if offsets[0] != offsets[1]:
        words.append(f"classes begin at score {offsets[0]} in a, at {offsets[1]} in b")
    for name, side in zip("ab", sides, strict=False):
        if embedded.preprocessing(side.network):
            words.append(f"{name} rescales the image itself: feed it plain values")
    return words


def _feed(rescaling: tuple[Array, Array], layout: str) -> Callable[[Array], Array]:
    """From what the first layer is to see to what the model takes: the preprocessing inside it undone."""
    slope, offset = rescaling

    def feed(images: Array) -> Array:
        plain = ((images - offset) / slope).astype(np.float32)
        return plain if layout == "NCHW" else np.ascontiguousarray(plain.transpose(0, 2, 3, 1))

    return feed


def _pictures(one: _Side, items: Sequence[Item], height: int, width: int) -> Array:
    """Images as a's first layer is to see them."""
    usual = Preprocessing(
        resize=round(min(height, width) / 0.875), crop=(height, width), interpolation="bilinear", scale=1 / 127.5,
        mean=(1.0, 1.0, 1.0), channel_order="RGB", layout="NCHW", source="generated",
    )  # fmt: skip
    spec = usual
    if one.spec is not None and items:
        spec = completed(one.spec, height, width)[0].model_copy(update={"layout": "NCHW"})
    images = [pixels.decode(sets.read_bytes(item)) for item in items] or probes()
    inputs = np.stack([pixels.apply(spec, image) for image in images])
    if items:
        slope, offset = one.rescaling
        inputs = inputs * slope + offset
    return inputs


def _alike(ours: Array, theirs: Array) -> tuple[Array, Array]:
    """Both as chances, where one side ends with a softmax and the other does not."""
    ends = [bool((scores >= 0).all() and np.allclose(scores.sum(axis=1), 1, atol=1e-3)) for scores in (ours, theirs)]
    if ends[0] == ends[1]:
        return ours, theirs
    one, other = (
        scores if is_chance else _softmax(scores) for scores, is_chance in zip((ours, theirs), ends, strict=True)
    )
    return one, other


def _softmax(scores: Array) -> Array:
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def _error(ours: Array, theirs: Array) -> float:
    """The largest difference of the scores that both have, over the largest score; infinite where one is no number."""
    count = min(ours.shape[1], theirs.shape[1])
    return relative_error(ours[:, :count], theirs[:, :count])
