"""A timed run: participants in interleaved rounds, over sessions with new processes, until their ratios are known.

Each participant lives in a worker process of its own. In a round every worker has one repetition, in random order,
while the others are stopped. Consecutive rounds form a session; every session has new processes, because where a
process lies in memory changes its speed. What takes part is the caller's: :mod:`zoodata.measure.latency` times entries
against each other, :mod:`zoodata.measure.ways` one entry against itself.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from zoodata.isolation import can_disable_aslr, can_stop
from zoodata.measure import watching
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
from zoodata.records import Environment, MissingParticipant, Participant
from zoodata.records.latency import Dtype, LatencyConditions, Session, Stopped, repeat_of_reference
from zoodata.records.measurement import timestamp

MEMORY_SHIFTS = 2**15
"""Pages by which memory may be shifted: 128 MiB, which is sixty-four large pages."""


class CannotTime(Exception):
    """Time cannot be measured on this system."""


def check_system() -> None:
    """Refuse a system without the instruments of a timed worker.

    Raises:
        CannotTime: with the systems that have them.
    """
    if sys.platform == "win32":
        raise CannotTime("time is measured on Linux and macOS; on Windows use WSL")


@dataclass
class Run:
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


def run_sessions(
    run: Run,
    first: Callable[[watching.Meter | None], list[TimedWorker]],
    instruments: watching.Gpu | None,
    meter: watching.Meter | None,
) -> Stopped:
    """Run sessions until every ratio is known to the target, time is up, or a worker is lost.

    Args:
        run: is filled.
        first: starts the first session's workers; no worker without a pair. Later sessions have the same participants.
        instruments, meter: of the device, where it has them.
    """
    conditions = run.conditions
    order = random.Random(conditions.seed)  # noqa: S311  (an order of participants, not a secret)
    end = time.monotonic() + conditions.time_limit_seconds
    run.draw_memory_shift(order)
    workers = first(meter)
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
    run: Run, workers: Sequence[TimedWorker], order: random.Random, instruments: watching.Gpu | None
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


def outcome(
    run: Run, environment: Environment, started: datetime, stopped: Stopped, energy_source: str | None = None
) -> dict[str, Any]:
    """What every record of a timed run states: when, on what, and what was observed."""
    return {
        "started_at": timestamp(started),
        "conditions": run.conditions,
        "environment": environment.id,
        "participants": run.participants,
        "unit": "ns",
        "samples": _frozen(wall_times(run.rounds)),
        "cpu_us": _frozen(cpu_times(run.rounds)) or None,
        "sessions": tuple(run.sessions),
        "stopped": stopped,
        "energy_source": energy_source if run.rounds else None,
        "missing": tuple(run.missing),
    }


def _frozen(rounds: list[list[list[int]]]) -> tuple[tuple[tuple[int, ...], ...], ...]:
    return tuple(tuple(tuple(iterations) for iterations in one) for one in rounds)


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
