"""Pure statistics against known values and against their own promises."""

from __future__ import annotations

import math
import random
from itertools import combinations
from statistics import fmean, median

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoodata import stats

numbers = st.lists(st.floats(0.001, 1e6), min_size=1, max_size=60)


def test_median_interval_ranks_match_the_published_table():
    # Conover's table: for n = 10 the 95 % interval is x(2) to x(9), for n = 20 x(6) to x(15).
    assert stats.median_interval(list(range(1, 11))) == stats.Interval(5.5, 2, 9, 10)
    assert stats.median_interval(list(range(1, 21))) == stats.Interval(10.5, 6, 15, 20)


def test_median_interval_covers_the_median_as_often_as_it_says():
    generator = random.Random(7)
    hits = 0
    for _ in range(2000):
        interval = stats.median_interval([generator.expovariate(1) for _ in range(25)])
        hits += interval.low <= np.log(2) <= interval.high
    assert 0.945 < hits / 2000 < 0.985


@given(numbers)
def test_the_median_lies_in_its_interval(samples):
    interval = stats.median_interval(samples)
    assert interval.low <= interval.value <= interval.high
    assert interval.value == median(samples)


@given(numbers, st.floats(0, 1))
def test_quantiles_agree_with_numpy(samples, q):
    assert stats.quantile(samples, q) == pytest.approx(float(np.quantile(samples, q)))


@given(st.lists(st.tuples(st.floats(1, 100), st.floats(0.5, 2)), min_size=6, max_size=40))
def test_a_ratio_is_taken_pair_by_pair(pairs):
    # Whatever the machine does to a round, it does to both: the ratio does not see it.
    denominators = [speed for speed, _ in pairs]
    interval = stats.ratio_interval([speed * 1.5 for speed in denominators], denominators)
    assert interval.value == pytest.approx(1.5)
    assert interval.half_width == pytest.approx(0, abs=1e-9)


def test_ratios_need_pairs():
    with pytest.raises(ValueError, match="2 numerators against 1"):
        stats.ratio_interval([1, 2], [1])
    with pytest.raises(ValueError, match="no samples"):
        stats.median_interval([])
    with pytest.raises(ValueError, match="no samples"):
        stats.quantile([], 0.5)


def test_sampling_error_at_76_percent_is_what_the_paper_notes_say():
    assert stats.binomial_half_width(76) == pytest.approx(0.37, abs=0.005)


def test_an_interval_knows_what_it_excludes():
    interval = stats.Interval(1.1, 1.05, 1.2, 20)
    assert interval.excludes(1.0)
    assert not interval.excludes(1.1)
    assert stats.Interval(0, 0, 0, 1).half_width == float("inf")


@given(st.integers(0, 60), st.integers(0, 60))
def test_the_sign_test_is_the_exact_binomial_test(wins, losses):
    scipy = pytest.importorskip("scipy.stats")
    expected = scipy.binomtest(wins, wins + losses).pvalue if wins + losses else 1.0
    assert stats.sign_test(wins, losses) == pytest.approx(expected, rel=1e-9)


@given(st.integers(1, 5000), st.data())
def test_wilsons_interval_is_scipys(trials, data):
    scipy = pytest.importorskip("scipy.stats")
    hits = data.draw(st.integers(0, trials))
    expected = scipy.binomtest(hits, trials).proportion_ci(method="wilson")
    found = stats.wilson_interval(hits, trials)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-6)


def test_holm_corrects_for_how_many_were_looked_at():
    assert stats.holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert stats.holm([]) == []


def rounds_of(count, disturb, seed=0):
    """Two equal participants, one pass a turn."""
    generator = random.Random(seed)
    return [[[100 * math.exp(generator.gauss(0, 0.003)) * disturb(generator)] for _ in range(2)] for _ in range(count)]


PAIRS = stats.pairs_to_reference(2, 1)


def test_a_block_of_rounds_is_one_where_turns_are_alike():
    samples = rounds_of(640, lambda generator: 1.0)
    assert stats.steadiest_block(samples, [640], PAIRS) == 1


def test_rounds_are_taken_together_where_a_program_disturbs_every_other_turn():
    samples = rounds_of(64, lambda generator: generator.choice([1.0, 1.8]))
    block = stats.steadiest_block(samples, [64], PAIRS)
    assert block > 1
    (ratios,) = stats.turn_ratios(samples, [64], *PAIRS[0], block)
    assert len(ratios) == 64 // block
    assert median(ratios) == pytest.approx(1, abs=0.01)


def test_sittings_with_few_rounds_are_not_split_into_blocks():
    samples = rounds_of(30, lambda generator: generator.choice([1.0, 1.8]))
    assert stats.steadiest_block(samples, [10, 10, 10], PAIRS) == 1


def test_blocks_never_span_two_sittings():
    samples = [[[2.0], [1.0]]] * 5 + [[[1.0], [1.0]]] * 5
    assert stats.turn_ratios(samples, [5, 5], [0], [1], 2) == [[2.0, 2.0], [1.0, 1.0]]


@given(st.lists(st.floats(1, 100), min_size=1, max_size=7), st.data())
def test_the_expected_fastest_is_the_mean_over_all_choices(passes, data):
    chances = data.draw(st.integers(1, len(passes)))
    choices = [min(chosen) for chosen in combinations(passes, chances)]
    assert stats.expected_fastest(passes, chances) == pytest.approx(fmean(choices))


def test_more_passes_in_a_turn_do_not_make_a_participant_the_faster():
    generator = random.Random(3)
    samples = [[[100 * math.exp(generator.gauss(0, 0.05)) for _ in range(n)] for n in (2, 17)] for _ in range(2000)]
    (ratios,) = stats.turn_ratios(samples, [2000], *PAIRS[0])
    assert median(ratios) == pytest.approx(1, abs=0.005)
    assert median(min(many) / min(few) for few, many in samples) < 0.96
