"""Ratios of trimmed means: on simulated machines whose truth is known."""

from __future__ import annotations

import math
import random
from statistics import fmean, median, pstdev

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ratios.machines import QUOTIENTS, machine, samples
from zoodata.ratios import Samples, quotients_to_reference, ratios
from zoodata.ratios.trimmed import MIN_KEPT, QUIET_SCALE, TRIM_FRACTION, kept_fraction, mean_of_fastest


def log(run, product=(QUOTIENTS[0],)):
    return math.log(ratios(run, [product], len(run.ns[0]) - 1)[0].value)


def processes(generator, counts, spreads, busy=0.0):
    """Equal models, whose processes differ by ``spreads`` in a session; the host is busier in some sessions."""
    ns = []
    for rounds in counts:
        own = generator.normal(0, spreads)[:, None] + abs(generator.normal(0, busy))
        ns += (1e7 * np.exp(own + np.abs(generator.normal(0, 0.04, (rounds, len(spreads), 2))))).astype(int).tolist()
    return Samples(ns, counts, "cpu")


def test_what_others_take_from_one_model_more_than_from_another_does_not_count():
    """Most of the time a neighbour costs the one 15 % and the other 8, as on the host of the report of 2026-11-26."""
    generator, logs, medians = random.Random(1), [], []
    for _ in range(30):
        ns, busy = [], generator.uniform(0.2, 0.9)
        for _ in range(200):
            hit = generator.random() < busy
            each = [
                [round(1e7 * slow * (1 + hit * cost) * math.exp(generator.gauss(0, 0.01))) for _ in range(2)]
                for slow, cost in ((1, 0.15), (0.9, 0.08), (1, 0.15))
            ]
            ns.append(each)
        logs.append(log(samples(ns)))
        of_all = [math.log(median(t for one in ns for t in one[participant])) for participant in range(3)]
        medians.append(of_all[1] - (of_all[0] + of_all[2]) / 2)
    assert fmean(logs) == pytest.approx(math.log(0.9), abs=0.002)
    assert pstdev(logs) < 0.2 * pstdev(medians)


def test_disturbed_iterations_do_not_count():
    made, quiet = ([machine(90, [1, 1.1, 1], disturbed=d, seed=s)[0] for s in range(30)] for d in (0.5, 0.0))
    disturbed, undisturbed = ([log(samples(ns)) for ns in each] for each in (made, quiet))
    assert fmean(disturbed) == pytest.approx(math.log(1.1), abs=0.01)
    assert pstdev(disturbed) < 2 * pstdev(undisturbed)


@pytest.mark.parametrize("busy", [0.0, 0.05])
@pytest.mark.parametrize(
    ("counts", "spreads"),
    [
        ([40] * 6, (0, 0, 0)),
        ([40] * 3, (0.01, 0.01, 0.01)),
        ([40] * 12, (0.01, 0.01, 0.01)),
        ([40] * 12, (0.01, 0.02, 0.01)),
        ([40] * 12, (0.02, 0.01, 0.02)),
        ([10, 80, 20, 60, 5, 40], (0.01, 0.02, 0.01)),
        ([5] * 3, (0.01, 0.02, 0.01)),
        ([10] * 3, (0.01, 0.02) + (0.01,) * 6),
    ],
)
def test_equal_models_are_equal_and_intervals_cover_as_often_as_they_say(counts, spreads, busy):
    """Also where one model's processes differ more: of all iterations of twelve sessions it would look 1.5 % faster."""
    generator, runs = np.random.default_rng(2), 150
    wanted = [[quotients_to_reference(len(spreads), len(spreads) - 1)[0]]]
    estimates = [ratios(processes(generator, counts, spreads, busy), wanted, len(spreads) - 1)[0] for _ in range(runs)]
    logs = [math.log(each.value) for each in estimates]
    assert abs(fmean(logs)) < max(1e-3, 3 * pstdev(logs) / math.sqrt(runs))
    assert sum(not each.excludes(1.0) for each in estimates) / runs > 0.87


