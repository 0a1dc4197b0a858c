"""What a comparable range of claims is of, in words."""

from __future__ import annotations

from zoodata.discrepancy.accuracy import Kind
from zoodata.discrepancy.checkpoints import Protocol
from zoodata.records.claim import Training

KINDS: dict[Kind, str] = {
    "checkpoint": "one checkpoint, several numbers",
    "recipe": "one network, one documented recipe, trained independently",
    "training": "one network, trained differently",
}

PROTOCOLS: dict[Protocol, str] = {
    "same": "the same crop, resize, interpolation and precision stated",
    "differs": "another crop, resize, interpolation or precision",
    "unknown": "protocol not stated on both sides",
}
"""How the two ends of one checkpoint were evaluated, as their sources state it."""

TRAININGS: dict[Training, str] = {
    "supervised": "ImageNet-1k labels",
    "pretrained": "more images first",
    "distilled": "a teacher's answers",
    "self_supervised": "images without labels first",
    "adversarial": "adversarial images too",
    "unknown": "unknown",
}
"""What a checkpoint was trained on."""
