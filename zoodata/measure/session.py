"""One session: worker processes are warmed up, repeat in interleaved rounds, and are closed."""

from __future__ import annotations

import contextlib
import math
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from zoodata.isolation import WorkerFailed
from zoodata.measure import watching
from zoodata.measure.allocation import MAX_ROUNDS, MIN_ROUNDS, min_rounds, rounds_wanted
from zoodata.measure.participants import PlannedParticipant, Repeatable, TimedWorker
from zoodata.measure.timer import Repetition
from zoodata.ratios import Quotient, estimator_for, quotients_to_reference
from zoodata.records import Participant
from zoodata.records.latency import LatencyConditions, Session

REPETITION_SECONDS = 0.08
"""Short, so that the repetitions of a round meet the machine at one speed: a shared host's changes within a third of
a second. Not shorter, for waking a worker takes about a millisecond."""

ASKED_AGAIN = 1.2
"""The growth of the number of rounds after which the stopping rule computes again: it reads all of them."""

MIN_SESSIONS_IN_LIMIT = 6
"""One session's rounds take at most this part of the time limit: few sessions say little about their spread."""

Round = list[Repetition]
"""The repetition of each participant."""

Say = Callable[[str], None]


class WorkerLost(Exception):
    """A worker died within a session, which ends: rounds without it would compare something else."""

    def __init__(self, planned: PlannedParticipant, error: WorkerFailed) -> None:
        super().__init__(planned.entry)
        self.planned, self.error = planned, error


@dataclass(frozen=True)
class SessionOutcome:
    """What a session yields."""

    participants: tuple[Participant, ...]
    rounds: list[Round]
    session: Session


@dataclass
class StoppingRule:
    """When a session has enough rounds: as many as make the most of a run's time (:mod:`zoodata.measure.allocation`).

    Asked once after each round.
    """

    device: str
    quotients: Sequence[Quotient]
    set_up_seconds: float
    """The time that starting and warming up the processes took."""
    longest_seconds: float
    """Longest time for the session's rounds."""
    begun: float
    """When the first round began (monotonic seconds)."""
    _ask_at: int = MIN_ROUNDS

    @classmethod
    def for_session(
        cls, workers: Sequence[TimedWorker], conditions: LatencyConditions, set_up_seconds: float, begun: float
    ) -> StoppingRule:
        """The rule for a session of these workers."""
        repeat = next(n for n, worker in enumerate(workers) if worker.planned.repeats_reference)
        longest = conditions.time_limit_seconds / max(conditions.min_sessions, MIN_SESSIONS_IN_LIMIT)
        quotients = quotients_to_reference(len(workers), repeat)
        return cls(conditions.device, quotients, set_up_seconds, longest, begun)

    def is_over(self, rounds: Sequence[Round]) -> bool:
        """Whether these rounds are enough."""
        spent, count = time.monotonic() - self.begun, len(rounds)
        if count >= MIN_ROUNDS and spent >= self.longest_seconds:
            return True
        if count < max(self._ask_at, min_rounds(min(len(each.ns) for each in rounds[0]), self.device)):
            return False
        self._ask_at = min(math.ceil(count * ASKED_AGAIN), MAX_ROUNDS)
        estimator = estimator_for(self.device)
        return count >= rounds_wanted(wall_times(rounds), self.quotients, estimator, self.set_up_seconds, spent / count)


@dataclass
class DeviceReadings:
    """Clock and temperature of the device, read once a round."""

    instruments: watching.Gpu | None
    clocks_mhz: list[int] = field(default_factory=list)
    celsius: list[int] = field(default_factory=list)

    def read(self) -> None:
        """Take one reading where there are instruments."""
        if self.instruments is not None:
            self.clocks_mhz.append(self.instruments.clock_mhz())
            self.celsius.append(self.instruments.celsius())

    def other_processes(self, own: int) -> int | None:
        """Processes of others on the device; None without instruments."""
        return max(0, self.instruments.processes() - own) if self.instruments else None


def run_session(
    workers: Sequence[TimedWorker],
    settled: Sequence[int | None],
    conditions: LatencyConditions,
    order: random.Random,
    building_seconds: float,
    instruments: watching.Gpu | None,
    say: Say,
) -> SessionOutcome:
    """Warm everyone up, run rounds until they are enough, and close the processes.

    Args:
        workers: built, and idle; one of them repeats the reference.
        settled: the iterations of each one's repetition, where an earlier session settled them.
        order: of the participants in each round.
        building_seconds: the time that starting the processes took.
        say: is told what happens.

    Raises:
        WorkerLost: when a worker died.
    """
    try:
        started = time.monotonic()
        for worker, iterations in zip(workers, settled, strict=True):
            say(f"warming up {worker.planned.entry}")
            with _guarding(worker):
                worker.warm_up(REPETITION_SECONDS, iterations)
        load = watching.Load([worker.worker.pid for worker in workers])
        load.start(begun := time.monotonic())
        rule = StoppingRule.for_session(workers, conditions, building_seconds + begun - started, begun)
        readings = DeviceReadings(instruments)
        rounds: list[Round] = []
        while not rounds or not rule.is_over(rounds):
            rounds.append(one_round([_Guarded(worker) for worker in workers], order))
            say(f"round {len(rounds)}")
            readings.read()
        others, stolen = load.stop(time.monotonic())
        other_processes = readings.other_processes(len(workers))
        observed = []
        for worker in workers:
            with _guarding(worker):
                observed.append(worker.observed())
    finally:
        close(workers)
    session = Session(
        rounds=len(rounds),
        observed=tuple(observed),
        other_load=others,
        stolen=stolen,
        device_clock_mhz=_ends(readings.clocks_mhz),
        device_temperature=_ends(readings.celsius),
        other_device_processes=other_processes,
    )
    return SessionOutcome(tuple(worker.participant() for worker in workers), rounds, session)


def one_round(participants: Sequence[Repeatable], order: random.Random) -> Round:
    """One repetition of every participant, in random order; returned in the order of the participants."""
    repetitions = {n: participants[n].repeat() for n in order.sample(range(len(participants)), len(participants))}
    return [repetitions[n] for n in range(len(participants))]


def wall_times(rounds: Sequence[Round]) -> list[list[list[int]]]:
    """Nanoseconds: ``[round][participant][iteration]``."""
    return [[repetition.ns for repetition in one] for one in rounds]


def cpu_times(rounds: Sequence[Round]) -> list[list[list[int]]]:
    """Processor time in microseconds: ``[round][participant][iteration]``."""
    return [[repetition.cpu_us for repetition in one] for one in rounds]


def close(workers: Sequence[TimedWorker]) -> None:
    """End the processes."""
    for worker in workers:
        worker.worker.close()


@contextlib.contextmanager
def _guarding(worker: TimedWorker) -> Iterator[None]:
    """The loss of a worker ends the session."""
    try:
        yield
    except WorkerFailed as error:
        raise WorkerLost(worker.planned, error) from error


@dataclass(frozen=True)
class _Guarded:
    """A worker whose loss in a round ends the session."""

    worker: TimedWorker

    def repeat(self) -> Repetition:
        with _guarding(self.worker):
            return self.worker.repeat()


def _ends(values: Sequence[int]) -> tuple[int, int] | None:
    return (min(values), max(values)) if values else None
