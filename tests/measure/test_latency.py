"""Latency: the coordinator with simulated participants, and one real run across four runtimes."""

from __future__ import annotations

import random
from statistics import median

import pytest

from tests import builders
from zoodata.isolation import Worker
from zoodata.measure import latency
from zoodata.measure.environment import capture
from zoodata.measure.host import worker_environment
from zoodata.stats import ratio_interval


class Machine:
    """A machine whose speed drifts and jumps: what a round does to one seat it does to all."""

    def __init__(self, seed=0):
        self.random = random.Random(seed)
        self.slowness = 1.0
        self.turns = []
        self.time = 0.0

    def seat(self, name, milliseconds):
        machine = self

        class Seat:
            def turn(self, passes):
                machine.turns.append(name)
                machine.slowness = min(4.0, max(1.0, machine.slowness * machine.random.uniform(0.97, 1.03)))
                machine.time += 0.01
                return [
                    int(milliseconds * 1e6 * machine.slowness * machine.random.uniform(0.99, 1.02))
                    for _ in range(passes)
                ]

        return Seat()


def ratios(taken, seat):
    medians = [[median(passes) for passes in turns] for turns in taken]
    return ratio_interval([turns[seat] for turns in medians], [turns[0] for turns in medians])


def test_ratios_survive_a_machine_whose_speed_drifts():
    machine = Machine()
    seats = [machine.seat("a", 10), machine.seat("b", 13), machine.seat("a again", 10)]
    conditions = builders.latency_conditions(target_half_width=0.005, time_limit_seconds=60)
    taken, stopped = latency.rounds(seats, conditions, clock=lambda: machine.time)
    assert stopped == "interval"
    assert ratios(taken, 1).value == pytest.approx(1.3, rel=0.01)
    assert ratios(taken, 2).value == pytest.approx(1.0, rel=0.01)
    assert latency.widest_interval(taken) <= 0.005


def test_everyone_has_one_turn_a_round_in_changing_order():
    machine = Machine()
    seats = [machine.seat(name, 1) for name in "abc"]
    conditions = builders.latency_conditions(target_half_width=1e-9, time_limit_seconds=1.0)
    taken, stopped = latency.rounds(seats, conditions, clock=lambda: machine.time)
    orders = [tuple(machine.turns[n : n + 3]) for n in range(0, len(machine.turns), 3)]
    assert stopped == "time"
    assert len(orders) == len(taken)
    assert all(sorted(order) == ["a", "b", "c"] for order in orders)
    assert len(set(orders)) == 6


def test_time_being_up_still_leaves_an_interval():
    machine = Machine()
    seats = [machine.seat("a", 1), machine.seat("b", 1)]
    conditions = builders.latency_conditions(time_limit_seconds=0.001)
    taken, stopped = latency.rounds(seats, conditions, clock=lambda: machine.time)
    assert (len(taken), stopped) == (latency.FEWEST_ROUNDS, "time")


def worker():
    return Worker("zoodata.measure.host:Host", worker_environment("cpu", 1))


@pytest.mark.zoos
@pytest.mark.xdist_group("torch")
def test_a_real_run_across_runtimes_records_everything_and_what_is_missing():
    entries = [
        "torchvision:squeezenet1_1",
        "keras_applications:MobileNet",
        "tf_slim:alexnet_v2",
        "onnx_model_zoo:squeezenet",
        "torchvision:no_such_model",
        "onnx_model_zoo:resnet50-v1-7",
    ]
    conditions = latency.conditions_for(1, "cpu", 1, target=0.5, time_limit=1, seed=1)
    record = latency.measure(entries, "other", capture(["torch"]), conditions, worker)
    runtimes = [participant.runtime for participant in record.participants]
    assert runtimes == ["torch", "tensorflow", "tensorflow-v1", "onnxruntime", "torch"]
    assert [participant.null for participant in record.participants] == [False] * 4 + [True]
    assert {m.entry: m.missing.reason for m in record.missing} == {
        "torchvision:no_such_model": "not_in_package",
        "onnx_model_zoo:resnet50-v1-7": "needs_download",
    }
    assert len(record.samples) >= latency.FEWEST_ROUNDS
    assert all(nanoseconds > 0 for turns in record.samples for passes in turns for nanoseconds in passes)


@pytest.mark.zoos
@pytest.mark.xdist_group("torch")
@pytest.mark.parametrize(
    ("entries", "device", "reason"),
    [
        (["torchvision:squeezenet1_1", "torchvision:nope"], "cpu", "not_in_package"),
        (["torchvision:squeezenet1_1", "onnx_model_zoo:squeezenet"], "cuda", "cannot_be_built"),
    ],
)
def test_without_a_pair_nothing_is_timed_and_the_record_says_so(entries, device, reason):
    conditions = latency.conditions_for(1, device, 1, target=0.5, time_limit=1, seed=1)
    record = latency.measure(entries, "other", capture(["torch"]), conditions, worker)
    assert (record.samples, record.stopped) == ((), "no_pair")
    assert {m.missing.reason for m in record.missing} == {reason}
