"""What to doubt about a latency run. Thresholds are here; records hold what was observed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median
from typing import Literal

from zoodata.dataset.store import Dataset
from zoodata.discrepancy.earlier import slowed
from zoodata.ratios import Samples, trim_fraction
from zoodata.ratios.samples import processors, session_slices, undisturbed_share
from zoodata.records.latency import TimedRun, repeat_of_reference

BUSY_CORES = 0.1
"""Load of other programs, in cores, from which a machine counts as loaded."""

STOLEN_CORES = 0.05
DRIFT = 0.1
"""Change of the reference's time between the first and the second half of a session's rounds."""

CLOCK_RANGE = 0.1
"""Difference of the device's lowest and highest clock in a session, over the highest."""

MIN_SESSIONS = 3
MAX_TRIM_FRACTION = 0.2
"""Fraction of a participant's iterations from which on a ratio is hardly one of its fastest."""

MIN_UNDISTURBED = 0.5
"""Fraction of a participant's iterations; where no other program ran, two in three and more were undisturbed."""

WarningCode = Literal[
    "few_sessions", "few_passes", "time_limit", "worker_lost", "allocator", "loaded", "stolen", "disturbed", "drift",
    "clock", "shared_device", "unequal_memory", "unsteady", "slowed",
]  # fmt: skip


@dataclass(frozen=True)
class RunWarning:
    """A reason for doubt; :mod:`zoodata.wording.warnings` words it and says what to do next."""

    code: WarningCode
    value: float | None = None
    """What was observed, in the unit of its threshold."""
    values: tuple[int, int] | None = None
    """Two of them: lowest and highest clock in MHz, or the memory of the reference's processes in MiB."""
    entries: tuple[str, ...] = ()


def samples_of(record: TimedRun) -> Samples:
    """The iterations of a record, as ratios are read from them."""
    return Samples(record.samples, [session.rounds for session in record.sessions], record.conditions.device)


def warnings(record: TimedRun, dataset: Dataset | None = None) -> Iterator[RunWarning]:
    """Everything about this run that pyperf would warn of, and what other runs of a dataset say of its machine."""
    if not record.samples:
        return
    if len(record.sessions) < MIN_SESSIONS:
        yield RunWarning("few_sessions", len(record.sessions))
    fraction = trim_fraction(samples_of(record))
    if fraction is not None and fraction > MAX_TRIM_FRACTION:
        yield RunWarning("few_passes", fraction)
    if record.stopped == "time":
        yield RunWarning("time_limit", record.conditions.target_half_width)
    if record.stopped == "worker_lost":
        yield RunWarning("worker_lost")
    if not record.conditions.keeps_memory and record.conditions.device == "cpu":
        yield RunWarning("allocator")
    if dataset is not None and (factor := slowed(dataset, record)) is not None:
        yield RunWarning("slowed", factor)
    yield from _machine(record)
    yield from _device(record)
    unsteady = sorted(
        {
            participant.entry
            for session in record.sessions
            for participant, seen in zip(record.participants, session.observed, strict=False)
            if not seen.steady
        }
    )
    if unsteady:
        yield RunWarning("unsteady", entries=tuple(unsteady))


def _machine(record: TimedRun) -> Iterator[RunWarning]:
    load = max((s.other_load for s in record.sessions if s.other_load is not None), default=0.0)
    if load > BUSY_CORES:
        yield RunWarning("loaded", load)
    stolen = max((s.stolen for s in record.sessions if s.stolen is not None), default=0.0)
    if stolen > STOLEN_CORES:
        yield RunWarning("stolen", stolen)
    least = min(_undisturbed_shares(record), default=1.0)
    if least < MIN_UNDISTURBED:
        yield RunWarning("disturbed", 1 - least)
    drift = max(_drifts(record), key=lambda d: abs(d - 1), default=1.0)
    if abs(drift - 1) > DRIFT:
        yield RunWarning("drift", drift)


def _device(record: TimedRun) -> Iterator[RunWarning]:
    clocks = [s.device_clock_mhz for s in record.sessions if s.device_clock_mhz is not None]
    if clocks:
        low, high = min(c[0] for c in clocks), max(c[1] for c in clocks)
        if low < high * (1 - CLOCK_RANGE):
            yield RunWarning("clock", values=(low, high))
    others = max((s.other_device_processes for s in record.sessions if s.other_device_processes is not None), default=0)
    if others:
        yield RunWarning("shared_device", others)
    unequal = next((pair for pair in _reference_mib(record) if pair[0] != pair[1]), None)
    if unequal:
        yield RunWarning("unequal_memory", values=unequal)


def _reference_mib(record: TimedRun) -> Iterator[tuple[int, int]]:
    """In each session, the most device memory of the A/A pair's two processes."""
    repeat = repeat_of_reference(record.participants)
    for session in record.sessions:
        if session.observed:
            first, second = session.observed[0].device_mib, session.observed[repeat].device_mib
            if first is not None and second is not None:
                yield first, second


def _drifts(record: TimedRun) -> Iterator[float]:
    """How the reference's time changed within each session."""
    for cut in _slices(record):
        fastest = [min(one[0]) for one in record.samples[cut]]
        half = len(fastest) // 2
        if half >= 2:
            yield median(fastest[-half:]) / median(fastest[:half])


def _undisturbed_shares(record: TimedRun) -> Iterator[float]:
    """Of each participant in each session; nothing where processor time was not counted."""
    if record.cpu_us is not None and record.conditions.device == "cpu":
        expected = processors(record.samples, record.cpu_us)
        for cut in _slices(record):
            yield from undisturbed_share(record.samples[cut], record.cpu_us[cut], expected)


def _slices(record: TimedRun) -> list[slice]:
    return session_slices(samples_of(record).rounds)
