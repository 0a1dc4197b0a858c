"""The raw passes of a run, and how much of the processors each of them had."""

from __future__ import annotations

import math
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

SHARED = 1
"""Degrees of freedom that the spread of all ratios of a run has beside a ratio's own."""

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


def sitting_cuts(rounds: Sequence[int]) -> list[slice]:
    """Where each sitting lies among the rounds of all, given how many each has."""
    return [slice(end - count, end) for count, end in zip(rounds, accumulate(rounds), strict=True)]


def exponents(factors: Factors, participants: int) -> NDArray[np.float64]:
    """How the logarithm of a ratio is made of those of its participants' times."""
    found = np.zeros(participants)
    for over, under in factors:
        for seat in over:
            found[seat] += 1 / len(over)
        for seat in under:
            found[seat] -= 1 / len(under)
    return found


def bounded(
    logs: Sequence[float], samples: Sequence[Sequence[float]], alike: Sequence[Sequence[float]]
) -> list[Interval]:
    """Several ratios of one run, each with a 95 % interval.

    Args:
        logs: the logarithms of the ratios.
        samples: ``[ratio][sample]``, what each of the same samples says alone of the logarithm.
        alike: the samples of all ratios to the run's reference.

    A few samples say little about how far they are apart, and all ratios of a run are apart for some of the same
    reasons, so the spread of each is drawn to that of all; the less, the more samples it has. As ratios share a
    reference, each adds half of its degrees of freedom.

    Source: the moderated t-statistic of Smyth, Linear models and empirical Bayes methods, 2004, with a fixed prior.
    """
    count = len(samples[0])
    own = [float(np.var(each, ddof=1)) for each in samples]
    pooled = float(np.mean([np.var(each, ddof=1) for each in alike]))
    drawn = [(SHARED * pooled + (count - 1) * each) / (SHARED + count - 1) for each in own]
    t = student(min((count - 1) * max(1, (len(alike) + 1) // 2), SHARED + count - 1))
    return [
        Interval.of_log(log, t * math.sqrt(variance / count), count) for log, variance in zip(logs, drawn, strict=True)
    ]


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
