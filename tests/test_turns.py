"""Ratios of turns: on made machines whose truth is known."""

from __future__ import annotations

import math
import random
from itertools import combinations
from statistics import fmean, median, pstdev

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoodata import turns

PAIRS = turns.pairs_to_reference(3, 2)


def machine(rounds, slowness, *, passes=2, noise=0.05, disturbed=0.0, wander=0.0, seed=0):
    """Nanoseconds and processor time on two cores, some of whose passes lose up to half of them to another program."""
    generator, ns, cpu_us, speed = random.Random(seed), [], [], 1.0
    for _ in range(rounds):
        speed *= math.exp(generator.gauss(0, wander))
        ns.append([])
        cpu_us.append([])
        for each in slowness:
            ns[-1].append([])
            cpu_us[-1].append([])
            for _ in range(passes):
                work = 1e7 * each * speed * math.exp(generator.gauss(0, noise))
                lost = generator.uniform(0.1, 1.0) if generator.random() < disturbed else 0.0
                ns[-1][-1].append(round(work * (1 + lost)))
                cpu_us[-1][-1].append(round(2 * work * (1 + lost / 3) * generator.uniform(0.97, 1.0) / 1e3))
    return ns, cpu_us


def ratio(made, pair=PAIRS[0]):
    return math.exp(turns.estimate(turns.times(*made, "cpu"), pair).log)


def test_the_speed_of_the_machine_is_not_the_model_s():
    assert ratio(machine(60, [1, 1.3, 1], noise=0.002, wander=0.1)) == pytest.approx(1.3, rel=0.005)


def test_disturbed_passes_do_not_count():
    """Half of all passes lose cores: with processor time the ratio is as good as without them, else far off."""
    made = [machine(90, [1, 1.1, 1], disturbed=0.5, seed=seed) for seed in range(30)]
    quiet = [machine(90, [1, 1.1, 1], seed=seed) for seed in range(30)]
    counted, blind, undisturbed = (
        pstdev([math.log(ratio(each)) for each in taken]) for taken in (made, [(ns, None) for ns, _ in made], quiet)
    )
    assert counted < 2.5 * undisturbed
    assert blind > 1.4 * counted
    assert fmean(math.log(ratio(each)) for each in made) == pytest.approx(math.log(1.1), abs=0.005)
    share = turns.share_undisturbed(*made[0])
    assert share == pytest.approx([0.5] * 3, abs=0.12)
    assert turns.share_undisturbed(*quiet[0]) == pytest.approx([1.0] * 3, abs=0.1)


def test_a_pass_that_lacked_a_little_of_the_processors_lasts_for_its_processor_time():
    """A model whose threads sleep has now 1.8 of two cores, now 5 % less, and takes so much longer by the clock."""
    ns, cpu_us = machine(60, [1, 1, 1], noise=0)
    for number, turn in enumerate(ns):
        lacks = 1.05 if number % 4 else 1.0
        turn[1] = [round(cpu * 1e3 / 1.8 * lacks) for cpu in cpu_us[number][1]]
    by_clock = fmean(math.log(turn[1][0] / turn[0][0]) for turn in ns)
    had = turns.processors(ns, cpu_us)
    expected = fmean(math.log(cpu[1][0] / had[1] / (cpu[0][0] / had[0])) for cpu in cpu_us)
    assert had == pytest.approx([2, 1.8, 2], rel=0.02)
    assert math.log(ratio((ns, cpu_us), ([1], [0]))) == pytest.approx(expected, abs=0.002)
    assert by_clock > expected + 0.02


def test_what_a_process_has_undisturbed_is_known_from_all_of_its_sittings():
    """In the second one something else takes a tenth of the cores all along, of one model only."""
    ns, cpu_us = machine(80, [1, 1, 1], noise=0.001)
    for turn in ns[40:]:
        turn[1] = [round(each * 1.08) for each in turn[1]]
    for sitting in turns.times_by_sitting(ns, cpu_us, [40, 40], "cpu"):
        assert math.exp(turns.estimate(sitting, PAIRS[0]).log) == pytest.approx(1, abs=0.02)
    alone = turns.times(ns[40:], cpu_us[40:], "cpu")
    assert math.exp(turns.estimate(alone, PAIRS[0]).log) == pytest.approx(1.08, abs=0.02)


