"""Ratios on a processor: those of what the fastest passes of each participant take.

What else runs on a machine, or on its host, only adds to a pass, by cores it takes and by caches and memory it shares;
and it adds more to some models than to others. In turns everybody has the same chances of a quiet moment, so the
fastest passes of all are those of the quietest machine that the run met.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from zoodata.stats import Interval
from zoodata.turns.passes import Factors, Passes, Taken, bounded

SHARE = 0.02
"""Of a participant's passes, the fastest; see decision 12."""

FEWEST = 10
"""Passes of whoever has fewest, of which the same share speaks for everybody. A figure of two or three is chance."""


def logs(taken: Taken, wanted: Sequence[Factors]) -> list[float]:
    """See :func:`zoodata.turns.values`; their logarithms."""
    passes = [_by_participant(taken.ns)]
    levels = _levels(passes, _share(passes))
    return [float(_weights(factors, len(levels)) @ levels) for factors in wanted]


def ratios(taken: Taken, wanted: Sequence[Factors]) -> list[Interval]:
    """See :func:`zoodata.turns.ratios`.

    What bounds a ratio is how much each sitting (one set of processes) moves it, by the jackknife: processes of one
    network differ for as long as they live. With a single sitting it is how much each round does, which knows nothing
    of other processes.

    Raises:
        ValueError: with a single round.

    Source: Efron and Stein, The jackknife estimate of variance, Annals of Statistics 1981.
    """
    parts = taken.sittings() if len(taken.rounds) > 1 else [[turns] for turns in taken.ns]
    if len(parts) < 2:
        raise ValueError("one round says nothing of how far rounds are apart")
    passes = [_by_participant(part) for part in parts]
    share = _share(passes)
    whole = _levels(passes, share)
    left_out = np.stack([_levels(passes[:n] + passes[n + 1 :], share) for n in range(len(passes))])
    # Pseudo-values: what each part would say alone, were the figure a mean of its parts.
    pseudo = len(parts) * whole - (len(parts) - 1) * left_out
    weights = [_weights(factors, len(whole)) for factors in wanted]
    return bounded([float(each @ whole) for each in weights], [(pseudo @ each).tolist() for each in weights])


def _by_participant(passes: Passes) -> list[NDArray[np.float64]]:
    return [np.concatenate([turns[seat] for turns in passes]).astype(float) for seat in range(len(passes[0]))]


def _share(parts: Sequence[Sequence[NDArray[np.float64]]]) -> float:
    fewest = min(sum(map(len, each)) for each in zip(*parts, strict=True))
    return min(1.0, max(SHARE, FEWEST / fewest))


def _levels(parts: Sequence[Sequence[NDArray[np.float64]]], share: float) -> NDArray[np.float64]:
    """The logarithm of each participant's time."""
    return np.log([mean_of_fastest(np.concatenate(each), share) for each in zip(*parts, strict=True)])


def mean_of_fastest(passes: NDArray[np.float64], share: float) -> float:
    """The mean of this share of the passes, the last of which may count in part, but of one at least."""
    many = max(1.0, share * len(passes))
    weights = np.clip(many - np.arange(len(passes)), 0.0, 1.0)
    return float(weights @ np.sort(passes) / many)


def _weights(factors: Factors, participants: int) -> NDArray[np.float64]:
    """How the logarithm of a ratio is made of those of its participants' times."""
    weights = np.zeros(participants)
    for over, under in factors:
        for seat in over:
            weights[seat] += 1 / len(over)
        for seat in under:
            weights[seat] -= 1 / len(under)
    return weights
