"""Pure statistics against known values and against their own promises."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoodata import stats

numbers = st.lists(st.floats(0.001, 1e6), min_size=1, max_size=60)


@given(numbers, st.floats(0, 1))
def test_quantiles_agree_with_numpy(samples, q):
    assert stats.quantile(samples, q) == pytest.approx(float(np.quantile(samples, q)))


def test_nothing_has_no_quantile():
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
