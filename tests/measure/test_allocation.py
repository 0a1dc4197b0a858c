"""How many rounds a sitting should have: against the whole curve of what they cost."""

from __future__ import annotations

import random

import numpy as np
import pytest

from zoodata.discrepancy.warnings import MOST_SPEAK
from zoodata.measure.allocation import (
    FEWEST_PASSES,
    FEWEST_ROUNDS,
    MOST_ROUNDS,
    PROCESSES_APART,
    fewest_rounds,
    rounds_wanted,
)
from zoodata.turns.fastest import share

PAIRS = [([1], [0])]


def sitting(scatter, count=40, seed=1):
    generator = random.Random(seed)
    return np.array([[generator.gauss(0, scatter) for _ in range(2)] for _ in range(count)])


def test_a_quiet_machine_wants_new_processes_and_a_noisy_one_more_rounds():
    quiet, noisy, mad = (rounds_wanted(sitting(scatter), PAIRS, 20, 1) for scatter in (0.0005, 0.01, 0.5))
    assert quiet == FEWEST_ROUNDS < noisy < mad == MOST_ROUNDS


def test_cheap_processes_want_fewer_rounds():
    assert rounds_wanted(sitting(0.02), PAIRS, 1, 1) < rounds_wanted(sitting(0.02), PAIRS, 30, 1)


@pytest.mark.parametrize("seed", range(5))
def test_it_is_the_number_that_makes_a_run_s_variance_smallest(seed):
    """Against the whole curve: time for a sitting times what a sitting's ratio scatters."""
    scatter, set_up, each = 0.012, 20.0, 1.0
    wanted = rounds_wanted(sitting(scatter, 400, seed), PAIRS, set_up, each)
    variance = 2 * scatter**2

    def cost(rounds):
        return (set_up + rounds * each) * (PROCESSES_APART**2 + variance / rounds)

    assert cost(wanted) < 1.05 * min(cost(rounds) for rounds in range(1, 200))


@pytest.mark.parametrize("passes", [1, 2, 3, 30])
def test_a_sitting_on_a_processor_has_passes_enough_for_its_fastest(passes):
    rounds = fewest_rounds(passes, "cpu")
    assert share([[[1] * passes, [1] * passes * 2]] * rounds) <= MOST_SPEAK
    assert rounds == FEWEST_ROUNDS or (rounds - 1) * passes < FEWEST_PASSES
    assert fewest_rounds(passes, "cuda") == FEWEST_ROUNDS
