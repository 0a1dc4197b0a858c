"""Latency runs: times that clocks, machines and networks permit, distinct participants, ratios like others' ones."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np
import numpy.typing as npt

from zoodata.dataset.checks.doubt import Doubt, within
from zoodata.dataset.checks.measurements import entries_known, network_known, of_architecture, run_known, weights_known
from zoodata.dataset.checks.world import Read, World
from zoodata.dataset.machines import is_cpu, machine_of
from zoodata.records import Environment, LatencyMeasurement, Participant, WaysMeasurement
from zoodata.records.base import without_weights
from zoodata.records.latency import TimedRun, repeat_of_reference

LEAST_NANOSECONDS = 1_000
"""A call of a framework takes longer than this, whatever it computes."""

MACS_PER_CORE, MACS_PER_DEVICE = 4e11, 4e15
"""Most multiply-accumulates a second: of one core (two units of 512 bits at 6 GHz make 2e11), of an accelerator."""

OVERRUN_SECONDS, OVERRUN = 600.0, 3.0
"""How much longer than its limit a run may take: the last session is never cut off."""

AA_RANGE = 1.5
"""One entry's two processes differ by no more than this; more is no pair of one entry."""

CPU_TIME_EXCESS, CPU_TICK_US = 1.3, 20_000
"""Processor time is counted in ticks, and may be counted a little late."""

APART = 1.5
"""A ratio so many times another run's of the same machine and entries is looked at by a maintainer."""

APART_FROM_MACS = 30.0
"""A ratio of times so many times the ratio of the networks' work is looked at by a maintainer."""

Times = npt.NDArray[np.int64]

RUNTIME = re.compile(r"[A-Za-z][A-Za-z0-9 ._+-]{0,60}")

MOST_WATTS = 20_000.0

MOST_READY_SECONDS = 24 * 3_600.0
"""Until a way's first answer: compiling takes minutes."""


def check_ways(record: WaysMeasurement, world: World, item: Read) -> Iterator[Doubt]:
    """Everything about a run of one entry's ways that cannot be."""
    yield from entries_known([("entry", record.entry)], world, item)
    yield from run_known(record, world, item)
    yield from weights_known(record.entry, "entry", world)
    yield from _conditions(record, world)
    for number, participant in enumerate(record.participants):
        yield from _participant(number, participant, world, item)
        field = f"participants[{number}]"
        yield from within(f"{field}.ready_seconds", participant.ready_seconds, 0, MOST_READY_SECONDS, "seconds")
    yield from _timed(record, world)


def check(record: LatencyMeasurement, world: World, item: Read) -> Iterator[Doubt]:
    """Everything about a run that cannot be, or is far from what others measured."""
    yield from entries_known(_asked(record), world, item)
    yield from run_known(record, world, item)
    yield from islice(of_architecture(record.architecture, _asked(record), world), 1)
    yield from _conditions(record, world)
    yield from _distinct(record, world, item)
    yield from _timed(record, world)
    environment = world.environments.get(record.environment)
    if record.samples and environment is not None and record.id not in world.superseded:
        yield from _like_others(record, environment, world)


def _timed(record: TimedRun, world: World) -> Iterator[Doubt]:
    """What was timed and observed, on the machine that it was."""
    environment = world.environments.get(record.environment)
    if record.samples and environment is not None:
        times = _times_of(record)
        yield from _times(record, times, environment, world)
        yield from _processor_time(record, times, environment)
        yield from _observed(record, times, environment)


def _asked(record: LatencyMeasurement) -> list[tuple[str, str]]:
    """Everyone who was asked to take part, with the field that names them."""
    taken = [(f"participants[{n}].entry", p.entry) for n, p in enumerate(record.participants)]
    return taken + [(f"missing[{n}].entry", m.entry) for n, m in enumerate(record.missing)]


