"""MACs and latency rankings on small records whose answer is known."""

from __future__ import annotations

import random

import pytest

from tests import builders
from zoodata.dataset import store
from zoodata.dataset.store import Dataset
from zoodata.discrepancy import accuracy, latency, latency_run, macs
from zoodata.records import Supersession
from zoodata.records.measurement import InputShape
from zoodata.stats import Interval


def dataset_of(tmp_path, *records) -> Dataset:
    for record in (builders.family(), builders.environment(), *records):
        store.write(record, tmp_path)
    return Dataset.open(packaged=tmp_path)


def test_macs_compare_at_one_input_size_and_say_what_the_naive_ratio_is(tmp_path):
    large = InputShape(channels=3, height=448, width=448, layout="NCHW")
    dataset = dataset_of(
        tmp_path,
        builders.architecture("torchvision:resnet50", result=builders.result(macs=100)),
        builders.architecture("timm:resnet50", result=builders.result(macs=110)),
        builders.architecture("onnx_model_zoo:resnet50-v1-7", result=builders.result(macs=400, input=large)),
    )
    (ranked,) = macs.rank(dataset)
    assert (ranked.ratio, ranked.naive_ratio, ranked.input_size, ranked.zoos) == (1.1, 4.0, 224, 2)
    assert (ranked.highest.entry, ranked.lowest.entry) == ("timm:resnet50", "torchvision:resnet50")


def test_a_head_of_more_classes_is_no_larger_network(tmp_path):
    dataset = dataset_of(
        tmp_path,
        builders.architecture("torchvision:resnet50", result=builders.result(macs=100, classes=1000)),
        builders.architecture("timm:resnet50", result=builders.result(macs=101, classes=1001)),
        builders.architecture("onnx_model_zoo:resnet50-v1-7", result=builders.result(macs=130, classes=21_841)),
    )
    (ranked,) = macs.rank(dataset)
    assert (ranked.ratio, ranked.naive_ratio, ranked.zoos) == (1.01, 1.3, 2)


def test_a_body_without_classifier_is_published_at_no_size(tmp_path):
    large = InputShape(channels=3, height=448, width=448, layout="NCHW")
    dataset = dataset_of(
        tmp_path,
        builders.architecture("torchvision:resnet50", result=builders.result(macs=400, input=large)),
        builders.architecture("timm:resnet50", result=builders.result(macs=410, input=large)),
        builders.architecture("onnx_model_zoo:resnet50-v1-7", result=builders.result(macs=100, classes=0)),
    )
    (ranked,) = macs.rank(dataset)
    assert (ranked.naive_ratio, ranked.input_size) == (1.025, 448)


def test_a_configuration_without_weights_is_no_end(tmp_path):
    dataset = dataset_of(
        tmp_path,
        builders.architecture("torchvision:resnet50", result=builders.result(macs=100)),
        builders.architecture("timm:resnet50", result=builders.result(macs=101)),
        builders.architecture("ultralytics:yolov8-cls-resnet50", result=builders.result(macs=130)),
        builders.architecture("transformers:resnet", result=builders.result(macs=80)),
    )
    (ranked,) = macs.rank(dataset)
    assert (ranked.ratio, ranked.naive_ratio, ranked.zoos) == (1.01, 1.01, 2)


def test_one_zoo_alone_is_not_ranked_and_missing_is_not_zero(tmp_path):
    dataset = dataset_of(
        tmp_path,
        builders.architecture("torchvision:resnet50"),
        builders.architecture("timm:resnet50", result=None, missing={"reason": "crashed", "message": "x"}),
    )
    assert macs.rank(dataset) == []


