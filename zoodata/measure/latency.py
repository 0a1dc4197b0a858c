"""The latency measurement: entries in interleaved rounds, so that a ratio holds on a noisy machine.

Each entry lives in a worker process of its own. In a round every worker has one repetition, in random order, while the
others are stopped. Ratios are of one run, never of one run and another. Consecutive rounds form a session; every
session has new processes, because where a process lies in memory changes its speed. The reference takes part twice:
the two are the A/A pair, whose ratio is the noise floor. Besides the entries, their networks can run in one common
runtime, which splits a ratio into the networks' part and the frameworks'.
"""

from __future__ import annotations

import random
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from zoodata.environments import folders
from zoodata.isolation import WorkerFailed, can_disable_aslr, can_stop, scratch_folder
from zoodata.measure import watching
from zoodata.measure.host import Host, torch_first
from zoodata.measure.participants import PlannedParticipant, TimedWorker, Workers, start_workers
from zoodata.measure.session import (
    REPETITION_SECONDS,
    Round,
    Say,
    WorkerLost,
    close,
    cpu_times,
    run_session,
    wall_times,
)
from zoodata.measure.timer import can_keep_memory, can_raise_priority, sets_cpu_affinity
from zoodata.ratios import Samples, ratios_to_reference
from zoodata.records import Environment, LatencyMeasurement, MissingParticipant, Participant, entry_zoo
from zoodata.records.latency import Dtype, LatencyConditions, Session, Stopped, repeat_of_reference
from zoodata.records.measurement import timestamp
from zoodata.zoos import registry

MEMORY_SHIFTS = 2**15
"""Pages by which memory may be shifted: 128 MiB, which is sixty-four large pages."""


class CannotTime(Exception):
    """Latency cannot be measured on this system."""


def check_system() -> None:
    """Refuse a system without the instruments of a timed worker.

    Raises:
        CannotTime: with the systems that have them.
    """
    if sys.platform == "win32":
        raise CannotTime("latency is measured on Linux and macOS; on Windows use WSL")


@dataclass
class _LatencyRun:
    """A run under way."""

    conditions: LatencyConditions
    workers: Workers
    say: Say
    participants: tuple[Participant, ...] = ()
    rounds: list[Round] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)
    missing: list[MissingParticipant] = field(default_factory=list)
    building_seconds: float = 0.0
    """The time that starting the next session's processes has taken so far."""
    memory_shift: int | None = None
    """Of the session's processes, in pages; None with ASLR on."""

    def draw_memory_shift(self, generator: random.Random) -> None:
        """Draw the shift of the next session's processes, the same for all of them."""
        self.memory_shift = generator.randrange(MEMORY_SHIFTS) if self.conditions.aslr == "off" else None

    def start(self, planned: Sequence[PlannedParticipant], meter: watching.Meter | None) -> list[TimedWorker]:
        """The workers that could be built; the other participants are recorded as missing."""
        clock = time.monotonic()
        workers, failed = start_workers(planned, self.conditions, self.workers, meter, self.memory_shift)
        self.building_seconds += time.monotonic() - clock
        self.missing += [one.missing(error) for one, error in failed]
        return workers


def measure(
    entries: Sequence[str],
    architecture: str,
    environment: Environment,
    conditions: LatencyConditions,
    workers: Workers,
    progress: Say = lambda message: None,
) -> LatencyMeasurement:
    """Time entries against the first of them.

    An entry that cannot take part is recorded with its reason; the first that can becomes the reference.

    Raises:
        CannotTime: on a system without the instruments.
    """
    check_system()
    started = datetime.now(UTC)
    run = _LatencyRun(conditions, workers, progress)
    instruments = watching.gpu(conditions.device)
    meter, source = watching.energy(conditions.device, instruments)
    folder = scratch_folder("networks")
    try:
        stopped = _run_sessions(run, entries, folder, instruments, meter)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return LatencyMeasurement.seal(
        architecture=architecture,
        started_at=timestamp(started),
        conditions=conditions,
        environment=environment.id,
        participants=run.participants,
        unit="ns",
        samples=_frozen(wall_times(run.rounds)),
        cpu_us=_frozen(cpu_times(run.rounds)) or None,
        sessions=tuple(run.sessions),
        stopped=stopped,
        energy_source=source if run.rounds else None,
        missing=tuple(run.missing),
    )


def _frozen(rounds: list[list[list[int]]]) -> tuple[tuple[tuple[int, ...], ...], ...]:
    return tuple(tuple(tuple(iterations) for iterations in one) for one in rounds)


def _run_sessions(
    run: _LatencyRun,
    entries: Sequence[str],
    folder: Path,
    instruments: watching.Gpu | None,
    meter: watching.Meter | None,
) -> Stopped:
    """Run sessions until every ratio is known to the target, time is up, or a worker is lost."""
    conditions = run.conditions
    order = random.Random(conditions.seed)  # noqa: S311  (an order of participants, not a secret)
    end = time.monotonic() + conditions.time_limit_seconds
    run.draw_memory_shift(order)
    workers = _first_workers(run, entries, folder, meter)
    if not workers:
        return "too_few_participants"
    planned = [worker.planned for worker in workers]
    while True:
        number = len(run.sessions) + 1
        try:
            if number > 1:
                run.say(f"session {number}: building")
                run.draw_memory_shift(order)
                workers = run.start(planned, meter)
                if len(workers) < len(planned):
                    close(workers)
                    return "worker_lost"
            _add_session(run, workers, order, instruments)
        except WorkerLost as lost:
            run.missing.append(lost.planned.missing(lost.error))
            return "worker_lost" if run.sessions else "too_few_participants"
        if number < conditions.min_sessions:
            continue
        widest = widest_interval(run.rounds, run.sessions, run.participants, conditions.device)
        run.say(f"session {number}: every ratio known to ±{widest:.1%}")
        if widest <= conditions.target_half_width:
            return "interval"
        if time.monotonic() >= end:
            return "time"


