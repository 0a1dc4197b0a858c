"""What was timed in turns, compared: raw passes of several participants, round by round, sitting by sitting.

A pass in which other programs took the cores shows itself: its process had less of the processors than in its other
passes. Where that is much less, the pass says nothing of a model; where it is a little less, the pass is taken to last
as long as its processor time does on what the process has undisturbed. What is left is a sum, in logarithms, of how
slow a participant is and how slow the machine was in a round; what both leave over is noise. No records and no input or
output here.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from zoodata.stats import Interval, student

Times = NDArray[np.float64]
"""Of one sitting, ``[round, participant]``: the logarithm of the nanoseconds of a pass; NaN where none counts."""

Passes = Sequence[Sequence[Sequence[int]]]
"""``[round][participant][pass]``."""

Pair = tuple[Sequence[int], Sequence[int]]
"""The participants that are the numerator of a ratio, and those that are its denominator (their geometric mean)."""

BEST = 0.9
"""The share of a participant's passes that had no more of the processors than what it is held to."""

DISTURBED = 0.1
"""A pass is disturbed when it had less than that by so much. Undisturbed ones are apart by 1 to 5 %."""

HUBER = 1.345
"""In standard deviations: what lies farther off counts less. 95 % as sharp as the mean where noise is normal."""

STEPS, CLOSE = 100, 1e-7
"""A fit ends when its levels move by less, or after so many steps."""


@dataclass(frozen=True)
class Estimate:
    """The logarithm of a ratio, and the standard error that its rounds leave."""

    log: float
    error: float

    def __sub__(self, other: Estimate) -> Estimate:
        return Estimate(self.log - other.log, math.hypot(self.error, other.error))


def times_by_sitting(ns: Passes, cpu_us: Passes | None, rounds: Sequence[int], device: str) -> list[Times]:
    """The times of each sitting.

    Args:
        ns: nanoseconds of all passes, the rounds of all sittings one after the other.
        cpu_us: microseconds of processor time that the process used in each; None where that was not counted.
        rounds: how many each sitting has.
        device: what computed.
    """
    cuts = sitting_cuts(rounds)
    if cpu_us is None:
        return [times(ns[cut], None, device) for cut in cuts]
    had = processors(ns, cpu_us) if device == "cpu" else None
    return [times(ns[cut], cpu_us[cut], device, had) for cut in cuts]


def sitting_cuts(rounds: Sequence[int]) -> list[slice]:
    """Where each sitting lies among the rounds of all, given how many each has."""
    return [slice(end - count, end) for count, end in zip(rounds, accumulate(rounds), strict=True)]


def times(ns: Passes, cpu_us: Passes | None, device: str, had: Sequence[float] | None = None) -> Times:
    """The times of one sitting: of each turn the mean, in logarithms, of its undisturbed passes.

    Args:
        ns: as :func:`times_by_sitting` has it.
        cpu_us: likewise.
        device: likewise.
        had: the :func:`processors` of each participant, where more sittings than this one tell.

    An undisturbed pass lasts for its processor time over the processors that its process has undisturbed: by the
    clock, where it had as many. Where processor time was not counted, a turn is its fastest pass: what disturbs
    a pass only adds to it. As the fastest of more is the faster by that alone, it is what the fastest of as many as
    everybody had is expected to be. Where another device computes, every pass counts by the clock: a process that waits
    for it uses the less of the processors the longer it waits, and those of JAX' passes that had most of them were 3 to
    7 % faster than its others.
    """
    if cpu_us is None:
        chances = min(map(len, ns[0]))
        return np.array([[math.log(expected_fastest(passes, chances)) for passes in turns] for turns in ns])
    if device != "cpu":
        return np.array([[float(np.log(passes).mean()) for passes in turns] for turns in ns])
    columns = []
    for (wall, shares), best in zip(_participants(ns, cpu_us), had or processors(ns, cpu_us), strict=True):
        counts = undisturbed(shares, best)
        lasting = wall * np.where(counts, shares, best) / best if best > 0 else wall
        number = counts.sum(axis=1)
        total = np.where(counts, np.log(lasting), 0.0).sum(axis=1)
        columns.append(np.where(number > 0, total / np.maximum(number, 1), np.nan))
    return np.stack(columns, axis=1)