def test_a_later_count_wins_only_where_it_supersedes_the_first(tmp_path):
    first = builders.architecture("torchvision:resnet50", result=builders.result(macs=100))
    later = builders.architecture(
        "torchvision:resnet50", result=builders.result(macs=200), started_at=builders.WHEN.replace(day=24)
    )
    other = builders.architecture("timm:resnet50", result=builders.result(macs=100))
    records = builders.environment(), first, later, other
    assert macs.rank(dataset_of(tmp_path / "silent", *records))[0].ratio == 1.0
    why = Supersession.seal(
        superseded=(first.id,), by=(later.id,), reason="reading_corrected", text="Read anew.", said_on="2026-11-25"
    )
    assert macs.rank(dataset_of(tmp_path / "said", *records, why))[0].ratio == 2.0


def test_a_newer_release_is_no_contradiction(tmp_path):
    newer = builders.environment(packages={"timm": "1.0.31", "torch": "2.15.0", "torchvision": "0.30.0"})
    dataset = dataset_of(
        tmp_path,
        builders.environment(),
        newer,
        builders.architecture("torchvision:resnet50", result=builders.result(macs=100)),
        builders.architecture("torchvision:resnet50", result=builders.result(macs=200), environment=newer.id),
        builders.architecture("timm:resnet50", result=builders.result(macs=100)),
    )
    assert macs.rank(dataset)[0].ratio == 2.0


def test_latency_ratio_noise_floor_and_verdict(tmp_path):
    (ranked,) = latency.rank(dataset_of(tmp_path, builders.latency()))
    assert ranked.ratio == pytest.approx(1.9, abs=0.15)
    assert ranked.noise_floor == 0
    assert [timed.verdict for timed in ranked.entries] == ["reference", "slower"]
    assert (ranked.slowest, ranked.fastest) == ("timm:resnet50", "torchvision:resnet50")


@pytest.mark.parametrize(("spread", "verdict"), [(0.002, "no difference"), (0.05, "not known")])
def test_a_ratio_inside_the_noise_is_no_difference_if_the_interval_is_narrow(tmp_path, spread, verdict):
    generator = random.Random(3)

    def noisy(mean):
        return tuple(int(generator.gauss(mean, mean * spread)) for _ in range(2))

    samples = tuple((noisy(100_000), noisy(100_010), noisy(100_000)) for _ in range(40))
    (ranked,) = latency.rank(dataset_of(tmp_path, builders.latency(samples=samples)))
    assert ranked.noise_floor > 0
    assert ranked.entries[1].verdict == verdict


@pytest.mark.parametrize(("slower", "verdict"), [(400, "no difference"), (600, "slower")])
def test_what_is_less_than_half_the_precision_asked_for_is_no_difference(tmp_path, slower, verdict):
    """Rounds without any noise, an A/A pair at 1, and the usual 1 %."""
    ns = [(100_000,) * 2, (100_000 + slower,) * 2, (100_000,) * 2]
    (ranked,) = latency.rank(dataset_of(tmp_path, builders.latency(samples=(tuple(ns),) * 40)))
    assert ranked.noise_floor == 0
    assert ranked.entries[1].verdict == verdict


@pytest.mark.parametrize(
    ("low", "high", "least", "verdict"),
    [
        (1.05, 1.1, 0.01, "slower"),
        (0.8, 0.9, 0.01, "faster"),
        (1.005, 1.1, 0.01, "not known"),
        (0.9, 1.1, 0, "not known"),
        (0.97, 1.04, 0, "no difference"),
        (0.93, 1.06, 0.08, "no difference"),  # the A/A pair alone differs by more
    ],
)
def test_verdicts(low, high, least, verdict):
    assert latency_run.verdict(Interval((low + high) / 2, low, high, 20), least) == verdict


def test_accuracy_verdicts_know_sampling(tmp_path):
    small = (builders.claim(value=76.13), builders.claim("timm:resnet50", value=76.2))
    dataset = dataset_of(tmp_path, builders.collection(*small))
    (ranked,) = accuracy.rank(dataset, group="today")
    assert (ranked.naive.points, ranked.naive.verdict) == (0.07, "can be sampling")
    assert accuracy.rank(dataset, group="2022") == []


