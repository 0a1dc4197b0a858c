"""Splits and warnings of latency runs whose answers are known."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from tests import builders
from zoodata.dataset.machines import machine_of
from zoodata.dataset.store import Dataset
from zoodata.discrepancy import latency, latency_run
from zoodata.discrepancy.warnings import warnings
from zoodata.records import Participant
from zoodata.records.environment import Accelerator
from zoodata.records.latency import Observed, Session, repeat_of_reference
from zoodata.wording.latency import across
from zoodata.wording.warnings import words

ONE, OTHER = "1" * 64, "2" * 64


def participant(entry="torchvision:resnet50", **changes):
    return Participant(**{"entry": entry, "runtime": "torch", "input": builders.NCHW, "iterations": 1, **changes})


def run(*, a, b, network_a, network_b, sessions=4, wander=0.0, seen=None, digests=(ONE, OTHER), **changes):
    """A run of two models and their networks, whose times (ns) wander together, and a little independently."""
    generator = random.Random(2)
    people = [
        participant(digest=digests[0]),
        participant("timm:resnet50", digest=digests[1]),
        participant(repeats_reference=True, digest=digests[0]),
        participant(subject="network", runtime="onnxruntime", digest=digests[0]),
    ]
    times = [a, b, a, network_a]
    if digests[0] != digests[1]:
        people.append(participant("timm:resnet50", subject="network", runtime="onnxruntime", digest=digests[1]))
        times.append(network_b)
    samples = []
    for _ in range(sessions * 30):
        speed = generator.uniform(1, 1 + wander)
        samples.append(tuple((round(each * speed * generator.uniform(1, 1.001)),) for each in times))
    held = tuple(Session(rounds=30, observed=(seen,) * len(people) if seen else ()) for _ in range(sessions))
    conditions = builders.latency_conditions(networks="onnxruntime")
    return builders.latency(
        **{"samples": tuple(samples), "participants": tuple(people), "sessions": held, "conditions": conditions}
        | changes
    )


def summary(record):
    return latency_run.summarise(Dataset(()), record)


def test_a_gap_is_the_product_of_networks_and_frameworks():
    """The other's network takes half again as long; its framework makes 0.8 of it what the first makes of its own."""
    summarised = summary(run(a=1_000_000, b=1_200_000, network_a=500_000, network_b=750_000, wander=0.5))
    split = summarised.entries[1].split
    assert split is not None
    assert (split.network.value, split.frameworks.value) == (
        pytest.approx(1.5, rel=2e-3),
        pytest.approx(0.8, rel=2e-3),
    )
    assert split.product == pytest.approx(summarised.entries[1].ratio, rel=2e-3)
    assert split.holds
    assert summarised.split is not None
    assert summarised.split.product == pytest.approx(summarised.ratio, rel=2e-3)


def test_entries_with_one_network_differ_by_their_frameworks_alone():
    summarised = summary(run(a=1_000_000, b=1_200_000, network_a=500_000, network_b=0, digests=(ONE, ONE)))
    split = summarised.entries[1].split
    assert split is not None
    assert (split.network.value, split.network.low, split.network.high) == (1, 1, 1)
    assert split.frameworks.value == pytest.approx(1.2, rel=2e-3)


def test_without_networks_there_is_a_reason():
    (_, other) = summary(builders.latency()).entries
    assert (other.split, other.unsplit) == (None, latency_run.Unsplit("networks_not_timed"))
    record = run(a=1, b=1, network_a=1, network_b=1)
    gone = {"entry": "timm:resnet50", "subject": "network",
            "missing": {"reason": "cannot_be_read", "message": "ONNX has no operator for gather"}}  # fmt: skip
    shorter = builders.latency(
        **{
            **{name: getattr(record, name) for name in ("conditions", "sessions")},
            "samples": tuple(one[:4] for one in record.samples),
            "participants": record.participants[:4],
            "missing": (gone,),
        }
    )
    why = latency_run.Unsplit("network_missing", "ONNX has no operator for gather")
    assert summary(shorter).entries[1].unsplit == why


def test_memory_energy_and_device_time_are_the_processes_own():
    seen = Observed(
        warm_up_seconds=1,
        steady=True,
        resident_mib=800,
        device_mib=90,
        device_ns=500_000,
        joules=3.0,
        energy_iterations=60,
    )
    first = summary(run(a=1_000_000, b=1_000_000, network_a=1, network_b=1, seen=seen)).entries[0]
    assert (first.peak_mib, first.device_mib, first.device_ms, first.millijoules) == (800, 90, 0.5, 50.0)
    assert first.images_per_second == pytest.approx(1000, rel=2e-3)


def kinds(record):
    return {warning.code for warning in warnings(record)}


