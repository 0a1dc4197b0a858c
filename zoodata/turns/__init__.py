"""What was timed in turns, compared: raw passes of several participants, round by round, sitting by sitting.

A ratio on a CPU is that of the fastest passes in quiet sittings (:mod:`zoodata.turns.fastest`): what others do to a
machine only adds to a pass, and adds more to some models than to others. On another device, which nobody else has, it
is a fit of all passes (:mod:`zoodata.turns.rounds`). No records and no input or output here.
"""

from __future__ import annotations

from collections.abc import Sequence

from zoodata.stats import Interval
from zoodata.turns import fastest, rounds
from zoodata.turns.passes import Factors, Pair, Taken

__all__ = ["Factors", "Pair", "Taken", "pairs_to_reference", "ratios", "ratios_to_reference", "share_that_speaks"]


def ratios(taken: Taken, wanted: Sequence[Factors], null: int) -> list[Interval]:
    """Several ratios of one run, each with a 95 % interval.

    Args:
        taken: the passes of the run.
        wanted: of each ratio the factors.
        null: who is the first participant a second time.

    How far sittings are apart by one ratio is drawn to how far they are by all ratios to the reference
    (:func:`zoodata.turns.passes.bounded`), so that a ratio has one interval, whichever others are asked for.

    Raises:
        ValueError: with a single round, which says nothing of how far rounds are apart.
    """
    if len(taken.ns) < 2:
        raise ValueError("one round says nothing of how far rounds are apart")
    estimate = fastest if taken.device == "cpu" else rounds
    return estimate.ratios(taken, wanted, [[pair] for pair in pairs_to_reference(len(taken.ns[0]), null)])


def ratios_to_reference(taken: Taken, null: int) -> dict[int, Interval]:
    """Every participant over the first, by participant; see :func:`pairs_to_reference`."""
    pairs = pairs_to_reference(len(taken.ns[0]), null)
    return dict(enumerate(ratios(taken, [[pair] for pair in pairs], null), start=1))


def share_that_speaks(taken: Taken) -> float | None:
    """The share of a participant's passes that a ratio is of, in the sitting that had fewest; None where all are."""
    if taken.device != "cpu":
        return None
    return max(map(fastest.share, taken.sittings()))


def pairs_to_reference(participants: int, null: int) -> list[Pair]:
    """Every participant over the first, which ``null`` runs a second time; the first itself left out.

    Both of the reference's workers are the reference for the others; its second one is held against the first.
    """
    return [([seat], [0] if seat == null else [0, null]) for seat in range(1, participants)]
