"""The worker that reads networks, shared by tasks that are not timed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from zoodata.isolation import Worker, default_memory_limit
from zoodata.measure.host import LEAN, Host, worker_environment
from zoodata.sweep.task import Limits

RENEWED = 200
"""Networks that a worker reads before it is renewed: frameworks keep a little of each, and it adds up."""


def reading_worker(
    threads: int, memory: int | None, files: Sequence[Path] = (), writable: Sequence[Path] = ()
) -> Worker[Host]:
    """A worker that reads networks and times nothing; confined where it opens ``files`` that are not ours."""
    environment = worker_environment("cpu", threads) | LEAN
    return Worker(Host, environment, memory or default_memory_limit(1, files), writable=writable if files else None)


class Reader:
    """One such worker, renewed when it is gone or has read many."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._worker: Worker[Host] | None = None
        self._files: tuple[Path, ...] = ()
        self._calls = 0

    def worker(self, files: tuple[Path, ...]) -> Worker[Host]:
        """The worker of the next task; confined if the task opens files that are not ours."""
        if self._worker is not None and (self._calls % RENEWED == 0 or files != self._files):
            self._worker.close()
        self._files = files
        self._calls += 1
        if self._worker is None or not self._worker.alive:
            self._worker = reading_worker(self._limits.threads, self._limits.memory, files)
        return self._worker

    def close(self) -> None:
        """End it."""
        if self._worker is not None:
            self._worker.close()
