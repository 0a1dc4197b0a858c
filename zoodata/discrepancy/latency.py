"""Latency: ratios within a run, split into the networks' part and the frameworks', beside the run's noise floor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from zoodata.dataset.store import Dataset, path_of
from zoodata.discrepancy.pairs import widest
from zoodata.discrepancy.warnings import Warned, taken_of, warnings
from zoodata.records import LatencyMeasurement, Participant, entry_zoo
from zoodata.records.latency import null_seat
from zoodata.stats import Interval, quantile
from zoodata.turns import Factors, ratios, ratios_to_reference, share_that_speaks

UNKNOWN = "one set of processes"
"""What a single sitting says of a ratio: not how far those of other processes would be from it, so no verdict."""

ROUNDING = 1e-9
"""How far a product of two numbers may be from a third by arithmetic."""


@dataclass(frozen=True)
class Ratio:
    """A ratio of two times with its 95 % interval."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, interval: Interval) -> Ratio:
        """To four digits."""
        return cls(round(interval.value, 4), round(interval.low, 4), round(interval.high, 4))


@dataclass(frozen=True)
class Split:
    """Why one entry takes longer than another: its network, or what runs it.

    ``network`` compares both networks in one runtime; ``frameworks`` is what each framework adds to its own
    network, the one over the other. All three are of the same passes: on a processor their product is exact.
    """

    network: Ratio
    frameworks: Ratio
    product: float
    """Of the two."""
    holds: bool
    """Whether the product is the ratio but for rounding, or on other devices, where each is a fit, in its interval."""


@dataclass(frozen=True)
class Timed:
    """One entry of a run, against the run's reference."""

    entry: str
    zoo: str
    runtime: str
    input_size: int
    median_ms: float
    """Times hold for that machine only."""
    p90_ms: float
    p99_ms: float
    images_per_second: float
    ratio: float
    low: float
    high: float
    verdict: str
    """``slower``, ``faster``, ``no difference``, ``reference``, or :data:`UNKNOWN`."""
    network_ms: float | None
    """Its network in the runtime that all networks of the run share."""
    split: Split | None
    unsplit: str | None
    """Why there is no split."""
    peak_mib: int | None
    device_mib: int | None
    device_ms: float | None
    millijoules: float | None
    """A pass, idle power of the whole processor or device included."""


@dataclass(frozen=True)
class LatencyRange:
    """The entries of one architecture, timed in turns on one machine."""

    architecture: str
    title: str
    ratio: float
    """Slowest over fastest, of two zoos."""
    low: float
    high: float
    noise_floor: float
    """How far from 1 the reference's ratio to itself was."""
    least_difference: float
    """How far from 1 an interval must lie as a whole to be a difference; see :func:`least_difference`."""
    slowest: str
    fastest: str
    split: Split | None
    """Of the slowest over the fastest."""
    reference: str
    rounds: int
    sittings: int
    speaks: float | None
    """On a processor, the share of a participant's passes that a ratio is of, in the sitting that had fewest."""
    stopped: str
    machine: str
    batch: int
    threads: int
    device: str
    networks: str | None
    """The runtime that all networks shared."""
    same_input: bool
    """Whether all entries take images of one size; if not, a ratio also compares sizes."""
    energy_source: str | None
    entries: tuple[Timed, ...]
    warnings: tuple[Warned, ...]
    measurement: str
    record: str

    def as_dict(self) -> dict[str, Any]:
        """The range as JSON output shows it."""
        return asdict(self)


def rank(dataset: Dataset) -> list[LatencyRange]:
    """One run on a CPU of each architecture of the catalogue that two zoos took part in, largest ratio first.

    Of several runs the one with most zoos speaks, of equals the one with a split, of equals the newest.
    """
    chosen: dict[str, LatencyMeasurement] = {}
    for record in dataset.latency_measurements:  # oldest first
        if not record.samples or record.conditions.device != "cpu":
            continue
        if not _is_of_its_architecture(dataset, record) or _zoos(record) < 2:
            continue
        if record.architecture not in chosen or _standing(record) >= _standing(chosen[record.architecture]):
            chosen[record.architecture] = record
    ranges = [summarise(dataset, record) for record in chosen.values()]
    return sorted(ranges, key=lambda r: (-r.ratio, r.architecture))


