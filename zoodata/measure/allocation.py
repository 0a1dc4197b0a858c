"""How many rounds a sitting should have before new processes say more than further rounds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean, median

FEWEST_ROUNDS, MOST_ROUNDS = 5, 60
"""Of a sitting."""

PROCESSES_APART = 0.005
"""How far two processes that run one network are apart on a quiet machine (decision 12), as a standard deviation."""

_TO_DEVIATION = 1.4826
"""A normal distribution's standard deviation over its median absolute deviation."""


def rounds_wanted(ratios: Sequence[Sequence[float]], set_up_seconds: float, round_seconds: float) -> int:
    """The number of rounds that makes most of a run's time, from the rounds a sitting has had so far.

    Args:
        ratios: ``ratios[pair][round]``, at least one of each, all positive.
        set_up_seconds: what it took to start the sitting's processes and to warm them up.
        round_seconds: what a round takes.

    A sitting's ratio is a median, whose variance is pi / 2 of a mean's. On a quiet machine the fewest are wanted,
    where rounds scatter by several percent a few dozen.

    Source: Kalibera and Jones, Rigorous Benchmarking in Reasonable Time, ISMM 2013, section 5 (optimal repetitions).
    """
    variance = fmean(_scatter([math.log(ratio) for ratio in pair]) ** 2 for pair in ratios) * math.pi / 2
    best = math.sqrt(set_up_seconds / round_seconds * variance) / PROCESSES_APART
    return min(max(math.ceil(best), FEWEST_ROUNDS), MOST_ROUNDS)


def _scatter(logarithms: Sequence[float]) -> float:
    middle = median(logarithms)
    return _TO_DEVIATION * median(abs(value - middle) for value in logarithms)
