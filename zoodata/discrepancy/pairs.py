"""The two ends of a range: never two entries of one zoo."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

Item = TypeVar("Item")


def widest(
    items: Sequence[Item], zoo: Callable[[Item], str], value: Callable[[Item], float]
) -> tuple[Item, Item] | None:
    """The highest and the lowest of two items of different zoos that differ most.

    Returns:
        (highest, lowest), or None when there are not two zoos. Ties go to the earlier item.
    """
    rising = _ends(items, zoo, value)
    falling = _ends(items, zoo, lambda item: -value(item))
    if len(rising) < 2:
        return None
    # The extremes of two zoos: one of both zoos' ends is the item of the other end, or the runner-up is.
    candidates = [(high, low) for high in falling for low in rising if zoo(high) != zoo(low)]
    place = {id(item): number for number, item in enumerate(items)}
    return min(candidates, key=lambda pair: (value(pair[1]) - value(pair[0]), place[id(pair[0])], place[id(pair[1])]))


def _ends(items: Sequence[Item], zoo: Callable[[Item], str], value: Callable[[Item], float]) -> list[Item]:
    """The lowest item, and the lowest of another zoo; of equals the earlier ones."""
    ordered = sorted(items, key=value)
    return ordered[:1] + [item for item in ordered if zoo(item) != zoo(ordered[0])][:1]
