"""Ratios of turns, whichever device computed."""

from __future__ import annotations

import math
import random
from statistics import median

import pytest

from tests.turns.machines import PAIRS, machine, taken
from zoodata.turns import Taken, ratios, ratios_to_reference, share_that_speaks
from zoodata.turns.fastest import SHARE


def value(run, pair):
    return ratios(run, [[pair]], len(run.ns[0]) - 1)[0].value


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_the_speed_of_the_machine_is_not_the_model_s(device):
    ns, _ = machine(200, [1, 1.3, 1], noise=0.002, wander=0.02)
    assert value(taken(ns, device=device), PAIRS[0]) == pytest.approx(1.3, rel=0.01)


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_more_passes_in_a_turn_do_not_make_a_participant_the_faster(device):
    generator = random.Random(3)
    ns = [[[round(1e7 * math.exp(generator.gauss(0, 0.05))) for _ in range(n)] for n in (2, 17)] for _ in range(2000)]
    assert value(taken(ns, device=device), ([1], [0])) == pytest.approx(1, abs=0.006)
    assert median(min(many) / min(few) for few, many in ns) < 0.96


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_ratios_to_the_reference_are_those_of_its_two_workers(device):
    run = taken(machine(40, [1, 1.1, 1])[0], 4, device)
    found = ratios_to_reference(run, 2)
    assert found == dict(enumerate(ratios(run, [[pair] for pair in PAIRS], 2), start=1))
    assert [found[1]] == ratios(run, [[PAIRS[0]]], 2), "whichever others are asked for"
    assert found[1].low < found[1].value < found[1].high


def test_processors_are_read_by_their_fastest_passes_and_others_by_all():
    """Of one model every other pass is slow: on a processor somebody did that, on another device it did it itself."""
    ns = [[[1000] * 4, [1000, 1500] * 2, [1000] * 4] for _ in range(60)]
    on_cpu, on_gpu = (value(taken(ns, device=device), PAIRS[0]) for device in ("cpu", "cuda"))
    assert on_cpu == pytest.approx(1)
    assert on_gpu == pytest.approx(math.sqrt(1.5))


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_one_round_bounds_nothing(device):
    ns, _ = machine(1, [1, 1.2, 1])
    with pytest.raises(ValueError, match="one round"):
        ratios(taken(ns, device=device), [[PAIRS[0]]], 2)


def test_the_share_that_speaks_is_that_of_the_shortest_sitting():
    ns, _ = machine(60, [1, 1.2, 1])
    assert share_that_speaks(Taken(ns, [60], "cpu")) == SHARE
    assert share_that_speaks(Taken(ns, [50, 10], "cpu")) == 0.25
    assert share_that_speaks(Taken(ns, [59, 1], "cpu")) == 1
    assert share_that_speaks(Taken(ns, [60], "cuda")) is None
