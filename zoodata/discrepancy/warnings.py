"""What to doubt about a latency run, each with the next step. Thresholds are here; records hold what was seen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

from zoodata.records import LatencyMeasurement
from zoodata.records.latency import null_seat
from zoodata.turns import Taken, share_that_speaks
from zoodata.turns.passes import processors, share_undisturbed, sitting_cuts

BUSY_CORES = 0.1
"""Load of other programs, in cores, from which a machine counts as loaded."""

STOLEN_CORES = 0.05
DRIFT = 0.1
"""Change of the reference's time between the first and the second half of a sitting's rounds."""

CLOCK_SPREAD = 0.1
"""Difference of the device's lowest and highest clock in a sitting."""

FEWEST_SITTINGS = 3
MOST_SPEAK = 0.2
"""Share of a participant's passes from which on a ratio is hardly one of its fastest."""

FEWEST_UNDISTURBED = 0.5
"""Share of a participant's passes; where no other program ran, two in three and more were undisturbed."""


@dataclass(frozen=True)
class Warned:
    """A reason for doubt and what to do about it."""

    kind: str
    text: str
    advice: str


def taken_of(record: LatencyMeasurement) -> Taken:
    """The passes of a record, as ratios are read from them."""
    return Taken(record.samples, [sitting.rounds for sitting in record.sittings], record.conditions.device)


def warnings(record: LatencyMeasurement) -> Iterator[Warned]:
    """Everything about this run that pyperf would warn of."""
    if not record.samples:
        return
    if len(record.sittings) < FEWEST_SITTINGS:
        yield Warned(
            "few_sittings",
            f"{len(record.sittings)} set{'s' if len(record.sittings) > 1 else ''} of processes: how much processes "
            "differ among themselves is hardly known",
            "let it run longer: without --quick, or with a larger --time-limit",
        )
    speaks = share_that_speaks(taken_of(record))
    if speaks is not None and speaks > MOST_SPEAK:
        yield Warned(
            "few_passes",
            f"a sitting had so few passes of a model that the fastest {speaks:.0%} speak for it: what others did to "
            "the machine is in them",
            "let it run longer: without --quick, or with a larger --time-limit",
        )
    if record.stopped == "time":
        yield Warned(
            "time_limit",
            f"time was up before every ratio was known to ±{record.conditions.target_half_width:.1%}",
            "raise --time-limit, or accept the interval that is shown",
        )
    if record.stopped == "worker_lost":
        yield Warned("worker_lost", "a worker died in a later sitting, which ended the run", "see what is missing")
    if not record.conditions.keeps_memory and record.conditions.device == "cpu":
        yield Warned(
            "allocator",
            "its processes may have given a pass's memory back to the system, which now and then makes one a few "
            "percent slower for as long as it lives",
            "run it again, on a system with glibc",
        )
    yield from _machine(record)
    yield from _device(record)
    unsteady = sorted(
        {
            participant.entry
            for sitting in record.sittings
            for participant, seen in zip(record.participants, sitting.observed, strict=False)
            if not seen.steady
        }
    )
    if unsteady:
        yield Warned(
            "unsteady",
            f"still changing speed when the warm-up ended: {', '.join(unsteady)}",
            "run it again on a quiet machine; if it stays, the model is faster or slower by turns",
        )


def _machine(record: LatencyMeasurement) -> Iterator[Warned]:
    load = max((s.other_load for s in record.sittings if s.other_load is not None), default=0.0)
    if load > BUSY_CORES:
        yield Warned(
            "loaded", f"other programs kept {load:.1f} cores busy", "stop them, or give fewer --threads than cores"
        )
    stolen = max((s.stolen for s in record.sittings if s.stolen is not None), default=0.0)
    if stolen > STOLEN_CORES:
        yield Warned(
            "stolen", f"the host took {stolen:.2f} cores from this virtual machine", "use a machine that is not shared"
        )
    least = min(_shares_undisturbed(record), default=1.0)
    if least < FEWEST_UNDISTURBED:
        yield Warned(
            "disturbed",
            f"{1 - least:.0%} of a model's passes in a sitting had less of the processors than its others",
            "stop other programs, or run as root, which lets the timed processes go before them",
        )
    drift = max(_drifts(record), key=lambda d: abs(d - 1), default=1.0)
    if abs(drift - 1) > DRIFT:
        yield Warned(
            "drift",
            f"within a sitting the reference became {abs(drift - 1):.0%} {'slower' if drift > 1 else 'faster'}",
            "let the machine cool down, fix its clock (cpupower frequency-set), and run again",
        )


def _device(record: LatencyMeasurement) -> Iterator[Warned]:
    clocks = [s.device_clock_mhz for s in record.sittings if s.device_clock_mhz is not None]
    if clocks:
        low, high = min(c[0] for c in clocks), max(c[1] for c in clocks)
        if low < high * (1 - CLOCK_SPREAD):
            yield Warned(
                "clock", f"the device's clock went from {low} to {high} MHz", "lock it (nvidia-smi -lgc) and run again"
            )
    others = max((s.other_device_processes for s in record.sittings if s.other_device_processes is not None), default=0)
    if others:
        yield Warned("shared_device", f"{others} other processes computed on the device", "stop them and run again")
    twins = next((pair for pair in _reference_mib(record) if pair[0] != pair[1]), None)
    if twins:
        yield Warned(
            "unlike_twins",
            f"the reference's two processes took {twins[0]} and {twins[1]} MiB of the device's memory: one model, "
            "computed in two ways, as where a library picks algorithms by the memory that is left",
            "give a smaller --batch, and judge ratios by the noise floor",
        )


def _reference_mib(record: LatencyMeasurement) -> Iterator[tuple[int, int]]:
    """In each sitting, the device's memory that the reference and its null pair took at most."""
    null = null_seat(record.participants)
    for sitting in record.sittings:
        if sitting.observed:
            first, second = sitting.observed[0].device_mib, sitting.observed[null].device_mib
            if first is not None and second is not None:
                yield first, second


def _drifts(record: LatencyMeasurement) -> Iterator[float]:
    """How the reference's time changed within each sitting."""
    for cut in _cuts(record):
        fastest = [min(turns[0]) for turns in record.samples[cut]]
        half = len(fastest) // 2
        if half >= 2:
            yield median(fastest[-half:]) / median(fastest[:half])


def _shares_undisturbed(record: LatencyMeasurement) -> Iterator[float]:
    """Of each participant in each sitting; nothing where processor time was not counted."""
    if record.cpu_us is not None and record.conditions.device == "cpu":
        had = processors(record.samples, record.cpu_us)
        for cut in _cuts(record):
            yield from share_undisturbed(record.samples[cut], record.cpu_us[cut], had)


def _cuts(record: LatencyMeasurement) -> list[slice]:
    return sitting_cuts(taken_of(record).rounds)
