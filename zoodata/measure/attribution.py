"""Attribution: the gap between two entries on the same images, split by swapping one factor at a time.

From a as its zoo runs it to b as its zoo runs it, in steps of one factor: the runtime of a (its network run
by us instead), the architecture (a's weights carried into b's network), the weights (b's own), the
preprocessing, the runtime of b. Every step is compared image by image. The effect of the
preprocessing is measured a second time, on a; where the two disagree, the factors act together and that part
belongs to none of them alone.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import numpy as np

from zoodata.graph.network import Network
from zoodata.images import pixels, sets
from zoodata.images.diagnose import probes
from zoodata.images.sets import Item
from zoodata.isolation import Worker, WorkerFailed
from zoodata.measure.evaluator import built, completed
from zoodata.measure.host import torch_first
from zoodata.records import AttributionMeasurement, Environment, Preprocessing
from zoodata.records.attribution import AttributedStep, Factor
from zoodata.records.base import visible
from zoodata.records.measurement import timestamp
from zoodata.runtimes.model import Array, CannotRead, Model, in_brief
from zoodata.stats import sign_test
from zoodata.zoos.base import CannotBuild

CHUNK = 50
CHUNK_SECONDS = 1800.0


SideName = Literal["a", "b"]

ModelName = Literal["a", "b", "network a", "network b", "carried"]
"""Whose model answers: as their zoos run them, their networks run by us, or a's weights in b's network."""


@dataclass(frozen=True)
class State:
    """One combination of factors."""

    model: ModelName
    preprocessed_as: SideName


@dataclass(frozen=True)
class Step:
    """One factor swapped."""

    factor: Factor
    before: State
    after: State
    points: float
    """Change of top-1, in percentage points."""
    gained: int
    lost: int
    """Images that became right and wrong."""
    probability: float
    """The p-value of McNemar's exact test."""


@dataclass(frozen=True)
class Attribution:
    """A gap and what it is made of; the steps sum to it."""

    a: str
    b: str
    images: int
    top1_a: float
    top1_b: float
    steps: tuple[Step, ...]
    preprocessing_on_a: Step
    """The effect of preprocessing once more, on a's model."""
    used: tuple[Item, ...]
    """The images, in order."""
    preprocessings: tuple[Preprocessing, Preprocessing]
    together: float
    """Points by which the effect of preprocessing differs between the two models: no factor's alone."""
    notes: tuple[str, ...]
    """Why a model that a :class:`State` can name is not there, with the framework's message."""


@dataclass(frozen=True)
class Side:
    """One entry with what it needs to run."""

    entry: str
    weights_path: str | None = None
    preprocessing: Preprocessing | None = None


@dataclass(frozen=True)
class BothOpened:
    """Which models there are."""

    models: tuple[ModelName, ...]
    preprocessings: tuple[Preprocessing, Preprocessing]
    """How a's images and b's are preprocessed."""
    notes: tuple[str, ...]
    """Why others are not there."""


