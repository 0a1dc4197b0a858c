"""Which accuracy claims are comparable. The rules are decision 0017, in its order.

A claim takes part when nothing stands against it: its zoo evaluated a model that works, in floating point, on the whole
validation set, at a size that its source states, and the cited place was read and states the number. Claims about one
checkpoint need no more. Claims about different checkpoints are comparable where both are of one network, trained on
ImageNet-1k labels alone, and where it is known where each checkpoint comes from. What is not known is an obstacle.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Literal, TypeVar

import pandas as pd

from zoodata.dataset.store import Dataset
from zoodata.dataset.tables import ClaimRow, rows_of
from zoodata.records.base import without_weights
from zoodata.records.verification import REPAIRABLE

VALIDATION_IMAGES = 50_000
WORKS = 10.0
"""Percent below which a model does not do what it is published for (chance is 0.1)."""

FLOATING = frozenset({"fp32", "tf32", "tf32/fp32", "fp16", "bf16", "amp", "amp O2/O3"})
"""Precisions that do not move accuracy by more than the last digit that zoos print."""

Obstacle = Literal[
    "borrowed",  # somebody else's number
    "third_party",  # somebody else's checkpoint, evaluated by a third party
    "not_working",  # an accuracy of no working model
    "not_verified",  # the cited place was not read, or does not state the number
    "not_floating_point",
    "partial_validation_set",
    "size_not_stated",
    "training_unknown",
    "more_than_labels",  # trained with more than ImageNet-1k labels
    "lineage_unknown",
    "network_unknown",  # neither our digests nor the sources say which form of the design it is
]
"""Why a claim cannot be compared; :mod:`zoodata.wording.obstacles` words it."""

HELD = frozenset({"verified", *REPAIRABLE})
"""Outcomes of a verification after which the number is known to be the source's."""


def obstacle(claim: ClaimRow) -> Obstacle | None:
    """Why a claim cannot be compared with any other; None if it can."""
    if claim["borrowed"]:
        return "borrowed"
    if claim["origin"] == "third_party":
        return "third_party"
    if claim["value"] < WORKS:
        return "not_working"
    if claim["verification"] not in HELD:
        return "not_verified"
    if claim["precision"] is not None and claim["precision"] not in FLOATING:
        return "not_floating_point"
    if claim["evaluation_images"] is not None and claim["evaluation_images"] < VALIDATION_IMAGES:
        return "partial_validation_set"
    return "size_not_stated" if stated_size(claim) is None else None


def obstacle_between_checkpoints(claim: ClaimRow, network: str | None) -> Obstacle | None:
    """Why a claim cannot be compared with claims about other checkpoints; None if it can.

    Args:
        network: which form of its design the entry is, of :class:`Networks`.
    """
    if (reason := obstacle(claim)) is not None:
        return reason
    if claim["training"] is None or claim["training"] == "unknown":
        return "training_unknown"
    if claim["training"] != "supervised" or claim["distilled"]:
        return "more_than_labels"
    if claim["origin"] is None or (claim["origin"] == "converted" and claim["copy_of"] is None):
        return "lineage_unknown"  # a copy of nobody knows what may be the other's very checkpoint
    return "network_unknown" if network is None else None


def stated_size(claim: ClaimRow) -> int | None:
    """Side of the image that the source states for a claim."""
    size = claim["input_size"]
    return None if size is None or pd.isna(size) else int(size)


def size_of(claim: ClaimRow) -> int | None:
    """Side of the image a claim is shown with: as stated, else the architecture's usual one."""
    for size in (claim["input_size"], claim["inferred_input_size"]):
        if size is not None and not pd.isna(size):
            return int(size)
    return None


class Networks:
    """Which entries are one network: by equal digests, by comparisons that found them to be, by stated variants."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self._parents: dict[str, str] = {}
        digests: dict[str, str] = {}
        for entry, record in dataset.architecture_outcomes.items():
            if record.result is not None:
                self._parents.setdefault(entry, entry)
                if record.result.digest is not None:
                    self._join(entry, digests.setdefault(record.result.digest, entry))
        for (one, other), comparison in dataset.comparisons.items():
            if comparison.result is not None and comparison.result.verdict in ("identical", "benign", "other_head"):
                self._join(one, other)
        self._of_variant: dict[tuple[str, str], set[str]] = defaultdict(set)
        for entry, (architecture, item) in dataset.catalogue_entries.items():
            if item.variant is not None and entry in self._parents:
                self._of_variant[architecture.id, item.variant].add(self._root(entry))

    def of(self, entry: str) -> str | None:
        """A name for the network of an entry, the same for all entries of it; None where it is not known."""
        entry = without_weights(entry)
        if entry in self._parents:
            return self._root(entry)
        architecture, item = self._dataset.catalogue_entries.get(entry, (None, None))
        if architecture is None or item is None or item.variant is None:
            return None
        measured = self._of_variant.get((architecture.id, item.variant), set())
        if len(measured) > 1:
            return None  # the word names several networks
        return next(iter(measured), f"{architecture.id}, {item.variant}")

    def _root(self, entry: str) -> str:
        self._parents.setdefault(entry, entry)
        while self._parents[entry] != entry:
            entry = self._parents[entry]
        return entry

    def _join(self, one: str, other: str) -> None:
        first, second = sorted((self._root(one), self._root(other)))
        self._parents[second] = first


def networks(dataset: Dataset) -> Networks:
    """The networks of a dataset, made once."""
    made = dataset.derived.get("networks")
    if not isinstance(made, Networks):
        made = dataset.derived["networks"] = Networks(dataset)
    return made


Value = TypeVar("Value")


def each(claims: pd.DataFrame, rule: Callable[[ClaimRow], Value]) -> pd.Series:
    """A rule's answer for every claim of a frame. (``DataFrame.apply`` makes a Series of each row, which is slow.)"""
    return pd.Series([rule(row) for row in rows_of(claims)], index=claims.index, dtype=object)
