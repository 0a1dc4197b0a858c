"""The worker that reads networks, shared by tasks that are not timed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from zoodata.isolation import Worker, default_memory_limit
from zoodata.measure.host import LEAN, Host, worker_environment
from zoodata.sweep.task import Limits
from zoodata.zoos.registry import folders_of

RENEWED = 200
"""Networks that a worker reads before it is renewed: frameworks keep a little of each, and it adds up."""


def reading_worker(
    threads: int,
    memory: int | None,
    files: Sequence[Path] = (),
    writable: Sequence[Path] = (),
    folders: Sequence[Path] = (),
) -> Worker[Host]:
    """A worker that reads networks and times nothing; confined where it opens ``files`` that are not ours.

    ``folders`` hold the packages of its zoos that are not installed.
    """
    environment = worker_environment("cpu", threads) | LEAN
    limit = memory or default_memory_limit(1, files)
    return Worker(Host, environment, limit, writable=writable if files else None, paths=folders)


class Reader:
    """One such worker, renewed when it is gone or has read many."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._worker: Worker[Host] | None = None
        self._opens: tuple[tuple[Path, ...], tuple[Path, ...]] = (), ()
        """The files that are not ours, and the folders of packages."""
        self._calls = 0

    def worker(self, entries: Sequence[str], files: tuple[Path, ...]) -> Worker[Host]:
        """The worker of the next task; confined if the task opens files that are not ours."""
        folders = folders_of(entries)
        if self._worker is not None and (self._calls % RENEWED == 0 or (files, folders) != self._opens):
            self._worker.close()
        self._opens = files, folders
        self._calls += 1
        if self._worker is None or not self._worker.alive:
            self._worker = reading_worker(self._limits.threads, self._limits.memory, files, folders=folders)
        return self._worker

    def close(self) -> None:
        """End it."""
        if self._worker is not None:
            self._worker.close()
