"""Small valid records, to be varied by tests."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from zoodata.dataset.checks.provenance import source_name
from zoodata.graph import storage
from zoodata.graph.counter import count
from zoodata.graph.digest import digest
from zoodata.records import (
    AccuracyMeasurement,
    ArchitectureMeasurement,
    ArchitectureResult,
    Claim,
    ClaimCollection,
    ComparisonMeasurement,
    Environment,
    Family,
    LatencyMeasurement,
    Lineage,
    Participant,
    Preprocessing,
    Reply,
    StoredNetwork,
    Verification,
)
from zoodata.records.accuracy import AccuracyConditions, AccuracyResult, Check, ImageSetIdentity, pack_bits
from zoodata.records.claim import ClaimConditions, PackageSource, PageSource
from zoodata.records.comparison import ComparisonResult, FindingPlace, FindingRecord, Part, ProofRecord
from zoodata.records.environment import Processor
from zoodata.records.latency import LatencyConditions, Session
from zoodata.records.lineage import LineageStatement
from zoodata.records.measurement import ArchitectureConditions, InputShape, Unchecked
from zoodata.records.verification import Check as VerificationCheck

WHEN = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
NCHW = InputShape(channels=3, height=224, width=224, layout="NCHW")


def environment(**changes: Any) -> Environment:
    values: dict[str, Any] = {
        "processor": Processor(model="Test CPU", architecture="x86_64", logical_cores=2, usable_cores=2),
        "memory_mib": 1024,
        "accelerators": (),
        "operating_system": "Linux",
        "python": "3.11.7",
        "packages": {"timm": "1.0.31", "torch": "2.15.0", "torchvision": "0.29.2"},
        "zoodata_version": "0.1.0",
        "zoodata_commit": "a" * 40,
    }
    return Environment.seal(**(values | changes))


def result(**changes: Any) -> ArchitectureResult:
    values: dict[str, Any] = {
        "parameters": 25_557_032,
        "auxiliary_parameters": 0,
        "statistics": 53_120,
        "constants": 0,
        "macs": 4_089_184_256,
        "input": NCHW,
        "classes": 1000,
        "layers": {"convolution": 53, "linear": 1},
        "preprocessing": None,
    }
    if "relative_error" not in changes:
        values["unchecked"] = Unchecked(code="not_asked")
    return ArchitectureResult(**(values | changes))


def architecture(entry: str = "torchvision:resnet50", **changes: Any) -> ArchitectureMeasurement:
    values: dict[str, Any] = {
        "entry": entry,
        "started_at": WHEN,
        "seconds": 0.5,
        "conditions": ArchitectureConditions(device="meta", threads=1),
        "environment": environment().id,
        "result": result(),
    }
    return ArchitectureMeasurement.seal(**(values | changes))


def network(width: int = 8, classes: int = 10, size: int = 16, stride: int = 2) -> StoredNetwork:
    """A convolution, a ReLU, a mean over positions and a linear layer: 306 parameters, 13,904 MACs as it stands."""
    positions = -(-size // stride)
    content = {
        "digest": "0" * 64, "input": [3, size, size],
        "operators": [
            {"operator": "input", "attributes": {}},
            {"operator": "parameter", "attributes": {"role": "parameter"}},
            {"operator": "convolution", "attributes": {
                "channel": 0, "dilation": [1, 1], "groups": 1, "kernel": [3, 3], "outputs": width,
                "padding": [[1, 1], [1, 1]], "stride": [stride, stride],
            }},
            {"operator": "activation", "attributes": {"kind": "relu"}},
            {"operator": "mean", "attributes": {"axes": [1, 2]}},
            {"operator": "linear", "attributes": {"axes": [0], "channel": 0, "outputs": classes}},
        ],
        "shapes": [
            [3, size, size], [width, 3, 3, 3], [width, positions, positions], [width], [classes, width], [classes],
        ],
        "views": [], "roles": ["input", "weight", "bias"],
        "nodes": [
            "0 0", "1 1", "2 2 0:0:0 1:1:0", "3 2 0:2:0", "4 3 0:3:0", "1 4", "1 5", "5 5 0:4:0 1:5:0 2:6:0",
        ],
    }  # fmt: skip
    stored = StoredNetwork.model_validate_json(json.dumps(content))
    return stored.model_copy(update={"digest": digest(storage.unpack(stored, is_checked=True))})


def counted(of: StoredNetwork, **changes: Any) -> ArchitectureResult:
    """What is counted of a stored network."""
    counts = count(storage.unpack(of))
    channels, height, width = of.input
    values: dict[str, Any] = {
        "parameters": counts.parameters, "macs": counts.macs, "layers": counts.layers, "digest": of.digest,
        "input": InputShape(channels=channels, height=height, width=width, layout="NCHW"), "statistics": 0,
        "classes": storage.unpack(of).nodes[-1].shape[-1], "relative_error": 1e-7,
    }  # fmt: skip
    return result(**(values | changes))


def latency_conditions(**changes: Any) -> LatencyConditions:
    values: dict[str, Any] = {
        "batch": 1,
        "dtype": "float32",
        "device": "cpu",
        "threads": 2,
        "repetition_seconds": 0.2,
        "idle_workers": "stopped",
        "keeps_memory": True,
        "target_half_width": 0.01,
        "time_limit_seconds": 10.0,
        "seed": 0,
    }
    return LatencyConditions(**(values | changes))


def latency(samples: Any = None, **changes: Any) -> LatencyMeasurement:
    """Three participants: the reference, one half as fast, and the reference again."""
    if samples is None:
        times = ((100 + n, 200 + n, 100 + n) for n in range(20))
        samples = tuple(tuple((ms * 10**6, (ms + 1) * 10**6) for ms in one) for one in times)
    halves = len(samples) // 2, len(samples) - len(samples) // 2
    values: dict[str, Any] = {
        "architecture": "resnet50",
        "started_at": WHEN,
        "conditions": latency_conditions(),
        "environment": environment().id,
        "participants": (
            Participant(entry="torchvision:resnet50", runtime="torch", input=NCHW, iterations=2),
            Participant(entry="timm:resnet50", runtime="torch", input=NCHW, iterations=2),
            Participant(
                entry="torchvision:resnet50", runtime="torch", repeats_reference=True, input=NCHW, iterations=2
            ),
        ),
        "unit": "ns",
        "samples": samples,
        "sessions": tuple(Session(rounds=half, observed=()) for half in halves if half),
        "stopped": "interval",
    }
    return LatencyMeasurement.seal(**(values | changes))


def claim(entry: str = "torchvision:resnet50@IMAGENET1K_V1", value: float = 76.13, **changes: Any) -> Claim:
    values: dict[str, Any] = {
        "entry": entry,
        "metric": "top1",
        "stated": str(value),
        "stated_unit": "percent",
        "value": value,
        "unit": "percent",
        "conditions": ClaimConditions(dataset="ImageNet-1K", input_size=224),
        "source": PackageSource(package="torchvision", version="0.29.2", symbol="torchvision.models"),
    }
    return Claim.seal(**(values | changes))


def collection(*claims: Claim, name: str = "test-1") -> ClaimCollection:
    return ClaimCollection(id=name, title="Test", licence="CC BY 4.0", claims=tuple(claims))


def verification(of: ClaimCollection, *checks: VerificationCheck, **changes: Any) -> Verification:
    """Everything of a collection verified but what is named."""
    values: dict[str, Any] = {
        "collection": of.id,
        "claims_hash": of.claims_hash,
        "read_on": "2026-11-28T12:00:00Z",
        "reader": "zoodata 0",
        "claims": len(of.claims),
        "read": tuple(sorted({source_name(claim.source) for claim in of.claims if claim.source.type != "page"})),
        "checks": checks,
    }
    return Verification.seal(**(values | changes))


def lineage(zoo: str, *statements: LineageStatement) -> Lineage:
    """All of a zoo's weights trained by it, unless statements say otherwise."""
    trained = LineageStatement(
        entries=(f"{zoo}:*",), origin="own", source=PageSource(address="docs", locator="how they were trained")
    )
    return Lineage(id=zoo, statements=(*statements, trained))


