"""Work in a process of its own: limits on time and memory, a reason when it dies, no orphan when we do.

A worker is a handler object in a fresh Python process. :meth:`Worker.call` takes a method of the handler's class, so
that the type checker sees arguments and answer. A worker can be stopped (SIGSTOP) while others are timed, so that its
threads do not spin meanwhile.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import functools
import importlib
import mmap
import multiprocessing
import os
import re
import shutil
import signal
import sys
import tempfile
import time
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

import psutil

from zoodata.confinement import confine

Handler = TypeVar("Handler", covariant=True)
Answer = TypeVar("Answer")
Arguments = ParamSpec("Arguments")

POLL_SECONDS = 0.2
TAIL_CHARACTERS = 600


class WorkerFailed(Exception):
    """The worker could not do what was asked; ``reason`` is the word a record keeps."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason, self.message = reason, message


@dataclass(frozen=True)
class Done(Generic[Answer]):
    """What a worker sends when a call returned."""

    answer: Answer


@dataclass(frozen=True)
class Failed:
    """What a worker sends when a call raised."""

    reason: str
    message: str


@dataclass(frozen=True)
class Pending(Generic[Answer]):
    """The answer to a call that was begun."""

    worker: Worker[Any]

    def result(self, seconds: float) -> Answer:
        """Wait for the answer for so many seconds; raises as :meth:`Worker.call` does."""
        answer: Answer = self.worker._receive(seconds)
        return answer


