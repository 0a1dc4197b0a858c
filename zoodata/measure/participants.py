"""Who takes part in a latency run, and how a participant's worker is brought to its repetitions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from zoodata.isolation import Pending, Worker, WorkerFailed
from zoodata.measure.architecture import missing_for, public_name
from zoodata.measure.host import Host
from zoodata.measure.timer import Ready, Repetition, Setting, Timer, WarmUp, warm_up_iterations
from zoodata.measure.watching import Meter
from zoodata.records import MissingParticipant, Participant
from zoodata.records.latency import LatencyConditions, Observed, Subject
from zoodata.records.ways import MissingWay, Way, WayParticipant


class Repeatable(Protocol):
    """What a round needs of a participant."""

    def repeat(self) -> Repetition:
        """Time one repetition."""


@dataclass(frozen=True)
class Workers:
    """How a run gets its processes."""

    timed: Callable[[int | None], Worker[Timer]]
    """Given the shift of its memory; see :class:`zoodata.isolation.Worker`."""
    seconds: float
    """The most that one answer may take."""


@dataclass(frozen=True)
class ReadingWorkers(Workers):
    """How a run gets its processes that also has networks read."""

    reading: Callable[[Path], Worker[Host]]
    """For reading networks and writing them into a folder; it times nothing."""


@dataclass(frozen=True)
class PlannedParticipant:
    """A participant before it has a process."""

    entry: str
    subject: Subject = "model"
    repeats_reference: bool = False
    digest: str | None = None
    modules: tuple[str, ...] = ()
    """What its process imports before it builds: the same for all participants of one framework."""
    file: str | None = None
    """Of the network, where the subject is one, or of the way to run it."""
    way: Way | None = None
    """In a run of one entry's ways."""
    error: float | None = None
    """Of that way's scores."""

    def missing(self, error: WorkerFailed) -> MissingParticipant:
        """The record of its absence."""
        why = MissingParticipant(entry=public_name(self.entry), subject=self.subject, missing=missing_for(error))
        return why if self.way is None else MissingWay(way=self.way, **dict(why))


class TimedWorker:
    """A participant's worker, running only while it is built, warmed up, or repeats."""

    def __init__(
        self, worker: Worker[Timer], planned: PlannedParticipant, seconds: float, meter: Meter | None = None
    ) -> None:
        self.worker, self.planned, self._seconds, self._meter = worker, planned, seconds, meter
        self.iterations = 1
        self._importing: Pending[None]
        self._ready: Ready
        self._warm_up: WarmUp
        self._joules, self._energy_iterations = 0.0, 0

    def begin_import(self) -> None:
        """Let the process import its modules; returns at once."""
        self._importing = self.worker.begin(Timer.load_modules, self.planned.modules)

    def end_import(self, at_once: int) -> None:
        """Wait for the imports and stop; ``at_once`` processes import together, which takes each that much longer.

        Raises:
            WorkerFailed: with the reason a record keeps.
        """
        self._importing.result(self._seconds * at_once)
        self.worker.stop()

    def build(self, conditions: LatencyConditions) -> None:
        """Build the model or load the network, and stop.

        Raises:
            WorkerFailed: with the reason a record keeps.
        """
        setting = Setting(conditions.batch, conditions.device, conditions.threads, conditions.seed, conditions.dtype)
        self.worker.resume()
        if (way := self.planned.way) is not None:
            file = self.planned.file
            self._ready = self.worker.call(self._seconds, Timer.build_way, self.planned.entry, way, file, setting)
        elif self.planned.subject == "model":
            compiled = conditions.torch == "compiled"
            self._ready = self.worker.call(self._seconds, Timer.build, self.planned.entry, setting, compiled)
        else:
            assert self.planned.file is not None and conditions.networks is not None
            self._ready = self.worker.call(self._seconds, Timer.load, self.planned.file, conditions.networks, setting)
        self.worker.stop()

    def warm_up(self, repetition_seconds: float, iterations: int | None) -> None:
        """Run alone until steady; settles the iterations of a repetition unless an earlier session did.

        Raises:
            WorkerFailed: with the reason a record keeps.
        """
        self.worker.resume()
        self._warm_up = self.worker.call(self._seconds, Timer.warm_up, repetition_seconds)
        self.worker.stop()
        self.iterations = iterations or self._warm_up.iterations

    def repeat(self) -> Repetition:
        """See :class:`Repeatable`.

        Raises:
            WorkerFailed: with the reason a record keeps.
        """
        before = self._meter.joules() if self._meter else 0.0
        self.worker.resume()
        repetition = self.worker.call(self._seconds, Timer.repeat, self.iterations)
        self.worker.stop()
        if self._meter:
            self._joules += self._meter.joules() - before
            self._energy_iterations += self.iterations + warm_up_iterations(self.iterations)
        return repetition

    def observed(self) -> Observed:
        """What was observed of its process in this session.

        Raises:
            WorkerFailed: when it died since its last repetition.
        """
        self.worker.resume()
        end = self.worker.call(self._seconds, Timer.finish)
        self.worker.stop()
        return Observed(
            warm_up_seconds=round(self._warm_up.seconds, 3),
            steady=self._warm_up.steady,
            resident_mib=end.resident_mib,
            device_mib=end.device_mib,
            device_ns=end.device_ns,
            joules=round(self._joules, 6) if self._meter else None,
            energy_iterations=self._energy_iterations if self._meter else None,
        )

    def participant(self) -> Participant:
        """What the record says of it."""
        planned = self.planned
        said = Participant(
            entry=public_name(planned.entry),
            subject=planned.subject,
            runtime=self._ready.runtime,
            repeats_reference=planned.repeats_reference,
            input=self._ready.input,
            digest=planned.digest,
            iterations=self.iterations,
            warm_up_iterations=warm_up_iterations(self.iterations),
        )
        if planned.way is None:
            return said
        seconds = round(self._ready.seconds, 3)
        return WayParticipant(way=planned.way, relative_error=planned.error, ready_seconds=seconds, **dict(said))


def start_workers(
    planned: Sequence[PlannedParticipant],
    conditions: LatencyConditions,
    workers: Workers,
    meter: Meter | None,
    memory_shift: int | None = None,
) -> tuple[list[TimedWorker], list[tuple[PlannedParticipant, WorkerFailed]]]:
    """Build a worker for each participant; those that fail are returned separately.

    Imports, most of the time, run in parallel. Models are built one after the other: built in parallel, processes get
    each other's pages between their own, and one network then differs three times as much between sessions.
    """
    started: list[TimedWorker] = []
    failed: list[tuple[PlannedParticipant, WorkerFailed]] = []

    def each(step: Callable[[TimedWorker], None]) -> None:
        for worker in tuple(started):
            try:
                step(worker)
            except WorkerFailed as error:
                started.remove(worker)
                worker.worker.close()
                failed.append((worker.planned, error))

    try:
        for one in planned:
            started.append(TimedWorker(workers.timed(memory_shift), one, workers.seconds, meter))
            started[-1].begin_import()
        each(lambda worker: worker.end_import(len(planned)))
        each(lambda worker: worker.build(conditions))
    except BaseException:
        for worker in started:
            worker.worker.close()
        raise
    return started, failed
