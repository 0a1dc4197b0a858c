"""Slips planted in real checkpoints: how many of those that cost two points are named, and what sound ones say.

Needs the real checkpoints (ZOODATA_REAL, ZOODATA_FILES) and the 1,000 images (``zoodata images fetch nips2017_dev``);
with the 400 images of ZOODATA_REAL a cost of two points is seven images, which no test can confirm.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from zoodata.images import published, sets
from zoodata.isolation import Worker, WorkerFailed
from zoodata.measure.accuracy import PASSIVE
from zoodata.measure.diagnosis import Diagnosis, diagnose
from zoodata.measure.host import worker_environment
from zoodata.records import Preprocessing
from zoodata.zoos.registry import folders_of

REAL = Path(os.environ.get("ZOODATA_REAL", Path(__file__).parents[3] / "shared" / "real"))
SPECS = Path(__file__).parents[1] / "accuracy" / "specs"
WANTED, COST = 0.95, 0.02
CODES = os.environ.get("ZOODATA_PLANTED_CODES", "").split()
"""Kinds of slips to plant; all where none is named."""
LAST_BIAS = "the last layer's bias"
LARGEST = int(os.environ.get("ZOODATA_PLANTED_MACS", "100_000_000"))
"""Multiply-accumulates up to which slips are planted: each of some fifty costs thousands of forward passes."""


@dataclass(frozen=True)
class Checkpoint:
    """One that is at hand, and sound once ``sound`` is made of it."""

    entry: str
    spec: Path | None = None
    sound: tuple[str, str] | None = None
    """Code and outcome of the edit that mends it."""


CHECKPOINTS = (
    Checkpoint(f"file:{REAL}/weights/st_keras_mobilenet_v1_0.25_224.h5", SPECS / "stm32_mobilenet_v1.json"),
    Checkpoint("retinaface:mobilenetV1X0.25@pretrained", None, ("activation", "relu")),
    Checkpoint("ncnn_assets:squeezenet_v1.1"),
    Checkpoint(f"file:{REAL}/weights/torchvision_mobilenet_v2_qnnpack_ios.pt", SPECS / "torchvision_mobilenet_v2.json"),
    Checkpoint("coral:mobilenet_v2_1.0_224_quant"),
    Checkpoint("coral:mobilenet_v1_0.25_128_quant"),
    Checkpoint("efficientnet_lite:efficientnet-lite0@pretrained", SPECS / "efficientnet_lite0.json"),
    Checkpoint("efficientnet_lite:efficientnet-lite1@pretrained", SPECS / "efficientnet_lite1.json"),
)


@dataclass(frozen=True)
class Slip:
    """One thing made otherwise in a sound checkpoint."""

    code: str
    was: str
    becomes: str
    make: Callable[[], tuple[Any, Mapping[str, Any], Preprocessing]]


class Planted:
    """What :class:`zoodata.measure.trial.Trial` asks of a model."""

    def __init__(self, network: Any, weights: Mapping[str, Any], classes: int) -> None:
        self.classes, self._network, self._weights = classes, network, weights

    def network(self) -> Any:
        return self._network

    def stored(self) -> Mapping[str, Any]:
        return self._weights


class Planter:
    """One checkpoint with its slips, in a process of its own."""

    def open(self, checkpoint: Checkpoint, items: Sequence[sets.Item], threads: int) -> tuple[float, Diagnosis]:
        """The sound checkpoint's accuracy, and what is said of it."""
        import torch

        from zoodata.graph.edits import edits
        from zoodata.measure.evaluator import built, completed, declared_by
        from zoodata.measure.trial import Trial

        torch.set_num_threads(threads)
        self._items, self._threads = list(items), threads
        model = built(checkpoint.entry, None).model
        declared = declared_by(checkpoint.entry)
        if checkpoint.spec is not None:
            declared = Preprocessing.model_validate_json(checkpoint.spec.read_text())
        assert declared is not None
        self._spec, _ = completed(declared, model.input.height, model.input.width)
        if checkpoint.sound is not None:
            mended = [e for e in edits(model.network(), model.stored()) if (e.code, e.becomes) == checkpoint.sound]
            model = Planted(mended[0].network, mended[0].weights, model.classes)
        self._model = model
        trial = Trial(model, self._spec, threads=threads)
        every = trial.answers(self._items, range(len(trial.changes)))
        self._right, *others = (sum(each.right) / len(each.right) for each in every)
        self._known = {
            (change.code, change.was, change.becomes): self._right - right
            for change, right in zip(trial.changes[1:], others, strict=True)
        }
        return self._right, diagnose(trial.changes, trial.answers, self._items)

    def slips(self) -> list[tuple[str, str, str, float]] | None:
        """Each slip that can be planted with its cost; None where no network can be read, or a large one."""
        from zoodata.graph.counter import count
        from zoodata.runtimes.model import CannotRead

        try:
            network, weights = self._model.network(), dict(self._model.stored())
        except CannotRead:
            return None
        if not weights or count(network).macs > LARGEST:
            return None
        self._slips = list(self._made(network, weights))
        return [(slip.code, slip.was, slip.becomes, self._cost(slip)) for slip in self._slips]

    def named(self, number: int) -> Diagnosis:
        """What is said of a checkpoint with one slip."""
        from zoodata.measure.trial import Trial

        network, weights, spec = self._slips[number].make()
        trial = Trial(Planted(network, weights, self._model.classes), spec, threads=self._threads)
        return diagnose(trial.changes, trial.answers, self._items)

    def _made(self, network: Any, weights: Mapping[str, Any]) -> list[Slip]:
        from zoodata.graph.edits import edits
        from zoodata.images.diagnose import mistakes

        found = []
        for edit in edits(network, weights):
            if edit.code == "bias":  # what is gone cannot be had back: biases that do not belong there instead
                if edit.was == LAST_BIAS:
                    stranger = (network, {**weights, **self._drawn(weights, edit.weights)}, self._spec)
                    found.append(Slip("bias", LAST_BIAS, "drawn", lambda made=stranger: made))
                continue
            made = (edit.network, edit.weights, self._spec)
            found.append(Slip(edit.code, edit.was, edit.becomes, lambda made=made: made))
        for step in mistakes(self._spec):
            if step.part in ("channels", "values"):
                fed = (network, weights, step.spec)
                found.append(Slip("preprocessing", "as specified", step.name, lambda fed=fed: fed))
        for shift in (-1, 1):
            offset = self._spec.label_offset + shift
            if offset >= 0:
                moved = (network, weights, self._spec.model_copy(update={"label_offset": offset}))
                was = f"label offset {self._spec.label_offset}"
                found.append(Slip("class_offset", was, str(offset), lambda moved=moved: moved))
        return found

    def _drawn(self, weights: Mapping[str, Any], without: Mapping[str, Any]) -> dict[str, Any]:
        """Random numbers for what an edit leaves out."""
        random = np.random.default_rng(0)
        left_out = [name for name, array in weights.items() if without[name] is not array]
        return {name: random.standard_normal(np.shape(weights[name])).astype(np.float32) * 2 for name in left_out}

    def _cost(self, slip: Slip) -> float:
        from zoodata.measure.trial import Trial

        known = self._known.get((slip.code, slip.was, slip.becomes))  # the sound one's trial has run it
        if known is not None:
            return known
        network, weights, spec = slip.make()
        own = Trial(Planted(network, weights, self._model.classes), spec, threads=self._threads)
        right = own.answers(self._items, [0])[0].right
        return self._right - sum(right) / len(right)


