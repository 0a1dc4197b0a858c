"""Doing tasks: the same code on this machine and on a node of a cluster. It measures, and writes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from zoodata.isolation import Worker
from zoodata.measure.environment import capture
from zoodata.measure.host import Host
from zoodata.records import Environment, entry_zoo
from zoodata.sweep.reader import Reader
from zoodata.sweep.task import Limits, Outcome, Say, Task
from zoodata.zoos import registry
from zoodata.zoos.registry import folders_of


def environment_of(task: Task) -> Environment:
    """The environment in which a task's entries are measured here."""
    zoos = {entry_zoo(entry) for entry in task.entries}
    return capture((package for name in zoos for package in registry.get(name).packages), folders_of(task.entries))


class _Bench:
    """See :class:`zoodata.sweep.task.Bench`."""

    def __init__(self, limits: Limits, say: Say) -> None:
        self.limits, self.say = limits, say
        self._reader = Reader(limits)

    def reader(self, entries: Sequence[str], files: tuple[Path, ...] = ()) -> Worker[Host]:
        return self._reader.worker(entries, files)

    def close(self) -> None:
        self._reader.close()


def perform(tasks: Sequence[Task], limits: Limits, say: Say = lambda message: None) -> Iterator[Outcome]:
    """Do tasks one after the other, yielding each outcome as it ends.

    Tasks that are not timed share a worker process. One that dies, hangs or eats memory takes one task with it,
    and the next gets a new process.
    """
    bench = _Bench(limits, say)
    try:
        for task in tasks:
            yield task.measure(bench, environment_of(task))
    finally:
        bench.close()
