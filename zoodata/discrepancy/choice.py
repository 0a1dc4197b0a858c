"""Checkpoints that one can choose between: claimed accuracy beside compute at the same image size, and measured time.

A checkpoint takes part when its claim is its zoo's own, was read where its source states it, names its image size, and
its training is known; and when the network was counted at that very size. The rest is counted by what is missing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from zoodata.dataset import tables
from zoodata.dataset.store import Dataset
from zoodata.discrepancy.comparable import Obstacle, obstacle, stated_size
from zoodata.discrepancy.latency_run import LatencyRange
from zoodata.discrepancy.licences import Licence, licence
from zoodata.records.base import without_weights
from zoodata.records.claim import Training

Unfit = Obstacle | Literal["not_counted", "other_size"]
"""Why a top-1 claim is no choice; :mod:`zoodata.wording.obstacles` words it."""


@dataclass(frozen=True)
class Choice:
    """One checkpoint with its claimed accuracy and its cost at one image size."""

    entry: str
    """With its weights."""
    zoo: str
    architecture: str
    top1: float
    """Percent, as claimed."""
    size: int
    """Side of the image, in pixels, of the claim and of the count."""
    training: Training
    parameters: int
    macs: int
    milliseconds: float | None
    """Median time of one image on :attr:`Choices.machine`; None where it was not timed there at this size."""
    licence: Licence
    claim: str


@dataclass(frozen=True)
class Choices:
    """Everything that can be chosen, the most accurate first."""

    checkpoints: tuple[Choice, ...]
    machine: str | None
    """Where times were measured."""
    left_out: Mapping[Unfit, int]
    """Why other top-1 claims are no choice, and how many."""

    @property
    def front_of_compute(self) -> tuple[Choice, ...]:
        """What no checkpoint with less compute beats."""
        return tuple(_front(self.checkpoints, lambda each: each.macs))

    @property
    def front_of_time(self) -> tuple[Choice, ...]:
        """What no faster checkpoint beats, of those that were timed."""
        return tuple(_front(self.checkpoints, lambda each: each.milliseconds))


def choices(dataset: Dataset, timed: Iterable[LatencyRange]) -> Choices:
    """Every checkpoint that can be chosen; of several claims about one, the highest.

    Args:
        dataset: claims and counts.
        timed: runs of one machine; the machine of the most runs is taken.
    """
    machine, times = _times(timed)
    best: dict[tuple[str, int], Choice] = {}
    left_out: Counter[Unfit] = Counter()
    stated: dict[str, set[str | None]] = defaultdict(set)
    for each in dataset.claims:
        stated[each.entry].add(each.licence)
    for claim in tables.rows_of(tables.claims(dataset)):
        if claim["metric"] != "top1" or claim["architecture"] is None:
            continue
        found = _choice(dataset, claim, times, stated)
        if not isinstance(found, Choice):
            left_out[found] += 1
        elif (known := best.get((found.entry, found.size))) is None or known.top1 < found.top1:
            best[found.entry, found.size] = found
    ordered = sorted(best.values(), key=lambda each: (-each.top1, each.macs, each.entry))
    return Choices(tuple(ordered), machine, dict(left_out))


def _choice(
    dataset: Dataset,
    claim: tables.ClaimRow,
    times: Mapping[tuple[str, int], float],
    stated: Mapping[str, Iterable[str | None]],
) -> Choice | Unfit:
    if (reason := obstacle(claim)) is not None:
        return reason
    training, architecture = claim["training"], claim["architecture"]
    if training is None or training == "unknown":
        return "training_unknown"
    size, entry = stated_size(claim), without_weights(claim["entry"])
    record = dataset.architecture_outcomes.get(entry)
    if record is None or record.result is None or size is None or architecture is None:
        return "not_counted"
    if (record.result.input.height, record.result.input.width) != (size, size):
        return "other_size"
    return Choice(
        claim["entry"], claim["zoo"], architecture, claim["value"], size, training,
        record.result.parameters, record.result.macs, times.get((entry, size)), licence(stated[claim["entry"]]),
        claim["claim"],
    )  # fmt: skip


def _times(timed: Iterable[LatencyRange]) -> tuple[str | None, dict[tuple[str, int], float]]:
    runs = [run for run in timed if run.device == "cpu" and run.batch == 1]
    machines = Counter(run.machine for run in runs)
    if not machines:
        return None, {}
    machine = max(machines, key=lambda name: (machines[name], name))
    return machine, {
        (entry.entry, entry.input_size): entry.median_ms
        for run in runs
        if run.machine == machine
        for entry in run.entries
    }


def _front(ordered: Iterable[Choice], cost: Callable[[Choice], float | None]) -> Iterator[Choice]:
    """From the most accurate down, whatever costs less than all before."""
    least = float("inf")
    for each in ordered:
        if (own := cost(each)) is not None and own < least:
            least = own
            yield each
