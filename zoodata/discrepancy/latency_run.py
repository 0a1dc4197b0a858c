"""One latency run: its ratios, split into the networks' part and the frameworks', beside its noise floor."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal

import numpy as np

from zoodata.dataset.machines import Machine, is_cpu, machine_of
from zoodata.dataset.store import Dataset, path_of
from zoodata.discrepancy.networks import verdict_between
from zoodata.discrepancy.pairs import widest
from zoodata.discrepancy.warnings import RunWarning, samples_of, warnings
from zoodata.ratios import Product, RatioEstimate, ratios, ratios_to_reference, trim_fraction
from zoodata.records import LatencyMeasurement, Participant, entry_zoo
from zoodata.records.base import without_weights
from zoodata.records.latency import Dtype, milliseconds, repeat_of_reference

Verdict = Literal["slower", "faster", "no difference", "not known", "reference", "one session"]
"""What a ratio says. A single session gives no verdict: it cannot tell how much processes differ."""

SAME_COMPUTE = 1.02
"""Networks of one design whose multiply-accumulates differ by a larger factor do other work: ResNet-50 V1 and V1.5."""

ALIKE = 0.05
"""Times that differ by less are alike for a user: "no difference" is said where an interval rules more out."""

ROUNDING = 1e-9
"""How far a product of two numbers may be from a third by arithmetic."""


@dataclass(frozen=True)
class Ratio:
    """A ratio of two times with its 95 % interval."""

    value: float
    low: float | None
    """None where the run has a single session."""
    high: float | None

    @classmethod
    def of(cls, estimate: RatioEstimate) -> Ratio:
        """To four digits."""
        return cls(round(estimate.value, 4), _digits(estimate.low), _digits(estimate.high))


def _digits(bound: float | None) -> float | None:
    return None if bound is None else round(bound, 4)


@dataclass(frozen=True)
class Split:
    """Why one entry takes longer than another: its network, or what runs it.

    ``network`` compares both networks in one runtime; ``frameworks`` is what each framework adds to its own
    network, the one over the other. All three are of the same iterations: on a processor their product is exact.
    """

    network: Ratio
    frameworks: Ratio
    product: float
    """Of the two."""
    holds: bool
    """Whether the product is the ratio but for rounding, or on other devices, where each is a fit, in its interval."""


@dataclass(frozen=True)
class Unsplit:
    """Why a time is not split."""

    code: Literal["networks_not_timed", "network_missing", "network_not_timed"]
    message: str | None = None
    """The reason why the network could not take part."""


OtherWork = Literal["other_size", "other_design", "other_compute"]
"""Why an entry's time is not ranked with the others: it does other work."""


@dataclass(frozen=True)
class Timed:
    """One entry of a run, compared with the run's reference."""

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
    low: float | None
    """Of the 95 % interval; None where the run has a single session."""
    high: float | None
    verdict: Verdict
    network_ms: float | None
    """Its network in the runtime that all networks of the run share."""
    split: Split | None
    unsplit: Unsplit | None
    """Why there is no split."""
    other_work: OtherWork | None
    """Why it stands beside the others; None for those that are ranked."""
    peak_mib: int | None
    device_mib: int | None
    device_ms: float | None
    millijoules: float | None
    """Per forward pass, idle power of the whole processor or device included."""


@dataclass(frozen=True)
class LatencyRange:
    """The entries of one architecture, timed in interleaved rounds on one machine."""

    architecture: str
    title: str
    ratio: float
    """Slowest over fastest, of two zoos."""
    low: float | None
    high: float | None
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
    sessions: int
    trim_fraction: float | None
    """On a processor, the fraction of a participant's iterations whose mean is its time, in the session with fewest."""
    stopped: str
    machine: str
    batch: int
    dtype: Dtype
    torch: Literal["eager", "compiled"]
    threads: int
    device: str
    networks: str | None
    """The runtime that all networks shared."""
    same_input: bool
    """Whether all entries take images of one size."""
    is_ranked: bool
    """Whether two zoos' entries do the same work: one design and input size, like compute. If not, the ratio is of
    all."""
    energy_source: str | None
    entries: tuple[Timed, ...]
    warnings: tuple[RunWarning, ...]
    measurement: str
    record: str

    @property
    def on(self) -> Machine:
        """The machine, and what it did."""
        on_cpu = is_cpu(self.device)
        return Machine(self.machine, self.threads if on_cpu else 0, on_cpu, self.batch, self.dtype, self.torch)

    @property
    def is_difference(self) -> bool:
        """Whether the whole interval lies beyond the least difference; what is none, is ranked with no other."""
        return self.low is not None and self.low > 1 + self.least_difference