def comparison(**changes: Any) -> ComparisonMeasurement:
    """Torchvision and timm ResNet-50 with the stride on another convolution, proven to part."""
    values: dict[str, Any] = {
        "architecture": "resnet50",
        "a": "torchvision:resnet50",
        "b": "timm:resnet50",
        "started_at": WHEN,
        "seconds": 1.0,
        "environment": environment().id,
        "result": ComparisonResult(
            verdict="parametric",
            digest_a="a" * 64,
            digest_b="b" * 64,
            findings=(
                FindingRecord(
                    kind="changed", severity="parametric", operator="convolution", attribute="stride",
                    a=[2, 2], b=[1, 1], places=(FindingPlace(a="layer2.0.conv2", b="stages.1.0.conv2"),),
                    macs=(655_000_000, 424_000_000),
                ),
                FindingRecord(
                    kind="inserted", severity="parametric", operator="max_pool", attribute=None, a=None, b=None,
                    part_b=Part(operators=("max_pool",)), places=(FindingPlace(a=None, b="stages.1.0.pool"),),
                ),
            ),
            proof=ProofRecord(
                status="parted", max_relative_error=0.19,
                first_difference=FindingPlace(a="layer2.0.conv2", b="stages.1.0.conv2"),
            ),
        ),
    }  # fmt: skip
    return ComparisonMeasurement.seal(**(values | changes))


