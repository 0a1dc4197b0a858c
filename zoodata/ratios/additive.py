"""Ratios by a robust additive fit: log time = how slow the participant is + how slow the round was + noise.

The estimator of accelerators, where nobody else computes and all iterations count.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean, geometric_mean

import numpy as np
from numpy.typing import NDArray

from zoodata.ratios.estimator import Product, Quotient, RatioEstimate, estimates, exponents
from zoodata.ratios.samples import Iterations, Samples

LogTimes = NDArray[np.float64]
"""Of one session, ``[round, participant]``: the logarithm of the nanoseconds of a repetition."""

HUBER = 1.345
"""In standard deviations: what lies farther out counts less. 95 % efficient where noise is normal."""

MAX_STEPS, TOLERANCE = 100, 1e-7
"""A fit ends when its levels move by less than the tolerance, or after this many steps."""


@dataclass(frozen=True)
class LogRatio:
    """The logarithm of a ratio in one session, and its standard error over rounds."""

    log: float
    error: float

    def __add__(self, other: LogRatio) -> LogRatio:
        return LogRatio(self.log + other.log, math.hypot(self.error, other.error))


@dataclass(frozen=True)
class AdditiveFit:
    """The :class:`zoodata.ratios.estimator.Estimator` of accelerators."""

    time_of_repetition: Callable[[Sequence[int]], float] = geometric_mean
    """Iterations to the time of their repetition."""

    def ratios(
        self, samples: Samples, wanted: Sequence[Product], to_reference: Sequence[Product]
    ) -> list[RatioEstimate]:
        """See the protocol. Each session gives one ratio; the answer is their :func:`centre`.

        Source: the mixed-effects view of repeated program starts, Kalibera and Jones, ISMM 2013.
        """
        sessions = [self.log_times(session) for session in samples.sessions()]
        return combined(
            *([[_product(s, each) for s in sessions] for each in ratios] for ratios in (wanted, to_reference))
        )

    def trim_fraction(self, samples: Samples) -> float | None:
        """See the protocol."""
        return None

    def round_variance(self, session: Iterations, quotients: Sequence[Quotient]) -> float:
        """See the protocol."""
        times = self.log_times(session)
        return len(times) * fmean(log_ratio(times, each).error ** 2 for each in quotients)

    def log_times(self, session: Iterations) -> LogTimes:
        """The times of a session's repetitions."""
        return np.log([[self.time_of_repetition(iterations) for iterations in one] for one in session])


def _product(times: LogTimes, product: Product) -> LogRatio:
    first, *others = (log_ratio(times, quotient) for quotient in product)
    return sum(others, start=first)


def log_ratio(times: LogTimes, quotient: Quotient) -> LogRatio:
    """One ratio of one session."""
    columns = [*quotient[0], *quotient[1]]
    shares = exponents([quotient], times.shape[1])[columns]
    levels, deviation = _fit(times[:, columns])
    return LogRatio(float(shares @ levels), deviation * math.sqrt(float((shares**2).sum()) / len(times)))


def combined(wanted: Sequence[Sequence[LogRatio]], to_reference: Sequence[Sequence[LogRatio]]) -> list[RatioEstimate]:
    """Ratios over all sessions, from those of each: ``[ratio][session]``."""
    samples, others = ([[session.log for session in each] for each in ratios] for ratios in (wanted, to_reference))
    return estimates([centre(each) for each in wanted], samples, others)


def centre(sessions: Sequence[LogRatio]) -> float:
    """Huber's estimate of location over sessions, with the scale that their rounds explain.

    The mean where sessions differ only as their rounds do, nearly the median where some differ much more.
    """
    logs = np.array([session.log for session in sessions])
    scale = math.sqrt(math.fsum(session.error**2 for session in sessions) / len(sessions))
    location = float(np.median(logs))
    for _ in range(MAX_STEPS):
        weights = _weights(np.abs(logs - location), scale)
        before, location = location, float((weights * logs).sum() / weights.sum())
        if abs(location - before) < TOLERANCE:
            break
    return location


def _fit(times: LogTimes) -> tuple[NDArray[np.float64], float]:
    """The level of each participant relative to the others, and the standard deviation of the residuals.

    Source: the additive model of a two-way table, by iteratively reweighted least squares with Huber's weights, and
    their asymptotic variance (Huber and Ronchetti, Robust Statistics, 2009, chapter 7).
    """
    weights, levels = np.ones_like(times), np.zeros(times.shape[1])
    for _ in range(MAX_STEPS):
        moments = np.average(times - levels, axis=1, weights=weights)[:, None]
        moved = np.average(times - moments, axis=0, weights=weights)
        moved -= moved.mean()
        step, levels = float(np.abs(moved - levels).max()), moved
        residuals = np.abs(times - moments - levels)
        scale = 1.4826 * float(np.median(residuals))  # of a normal distribution around zero
        weights = _weights(residuals, scale)
        if step < TOLERANCE:
            break
    rounds, participants = times.shape
    pulls, near = float(((weights * residuals) ** 2).sum()), float((residuals <= HUBER * scale).mean())
    return levels, math.sqrt(pulls / max((rounds - 1) * (participants - 1), 1)) / near


def _weights(residuals: NDArray[np.float64], scale: float) -> NDArray[np.float64]:
    """Huber's weights of absolute residuals: one within :data:`HUBER` deviations, less the farther out."""
    return np.asarray(np.minimum(1.0, max(HUBER * scale, 1e-9) / np.maximum(residuals, 1e-12)))
