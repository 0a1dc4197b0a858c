"""Latency: the coordinator with simulated participants, and real runs across four runtimes."""

from __future__ import annotations

import itertools
import os
import random
import signal

import pytest

from tests import builders
from zoodata.isolation import Worker
from zoodata.measure import latency
from zoodata.measure.allocation import FEWEST_ROUNDS
from zoodata.measure.environment import capture
from zoodata.measure.seats import Turn
from zoodata.measure.sitting import ns_and_cpu_us, rounds
from zoodata.records.latency import Sitting
from zoodata.sweep.perform import Limits, latency_workers
from zoodata.turns import Taken, ratios

PARTICIPANTS = builders.latency().participants


class Machine:
    """A machine whose speed drifts and jumps, and whose processes differ for as long as they live."""

    def __init__(self, seed=0, processes=0.0):
        self.random = random.Random(seed)
        self.processes = processes
        self.slowness = 1.0
        self.turns = []

    def seat(self, name, milliseconds):
        machine, own = self, 1 + self.random.gauss(0, self.processes)

        class Seat:
            def turn(self):
                machine.turns.append(name)
                machine.slowness = min(4.0, max(1.0, machine.slowness * machine.random.uniform(0.97, 1.03)))
                each = milliseconds * own * 1e6 * machine.slowness
                ns = [int(each * machine.random.uniform(1, 1.03)) for _ in range(5)]
                return Turn(ns, [2 * one // 1000 for one in ns])

        return Seat()

    def sitting(self, *milliseconds):
        seats = [self.seat(str(number), each) for number, each in enumerate(milliseconds)]
        return rounds(seats, self.random, lambda taken: len(taken) == 10)


def ratio(taken, sittings, seat, reference=(0,)):
    counts = [len(taken) // sittings] * sittings
    return ratios(Taken(ns_and_cpu_us(taken)[0], counts, "cpu"), [[([seat], reference)]], 2)[0]


def test_ratios_survive_a_machine_whose_speed_drifts():
    machine = Machine()
    taken = [turns for _ in range(4) for turns in machine.sitting(10, 13, 10)]
    assert ratio(taken, 4, 1).value == pytest.approx(1.3, rel=0.01)
    assert ratio(taken, 4, 2).value == pytest.approx(1.0, rel=0.01)


def test_the_interval_knows_that_processes_differ():
    """Two equal models in processes that are 1 % apart: rounds within a sitting would call them different."""
    missed_by_sittings, missed_by_rounds = 0, 0
    for seed in range(60):
        machine = Machine(seed, processes=0.01)
        taken = [turns for _ in range(5) for turns in machine.sitting(10, 10, 10)]
        missed_by_sittings += ratio(taken, 5, 1).excludes(1.0)
        missed_by_rounds += ratio(taken[:10], 1, 1).excludes(1.0)
    assert missed_by_sittings <= 60 * 0.15
    assert missed_by_rounds > missed_by_sittings


def test_everyone_has_one_turn_a_round_in_changing_order():
    machine = Machine()
    taken = [turns for _ in range(4) for turns in machine.sitting(1, 1, 1)]
    orders = [tuple(machine.turns[n : n + 3]) for n in range(0, len(machine.turns), 3)]
    assert len(orders) == len(taken)
    assert all(sorted(order) == ["0", "1", "2"] for order in orders)
    assert len(set(orders)) == 6


def test_the_reference_has_two_workers_for_everybody_but_its_own_pair():
    """The null pair is 4 % off: as a reference it moves the others by half of that, and itself not at all."""
    held = [[Turn([each], None) for each in (1000, 1000, 1040)]] * 10
    sittings = [Sitting(rounds=5, observed=()), Sitting(rounds=5, observed=())]
    assert latency.widest_interval(held, sittings, PARTICIPANTS, "cpu") == 0.0
    shown = builders.latency(
        samples=tuple(tuple((t.ns[0], t.ns[0]) for t in turns) for turns in held), sittings=tuple(sittings)
    )
    from zoodata.dataset.store import Dataset
    from zoodata.discrepancy.latency import summarise

    found = summarise(Dataset(()), shown)
    assert found.entries[1].ratio == pytest.approx((1 / 1.04) ** 0.5, abs=1e-3)
    assert found.noise_floor == pytest.approx(0.04, abs=1e-3)


def test_workers_of_one_framework_import_the_same():
    entries = ["torchvision:resnet18", "timm:resnet18", "keras_applications:VGG16"]
    modules = [latency._modules(entry, entries) for entry in entries]
    assert modules[0] == modules[1]
    assert {"torchvision", "timm"} <= set(modules[0])
    assert "torch" not in modules[2]


def workers(**limits):
    return latency_workers(latency.conditions_for(1, "cpu", 1, 0.5, 1, 1), Limits(**limits))


@pytest.mark.zoos
@pytest.mark.xdist_group("torch")
def test_a_real_run_across_runtimes_records_everything_and_what_is_missing(tmp_path):
    entries = [
        "torchvision:squeezenet1_1",
        "keras_applications:MobileNet",
        "tf_slim:alexnet_v2",
        "onnx_model_zoo:squeezenet",
        "torchvision:no_such_model",
        "onnx_model_zoo:resnet50-v1-7",
    ]
    conditions = latency.conditions_for(1, "cpu", 1, 0.5, 1, 1, sittings=2, networks="onnxruntime")
    record = latency.measure(entries, "other", capture(["torch"]), conditions, workers())
    models = [participant for participant in record.participants if participant.subject == "model"]
    assert [p.runtime for p in models] == ["torch", "tensorflow", "tensorflow-v1", "onnxruntime", "torch"]
    assert [p.null for p in models] == [False] * 4 + [True]
    networks = [participant for participant in record.participants if participant.subject == "network"]
    assert {p.runtime for p in networks} == {"onnxruntime"}
    assert [p.digest for p in networks] == [p.digest for p in models[:4]]
    assert {m.entry: m.missing.reason for m in record.missing} == {
        "torchvision:no_such_model": "not_in_package",
        "onnx_model_zoo:resnet50-v1-7": "needs_download",
    }
    assert len(record.sittings) == 2
    assert all(sitting.rounds >= FEWEST_ROUNDS for sitting in record.sittings)
    assert all(o.resident_mib and o.warm_up_seconds for sitting in record.sittings for o in sitting.observed)
    assert record.energy_source
    assert record.cpu_us is not None
    assert all(used > 0 for turns in record.cpu_us for passes in turns for used in passes)
    from zoodata.dataset.store import Dataset
    from zoodata.discrepancy.latency import summarise

    found = summarise(Dataset((tmp_path,)), record)
    assert all(timed.split is not None for timed in found.entries[1:])
    onnx = found.entries[3]
    assert onnx.split is not None
    assert onnx.split.product == pytest.approx(onnx.ratio, rel=0.5), "what a loaded test machine leaves of it"


@pytest.mark.zoos
@pytest.mark.xdist_group("torch")
def test_networks_run_in_torch_too_and_entries_with_one_network_share_its_worker(tmp_path):
    entries = ["torchvision:resnet18", "timm:resnet18"]
    conditions = latency.conditions_for(1, "cpu", 1, 0.5, 1, 1, sittings=1, networks="torch")
    record = latency.measure(entries, "other", capture(["torch"]), conditions, workers())
    assert [p.runtime for p in record.participants] == ["torch", "torch", "torch", "torch-network"]
    assert len({p.digest for p in record.participants}) == 1
    from zoodata.dataset.store import Dataset
    from zoodata.discrepancy.latency import summarise

    split = summarise(Dataset((tmp_path,)), record).entries[1].split
    assert split is not None
    assert (split.network.value, split.network.low, split.network.high) == (1, 1, 1)


@pytest.mark.zoos
@pytest.mark.xdist_group("torch")
def test_torch_can_be_compiled():
    entries = ["torchvision:squeezenet1_1", "timm:mobilenetv3_small_050"]
    conditions = latency.conditions_for(1, "cpu", 1, 0.5, 1, 1, sittings=1, compiled=True)
    record = latency.measure(entries, "other", capture(["torch"]), conditions, workers())
    if record.samples:
        assert {p.runtime for p in record.participants} == {"torch-compiled"}
    else:  # no C++ compiler here
        assert {m.missing.reason for m in record.missing} == {"crashed"}


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
    record = latency.measure(entries, "other", capture(["torch"]), conditions, workers())
    assert (record.samples, record.stopped) == ((), "no_pair")
    assert {m.missing.reason for m in record.missing} == {reason}


@pytest.mark.zoos
@pytest.mark.xdist_group("torch")
@pytest.mark.parametrize(
    ("entry", "limits", "reason"),
    [
        ("slow:hangs", {"seconds": 12.0}, "timed_out"),
        ("slow:eats", {"memory": 2 * 2**30}, "out_of_memory"),
        ("slow:dies", {}, "crashed"),
    ],
)
def test_a_worker_that_hangs_eats_or_dies_is_one_missing_cell(entry, limits, reason, root, monkeypatch):
    monkeypatch.syspath_prepend(str(root / "tests" / "plugin"))
    monkeypatch.setenv("PYTHONPATH", f"{root}:{root / 'tests' / 'plugin'}")
    entries = ["slow:m0", "slow:m1", entry]
    conditions = latency.conditions_for(1, "cpu", 1, 0.5, 1, 1, sittings=1)
    record = latency.measure(entries, "other", capture(["torch"]), conditions, workers(**limits))
    assert [(m.entry, m.missing.reason) for m in record.missing] == [(entry, reason)]
    assert [p.entry for p in record.participants] == ["slow:m0", "slow:m1", "slow:m0"]
    assert record.samples


@pytest.mark.zoos
@pytest.mark.xdist_group("torch")
def test_a_worker_lost_in_a_later_sitting_ends_the_run_and_keeps_the_earlier_ones():
    conditions = latency.conditions_for(1, "cpu", 1, 0.5, 1, 1, sittings=3)
    made = itertools.count()

    def make(layout: int | None) -> Worker:
        worker = workers().timed(layout)
        if next(made) == 7:  # three for the first sitting, three for the second, and the second of the third
            os.kill(worker.pid, signal.SIGKILL)
        return worker

    whole = workers()
    record = latency.measure(
        ["torchvision:squeezenet1_1", "timm:mobilenetv3_small_050"], "other", capture(["torch"]), conditions,
        type(whole)(timed=make, reading=whole.reading, seconds=whole.seconds),
    )  # fmt: skip
    assert (record.stopped, len(record.sittings)) == ("worker_lost", 2)
    assert [m.entry for m in record.missing] == ["timm:mobilenetv3_small_050"]
