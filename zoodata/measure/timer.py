"""The timed side of a latency run: one model in one worker process, and nothing beside it."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import os
import resource
import sys
import time
from collections.abc import Sequence
from math import ceil
from pathlib import Path
from statistics import median
from typing import Any

import psutil

from zoodata.runtimes.model import OnDevice, Pass
from zoodata.zoos import registry
from zoodata.zoos.base import CannotBuild

WARM_UP = (0.5, 6.0)
"""Seconds: no warm-up is shorter, none longer."""

STEADY = 0.03
"""A warm-up may end when a handful of passes is not faster by so much than those before."""

HANDFUL = 5
FEWEST_PASSES, MOST_PASSES = 2, 100
"""Of a turn."""

LONG_TURN = 4
"""From so many passes on, one more runs first and is thrown away: after other processes' turns it is a little slower.
Where fewer fill a turn, passes are long, the first is some 1 % slower than the next, which the fastest hides, and to
throw it away would take a third to half of a run's time."""

COUNTS_PROCESSOR_TIME = time.get_clock_info("process_time").resolution <= 1e-5
"""Windows counts it in steps of 15 ms, longer than many a pass."""

DEVICE_PASSES = 20
"""Passes timed by the device's own clock once a sitting is over."""


class Timer:
    """Holds one prepared pass; every answer is plain data."""

    def __init__(self) -> None:
        _keep_memory()
        _raise_priority()
        self._run: Pass | None = None
        self._cores: list[int] = []
        """Of which the threads that work most get one each; none where another device computes."""

    def load_modules(self, modules: Sequence[str]) -> None:
        """Import what an entry is built with, and what the other entries of its framework are.

        What else a process has imported changes where its memory lies, and the speed of one and the same network
        by up to 1.5 %.
        """
        for module in modules:
            importlib.import_module(module)

    def build(self, entry: str, batch: int, device: str, threads: int, seed: int, compiled: bool) -> dict[str, Any]:
        """Build an entry as its zoo does and put a random image where it runs; returns its runtime and input.

        Raises:
            ZooError: with the reason a record keeps.
        """
        self._cores = _pin(threads, device)
        zoo, name, weights = registry.find(entry)
        model: Any = zoo.build(name, weights=weights)
        if weights is None and hasattr(model, "draw"):
            model.draw(seed)
        if compiled and hasattr(model, "compiled"):
            model = model.compiled()
        return self._prepare(model, batch, device, threads, seed)

    def load(self, path: str, runtime: str, batch: int, device: str, threads: int, seed: int) -> dict[str, Any]:
        """Put a network from a file of ``Host.write_network`` where it runs; returns its runtime and input.

        Raises:
            CannotBuild: when the runtime refuses it.
        """
        from zoodata.runtimes import executed

        self._cores = _pin(threads, device)
        return self._prepare(executed.read(Path(path), runtime), batch, device, threads, seed)

    def _prepare(self, model: Any, batch: int, device: str, threads: int, seed: int) -> dict[str, Any]:
        try:
            self._run = model.prepare(batch, device, threads, seed)
        except ValueError as error:
            raise CannotBuild(str(error)) from error
        # What was built is never garbage, and looking through it is not the model's. What passes leave is: Keras on
        # torch holds the tensors of each in cycles, and an H100 was full after some twenty.
        gc.collect()
        gc.freeze()
        return {"runtime": model.runtime, "input": model.input.model_dump()}

    def warm_up(self, turn_seconds: float) -> dict[str, Any]:
        """Run until passes get no faster; returns for how long, whether that was so, and the passes of a turn.

        The fastest pass of a handful counts: with medians, what disturbs a machine kept many a warm-up from its end.
        So did asking that a handful be no slower either: that one is slower is the machine's doing.
        """
        shortest, longest = WARM_UP
        start = time.perf_counter()
        fastest, steady = min(self.turn(HANDFUL)[0]), False
        while (spent := time.perf_counter() - start) < longest and not (steady and spent >= shortest):
            now = min(self.turn(HANDFUL)[0])
            steady, fastest = now > fastest * (1 - STEADY), min(now, fastest)
        wanted = ceil(turn_seconds * 1e9 / fastest)
        if self._cores:
            before = _thread_seconds()
            self.turn(min(ceil(shortest * 1e9 / fastest), MOST_PASSES))
            _bind_busiest(before, self._cores)
        _forget_peak()
        return {"seconds": spent, "steady": steady, "passes": min(max(wanted, FEWEST_PASSES), MOST_PASSES)}

    def turn(self, passes: int) -> tuple[list[int], list[int] | None]:
        """Nanoseconds of each of so many passes, after those that are :func:`thrown_away`, and the microseconds of
        processor time that all threads of the process used in each (None where the system counts too coarsely).

        Raises:
            RuntimeError: when nothing is prepared.
        """
        if self._run is None:
            raise RuntimeError("nothing is prepared")
        run, clock, used = self._run, time.perf_counter_ns, time.process_time_ns
        for _ in range(thrown_away(passes)):
            run()
        ns, cpu_us = [], []
        for _ in range(passes):
            used_before, start = used(), clock()
            run()
            end, used_after = clock(), used()
            ns.append(end - start)
            cpu_us.append((used_after - used_before) // 1000)
        return ns, cpu_us if COUNTS_PROCESSOR_TIME else None

    def finish(self) -> dict[str, Any]:
        """What can be said of the process once its turns are over."""
        resident, run = _peak_mib(), self._run
        device_mib = run.device_mib() if isinstance(run, OnDevice) else None
        marks = run.device_ns(DEVICE_PASSES) if isinstance(run, OnDevice) else None
        return {
            "resident_mib": resident,
            "device_mib": device_mib,
            "device_ns": round(median(marks)) if marks else None,
        }


def thrown_away(passes: int) -> int:
    """How many passes run first in a turn of so many and do not count."""
    return int(passes >= LONG_TURN)


def _pin(threads: int, device: str) -> list[int]:
    """Bind the process to as many cores as it may use threads, the same ones for every participant.

    Returns those to which its threads can be bound, none where another device computes.
    """
    if not hasattr(os, "sched_setaffinity"):
        return []
    cores = sorted(os.sched_getaffinity(0))[:threads]
    os.sched_setaffinity(0, cores)
    return cores if binds_threads(device) else []


def binds_threads(device: str) -> bool:
    """Whether the threads that work most get a core each: where they are what computes, and Linux lets us."""
    return device == "cpu" and sys.platform == "linux"


def _thread_seconds() -> dict[int, float]:
    """Processor time of each thread of this process."""
    return {thread.id: thread.user_time + thread.system_time for thread in psutil.Process().threads()}


def _bind_busiest(before: dict[int, float], cores: Sequence[int]) -> None:
    """Give each of the threads that worked most since then a core of its own, in the order in which they were made.

    Left to the system, a process' threads stay where they first came to lie. Beside a program that takes one of the
    cores it then matters which thread that is: processes of one network were 2 to 3 % apart for as long as they lived.
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
    """Let glibc keep what a pass frees, for the next pass (elsewhere: nothing).

    As it is, glibc gives the top of its heap back to the system, or not, by what happens to lie there: of five
    processes that ran one network, one took 2,000 page faults a pass, for as long as it lived, and 5 % more time.
    """
    if can_keep_memory():
        library = ctypes.CDLL(None)
        for parameter, value in zip((_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD), _LARGEST_THRESHOLDS, strict=True):
            library.mallopt(parameter, value)


HIGHEST_PRIORITY = -20


def can_raise_priority() -> bool:
    """Whether a process may put itself before others here: as root, or where the system's limits allow it."""
    mine = os.getpriority(os.PRIO_PROCESS, 0) if hasattr(os, "getpriority") else 0
    raised = _raise_priority()
    if raised:
        os.setpriority(os.PRIO_PROCESS, 0, mine)
    return raised


def _raise_priority() -> bool:
    """Go before other programs, and say whether that is allowed; threads that are started later do as well.

    Beside a program that took one core half the time, 47 % of the passes were undisturbed, with it 92 %.
    """
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
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used // (2**20 if sys.platform == "darwin" else 1024)
