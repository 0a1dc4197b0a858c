"""Ratios by a fit of all rounds: how slow each participant is, plus how slow the machine was in a round, plus noise.

The sum is one of logarithms. On other devices than processors it is what a ratio is; on processors it says how far
rounds scatter, and so roughly how many of them a sitting should have (:mod:`zoodata.measure.allocation`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import geometric_mean

import numpy as np
from numpy.typing import NDArray

from zoodata.stats import Interval, student
from zoodata.turns.passes import Factors, Pair, Passes, Taken, bounded, exponents

Times = NDArray[np.float64]
"""Of one sitting, ``[round, participant]``: the logarithm of the nanoseconds of a turn."""

HUBER = 1.345
"""In standard deviations: what lies farther off counts less. 95 % as sharp as the mean where noise is normal."""

STEPS, CLOSE = 100, 1e-7
"""A fit ends when its levels move by less, or after so many steps."""


@dataclass(frozen=True)
class Estimate:
    """The logarithm of a ratio, and the standard error that its rounds leave."""

    log: float
    error: float

    def __add__(self, other: Estimate) -> Estimate:
        return Estimate(self.log + other.log, math.hypot(self.error, other.error))


def ratios(taken: Taken, wanted: Sequence[Factors], alike: Sequence[Factors]) -> list[Interval]:
    """See :func:`zoodata.turns.ratios`.

    Each sitting (one set of processes) says one ratio; the answer is their :func:`_centre`. Rounds of one sitting
    share what their processes share, so what bounds the answer is how far sittings are apart. With a single sitting
    the interval is that of its rounds and knows nothing of other processes.

    Source: the mixed-effects view of repeated program starts, Kalibera and Jones, ISMM 2013; pyperf's processes.
    """
    sittings = [times(sitting, taken.device) for sitting in taken.sittings()]
    found, others = (
        [[_product(sitting, factors) for sitting in sittings] for factors in each] for each in (wanted, alike)
    )
    return intervals(found, others)


def _product(sitting: Times, factors: Factors) -> Estimate:
    first, *others = (estimate(sitting, pair) for pair in factors)
    return sum(others, start=first)


def times(ns: Passes, device: str) -> Times:
    """The times of one sitting.

    On a processor a turn is its fastest pass: what disturbs a pass only adds to it. On another device it is the mean of
    its passes, in logarithms: nobody else computes there.
    """
    of_turn = min if device == "cpu" else geometric_mean
    return np.log([[of_turn(passes) for passes in turns] for turns in ns])


def estimate(sitting: Times, pair: Pair) -> Estimate:
    """One ratio of one sitting."""
    columns = [*pair[0], *pair[1]]
    shares = exponents([pair], sitting.shape[1])[columns]
    levels, deviation = _fit(sitting[:, columns])
    return Estimate(float(shares @ levels), deviation * math.sqrt(float((shares**2).sum()) / len(sitting)))


def _fit(found: Times) -> tuple[NDArray[np.float64], float]:
    """How slow each participant is beside the others, and the standard deviation of what remains.

    Source: the additive model of a two-way table, by iteratively reweighted least squares with Huber's weights, and
    their asymptotic variance (Huber and Ronchetti, Robust Statistics, 2009, chapter 7).
    """
    weights, levels = np.ones_like(found), np.zeros(found.shape[1])
    for _ in range(STEPS):
        moments = np.average(found - levels, axis=1, weights=weights)[:, None]
        moved = np.average(found - moments, axis=0, weights=weights)
        moved -= moved.mean()
        step, levels = float(np.abs(moved - levels).max()), moved
        left = np.abs(found - moments - levels)
        scale = _deviation(left)
        weights = _weights(left, scale)
        if step < CLOSE:
            break
    rounds, participants = found.shape
    pulls, near = float(((weights * left) ** 2).sum()), float((left <= HUBER * scale).mean())
    return levels, math.sqrt(pulls / max((rounds - 1) * (participants - 1), 1)) / near


def _weights(left: NDArray[np.float64], scale: float) -> NDArray[np.float64]:
    """Huber's: one for what lies within :data:`HUBER` deviations, and the less the farther off, by absolute value."""
    return np.asarray(np.minimum(1.0, max(HUBER * scale, 1e-9) / np.maximum(left, 1e-12)))


def _deviation(left: NDArray[np.float64]) -> float:
    """The standard deviation that a normal distribution around zero has, by its median absolute value."""
    return 1.4826 * float(np.median(np.abs(left)))


def intervals(estimates: Sequence[Sequence[Estimate]], alike: Sequence[Sequence[Estimate]]) -> list[Interval]:
    """Several ratios, each with a 95 % interval, from what each sitting says: ``[ratio][sitting]``.

    See :func:`zoodata.turns.passes.bounded`.
    """
    if len(estimates[0]) == 1:
        return [Interval.of_log(each[0].log, student(30) * each[0].error, 1) for each in estimates]
    samples, others = ([[sitting.log for sitting in each] for each in kind] for kind in (estimates, alike))
    return bounded([_centre(each) for each in estimates], samples, others)


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