class RunRatios:
    """The ratios of one record."""

    def __init__(self, record: LatencyMeasurement) -> None:
        self.record = record
        self.samples = samples_of(record)
        everybody = range(len(record.participants))
        self.models = [n for n in everybody if not self.of(n).repeats_reference and self.of(n).subject == "model"]
        self.repeat = repeat_of_reference(record.participants)
        self._networks = {self.of(n).digest: n for n in everybody if self.of(n).subject == "network"}
        self.to_reference = ratios_to_reference(self.samples, self.repeat)

    def of(self, participant: int) -> Participant:
        """A participant by its number."""
        return self.record.participants[participant]

    def repeats(self, participant: int) -> list[int]:
        """The participants that run the same model: the reference has two."""
        return [0, self.repeat] if participant == 0 else [participant]

    def network(self, participant: int) -> int | None:
        """The participant that runs an entry's network."""
        digest = self.of(participant).digest
        return None if digest is None else self._networks.get(digest)

    def split(self, a: int, b: int) -> tuple[RatioEstimate, Split | None]:
        """The ratio of two models, and what it is made of if both networks ran."""
        x, y = self.network(a), self.network(b)
        total = [(self.repeats(a), self.repeats(b))]
        if x is None or y is None:
            return self._ratios(total)[0], None
        if x == y:  # one network, so all of the ratio is the frameworks'
            ratio = frameworks = self._ratios(total)[0]
            network = RatioEstimate(1.0, 1.0, 1.0, ratio.sessions)
        else:
            rest = [(self.repeats(a), [x]), ([y], self.repeats(b))]
            ratio, network, frameworks = self._ratios(total, [([x], [y])], rest)
        product = network.value * frameworks.value
        holds = abs(product / ratio.value - 1) < ROUNDING
        if self.record.conditions.device != "cpu" and ratio.low is not None and ratio.high is not None:
            holds = holds or ratio.low <= product <= ratio.high
        return ratio, Split(Ratio.of(network), Ratio.of(frameworks), round(product, 4), holds)

    def _ratios(self, *wanted: Product) -> list[RatioEstimate]:
        return ratios(self.samples, wanted, self.repeat)


def _other_work(dataset: Dataset, run: RunRatios) -> dict[int, OtherWork | None]:
    """Which models do other work: at another input size than most, or of another design than the first of that size,
    or with more or fewer multiply-accumulates than that."""
    sizes: dict[int, set[str]] = defaultdict(set)
    for model in run.models:
        sizes[run.of(model).input.height].add(entry_zoo(run.of(model).entry))
    usual = max(sizes, key=lambda size: (len(sizes[size]), -size), default=0)
    found: dict[int, OtherWork | None] = {}
    first: str | None = None
    for model in run.models:
        entry = run.of(model).entry
        if run.of(model).input.height != usual:
            found[model] = "other_size"
            continue
        first = first or entry
        if verdict_between(dataset, first, entry) == "structural":
            found[model] = "other_design"
        else:
            found[model] = None if _same_compute(dataset, first, entry) else "other_compute"
    return found


def _same_compute(dataset: Dataset, one: str, other: str) -> bool:
    """Whether two counted networks take as many multiply-accumulates; so does what is not counted."""
    known = dataset.architecture_outcomes
    counts = [outcome.result for entry in (one, other) if (outcome := known.get(without_weights(entry)))]
    macs = [count.macs for count in counts if count is not None and count.macs]
    return len(macs) < 2 or max(macs) <= SAME_COMPUTE * min(macs)


