"""Which claims are comparable: each rule, alone."""

from __future__ import annotations

import pandas as pd
import pytest

from tests import builders
from zoodata.dataset import store
from zoodata.dataset.store import Dataset
from zoodata.discrepancy import accuracy
from zoodata.discrepancy.comparable import obstacle, setting
from zoodata.records.claim import ClaimConditions, Inferred

CLEAN = {
    "borrowed": False, "value": 76.0, "training": "supervised", "distilled": False, "precision": "fp32",
    "evaluation_images": 50_000, "input_size": 224, "inferred_input_size": None, "variant": None,
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({}, None),
        ({"input_size": None, "inferred_input_size": 224}, None),
        ({"evaluation_images": None, "precision": None}, None),
        ({"precision": "amp"}, None),
        ({"borrowed": True}, "borrowed"),
        ({"value": 0.98}, "not_working"),
        ({"training": None}, "training_unknown"),
        ({"training": "unknown"}, "training_unknown"),
        ({"training": "pretrained"}, "more_than_labels"),
        ({"training": "distilled"}, "more_than_labels"),
        ({"distilled": True}, "more_than_labels"),
        ({"precision": "int8"}, "not_floating_point"),
        ({"evaluation_images": 1000}, "partial_validation_set"),
        ({"input_size": None}, "size_unknown"),
    ],
)
def test_what_stands_against_a_claim(change, reason):
    assert obstacle(pd.Series(CLEAN | change, dtype=object)) == reason


def test_a_setting_is_variant_and_size():
    assert setting(pd.Series(CLEAN, dtype=object)) == ("", 224)
    assert setting(pd.Series(CLEAN | {"variant": "V1.5", "input_size": 256}, dtype=object)) == ("V1.5", 256)


def claim(entry, value, size=224, training="supervised"):
    return builders.claim(
        entry, value, conditions=ClaimConditions(input_size=size), inferred=Inferred(training=training)
    )


def test_the_comparable_range_is_of_one_setting_and_the_naive_of_all(tmp_path):
    claims = (
        claim("torchvision:resnet50@a", 76.0), claim("timm:resnet50@b", 77.0), claim("timm:resnet50@c", 79.0, 288),
        claim("timm:resnet50@d", 84.0, training="pretrained"), claim("torchvision:resnet50@e", 80.8, 256),
    )  # fmt: skip
    store.write(builders.family(), tmp_path)
    store.write(builders.collection(*claims), tmp_path)
    (ranked,) = accuracy.rank(Dataset.open(packaged=tmp_path), group="today")
    assert (ranked.naive.points, ranked.naive.claims) == (8.0, 5)
    assert (ranked.comparable.points, ranked.comparable.input_size, ranked.comparable.claims) == (1.0, 224, 2)
    assert (ranked.comparable.highest.entry, ranked.comparable.lowest.entry) == (
        "timm:resnet50@b", "torchvision:resnet50@a"
    )  # fmt: skip
    assert ranked.left_out == {"more_than_labels": 1}
    assert ranked.shown is ranked.comparable


def test_naive_ranges_rank_after_comparable_ones():
    """On the real dataset: no comparable range comes after one that is not, and none is wider than its naive one."""
    ranked = accuracy.rank(Dataset.open(), "top1", "today")
    marks = [each.comparable is None for each in ranked]
    assert marks == sorted(marks)
    assert sum(not mark for mark in marks) > 400
    assert all(each.comparable.points <= each.naive.points for each in ranked if each.comparable)
