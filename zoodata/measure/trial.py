"""The model's side of a diagnosis: its network run as it is and with one thing otherwise, on the same images."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from zoodata.graph.edits import EditCode, edits
from zoodata.images import pixels, sets
from zoodata.images.diagnose import mistakes
from zoodata.images.sets import Item
from zoodata.records import Preprocessing
from zoodata.runtimes.model import Array, CannotRead, Model

AT_ONCE = 16
"""Images that run at a time."""

ChangeCode = Literal[EditCode, "preprocessing", "class_offset", "class_order"]


@dataclass(frozen=True)
class Change:
    """One thing done otherwise, in words that need no model."""

    code: ChangeCode
    was: str
    becomes: str
    places: int
    """How many layers or tensors it concerns."""


@dataclass(frozen=True)
class Answers:
    """What came of some images with one change."""

    log_probabilities: tuple[float, ...]
    """Of the right class of each image."""
    right: tuple[bool, ...]
    """Whether the first answer is right."""


@dataclass
class _Candidate:
    change: Change
    spec: Preprocessing
    scores: Callable[[Array], Array] | None = field(default=None, repr=False)
    """None: those of the network as it is."""
    columns: Array | None = None
    """Which score stands for which class."""


class Trial:
    """A model and everything that is tried on it. The first is the model's network as it is."""

    def __init__(self, model: Model, spec: Preprocessing, class_names: Sequence[str] = (), threads: int = 1) -> None:
        """Read the network and make every change; of a file that is only run, those of its images and classes."""
        from zoodata.graph.running import scorer  # runs networks, so needs torch

        own = Change("activation", "as it is", "as it is", 0)
        try:
            network, weights = model.network(), dict(model.stored())
        except CannotRead:
            weights = {}
        if not weights:
            self._spec, self._as_it_is = spec, model.scorer(AT_ONCE, "cpu", threads)
            self._candidates = [_Candidate(own, self._spec)]
        else:
            self._spec = spec.model_copy(update={"layout": "NCHW"})
            self._as_it_is = scorer(network, weights, threads)
            self._candidates = [_Candidate(own, self._spec)]
            for edit in edits(network, weights):
                change = Change(edit.code, edit.was, edit.becomes, edit.places)
                self._candidates.append(_Candidate(change, self._spec, scorer(edit.network, edit.weights, threads)))
        for step in mistakes(self._spec):
            if step.part in ("channels", "values"):
                change = Change("preprocessing", "as specified", step.name, 1)
                self._candidates.append(_Candidate(change, step.spec))
        self._candidates += _class_changes(self._spec, model.classes, class_names)

    @property
    def changes(self) -> list[Change]:
        """Everything that can be tried, in order; number 0 is the network as it is."""
        return [each.change for each in self._candidates]

    def answers(self, items: Sequence[Item], which: Sequence[int]) -> list[Answers]:
        """What some changes, by number, make of images. Images that cannot be decoded are left out of all."""
        found: list[tuple[list[float], list[bool]]] = [([], []) for _ in which]
        for start in range(0, len(items), AT_ONCE):
            decoded = list(_decoded(items[start : start + AT_ONCE], self._spec.decoder or "pillow"))
            if not decoded:
                continue
            labels = np.array([label for _, label in decoded]) + self._spec.label_offset
            plain: dict[str, Array] = {}  # preprocessed images by specification, and scores by network and that
            for number, (logs, right) in zip(which, found, strict=True):
                scores = self._scores(self._candidates[number], [image for image, _ in decoded], plain)
                rows = np.arange(len(labels))
                logs += [float(value) for value in _log_chances(scores)[rows, labels]]
                right += [bool(value) for value in scores.argmax(axis=1) == labels]
        return [Answers(tuple(logs), tuple(right)) for logs, right in found]

    def _scores(self, candidate: _Candidate, images: Sequence[Array], plain: dict[str, Array]) -> Array:
        run, spec = candidate.scores or self._as_it_is, candidate.spec.model_dump_json()
        if spec not in plain:
            plain[spec] = np.stack([pixels.apply(candidate.spec, image) for image in images])
        key = f"{id(run)} {spec}"
        if key not in plain:
            plain[key] = run(plain[spec])
        scores = plain[key]
        return scores if candidate.columns is None else scores[:, candidate.columns]


def _class_changes(spec: Preprocessing, classes: int, names: Sequence[str]) -> Iterator[_Candidate]:
    """The classes counted from elsewhere, or in another order."""
    for shift in (-1, 1):
        columns = np.clip(np.arange(classes) + shift, 0, classes - 1)
        change = Change("class_offset", f"label offset {spec.label_offset}", f"{spec.label_offset + shift}", 1)
        yield _Candidate(change, spec, columns=columns)
    offset = spec.label_offset
    count = classes - offset
    orders = {"their numbers sorted as text": sorted(range(count), key=str)}
    if len(names) == count:
        orders["their names sorted by alphabet"] = sorted(range(count), key=lambda number: names[number].lower())
    for words, order in orders.items():
        columns = np.arange(classes)
        columns[offset + np.array(order)] = offset + np.arange(count)
        yield _Candidate(Change("class_order", "classes in the order of WordNet", words, 1), spec, columns=columns)


def _decoded(items: Sequence[Item], decoder: Any) -> Iterator[tuple[Array, int]]:
    for item in items:
        with contextlib.suppress(OSError, pixels.CannotDecode):
            yield pixels.decode(sets.read_bytes(item), decoder), item.label


def _log_chances(scores: Array) -> Array:
    """Logarithms of the classes' chances, whether the scores are logits or chances already."""
    sums = scores.sum(axis=1)
    if (scores >= 0).all() and np.allclose(sums, 1, atol=1e-3):
        return np.asarray(np.log(np.maximum(scores, 1e-12)))
    moved = scores - scores.max(axis=1, keepdims=True)
    return np.asarray(np.maximum(moved - np.log(np.exp(moved).sum(axis=1, keepdims=True)), -27.0))
