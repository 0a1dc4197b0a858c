"""Whether a machine was faster before: the same models, timed in another run of the same class of machines.

A shared host can be half as fast for days, while nothing that a virtual machine sees of itself says so.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from statistics import median
from typing import NamedTuple, cast

from zoodata.dataset.machines import Machine, machine_of
from zoodata.dataset.store import Dataset
from zoodata.records import LatencyMeasurement
from zoodata.records.latency import TimedRun, milliseconds

SLOWED = 1.25
"""How much longer than before the same models take, from which on a run was slowed."""


class Pass(NamedTuple):
    """One forward pass that several runs may have timed."""

    machine: Machine
    entry: str
    runtime: str
    height: int
    width: int


def slowed(dataset: Dataset, record: TimedRun) -> float | None:
    """How many times longer this run's models took than in the fastest other run; None where nothing says so."""
    known = _known(dataset)
    factors = []
    for timed, own in _medians(dataset, record).items():
        others = [time for other, time in known.get(timed, {}).items() if other != record.id]
        if others:
            factors.append(own / min(others))
    factor = median(factors) if factors else 1.0
    return factor if factor > SLOWED else None


def _known(dataset: Dataset) -> Mapping[Pass, Mapping[str, float]]:
    """Each pass to the runs that timed it, superseded ones too: a speed that was reached is possible."""
    if (made := dataset.derived.get("passes")) is not None:
        return cast(Mapping[Pass, Mapping[str, float]], made)
    found: dict[Pass, dict[str, float]] = defaultdict(dict)
    for record in dataset.history(LatencyMeasurement):
        for timed, time in _medians(dataset, record).items():
            found[timed][record.id] = time
    dataset.derived["passes"] = found
    return found


def _medians(dataset: Dataset, record: TimedRun) -> dict[Pass, float]:
    """The middle time in milliseconds of each model of a run."""
    if not record.samples:
        return {}
    machine = machine_of(record, dataset.environments.get(record.environment))
    if machine.model == "unknown":
        return {}
    return {
        Pass(machine, each.entry, each.runtime, each.input.height, each.input.width): median(milliseconds(record, n))
        for n, each in enumerate(record.participants)
        if each.subject == "model" and not each.repeats_reference
    }
