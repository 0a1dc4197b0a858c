"""Attribution: the gap between two entries on the same images, split by swapping one factor at a time.

From a as its zoo runs it to b as its zoo runs it, in steps of one factor: the runtime of a (its network run
by us instead), the architecture (a's weights carried into b's network), the weights (b's own), the
preparation of the images, the runtime of b. Every step is compared image by image. The effect of the
preparation is measured a second time, on a; where the two disagree, the factors act together and that part
belongs to none of them alone.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zoodata.graph.network import Network
from zoodata.images import pixels, sets
from zoodata.images.diagnose import probes
from zoodata.images.sets import Item
from zoodata.isolation import Worker, WorkerFailed
from zoodata.measure.evaluator import built, completed
from zoodata.measure.host import TORCH_ZOOS
from zoodata.records import Preprocessing
from zoodata.records.base import entry_zoo
from zoodata.runtimes.model import Array, CannotRead, in_brief
from zoodata.stats import sign_test
from zoodata.zoos.base import CannotBuild

HANDLER = "zoodata.measure.attribution:Attributor"
CHUNK = 50
CHUNK_SECONDS = 1800.0


@dataclass(frozen=True)
class State:
    """One combination of factors."""

    model: str
    """Whose model answers: ``a``, ``b`` (as their zoos run them), ``network a``, ``network b``, or ``carried``
    (a's weights in b's network)."""
    prepared_as: str
    """``a`` or ``b``."""


@dataclass(frozen=True)
class Step:
    """One factor swapped."""

    factor: str
    before: State
    after: State
    points: float
    """Change of top-1, in percentage points."""
    gained: int
    lost: int
    """Images that became right and wrong."""
    probability: float
    """Of so uneven a split by chance (McNemar, exact)."""


@dataclass(frozen=True)
class Attribution:
    """A gap and what it is made of; the steps sum to it."""

    a: str
    b: str
    images: int
    top1_a: float
    top1_b: float
    steps: tuple[Step, ...]
    preparation_on_a: Step
    """The preparation's effect once more, on a's model."""
    together: float
    """Points by which the preparation's effect differs between the two models: no factor's alone."""
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Side:
    """One entry with what it needs to run."""

    entry: str
    weights_path: str | None = None
    preprocessing: Preprocessing | None = None

    def asked(self) -> tuple[str, str | None, str | None]:
        """As a worker is told it."""
        spec = self.preprocessing.model_dump_json() if self.preprocessing else None
        return self.entry, self.weights_path, spec


class Attributor:
    """Both models in one process, in any combination of factors."""

    def __init__(self) -> None:
        self._models: dict[str, Any] = {}
        self._specs: dict[str, Preprocessing] = {}
        self._scores: dict[str, Callable[[Array], Array]] = {}
        self._networks: dict[str, Network] = {}
        self._notes: list[str] = []

    def open(self, a: tuple[str, Any, Any], b: tuple[str, Any, Any], threads: int) -> dict[str, Any]:
        """Build both; returns which of the models that a :class:`State` can name there are, and why others are not.

        Raises:
            ZooError: when one cannot be built or says nothing about how images are prepared.
        """
        # Torch models first: what they load does not bear TensorFlow in the process before it.
        sides = sorted((("a", a), ("b", b)), key=lambda each: entry_zoo(each[1][0]) not in TORCH_ZOOS)
        for side, (entry, weights_path, spec) in sides:
            zoo, name, weights, _, model = built(entry, weights_path)
            declared = Preprocessing.model_validate_json(spec) if spec else zoo.preprocessing(name, weights)
            if declared is None:
                raise CannotBuild(f"{entry} declares no preprocessing: say how images are prepared")
            self._models[side] = model
            self._specs[side], _ = completed(declared, model.input.height, model.input.width)
            self._scores[side] = model.scorer(1, "cpu", threads)
            self._read(side)
        self._carry()
        self._try(a[0], b[0])
        return {"models": sorted(self._scores), "notes": sorted(self._notes)}

    def right(
        self, model: str, prepared_as: str, images: Sequence[tuple[str, Any]], labels: Sequence[int]
    ) -> list[int]:
        """For each image 1 where the first answer is right, 0 where not, -1 where it cannot be decoded."""
        spec = self._specs[prepared_as]
        # Class numbers belong to the weights, layout to the network, the rest to the preparation.
        layout = self._specs["a" if model in ("a", "network a") else "b"].layout
        offset = self._specs["a" if model in ("a", "network a", "carried") else "b"].label_offset
        if model in ("network a", "network b", "carried"):
            layout = "NCHW"
        spec = spec.model_copy(update={"layout": layout})
        found = []
        for (name, place), label in zip(images, labels, strict=True):
            item = Item(name, label, place)
            try:
                image = pixels.decode(sets.read_bytes(item), spec.decoder or "pillow")
            except (OSError, pixels.CannotDecode):
                found.append(-1)
                continue
            scores = self._scores[model](pixels.apply(spec, image)[None])
            found.append(int(int(np.argmax(scores[0])) - offset == label))
        return found

    def _try(self, a: str, b: str) -> None:
        """Whether each model bears what is prepared for the other."""
        image = probes()[0]
        for side, other, entry, whose in (("a", "b", a, b), ("b", "a", b, a)):
            spec = self._specs[other].model_copy(update={"layout": self._specs[side].layout})
            try:
                self._scores[side](pixels.apply(spec, image)[None])
            except Exception as error:
                raise CannotBuild(f"{entry} does not run on images prepared for {whose}: {in_brief(error)}") from error

    def _read(self, side: str) -> None:
        """Add a model's network, run by us."""
        try:
            self._networks[side] = self._models[side].network()
            self._scores[f"network {side}"] = _executed(self._networks[side], dict(self._models[side].stored()))
        except CannotRead as error:
            self._notes.append(f"{side} as a network: {error}")

    def _carry(self) -> None:
        """Add a's weights in b's network."""
        from zoodata.graph import embedded
        from zoodata.graph.diff.compare import Comparison
        from zoodata.graph.diff.transplant import carried

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


