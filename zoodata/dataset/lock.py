"""One writer of a data folder at a time: two sweeps would measure everything twice, and each other's work away."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from zoodata.dataset.store import sweep_leftovers

NAME = ".lock"


class InUse(Exception):
    """Another process measures into this folder."""


@contextmanager
def own(root: Path) -> Iterator[int]:
    """Hold a data folder for writing; gives the number of files removed that a killed writer had left.

    The system frees the lock of a process that ends, however it ends.

    Raises:
        InUse: when another process holds it.
        OSError: when the folder cannot be written.
    """
    root.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(root / NAME, timeout=0):
            yield sweep_leftovers(root)
    except Timeout as error:
        message = f"another zoodata process measures into {root}: wait for it, or name another folder with --data"
        raise InUse(message) from error