def test_rankings_of_nothing_are_empty(tmp_path):
    nothing = Dataset.open(packaged=tmp_path)
    assert accuracy.rank(nothing) == macs.rank(nothing) == latency.rank(nothing) == []
    assert accuracy.extremes(nothing) == {}


def test_the_ends_of_a_range_are_two_zoos(tmp_path):
    claims = (
        builders.claim("torchvision:resnet50@IMAGENET1K_V1", 76.13),
        builders.claim("torchvision:resnet50@IMAGENET1K_V2", 80.86),
        builders.claim("timm:resnet50", 78.0),
    )
    (ranked,) = accuracy.rank(dataset_of(tmp_path, builders.collection(*claims)), group="today")
    assert (ranked.naive.points, ranked.naive.highest.zoo, ranked.naive.lowest.zoo) == (2.86, "torchvision", "timm")


def test_the_headline_ratio_is_that_of_its_two_ends(tmp_path):
    """Two entries whose ratio is 2 in every round, beside a reference that wanders."""
    generator = random.Random(1)
    samples = []
    for _ in range(30):
        speed, reference = generator.uniform(1, 3), generator.randint(150_000, 450_000)
        slow = int(200_000 * speed)
        samples.append(((reference,) * 2, (slow,) * 2, (slow // 2,) * 2, (reference,) * 2))
    record = builders.latency()
    first, second, null = record.participants
    third = second.model_copy(update={"entry": "onnx_model_zoo:resnet50-v1-7"})
    run = builders.latency(samples=tuple(samples), participants=(first, second, third, null))
    summary = latency_run.summarise(dataset_of(tmp_path), run)
    assert (summary.slowest, summary.fastest) == ("timm:resnet50", third.entry)
    assert summary.ratio == pytest.approx(2.0, abs=1e-3)
    assert summary.low < 2.0 < summary.high


@pytest.mark.parametrize(("macs", "is_ranked"), [(4_000_000_000, True), (4_050_000_000, True), (4_300_000_000, False)])
def test_networks_of_unlike_compute_are_not_ranked_with_each_other(tmp_path, macs, is_ranked):
    """ResNet-50 with its stride in the first convolution of a block and in the second: 3.9 and 4.1 billion."""
    counts = [
        builders.architecture("torchvision:resnet50", result=builders.result(macs=4_000_000_000)),
        builders.architecture("timm:resnet50", result=builders.result(macs=macs)),
    ]
    (ranked,) = latency.rank(dataset_of(tmp_path, builders.latency(), *counts))
    assert ranked.is_ranked is is_ranked
    assert ranked.entries[1].other_work == (None if is_ranked else "other_compute")


def test_a_run_of_something_else_is_not_this_architectures_number(tmp_path):
    other = builders.latency(architecture="other")
    stranger = [p.model_copy(update={"entry": "timm:vgg16"}) if n == 1 else p for n, p in enumerate(other.participants)]
    false = builders.latency(participants=tuple(stranger))
    assert latency.rank(dataset_of(tmp_path, other, false)) == []


def test_a_full_run_is_not_displaced_by_a_smaller_later_one(tmp_path):
    record = builders.latency()
    first, second, null = record.participants
    third = second.model_copy(update={"entry": "onnx_model_zoo:resnet50-v1-7"})
    samples = tuple((a, b, b, c) for a, b, c in record.samples)
    full = builders.latency(samples=samples, participants=(first, second, third, null))
    later = builders.latency(started_at=builders.WHEN.replace(hour=13))
    (ranked,) = latency.rank(dataset_of(tmp_path, full, later))
    assert len(ranked.entries) == 3


def test_a_network_without_macs_is_no_division_by_zero(tmp_path):
    records = [
        builders.architecture("torchvision:resnet50", result=builders.result(macs=0)),
        builders.architecture("timm:resnet50"),
    ]
    assert macs.rank(dataset_of(tmp_path, *records)) == []
