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
    factors = []
    for timed, participant in _passes(dataset, record).items():
        times = _known(dataset).get(timed, {})
        if others := [time for other, time in times.items() if other != record.id]:
            own = times.get(record.id) or median(milliseconds(record, participant))
            factors.append(own / min(others))
    factor = median(factors) if factors else 1.0
    return factor if factor > SLOWED else None


def _known(dataset: Dataset) -> Mapping[Pass, Mapping[str, float]]:
    """Each pass to the middle time, in milliseconds, of each run that timed it, superseded ones too: a speed that was
    reached is possible."""
    if (made := dataset.derived.get("passes")) is not None:
        return cast(Mapping[Pass, Mapping[str, float]], made)
    found: dict[Pass, dict[str, float]] = defaultdict(dict)
    for record in dataset.history(LatencyMeasurement):
        for timed, participant in _passes(dataset, record).items():
            found[timed][record.id] = median(milliseconds(record, participant))
    dataset.derived["passes"] = found
    return found


def _passes(dataset: Dataset, record: TimedRun) -> dict[Pass, int]:
    """What each model of a run was timed at, to its number among the participants."""
    if not record.samples:
        return {}
    machine = machine_of(record, dataset.environments.get(record.environment))
    if machine.model == "unknown":
        return {}
    return {
        Pass(machine, each.entry, each.runtime, each.input.height, each.input.width): n
        for n, each in enumerate(record.participants)
        if each.subject == "model" and not each.repeats_reference
    }