def processors(ns: Passes, cpu_us: Passes) -> list[float]:
    """How many processors each participant's process has in a pass that nothing disturbs.

    That it waits for its own threads is the model's and stays; with too few passes the figure is itself uncertain, by
    0.2 to 0.5 % from a minute's passes of a model whose threads sleep, so it is taken over all sittings of a run.
    """
    return [float(np.quantile(shares, BEST)) for _, shares in _participants(ns, cpu_us)]


def share_undisturbed(ns: Passes, cpu_us: Passes, had: Sequence[float] | None = None) -> list[float]:
    """The share of each participant's passes that count in a sitting; ``had`` as :func:`times` has it."""
    held_to = had or processors(ns, cpu_us)
    every = zip(_participants(ns, cpu_us), held_to, strict=True)
    return [float(undisturbed(shares, best).mean()) for (_, shares), best in every]


def _participants(ns: Passes, cpu_us: Passes) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Of each one the nanoseconds ``[round, pass]``, and how many processors it had meanwhile."""
    for seat in range(len(ns[0])):
        wall, cpu = (np.array([turns[seat] for turns in taken], float) for taken in (ns, cpu_us))
        yield wall, cpu * 1e3 / wall


def undisturbed(shares: NDArray[np.float64], best: float) -> NDArray[np.bool_]:
    """Which of a participant's passes of one sitting had about as much of the processors as they have undisturbed.

    One in ten always is: of a sitting that was disturbed all along, the best passes still say something.
    """
    return np.asarray(shares >= min(best * (1 - DISTURBED), float(np.quantile(shares, BEST))))


def pairs_to_reference(participants: int, null: int) -> list[Pair]:
    """Every participant over the first, which ``null`` runs a second time; the first itself left out.

    Both of the reference's workers are the reference for the others; its second one is held against the first.
    """
    return [([seat], [0] if seat == null else [0, null]) for seat in range(1, participants)]


def estimate(sitting: Times, pair: Pair) -> Estimate:
    """One ratio of one sitting.

    Rounds in which only one of them has a time say nothing. Where no rounds link all of them, each one's own median
    over the sitting is compared.
    """
    columns = [*pair[0], *pair[1]]
    shares = np.array([1 / len(pair[0])] * len(pair[0]) + [-1 / len(pair[1])] * len(pair[1]))
    found = sitting[:, columns]
    present = ~np.isnan(found)
    telling = present.sum(axis=1) > 1
    if _linked(present[telling]):
        found, present = found[telling], present[telling]
        levels, deviation = _fit(found, present)
    else:
        levels = np.nanmedian(found, axis=0)
        deviation = _deviation((found - levels)[present])
    error = deviation * math.sqrt(float((shares**2 / present.sum(axis=0)).sum()))
    return Estimate(float(shares @ levels), error)


def _linked(present: NDArray[np.bool_]) -> bool:
    """Whether rounds lead from the first participant to every other one."""
    reached = np.zeros(present.shape[1], bool)
    reached[:1] = True
    while True:
        more = present[(present & reached).any(axis=1)].any(axis=0) | reached
        if (more == reached).all():
            return bool(reached.all())
        reached = more


def _fit(found: Times, present: NDArray[np.bool_]) -> tuple[NDArray[np.float64], float]:
    """How slow each participant is beside the others, and the standard deviation of what remains.

    Source: the additive model of a two-way table with missing cells, by iteratively reweighted least squares with
    Huber's weights, and their asymptotic variance (Huber and Ronchetti, Robust Statistics, 2009, chapter 7).
    """
    known = np.where(present, found, 0.0)
    weights, levels, scale = present.astype(float), np.zeros(found.shape[1]), 0.0
    for _ in range(STEPS):
        moments = (weights * (known - levels)).sum(axis=1, keepdims=True) / weights.sum(axis=1, keepdims=True)
        moved = (weights * (known - moments)).sum(axis=0) / weights.sum(axis=0)
        moved -= moved.mean()
        step, levels = float(np.abs(moved - levels).max()), moved
        left = np.abs(known - moments - levels)
        scale = _deviation(left[present])
        weights = present * _weights(left, scale)
        if step < CLOSE:
            break
    freedom = present.sum() - len(found) - found.shape[1] + 1
    pulls, near = float(((weights * left) ** 2).sum()), float((left <= HUBER * scale)[present].mean())
    return levels, math.sqrt(pulls / max(freedom, 1)) / near


def _weights(left: NDArray[np.float64], scale: float) -> NDArray[np.float64]:
    """Huber's: one for what lies within :data:`HUBER` deviations, and the less the farther off, by absolute value."""
    return np.asarray(np.minimum(1.0, max(HUBER * scale, 1e-9) / np.maximum(left, 1e-12)))


