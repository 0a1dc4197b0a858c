"""What the timed process does to itself."""

from __future__ import annotations

import hashlib
import os
import resource
import statistics
import sys
import threading
import time

import psutil
import pytest

from zoodata.isolation import Worker
from zoodata.measure.timer import (
    HIGHEST_PRIORITY,
    Repetition,
    Setting,
    Timer,
    _pin,
    can_raise_priority,
    sets_cpu_affinity,
    warm_up_iterations,
)
from zoodata.records.measurement import InputShape

SIZE = 2**24


class Freeing(Timer):
    """Frees the top of its heap over and over, as an iteration does with its activations. Runs in a worker."""

    def faults(self) -> int:
        """Page faults of twenty times taking and giving back three times 16 MB."""
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        for _ in range(20):
            taken = [b"x" * SIZE for _ in range(3)]
            del taken
        return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


class Leaving(Freeing):
    """The same with the allocator as it is."""

    def __init__(self) -> None:
        pass


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's allocator")
def test_what_an_iteration_frees_stays_with_the_process():
    faults = {}
    for handler in (Freeing, Leaving):
        with Worker(handler) as worker:
            faults[handler] = worker.call(60, Freeing.faults)
    pages = 3 * SIZE // resource.getpagesize()
    assert faults[Freeing] < 2 * pages
    assert faults[Leaving] > 10 * pages


class Cyclic:
    """A model whose every iteration leaves 16 MB that only the collector can free, as Keras on torch does."""

    runtime = "made"
    input = InputShape(channels=1, height=1, width=1, layout="NCHW")

    def prepare(self, batch, device, threads, seed):
        """See :class:`zoodata.runtimes.model.Model`."""

        def once():
            held = [[] for _ in range(500)]
            held[0].extend((held, b"x" * SIZE))

        return once


class Littering(Timer):
    """Times it. Runs in a worker."""

    def grown(self, iterations: int) -> int:
        """Bytes by which the process grew over so many iterations."""
        self._ready(Cyclic(), Setting(1, "cpu", 1, 1))
        process = psutil.Process()
        before = process.memory_info().rss
        self.repeat(iterations)
        return process.memory_info().rss - before


def test_what_iterations_leave_in_cycles_is_collected():
    with Worker(Littering) as worker:
        assert worker.call(60, Littering.grown, 60) < 20 * SIZE


@pytest.fixture
def timer(monkeypatch) -> Timer:
    """A timer in this process, which keeps its priority and its allocator."""
    monkeypatch.setattr("zoodata.measure.timer._raise_priority", lambda: False)
    monkeypatch.setattr("zoodata.measure.timer._keep_memory", lambda: None)
    return Timer()


@pytest.mark.parametrize("iterations", [2, 3, 4, 17])
def test_the_first_of_many_iterations_is_a_warm_up(timer, iterations):
    ran = []
    timer._run = lambda: ran.append(None)
    repetition = timer.repeat(iterations)
    assert len(repetition.ns) == len(repetition.cpu_us) == iterations
    assert len(ran) - iterations == warm_up_iterations(iterations) == (iterations > 3)


class Spinning(Timer):
    """Runs something whose processor time is known. Runs in a worker."""

    def prepare(self, busy: float, idle: float) -> int:
        """An iteration computes for so long, and then sleeps; returns the priority of the process."""

        def run() -> None:
            end = time.process_time() + busy
            while time.process_time() < end:
                pass
            time.sleep(idle)

        self._run = run
        return os.getpriority(os.PRIO_PROCESS, 0)


def test_the_processor_time_of_an_iteration_is_what_it_computes_and_not_what_it_waits():
    with Worker(Spinning) as worker:
        worker.call(60, Spinning.prepare, 0.02, 0.03)
        repetition = worker.call(60, Timer.repeat, 3)
    assert statistics.median(repetition.cpu_us) == pytest.approx(20_000, rel=0.1)
    assert max(repetition.cpu_us) < 45_000
    assert min(repetition.ns) > 50_000_000


def test_timed_processes_go_first_where_they_may_and_the_coordinator_stays_as_it_was():
    before = os.getpriority(os.PRIO_PROCESS, 0)
    allowed = can_raise_priority()
    assert os.getpriority(os.PRIO_PROCESS, 0) == before
    with Worker(Spinning) as worker:
        assert worker.call(60, Spinning.prepare, 0.0, 0.0) == (HIGHEST_PRIORITY if allowed else before)
    assert os.getpriority(os.PRIO_PROCESS, 0) == before


class Threaded(Timer):
    """An iteration of two threads that compute, and one that waits. Runs in a worker."""

    def prepare(self, cores: int) -> list[int]:
        """Start the threads, one that waits first; returns the cores that the process may use."""
        self.begin, self.done, self.threads = threading.Barrier(3), threading.Barrier(3), []
        for work in (lambda: time.sleep(1000), self._compute, self._compute):
            self.threads.append(threading.Thread(target=work, daemon=True))
            self.threads[-1].start()
        self._run = lambda: (self.begin.wait(), self.done.wait())
        self._cores = sorted(os.sched_getaffinity(0))[:cores]
        return self._cores

    def _compute(self) -> None:
        while True:
            self.begin.wait()
            for _ in range(3):
                hashlib.sha256(bytes(2**22))  # without the interpreter's lock
            self.done.wait()

    def bound(self) -> list[list[int]]:
        """The cores of the thread that waits, and of those that compute."""
        return [sorted(os.sched_getaffinity(thread.native_id)) for thread in self.threads]


@pytest.mark.skipif(not sets_cpu_affinity("cpu"), reason="threads cannot be bound here")
def test_the_threads_that_work_have_a_core_each():
    with Worker(Threaded) as worker:
        cores = worker.call(60, Threaded.prepare, 2)
        worker.call(60, Timer.warm_up, 0.05)
        waiting, *computing = worker.call(60, Threaded.bound)
    assert computing == [[core] for core in cores][:2]
    assert waiting == sorted(os.sched_getaffinity(0))


def test_threads_that_wait_for_a_gpu_are_left_free():
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    assert _pin(len(cores), "cuda") == []
    assert _pin(len(cores), "cpu") == (cores if sets_cpu_affinity("cpu") else [])


@pytest.mark.parametrize(
    ("milliseconds", "steady", "iterations"), [((5, 4, 3, 2), False, 40), ((5, 3, 3), True, 27), ((3, 5), True, 27)]
)
def test_a_warm_up_lasts_for_as_long_as_iterations_get_faster(milliseconds, steady, iterations, timer, monkeypatch):
    clock, batches = [0.0], iter(milliseconds)
    monkeypatch.setattr("zoodata.measure.timer.time.perf_counter", lambda: clock[0])
    monkeypatch.setattr("zoodata.measure.timer._forget_peak", lambda: None)

    def repeat(count):
        clock[0] += 1.5
        return Repetition([next(batches) * 10**6] * count, [0] * count)

    monkeypatch.setattr(timer, "repeat", repeat)
    warm_up = timer.warm_up(0.08)
    assert (warm_up.steady, warm_up.iterations) == (steady, iterations)
    assert next(batches, None) is None
