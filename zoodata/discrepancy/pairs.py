"""The two ends of a range: never two entries of one zoo."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

Item = TypeVar("Item")


def widest(
    items: Sequence[Item], zoo: Callable[[Item], str], value: Callable[[Item], float]
) -> tuple[Item, Item] | None:
    """The highest and the lowest of two items of different zoos that lie farthest apart.

    Returns:
        (highest, lowest), or None when there are not two zoos. Ties go to the earlier item.
    """
    best: tuple[Item, Item] | None = None
    for high in items:
        for low in items:
            if zoo(high) == zoo(low) or value(high) < value(low):
                continue
            if best is None or value(high) - value(low) > value(best[0]) - value(best[1]):
                best = (high, low)
    return best
