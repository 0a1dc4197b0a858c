"""Doing tasks: the same code on this machine and on a node of a cluster. It measures, and writes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from zoodata.isolation import Worker, default_memory_limit
from zoodata.measure import architecture, comparison, latency
from zoodata.measure.environment import capture
from zoodata.measure.host import LEAN, worker_environment
from zoodata.measure.seats import Workers
from zoodata.records import Environment, entry_zoo
from zoodata.records.base import StoredRecord
from zoodata.records.latency import LatencyConditions
from zoodata.sweep.tasks import ArchitectureTask, ComparisonTask, LatencyTask, Measured, Task
from zoodata.zoos import registry

HANDLER = "zoodata.measure.host:Host"
TIMER = "zoodata.measure.timer:Timer"

RENEWED = 200
"""Networks that a worker reads before it is renewed: frameworks keep a little of each, and it adds up."""


@dataclass(frozen=True)
class Limits:
    """What one task may use."""

    seconds: float = 600.0
    """For one answer of a worker: a network, a comparison, the building of a model, a turn."""
    memory: int | None = None
    """Bytes of one process; None for four fifths of the machine's."""
    threads: int = 1
    """Of a worker that is not timed."""


@dataclass(frozen=True)
class Outcome:
    """A task and what it came to: the record, and those it refers to, to be stored before it."""

    task: Task
    record: Measured
    beside: tuple[StoredRecord, ...]


Say = Callable[[str], None]


def environment_of(task: Task) -> Environment:
    """The environment in which a task's entries are measured here."""
    zoos = {entry_zoo(entry) for entry in task.entries}
    return capture(package for name in zoos for package in registry.get(name).packages)


def perform(tasks: Sequence[Task], limits: Limits, say: Say = lambda message: None) -> Iterator[Outcome]:
    """Do tasks one after the other, yielding each outcome as it ends.

    Tasks that are not timed share a worker process. One that dies, hangs or eats memory takes one task with it,
    and the next gets a new process.
    """
    reader = _Reader(limits)
    try:
        for task in tasks:
            here = environment_of(task)
            match task:
                case ArchitectureTask():
                    counted, network = architecture.measure(
                        reader.worker(), task.entry, here, limits.threads, task.weights_path, task.check, limits.seconds
                    )
                    kept = (network,) if network is not None and task.keep_network else ()
                    yield Outcome(task, counted, (here, *kept))
                case ComparisonTask():
                    compared = comparison.compare(
                        reader.worker(), task.a, task.b, task.architecture, here, seconds=limits.seconds
                    )
                    yield Outcome(task, compared, (here,))
                case LatencyTask():
                    workers = latency_workers(task.conditions, limits)
                    timed = latency.measure(task.entries, task.architecture, here, task.conditions, workers, say)
                    yield Outcome(task, timed, (here,))
    finally:
        reader.close()


def latency_workers(conditions: LatencyConditions, limits: Limits | None = None) -> Workers:
    """Timed workers' memory is handled as their runtime likes it."""
    limits = limits or Limits()
    environment = worker_environment(conditions.device, conditions.threads)
    memory = limits.memory or default_memory_limit()
    return Workers(
        timed=lambda layout: Worker(TIMER, environment, memory, layout),
        reading=lambda: _reading(conditions.threads, limits.memory),
        seconds=limits.seconds,
    )


def _reading(threads: int, memory: int | None) -> Worker:
    """A worker that reads networks and times nothing."""
    return Worker(HANDLER, worker_environment("cpu", threads) | LEAN, memory or default_memory_limit())


class _Reader:
    """The worker that reads networks, renewed when it is gone or has read many."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._worker: Worker | None = None
        self._asked = 0

    def worker(self) -> Worker:
        if self._worker is not None and self._asked % RENEWED == 0:
            self._worker.close()
        self._asked += 1
        if self._worker is None or not self._worker.alive:
            self._worker = _reading(self._limits.threads, self._limits.memory)
        return self._worker

    def close(self) -> None:
        if self._worker is not None:
            self._worker.close()