def _conditions(record: TimedRun, world: World) -> Iterator[Doubt]:
    conditions = record.conditions
    yield from within("conditions.time_limit_seconds", conditions.time_limit_seconds, 0.1, 7 * 86_400)
    yield from within("conditions.repetition_seconds", conditions.repetition_seconds, 1e-3, 3_600)
    yield from within("conditions.target_half_width", conditions.target_half_width, 1e-5, 1)
    if record.stopped in ("interval", "time") and len(record.sessions) < conditions.min_sessions:
        yield Doubt("E025", "sessions", f"are {len(record.sessions)}; the run was to have {conditions.min_sessions}")
    if record.stopped == "time":
        target = conditions.target_half_width
        yield Doubt("W103", "stopped", f"time was up before every interval was within ±{target:.1%}")
    environment = world.environments.get(record.environment)
    if environment is not None and not is_cpu(record.conditions.device) and not environment.accelerators:
        yield Doubt("E025", "conditions.device", f"is {conditions.device}, and the environment has no accelerator")


def _distinct(record: LatencyMeasurement, world: World, item: Read) -> Iterator[Doubt]:
    names = Counter((p.entry, p.subject) for p in record.participants if not p.repeats_reference)
    for (entry, subject), times in names.items():
        if times > 1:
            yield Doubt("E038", "participants", f"the {subject} of {entry} takes part {times} times")
    for number, participant in enumerate(record.participants):
        yield from _participant(number, participant, world, item)


def _participant(number: int, participant: Participant, world: World, item: Read) -> Iterator[Doubt]:
    yield from network_known(f"participants[{number}].digest", participant.digest, world, item)
    if not RUNTIME.fullmatch(participant.runtime):
        yield Doubt("E008", f"participants[{number}].runtime", f"is {participant.runtime[:40]!r}, no word")
    counted = world.architecture_measurements.get(without_weights(participant.entry), ())
    channels = {each.result.input.channels for each in counted if each.result is not None}
    if channels and participant.input.channels not in channels:
        yield Doubt("E025", f"participants[{number}].input.channels", f"is {participant.input.channels}")


def _times(record: TimedRun, times: Sequence[Times], environment: Environment, world: World) -> Iterator[Doubt]:
    total = sum(float(each.sum()) for each in times) / 1e9
    longest = OVERRUN * record.conditions.time_limit_seconds + OVERRUN_SECONDS
    if total > longest:
        yield Doubt(
            "E025", "samples", f"last {total:,.0f} s; the run's limit was {record.conditions.time_limit_seconds:,.0f} s"
        )
    cores = environment.processor.logical_cores
    most = MACS_PER_CORE * cores if is_cpu(record.conditions.device) else MACS_PER_DEVICE
    for number, (participant, own) in enumerate(zip(record.participants, times, strict=True)):
        field = f"samples[*][{number}]"
        if own.min() < LEAST_NANOSECONDS:
            yield Doubt("E025", field, f"holds {own.min():,} ns, less than any call takes")
        if len(own) >= 10 and len(np.unique(own)) < 3:
            yield Doubt("E025", field, "holds one number again and again, which no clock shows")
        macs = _macs(participant.entry, participant.input.height, world)
        speed = record.conditions.batch * macs * 1e9 / float(np.median(own)) if macs else 0.0
        if speed > most:
            yield Doubt("E025", field, f"would be {speed:.1e} multiply-accumulates a second on {cores} cores")
    twice = times[repeat_of_reference(record.participants)]
    pair = float(np.median(twice) / np.median(times[0]))
    if not 1 / AA_RANGE <= pair <= AA_RANGE:
        yield Doubt("E025", "participants", f"the A/A pair differs by a factor of {pair:.2f}: not one entry twice")


def _times_of(record: TimedRun) -> list[Times]:
    """The time of every iteration of each participant."""
    return [_joined(record.samples, number) for number in range(len(record.participants))]


def _joined(rounds: Sequence[Sequence[Sequence[int]]], participant: int) -> Times:
    return np.concatenate([np.asarray(one[participant], dtype=np.int64) for one in rounds])


def _macs(entry: str, height: int, world: World) -> int | None:
    """Multiply-accumulates of an entry at an image height, where they were counted."""
    counted = world.architecture_measurements.get(without_weights(entry), ())
    return next((r.result.macs for r in counted if r.result and r.result.input.height == height), None)


