"""Passes that others disturbed, and intervals."""

from __future__ import annotations

import math
import random

import pytest

from tests.turns.machines import machine
from zoodata.turns.passes import bounded, processors, share_undisturbed


def test_passes_that_lost_cores_are_seen():
    for disturbed in (0.0, 0.5):
        ns, cpu_us = machine(90, [1, 1.1, 1], disturbed=disturbed)
        assert share_undisturbed(ns, cpu_us, processors(ns, cpu_us)) == pytest.approx([1 - disturbed] * 3, abs=0.12)


def test_a_sitting_that_was_disturbed_all_along_is_seen_by_what_others_had():
    ns, cpu_us = machine(40, [1, 1.2, 1], noise=0.001)
    for turn, counted in zip(ns[20:], cpu_us[20:], strict=True):
        turn[1] = [2 * each for each in turn[1]]
        counted[1] = [round(1.1 * each) for each in counted[1]]
    assert share_undisturbed(ns[20:], cpu_us[20:], processors(ns, cpu_us))[1] < 0.5


def test_a_model_that_leaves_cores_idle_is_not_disturbed():
    """What counts is less than its own other passes had, not less than all there is."""
    ns, cpu_us = machine(40, [1, 1, 1])
    halved = [[counted, [each // 2 for each in idle], null] for counted, idle, null in cpu_us]
    found, expected = (share_undisturbed(ns, each, processors(ns, each)) for each in (halved, cpu_us))
    assert found == expected


def test_an_interval_covers_as_often_as_it_says():
    generator, hits = random.Random(5), 0
    for _ in range(500):
        samples = [[generator.gauss(0.1, 0.01) for _ in range(4)] for _ in range(2)]
        hits += not bounded([sum(each) / 4 for each in samples], samples, samples)[0].excludes(math.exp(0.1))
    assert 0.92 < hits / 500 <= 0.99


def test_a_ratio_s_own_spread_counts_the_more_the_more_samples_there_are():
    """One is apart by ten times as much as the other."""
    for many, expected in ((3, (1.5, 5.0)), (50, (5.0, 10.0))):
        generator = random.Random(7)
        wide, narrow = ([generator.gauss(0, scale) for _ in range(many)] for scale in (0.01, 0.001))
        found = bounded([0.0, 0.0], [wide, narrow], [wide, narrow])
        assert expected[0] < found[0].half_width / found[1].half_width < expected[1]