class Attributor:
    """Both models in one process, in any combination of factors."""

    def __init__(self) -> None:
        self._models: dict[SideName, Model] = {}
        self._specs: dict[SideName, Preprocessing] = {}
        self._scores: dict[ModelName, Callable[[Array], Array]] = {}
        self._networks: dict[SideName, Network] = {}
        self._notes: list[str] = []

    def open(self, a: Side, b: Side, threads: int) -> BothOpened:
        """Build both entries and what can be made of them.

        Raises:
            ZooError: when one cannot be built or declares no preprocessing.
        """
        named: list[tuple[SideName, Side]] = [("a", a), ("b", b)]
        order = torch_first((a.entry, b.entry))
        for side, asked in sorted(named, key=lambda each: order.index(each[1].entry)):
            zoo, name, weights, _, model = built(asked.entry, asked.weights_path)
            declared = asked.preprocessing or zoo.preprocessing(name, weights)
            if declared is None:
                raise CannotBuild(f"{asked.entry} declares no preprocessing: give one")
            self._models[side] = model
            self._specs[side], _ = completed(declared, model.input.height, model.input.width)
            self._scores[side] = model.scorer(1, "cpu", threads)
            self._read(side)
        self._carry()
        self._try(a.entry, b.entry)
        return BothOpened(tuple(sorted(self._scores)), (self._specs["a"], self._specs["b"]), tuple(sorted(self._notes)))

    def right(self, state: State, items: Sequence[Item]) -> list[bool | None]:
        """For each image whether the first answer is right; None where it cannot be decoded."""
        model, spec = state.model, self._specs[state.preprocessed_as]
        # Class numbers belong to the weights, layout to the network, the rest to the preprocessing.
        layout = self._specs["a" if model in ("a", "network a") else "b"].layout
        offset = self._specs["a" if model in ("a", "network a", "carried") else "b"].label_offset
        if model in ("network a", "network b", "carried"):
            layout = "NCHW"
        spec = spec.model_copy(update={"layout": layout})
        answers: list[bool | None] = []
        for item in items:
            try:
                image = pixels.decode(sets.read_bytes(item), spec.decoder or "pillow")
            except (OSError, pixels.CannotDecode):
                answers.append(None)
                continue
            scores = self._scores[model](pixels.apply(spec, image)[None])
            answers.append(int(np.argmax(scores[0])) - offset == item.label)
        return answers

    def _try(self, a: str, b: str) -> None:
        """Whether each model runs on images preprocessed for the other."""
        image = probes()[0]
        sides: tuple[tuple[SideName, SideName, str, str], ...] = (("a", "b", a, b), ("b", "a", b, a))
        for side, other, entry, whose in sides:
            spec = self._specs[other].model_copy(update={"layout": self._specs[side].layout})
            try:
                self._scores[side](pixels.apply(spec, image)[None])
            except Exception as error:
                raise CannotBuild(
                    f"{entry} does not run on images preprocessed for {whose}: {in_brief(error)}"
                ) from error

    def _read(self, side: SideName) -> None:
        """Add a model's network, run by us."""
        try:
            self._networks[side] = self._models[side].network()
            scores = _executed(self._networks[side], dict(self._models[side].stored()))
            self._scores["network a" if side == "a" else "network b"] = scores
        except CannotRead as error:
            self._notes.append(f"{side} as a network: {error}")

    def _carry(self) -> None:
        """Add a's weights in b's network."""
        from zoodata.graph import embedded
        from zoodata.graph.diff.carry import carried
        from zoodata.graph.diff.compare import Comparison

        if len(self._networks) < 2:
            return
        if any(embedded.preprocessing(network) for network in self._networks.values()):
            self._notes.append("a network rescales the image itself: its weights and architecture are not split")
            return
        comparison = Comparison(self._networks["a"], self._networks["b"])
        weights, misfits = carried(comparison, dict(self._models["a"].stored()))
        if weights is None:
            self._notes.append(f"a's weights do not fit b's network: {'; '.join(misfits[:3])}")
        else:
            self._scores["carried"] = _executed(self._networks["b"], weights)


def _executed(network: Network, weights: dict[str, Array]) -> Callable[[Array], Array]:
    from zoodata.graph import faithful  # runs networks, so needs torch

    def scores(images: Array) -> Array:
        return np.stack([faithful.scores(network, weights, image) for image in images])

    return scores


def path(models: Sequence[ModelName]) -> list[tuple[Factor, State, State]]:
    """The steps from a to b that the models there are allow: (factor, before, after)."""
    stations = [State("a", "a")]
    factors: list[Factor]
    if {"network a", "network b", "carried"} <= set(models):
        stations += [State("network a", "a"), State("carried", "a"), State("network b", "a"), State("network b", "b")]
        factors = ["runtime of a", "architecture", "weights", "preprocessing", "runtime of b"]
    elif {"network a", "network b"} <= set(models):
        stations += [State("network a", "a"), State("network b", "a"), State("network b", "b")]
        factors = ["runtime of a", "architecture and weights", "preprocessing", "runtime of b"]
    else:
        stations += [State("b", "a")]
        factors = ["architecture, weights and runtime", "preprocessing"]
    stations += [State("b", "b")]
    return list(zip(factors, stations[:-1], stations[1:], strict=True))


