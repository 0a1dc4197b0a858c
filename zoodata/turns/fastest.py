"""Ratios on a processor: those of what the fastest passes of each participant take, in the quieter sittings above all.

What else runs on a machine, or on its host, only adds to a pass, by cores it takes and by caches and memory it shares;
and it adds more to some models than to others. So in each sitting (one set of processes) a participant's time is that
of its fastest passes, and sittings count by how quiet they were. Not by the fastest of all passes whichever sitting
they are from: those are of the luckiest process, and a model whose processes differ more has luckier ones.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from zoodata.stats import Interval
from zoodata.turns.passes import Factors, Passes, Taken, bounded, exponents

SHARE = 0.05
"""Of a participant's passes in a sitting, the fastest; see decision 12."""

FEWEST = 5
"""Passes of whoever has fewest, of which the same share speaks for everybody. A figure of one or two is chance."""

QUIET = 0.03
"""A sitting in which the others were slower by so much counts a third (1 / e)."""


def ratios(taken: Taken, wanted: Sequence[Factors], alike: Sequence[Factors]) -> list[Interval]:
    """See :func:`zoodata.turns.ratios`.

    What bounds a ratio is how much each sitting moves it, by the jackknife: processes of one network differ for as
    long as they live. With a single sitting it is how much each round does, which knows nothing of other processes.

    Source: Efron and Stein, The jackknife estimate of variance, Annals of Statistics 1981.
    """
    sittings = taken.sittings()
    if len(sittings) > 1:
        times = np.stack([_times(sitting) for sitting in sittings])
        parts = [np.delete(times, n, axis=0) for n in range(len(times))]
    else:
        (only,) = sittings
        times = _times(only)[None]
        parts = [_times([*only[:n], *only[n + 1 :]])[None] for n in range(len(only))]
    whole, left_out = _levels(times), np.stack([_levels(part) for part in parts])
    # Pseudo-values: what each part would say alone, were the figure a mean of its parts.
    pseudo = len(parts) * whole - (len(parts) - 1) * left_out
    weights, others = ([exponents(factors, len(whole)) for factors in each] for each in (wanted, alike))
    samples, of_others = ([(pseudo @ each).tolist() for each in kind] for kind in (weights, others))
    return bounded([float(each @ whole) for each in weights], samples, of_others)


def share(sitting: Passes) -> float:
    """The share of its passes in a sitting that speaks for each participant."""
    fewest = min(sum(len(turns[seat]) for turns in sitting) for seat in range(len(sitting[0])))
    return min(1.0, max(SHARE, FEWEST / fewest))


def _times(sitting: Passes) -> NDArray[np.float64]:
    """The logarithm of each participant's time in a sitting."""
    speaks = share(sitting)
    passes = (np.concatenate([turns[seat] for turns in sitting]).astype(float) for seat in range(len(sitting[0])))
    return np.log([mean_of_fastest(each, speaks) for each in passes])


def mean_of_fastest(passes: NDArray[np.float64], share: float) -> float:
    """The mean of this share of the passes, the last of which may count in part."""
    many = share * len(passes)
    weights = np.clip(many - np.arange(len(passes)), 0.0, 1.0)
    return float(weights @ np.sort(passes) / many)


def _levels(times: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each participant's time over all sittings, in logarithms.

    Args:
        times: ``[sitting, participant]``, in logarithms.

    How quiet a sitting was for a participant the others say. Did it say so itself, its own lucky processes would
    count most.
    """
    others = (times.sum(axis=1, keepdims=True) - times) / (times.shape[1] - 1)
    weights = np.exp((others.min(axis=0) - others) / QUIET)
    return np.asarray((weights * times).sum(axis=0) / weights.sum(axis=0))