def accuracy(entry: str = "torchvision:resnet50", right: int = 3, **changes: Any) -> AccuracyMeasurement:
    """Four images, the first so many right."""
    bits = pack_bits([number < right for number in range(4)])
    values: dict[str, Any] = {
        "entry": entry,
        "started_at": WHEN,
        "seconds": 1.0,
        "environment": environment().id,
        "images": ImageSetIdentity(hash="c" * 64, images=4, classes=1000, layout="folders"),
        "conditions": AccuracyConditions(
            batch=1, device="cpu", threads=1, preprocessing=Preprocessing(layout="NCHW", source="test"), pipeline="zoo"
        ),
        "result": AccuracyResult(
            top1=bits,
            top1_hits=right,
            top5=bits,
            top5_hits=right,
            images_per_second=1.0,
            checks=(Check(code="declared_preprocessing"),),
        ),
    }
    return AccuracyMeasurement.seal(**(values | changes))


def reply(about: str, **changes: Any) -> Reply:
    values: dict[str, Any] = {
        "about": (about,),
        "author": "The torchvision maintainers",
        "role": "maintainer",
        "said_on": "2026-11-24",
        "text": "This number is of the old recipe.",
        "source": "https://example.org/thread/1",
    }
    return Reply.seal(**(values | changes))


def family(title: str = "ResNet-50", note: str | None = None) -> Family:
    return Family.model_validate_json(
        json.dumps(
            {
                "id": "resnet",
                "title": "ResNet",
                "architectures": [
                    {
                        "id": "resnet50",
                        "title": title,
                        "paper": {"title": "Deep Residual Learning", "authors": "He et al.", "year": 2015},
                        "entries": [
                            {"entry": "torchvision:resnet50", "note": note},
                            {"entry": "timm:resnet50"},
                            {
                                "entry": "onnx_model_zoo:resnet50-v1-7",
                                "unavailable": {"reason": "needs_download", "message": "not in the wheel"},
                            },
                        ],
                    }
                ],
            }
        )
    )
