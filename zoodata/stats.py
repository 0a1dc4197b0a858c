"""Pure statistics: no records, no frames, no input or output.

Medians and order-statistic intervals are used throughout: latency samples are skewed and have
outliers that say more about the machine than about the model.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from statistics import median


@dataclass(frozen=True)
class Interval:
    """An estimate with its confidence bounds, in the unit of the samples."""

    value: float
    low: float
    high: float
    samples: int

    @property
    def half_width(self) -> float:
        """Half of the interval relative to the estimate (0.01 is ±1 %)."""
        return (self.high - self.low) / 2 / self.value if self.value else math.inf

    def excludes(self, value: float) -> bool:
        """Whether the interval lies wholly to one side of ``value``."""
        return self.low > value or self.high < value


def median_interval(samples: Sequence[float], confidence: float = 0.95) -> Interval:
    """The median with its distribution-free interval from order statistics.

    Args:
        samples: at least one finite number.
        confidence: the coverage asked for; with fewer than six samples the whole range is returned,
            which covers less than 95 %.

    Raises:
        ValueError: if there is no sample.

    Source: Conover, Practical Nonparametric Statistics, section 3.2 (quantile test interval).
    """
    if not samples:
        raise ValueError("no samples: a median needs at least one")
    ordered = sorted(samples)
    count = len(ordered)
    rank = _lower_rank(count, confidence)
    return Interval(median(ordered), ordered[rank], ordered[count - 1 - rank], count)


def ratio_interval(numerators: Sequence[float], denominators: Sequence[float]) -> Interval:
    """The median of the ratios taken pair by pair, with its 95 % interval.

    Pairs are what makes this steady on a noisy machine: both members of a pair were taken in one round.
    """
    if len(numerators) != len(denominators):
        raise ValueError(f"{len(numerators)} numerators against {len(denominators)} denominators")
    return median_interval([a / b for a, b in zip(numerators, denominators, strict=True)])


# The 97.5 % points of Student's t by degrees of freedom (NIST/SEMATECH e-Handbook, 1.3.6.7.2).
_STUDENT = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
    2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
)  # fmt: skip


def student(freedom: int) -> float:
    """The 97.5 % point of Student's t, which bounds a 95 % interval; beyond 30 degrees the value at 30.

    Raises:
        ValueError: below one degree of freedom.
    """
    if freedom < 1:
        raise ValueError("a spread needs at least one degree of freedom")
    return _STUDENT[min(freedom, len(_STUDENT)) - 1]


def turn_ratios(
    samples: Sequence[Sequence[Sequence[float]]],
    rounds: Sequence[int],
    numerators: Sequence[int],
    denominators: Sequence[int],
    block: int = 1,
) -> list[list[float]]:
    """The ratio of two things that were timed, in every block of rounds, ``[sitting][block]``.

    Args:
        samples: ``samples[round][participant][pass]``, the rounds of all sittings one after the other.
        rounds: how many rounds each sitting has.
        numerators, denominators: the participants that ran each; of several the geometric mean counts.
        block: how many rounds are taken as one; rounds that fill none are left out.

    A block says a participant's fastest pass: what disturbs a pass only ever adds to it. On two cores of which another
    program used one half the time, sittings of twelve rounds were apart by 0.9 % in this, by 5 % in medians.

    Where a turn holds more passes of one than of another, the fastest of more would be the faster by that alone. So it
    is the fastest that as many passes as everybody had are expected to hold.
    """
    found, start = [], 0
    chances = block * min(map(len, samples[0])) if samples else 0
    for count in rounds:
        starts = range(start, start + count - block + 1, block)
        blocks = [samples[begin : begin + block] for begin in starts]
        found.append([_fastest(each, numerators, chances) / _fastest(each, denominators, chances) for each in blocks])
        start += count
    return found


Pair = tuple[Sequence[int], Sequence[int]]
"""The participants that are the numerator of a ratio, and those that are its denominator."""

BLOCKS = (1, 2, 4, 8)
FEWEST_BLOCKS = 8
"""Of a sitting, or its scatter says nothing."""


def steadiest_block(samples: Sequence[Sequence[Sequence[float]]], rounds: Sequence[int], pairs: Sequence[Pair]) -> int:
    """How many rounds are best taken as one, so that the medians of sittings are known best.

    It depends on what disturbs the machine: beside a program that computes by spells, only the fastest of several
    turns was undisturbed; where all of the machine changes its speed, turns that lie close together compare best.
    What is chosen by is the scatter of all pairs within sittings, never a ratio itself.
    """

    def variance(block: int) -> float:
        found = [each for pair in pairs for each in turn_ratios(samples, rounds, *pair, block)]
        return block * math.fsum(scatter([math.log(ratio) for ratio in each]) ** 2 for each in found) / len(found)

    allowed = [block for block in BLOCKS if block == 1 or min(rounds) // block >= FEWEST_BLOCKS]
    return min(allowed, key=variance) if len(allowed) > 1 else 1


def scatter(values: Sequence[float]) -> float:
    """The standard deviation that a normal distribution of this median absolute deviation has."""
    middle = median(values)
    return 1.4826 * median(abs(value - middle) for value in values)


def ratios_to_reference(
    samples: Sequence[Sequence[Sequence[float]]], rounds: Sequence[int], pairs: Sequence[Pair], block: int
) -> dict[int, Interval]:
    """The ratios of :func:`pairs_to_reference`, by participant; of each ``block`` rounds as one."""
    found = [turn_ratios(samples, rounds, *pair, block) for pair in pairs]
    return dict(enumerate(ratios_by_sitting(found), start=1))


def pairs_to_reference(participants: int, null: int) -> list[Pair]:
    """Every participant over the first, which ``null`` runs a second time; the first itself left out.

    Both of the reference's workers are the reference for the others; its second one is held against the first.
    """
    return [([seat], [0] if seat == null else [0, null]) for seat in range(1, participants)]


def expected_fastest(passes: Sequence[float], chances: int) -> float:
    """The mean, over all choices of so many of the passes, of the fastest one chosen."""
    weights = _shares(len(passes), chances)
    return math.fsum(weight * each for weight, each in zip(weights, sorted(passes), strict=False))


def _fastest(rounds: Sequence[Sequence[Sequence[float]]], participants: Sequence[int], chances: int) -> float:
    fastest = (expected_fastest([each for turns in rounds for each in turns[p]], chances) for p in participants)
    return math.exp(math.fsum(math.log(each) for each in fastest) / len(participants))


@cache
def _shares(count: int, chosen: int) -> tuple[float, ...]:
    """Of all choices among ``count`` in rising order, the share whose least one is the first, the second, and so on."""
    return tuple(
        math.comb(count - 1 - least, chosen - 1) / math.comb(count, chosen) for least in range(count - chosen + 1)
    )


def ratios_by_sitting(ratios: Sequence[Sequence[Sequence[float]]]) -> list[Interval]:
    """Several ratios that were taken in the same sittings, each with a 95 % interval.

    Args:
        ratios: ``ratios[pair][sitting][round]``, all positive, the same sittings for every pair.

    Each sitting (one set of processes) says one ratio, the median of its rounds; the answer is the median of
    those, since now and then a process is two percent off for its whole life. Rounds of one sitting share what
    their processes share, so what bounds the answer is how far sittings are apart. A few sittings say little
    about that, and all pairs of a run are apart for the same reasons, so their spreads are pooled; as pairs share
    a reference, each adds half of its degrees of freedom. With a single sitting the interval is that of the
    median of its rounds and knows nothing of other processes.

    Source: the mixed-effects view of repeated program starts, Kalibera and Jones, ISMM 2013; pyperf's processes.
    """
    if not ratios:
        return []
    centres = [[median([math.log(r) for r in rounds]) for rounds in sittings] for sittings in ratios]
    count = len(centres[0])
    if count == 1:
        return [median_interval(sittings[0]) for sittings in ratios]
    squares = math.fsum((c - math.fsum(each) / count) ** 2 for each in centres for c in each)
    spread = math.sqrt(squares / (len(centres) * (count - 1)))
    half = student((count - 1) * max(1, (len(centres) + 1) // 2)) * spread / math.sqrt(count)
    middles = [median(each) for each in centres]
    return [Interval(math.exp(m), math.exp(m - half), math.exp(m + half), count) for m in middles]


def quantile(samples: Sequence[float], q: float) -> float:
    """The ``q`` quantile (0 to 1) by linear interpolation, as numpy's default does."""
    if not samples:
        raise ValueError("no samples: a quantile needs at least one")
    ordered = sorted(samples)
    position = q * (len(ordered) - 1)
    below = math.floor(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (position - below) * (ordered[above] - ordered[below])


def binomial_half_width(percent: float, trials: int = 50_000) -> float:
    """Half of the 95 % interval, in points, of an accuracy measured on ``trials`` images.

    At 76 % on ImageNet's 50,000 validation images it is 0.37 points.
    """
    p = percent / 100
    return 196 * math.sqrt(p * (1 - p) / trials)


def _lower_rank(count: int, confidence: float) -> int:
    """The largest rank r such that [x_r, x_(n-1-r)] covers the median with ``confidence``."""
    tail, cumulative = (1 - confidence) / 2, 0.0
    for rank in range(count // 2):
        cumulative += math.exp(_log_choose(count, rank) - count * math.log(2))
        if cumulative > tail:
            return max(rank - 1, 0)
    return max(count // 2 - 1, 0)


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def wilson_interval(hits: int, trials: int, z: float = 1.959964) -> Interval:
    """A proportion with Wilson's score interval, which stays inside 0 to 1 and holds for few trials.

    Raises:
        ValueError: without a trial.

    Source: Wilson, JASA 1927; Brown, Cai and DasGupta, Statistical Science 2001, section 3.1.
    """
    if trials < 1:
        raise ValueError("no trials: a proportion needs at least one")
    p, square = hits / trials, z * z
    centre = (p + square / (2 * trials)) / (1 + square / trials)
    half = z / (1 + square / trials) * math.sqrt(p * (1 - p) / trials + square / (4 * trials * trials))
    return Interval(p, max(0.0, centre - half), min(1.0, centre + half), trials)


def sign_test(wins: int, losses: int) -> float:
    """Two-sided exact probability of so uneven a split if each side were as likely.

    On the images that only one of two models gets right it is McNemar's exact test.

    Source: McNemar, Psychometrika 1947, in its exact binomial form (Fagerland et al., BMC Med Res Methodol 2013).
    """
    trials, fewer = wins + losses, min(wins, losses)
    if not trials:
        return 1.0
    tail = math.fsum(math.exp(_log_choose(trials, k) - trials * math.log(2)) for k in range(fewer + 1))
    return min(1.0, 2 * tail)


def holm(probabilities: Sequence[float]) -> list[float]:
    """Probabilities corrected for how many were looked at (Holm, Scandinavian Journal of Statistics 1979)."""
    order = sorted(range(len(probabilities)), key=probabilities.__getitem__)
    corrected, highest = [0.0] * len(order), 0.0
    for rank, index in enumerate(order):
        highest = max(highest, min(1.0, (len(order) - rank) * probabilities[index]))
        corrected[index] = highest
    return corrected
