"""The timed side of a latency run: one model in one worker process, and nothing else in it.

Works on Linux and macOS; :func:`zoodata.measure.latency.measure` says so elsewhere.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path
from statistics import median
from typing import Any

import psutil

from zoodata.records.measurement import InputShape
from zoodata.records.ways import Way
from zoodata.runtimes.model import ForwardPass, OnDevice
from zoodata.zoos import registry
from zoodata.zoos.base import CannotBuild

WARM_UP_SECONDS = (0.5, 6.0)
"""Shortest and longest warm-up of a process."""

STEADY = 0.03
"""A warm-up may end when a batch of iterations is not faster by this fraction than those before."""

WARM_UP_BATCH = 5
"""Iterations after which a warm-up looks at its progress."""

MIN_ITERATIONS, MAX_ITERATIONS = 2, 100
"""Of a repetition."""

LONG_REPETITION = 4
"""From this many iterations on, an untimed one runs first: it is slower by what other processes pushed out of the
caches. Shorter repetitions have long iterations, whose first is some 1 % slower; the trimmed mean drops it."""

DEVICE_ITERATIONS = 20
"""Iterations timed by the device's own clock at the end of a session."""


@dataclass(frozen=True)
class Setting:
    """Where and on what a model is run."""

    batch: int
    device: str
    threads: int
    seed: int
    dtype: str = "float32"


@dataclass(frozen=True)
class Ready:
    """A model that can be timed."""

    runtime: str
    input: InputShape
    seconds: float = 0.0
    """Of a way to run a model: from the model, or its file, to the first answer."""


@dataclass(frozen=True)
class WarmUp:
    """What a warm-up observed."""

    seconds: float
    steady: bool
    """Whether iterations had stopped getting faster when it ended."""
    iterations: int
    """The iterations that fill a repetition."""


@dataclass(frozen=True)
class Repetition:
    """Consecutive iterations of one participant."""

    ns: list[int]
    """Wall time of each iteration in nanoseconds."""
    cpu_us: list[int]
    """Processor time of all threads of the process in each iteration, in microseconds."""


@dataclass(frozen=True)
class ProcessEnd:
    """What can be said of a process at the end of its session."""

    resident_mib: int | None
    device_mib: int | None
    device_ns: int | None