def _add_session(
    run: _LatencyRun, workers: Sequence[TimedWorker], order: random.Random, instruments: watching.Gpu | None
) -> None:
    number, building = len(run.sessions) + 1, run.building_seconds
    run.building_seconds = 0.0
    settled: list[int | None] = [participant.iterations for participant in run.participants]
    outcome = run_session(
        workers,
        settled or [None] * len(workers),
        run.conditions,
        order,
        building,
        instruments,
        lambda what: run.say(f"session {number}: {what}"),
    )
    run.participants = outcome.participants
    run.rounds += outcome.rounds
    run.sessions.append(outcome.session)


def _first_workers(
    run: _LatencyRun, entries: Sequence[str], folder: Path, meter: watching.Meter | None
) -> list[TimedWorker]:
    """The first session's workers: the models that can be built, the reference again, the networks.

    Empty without a pair.
    """
    run.say(f"building {', '.join(entries)}")
    models = run.start([PlannedParticipant(entry, modules=_modules(entry, entries)) for entry in entries], meter)
    if len(models) < 2:
        close(models)
        return []
    try:
        planned = [worker.planned for worker in models]
        networks = _networks(run, [one.entry for one in planned], folder) if run.conditions.networks else []
        digests = {one.entry: one.digest for one in networks}
        for worker in models:
            worker.planned = replace(worker.planned, digest=digests.get(worker.planned.entry))
        run.say(f"building {planned[0].entry} again, for the A/A pair")
        unique: dict[str | None, PlannedParticipant] = {}
        for one in networks:
            unique.setdefault(one.digest, one)
        repeat = replace(models[0].planned, repeats_reference=True)
        others = run.start([repeat, *unique.values()], meter)
    except BaseException:
        close(models)
        raise
    if not others or not others[0].planned.repeats_reference:  # without it there is no noise floor
        close([*models, *others])
        return []
    return [*models, *others]


def _modules(entry: str, entries: Sequence[str]) -> tuple[str, ...]:
    """The modules of all zoos of the run that share the entry's framework, in one order for all of them."""
    zoos, found = {name: registry.get(name) for name in map(entry_zoo, entries)}, registry.folders_of(entries)
    mine = zoos[entry_zoo(entry)].extra
    modules = {module for zoo in zoos.values() if zoo.extra == mine for module in zoo.modules}
    return tuple(sorted(module for module in modules if folders.has_module(module, found)))


def _networks(run: _LatencyRun, entries: Sequence[str], folder: Path) -> list[PlannedParticipant]:
    """The entries' networks, written as files for the common runtime; one file for all of one digest."""
    conditions, written = run.conditions, []
    assert conditions.networks is not None, "asked for"
    if conditions.batch != 1 or conditions.dtype != "float32":
        why = "the batch is larger" if conditions.batch != 1 else f"this run is in {conditions.dtype}"
        refusal = WorkerFailed("cannot_be_built", f"networks run one image in float32; {why}")
        run.missing += [PlannedParticipant(entry, subject="network").missing(refusal) for entry in entries]
        return []
    run.say("reading networks")
    files: dict[str, str] = {}
    modules = ("zoodata.runtimes.executed", conditions.networks)
    with run.workers.reading(folder) as worker:
        for number, entry in enumerate(torch_first(entries)):
            path = folder / f"{number}"
            planned = PlannedParticipant(entry, subject="network", modules=modules, file=str(path))
            try:
                digest = worker.call(
                    run.workers.seconds, Host.write_network, entry, str(path), conditions.networks, conditions.seed
                )
            except WorkerFailed as error:
                run.missing.append(planned.missing(error))
                if not worker.alive:
                    break
                continue
            file = files.setdefault(digest, str(path))
            if file != str(path):
                path.unlink()
            written.append(replace(planned, digest=digest, file=file))
    ordered = {one.entry: one for one in written}
    return [ordered[entry] for entry in entries if entry in ordered]


def widest_interval(
    rounds: Sequence[Round], sessions: Sequence[Session], participants: Sequence[Participant], device: str
) -> float:
    """The largest relative half width among the ratios of all participants to the reference, the A/A pair included.

    Without the A/A pair a run would stop as soon as one interval happens to be narrow. Infinite with one session.
    """
    samples = Samples(wall_times(rounds), [session.rounds for session in sessions], device)
    return max(each.half_width for each in ratios_to_reference(samples, repeat_of_reference(participants)).values())


def conditions_for(
    batch: int, device: str, threads: int, target: float, time_limit: float, seed: int, *,
    sessions: int = 3, networks: Literal["onnxruntime", "torch"] | None = None, compiled: bool = False,
    dtype: Dtype = "float32",
) -> LatencyConditions:  # fmt: skip
    """The conditions of a run with this build's own choices filled in."""
    return LatencyConditions(
        batch=batch,
        dtype=dtype,
        device=device,
        threads=threads,
        repetition_seconds=REPETITION_SECONDS,
        torch="compiled" if compiled else "eager",
        networks=networks,
        idle_workers="stopped" if can_stop() else "running",
        keeps_memory=can_keep_memory(),
        aslr="off" if can_disable_aslr() else "on",
        cpu_affinity=sets_cpu_affinity(device),
        seeded_weights=True,
        priority="raised" if can_raise_priority() else "normal",
        min_sessions=sessions,
        target_half_width=target,
        time_limit_seconds=time_limit,
        seed=seed,
    )
