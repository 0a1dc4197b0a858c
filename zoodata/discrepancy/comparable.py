"""Which accuracy claims are comparable. The rules are decision 0008, in its order.

A claim takes part when nothing stands against it: it is its zoo's own number, of a model that works, trained on
ImageNet-1k labels alone, in floating point, on the whole validation set, at a known image size. Claims that
take part are comparable within one *setting*: one variant of the architecture at one image size.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeVar

import pandas as pd

VALIDATION_IMAGES = 50_000
WORKS = 10.0
"""Percent below which a model does not do what it is published for (chance is 0.1)."""

FLOATING = frozenset({"fp32", "tf32", "tf32/fp32", "fp16", "bf16", "amp", "amp O2/O3"})
"""Precisions that do not move accuracy by more than the last digit that zoos print."""


Obstacle = Literal[
    "borrowed",  # somebody else's number
    "not_working",  # an accuracy of no working model
    "training_unknown",
    "more_than_labels",  # trained with more than ImageNet-1k labels
    "not_floating_point",
    "partial_validation_set",
    "size_unknown",
]
"""Why a claim cannot be compared; :mod:`zoodata.wording.obstacles` words it."""


def obstacle(claim: Mapping[str, Any]) -> Obstacle | None:
    """Why a claim (a row of ``tables.claims``) cannot be compared; None if it can."""
    if claim["borrowed"]:
        return "borrowed"
    if claim["value"] < WORKS:
        return "not_working"
    if claim["training"] is None or claim["training"] == "unknown":
        return "training_unknown"
    if claim["training"] != "supervised" or claim["distilled"]:
        return "more_than_labels"
    if claim["precision"] is not None and claim["precision"] not in FLOATING:
        return "not_floating_point"
    if claim["evaluation_images"] is not None and claim["evaluation_images"] < VALIDATION_IMAGES:
        return "partial_validation_set"
    return None if size_of(claim) else "size_unknown"


def size_of(claim: Mapping[str, Any]) -> int | None:
    """Side of the image a claim holds for: as stated, else the architecture's usual one."""
    for size in (claim["input_size"], claim["inferred_input_size"]):
        if size is not None and not pd.isna(size):
            return int(size)
    return None


def setting(claim: Mapping[str, Any]) -> tuple[str, int]:
    """What two comparable claims have in common: variant and image size."""
    return claim["variant"] or "", size_of(claim) or 0


Value = TypeVar("Value")


def each(claims: pd.DataFrame, rule: Callable[[Mapping[str, Any]], Value]) -> pd.Series:
    """A rule's answer for every claim of a frame. (``DataFrame.apply`` makes a Series of each row, which is slow.)"""
    return pd.Series([rule(row) for row in claims.to_dict("records")], index=claims.index, dtype=object)
