"""How many rounds a sitting should have before new processes say more than further rounds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean

from zoodata.stats import Pair, scatter, steadiest_block, turn_ratios

FEWEST_ROUNDS, MOST_ROUNDS = 5, 100
"""Of a sitting."""

PROCESSES_APART = 0.005
"""How far two processes that run one network are apart on a quiet machine (decision 12), as a standard deviation."""


def rounds_wanted(
    taken: Sequence[Sequence[Sequence[float]]], pairs: Sequence[Pair], set_up_seconds: float, round_seconds: float
) -> int:
    """The number of rounds that makes most of a run's time, from the rounds a sitting has had so far.

    Args:
        taken: ``taken[round][participant][pass]``.
        pairs: the ratios that are wanted.
        set_up_seconds: what it took to start the sitting's processes and to warm them up.
        round_seconds: what a round takes.

    A sitting's ratio is a median, whose variance is pi / 2 of a mean's. On a quiet machine the fewest are wanted,
    where rounds scatter by several percent a few dozen.

    Source: Kalibera and Jones, Rigorous Benchmarking in Reasonable Time, ISMM 2013, section 5 (optimal repetitions).
    """
    block = steadiest_block(taken, [len(taken)], pairs)
    ratios = [turn_ratios(taken, [len(taken)], *pair, block)[0] for pair in pairs]
    variance = fmean(scatter([math.log(ratio) for ratio in each]) ** 2 for each in ratios) * math.pi / 2
    blocks = math.sqrt(set_up_seconds / (round_seconds * block) * variance) / PROCESSES_APART
    return min(max(math.ceil(blocks * block), FEWEST_ROUNDS), MOST_ROUNDS)