def test_a_sitting_that_was_disturbed_all_along_still_says_a_ratio():
    ns, cpu_us = machine(40, [1, 1.2, 1], noise=0.001)
    for turn, counted in zip(ns[20:], cpu_us[20:], strict=True):
        turn[1] = [2 * each for each in turn[1]]
        counted[1] = [round(1.1 * each) for each in counted[1]]
    sittings = turns.times_by_sitting(ns, cpu_us, [20, 20], "cpu")
    assert math.isfinite(turns.estimate(sittings[1], PAIRS[0]).log)
    assert turns.share_undisturbed(ns[20:], cpu_us[20:], turns.processors(ns, cpu_us))[1] < 0.5


def test_a_model_that_leaves_cores_idle_is_not_disturbed():
    """What counts is less than its own other passes had, not less than all there is."""
    ns, cpu_us = machine(40, [1, 1, 1])
    halved = [[counted, [each // 2 for each in idle], null] for counted, idle, null in cpu_us]
    assert turns.share_undisturbed(ns, halved) == turns.share_undisturbed(ns, cpu_us)


def test_a_process_that_waits_for_another_device_is_judged_by_all_of_its_passes():
    """Its processor time stays the same, so that its slow passes look as if others had had the cores."""
    generator = random.Random(4)
    ns = [[[1000] * 4, [round(1000 * generator.uniform(0.8, 1.2)) for _ in range(4)], [1000] * 4] for _ in range(60)]
    cpu_us = [[[500] * 4] * 3] * 60
    expected = fmean(math.log(each / 1000) for turns_of_all in ns for each in turns_of_all[1])
    on_cpu, on_gpu = (turns.estimate(turns.times(ns, cpu_us, device), PAIRS[0]).log for device in ("cpu", "cuda"))
    assert on_gpu == pytest.approx(expected, abs=0.01)
    assert on_cpu < on_gpu - 0.05


def test_where_no_processor_time_was_used_every_pass_counts():
    ns, _ = machine(5, [1, 2, 1], noise=0)
    assert ratio((ns, [[[0, 0]] * 3] * 5)) == pytest.approx(2)


def test_the_error_of_an_estimate_is_how_far_estimates_are_apart():
    found = [
        turns.estimate(turns.times(*machine(60, [1, 1, 1], disturbed=0.3, seed=s), "cpu"), PAIRS[0]) for s in range(200)
    ]
    assert pstdev([each.log for each in found]) == pytest.approx(fmean(each.error for each in found), rel=0.2)


@given(st.lists(st.floats(-0.5, 0.5), min_size=2, max_size=5), st.lists(st.floats(-1, 1), min_size=3, max_size=9))
def test_what_is_exactly_a_sum_is_found_exactly_and_gaps_do_not_matter(levels, moments):
    found = np.add.outer(np.array(moments), np.array(levels))
    found[0, 0] = found[-1, -1] = np.nan
    answer = turns.estimate(found, ([1], [0]))
    assert answer.log == pytest.approx(levels[1] - levels[0], abs=1e-4)
    assert answer.error == pytest.approx(0, abs=1e-4)


def test_rounds_link_participants_that_never_shared_one():
    """The first and the last are held against each other through the one between them."""
    nan = math.nan
    found = np.array([[0.0, 0.5, nan], [1.0, 1.5, nan], [nan, 0.5, 0.9], [nan, 2.5, 2.9]])
    assert turns.estimate(found, ([2], [0, 1])).log == pytest.approx(0.9 - 0.25, abs=1e-5)
    apart = np.array([[0.0, nan], [nan, 0.4], [0.2, nan], [nan, 0.6]])
    assert turns.estimate(apart, ([1], [0])).log == pytest.approx(0.4)


def test_one_wild_round_does_not_move_an_estimate():
    made = machine(41, [1, 1, 1], noise=0.01)
    calm = ratio(made)
    made[0][7][1] = [5 * each for each in made[0][7][1]]
    made[1][7][1] = [5 * each for each in made[1][7][1]]
    assert ratio(made) == pytest.approx(calm, rel=0.003)


def test_estimates_of_products_add_up():
    one, other = turns.Estimate(0.3, 0.03), turns.Estimate(0.1, 0.04)
    assert (one - other).log == pytest.approx(0.2)
    assert (one - other).error == pytest.approx(0.05)


def test_sittings_are_kept_apart():
    ns = [[[200], [100]]] * 5 + [[[100], [100]]] * 5
    first, second = turns.times_by_sitting(ns, [[[2], [1]]] * 5 + [[[1], [1]]] * 5, [5, 5], "cpu")
    assert math.exp(turns.estimate(first, ([0], [1])).log) == pytest.approx(2)
    assert turns.estimate(second, ([0], [1])).log == pytest.approx(0)


def test_an_interval_covers_as_often_as_it_says():
    generator, hits = random.Random(5), 0
    for _ in range(500):
        estimates = [[turns.Estimate(generator.gauss(0.1, 0.01), 0.001) for _ in range(4)] for _ in range(2)]
        hits += not turns.intervals(estimates)[0].excludes(math.exp(0.1))
    assert 0.92 < hits / 500 <= 0.99
    assert turns.intervals([]) == []
    (alone,) = turns.intervals([[turns.Estimate(0.1, 0.01)]])
    assert (math.log(alone.low), math.log(alone.high)) == pytest.approx((0.1 - 0.0204, 0.1 + 0.0204), abs=1e-3)


def test_sittings_are_averaged_where_they_scatter_as_their_rounds_do():
    logs = (0.0, 0.01, 0.02, 0.05)
    for error, expected in ((1.0, 0.02), (1e-6, 0.015)):
        (found,) = turns.intervals([[turns.Estimate(log, error) for log in logs]])
        assert math.log(found.value) == pytest.approx(expected, abs=1e-4)


def test_a_centre_is_sharper_than_a_median_and_does_not_follow_one_odd_process():
    generator, plain, centre = random.Random(3), [], []
    for _ in range(400):
        sittings = [turns.Estimate(generator.gauss(0, 0.008), 0.008) for _ in range(5)]
        plain.append(median(each.log for each in sittings))
        centre.append(math.log(turns.intervals([sittings])[0].value))
    assert pstdev(centre) < 0.92 * pstdev(plain)
    odd = [turns.Estimate(log, 0.001) for log in (-0.001, 0.0, 0.0, 0.001, 0.05)]
    assert math.log(turns.intervals([odd])[0].value) < 0.001


@given(st.lists(st.floats(1, 100), min_size=1, max_size=7), st.data())
def test_the_expected_fastest_is_the_mean_over_all_choices(passes, data):
    chances = data.draw(st.integers(1, len(passes)))
    choices = [min(chosen) for chosen in combinations(passes, chances)]
    assert turns.expected_fastest(passes, chances) == pytest.approx(fmean(choices))


@pytest.mark.parametrize("counted", [True, False])
def test_more_passes_in_a_turn_do_not_make_a_participant_the_faster(counted):
    generator = random.Random(3)
    ns = [[[round(1e7 * math.exp(generator.gauss(0, 0.05))) for _ in range(n)] for n in (2, 17)] for _ in range(2000)]
    cpu_us = [[[each // 500 for each in passes] for passes in taken] for taken in ns]
    assert ratio((ns, cpu_us if counted else None), ([1], [0])) == pytest.approx(1, abs=0.005)
    assert median(min(many) / min(few) for few, many in ns) < 0.96