def planted() -> None:
    """Each checkpoint at hand: sound first, then with each slip."""
    folder = published.folder_of("nips2017_dev")
    items = sets.find(folder if folder.is_dir() else REAL).items
    threads = len(os.sched_getaffinity(0))
    costly = named = exact = alarms = sound = 0
    for checkpoint in CHECKPOINTS:
        short = Path(checkpoint.entry).name
        with Worker(
            Planter, worker_environment("cpu", threads) | PASSIVE, 8 * 2**30, paths=folders_of([checkpoint.entry])
        ) as worker:
            try:
                right, said = worker.call(3600, Planter.open, checkpoint, items, threads)
            except WorkerFailed as error:
                print(f"  {short}: not here ({error.message.splitlines()[0][:100]})", flush=True)
                continue
            sound, alarms = sound + 1, alarms + bool(said.named)
            words = "; ".join(each.words for each in said.named) or "nothing named"
            print(f"  {short}: {right:.1%} of {len(items)} images, {said.tried} changes tried: {words}", flush=True)
            for number, (code, was, becomes, cost) in enumerate(worker.call(3600, Planter.slips) or ()):
                if cost < COST or (CODES and code not in CODES):
                    continue
                found = worker.call(3600, Planter.named, number)
                codes = [each.change.code for each in found.named]
                costly, named, exact = costly + 1, named + (code in codes), exact + (codes[:1] == [code])
                mark = "first" if codes[:1] == [code] else "named" if code in codes else "MISSED"
                print(f"    {mark:6} {code}: {was} to {becomes}, {-100 * cost:+.1f} points", flush=True)
    if sound:
        print(f"\nplanted slips: {alarms} alarms on {sound} sound checkpoints", end="")
        if costly:
            print(f"; {named} of {costly} slips of two points named, {named / costly:.1%} ({exact} first)", end="")
            print(f"; wanted: {WANTED:.0%}")
        print(flush=True)