def path(models: Sequence[str]) -> list[tuple[str, State, State]]:
    """The steps from a to b that the models there are allow: (factor, before, after)."""
    stations = [State("a", "a")]
    factors = []
    if {"network a", "network b", "carried"} <= set(models):
        stations += [State("network a", "a"), State("carried", "a"), State("network b", "a"), State("network b", "b")]
        factors = ["runtime of a", "architecture", "weights", "preparation of images", "runtime of b"]
    elif {"network a", "network b"} <= set(models):
        stations += [State("network a", "a"), State("network b", "a"), State("network b", "b")]
        factors = ["runtime of a", "architecture and weights", "preparation of images", "runtime of b"]
    else:
        stations += [State("b", "a")]
        factors = ["architecture, weights and runtime", "preparation of images"]
    stations += [State("b", "b")]
    return list(zip(factors, stations[:-1], stations[1:], strict=True))


def attribute(
    worker: Worker,
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
    opened = worker.ask("open", a.asked(), b.asked(), threads, timeout=CHUNK_SECONDS)
    steps = path(opened["models"])
    chunks = [items[start : start + CHUNK] for start in range(0, len(items), CHUNK)]

    @functools.cache
    def right(state: State) -> tuple[int, ...]:
        found: list[int] = []
        for chunk in chunks:
            places, labels = [(item.name, item.place) for item in chunk], [item.label for item in chunk]
            found += worker.ask("right", state.model, state.prepared_as, places, labels, timeout=CHUNK_SECONDS)
            progress(f"{state.model}, prepared as {state.prepared_as}")
        return tuple(found)

    states = {state for _, before, after in steps for state in (before, after)} | {State("a", "b")}
    total(len(states) * len(chunks))
    # An image that one of the ways cannot decode is left out of all.
    usable = [all(values) for values in zip(*([value >= 0 for value in right(s)] for s in states), strict=True)]
    if not any(usable):
        raise WorkerFailed("cannot_be_read", "no image could be decoded in every way that is compared")

    def kept(state: State) -> list[int]:
        return [value for value, is_kept in zip(right(state), usable, strict=True) if is_kept]

    made = tuple(_step(factor, before, after, kept) for factor, before, after in steps)
    on_a = _step("preparation of images, on a", State("a", "a"), State("a", "b"), kept)
    on_b = next(step for step in made if step.factor == "preparation of images")
    first, last = kept(State("a", "a")), kept(State("b", "b"))
    return Attribution(
        a=a.entry, b=b.entry, images=len(first), top1_a=100 * sum(first) / len(first),
        top1_b=100 * sum(last) / len(last), steps=made, preparation_on_a=on_a,
        together=on_b.points - on_a.points, notes=tuple(opened["notes"]),
    )  # fmt: skip


def _step(factor: str, before: State, after: State, right: Callable[[State], Sequence[int]]) -> Step:
    pairs = list(zip(right(before), right(after), strict=True))
    gained, lost = sum(y > x for x, y in pairs), sum(x > y for x, y in pairs)
    points = 100 * (gained - lost) / len(pairs)
    return Step(factor, before, after, points, gained, lost, sign_test(gained, lost))