def test_a_good_run_warns_of_nothing_and_each_doubt_has_a_next_step():
    good = run(a=1_000_000, b=1_200_000, network_a=1, network_b=1)
    assert kinds(good) == set()
    assert kinds(good.model_copy(update={"stopped": "time"})) == {"time_limit"}
    assert "few_sessions" in kinds(builders.latency())
    giving = good.conditions.model_copy(update={"keeps_memory": False})
    assert kinds(good.model_copy(update={"conditions": giving})) == {"allocator"}
    unsteady = Observed(warm_up_seconds=6, steady=False)
    assert kinds(run(a=1, b=1, network_a=1, network_b=1, seen=unsteady)) == {"unsteady"}
    busy = tuple(
        s.model_copy(
            update={"other_load": 0.5, "stolen": 0.2, "device_clock_mhz": (800, 1900), "other_device_processes": 1}
        )
        for s in good.sessions
    )
    loaded = good.model_copy(update={"sessions": busy})
    assert kinds(loaded) == {"loaded", "stolen", "clock", "shared_device"}
    assert all(words(warning).text and words(warning).advice for warning in warnings(loaded))


def test_one_model_that_takes_unequal_memory_in_two_processes_is_a_doubt():
    """As torchvision's VGG16 with 512 images on an H200: 25944 and 25911 MiB, and 3 % of its time."""
    seen = Observed(warm_up_seconds=1, steady=True, device_mib=25944)
    like = run(a=1_000_000, b=1_200_000, network_a=1, network_b=1, seen=seen)
    assert kinds(like) == set()
    repeat = repeat_of_reference(like.participants)
    sessions = []
    for session in like.sessions:
        observed = list(session.observed)
        observed[repeat] = seen.model_copy(update={"device_mib": 25911})
        sessions.append(session.model_copy(update={"observed": tuple(observed)}))
    unlike = like.model_copy(update={"sessions": tuple(sessions)})
    assert kinds(unlike) == {"unequal_memory"}
    (warning,) = warnings(unlike)
    assert "25944 and 25911 MiB" in words(warning).text