class Worker(Generic[Handler]):
    """A handler in its own process.

    Args:
        handler: a class at the top of its module; made in the child without arguments.
        environment: variables the child starts with, set before it imports anything.
        memory_limit: bytes of resident memory, of it and of what it started, above which it is killed; None for no
            limit.
        paths: folders of an environment of its own (:mod:`zoodata.environments`), whose packages are imported before
            those that are installed.
        writable: folders that it may write into beside its own temporary one, if it is confined: it then starts no
            program and opens no connection either. None for a worker that opens nothing but what we and the zoos wrote.
        before: what it does first, before it is confined: whatever starts another program.
        memory_shift: pages to leave free before what it imports, with address space layout randomisation off:
            processes of one shift that do the same have their memory at the same addresses. None leaves the
            randomisation on, as does a system for which :func:`can_disable_aslr` says no.
    """

    def __init__(
        self,
        handler: type[Handler],
        environment: dict[str, str] | None = None,
        memory_limit: int | None = None,
        memory_shift: int | None = None,
        writable: Sequence[Path] | None = None,
        paths: Sequence[Path] = (),
        before: Callable[[], None] | None = None,
    ) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._folder = scratch_folder("worker")
        self._errors = self._folder / ERRORS
        self._memory_limit = memory_limit
        self._starts_others = before is not None  # looking for children takes some ms, which timing would feel
        address = f"{handler.__module__}:{handler.__qualname__}"
        self._process = context.Process(
            target=_serve,
            args=(
                theirs,
                address,
                environment or {},
                self._folder,
                os.getpid(),
                memory_shift or 0,
                writable,
                paths,
                before,
            ),
            daemon=True,
        )
        with contextlib.nullcontext() if memory_shift is None else _without_aslr():
            self._process.start()
        theirs.close()
        _LIVE.add(self)

    @property
    def alive(self) -> bool:
        """Whether it can still be called."""
        return self._process.is_alive()

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid or 0

    def call(
        self,
        seconds: float,
        method: Callable[Concatenate[Handler, Arguments], Answer],
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> Answer:
        """Call a method of the handler and wait for its answer for so many seconds.

        Raises:
            WorkerFailed: with reason ``timed_out``, ``out_of_memory``, ``crashed``, or the reason of the
                handler's own exception where that has one (else ``crashed``). In the first three cases the
                worker is gone.
        """
        return self.begin(method, *args, **kwargs).result(seconds)

    def begin(
        self,
        method: Callable[Concatenate[Handler, Arguments], Answer],
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> Pending[Answer]:
        """Call a method of the handler without waiting for its answer."""
        with contextlib.suppress(ConnectionError):  # a dead worker says so when its answer is waited for
            self._pipe.send((method.__name__, args, kwargs))
        return Pending(self)

    def _receive(self, seconds: float) -> Any:
        deadline = time.monotonic() + seconds
        try:
            while not self._pipe.poll(POLL_SECONDS):
                if not self.alive and not self._pipe.poll(0):
                    raise EOFError
                self._check_memory()
                if time.monotonic() > deadline:
                    self.close()
                    raise WorkerFailed("timed_out", f"no answer within {seconds:.0f} seconds")
            outcome = self._pipe.recv()
        except (EOFError, ConnectionError):
            raise self._crashed() from None
        if isinstance(outcome, Failed):
            raise WorkerFailed(outcome.reason, outcome.message)
        return outcome.answer

    def stop(self) -> None:
        """Halt its threads where they are; it keeps its memory."""
        if can_stop():
            self._signal("SIGSTOP")

    def resume(self) -> None:
        """Let a stopped worker run on."""
        if can_stop():
            self._signal("SIGCONT")

    def close(self) -> None:
        """End it, whatever it is doing. Safe to call twice."""
        if self.alive:
            started = self._started()
            self._process.kill()
            for process in started:  # one that computes would not see that its worker is gone
                with contextlib.suppress(psutil.Error):
                    process.kill()
        self._process.join(10)
        self._pipe.close()
        shutil.rmtree(self._folder, ignore_errors=True)  # Windows keeps a file that a grandchild still has open

    def __enter__(self) -> Worker[Handler]:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _signal(self, name: str) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, getattr(signal, name))

    def _check_memory(self) -> None:
        if self._memory_limit is None:
            return
        with contextlib.suppress(psutil.NoSuchProcess):
            worker = psutil.Process(self.pid)
            used = sum(process.memory_info().rss for process in (worker, *self._started()))
            if used > self._memory_limit:
                self.close()
                limit = self._memory_limit / 2**30
                raise WorkerFailed("out_of_memory", f"used {used / 2**30:.1f} GiB; {limit:.1f} GiB are allowed")

    def _started(self) -> list[psutil.Process]:
        """The processes that it started."""
        with contextlib.suppress(psutil.Error):
            if self._starts_others:
                return list(psutil.Process(self.pid).children(recursive=True))
        return []

    def _crashed(self) -> WorkerFailed:
        self._process.join(5)
        code = self._process.exitcode
        tail = ""
        with contextlib.suppress(OSError):
            lines = self._errors.read_text(encoding="utf-8", errors="replace").strip().splitlines()
            tail = f": {lines[-1][:TAIL_CHARACTERS]}" if lines else ""
        self.close()
        if code is not None and code < 0:
            name = signal.Signals(-code).name
            if name == "SIGKILL" and not tail:
                return WorkerFailed("out_of_memory", "was killed by the system (SIGKILL), usually for want of memory")
            return WorkerFailed("crashed", f"died of {name}{tail}")
        return WorkerFailed("crashed", f"ended with exit code {code}{tail}")


_LIVE: weakref.WeakSet[Worker[Any]] = weakref.WeakSet()


@atexit.register
def close_all() -> None:
    """End every worker, as after an interrupt: a stopped worker would not answer the polite way and hang our exit."""
    for worker in list(_LIVE):
        worker.close()


def can_stop() -> bool:
    """Whether idle workers can be stopped here: only where they also die with us, or they would stay stopped."""
    return sys.platform == "linux"


_ADDR_NO_RANDOMIZE, _WHICH = 0x0040000, 0xFFFFFFFF
"""Of personality(2): the flag, and the question what is set."""


def can_disable_aslr() -> bool:
    """Whether processes can be started without address space layout randomisation (Linux; containers may forbid it)."""
    with _without_aslr() as allowed:
        return allowed


@contextlib.contextmanager
def _without_aslr() -> Iterator[bool]:
    """Turn ASLR off for processes that this thread starts meanwhile; yields whether that is allowed.

    Source: personality(2); Google Benchmark's ``MaybeReenterWithoutASLR`` and ruby-bench do the same.
    """
    personality = getattr(ctypes.CDLL(None), "personality", None) if sys.platform == "linux" else None
    before = personality(_WHICH) if personality else -1
    if personality is None or before == -1 or personality(before | _ADDR_NO_RANDOMIZE) == -1:
        yield False
        return
    try:
        yield True
    finally:
        personality(before)


def default_memory_limit(at_once: int = 1, files: Sequence[Path] = ()) -> int:
    """Four fifths of the memory that this process may use, in bytes, shared by so many workers that run at once.

    Of a worker that opens ``files`` that are not ours, no more than models of their size need.
    """
    share = int(min(psutil.virtual_memory().total, _group_limit()) * 0.8) // max(at_once, 1)
    return min(share, FOREIGN_MEMORY + 4 * _size(files)) if files else share


def time_limit(seconds: float, files: Sequence[Path] = ()) -> float:
    """The most that a call may take, in seconds; less where it opens files that are not ours, by their size."""
    return min(seconds, FOREIGN_SECONDS + _size(files) / 2**20) if files else seconds


FOREIGN_SECONDS, FOREIGN_MEMORY = 60.0, 4 * 2**30
"""What the smallest file that is not ours may take of time and of memory."""


def _size(files: Iterable[Path]) -> int:
    """Bytes of some files, and of what is in those that are folders."""
    inside = (part for file in files for part in (file, *(file.rglob("*") if file.is_dir() else ())))
    return sum(part.stat().st_size for part in inside if part.is_file())


GROUP_LIMITS = ("/sys/fs/cgroup{group}/memory.max", "/sys/fs/cgroup/memory{group}/memory.limit_in_bytes")
"""Where Linux writes the limit of a control group (a container's, say), version 2 and 1."""


def _group_limit() -> int:
    """The least memory limit of this process' control group and those around it, in bytes."""
    limit = sys.maxsize
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/cgroup").read_text().splitlines():
            group = Path(line.rpartition(":")[2])
            for pattern in GROUP_LIMITS:
                for folder in (group, *group.parents):
                    with contextlib.suppress(OSError, ValueError):
                        inside = "" if folder == Path("/") else str(folder)
                        limit = min(limit, int(Path(pattern.format(group=inside)).read_text()))
    return limit


SCRATCH = re.compile(r"zoodata-[a-z]+-(?P<pid>\d+)-.*")
ERRORS = "stderr"


def scratch_folder(what: str) -> Path:
    """A temporary folder whose name says whose it is, so that what a killed process left is known and removed."""
    _remove_orphans(Path(tempfile.gettempdir()), os.getpid())
    return Path(tempfile.mkdtemp(prefix=f"zoodata-{what}-{os.getpid()}-"))


@functools.cache
def _remove_orphans(folder: Path, pid: int) -> None:
    """Remove the scratch folders of processes that are no more; once a process."""
    for path in folder.glob("zoodata-*"):
        match = SCRATCH.fullmatch(path.name)
        if match and not psutil.pid_exists(int(match["pid"])):
            shutil.rmtree(path, ignore_errors=True)


def _serve(
    pipe: Connection,
    handler: str,
    environment: dict[str, str],
    folder: Path,
    parent: int,
    shift: int,
    writable: Sequence[Path] | None,
    paths: Sequence[Path],
    before: Callable[[], None] | None,
) -> None:
    """The child's main loop."""
    sys.path[:0] = map(str, paths)
    _die_with(parent)
    # Libraries are mapped one below the other: what lies above them moves them all.
    above = mmap.mmap(-1, shift * mmap.PAGESIZE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) if shift else None  # noqa: F841  (kept as long as this runs)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer
    os.environ.update(environment, TMPDIR=str(folder))
    tempfile.tempdir = str(folder)
    # Frameworks print to both streams, C++ included; the last line explains a crash.
    with (folder / ERRORS).open("a", buffering=1, encoding="utf-8") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    if before is not None:
        before()
    if writable is not None:  # before any thread: those that run already would not be confined
        confine([folder, *writable])
    module, _, name = handler.partition(":")
    served: Any = None
    while True:
        try:
            method, args, kwargs = pipe.recv()
        except (EOFError, ConnectionError):
            return
        try:
            if served is None:
                served = getattr(importlib.import_module(module), name)()
            pipe.send(Done(getattr(served, method)(*args, **kwargs)))
        except MemoryError:
            pipe.send(Failed("out_of_memory", "the system had no more memory to give"))
        except Exception as error:
            # Some of Python's own exceptions have a reason too, which is no word of ours.
            own = isinstance(getattr(error, "reason", None), str) and not isinstance(error, OSError | ValueError)
            reason = error.reason if own else "crashed"  # type: ignore[attr-defined]
            message = str(error) if own else f"{type(error).__name__}: {error}"
            pipe.send(Failed(reason, message[:2000]))


def _die_with(parent: int) -> None:
    """Ask Linux to kill this process when its parent dies, even by kill -9, even while it is stopped."""
    if sys.platform != "linux":
        return
    set_parent_death_signal = 1
    ctypes.CDLL(None, use_errno=True).prctl(set_parent_death_signal, signal.SIGKILL)
    if os.getppid() != parent:  # it died before we asked
        os._exit(1)