def summarise(dataset: Dataset, record: LatencyMeasurement) -> LatencyRange:
    """One run's ratios, judged against its own noise floor."""
    run = RunRatios(record)
    noise_floor = abs(run.to_reference[run.repeat].value - 1)
    least = least_difference(noise_floor, record.conditions.target_half_width)
    other = _other_work(dataset, run)
    timed = tuple(_timed(run, model, least, other[model]) for model in run.models)
    by_model = dict(zip(run.models, timed, strict=True))
    same = [model for model in run.models if other[model] is None]
    is_ranked = len({entry_zoo(run.of(model).entry) for model in same}) > 1
    ends = widest(
        same if is_ranked else run.models,
        lambda model: entry_zoo(run.of(model).entry),
        lambda model: by_model[model].ratio,
    )
    slow, fast = ends or (0, 0)
    ratio, split = run.split(slow, fast)
    fraction = trim_fraction(run.samples)
    known = dataset.architectures.get(record.architecture)
    return LatencyRange(
        architecture=record.architecture,
        title=known.title if known else record.architecture,
        ratio=round(ratio.value, 4),
        low=_digits(ratio.low),
        high=_digits(ratio.high),
        noise_floor=round(noise_floor, 4),
        least_difference=round(least, 4),
        slowest=run.of(slow).entry,
        fastest=run.of(fast).entry,
        split=split if slow != fast else None,
        reference=timed[0].entry,
        rounds=len(record.samples),
        sessions=len(record.sessions),
        trim_fraction=None if fraction is None else round(fraction, 3),
        stopped=record.stopped,
        machine=machine_of(record, dataset.environments.get(record.environment)).model,
        batch=record.conditions.batch,
        dtype=record.conditions.dtype,
        torch=record.conditions.torch,
        threads=record.conditions.threads,
        device=record.conditions.device,
        networks=record.conditions.networks,
        is_ranked=is_ranked,
        same_input=len({t.input_size for t in timed}) == 1,
        energy_source=record.energy_source,
        entries=timed,
        warnings=tuple(warnings(record, dataset)),
        measurement=record.id,
        record=path_of(record).as_posix(),
    )


def _timed(run: RunRatios, model: int, least: float, other: OtherWork | None) -> Timed:
    record, participant = run.record, run.of(model)
    times = milliseconds(record, model)
    ratio = run.to_reference.get(model, RatioEstimate(1.0, 1.0, 1.0, len(record.sessions)))
    network = run.network(model)
    split = run.split(model, 0)[1] if model else None
    observed = [session.observed[model] for session in record.sessions if session.observed]
    middle = median(times)
    p90, p99 = (float(each) for each in np.quantile(times, (0.9, 0.99)))
    return Timed(
        entry=participant.entry,
        zoo=entry_zoo(participant.entry),
        runtime=participant.runtime,
        input_size=participant.input.height,
        median_ms=round(middle, 3),
        p90_ms=round(p90, 3),
        p99_ms=round(p99, 3),
        images_per_second=round(record.conditions.batch / middle * 1e3, 2),
        ratio=round(ratio.value, 4),
        low=_digits(ratio.low),
        high=_digits(ratio.high),
        verdict="reference" if model == 0 else verdict(ratio, least),
        network_ms=None if network is None else round(median(milliseconds(record, network)), 3),
        split=split,
        unsplit=_unsplit(record, participant) if network is None else None,
        other_work=other,
        peak_mib=max((o.resident_mib for o in observed if o.resident_mib is not None), default=None),
        device_mib=max((o.device_mib for o in observed if o.device_mib is not None), default=None),
        device_ms=_device_ms([o.device_ns for o in observed if o.device_ns is not None]),
        millijoules=_energy([(o.joules, o.energy_iterations) for o in observed]),
    )


def _unsplit(record: LatencyMeasurement, participant: Participant) -> Unsplit:
    if record.conditions.networks is None:
        return Unsplit("networks_not_timed")
    for absent in record.missing:
        if absent.subject == "network" and absent.entry == participant.entry:
            return Unsplit("network_missing", absent.missing.message)
    return Unsplit("network_not_timed")


def _device_ms(nanoseconds: Sequence[int]) -> float | None:
    return round(median(nanoseconds) / 1e6, 3) if nanoseconds else None


def _energy(counted: Sequence[tuple[float | None, int | None]]) -> float | None:
    joules = sum(j for j, iterations in counted if j is not None and iterations)
    iterations = sum(n for j, n in counted if j is not None and n)
    return round(joules / iterations * 1e3, 3) if iterations else None


def least_difference(noise_floor: float, target: float) -> float:
    """What a difference must exceed: the noise floor, and half of the half width that the run was asked for.

    One A/A ratio is one draw of noise and may lie near 1 by coincidence; a ratio known just as well as asked has a
    standard error of half its half width. Criterion.rs asks the same of an interval (its noise threshold, 1 %).
    """
    return max(noise_floor, target / 2)


def verdict(ratio: RatioEstimate, least: float) -> Verdict:
    """What a ratio says, given its run's :func:`least_difference`: for a difference the whole interval must lie beyond
    that, for none within :data:`ALIKE`. An interval that is too wide for either says nothing."""
    if ratio.low is None or ratio.high is None:
        return "one session"
    if ratio.low > 1 + least:
        return "slower"
    if ratio.high < 1 - least:
        return "faster"
    alike = max(ALIKE, least)
    return "no difference" if 1 - alike <= ratio.low and ratio.high <= 1 + alike else "not known"
