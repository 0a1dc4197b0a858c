"""Running tasks on this machine: isolated, recorded one by one as they end, reported as they go."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from zoodata import isolation
from zoodata.dataset import store
from zoodata.records import StoredNetwork, is_personal
from zoodata.records.base import StoredRecord
from zoodata.sweep.perform import perform
from zoodata.sweep.task import Limits, Outcome, Say, Task

LONGEST = 40
"""The most tasks that one worker does one after the other while others may have none."""

WORTH_A_WORKER = 4
"""Tasks of a group for which a process of their own is worth what it loads."""

Unit = tuple[Task, ...]
"""Tasks that share a worker process, one after the other."""


def units(tasks: Iterable[Task], longest: int, workers: int = 1) -> tuple[list[Unit], list[Unit]]:
    """Tasks that may run beside others, grouped by what they load, and timed ones, which may not.

    Args:
        tasks: in any order.
        longest: the most tasks of a group.
        workers: how many work at once. A group is shared out where there would be fewer groups than that.
    """
    groups: dict[tuple[str, str], list[Task]] = {}
    timed: list[Unit] = []
    for task in tasks:
        if task.needs(Limits()).alone:
            timed.append((task,))
        else:
            groups.setdefault((task.kind, task.group), []).append(task)
    parts = max(1, workers // max(1, len(groups)))
    dealt = [part for group in groups.values() for part in _dealt(group, parts)]
    shared = [tuple(part[start : start + longest]) for part in dealt for start in range(0, len(part), longest)]
    return sorted(shared, key=len, reverse=True), timed


def _dealt(group: list[Task], parts: int) -> list[list[Task]]:
    """A group for several workers: dealt out, not cut, for large models of one family stand beside each other."""
    many = max(1, min(parts, len(group) // WORTH_A_WORKER))
    return [group[place::many] for place in range(many)]


def run_tasks(
    tasks: Iterable[Task],
    root: Path,
    jobs: int = 2,
    limits: Limits | None = None,
    done: Callable[[Outcome], None] = lambda outcome: None,
    say: Say = lambda message: None,
) -> None:
    """Do tasks, ``jobs`` workers at a time; timed ones at the end and one by one: nothing of ours runs meanwhile.

    Each record is on disk before the next task of its worker begins. Interrupted, tasks under way are dropped.

    Raises:
        OSError: when a record cannot be written; those before it are safe.
    """
    limits = limits or Limits()
    shared, timed = units(tasks, LONGEST, jobs)
    lock, interrupted = threading.Lock(), threading.Event()

    def run_unit(unit: Unit) -> None:
        for outcome in perform(unit, limits, say):
            if interrupted.is_set():
                return
            with lock:
                record(outcome, root)
                done(outcome)

    with ThreadPoolExecutor(jobs) as pool:
        try:
            for finished in [pool.submit(run_unit, unit) for unit in shared]:
                finished.result()
        except BaseException:
            interrupted.set()
            pool.shutdown(wait=False, cancel_futures=True)
            isolation.close_all()
            raise
    for unit in timed:
        run_unit(unit)


def record(outcome: Outcome, root: Path) -> None:
    """Store an outcome, what it refers to first: a kill between two files leaves no record that names a missing one."""
    if not outcome.is_kept:
        return
    personal = any(map(is_personal, outcome.task.entries))
    for each in _kept(outcome.beside, personal):
        store.write(each, root)
    store.write(outcome.record, root)


def _kept(records: Sequence[StoredRecord], personal: bool) -> list[StoredRecord]:
    """A user's own network is nobody else's business."""
    return [each for each in records if not (personal and isinstance(each, StoredNetwork))]