def test_what_a_busy_host_takes_from_one_model_more_counts_little_where_other_sessions_were_quiet():
    """Two of five sessions see a neighbour all along, which costs one model 15 % and the other 5."""
    ns, _ = machine(200, [1, 0.9, 1], noise=0.01)
    for one in ns[:80]:
        for participant, cost in enumerate((1.15, 1.05, 1.15)):
            one[participant] = [round(each * cost) for each in one[participant]]
    assert log(samples(ns, 5)) == pytest.approx(math.log(0.9), abs=0.006)
    assert log(Samples(ns, [200], "cpu")) == pytest.approx(math.log(0.9), abs=0.006)


def test_a_session_slower_by_the_scale_has_1_over_e_of_a_quiet_one_s_weight():
    """A participant's own time does not count: here only the first is ever slower, and the others weigh the same."""
    quiet, busy = (
        [[1_000_000] * 40, [1_000_000] * 40, [1_000_000] * 40],
        [[round(1e6 * math.exp(QUIET_SCALE))] * 40] * 3,
    )
    third = 1 / (1 + math.e)
    both = [quiet, [*busy[:1], *quiet[1:]]]
    assert log(Samples(both, [1, 1], "cpu"), [([0], [1])]) == pytest.approx(QUIET_SCALE / 2, rel=0.01)
    hit = [quiet, [[round(1e6 * math.exp(QUIET_SCALE + 0.1))] * 40, *busy[1:]]]
    others = 1 / (1 + math.exp((QUIET_SCALE + 0.05) / QUIET_SCALE))
    expected = third * (QUIET_SCALE + 0.1) - others * QUIET_SCALE
    assert log(Samples(hit, [1, 1], "cpu"), [([0], [1])]) == pytest.approx(expected, rel=0.01)


def test_a_single_session_gives_no_interval():
    ns, _ = machine(30, [1, 1.2, 1], noise=0.02)
    (estimate,) = ratios(samples(ns), [[QUOTIENTS[0]]], 2)
    assert estimate.value == pytest.approx(1.2, rel=0.02)
    assert (estimate.low, estimate.high, estimate.half_width) == (None, None, math.inf)
    assert not estimate.excludes(2.0)


def test_a_ratio_of_products_is_the_product_of_ratios():
    run = samples(machine(40, [1, 1.1, 1.3, 0.9])[0], 4)
    first, second, both = ([([1], [0])], [([2], [3])], [([1], [0]), ([2], [3])])
    one, other, product = (log(run, factors) for factors in (first, second, both))
    assert product == pytest.approx(one + other)


def test_the_same_fraction_is_kept_of_everybody():
    """Of fifty iterations five count, and of the fivefold as many 25: else whoever has more would look faster."""
    few, many = list(range(100, 150)), [each for each in range(100, 150) for _ in range(5)]
    ns = [[few[n : n + 5], many[5 * n : 5 * n + 25]] for n in range(0, 50, 5)]
    assert log(Samples(ns, [10], "cpu"), [([1], [0])]) == pytest.approx(0, abs=1e-12)
    assert kept_fraction(ns) == MIN_KEPT / 50
    assert mean_of_fastest(np.array(few, float), kept_fraction(ns)) == pytest.approx(102)


@given(st.lists(st.floats(1, 100), min_size=1, max_size=80), st.sampled_from([TRIM_FRACTION, 0.2, 0.33, 1.0]))
def test_the_mean_of_the_fastest_lies_among_them(times, fraction):
    result = mean_of_fastest(np.array(times), fraction)
    assert min(times) * (1 - 1e-12) <= result <= fmean(times) * (1 + 1e-12)
    if fraction * len(times) <= 1:
        assert result == pytest.approx(min(times))
    if fraction == 1.0:
        assert result == pytest.approx(fmean(times))
