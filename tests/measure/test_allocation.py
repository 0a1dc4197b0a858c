"""How many rounds a session should have: against the whole curve of what they cost."""

from __future__ import annotations

import math
import random

import pytest

from zoodata.discrepancy.warnings import MAX_TRIM_FRACTION
from zoodata.measure.allocation import (
    MAX_ROUNDS,
    MIN_ROUNDS,
    MIN_SESSION_ITERATIONS,
    PROCESS_DEVIATION,
    min_rounds,
    rounds_wanted,
)
from zoodata.ratios.additive import AdditiveFit
from zoodata.ratios.trimmed import kept_fraction

QUOTIENTS = [([1], [0])]


def session(deviation, count=40, seed=1):
    generator = random.Random(seed)
    return [[[round(1e12 * math.exp(generator.gauss(0, deviation)))] for _ in range(2)] for _ in range(count)]


def test_a_quiet_machine_wants_new_processes_and_a_noisy_one_more_rounds():
    quiet, noisy, mad = (
        rounds_wanted(session(deviation), QUOTIENTS, AdditiveFit(), 20, 1) for deviation in (0.0005, 0.01, 0.5)
    )
    assert quiet == MIN_ROUNDS < noisy < mad == MAX_ROUNDS


def test_cheap_processes_want_fewer_rounds():
    assert rounds_wanted(session(0.02), QUOTIENTS, AdditiveFit(), 1, 1) < rounds_wanted(
        session(0.02), QUOTIENTS, AdditiveFit(), 30, 1
    )


@pytest.mark.parametrize("seed", range(5))
def test_it_is_the_number_that_makes_a_run_s_variance_smallest(seed):
    """Against the whole curve: time of a session times the variance of its ratio."""
    deviation, set_up, each = 0.012, 20.0, 1.0
    wanted = rounds_wanted(session(deviation, 400, seed), QUOTIENTS, AdditiveFit(), set_up, each)
    variance = 2 * deviation**2

    def cost(rounds):
        return (set_up + rounds * each) * (PROCESS_DEVIATION**2 + variance / rounds)

    assert cost(wanted) < 1.05 * min(cost(rounds) for rounds in range(1, 200))


@pytest.mark.parametrize("iterations", [1, 2, 3, 30])
def test_a_session_on_a_processor_has_iterations_enough_for_its_trimmed_mean(iterations):
    rounds = min_rounds(iterations, "cpu")
    assert kept_fraction([[[1] * iterations, [1] * iterations * 2]] * rounds) <= MAX_TRIM_FRACTION
    assert rounds == MIN_ROUNDS or (rounds - 1) * iterations < MIN_SESSION_ITERATIONS
    assert min_rounds(iterations, "cuda") == MIN_ROUNDS
