"""Ratios on a processor: of each participant's fastest iterations, quiet sessions weighing most.

Other programs and the host only add to an iteration, and add more to some models than to others. So in each session
a participant's time is the mean of its fastest iterations. Sessions are never pooled: the fastest iterations of all
would be those of the luckiest process, and a model whose processes differ more has luckier ones (decision 12).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from zoodata.ratios.additive import AdditiveFit
from zoodata.ratios.estimator import Product, Quotient, RatioEstimate, estimates, exponents
from zoodata.ratios.samples import Iterations, Samples

TRIM_FRACTION = 0.05
"""The least fraction of a participant's iterations in a session that is kept: the fastest, whose mean is its time."""

MIN_KEPT = 5
"""Iterations that are kept of whoever has fewest; the same fraction is kept for everybody."""

QUIET_SCALE = 0.03
"""A session in which the others were slower by this fraction has 1 / e of a quiet session's weight."""


class TrimmedMean:
    """The :class:`zoodata.ratios.estimator.Estimator` of processors."""

    def ratios(
        self, samples: Samples, wanted: Sequence[Product], to_reference: Sequence[Product]
    ) -> list[RatioEstimate]:
        """See the protocol. Intervals are the jackknife's over sessions.

        Source: Efron and Stein, The jackknife estimate of variance, Annals of Statistics 1981.
        """
        times = np.stack([_log_times(session) for session in samples.sessions()])
        whole = _log_levels(times)
        if len(times) > 1:
            parts = np.stack([_log_levels(np.delete(times, n, axis=0)) for n in range(len(times))])
            # Pseudo-values: what each session would say alone if the estimate were a mean over sessions.
            pseudo = len(parts) * whole - (len(parts) - 1) * parts
        else:
            pseudo = times
        weights, others = ([exponents(each, len(whole)) for each in ratios] for ratios in (wanted, to_reference))
        return estimates(
            [float(each @ whole) for each in weights],
            [(pseudo @ each).tolist() for each in weights],
            [(pseudo @ each).tolist() for each in others],
        )

    def trim_fraction(self, samples: Samples) -> float | None:
        """See the protocol."""
        return max(map(kept_fraction, samples.sessions()))

    def round_variance(self, session: Iterations, quotients: Sequence[Quotient]) -> float:
        """See the protocol. A rule of thumb: the standard deviation of the fastest iteration of each round."""
        return AdditiveFit(min).round_variance(session, quotients)


def kept_fraction(session: Iterations) -> float:
    """The fraction of its iterations in a session that is kept of each participant."""
    fewest = min(sum(len(one[participant]) for one in session) for participant in range(len(session[0])))
    return min(1.0, max(TRIM_FRACTION, MIN_KEPT / fewest))


def mean_of_fastest(times: NDArray[np.float64], fraction: float) -> float:
    """The mean of this fraction of the times, the fastest; the last of them may count in part."""
    many = fraction * len(times)
    weights = np.clip(many - np.arange(len(times)), 0.0, 1.0)
    return float(weights @ np.sort(times) / many)


def _log_times(session: Iterations) -> NDArray[np.float64]:
    """The logarithm of each participant's time in a session."""
    fraction = kept_fraction(session)
    times = (np.concatenate([one[n] for one in session]).astype(float) for n in range(len(session[0])))
    return np.log([mean_of_fastest(each, fraction) for each in times])


def _log_levels(times: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each participant's time over all sessions, in logarithms.

    Args:
        times: ``[session, participant]``, in logarithms.

    How quiet a session was is judged by the others' times: a participant's own would favour its lucky processes.
    """
    others = (times.sum(axis=1, keepdims=True) - times) / (times.shape[1] - 1)
    weights = np.exp((others.min(axis=0) - others) / QUIET_SCALE)
    return np.asarray((weights * times).sum(axis=0) / weights.sum(axis=0))
