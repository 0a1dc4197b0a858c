"""Latency: ratios within a run, with the run's own noise floor beside them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from zoodata.dataset.store import Dataset, path_of
from zoodata.records import LatencyMeasurement, entry_zoo
from zoodata.stats import Interval, ratio_interval


@dataclass(frozen=True)
class Timed:
    """One entry of a run, against the run's reference."""

    entry: str
    zoo: str
    runtime: str
    input_size: int
    median_ms: float
    """Holds for that machine only."""
    ratio: float
    low: float
    high: float
    verdict: str
    """``slower``, ``faster``, ``no difference`` or ``reference``."""


@dataclass(frozen=True)
class LatencyRange:
    """The entries of one architecture, timed in turns on one machine."""

    architecture: str
    title: str
    ratio: float
    """Slowest over fastest."""
    noise_floor: float
    """How far from 1 the reference's ratio to itself was, interval included."""
    slowest: str
    fastest: str
    reference: str
    rounds: int
    stopped: str
    machine: str
    batch: int
    threads: int
    device: str
    same_input: bool
    """Whether all entries take images of one size; if not, a ratio also compares sizes."""
    entries: tuple[Timed, ...]
    measurement: str
    record: str

    def as_dict(self) -> dict[str, Any]:
        """The range as JSON output shows it."""
        return asdict(self)


def rank(dataset: Dataset) -> list[LatencyRange]:
    """The newest run of each architecture that has one, largest ratio first."""
    newest = {record.architecture: record for record in dataset.latency_measurements if record.samples}
    ranges = [summarise(dataset, record) for record in newest.values()]
    return sorted(ranges, key=lambda r: (-r.ratio, r.architecture))


def summarise(dataset: Dataset, record: LatencyMeasurement) -> LatencyRange:
    """One run's ratios, judged against its own noise floor."""
    medians = [[median(passes) for passes in turns] for turns in record.samples]
    reference = [turns[0] for turns in medians]
    ratios = [ratio_interval([turns[seat] for turns in medians], reference) for seat in range(len(record.participants))]
    floor = max((_distance(r) for r, p in zip(ratios, record.participants, strict=True) if p.null), default=0.0)
    timed = []
    for seat, participant in enumerate(record.participants):
        if participant.null:
            continue
        ratio = ratios[seat]
        timed.append(
            Timed(
                entry=participant.entry,
                zoo=entry_zoo(participant.entry),
                runtime=participant.runtime,
                input_size=participant.input.height,
                median_ms=round(median(turns[seat] for turns in medians) / 1e6, 3),
                ratio=round(ratio.value, 4),
                low=round(ratio.low, 4),
                high=round(ratio.high, 4),
                verdict="reference" if seat == 0 else verdict(ratio, floor),
            )
        )
    slowest, fastest = max(timed, key=lambda t: t.ratio), min(timed, key=lambda t: t.ratio)
    environment = dataset.environments.get(record.environment)
    known = dataset.architectures.get(record.architecture)
    return LatencyRange(
        architecture=record.architecture,
        title=known.title if known else record.architecture,
        ratio=round(slowest.ratio / fastest.ratio, 4),
        noise_floor=round(floor, 4),
        slowest=slowest.entry,
        fastest=fastest.entry,
        reference=timed[0].entry,
        rounds=len(record.samples),
        stopped=record.stopped,
        machine=environment.processor.model if environment else "unknown",
        batch=record.conditions.batch,
        threads=record.conditions.threads,
        device=record.conditions.device,
        same_input=len({t.input_size for t in timed}) == 1,
        entries=tuple(timed),
        measurement=record.id,
        record=path_of(record).as_posix(),
    )


def verdict(ratio: Interval, floor: float) -> str:
    """What a ratio says, given how far from 1 a network's ratio to itself was in the same run."""
    if ratio.low > 1 + floor:
        return "slower"
    if ratio.high < 1 - floor:
        return "faster"
    return "no difference"


def _distance(interval: Interval) -> float:
    """How far from 1 an interval reaches."""
    return max(abs(interval.low - 1), abs(interval.high - 1))
