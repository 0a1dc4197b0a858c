"""Running tasks: isolated, recorded one by one as they end, reported as they go."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from pathlib import Path

from zoodata.dataset import store
from zoodata.isolation import Worker, default_memory_limit
from zoodata.measure import architecture, comparison, latency
from zoodata.measure.host import LEAN, worker_environment
from zoodata.records import (
    PERSONAL_ZOOS,
    ArchitectureMeasurement,
    ComparisonMeasurement,
    Environment,
    LatencyMeasurement,
)
from zoodata.sweep.plan import ArchitectureTask, ComparisonTask, LatencyTask

HANDLER = "zoodata.measure.host:Host"


RENEWED = 200
"""Networks that a worker reads before it is renewed: frameworks keep a little of each, and it adds up."""


def run_architecture(
    tasks: Iterable[ArchitectureTask],
    environments: dict[str, Environment],
    root: Path,
    jobs: int = 2,
    threads: int = 1,
    weights_path: str | None = None,
    check: bool = True,
    done: Callable[[ArchitectureMeasurement], None] = lambda record: None,
) -> None:
    """Count entries, a worker process a zoo, ``jobs`` of them at a time.

    Each record is on disk before the next task of its zoo begins. A worker that dies takes one task with
    it; the zoo's next task gets a new worker. With a local checkpoint nothing is recorded.
    Interrupted, it drops the tasks under way.
    """
    by_zoo = [list(group) for _, group in groupby(sorted(tasks, key=lambda t: t.zoo), key=lambda t: t.zoo)]
    by_zoo.sort(key=len, reverse=True)
    lock, interrupted, live = threading.Lock(), threading.Event(), set[Worker]()

    def run_zoo(group: Sequence[ArchitectureTask]) -> None:
        worker: Worker | None = None
        try:
            for number, task in enumerate(group):
                if interrupted.is_set():
                    return
                if worker is not None and number % RENEWED == 0:
                    worker.close()
                if worker is None or not worker.alive:
                    worker = _lean_worker(threads)
                    live.add(worker)
                record, network = architecture.measure(
                    worker, task.entry, environments[task.zoo], threads, weights_path, check
                )
                if interrupted.is_set():
                    return
                with lock:
                    if weights_path is None:  # a private checkpoint is not the zoo's entry
                        store.write(environments[task.zoo], root)
                        if network is not None and task.zoo not in PERSONAL_ZOOS and task.keep_network:
                            store.write(network, root)
                        store.write(record, root)
                    done(record)
        finally:
            if worker is not None:
                worker.close()

    with ThreadPoolExecutor(jobs) as pool:
        try:
            for finished in [pool.submit(run_zoo, group) for group in by_zoo]:
                finished.result()
        except BaseException:
            interrupted.set()
            for worker in live:
                worker.close()
            raise


def run_latency(
    tasks: Iterable[LatencyTask],
    environment: Callable[[LatencyTask], Environment],
    root: Path,
    progress: Callable[[str], None] = lambda message: None,
    done: Callable[[LatencyMeasurement], None] = lambda record: None,
) -> None:
    """Time architectures one after the other: nothing else of ours runs meanwhile."""
    for task in tasks:
        where = environment(task)
        record = latency.measure(
            task.entries,
            task.architecture,
            where,
            task.conditions,
            lambda task=task: _worker(task.conditions.device, task.conditions.threads),  # type: ignore[misc]
            progress,
        )
        store.write(where, root)
        store.write(record, root)
        done(record)


def run_comparisons(
    tasks: Sequence[ComparisonTask],
    environment: Callable[[ComparisonTask], Environment],
    root: Path,
    jobs: int = 2,
    threads: int = 1,
    done: Callable[[ComparisonMeasurement], None] = lambda record: None,
) -> None:
    """Compare pairs of entries, a worker process an architecture, so that each network is read once."""
    groups = [list(group) for _, group in groupby(tasks, key=lambda task: task.architecture)]
    lock, interrupted, live = threading.Lock(), threading.Event(), set[Worker]()

    def run_group(group: Sequence[ComparisonTask]) -> None:
        worker: Worker | None = None
        try:
            for task in group:
                if interrupted.is_set():
                    return
                if worker is None or not worker.alive:
                    worker = _lean_worker(threads)
                    live.add(worker)
                where = environment(task)
                record = comparison.compare(worker, task.a, task.b, task.architecture, where)
                if interrupted.is_set():
                    return
                with lock:
                    store.write(where, root)
                    store.write(record, root)
                    done(record)
        finally:
            if worker is not None:
                worker.close()
                live.discard(worker)

    with ThreadPoolExecutor(jobs) as pool:
        try:
            for finished in [pool.submit(run_group, group) for group in groups]:
                finished.result()
        except BaseException:
            interrupted.set()
            for worker in list(live):
                worker.close()
            raise


def _worker(device: str, threads: int) -> Worker:
    """A worker to be timed: its memory is handled as its runtime likes it."""
    return Worker(HANDLER, worker_environment(device, threads), default_memory_limit())


def _lean_worker(threads: int) -> Worker:
    return Worker(HANDLER, worker_environment("cpu", threads) | LEAN, default_memory_limit())