def on_other_devices(dataset: Dataset) -> list[LatencyRange]:
    """The newest run of each architecture and batch on each other device, of each model of it."""
    chosen = {}
    for record in dataset.latency_measurements:  # oldest first
        conditions = record.conditions
        if record.samples and conditions.device != "cpu" and _is_of_its_architecture(dataset, record):
            device = conditions.device, _machine(dataset, record)
            chosen[record.architecture, device, conditions.batch, conditions.torch] = record
    return [summarise(dataset, record) for record in chosen.values()]


def _is_of_its_architecture(dataset: Dataset, record: LatencyMeasurement) -> bool:
    mapped = (dataset.architecture_of(participant.entry) for participant in record.participants)
    return all(found is not None and found.id == record.architecture for found in mapped)


def _zoos(record: LatencyMeasurement) -> int:
    return len({entry_zoo(participant.entry) for participant in record.participants})


def _standing(record: LatencyMeasurement) -> tuple[int, bool]:
    return _zoos(record), record.conditions.networks is not None


class _Run:
    """The ratios of one record."""

    def __init__(self, record: LatencyMeasurement) -> None:
        self.record = record
        self._taken = taken_of(record)
        seats = range(len(record.participants))
        self.models = [n for n in seats if not self.of(n).null and self.of(n).subject == "model"]
        self.null = null_seat(record.participants)
        self._networks = {self.of(n).digest: n for n in seats if self.of(n).subject == "network"}
        self.to_reference = ratios_to_reference(self._taken, self.null)

    def of(self, seat: int) -> Participant:
        return self.record.participants[seat]

    def workers(self, seat: int) -> list[int]:
        """The reference has two workers."""
        return [0, self.null] if seat == 0 else [seat]

    def network(self, seat: int) -> int | None:
        """The seat of an entry's network."""
        digest = self.of(seat).digest
        return None if digest is None else self._networks.get(digest)

    def split(self, a: int, b: int) -> tuple[Interval, Split | None]:
        """The ratio of two models, and what it is made of if both networks ran."""
        x, y = self.network(a), self.network(b)
        total = [(self.workers(a), self.workers(b))]
        if x is None or y is None:
            return self._ratios(total)[0], None
        if x == y:  # one network, so all of it is what its two frameworks do with it
            ratio = rest = self._ratios(total)[0]
            network = Interval(1.0, 1.0, 1.0, ratio.samples)
        else:
            frameworks = [(self.workers(a), [x]), ([y], self.workers(b))]
            ratio, network, rest = self._ratios(total, [([x], [y])], frameworks)
        product = network.value * rest.value
        holds = abs(product / ratio.value - 1) < ROUNDING
        if self.record.conditions.device != "cpu":
            holds = holds or ratio.low <= product <= ratio.high
        return ratio, Split(Ratio.of(network), Ratio.of(rest), round(product, 4), holds)

    def _ratios(self, *wanted: Factors) -> list[Interval]:
        return ratios(self._taken, wanted, self.null)


def summarise(dataset: Dataset, record: LatencyMeasurement) -> LatencyRange:
    """One run's ratios, judged against its own noise floor."""
    run = _Run(record)
    floor = abs(run.to_reference[run.null].value - 1)
    least = least_difference(floor, record.conditions.target_half_width)
    timed = tuple(_timed(run, seat, least) for seat in run.models)
    by_seat = dict(zip(run.models, timed, strict=True))
    ends = widest(run.models, lambda seat: entry_zoo(run.of(seat).entry), lambda seat: by_seat[seat].ratio)
    slow, fast = ends or (0, 0)
    spread, split = run.split(slow, fast)
    speaks = share_that_speaks(taken_of(record))
    known = dataset.architectures.get(record.architecture)
    return LatencyRange(
        architecture=record.architecture,
        title=known.title if known else record.architecture,
        ratio=round(spread.value, 4),
        low=round(spread.low, 4),
        high=round(spread.high, 4),
        noise_floor=round(floor, 4),
        least_difference=round(least, 4),
        slowest=run.of(slow).entry,
        fastest=run.of(fast).entry,
        split=split if slow != fast else None,
        reference=timed[0].entry,
        rounds=len(record.samples),
        sittings=len(record.sittings),
        speaks=None if speaks is None else round(speaks, 3),
        stopped=record.stopped,
        machine=_machine(dataset, record),
        batch=record.conditions.batch,
        threads=record.conditions.threads,
        device=record.conditions.device,
        networks=record.conditions.networks,
        same_input=len({t.input_size for t in timed}) == 1,
        energy_source=record.energy_source,
        entries=timed,
        warnings=tuple(warnings(record)),
        measurement=record.id,
        record=path_of(record).as_posix(),
    )


