"""Latency: the coordinator with simulated participants, and real runs across four runtimes."""

from __future__ import annotations

import itertools
import os
import random
import shutil
import signal

import pytest

from tests import builders
from zoodata.isolation import Worker
from zoodata.measure import latency, timed_run
from zoodata.measure.allocation import MIN_ROUNDS
from zoodata.measure.environment import capture
from zoodata.measure.session import StoppingRule, one_round, wall_times
from zoodata.measure.timer import Repetition, Timer
from zoodata.ratios import Samples, quotients_to_reference, ratios
from zoodata.records.latency import Session
from zoodata.sweep.kinds.latency import latency_workers
from zoodata.sweep.task import Limits

PARTICIPANTS = builders.latency().participants


class Machine:
    """A machine whose speed drifts and jumps, and whose processes differ for as long as they live."""

    def __init__(self, seed=0, processes=0.0):
        self.random = random.Random(seed)
        self.processes = processes
        self.slowness = 1.0
        self.order = []

    def participant(self, name, milliseconds):
        machine, own = self, 1 + self.random.gauss(0, self.processes)

        class Simulated:
            def repeat(self):
                machine.order.append(name)
                machine.slowness = min(4.0, max(1.0, machine.slowness * machine.random.uniform(0.97, 1.03)))
                each = milliseconds * own * 1e6 * machine.slowness
                ns = [int(each * machine.random.uniform(1, 1.03)) for _ in range(5)]
                return Repetition(ns, [2 * one // 1000 for one in ns])

        return Simulated()

    def session(self, *milliseconds):
        everybody = [self.participant(str(number), each) for number, each in enumerate(milliseconds)]
        return [one_round(everybody, self.random) for _ in range(10)]


def ratio(rounds, sessions, participant, reference=(0,)):
    counts = [len(rounds) // sessions] * sessions
    return ratios(Samples(wall_times(rounds), counts, "cpu"), [[([participant], reference)]], 2)[0]


def test_ratios_survive_a_machine_whose_speed_drifts():
    machine = Machine()
    rounds = [one for _ in range(4) for one in machine.session(10, 13, 10)]
    assert ratio(rounds, 4, 1).value == pytest.approx(1.3, rel=0.01)
    assert ratio(rounds, 4, 2).value == pytest.approx(1.0, rel=0.01)


def test_the_interval_knows_that_processes_differ():
    """Two equal models in processes that differ by 1 %: intervals over sessions exclude 1 as rarely as they say."""
    missed = 0
    for seed in range(60):
        machine = Machine(seed, processes=0.01)
        rounds = [one for _ in range(5) for one in machine.session(10, 10, 10)]
        missed += ratio(rounds, 5, 1).excludes(1.0)
        assert ratio(rounds[:10], 1, 1).low is None, "one session says nothing about other processes"
    assert missed <= 60 * 0.15


def test_everyone_has_one_repetition_a_round_in_changing_order():
    machine = Machine()
    rounds = [one for _ in range(4) for one in machine.session(1, 1, 1)]
    orders = [tuple(machine.order[n : n + 3]) for n in range(0, len(machine.order), 3)]
    assert len(orders) == len(rounds)
    assert all(sorted(order) == ["0", "1", "2"] for order in orders)
    assert len(set(orders)) == 6


def test_the_reference_has_two_workers_for_everybody_but_its_own_pair():
    """The A/A pair differs by 4 %: as a reference it moves the others by half of that, and itself not at all."""
    rounds = [[Repetition([each], [0]) for each in (1000, 1000, 1040)]] * 10
    sessions = [Session(rounds=5, observed=()), Session(rounds=5, observed=())]
    assert timed_run.widest_interval(rounds, sessions, PARTICIPANTS, "cpu") == 0.0
    shown = builders.latency(
        samples=tuple(tuple((r.ns[0], r.ns[0]) for r in one) for one in rounds), sessions=tuple(sessions)
    )
    from zoodata.dataset.store import Dataset
    from zoodata.discrepancy.latency_run import summarise

    summary = summarise(Dataset(()), shown)
    assert summary.entries[1].ratio == pytest.approx((1 / 1.04) ** 0.5, abs=1e-3)
    assert summary.noise_floor == pytest.approx(0.04, abs=1e-3)


def test_a_session_ends_when_its_rounds_say_enough_or_its_time_is_up(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr("zoodata.measure.session.time.monotonic", lambda: clock[0])
    quiet = [[Repetition([1000] * 30, [0] * 30) for _ in range(3)]]

    def rounds_of(rule):
        rounds = []
        while not rounds or not rule.is_over(rounds):
            rounds += quiet
            clock[0] += 1.0
            assert len(rounds) < 1000
        return len(rounds)

    quotients = quotients_to_reference(3, 2)
    assert rounds_of(StoppingRule("cpu", quotients, 20.0, 1e9, begun=0.0)) == MIN_ROUNDS
    noisy, clock[0] = random.Random(1), 0.0
    quiet = [[Repetition([int(1000 * noisy.uniform(1, 3))] * 30, [0] * 30) for _ in range(3)] for _ in range(2)]
    assert rounds_of(StoppingRule("cpu", quotients, 20.0, 1e9, begun=0.0)) > MIN_ROUNDS
    clock[0] = 0.0
    assert rounds_of(StoppingRule("cpu", quotients, 20.0, 3.0, begun=0.0)) <= MIN_ROUNDS + 1


@pytest.mark.zoos
def test_workers_of_one_framework_import_the_same():
    entries = ["torchvision:resnet18", "timm:resnet18", "keras_applications:VGG16"]
    modules = [latency._modules(entry, entries) for entry in entries]
    assert modules[0] == modules[1]
    assert {"torchvision", "timm"} <= set(modules[0])
    assert "torch" not in modules[2]


def workers(**limits):
    return latency_workers(timed_run.conditions_for(1, "cpu", 1, 0.5, 1, 1), Limits(**limits))


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
    conditions = timed_run.conditions_for(1, "cpu", 1, 0.5, 1, 1, sessions=2, networks="onnxruntime")
    record = latency.measure(entries, "other", capture(["torch"]), conditions, workers())
    models = [participant for participant in record.participants if participant.subject == "model"]
    assert [p.runtime for p in models] == ["torch", "tensorflow", "tensorflow-v1", "onnxruntime", "torch"]
    assert [p.repeats_reference for p in models] == [False] * 4 + [True]
    networks = [participant for participant in record.participants if participant.subject == "network"]
    assert {p.runtime for p in networks} == {"onnxruntime"}
    assert [p.digest for p in networks] == [p.digest for p in models[:4]]
    assert {m.entry: m.missing.reason for m in record.missing} == {
        "torchvision:no_such_model": "not_in_package",
        "onnx_model_zoo:resnet50-v1-7": "needs_download",
    }
    assert len(record.sessions) == 2
    assert all(session.rounds >= MIN_ROUNDS for session in record.sessions)
    assert all(o.resident_mib and o.warm_up_seconds for session in record.sessions for o in session.observed)
    assert record.energy_source
    assert record.cpu_us is not None
    assert all(used > 0 for one in record.cpu_us for iterations in one for used in iterations)
    from zoodata.dataset.store import Dataset
    from zoodata.discrepancy.latency_run import summarise

    summary = summarise(Dataset((tmp_path,)), record)
    splits = [timed.split for timed in summary.entries[1:]]
    assert all(split is not None and split.holds for split in splits), "on a processor the product is exact"
    products = [split.product for split in splits if split is not None]
    assert products == pytest.approx([timed.ratio for timed in summary.entries[1:]], rel=1e-3)


@pytest.mark.zoos
@pytest.mark.xdist_group("torch")
def test_networks_run_in_torch_too_and_entries_with_one_network_share_its_worker(tmp_path):
    entries = ["torchvision:resnet18", "timm:resnet18"]
    conditions = timed_run.conditions_for(1, "cpu", 1, 0.5, 1, 1, sessions=1, networks="torch")
    record = latency.measure(entries, "other", capture(["torch"]), conditions, workers())
    assert [p.runtime for p in record.participants] == ["torch", "torch", "torch", "torch-network"]
    assert len({p.digest for p in record.participants}) == 1
    from zoodata.dataset.store import Dataset
    from zoodata.discrepancy.latency_run import summarise

    split = summarise(Dataset((tmp_path,)), record).entries[1].split
    assert split is not None
    assert (split.network.value, split.network.low, split.network.high) == (1, 1, 1)
    assert (split.frameworks.low, split.frameworks.high) == (None, None), "one session"


@pytest.mark.zoos
@pytest.mark.xdist_group("torch")
@pytest.mark.skipif(shutil.which("c++") is None, reason="torch.compile needs a C++ compiler")
def test_torch_can_be_compiled():
    entries = ["torchvision:squeezenet1_1", "timm:mobilenetv3_small_050"]
    conditions = timed_run.conditions_for(1, "cpu", 1, 0.5, 1, 1, sessions=1, compiled=True)
    record = latency.measure(entries, "other", capture(["torch"]), conditions, workers())
    assert record.samples, record.missing
    assert {p.runtime for p in record.participants} == {"torch-compiled"}


@pytest.mark.zoos
@pytest.mark.xdist_group("torch")
def test_torch_models_run_in_half_precision_and_others_say_why_they_do_not(monkeypatch):
    entries = ["torchvision:squeezenet1_1", "timm:mobilenetv3_small_050", "onnx_model_zoo:squeezenet"]
    conditions = timed_run.conditions_for(1, "cpu", 1, 0.5, 1, 1, sessions=1, networks="torch", dtype="float16")
    record = latency.measure(entries, "other", capture(["torch"]), conditions, workers())
    assert [p.entry for p in record.participants] == [*entries[:2], entries[0]]
    assert record.conditions.dtype == "float16"
    said = {(m.entry, m.subject): m.missing.message for m in record.missing}
    assert said["onnx_model_zoo:squeezenet", "model"] == "onnxruntime is timed in single precision only"
    assert said[entries[0], "network"] == "networks run one image in float32; this run is in float16"


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
    conditions = timed_run.conditions_for(1, device, 1, target=0.5, time_limit=1, seed=1)
    record = latency.measure(entries, "other", capture(["torch"]), conditions, workers())
    assert (record.samples, record.stopped) == ((), "too_few_participants")
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
    conditions = timed_run.conditions_for(1, "cpu", 1, 0.5, 1, 1, sessions=1)
    record = latency.measure(entries, "other", capture(["torch"]), conditions, workers(**limits))
    assert [(m.entry, m.missing.reason) for m in record.missing] == [(entry, reason)]
    assert [p.entry for p in record.participants] == ["slow:m0", "slow:m1", "slow:m0"]
    assert record.samples


@pytest.mark.zoos
@pytest.mark.xdist_group("torch")
def test_a_worker_lost_in_a_later_session_ends_the_run_and_keeps_the_earlier_ones():
    conditions = timed_run.conditions_for(1, "cpu", 1, 0.5, 1, 1, sessions=3)
    made = itertools.count()

    def make(shift: int | None) -> Worker[Timer]:
        worker = workers().timed(shift)
        if next(made) == 7:  # three for the first session, three for the second, and the second of the third
            os.kill(worker.pid, signal.SIGKILL)
        return worker

    whole = workers()
    record = latency.measure(
        ["torchvision:squeezenet1_1", "timm:mobilenetv3_small_050"], "other", capture(["torch"]), conditions,
        type(whole)(timed=make, reading=whole.reading, seconds=whole.seconds),
    )  # fmt: skip
    assert (record.stopped, len(record.sessions)) == ("worker_lost", 2)
    assert [m.entry for m in record.missing] == ["timm:mobilenetv3_small_050"]
