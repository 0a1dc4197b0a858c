"""Ratios of times within one latency run, from its raw iterations.

:mod:`~zoodata.ratios.samples` holds the iterations, :mod:`~zoodata.ratios.estimator` says what an estimator does.
:mod:`~zoodata.ratios.trimmed` is that of processors, :mod:`~zoodata.ratios.additive` that of accelerators.
"""

from __future__ import annotations

from collections.abc import Sequence

from zoodata.ratios.additive import AdditiveFit
from zoodata.ratios.estimator import Estimator, Product, Quotient, RatioEstimate
from zoodata.ratios.samples import Samples
from zoodata.ratios.trimmed import TrimmedMean

__all__ = [
    "Estimator", "Product", "Quotient", "RatioEstimate", "Samples", "estimator_for", "quotients_to_reference", "ratios",
    "ratios_to_reference", "trim_fraction",
]  # fmt: skip


def estimator_for(device: str) -> Estimator:
    """The estimator for what computed: the only place that chooses one."""
    return TrimmedMean() if device == "cpu" else AdditiveFit()


def ratios(samples: Samples, wanted: Sequence[Product], repeat: int) -> list[RatioEstimate]:
    """Several ratios of one run, each with a 95 % confidence interval.

    Args:
        samples: the iterations of the run.
        wanted: each ratio as a product of quotients.
        repeat: the participant that repeats the first one (the A/A pair's second half).

    A ratio has one interval, whichever others are asked for: its variance is shrunk towards that of all ratios to the
    reference (:func:`zoodata.ratios.estimator.estimates`). With a single session there is no interval.

    Raises:
        ValueError: with a single round.
    """
    if len(samples.ns) < 2:
        raise ValueError("one round says nothing about the spread of rounds")
    to_reference = [[each] for each in quotients_to_reference(samples.participants, repeat)]
    return estimator_for(samples.device).ratios(samples, wanted, to_reference)


def ratios_to_reference(samples: Samples, repeat: int) -> dict[int, RatioEstimate]:
    """Every participant over the first, by participant; see :func:`quotients_to_reference`."""
    quotients = quotients_to_reference(samples.participants, repeat)
    return dict(enumerate(ratios(samples, [[each] for each in quotients], repeat), start=1))


def trim_fraction(samples: Samples) -> float | None:
    """The largest fraction of iterations that a session's times are the mean of; None where all count."""
    return estimator_for(samples.device).trim_fraction(samples)


def quotients_to_reference(participants: int, repeat: int) -> list[Quotient]:
    """Every participant but the first, over the first.

    Both workers of the reference are the denominator of the others; its second one is compared with the first.
    """
    return [([n], [0] if n == repeat else [0, repeat]) for n in range(1, participants)]