def _machine(dataset: Dataset, record: LatencyMeasurement) -> str:
    """The model of what computed."""
    environment = dataset.environments.get(record.environment)
    if environment is None:
        return "unknown"
    if record.conditions.device != "cpu" and environment.accelerators:
        return environment.accelerators[0].model
    return environment.processor.model


def _timed(run: _Run, seat: int, least: float) -> Timed:
    record, participant = run.record, run.of(seat)
    passes = _passes(record, seat)
    ratio = run.to_reference.get(seat, Interval(1.0, 1.0, 1.0, len(record.sittings)))
    network = run.network(seat)
    split = run.split(seat, 0)[1] if seat else None
    observed = [sitting.observed[seat] for sitting in record.sittings if sitting.observed]
    middle = median(passes)
    return Timed(
        entry=participant.entry,
        zoo=entry_zoo(participant.entry),
        runtime=participant.runtime,
        input_size=participant.input.height,
        median_ms=round(middle, 3),
        p90_ms=round(quantile(passes, 0.9), 3),
        p99_ms=round(quantile(passes, 0.99), 3),
        images_per_second=round(record.conditions.batch / middle * 1e3, 2),
        ratio=round(ratio.value, 4),
        low=round(ratio.low, 4),
        high=round(ratio.high, 4),
        verdict="reference" if seat == 0 else verdict(ratio, least) if len(record.sittings) > 1 else UNKNOWN,
        network_ms=None if network is None else round(median(_passes(record, network)), 3),
        split=split,
        unsplit=_unsplit(record, participant) if network is None else None,
        peak_mib=max((o.resident_mib for o in observed if o.resident_mib is not None), default=None),
        device_mib=max((o.device_mib for o in observed if o.device_mib is not None), default=None),
        device_ms=_device_ms([o.device_ns for o in observed if o.device_ns is not None]),
        millijoules=_energy([(o.joules, o.energy_passes) for o in observed]),
    )


def _passes(record: LatencyMeasurement, seat: int) -> list[float]:
    """Milliseconds of every pass of a participant."""
    return [nanoseconds / 1e6 for turns in record.samples for nanoseconds in turns[seat]]


def _unsplit(record: LatencyMeasurement, participant: Participant) -> str:
    if record.conditions.networks is None:
        return "networks were not timed in this run"
    for absent in record.missing:
        if absent.subject == "network" and absent.entry == participant.entry:
            return absent.missing.message
    return "its network was not timed"


def _device_ms(nanoseconds: Sequence[int]) -> float | None:
    return round(median(nanoseconds) / 1e6, 3) if nanoseconds else None


def _energy(counted: Sequence[tuple[float | None, int | None]]) -> float | None:
    joules = sum(j for j, passes in counted if j is not None and passes)
    passes = sum(p for j, p in counted if j is not None and p)
    return round(joules / passes * 1e3, 3) if passes else None


def least_difference(floor: float, target: float) -> float:
    """What a difference must exceed: the noise floor, and half of the half width that the run was asked for.

    One null ratio is one draw of noise and may lie near 1 by chance; a ratio known just as well as asked has a
    standard error of half its half width. What is smaller is also nothing to choose a zoo by: sixteen calls of a
    layer that does nothing are 0.3 % of timm's ResNet-18. Criterion.rs asks the same of an interval (its noise
    threshold, 1 %).
    """
    return max(floor, target / 2)


def verdict(ratio: Interval, least: float) -> str:
    """What a ratio says, given its run's :func:`least_difference`.

    The whole interval must lie beyond that. How well the noise floor itself is known is in the interval already, which
    is drawn to the spread of all pairs of a run.
    """
    if ratio.low > 1 + least:
        return "slower"
    if ratio.high < 1 - least:
        return "faster"
    return "no difference"
