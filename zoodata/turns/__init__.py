"""What was timed in turns, compared: raw passes of several participants, round by round, sitting by sitting.

A ratio on a CPU is that of the fastest passes (:mod:`zoodata.turns.fastest`): what others do to a machine only adds to
a pass, and adds more to some models than to others. On another device, which nobody else has, it is a fit of all passes
(:mod:`zoodata.turns.rounds`). No records and no input or output here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from types import ModuleType

from zoodata.stats import Interval
from zoodata.turns import fastest, rounds
from zoodata.turns.passes import Factors, Pair, Taken

__all__ = ["Factors", "Pair", "Taken", "pairs_to_reference", "ratios", "ratios_to_reference", "values"]


def ratios(taken: Taken, wanted: Sequence[Factors]) -> list[Interval]:
    """Several ratios of one run, each with a 95 % interval; their spreads are pooled.

    Args:
        taken: the passes of the run.
        wanted: of each ratio the factors.
    """
    return _estimate(taken).ratios(taken, wanted)


def values(taken: Taken, wanted: Sequence[Factors]) -> list[float]:
    """The same ratios without intervals, which a single round says too."""
    return [math.exp(log) for log in _estimate(taken).logs(taken, wanted)]


def _estimate(taken: Taken) -> ModuleType:
    return fastest if taken.device == "cpu" else rounds


def ratios_to_reference(taken: Taken, participants: int, null: int) -> dict[int, Interval]:
    """Every participant over the first, by participant; see :func:`pairs_to_reference`."""
    return dict(enumerate(ratios(taken, [[pair] for pair in pairs_to_reference(participants, null)]), start=1))


def pairs_to_reference(participants: int, null: int) -> list[Pair]:
    """Every participant over the first, which ``null`` runs a second time; the first itself left out.

    Both of the reference's workers are the reference for the others; its second one is held against the first.
    """
    return [([seat], [0] if seat == null else [0, null]) for seat in range(1, participants)]
