"""One sitting: processes are warmed up, given turns round by round, and closed."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from zoodata.isolation import WorkerFailed
from zoodata.measure import watching
from zoodata.measure.allocation import FEWEST_ROUNDS, MOST_ROUNDS, fewest_rounds, rounds_wanted
from zoodata.measure.seats import Place, Seat, Turn, Turntaker
from zoodata.records import Participant
from zoodata.records.latency import LatencyConditions, Sitting
from zoodata.turns import pairs_to_reference
from zoodata.turns.rounds import times

TURN_SECONDS = 0.08
"""Short, so that the turns of a round see the machine at one speed: on a shared host that changes within a third of
a second. Not shorter, for giving a turn takes about a millisecond."""

ASKED_AGAIN = 1.2
"""Whether rounds are enough is asked again once there are so many times more: each answer reads all of them."""

SHARE = 6
"""The part of the time limit that the rounds of a sitting may take; a few sittings say little about their spread."""

Turns = list[Turn]
"""One round: the turn of each participant."""

Say = Callable[[str], None]
Answer = TypeVar("Answer")


class Lost(Exception):
    """A worker died in the middle of a sitting, which ends with it: rounds without it compare other things."""

    def __init__(self, place: Place, error: WorkerFailed) -> None:
        super().__init__(place.entry)
        self.place, self.error = place, error


@dataclass(frozen=True)
class Held:
    """What a sitting yields."""

    participants: tuple[Participant, ...]
    rounds: list[Turns]
    seen: Sitting


def hold(
    seats: Sequence[Seat],
    settled: Sequence[int | None],
    conditions: LatencyConditions,
    order: random.Random,
    building_seconds: float,
    instruments: watching.Gpu | None,
    say: Say,
) -> Held:
    """Warm everyone up, give turns until enough were had, and close the processes.

    Args:
        seats: built and halted; one of them is the null pair's.
        settled: the passes of each one's turn, where an earlier sitting settled them.
        order: of the turns.
        building_seconds: what it took to start the processes.
        say: is told what happens.

    Raises:
        Lost: when a worker died.
    """
    try:
        started = time.monotonic()
        for seat, passes in zip(seats, settled, strict=True):
            say(f"warming up {seat.place.entry}")
            _of(seat, lambda seat=seat, passes=passes: seat.warm_up(TURN_SECONDS, passes))  # type: ignore[misc]
        load = watching.Load([seat.worker.pid for seat in seats])
        load.start(begun := time.monotonic())
        set_up = building_seconds + begun - started
        longest = conditions.time_limit_seconds / max(conditions.fewest_sittings, SHARE)
        pairs = pairs_to_reference(len(seats), next(n for n, seat in enumerate(seats) if seat.place.null))
        clocks: list[tuple[int, int]] = []
        asked_at = FEWEST_ROUNDS

        def enough(taken: list[Turns]) -> bool:
            nonlocal asked_at
            say(f"round {len(taken)}")
            if instruments is not None:
                clocks.append((instruments.clock_mhz(), instruments.celsius()))
            spent = time.monotonic() - begun
            if len(taken) >= FEWEST_ROUNDS and spent >= longest:
                return True
            least = fewest_rounds(min(len(turn.ns) for turn in taken[0]), conditions.device)
            if len(taken) < max(asked_at, least):
                return False
            asked_at = min(math.ceil(len(taken) * ASKED_AGAIN), MOST_ROUNDS)
            had = times(ns_and_cpu_us(taken)[0], conditions.device)
            return len(taken) >= rounds_wanted(had, pairs, set_up, spent / len(taken))

        taken = rounds([_Guarded(seat) for seat in seats], order, enough)
        others, stolen = load.stop(time.monotonic())
        strangers = max(0, instruments.processes() - len(seats)) if instruments else None
        observed = tuple(_of(seat, seat.observed) for seat in seats)
    finally:
        close(seats)
    seen = Sitting(
        rounds=len(taken),
        observed=observed,
        other_load=others,
        stolen=stolen,
        device_clock_mhz=_ends([clock for clock, _ in clocks]),
        device_temperature=_ends([celsius for _, celsius in clocks]),
        other_device_processes=strangers,
    )
    return Held(tuple(seat.participant() for seat in seats), taken, seen)


def rounds(seats: Sequence[Turntaker], order: random.Random, enough: Callable[[list[Turns]], bool]) -> list[Turns]:
    """Give every seat one turn a round, in random order, until what was taken is enough."""
    taken: list[Turns] = []
    while not taken or not enough(taken):
        turns: dict[int, Turn] = {}
        for position in order.sample(range(len(seats)), len(seats)):
            turns[position] = seats[position].turn()
        taken.append([turns[position] for position in range(len(seats))])
    return taken


def ns_and_cpu_us(taken: Sequence[Turns]) -> tuple[list[list[list[int]]], list[list[list[int]]] | None]:
    """The nanoseconds of rounds, and apart from them the processor time, where the system counts it finely."""
    cpu_us = [[turn.cpu_us for turn in turns if turn.cpu_us is not None] for turns in taken]
    whole = all(len(counted) == len(turns) for counted, turns in zip(cpu_us, taken, strict=True))
    return [[turn.ns for turn in turns] for turns in taken], cpu_us if whole else None


def close(seats: Sequence[Seat]) -> None:
    """End the processes."""
    for seat in seats:
        seat.worker.close()


@dataclass
class _Guarded:
    """A seat whose loss ends the sitting."""

    seat: Seat

    def turn(self) -> Turn:
        return _of(self.seat, self.seat.turn)


def _of(seat: Seat, step: Callable[[], Answer]) -> Answer:
    try:
        return step()
    except WorkerFailed as error:
        raise Lost(seat.place, error) from error


def _ends(values: Sequence[int]) -> tuple[int, int] | None:
    return (min(values), max(values)) if values else None
