"""A small dataset in which everything agrees: two zoos' ResNet-50, counted, compared, timed and evaluated."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from tests import builders
from zoodata.graph import storage
from zoodata.graph.diff.findings import as_record, diff
from zoodata.graph.diff.proof import Proof
from zoodata.records import (
    AccuracyMeasurement,
    ArchitectureMeasurement,
    AttributionMeasurement,
    ClaimCollection,
    ComparisonMeasurement,
    Environment,
    ImageSetRecord,
    LatencyMeasurement,
    Lineage,
    Preprocessing,
    Reply,
    SensitivityMeasurement,
    StoredNetwork,
    Supersession,
    Verification,
    WaysMeasurement,
)
from zoodata.records.accuracy import ImageSetIdentity
from zoodata.records.attribution import AttributedStep
from zoodata.records.claim import ClaimConditions, RepositorySource
from zoodata.records.image_set import LabelledImage
from zoodata.records.latency import Observed, Session
from zoodata.records.measurement import InputShape
from zoodata.records.sensitivity import OtherPreparation
from zoodata.records.ways import WayParticipant

PREPROCESSING = Preprocessing(
    resize=256, crop=(224, 224), interpolation="bilinear", scale=1 / 255, mean=(0.485, 0.456, 0.406),
    std=(0.229, 0.224, 0.225), channel_order="RGB", layout="NCHW", source="torchvision.transforms",
)  # fmt: skip


def environment(**changes: Any) -> Environment:
    return builders.environment(**({"memory_mib": 16_384} | changes))


def networks() -> tuple[StoredNetwork, StoredNetwork]:
    return builders.network(), builders.network(stride=1)


def architecture(entry: str, network: StoredNetwork, **changes: Any) -> ArchitectureMeasurement:
    result = builders.counted(network, preprocessing=PREPROCESSING)
    return builders.architecture(entry, **({"environment": environment().id, "result": result} | changes))


def comparison(**changes: Any) -> ComparisonMeasurement:
    one, other = (storage.unpack(network) for network in networks())
    result = as_record(diff(one, other), Proof("parted", 0.19))
    return builders.comparison(**({"environment": environment().id, "result": result} | changes))


def latency(**changes: Any) -> LatencyMeasurement:
    cpu = tuple(tuple((90_000, 91_000) for _ in range(3)) for _ in range(20))
    observed = tuple(Observed(warm_up_seconds=1.0, steady=True, resident_mib=400) for _ in range(3))
    sessions = (Session(rounds=10, observed=observed, other_load=0.1, stolen=0.0),) * 2
    values = {"environment": environment().id, "cpu_us": cpu, "sessions": sessions, "stopped": "time"}
    return builders.latency(**(values | changes))


def ways(
    ratios: Mapping[Any, float] | None = None, errors: Mapping[Any, float] | None = None, **changes: Any
) -> WaysMeasurement:
    """A run of ResNet-50's ways, each of which takes a part of the 50 ms of the model as it is built."""
    ratios = {"onnxruntime": 0.5, "compiled": 0.9} if ratios is None else ratios
    wanted: list[tuple[Any, float, bool]] = [("as_built", 1.0, False), *((w, r, False) for w, r in ratios.items())]
    wanted.append(("as_built", 1.0, True))
    shape = InputShape(channels=3, height=224, width=224, layout="NCHW")
    participants = tuple(
        WayParticipant(
            entry="torchvision:resnet50", subject="network" if way == "onnxruntime" else "model", runtime="torch",
            repeats_reference=again, input=shape, iterations=2, way=way, ready_seconds=1.5,
            relative_error=None if way == "as_built" else (errors or {}).get(way, 1e-6),
        )
        for way, _, again in wanted
    )  # fmt: skip
    draw = random.Random(1)

    def times(part: float) -> tuple[int, ...]:
        return tuple(round(part * 50_000_000 * draw.uniform(1, 1.002)) for _ in range(2))

    rounds = tuple(tuple(times(part) for _, part, _ in wanted) for _ in range(20))
    cpu = tuple(tuple(tuple(ns // 600 for ns in one) for one in each) for each in rounds)
    observed = tuple(Observed(warm_up_seconds=1.0, steady=True, resident_mib=400) for _ in wanted)
    sessions = (Session(rounds=10, observed=observed, other_load=0.1, stolen=0.0),) * 2
    base = latency()
    values: dict[str, Any] = {
        "entry": "torchvision:resnet50", "started_at": builders.WHEN, "environment": environment().id, "unit": "ns",
        "conditions": base.conditions, "participants": participants, "samples": rounds, "cpu_us": cpu,
        "sessions": sessions, "stopped": "time",
    }  # fmt: skip
    return WaysMeasurement.seal(**(values | changes))


def accuracy(**changes: Any) -> AccuracyMeasurement:
    entry = "torchvision:resnet50@IMAGENET1K_V1"
    return builders.accuracy(entry, **({"environment": environment().id, "seconds": 6.0} | changes))


def image_set(**changes: Any) -> ImageSetRecord:
    images = tuple(
        LabelledImage(file=f"{number:04}.png", digest=f"{number:064x}", label=number, author="A. Photographer",
                      page="https://example.org/photos/1")
        for number in range(4)
    )  # fmt: skip
    values: dict[str, Any] = {
        "name": "made", "title": "Four made images", "text": "Made for tests.", "caution": "They show nothing.",
        "use": "Tests.", "licence": "https://creativecommons.org/licenses/by/2.0/", "comparable": "among_itself",
        "published": RepositorySource(repository="someone/images", commit="a" * 40, path="images"), "images": images,
    }  # fmt: skip
    return ImageSetRecord.seal(**(values | changes))


def attribution(**changes: Any) -> AttributionMeasurement:
    values: dict[str, Any] = {
        "a": "torchvision:resnet50@IMAGENET1K_V1", "b": "timm:resnet50@a1_in1k", "started_at": builders.WHEN,
        "seconds": 9.0, "environment": environment().id, "preprocessing_a": PREPROCESSING,
        "preprocessing_b": PREPROCESSING, "hits_a": 1, "hits_b": 3,
        "images": ImageSetIdentity(hash=image_set().identity, images=4, classes=4, layout="list"),
        "steps": (AttributedStep(factor="architecture, weights and runtime", gained=2, lost=0),
                  AttributedStep(factor="preprocessing", gained=0, lost=0)),
        "preprocessing_on_a": AttributedStep(factor="preprocessing, on a", gained=0, lost=0),
    }  # fmt: skip
    return AttributionMeasurement.seal(**(values | changes))


def sensitivity(**changes: Any) -> SensitivityMeasurement:
    def other(resizer: Any, interpolation: Any, changed: int, lost: int) -> OtherPreparation:
        return OtherPreparation(
            decoder="pillow", resizer=resizer, interpolation=interpolation, antialias=False, changed=changed, gained=0,
            lost=lost,
        )  # fmt: skip

    values: dict[str, Any] = {
        "entry": "torchvision:resnet50@IMAGENET1K_V1", "started_at": builders.WHEN, "seconds": 9.0,
        "environment": environment().id, "preprocessing": PREPROCESSING, "hits": 3,
        "images": ImageSetIdentity(hash=image_set().identity, images=4, classes=4, layout="list"),
        "others": (other("opencv", "nearest", 2, 1), other("tensorflow", "bilinear", 0, 0)),
    }  # fmt: skip
    return SensitivityMeasurement.seal(**(values | changes))


def claims() -> ClaimCollection:
    def source(line: int) -> RepositorySource:
        return RepositorySource(repository="pytorch/vision", commit="a" * 40, path="docs/models.md", line=line)

    conditions = ClaimConditions(dataset="ImageNet-1K", input_size=224, crop_fraction=0.875, resize=256)
    named = "torchvision:resnet50@IMAGENET1K_V1"
    rows = [
        {"entry": named, "value": 76.13, "source": source(7)},
        {"entry": named, "value": 92.862, "metric": "top5", "source": source(7)},
        {"entry": named, "value": 25_557_032.0, "metric": "parameters", "unit": "count", "stated": "25557032",
         "stated_unit": "count", "source": source(8)},
        {"entry": named, "value": 4.09e9, "metric": "macs", "unit": "count", "stated": "4.09", "stated_unit": "GFLOPS",
         "source": source(9)},
        {"entry": "timm:resnet50@a1_in1k", "value": 80.4, "source": source(10), "claimed_on": "2022-01"},
    ]  # fmt: skip
    made = [builders.claim(**({"conditions": conditions, "note": "As the table has it."} | row)) for row in rows]
    return builders.collection(*made, name="torchvision-docs").model_copy(update={"collected_on": "2026-11-24"})


def verification(**changes: Any) -> Verification:
    values = {"read": ("pytorch/vision@aaaaaaaaaaaa",)}
    return builders.verification(claims(), **(values | changes))


def lineage() -> Lineage:
    made = builders.lineage("torchvision")
    source = RepositorySource(repository="pytorch/vision", commit="a" * 40, path="README.md", line=1)
    return made.model_copy(
        update={"statements": tuple(s.model_copy(update={"source": source}) for s in made.statements)}
    )


def reply(**changes: Any) -> Reply:
    return builders.reply(claims().claims[0].id, **changes)


def supersession(**changes: Any) -> Supersession:
    old = architecture("torchvision:resnet50", networks()[0], seconds=0.7)
    values: dict[str, Any] = {
        "superseded": (old.id,), "by": (), "reason": "method_changed", "text": "Timed anew.", "said_on": "2026-11-25",
    }  # fmt: skip
    return Supersession.seal(**(values | changes))


def records() -> list[Any]:
    """Everything, in an order in which each is written after what it names."""
    one, other = networks()
    return [
        environment(), builders.family(), one, other, architecture("torchvision:resnet50", one),
        architecture("timm:resnet50", other), architecture("torchvision:resnet50", one, seconds=0.7), comparison(),
        latency(), ways(), accuracy(), image_set(), attribution(), sensitivity(), claims(), verification(),
        lineage(), reply(), supersession(),
    ]  # fmt: skip
