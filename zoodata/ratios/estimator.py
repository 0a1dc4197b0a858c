"""What an estimator of ratios must do, and the interval that all of them share."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from zoodata.ratios.samples import Iterations, Samples
from zoodata.stats import student

Quotient = tuple[Sequence[int], Sequence[int]]
"""The participants of the numerator and those of the denominator of a ratio (the geometric mean of each)."""

Product = Sequence[Quotient]
"""A ratio that is the product of these quotients."""

PRIOR_FREEDOM = 1
"""Degrees of freedom of the variance that all ratios of a run share; see :func:`estimates`."""


@dataclass(frozen=True)
class RatioEstimate:
    """A ratio of two times with its 95 % confidence interval."""

    value: float
    low: float | None
    """None with a single session, which cannot tell how much processes differ."""
    high: float | None
    sessions: int

    @property
    def half_width(self) -> float:
        """Half of the interval over the value (0.01 is ±1 %); infinite without an interval."""
        return math.inf if self.low is None or self.high is None else (self.high - self.low) / 2 / self.value

    def excludes(self, value: float) -> bool:
        """Whether there is an interval and it lies wholly to one side of ``value``."""
        return self.low is not None and self.high is not None and (self.low > value or self.high < value)


class Estimator(Protocol):
    """Ratios of times from the iterations of a run."""

    def ratios(
        self, samples: Samples, wanted: Sequence[Product], to_reference: Sequence[Product]
    ) -> list[RatioEstimate]:
        """Each wanted ratio; ``to_reference`` are all ratios of the run, whose spread the intervals share."""

    def trim_fraction(self, samples: Samples) -> float | None:
        """The largest fraction of a participant's iterations that a session's time is the mean of; None for all."""

    def round_variance(self, session: Iterations, quotients: Sequence[Quotient]) -> float:
        """The variance that one round leaves of the logarithm of a ratio, averaged over the quotients."""


def exponents(product: Product, participants: int) -> NDArray[np.float64]:
    """The coefficients of a ratio's logarithm over the logarithms of the participants' times."""
    coefficients = np.zeros(participants)
    for numerator, denominator in product:
        for participant in numerator:
            coefficients[participant] += 1 / len(numerator)
        for participant in denominator:
            coefficients[participant] -= 1 / len(denominator)
    return coefficients


def estimates(
    logs: Sequence[float], samples: Sequence[Sequence[float]], to_reference: Sequence[Sequence[float]]
) -> list[RatioEstimate]:
    """Several ratios of one run with their intervals.

    Args:
        logs: the logarithms of the ratios.
        samples: ``[ratio][session]``, the logarithm that each session gives alone.
        to_reference: the same for all ratios to the run's reference.

    Few sessions say little about their spread, and the ratios of a run differ for some of the same reasons. So the
    variance of each is shrunk towards that of all. Ratios share a reference: each adds half of its degrees of freedom.

    Source: the moderated t-statistic of Smyth, Linear models and empirical Bayes methods, 2004, with a fixed prior.
    """
    count = len(samples[0])
    if count < 2:
        return [RatioEstimate(math.exp(log), None, None, count) for log in logs]
    variances = [float(np.var(each, ddof=1)) for each in samples]
    pooled = float(np.mean([np.var(each, ddof=1) for each in to_reference]))
    shrunk = [(PRIOR_FREEDOM * pooled + (count - 1) * each) / (PRIOR_FREEDOM + count - 1) for each in variances]
    freedom = min((count - 1) * max(1, (len(to_reference) + 1) // 2), PRIOR_FREEDOM + count - 1)
    halves = [student(freedom) * math.sqrt(variance / count) for variance in shrunk]
    return [
        RatioEstimate(math.exp(log), math.exp(log - half), math.exp(log + half), count)
        for log, half in zip(logs, halves, strict=True)
    ]
