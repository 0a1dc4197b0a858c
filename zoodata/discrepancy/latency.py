"""Latency: ratios within a run, with the run's own noise floor beside them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from zoodata.dataset.store import Dataset, path_of
from zoodata.discrepancy.pairs import widest
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
    """Slowest over fastest, of two zoos, taken round by round."""
    low: float
    high: float
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
    """One run of each architecture of the catalogue that two zoos took part in, largest ratio first.

    Of several runs the one with most zoos speaks, of equals the newest.
    """
    chosen: dict[str, LatencyMeasurement] = {}
    for record in dataset.latency_measurements:  # oldest first
        if not record.samples or not _is_of_its_architecture(dataset, record) or _zoos(record) < 2:
            continue
        if record.architecture not in chosen or _zoos(record) >= _zoos(chosen[record.architecture]):
            chosen[record.architecture] = record
    ranges = [summarise(dataset, record) for record in chosen.values()]
    return sorted(ranges, key=lambda r: (-r.ratio, r.architecture))


def _is_of_its_architecture(dataset: Dataset, record: LatencyMeasurement) -> bool:
    mapped = (dataset.architecture_of(participant.entry) for participant in record.participants)
    return all(found is not None and found.id == record.architecture for found in mapped)


def _zoos(record: LatencyMeasurement) -> int:
    return len({entry_zoo(participant.entry) for participant in record.participants})


def summarise(dataset: Dataset, record: LatencyMeasurement) -> LatencyRange:
    """One run's ratios, judged against its own noise floor."""
    medians = [[median(passes) for passes in turns] for turns in record.samples]
    reference = [turns[0] for turns in medians]
    ratios = [ratio_interval([turns[seat] for turns in medians], reference) for seat in range(len(record.participants))]
    floor = max(_distance(r) for r, p in zip(ratios, record.participants, strict=True) if p.null)
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
    seats = [seat for seat, participant in enumerate(record.participants) if not participant.null]
    ends = widest(seats, lambda seat: entry_zoo(record.participants[seat].entry), lambda seat: ratios[seat].value)
    slow, fast = ends or (seats[0], seats[0])
    spread = ratio_interval([turns[slow] for turns in medians], [turns[fast] for turns in medians])
    environment = dataset.environments.get(record.environment)
    known = dataset.architectures.get(record.architecture)
    return LatencyRange(
        architecture=record.architecture,
        title=known.title if known else record.architecture,
        ratio=round(spread.value, 4),
        low=round(spread.low, 4),
        high=round(spread.high, 4),
        noise_floor=round(floor, 4),
        slowest=record.participants[slow].entry,
        fastest=record.participants[fast].entry,
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
