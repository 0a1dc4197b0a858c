"""The additive fit: on simulated machines whose truth is known."""

from __future__ import annotations

import math
import random
from statistics import fmean, median, pstdev

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ratios.machines import QUOTIENTS, machine
from zoodata.ratios import Samples
from zoodata.ratios.additive import AdditiveFit, LogRatio, combined, log_ratio


def ratio(ns, quotient=QUOTIENTS[0]):
    return math.exp(log_ratio(AdditiveFit().log_times(ns), quotient).log)


def test_the_error_of_an_estimate_is_the_standard_deviation_of_estimates():
    fit = AdditiveFit(min)
    runs = (machine(60, [1, 1, 1], disturbed=0.3, seed=s)[0] for s in range(200))
    logs = [log_ratio(fit.log_times(ns), QUOTIENTS[0]) for ns in runs]
    assert pstdev([each.log for each in logs]) == pytest.approx(fmean(each.error for each in logs), rel=0.2)


@given(st.lists(st.floats(-0.5, 0.5), min_size=2, max_size=5), st.lists(st.floats(-1, 1), min_size=3, max_size=9))
def test_what_is_exactly_a_sum_is_found_exactly(levels, moments):
    times = np.add.outer(np.array(moments), np.array(levels))
    answer = log_ratio(times, ([1], [0]))
    assert answer.log == pytest.approx(levels[1] - levels[0], abs=1e-4)
    assert answer.error == pytest.approx(0, abs=1e-4)


def test_one_wild_round_does_not_move_an_estimate():
    ns, _ = machine(41, [1, 1, 1], noise=0.01)
    calm = ratio(ns)
    ns[7][1] = [5 * each for each in ns[7][1]]
    assert ratio(ns) == pytest.approx(calm, rel=0.003)


def test_estimates_of_products_add_up():
    one, other = LogRatio(0.3, 0.03), LogRatio(0.1, 0.04)
    assert (one + other).log == pytest.approx(0.4)
    assert (one + other).error == pytest.approx(0.05)


def test_each_session_has_a_ratio_of_its_own():
    ns = [[[200], [100]]] * 5 + [[[100], [100]]] * 5
    (both,) = AdditiveFit().ratios(Samples(ns, [5, 5], "cuda"), [[([0], [1])]], [[([0], [1])]])
    assert both.value == pytest.approx(math.sqrt(2))
    assert both.sessions == 2
    (alone,) = combined([[LogRatio(0.1, 0.01)]], [[LogRatio(0.1, 0.01)]])
    assert (math.log(alone.value), alone.low, alone.high) == (pytest.approx(0.1), None, None)


def test_sessions_are_averaged_where_they_differ_as_their_rounds_do():
    logs = (0.0, 0.01, 0.02, 0.05)
    for error, expected in ((1.0, 0.02), (1e-6, 0.015)):
        sessions = [LogRatio(log, error) for log in logs]
        (centre,) = combined([sessions], [sessions])
        assert math.log(centre.value) == pytest.approx(expected, abs=1e-4)


def test_a_centre_is_sharper_than_a_median_and_does_not_follow_one_odd_process():
    generator, plain, centre = random.Random(3), [], []
    for _ in range(400):
        sessions = [LogRatio(generator.gauss(0, 0.008), 0.008) for _ in range(5)]
        plain.append(median(each.log for each in sessions))
        centre.append(math.log(combined([sessions], [sessions])[0].value))
    assert pstdev(centre) < 0.92 * pstdev(plain)
    odd = [LogRatio(log, 0.001) for log in (-0.001, 0.0, 0.0, 0.001, 0.05)]
    assert math.log(combined([odd], [odd])[0].value) < 0.001