class Timer:
    """Holds one model that is ready to run."""

    def __init__(self) -> None:
        _keep_memory()
        _raise_priority()
        self._run: ForwardPass | None = None
        self._cores: list[int] = []
        """Each of the busiest threads gets one; none where another device computes."""

    def load_modules(self, modules: Sequence[str]) -> None:
        """Import what the entries of one framework are built with.

        What a process has imported moves its memory, and the speed of one network by up to 1.5 %.
        """
        for module in modules:
            importlib.import_module(module)

    def build(self, entry: str, setting: Setting, compiled: bool) -> Ready:
        """Build an entry as its zoo does, with a random image where it runs.

        Raises:
            ZooError: with the reason a record keeps.
        """
        self._cores = _pin(setting.threads, setting.device)
        model = self.drawn(entry, setting.seed)
        if setting.dtype == "float16":
            if not hasattr(model, "in_half"):
                raise CannotBuild(f"{model.runtime} is timed in single precision only")
            model = model.in_half()
        if compiled and hasattr(model, "compiled"):
            model = model.compiled()
        return self._ready(model, setting)

    def build_way(self, entry: str, way: Way, path: str | None, setting: Setting) -> Ready:
        """Bring an entry to run in one way, and run it once.

        Args:
            entry: of which zoo, in the way that needs no file.
            way: see :data:`zoodata.records.ways.Way`.
            path: of the file that :func:`zoodata.runtimes.ways.write` wrote, in the others.
            setting: where and on what.

        Raises:
            ZooError: with the reason a record keeps.
        """
        from zoodata.runtimes import ways

        self._cores = _pin(setting.threads, setting.device)
        try:
            if path is None:
                model: Any = self.drawn(entry, setting.seed)
                start = time.perf_counter()
                model = ways.changed(model, way)
            else:
                start = time.perf_counter()
                model = ways.read(Path(path), way)
        except ways.NoSuchWay as error:
            raise CannotBuild(str(error)) from error
        ready = self._ready(model, setting)
        self.repeat(1)
        return replace(ready, seconds=time.perf_counter() - start)

    @staticmethod
    def drawn(entry: str, seed: int) -> Any:
        """An entry as its zoo builds it; without named weights it has those of the run's seed, where it can draw."""
        zoo, name, weights = registry.find(entry)
        model: Any = zoo.build(name, weights=weights)
        if weights is None and hasattr(model, "draw"):
            model.draw(seed)
        return model

    def load(self, path: str, runtime: str, setting: Setting) -> Ready:
        """Load a network from a file of :meth:`zoodata.measure.host.Host.write_network` into a runtime.

        Raises:
            CannotBuild: when the runtime refuses it.
        """
        from zoodata.runtimes import executed

        self._cores = _pin(setting.threads, setting.device)
        return self._ready(executed.read(Path(path), runtime), setting)

    def _ready(self, model: Any, setting: Setting) -> Ready:
        try:
            self._run = model.prepare(setting.batch, setting.device, setting.threads, setting.seed)
        except ValueError as error:
            raise CannotBuild(str(error)) from error
        # What was built is never garbage. What iterations leave is: Keras on torch keeps tensors in cycles.
        gc.collect()
        gc.freeze()
        return Ready(model.runtime, model.input)

    def warm_up(self, repetition_seconds: float) -> WarmUp:
        """Run until iterations get no faster, by the fastest of each batch; settle the length of a repetition."""
        shortest, longest = WARM_UP_SECONDS
        start = time.perf_counter()
        fastest, steady = min(self.repeat(WARM_UP_BATCH).ns), False
        while (spent := time.perf_counter() - start) < longest and not (steady and spent >= shortest):
            now = min(self.repeat(WARM_UP_BATCH).ns)
            steady, fastest = now > fastest * (1 - STEADY), min(now, fastest)
        wanted = ceil(repetition_seconds * 1e9 / fastest)
        if self._cores:
            before = _thread_seconds()
            self.repeat(min(ceil(shortest * 1e9 / fastest), MAX_ITERATIONS))
            _bind_busiest(before, self._cores)
        _forget_peak()
        return WarmUp(spent, steady, min(max(wanted, MIN_ITERATIONS), MAX_ITERATIONS))

    def repeat(self, iterations: int) -> Repetition:
        """Time consecutive iterations, after those of :func:`warm_up_iterations`.

        Raises:
            RuntimeError: when no model is ready.
        """
        if self._run is None:
            raise RuntimeError("no model is ready")
        run, clock, used = self._run, time.perf_counter_ns, time.process_time_ns
        for _ in range(warm_up_iterations(iterations)):
            run()
        ns, cpu_us = [], []
        for _ in range(iterations):
            used_before, start = used(), clock()
            run()
            end, used_after = clock(), used()
            ns.append(end - start)
            cpu_us.append((used_after - used_before) // 1000)
        return Repetition(ns, cpu_us)

    def finish(self) -> ProcessEnd:
        """What can be said of the process after its last repetition."""
        resident, run = _peak_mib(), self._run
        if not isinstance(run, OnDevice):
            return ProcessEnd(resident, None, None)
        device_mib, marks = run.device_mib(), run.device_ns(DEVICE_ITERATIONS)
        return ProcessEnd(resident, device_mib, round(median(marks)) if marks else None)


def warm_up_iterations(iterations: int) -> int:
    """The untimed iterations that run first in a repetition of this length."""
    return int(iterations >= LONG_REPETITION)


def _pin(threads: int, device: str) -> list[int]:
    """Bind the process to as many cores as it may use threads, the same for every participant.

    Returns the cores to which its threads can be bound; none where another device computes.
    """
    if not hasattr(os, "sched_setaffinity"):
        return []
    cores = sorted(os.sched_getaffinity(0))[:threads]
    os.sched_setaffinity(0, cores)
    return cores if sets_cpu_affinity(device) else []


def sets_cpu_affinity(device: str) -> bool:
    """Whether the busiest threads get a core each: on Linux, where the processor computes."""
    return device == "cpu" and sys.platform == "linux"


def _thread_seconds() -> dict[int, float]:
    """Processor time of each thread of this process."""
    return {thread.id: thread.user_time + thread.system_time for thread in psutil.Process().threads()}


def _bind_busiest(before: dict[int, float], cores: Sequence[int]) -> None:
    """Give each of the busiest threads since ``before`` a core of its own, in the order of their creation.

    Else another program takes its core from one thread for as long as the process lives: processes of one network
    then differ by 2 to 3 %.
    """
    spent = {thread: seconds - before.get(thread, 0.0) for thread, seconds in _thread_seconds().items()}
    busiest = sorted(spent, key=lambda thread: (-spent[thread], thread))[: len(cores)]
    for thread, core in zip(sorted(busiest), cores, strict=False):
        with contextlib.suppress(OSError):  # it has ended since
            os.sched_setaffinity(thread, {core})


_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_LARGEST_THRESHOLDS = (2**31 - 1, 32 * 2**20)
"""What mallopt takes at most; see mallopt(3)."""


def can_keep_memory() -> bool:
    """Whether the allocator here lets itself be told what to keep, as glibc's does."""
    try:
        return hasattr(ctypes.CDLL(None), "mallopt")
    except (OSError, TypeError):
        return False


def _keep_memory() -> None:
    """Let glibc keep what an iteration frees for the next one (no effect elsewhere).

    By default glibc returns the top of its heap or keeps it, depending on its contents: one of five processes of one
    network took 2,000 page faults an iteration and 5 % more time.
    """
    if can_keep_memory():
        library = ctypes.CDLL(None)
        for parameter, value in zip((_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD), _LARGEST_THRESHOLDS, strict=True):
            library.mallopt(parameter, value)


HIGHEST_PRIORITY = -20


def can_raise_priority() -> bool:
    """Whether a process may raise its scheduling priority here: as root, or where the system's limits allow it."""
    mine = os.getpriority(os.PRIO_PROCESS, 0) if hasattr(os, "getpriority") else 0
    raised = _raise_priority()
    if raised:
        os.setpriority(os.PRIO_PROCESS, 0, mine)
    return raised


def _raise_priority() -> bool:
    """Raise the priority of this process and of its later threads; returns whether the system allowed it."""
    if hasattr(os, "setpriority"):
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, 0, HIGHEST_PRIORITY)
            return True
    return False


def _forget_peak() -> None:
    """Let the peak of resident memory start anew (Linux), so that building is not counted."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def _peak_mib() -> int | None:
    """Most resident memory since :func:`_forget_peak`, or of the whole life where the system cannot forget."""
    with contextlib.suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/self/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) // 1024
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used // (2**20 if sys.platform == "darwin" else 1024)
