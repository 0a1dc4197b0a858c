"""Latency: the current run of each machine, the ranking, and what holds across machines."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from zoodata.dataset.machines import Machine, machine_of
from zoodata.dataset.store import Dataset
from zoodata.discrepancy.earlier import slowed
from zoodata.discrepancy.latency_run import LatencyRange, Ratio, RunRatios, summarise
from zoodata.records import LatencyMeasurement, entry_zoo

CurrentRuns = Mapping[str, Mapping[Machine, LatencyMeasurement]]
"""Architecture to the current run on each machine."""


def current_runs(dataset: Dataset) -> CurrentRuns:
    """The current run of each architecture of the catalogue on each machine.

    Of several the one with most zoos, of equals one that was not slowed, then the one with a split, then the newest.
    """
    found: dict[str, dict[Machine, LatencyMeasurement]] = defaultdict(dict)
    for record in dataset.latency_measurements:  # oldest first
        if not record.samples or not _is_of_its_architecture(dataset, record):
            continue
        machine = machine_of(record, dataset.environments.get(record.environment))
        own = found[record.architecture]
        if machine not in own or _order(dataset, record) >= _order(dataset, own[machine]):
            own[machine] = record
    return found


def leading(dataset: Dataset, runs: Mapping[Machine, LatencyMeasurement]) -> LatencyMeasurement | None:
    """Of an architecture's runs the one that is ranked: on a processor, of two zoos; chosen likewise."""
    ranked = [record for machine, record in runs.items() if machine.is_cpu and _zoos(record) > 1]
    return max(ranked, key=lambda record: _order(dataset, record), default=None)


def rank(dataset: Dataset) -> list[LatencyRange]:
    """The leading run of each architecture of the catalogue, largest ratio first."""
    chosen = (leading(dataset, runs) for runs in current_runs(dataset).values())
    ranges = [summarise(dataset, record) for record in chosen if record is not None]
    return sorted(ranges, key=lambda r: (-r.ratio, r.architecture))


def elsewhere(dataset: Dataset) -> list[LatencyRange]:
    """The current runs of other machines than the ranked ones."""
    found = []
    for runs in current_runs(dataset).values():
        first = leading(dataset, runs)
        found += [summarise(dataset, record) for record in runs.values() if record is not first]
    return found


Agreement = Literal["same", "depends", "one_machine"]
"""What machines that did the same work say of one ratio."""


@dataclass(frozen=True)
class OnMachine:
    """A ratio on one machine."""

    machine: Machine
    ratio: Ratio
    record: str
    """The measurement's id."""


@dataclass(frozen=True)
class Across:
    """An entry's time over the reference's, on every machine where both were timed in one run."""

    entry: str
    reference: str
    work: object
    """What the leading run's machine did."""
    runs: tuple[OnMachine, ...]

    @property
    def verdict(self) -> Agreement:
        """Whether machines that did the leading run's work agree: all intervals overlap, or two of them do not."""
        alike = self.alike
        if len(alike) < 2:
            return "one_machine"
        return "same" if _overlap([run.ratio for run in alike]) else "depends"

    @property
    def alike(self) -> list[OnMachine]:
        """The runs of machines that did the leading run's work, and say how sure they are."""
        return [run for run in self.runs if run.machine.work == self.work and run.ratio.low is not None]


@dataclass(frozen=True)
class Machines:
    """What holds across the machines on which an architecture was timed."""

    entries: tuple[Across, ...]
    """Each over the reference."""
    ends: Across | None
    """The slowest over the fastest of the leading run; None where no other machine did the same with both."""


def across(dataset: Dataset, ranked: Iterable[LatencyRange]) -> dict[str, Machines]:
    """Architecture to what holds across machines, for those of the ranking that were timed on more than one."""
    runs = current_runs(dataset)
    return {
        one.architecture: _machines(one, runs[one.architecture]) for one in ranked if len(runs[one.architecture]) > 1
    }


def _machines(ranked: LatencyRange, runs: Mapping[Machine, LatencyMeasurement]) -> Machines:
    ratios = {machine: RunRatios(record) for machine, record in runs.items()}
    others = [timed.entry for timed in ranked.entries if timed.entry != ranked.reference]
    work = ranked.on.work
    entries = tuple(_across(ratios, entry, ranked.reference, work) for entry in others)
    ends = _across(ratios, ranked.slowest, ranked.fastest, work)
    return Machines(tuple(one for one in entries if len(one.runs) > 1), ends if len(ends.alike) > 1 else None)


def _across(ratios: Mapping[Machine, RunRatios], entry: str, reference: str, work: object) -> Across:
    return Across(entry, reference, work, tuple(_shown(ratios, entry, reference)))


def _shown(ratios: Mapping[Machine, RunRatios], entry: str, reference: str) -> Iterable[OnMachine]:
    for machine, run in ratios.items():
        numbers = {run.of(model).entry: model for model in run.models}
        if entry in numbers and reference in numbers:
            ratio = Ratio.of(run.split(numbers[entry], numbers[reference])[0])
            yield OnMachine(machine, ratio, run.record.id)


def _overlap(ratios: list[Ratio]) -> bool:
    return max(r.low for r in ratios if r.low is not None) <= min(r.high for r in ratios if r.high is not None)


def _is_of_its_architecture(dataset: Dataset, record: LatencyMeasurement) -> bool:
    mapped = (dataset.architecture_of(participant.entry) for participant in record.participants)
    return all(architecture is not None and architecture.id == record.architecture for architecture in mapped)


def _zoos(record: LatencyMeasurement) -> int:
    return len({entry_zoo(participant.entry) for participant in record.participants})


def _order(dataset: Dataset, record: LatencyMeasurement) -> tuple[int, bool, bool, datetime]:
    at_full_speed = slowed(dataset, record) is None
    return _zoos(record), at_full_speed, record.conditions.networks is not None, record.started_at
