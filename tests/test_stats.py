"""Pure statistics against known values and against their own promises."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoodata import stats


def test_sampling_error_at_76_percent_is_what_the_paper_notes_say():
    assert stats.binomial_half_width(76) == pytest.approx(0.37, abs=0.005)


@given(st.floats(1, 99), st.integers(100, 100_000))
def test_the_binomial_interval_is_scipys_normal_approximation(percent, trials):
    norm = pytest.importorskip("scipy.stats").norm
    p = percent / 100
    expected = 100 * norm.ppf(0.975) * (p * (1 - p) / trials) ** 0.5
    assert stats.binomial_half_width(percent, trials) == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("freedom", range(1, 31))
def test_students_points_are_scipys(freedom):
    t = pytest.importorskip("scipy.stats").t
    assert stats.student(freedom) == pytest.approx(t.ppf(0.975, freedom), abs=5e-4)


def test_a_spread_needs_a_degree_of_freedom():
    with pytest.raises(ValueError, match="degree of freedom"):
        stats.student(0)


@given(st.lists(st.floats(0, 1), max_size=20))
def test_holms_correction_is_the_largest_of_the_step_down_products(p_values):
    """By its definition: the k-th smallest times how many are not smaller, never falling."""
    expected, highest = [0.0] * len(p_values), 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[index]))
        expected[index] = highest
    assert stats.holm(p_values) == pytest.approx(expected)


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
    interval = stats.wilson_interval(hits, trials)
    assert (interval.low, interval.high) == pytest.approx((expected.low, expected.high), abs=1e-6)


def test_holm_corrects_for_the_number_of_tests():
    assert stats.holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert stats.holm([]) == []
