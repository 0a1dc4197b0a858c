"""The raw passes of a run, and how much of the processors each of them had."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from zoodata.stats import Interval, student

Passes = Sequence[Sequence[Sequence[int]]]
"""``[round][participant][pass]``."""

Pair = tuple[Sequence[int], Sequence[int]]
"""The participants that are the numerator of a ratio, and those that are its denominator (their geometric mean)."""

Factors = Sequence[Pair]
"""A ratio that is the product of these."""

BEST = 0.9
"""The share of a participant's passes that had no more of the processors than what it is held to."""

DISTURBED = 0.1
"""A pass is disturbed when it had less than that by so much. Undisturbed ones are apart by 1 to 5 %."""


@dataclass(frozen=True)
class Taken:
    """The passes of a run."""

    ns: Passes
    """Nanoseconds, the rounds of all sittings one after the other."""
    rounds: Sequence[int]
    """How many each sitting has."""
    device: str
    """What computed."""

    def sittings(self) -> list[Passes]:
        """The passes of each sitting."""
        return [self.ns[cut] for cut in sitting_cuts(self.rounds)]

    def every_other(self, first: int) -> Taken:
        """Every second round, from the first (0) or the second (1) on; sittings that keep none left out."""
        counts = [len(range(cut.start + (cut.start + first) % 2, cut.stop, 2)) for cut in sitting_cuts(self.rounds)]
        return Taken(self.ns[first::2], [count for count in counts if count], self.device)


def sitting_cuts(rounds: Sequence[int]) -> list[slice]:
    """Where each sitting lies among the rounds of all, given how many each has."""
    return [slice(end - count, end) for count, end in zip(rounds, accumulate(rounds), strict=True)]


def bounded(logs: Sequence[float], samples: Sequence[Sequence[float]]) -> list[Interval]:
    """Several ratios of one run, each with a 95 % interval.

    Args:
        logs: the logarithms of the ratios.
        samples: ``[ratio][sample]``, what each of the same samples says alone of the logarithm.

    A few samples say little about how far they are apart, and all ratios of a run are apart for the same reasons, so
    their spreads are pooled; as ratios share a reference, each adds half of its degrees of freedom.
    """
    count = len(samples[0])
    squares = float(sum(np.square(np.subtract(each, np.mean(each))).sum() for each in samples))
    spread = (squares / (len(samples) * (count - 1))) ** 0.5
    half = student((count - 1) * max(1, (len(samples) + 1) // 2)) * spread / count**0.5
    return [Interval.of_log(log, half, count) for log in logs]


def processors(ns: Passes, cpu_us: Passes) -> list[float]:
    """How many processors each participant's process has in a pass that nothing disturbs.

    That it waits for its own threads is the model's and stays.
    """
    return [float(np.quantile(shares, BEST)) for shares in _shares(ns, cpu_us)]


def share_undisturbed(ns: Passes, cpu_us: Passes, had: Sequence[float]) -> list[float]:
    """The share of each participant's passes that had about as much of the processors as they have undisturbed.

    Args:
        ns: nanoseconds of each pass.
        cpu_us: microseconds of processor time that its process used meanwhile.
        had: the :func:`processors` of each participant.
    """
    every = zip(_shares(ns, cpu_us), had, strict=True)
    return [float((shares >= best * (1 - DISTURBED)).mean()) for shares, best in every]


def _shares(ns: Passes, cpu_us: Passes) -> Iterator[NDArray[np.float64]]:
    """Of each participant, ``[round, pass]``: how many processors it had meanwhile."""
    for seat in range(len(ns[0])):
        wall, cpu = (np.array([turns[seat] for turns in taken], float) for taken in (ns, cpu_us))
        yield cpu * 1e3 / wall
