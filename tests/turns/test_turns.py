"""Ratios of turns, whichever device computed."""

from __future__ import annotations

import math
import random
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.turns.machines import PAIRS, machine, taken
from zoodata.turns import Taken, ratios, ratios_to_reference, values


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_the_speed_of_the_machine_is_not_the_model_s(device):
    ns, _ = machine(200, [1, 1.3, 1], noise=0.002, wander=0.02)
    assert values(taken(ns, device=device), [[PAIRS[0]]]) == pytest.approx([1.3], rel=0.01)


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_more_passes_in_a_turn_do_not_make_a_participant_the_faster(device):
    generator = random.Random(3)
    ns = [[[round(1e7 * math.exp(generator.gauss(0, 0.05))) for _ in range(n)] for n in (2, 17)] for _ in range(2000)]
    assert values(taken(ns, device=device), [[([1], [0])]]) == pytest.approx([1], abs=0.006)
    assert median(min(many) / min(few) for few, many in ns) < 0.96


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_values_are_those_that_have_intervals(device):
    run = taken(machine(40, [1, 1.1, 1])[0], 4, device)
    assert [each.value for each in ratios(run, [[pair] for pair in PAIRS])] == pytest.approx(
        values(run, [[pair] for pair in PAIRS])
    )
    found = ratios_to_reference(run, 3, 2)
    assert sorted(found) == [1, 2]
    assert found[1].low < found[1].value < found[1].high


def test_processors_are_read_by_their_fastest_passes_and_others_by_all():
    """Of one model every other pass is slow: on a processor somebody did that, on another device it did it itself."""
    ns = [[[1000] * 4, [1000, 1500] * 2, [1000] * 4] for _ in range(60)]
    (on_cpu,), (on_gpu,) = (values(taken(ns, device=device), [[PAIRS[0]]]) for device in ("cpu", "cuda"))
    assert on_cpu == pytest.approx(1)
    assert on_gpu == pytest.approx(math.sqrt(1.5))


@given(st.lists(st.integers(1, 7), min_size=1, max_size=9), st.sampled_from([0, 1]))
def test_halves_are_every_other_round_of_each_sitting(counts, first):
    ns = [[[number]] for number in range(sum(counts))]
    half = Taken(ns, counts, "cpu").every_other(first)
    assert [turns[0][0] for turns in half.ns] == list(range(first, sum(counts), 2))
    assert sum(half.rounds) == len(half.ns)
    assert all(half.rounds)
    ends = [sum(counts[: n + 1]) for n in range(len(counts))]
    of = [next(n for n, end in enumerate(ends) if turns[0][0] < end) for turns in half.ns]
    assert [of.count(n) for n in sorted(set(of))] == list(half.rounds)
