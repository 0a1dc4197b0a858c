"""Iterations that other programs disturbed, and intervals."""

from __future__ import annotations

import math
import random

import pytest

from tests.ratios.machines import machine
from zoodata.ratios.estimator import estimates
from zoodata.ratios.samples import processors, undisturbed_share


def test_iterations_that_lost_cores_are_seen():
    for disturbed in (0.0, 0.5):
        ns, cpu_us = machine(90, [1, 1.1, 1], disturbed=disturbed)
        assert undisturbed_share(ns, cpu_us, processors(ns, cpu_us)) == pytest.approx([1 - disturbed] * 3, abs=0.12)


def test_a_session_that_was_disturbed_all_along_is_seen_by_what_others_had():
    ns, cpu_us = machine(40, [1, 1.2, 1], noise=0.001)
    for one, counted in zip(ns[20:], cpu_us[20:], strict=True):
        one[1] = [2 * each for each in one[1]]
        counted[1] = [round(1.1 * each) for each in counted[1]]
    assert undisturbed_share(ns[20:], cpu_us[20:], processors(ns, cpu_us))[1] < 0.5


def test_a_model_that_leaves_cores_idle_is_not_disturbed():
    """What counts is less than its other iterations had, not less than all there is."""
    ns, cpu_us = machine(40, [1, 1, 1])
    halved = [[counted, [each // 2 for each in idle], again] for counted, idle, again in cpu_us]
    halved_shares, expected = (undisturbed_share(ns, each, processors(ns, each)) for each in (halved, cpu_us))
    assert halved_shares == expected


def test_an_interval_covers_as_often_as_it_says():
    generator, hits = random.Random(5), 0
    for _ in range(500):
        logs = [[generator.gauss(0.1, 0.01) for _ in range(4)] for _ in range(2)]
        hits += not estimates([sum(each) / 4 for each in logs], logs, logs)[0].excludes(math.exp(0.1))
    assert 0.92 < hits / 500 <= 0.99


def test_a_ratio_s_own_spread_counts_the_more_the_more_samples_there_are():
    """The standard deviation of one is ten times the other's."""
    for many, expected in ((3, (1.5, 5.0)), (50, (5.0, 10.0))):
        generator = random.Random(7)
        wide, narrow = ([generator.gauss(0, scale) for _ in range(many)] for scale in (0.01, 0.001))
        shrunk = estimates([0.0, 0.0], [wide, narrow], [wide, narrow])
        assert expected[0] < shrunk[0].half_width / shrunk[1].half_width < expected[1]
