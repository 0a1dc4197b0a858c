"""Who takes part in a latency run, and how a participant's worker is brought to its turns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from zoodata.isolation import Worker, WorkerFailed
from zoodata.measure.architecture import missing_for, public_name
from zoodata.measure.timer import thrown_away
from zoodata.measure.watching import Meter
from zoodata.records import MissingParticipant, Participant
from zoodata.records.latency import LatencyConditions, Observed, Subject
from zoodata.records.measurement import InputShape


class Turn(NamedTuple):
    """What one turn of a participant took, pass by pass."""

    ns: list[int]
    cpu_us: list[int] | None
    """Processor time of all threads of its process; None where the system does not count it finely."""


class Turntaker(Protocol):
    """What the coordinator needs of a participant."""

    def turn(self) -> Turn:
        """Time the passes of one turn."""


@dataclass(frozen=True)
class Workers:
    """How a run gets its processes."""

    timed: Callable[[int | None], Worker]
    """Given the layout of its memory; see :class:`Worker`."""
    reading: Callable[[], Worker]
    """For reading networks; it times nothing."""
    seconds: float
    """The most that one answer may take."""


@dataclass(frozen=True)
class Place:
    """A participant before it has a process."""

    entry: str
    subject: Subject = "model"
    null: bool = False
    digest: str | None = None
    modules: tuple[str, ...] = ()
    """What its process imports before it builds: all of one framework import the same."""
    file: str | None = None
    """Of the network, where the subject is one."""

    def missing(self, error: WorkerFailed) -> MissingParticipant:
        """The record of its absence."""
        return MissingParticipant(entry=public_name(self.entry), subject=self.subject, missing=missing_for(error))


class Seat:
    """A participant's worker, running only while it is built, warmed up, or has its turn."""

    def __init__(self, worker: Worker, place: Place, seconds: float, meter: Meter | None = None) -> None:
        self.worker, self.place, self._seconds, self._meter = worker, place, seconds, meter
        self.passes = 1
        self._found: dict[str, Any] = {}
        self._warm: dict[str, Any] = {}
        self._joules, self._energy_passes = 0.0, 0

    def importing(self) -> None:
        """Let the process import its modules; returns at once."""
        self.worker.begin("load_modules", self.place.modules)

    def imported(self, beside: int) -> None:
        """Wait for :meth:`importing`, and halt; ``beside`` so many that import at once, each may take that much longer.

        Raises:
            WorkerFailed: with the reason a record keeps.
        """
        self.worker.answer(self._seconds * beside)
        self.worker.stop()

    def build(self, conditions: LatencyConditions) -> None:
        """Build the model or load the network, and halt.

        Raises:
            WorkerFailed: with the reason a record keeps.
        """
        common = (conditions.batch, conditions.device, conditions.threads, conditions.seed)
        if self.place.subject == "model":
            compiled = conditions.torch == "compiled"
            question: tuple[Any, ...] = ("build", self.place.entry, *common, compiled)
        else:
            question = ("load", self.place.file, conditions.networks, *common)
        self.worker.resume()
        self._found = self.worker.ask(*question, timeout=self._seconds)
        self.worker.stop()

    def warm_up(self, turn_seconds: float, passes: int | None) -> None:
        """Run alone until steady; settles the passes of a turn unless an earlier sitting did.

        Raises:
            WorkerFailed: with the reason a record keeps.
        """
        self.worker.resume()
        self._warm = self.worker.ask("warm_up", turn_seconds, timeout=self._seconds)
        self.worker.stop()
        self.passes = passes or self._warm["passes"]

    def turn(self) -> Turn:
        """See :class:`Turntaker`.

        Raises:
            WorkerFailed: with the reason a record keeps.
        """
        before = self._meter.joules() if self._meter else 0.0
        self.worker.resume()
        turn = Turn(*self.worker.ask("turn", self.passes, timeout=self._seconds))
        self.worker.stop()
        if self._meter:
            self._joules += self._meter.joules() - before
            self._energy_passes += self.passes + thrown_away(self.passes)
        return turn

    def observed(self) -> Observed:
        """What was seen of its process in this sitting.

        Raises:
            WorkerFailed: when it died since its last turn.
        """
        self.worker.resume()
        end = self.worker.ask("finish", timeout=self._seconds)
        self.worker.stop()
        return Observed(
            warm_up_seconds=round(self._warm["seconds"], 3),
            steady=self._warm["steady"],
            resident_mib=end["resident_mib"],
            device_mib=end["device_mib"],
            device_ns=end["device_ns"],
            joules=round(self._joules, 6) if self._meter else None,
            energy_passes=self._energy_passes if self._meter else None,
        )

    def participant(self) -> Participant:
        """What the record says of it."""
        return Participant(
            entry=public_name(self.place.entry),
            subject=self.place.subject,
            runtime=self._found["runtime"],
            null=self.place.null,
            input=InputShape.model_validate(self._found["input"]),
            digest=self.place.digest,
            passes=self.passes,
            thrown_away=thrown_away(self.passes),
        )


def seated(
    places: Sequence[Place],
    conditions: LatencyConditions,
    workers: Workers,
    meter: Meter | None,
    layout: int | None = None,
) -> tuple[list[Seat], list[tuple[Place, WorkerFailed]]]:
    """Build a worker for each place; those that fail come back apart.

    Imports, most of the time, go side by side. Models are built one after the other: built side by side, processes
    get each other's pages between their own, and one and the same network then differed three times as much from
    sitting to sitting.
    """
    seats: list[Seat] = []
    failed: list[tuple[Place, WorkerFailed]] = []

    def each(step: Callable[[Seat], None]) -> None:
        for seat in tuple(seats):
            try:
                step(seat)
            except WorkerFailed as error:
                seats.remove(seat)
                seat.worker.close()
                failed.append((seat.place, error))

    try:
        for place in places:
            seats.append(Seat(workers.timed(layout), place, workers.seconds, meter))
            seats[-1].importing()
        each(lambda seat: seat.imported(len(places)))
        each(lambda seat: seat.build(conditions))
    except BaseException:
        for seat in seats:
            seat.worker.close()
        raise
    return seats, failed
