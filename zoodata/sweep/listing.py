"""Listing what zoos offer, each in a process of its own.

Frameworks do not always share a process (TensorFlow and torch's compiler each carry an LLVM, and one of
the two import orders aborts), and a broken installation of one zoo must not hide the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from zoodata.isolation import Worker, WorkerFailed
from zoodata.measure.environment import usable_cores
from zoodata.measure.host import Host, worker_environment

LISTING_SECONDS = 180.0


@dataclass(frozen=True)
class Listing:
    """What one zoo offers, or why that cannot be said."""

    zoo: str
    entries: tuple[str, ...] = ()
    reason: str | None = None
    """A sentence; None when the zoo is usable."""


def list_zoos(names: Sequence[str]) -> list[Listing]:
    """The entries of each zoo, in the order asked for."""

    def ask(name: str) -> Listing:
        # The worker lives and dies in this thread: Linux ends a child when the thread that made it ends.
        with Worker(Host, worker_environment("cpu", 1)) as worker:
            try:
                return Listing(name, tuple(worker.call(LISTING_SECONDS, Host.entries, name)))
            except WorkerFailed as error:
                return Listing(name, reason=error.message)

    with ThreadPoolExecutor(usable_cores()) as pool:
        return list(pool.map(ask, names))