def _deviation(left: NDArray[np.float64]) -> float:
    """The standard deviation that a normal distribution around zero has, by its median absolute value."""
    return 1.4826 * float(np.median(np.abs(left)))


def intervals(estimates: Sequence[Sequence[Estimate]]) -> list[Interval]:
    """Several ratios that were taken in the same sittings, each with a 95 % interval.

    Args:
        estimates: ``[pair][sitting]``, the same sittings for every pair.

    Each sitting (one set of processes) says one ratio; the answer is their :func:`_centre`. Rounds of one sitting
    share what their processes share, so what bounds the answer is how far sittings are apart. A few sittings say
    little about that, and all pairs of a run are apart for the same reasons, so their spreads are pooled; as pairs
    share a reference, each adds half of its degrees of freedom. With a single sitting the interval is that of its
    rounds and knows nothing of other processes.

    Source: the mixed-effects view of repeated program starts, Kalibera and Jones, ISMM 2013; pyperf's processes.
    """
    if not estimates:
        return []
    count = len(estimates[0])
    if count == 1:
        return [_bounded(each[0].log, student(30) * each[0].error, 1) for each in estimates]
    logs = [[sitting.log for sitting in each] for each in estimates]
    squares = math.fsum((log - math.fsum(each) / count) ** 2 for each in logs for log in each)
    spread = math.sqrt(squares / (len(logs) * (count - 1)))
    half = student((count - 1) * max(1, (len(logs) + 1) // 2)) * spread / math.sqrt(count)
    return [_bounded(_centre(each), half, count) for each in estimates]


def _centre(sittings: Sequence[Estimate]) -> float:
    """The mean where sittings are as far apart as their rounds explain, the median where they are much farther.

    Now and then a process is two percent off for its whole life; but of five sittings that scatter only as their
    rounds do, the median is a fifth less sharp than the mean. Huber's estimate of location, its scale being known.
    """
    logs = np.array([sitting.log for sitting in sittings])
    scale = math.sqrt(math.fsum(sitting.error**2 for sitting in sittings) / len(sittings))
    centre = float(np.median(logs))
    for _ in range(STEPS):
        weights = _weights(np.abs(logs - centre), scale)
        before, centre = centre, float((weights * logs).sum() / weights.sum())
        if abs(centre - before) < CLOSE:
            break
    return centre


def _bounded(log: float, half: float, samples: int) -> Interval:
    return Interval(math.exp(log), math.exp(log - half), math.exp(log + half), samples)


def ratios_to_reference(sittings: Sequence[Times], pairs: Sequence[Pair]) -> dict[int, Interval]:
    """The ratios of :func:`pairs_to_reference`, by participant."""
    return dict(enumerate(intervals([[estimate(each, pair) for each in sittings] for pair in pairs]), start=1))


def expected_fastest(passes: Sequence[float], chances: int) -> float:
    """The mean, over all choices of so many of the passes, of the fastest one chosen."""
    weights = _shares(len(passes), chances)
    return math.fsum(weight * each for weight, each in zip(weights, sorted(passes), strict=False))


@cache
def _shares(count: int, chosen: int) -> tuple[float, ...]:
    """Of all choices among ``count`` in rising order, the share whose least one is the first, the second, and so on."""
    return tuple(
        math.comb(count - 1 - least, chosen - 1) / math.comb(count, chosen) for least in range(count - chosen + 1)
    )
