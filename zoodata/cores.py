"""The cores that this process may use, and pure work spread over them."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")


def usable_cores() -> int:
    """Cores this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def spread(work: Callable[[Item], Answer], items: Sequence[Item], few: int, chunk: int) -> Iterator[Answer]:
    """Each item's answer, in the items' order, from as many processes as there are cores.

    Args:
        work: a function of a module; what it takes and gives back is pickled.
        items: what to do it with.
        few: fewer items are done here, sooner than processes would start.
        chunk: items that a process takes at a time.
    """
    cores = usable_cores()
    if cores < 2 or len(items) < few:
        yield from map(work, items)
        return
    # Without cycles to be found, the collector only costs; the processes end with the work.
    with ProcessPoolExecutor(cores, initializer=gc.disable) as pool:
        yield from pool.map(work, items, chunksize=chunk)
