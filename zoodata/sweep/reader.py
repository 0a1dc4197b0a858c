"""The worker that reads networks, shared by tasks that are not timed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Generic, TypeVar

from zoodata.isolation import Worker, default_memory_limit
from zoodata.measure.host import LEAN, Host, worker_environment
from zoodata.sweep.task import Limits
from zoodata.zoos.registry import exporters_of, folders_of

Handler = TypeVar("Handler")

RENEWED = 200
"""Networks that a worker reads before it is renewed: frameworks keep a little of each, and it adds up."""


def reading_worker(
    threads: int,
    memory: int | None,
    files: Sequence[Path] = (),
    writable: Sequence[Path] = (),
    folders: Sequence[Path] = (),
    before: Callable[[], None] | None = None,
) -> Worker[Host]:
    """A worker that reads networks and times nothing; confined where it opens ``files`` that are not ours.

    ``folders`` hold the packages of its zoos that are not installed; ``before`` starts their own interpreters.
    """
    environment = worker_environment("cpu", threads) | LEAN
    limit = memory or default_memory_limit(1, files)
    return Worker(Host, environment, limit, writable=writable if files else None, paths=folders, before=before)


class Renewing(Generic[Handler]):
    """A worker that is made when it is asked for, and anew when it is gone or has answered many calls."""

    def __init__(self, make: Callable[[], Worker[Handler]], after: int = RENEWED) -> None:
        self._make, self._after = make, after
        self._worker: Worker[Handler] | None = None
        self._calls = 0

    def worker(self) -> Worker[Handler]:
        """The worker of the next call."""
        if self._calls % self._after == 0:
            self.close()
        self._calls += 1
        if self._worker is None or not self._worker.alive:
            self._worker = self._make()
        return self._worker

    def close(self) -> None:
        """End it; the next call gets another."""
        if self._worker is not None:
            self._worker.close()
            self._worker = None


class Reader:
    """A worker that reads networks, renewed too when the next task opens other files or packages."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._opens: tuple[tuple[Path, ...], tuple[Path, ...]] = (), ()
        """The files that are not ours, and the folders of packages."""
        self._before: Callable[[], None] | None = None
        self._renewing = Renewing(self._made)

    def worker(self, entries: Sequence[str], files: tuple[Path, ...]) -> Worker[Host]:
        """The worker of the next task; confined if the task opens files that are not ours."""
        opens = files, folders_of(entries)
        if opens != self._opens:
            self.close()
        self._opens, self._before = opens, exporters_of(entries)
        return self._renewing.worker()

    def _made(self) -> Worker[Host]:
        files, folders = self._opens
        return reading_worker(self._limits.threads, self._limits.memory, files, folders=folders, before=self._before)

    def close(self) -> None:
        """End it."""
        self._renewing.close()
