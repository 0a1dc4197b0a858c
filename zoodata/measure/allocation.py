"""How many rounds a sitting should have before new processes say more than further rounds.

A rule of thumb: it asks how far the fastest passes of rounds scatter, not what that leaves of a sitting's ratio, which
on a processor is of still fewer passes (:mod:`zoodata.turns.fastest`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean

from zoodata.turns import Pair
from zoodata.turns.rounds import Times, estimate

FEWEST_ROUNDS, MOST_ROUNDS = 5, 200
"""Of a sitting."""

FEWEST_PASSES = 25
"""Of whoever has fewest in a sitting on a processor, where a ratio is of the fastest: so a fifth of them at most."""

PROCESSES_APART = 0.003
"""How far ratios are apart for the processes' sake, as a standard deviation: 0.005 where every process has a memory
layout by chance, less where a sitting's share one (decision 12)."""


def fewest_rounds(passes: int, device: str) -> int:
    """The rounds that a sitting has at least, if time allows, where the slowest has so many passes in each."""
    return max(FEWEST_ROUNDS, math.ceil(FEWEST_PASSES / passes)) if device == "cpu" else FEWEST_ROUNDS


def rounds_wanted(sitting: Times, pairs: Sequence[Pair], set_up_seconds: float, round_seconds: float) -> int:
    """The number of rounds that makes most of a run's time, from the rounds a sitting has had so far.

    Args:
        sitting: the times of those rounds.
        pairs: the ratios that are wanted.
        set_up_seconds: what it took to start the sitting's processes and to warm them up.
        round_seconds: what a round takes.

    On a quiet machine the fewest are wanted, where rounds scatter by several percent a few dozen.

    Source: Kalibera and Jones, Rigorous Benchmarking in Reasonable Time, ISMM 2013, section 5 (optimal repetitions).
    """
    variance = len(sitting) * fmean(estimate(sitting, pair).error ** 2 for pair in pairs)  # of a round
    wanted = math.sqrt(set_up_seconds / round_seconds * variance) / PROCESSES_APART
    return min(max(math.ceil(wanted), FEWEST_ROUNDS), MOST_ROUNDS)
