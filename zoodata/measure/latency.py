"""The latency measurement: entries timed in turns, so that a ratio holds on a noisy machine.

Each entry lives in a worker process of its own. A round gives every worker one turn, in random order; the
others are stopped meanwhile. What is compared is the ratio within a round, never one run with another.
The reference takes part twice: the ratio of it to itself is the noise floor.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from statistics import median
from typing import Any, Protocol

from zoodata.isolation import Worker, WorkerFailed, can_stop
from zoodata.measure.architecture import missing_for, public_name
from zoodata.measure.environment import usable_cores
from zoodata.records import Environment, LatencyMeasurement, Participant
from zoodata.records.measurement import InputShape, LatencyConditions, MissingParticipant, timestamp
from zoodata.stats import ratio_interval

MINIMUM_ROUNDS = 12
"""Before a run may stop because its ratios are known well enough."""

FEWEST_ROUNDS = 6
"""Even when time is up: the fewest from which a median has a 95 % interval at all."""

BUILD_SECONDS = 240.0
TURN_SECONDS = 120.0

Turns = list[list[int]]
"""One round: for each participant, the nanoseconds of its passes."""


class Turntaker(Protocol):
    """What the coordinator needs of a participant."""

    def turn(self, passes: int) -> list[int]:
        """Time so many passes, in nanoseconds."""


class Seat:
    """A participant's worker, running only during its turns."""

    def __init__(self, worker: Worker, entry: str, null: bool) -> None:
        self.worker, self.entry, self.null = worker, entry, null
        self.found: dict[str, Any] = {}
        self.failure: WorkerFailed | None = None

    def prepare(self, batch: int, device: str, threads: int, seed: int) -> None:
        """Build, warm up, and halt until the first turn."""
        self.found = self.worker.ask("prepare", self.entry, batch, device, threads, seed, timeout=BUILD_SECONDS)
        self.worker.stop()

    def turn(self, passes: int) -> list[int]:
        """See :class:`Turntaker`."""
        self.worker.resume()
        try:
            samples: list[int] = self.worker.ask("turn", passes, timeout=TURN_SECONDS)
        except WorkerFailed as error:
            self.failure = error
            raise
        self.worker.stop()
        return samples

    def participant(self) -> Participant:
        """What the record says of it."""
        return Participant(
            entry=public_name(self.entry),
            runtime=self.found["runtime"],
            null=self.null,
            input=InputShape.model_validate(self.found["input"]),
        )


def measure(
    entries: Sequence[str],
    architecture: str,
    environment: Environment,
    conditions: LatencyConditions,
    make_worker: Callable[[], Worker],
    progress: Callable[[str], None] = lambda message: None,
) -> LatencyMeasurement:
    """Time entries against the first of them.

    An entry that cannot take part is recorded with its reason; the first that can becomes the reference.
    """
    started = datetime.now(UTC)
    seats: list[Seat] = []
    missing: list[MissingParticipant] = []
    samples: list[Turns] = []
    stopped = "no_pair"
    try:
        progress(f"building {', '.join(entries)}")
        seats = _seated([Seat(make_worker(), entry, False) for entry in entries], missing, conditions)
        if len(seats) >= 2:
            progress(f"building {seats[0].entry} again, for the null pair")
            null = _seated([Seat(make_worker(), seats[0].entry, True)], missing, conditions)
            if null:  # without it nobody could say what is noise
                seats += null
                samples, stopped = rounds(seats, conditions, progress)
    except WorkerFailed:
        # A worker lost in the middle takes its whole run along: rounds without it compare other things.
        missing += [_missing(seat.entry, seat.failure) for seat in seats if seat.failure is not None]
        samples, stopped = [], "no_pair"
    finally:
        for seat in seats:
            seat.worker.close()
    return LatencyMeasurement.seal(
        architecture=architecture,
        started_at=timestamp(started),
        conditions=conditions,
        environment=environment.id,
        participants=tuple(seat.participant() for seat in seats),
        unit="ns",
        samples=tuple(tuple(tuple(passes) for passes in turns) for turns in samples),
        stopped=stopped,
        missing=tuple(missing),
    )


def rounds(
    seats: Sequence[Turntaker],
    conditions: LatencyConditions,
    progress: Callable[[str], None] = lambda message: None,
    clock: Callable[[], float] = time.monotonic,
) -> tuple[list[Turns], str]:
    """Give turns until every ratio to the first seat is known well enough, or time is up.

    Returns:
        The raw rounds, and which of ``interval`` and ``time`` ended them.
    """
    order = random.Random(conditions.seed)  # noqa: S311  (an order of turns, not a secret)
    taken: list[Turns] = []
    end = clock() + conditions.time_limit_seconds
    while True:
        turns: Turns = [[] for _ in seats]
        for position in order.sample(range(len(seats)), len(seats)):
            turns[position] = seats[position].turn(conditions.passes_per_turn)
        taken.append(turns)
        if len(taken) >= MINIMUM_ROUNDS:
            widest = widest_interval(taken)
            progress(f"round {len(taken)}: every ratio known to ±{widest:.1%}")
            if widest <= conditions.target_half_width:
                return taken, "interval"
        if clock() >= end and len(taken) >= FEWEST_ROUNDS:
            return taken, "time"


def widest_interval(taken: Sequence[Turns]) -> float:
    """The largest relative half width among the ratios of all seats to the first."""
    medians = [[median(passes) for passes in turns] for turns in taken]
    reference = [turns[0] for turns in medians]
    return max(
        ratio_interval([turns[seat] for turns in medians], reference).half_width for seat in range(1, len(medians[0]))
    )


def conditions_for(
    batch: int, device: str, threads: int, target: float, time_limit: float, seed: int
) -> LatencyConditions:
    """The conditions of a run with this build's own choices filled in."""
    return LatencyConditions(
        batch=batch,
        dtype="float32",
        device=device,
        threads=threads,
        passes_per_turn=3,
        idle_partners="stopped" if can_stop() else "running",
        target_half_width=target,
        time_limit_seconds=time_limit,
        seed=seed,
    )


def _seated(seats: list[Seat], missing: list[MissingParticipant], conditions: LatencyConditions) -> list[Seat]:
    """Prepare seats, as many at a time as there are cores; those that cannot be leave their reason."""

    def prepare(seat: Seat) -> WorkerFailed | None:
        try:
            seat.prepare(conditions.batch, conditions.device, conditions.threads, conditions.seed)
        except WorkerFailed as error:
            seat.worker.close()
            return error
        return None

    with ThreadPoolExecutor(usable_cores()) as pool:
        try:
            outcomes = list(pool.map(prepare, seats))
        except BaseException:
            for seat in seats:  # which also ends the waiting of the threads
                seat.worker.close()
            raise
    missing += [_missing(seat.entry, error) for seat, error in zip(seats, outcomes, strict=True) if error]
    return [seat for seat, error in zip(seats, outcomes, strict=True) if not error]


def _missing(entry: str, error: WorkerFailed) -> MissingParticipant:
    return MissingParticipant(entry=public_name(entry), missing=missing_for(error))