def attribute(
    worker: Worker[Attributor],
    a: Side,
    b: Side,
    items: Sequence[Item],
    threads: int,
    progress: Callable[[str], None] = lambda state: None,
    total: Callable[[int], None] = lambda chunks: None,
) -> Attribution:
    """Split the gap between two entries.

    Raises:
        WorkerFailed: when one of them cannot be built or run.
    """
    opened = worker.call(CHUNK_SECONDS, Attributor.open, a, b, threads)
    steps = path(opened.models)
    chunks = [items[start : start + CHUNK] for start in range(0, len(items), CHUNK)]

    @functools.cache
    def right(state: State) -> tuple[bool | None, ...]:
        answers: list[bool | None] = []
        for chunk in chunks:
            answers += worker.call(CHUNK_SECONDS, Attributor.right, state, chunk)
            progress(f"{state.model}, preprocessed as {state.preprocessed_as}")
        return tuple(answers)

    states = {state for _, before, after in steps for state in (before, after)} | {State("a", "b")}
    total(len(states) * len(chunks))
    # An image that one of the ways cannot decode is left out of all.
    usable = [all(values) for values in zip(*([value is not None for value in right(s)] for s in states), strict=True)]
    if not any(usable):
        raise WorkerFailed("cannot_be_read", "no image could be decoded in every way that is compared")

    def kept(state: State) -> list[bool]:
        return [bool(value) for value, is_kept in zip(right(state), usable, strict=True) if is_kept]

    made = tuple(_step(factor, before, after, kept) for factor, before, after in steps)
    on_a = _step("preprocessing, on a", State("a", "a"), State("a", "b"), kept)
    on_b = next(step for step in made if step.factor == "preprocessing")
    first, last = kept(State("a", "a")), kept(State("b", "b"))
    used = tuple(item for item, is_kept in zip(items, usable, strict=True) if is_kept)
    return Attribution(
        a=a.entry,
        b=b.entry,
        images=len(first),
        used=used,
        preprocessings=opened.preprocessings,
        top1_a=100 * sum(first) / len(first),
        top1_b=100 * sum(last) / len(last),
        steps=made,
        preprocessing_on_a=on_a,
        together=on_b.points - on_a.points,
        notes=opened.notes,
    )


def _step(factor: Factor, before: State, after: State, right: Callable[[State], Sequence[bool]]) -> Step:
    pairs = list(zip(right(before), right(after), strict=True))
    gained, lost = sum(y > x for x, y in pairs), sum(x > y for x, y in pairs)
    points = 100 * (gained - lost) / len(pairs)
    return Step(factor, before, after, points, gained, lost, sign_test(gained, lost))


def as_record(
    found: Attribution, images: sets.ImageSet, environment: Environment, started: datetime, seconds: float
) -> AttributionMeasurement:
    """An attribution as a record of the dataset."""

    def step(each: Step) -> AttributedStep:
        return AttributedStep(factor=each.factor, gained=each.gained, lost=each.lost)

    return AttributionMeasurement.seal(
        a=found.a, b=found.b, started_at=timestamp(started), seconds=round(seconds, 3), environment=environment.id,
        images=sets.known_as(images, found.used), preprocessing_a=found.preprocessings[0],
        preprocessing_b=found.preprocessings[1],
        hits_a=round(found.top1_a * found.images / 100), hits_b=round(found.top1_b * found.images / 100),
        steps=tuple(map(step, found.steps)), preprocessing_on_a=step(found.preprocessing_on_a),
        notes=tuple(map(visible, found.notes)),
    )  # fmt: skip