def _processor_time(record: TimedRun, times: Sequence[Times], environment: Environment) -> Iterator[Doubt]:
    if record.cpu_us is None:
        return
    cores = environment.processor.logical_cores
    for number, own in enumerate(times):
        spent = _joined(record.cpu_us, number)
        if (spent > own / 1e3 * cores * CPU_TIME_EXCESS + CPU_TICK_US).any():
            yield Doubt("E025", f"cpu_us[*][{number}]", f"is more processor time than {cores} cores have")
        if is_cpu(record.conditions.device) and len(spent) >= 10 and not spent.any():
            yield Doubt("E025", f"cpu_us[*][{number}]", "is nothing at all, on a processor")


def _observed(record: TimedRun, times: Sequence[Times], environment: Environment) -> Iterator[Doubt]:
    medians = [float(np.median(own)) for own in times]
    cores, memory = environment.processor.logical_cores, environment.memory_mib
    device_memory = max((each.memory_mib for each in environment.accelerators), default=0)
    for number, session in enumerate(record.sessions):
        field = f"sessions[{number}]"
        yield from within(f"{field}.other_load", session.other_load, 0, cores * 1.1 + 0.5, "cores")
        yield from within(f"{field}.stolen", session.stolen, 0, cores * 1.1 + 0.5, "cores")
        for place, seen in enumerate(session.observed):
            own = f"{field}.observed[{place}]"
            yield from within(f"{own}.warm_up_seconds", seen.warm_up_seconds, 0, 3_600, "seconds")
            yield from within(f"{own}.resident_mib", seen.resident_mib, 1, memory, "MiB")
            if seen.device_mib:
                yield from within(f"{own}.device_mib", seen.device_mib, 0, device_memory, "MiB")
            median = medians[place]
            if seen.device_ns is not None and seen.device_ns > 3 * median:
                yield Doubt("E025", f"{own}.device_ns", f"is {seen.device_ns:,}; an iteration took {median:,.0f} ns")
            if seen.joules is not None and seen.energy_iterations:
                watts = seen.joules / (seen.energy_iterations * median / 1e9)
                yield from within(f"{own}.joules", watts, 0, MOST_WATTS, "watts")


def _like_others(record: LatencyMeasurement, environment: Environment, world: World) -> Iterator[Doubt]:
    """Ratios to the reference beside those of other runs of the same machine, and beside the networks' work."""
    ratios = _ratios(record)
    reference = record.participants[0]
    base = _macs(reference.entry, reference.input.height, world)
    machine = machine_of(record, environment)
    for other in world.latencies:
        known = world.environments.get(other.environment)
        if other.id == record.id or known is None or not other.samples or machine_of(other, known) != machine:
            continue
        if other.participants[0].entry != reference.entry:
            continue
        theirs = _ratios(other)
        for entry, ratio in ratios.items():
            if entry in theirs and not _near(ratio, theirs[entry], APART):
                yield Doubt(
                    "W105",
                    "samples",
                    f"{entry} takes {ratio:.2f} of the reference's time; {other.id[:16]}… says {theirs[entry]:.2f}",
                )
    models = (each for each in record.participants if each.subject == "model" and each.entry in ratios)
    for participant in models:
        macs, taken = _macs(participant.entry, participant.input.height, world), ratios[participant.entry]
        if macs and base and not _near(taken, macs / base, APART_FROM_MACS):
            yield Doubt(
                "W105",
                "samples",
                f"{participant.entry} takes {taken:.2f} of the reference's time for {macs / base:.2f} of its work",
            )


def _near(a: float, b: float, factor: float) -> bool:
    return 1 / factor <= a / b <= factor


def _ratios(record: TimedRun) -> dict[str, float]:
    """Entry to its median over the reference's."""
    medians = [float(np.median(own)) for own in _times_of(record)]
    return {
        participant.entry: median / medians[0]
        for median, participant in zip(medians, record.participants, strict=True)
        if participant.subject == "model" and not participant.repeats_reference
    }