def test_iterations_that_others_disturbed_are_a_doubt_and_do_not_count():
    """Every other round another program has half of the cores: wall time doubles, processor time stays."""
    calm = run(a=1_000_000, b=1_200_000, network_a=1_000, network_b=1_000)
    cpu_us = tuple(tuple((2 * times[0] // 1000,) for times in one) for one in calm.samples)
    rounds = range(len(calm.samples))
    hit = tuple(tuple((times[0] * (1 + n % 2),) for times in calm.samples[n]) for n in rounds)
    some = tuple(tuple((times[0] * (1 + (n % 3 > 0)),) for times in calm.samples[n]) for n in rounds)
    assert kinds(calm.model_copy(update={"cpu_us": cpu_us})) == set()
    assert kinds(calm.model_copy(update={"cpu_us": cpu_us, "samples": some})) >= {"disturbed"}
    only = calm.model_copy(
        update={"samples": tuple((one[0], hit[n][1], *one[2:]) for n, one in enumerate(calm.samples))}
    )
    assert summary(only).entries[1].ratio == pytest.approx(1.2, rel=2e-3)


def test_a_split_is_of_the_same_iterations_whatever_disturbs_them():
    """Every other round one model takes twice as long, and nothing else does."""
    calm = run(a=1_000_000, b=1_200_000, network_a=500_000, network_b=750_000)
    odd = tuple((one[0], (one[1][0] * (1 + n % 2),), *one[2:]) for n, one in enumerate(calm.samples))
    for samples in (calm.samples, odd):
        timed = summary(calm.model_copy(update={"samples": samples})).entries[1]
        assert timed.split is not None
        assert timed.split.holds
        assert timed.split.product == pytest.approx(timed.ratio, abs=2e-4)


def test_a_single_session_gives_no_verdict_and_no_interval():
    calm = run(a=1_000_000, b=1_200_000, network_a=500_000, network_b=750_000, sessions=1)
    summarised = summary(calm)
    assert summarised.entries[1].ratio == pytest.approx(1.2, rel=2e-3)
    assert [timed.verdict for timed in summarised.entries] == ["reference", "one session"]
    assert (summarised.low, summarised.high, summarised.entries[1].low) == (None, None, None)


def test_a_session_of_few_iterations_is_warned_of():
    calm = run(a=1_000_000, b=1_200_000, network_a=500_000, network_b=750_000)
    assert summary(calm).trim_fraction == pytest.approx(5 / 30, abs=1e-3)
    assert kinds(calm) == set()
    few = builders.latency()
    assert summary(few).trim_fraction == pytest.approx(5 / 20)
    assert "few_passes" in kinds(few)


def test_drift_within_a_session_is_seen_and_between_sessions_is_not():
    flat = run(a=1_000_000, b=1_000_000, network_a=1, network_b=1)
    slowing = tuple(
        tuple((round(times[0] * (1 + 0.01 * (number % 30))),) for times in one)
        for number, one in enumerate(flat.samples)
    )
    between = tuple(
        tuple((round(times[0] * (1 + 0.3 * (number // 30))),) for times in one)
        for number, one in enumerate(flat.samples)
    )
    assert kinds(flat.model_copy(update={"samples": slowing})) == {"drift"}
    assert kinds(flat.model_copy(update={"samples": between})) == set()


def test_other_devices_are_not_ranked_with_processors(tmp_path):
    on_gpu = builders.latency(conditions=builders.latency_conditions(device="cuda"))
    dataset = Dataset((tmp_path,))
    from zoodata.dataset import store

    for record in (builders.environment(), builders.family(), on_gpu, builders.latency()):
        store.write(record, tmp_path)
    assert [result.measurement for result in latency.rank(dataset)] == [builders.latency().id]
    assert [result.measurement for result in latency.elsewhere(dataset)] == [on_gpu.id]


ALONE = "no second machine did the same work in more than one session"


def machines_of(tmp_path, *runs):
    """Two entries' run on each of some machines: a model of a processor, and how much longer the second takes."""
    from zoodata.dataset import store

    store.write(builders.family(), tmp_path)
    for number, (model, ratio, changes) in enumerate(runs):
        usual = builders.environment().processor
        where = builders.environment(processor=usual.model_copy(update={"model": model}))
        conditions = builders.latency_conditions(networks="onnxruntime", **changes)
        record = run(a=10**7, b=round(ratio * 10**7), network_a=10**7, network_b=10**7, environment=where.id,
                     conditions=conditions, started_at=builders.WHEN - timedelta(minutes=number))  # fmt: skip
        store.write(where, tmp_path)
        store.write(record, tmp_path)
    dataset = Dataset((tmp_path,))
    return dataset, latency.across(dataset, latency.rank(dataset)).get("resnet50")


@pytest.mark.parametrize(
    ("runs", "verdict", "said"),
    [
        ([("Intel", 1.3, {}), ("AMD", 1.3, {})], "same", "the same on 2 machines"),
        ([("Intel", 1.3, {}), ("AMD", 0.9, {})], "depends", "depends on the machine"),
        ([("Intel", 1.3, {}), ("AMD", 1.3, {}), ("ARM", 1.2, {})], "depends", "depends on the machine"),
        ([("Intel", 1.3, {}), ("AMD", 0.9, {"batch": 64})], "one_machine", ALONE),
        ([("Intel", 1.3, {}), ("Intel", 0.9, {"dtype": "float16"})], "one_machine", ALONE),
        ([("Intel", 1.3, {}), ("A", 0.9, {"batch": 64}), ("B", 0.9, {"batch": 64})], "one_machine", ALONE),
    ],
)
def test_machines_that_did_the_same_work_agree_or_do_not(tmp_path, runs, verdict, said):
    _, found = machines_of(tmp_path, *runs)
    (one,) = found.entries
    assert (one.entry, one.reference) == ("timm:resnet50", "torchvision:resnet50")
    assert sorted(each.machine.model for each in one.runs) == sorted(model for model, *_ in runs)
    assert one.verdict == verdict
    assert (found.ends.verdict if found.ends else "one_machine") == verdict
    assert across(one) == said


@pytest.mark.parametrize(("device", "on_cpu"), [("cpu", True), ("cpu:0", True), ("cuda", False), ("cuda:1", False)])
def test_a_processor_is_one_however_the_device_is_written(device, on_cpu):
    """Else a record of "cpu:0" would be compared with no other of its machine."""
    record = builders.latency(conditions=builders.latency_conditions(device=device))
    machine = machine_of(record, builders.environment())
    assert machine.is_cpu is on_cpu
    assert summary(record).on == machine._replace(model="unknown")


def test_a_machine_of_its_own_has_nothing_to_agree_with(tmp_path):
    dataset, found = machines_of(tmp_path, ("Intel", 1.3, {}))
    assert found is None
    assert latency.elsewhere(dataset) == []
    dataset, _ = machines_of(tmp_path, ("AMD", 1.3, {}))
    assert len(latency.rank(dataset)) == len(latency.elsewhere(dataset)) == 1


def test_each_model_of_a_device_has_its_newest_run(tmp_path):
    from zoodata.dataset import store

    dataset = Dataset((tmp_path,))
    store.write(builders.family(), tmp_path)
    wanted = set()
    for model in ("NVIDIA H100 80GB HBM3", "NVIDIA H200"):
        where = builders.environment(accelerators=(Accelerator(model=model, memory_mib=80_000),))
        on_gpu = {"conditions": builders.latency_conditions(device="cuda"), "environment": where.id}
        older, newer = (builders.latency(started_at=builders.WHEN + timedelta(days=day), **on_gpu) for day in (1, 2))
        for record in (where, newer, older):
            store.write(record, tmp_path)
        wanted.add((model, newer.id))
    assert {(result.machine, result.measurement) for result in latency.elsewhere(dataset)} == wanted
