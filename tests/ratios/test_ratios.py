"""Ratios, whichever device computed."""

from __future__ import annotations

import math
import random
from statistics import median

import pytest

from tests.ratios.machines import QUOTIENTS, machine, samples
from zoodata.ratios import Samples, ratios, ratios_to_reference, trim_fraction
from zoodata.ratios.trimmed import TRIM_FRACTION


def value(run, pair):
    return ratios(run, [[pair]], len(run.ns[0]) - 1)[0].value


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_the_speed_of_the_machine_is_not_the_model_s(device):
    ns, _ = machine(200, [1, 1.3, 1], noise=0.002, wander=0.02)
    assert value(samples(ns, device=device), QUOTIENTS[0]) == pytest.approx(1.3, rel=0.01)


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_more_iterations_in_a_repetition_do_not_make_a_participant_the_faster(device):
    generator = random.Random(3)
    ns = [[[round(1e7 * math.exp(generator.gauss(0, 0.05))) for _ in range(n)] for n in (2, 17)] for _ in range(2000)]
    assert value(samples(ns, device=device), ([1], [0])) == pytest.approx(1, abs=0.006)
    assert median(min(many) / min(few) for few, many in ns) < 0.96


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_ratios_to_the_reference_are_those_of_its_two_workers(device):
    run = samples(machine(40, [1, 1.1, 1])[0], 4, device)
    result = ratios_to_reference(run, 2)
    assert result == dict(enumerate(ratios(run, [[pair] for pair in QUOTIENTS], 2), start=1))
    assert [result[1]] == ratios(run, [[QUOTIENTS[0]]], 2), "whichever others are asked for"
    assert result[1].low < result[1].value < result[1].high


def test_on_processors_the_fastest_iterations_count_and_elsewhere_all():
    """Every other iteration of one model is slow: on a processor somebody did that, elsewhere the model itself."""
    ns = [[[1000] * 4, [1000, 1500] * 2, [1000] * 4] for _ in range(60)]
    on_cpu, on_gpu = (value(samples(ns, device=device), QUOTIENTS[0]) for device in ("cpu", "cuda"))
    assert on_cpu == pytest.approx(1)
    assert on_gpu == pytest.approx(math.sqrt(1.5))


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_one_round_says_nothing(device):
    ns, _ = machine(1, [1, 1.2, 1])
    with pytest.raises(ValueError, match="one round"):
        ratios(samples(ns, device=device), [[QUOTIENTS[0]]], 2)


def test_the_trim_fraction_is_that_of_the_shortest_session():
    ns, _ = machine(60, [1, 1.2, 1])
    assert trim_fraction(Samples(ns, [60], "cpu")) == TRIM_FRACTION
    assert trim_fraction(Samples(ns, [50, 10], "cpu")) == 0.25
    assert trim_fraction(Samples(ns, [59, 1], "cpu")) == 1
    assert trim_fraction(Samples(ns, [60], "cuda")) is None
