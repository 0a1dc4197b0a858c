"""The raw iterations of a latency run, and how much of the processors each of them had.

No records and no input or output here. Times are nanoseconds, processor times microseconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

Iterations = Sequence[Sequence[Sequence[int]]]
"""``[round][participant][iteration]``."""

CPU_QUANTILE = 0.9
"""Of a participant's iterations: the processors it has in one that nothing disturbs."""

DISTURBED = 0.1
"""An iteration is disturbed when it had less than that by this fraction. Undisturbed ones differ by 1 to 5 %."""


@dataclass(frozen=True)
class Samples:
    """The iterations of a run."""

    ns: Iterations
    """The rounds of all sessions one after the other."""
    rounds: Sequence[int]
    """The number of rounds of each session."""
    device: str
    """``cpu``, or the accelerator that computed."""

    @property
    def participants(self) -> int:
        """The number of participants."""
        return len(self.ns[0])

    def sessions(self) -> list[Iterations]:
        """The iterations of each session."""
        return [self.ns[cut] for cut in session_slices(self.rounds)]


def session_slices(rounds: Sequence[int]) -> list[slice]:
    """The slice of each session among the rounds of all, given the number of rounds of each."""
    return [slice(end - count, end) for count, end in zip(rounds, accumulate(rounds), strict=True)]


def processors(ns: Iterations, cpu_us: Iterations) -> list[float]:
    """The processors that each participant's process uses in an undisturbed iteration."""
    return [float(np.quantile(shares, CPU_QUANTILE)) for shares in _processors_used(ns, cpu_us)]


def undisturbed_share(ns: Iterations, cpu_us: Iterations, expected: Sequence[float]) -> list[float]:
    """The share of each participant's iterations that had their usual processors.

    Args:
        ns: nanoseconds of each iteration.
        cpu_us: microseconds of processor time that the process used meanwhile.
        expected: the :func:`processors` of each participant.
    """
    pairs = zip(_processors_used(ns, cpu_us), expected, strict=True)
    return [float((used >= usual * (1 - DISTURBED)).mean()) for used, usual in pairs]


def _processors_used(ns: Iterations, cpu_us: Iterations) -> Iterator[NDArray[np.float64]]:
    """For each participant, ``[round, iteration]``: processor time over wall time."""
    for participant in range(len(ns[0])):
        wall, cpu = (np.array([one[participant] for one in rounds], float) for rounds in (ns, cpu_us))
        yield cpu * 1e3 / wall
