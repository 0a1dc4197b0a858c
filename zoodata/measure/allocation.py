"""How many rounds a session should have before new processes say more than further rounds."""

from __future__ import annotations

import math
from collections.abc import Sequence

from zoodata.ratios import Estimator, Quotient
from zoodata.ratios.samples import Iterations

MIN_ROUNDS, MAX_ROUNDS = 5, 200
"""Of a session."""

MIN_SESSION_ITERATIONS = 25
"""Of whoever has fewest in a session on a processor: the trimmed mean then keeps a fifth of them at most."""

PROCESS_DEVIATION = 0.003
"""Standard deviation of a ratio between sessions: 0.005 with ASLR on, less where a session's processes share their
addresses (decision 12)."""


def min_rounds(iterations: int, device: str) -> int:
    """The rounds that a session has at least, if time allows; ``iterations`` of the shortest repetition."""
    return max(MIN_ROUNDS, math.ceil(MIN_SESSION_ITERATIONS / iterations)) if device == "cpu" else MIN_ROUNDS


def rounds_wanted(
    session: Iterations, quotients: Sequence[Quotient], estimator: Estimator, set_up_seconds: float,
    round_seconds: float,
) -> int:  # fmt: skip
    """The number of rounds that makes the most of a run's time, from the rounds of a session so far.

    Args:
        session: nanoseconds of those rounds.
        quotients: the ratios that are wanted.
        set_up_seconds: the time that starting and warming up the session's processes took.
        round_seconds: the time that a round takes.

    On a quiet machine that is the minimum; where rounds vary by several percent, a few dozen.

    Source: Kalibera and Jones, Rigorous Benchmarking in Reasonable Time, ISMM 2013, section 5 (optimal repetitions).
    """
    variance = estimator.round_variance(session, quotients)
    wanted = math.sqrt(set_up_seconds / round_seconds * variance) / PROCESS_DEVIATION
    return min(max(math.ceil(wanted), MIN_ROUNDS), MAX_ROUNDS)
