"""Ways to run one model: how long each takes beside the model as its zoo builds it, and which sound one is fastest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median

from zoodata.dataset.machines import Machine, machine_of
from zoodata.dataset.store import Dataset
from zoodata.discrepancy.latency_run import Verdict, least_difference, verdict
from zoodata.discrepancy.warnings import samples_of
from zoodata.ratios import ratios_to_reference
from zoodata.records import WaysMeasurement
from zoodata.records.latency import milliseconds, repeat_of_reference
from zoodata.records.ways import Way

SOUND = 1e-3
"""Largest difference of scores, over the largest, of a way that answers what the model answers: runtimes round in
another order, and a wrong operator is off by more."""


@dataclass(frozen=True)
class TimedWay:
    """One way beside the model as it is built."""

    way: Way
    runtime: str
    median_ms: float
    ratio: float
    """Its time over that of the model as it is built; 1 for the latter."""
    low: float | None
    high: float | None
    """Of the 95 % interval; None for the model as it is built, and after one session."""
    verdict: Verdict
    relative_error: float | None
    is_sound: bool
    ready_seconds: float
    peak_mib: int | None


@dataclass(frozen=True)
class Ways:
    """All ways of one entry in one run: those that give the model's answer first, of these the fastest."""

    entry: str
    machine: Machine
    ways: tuple[TimedWay, ...]
    missing: Mapping[Way, str]
    """Way to the reason why it was not run."""
    fastest: TimedWay
    """The fastest sound way of which it is known that it is faster than as it is built; else as it is built."""
    noise_floor: float
    sessions: int
    measurement: str
    record: str


def summarise(dataset: Dataset, record: WaysMeasurement) -> Ways:
    """Read one run. It has samples."""
    repeat = repeat_of_reference(record.participants)
    ratios = ratios_to_reference(samples_of(record), repeat)
    noise_floor = abs(ratios[repeat].value - 1)
    least = least_difference(noise_floor, record.conditions.target_half_width)
    timed = []
    for number, participant in enumerate(record.participants):
        if participant.repeats_reference:
            continue
        ratio = ratios.get(number)
        peaks = [s.observed[number].resident_mib for s in record.sessions if s.observed]
        error = participant.relative_error
        timed.append(
            TimedWay(
                way=participant.way,
                runtime=participant.runtime,
                median_ms=round(median(milliseconds(record, number)), 3),
                ratio=1.0 if ratio is None else round(ratio.value, 4),
                low=None if ratio is None else _rounded(ratio.low),
                high=None if ratio is None else _rounded(ratio.high),
                verdict="reference" if ratio is None else verdict(ratio, least),
                relative_error=error,
                is_sound=error is None or error <= SOUND,
                ready_seconds=participant.ready_seconds,
                peak_mib=max((peak for peak in peaks if peak is not None), default=None),
            )
        )
    ordered = tuple(sorted(timed, key=lambda each: (not each.is_sound, each.ratio)))
    built = next(each for each in ordered if each.way == "as_built")
    faster = [each for each in ordered if each.is_sound and each.verdict == "faster"]
    return Ways(
        entry=record.entry,
        machine=machine_of(record, dataset.environments.get(record.environment)),
        ways=ordered,
        missing={each.way: each.missing.message for each in record.missing},
        fastest=faster[0] if faster else built,
        noise_floor=round(noise_floor, 4),
        sessions=len(record.sessions),
        measurement=record.id,
        record=str(record.path),
    )


def _rounded(number: float | None) -> float | None:
    return None if number is None else round(number, 4)


def current(dataset: Dataset) -> list[Ways]:
    """The newest run of each entry on each machine, by entry."""
    newest: dict[tuple[str, Machine], WaysMeasurement] = {}
    for record in dataset.ways:  # oldest first
        if record.samples:
            newest[record.entry, machine_of(record, dataset.environments.get(record.environment))] = record
    return [summarise(dataset, record) for _, record in sorted(newest.items(), key=lambda item: item[0][0])]
