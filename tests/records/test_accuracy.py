"""Accuracy records: bits and counts agree, or the record is refused."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from zoodata.records import AccuracyMeasurement, Preprocessing
from zoodata.records.accuracy import (
    AccuracyConditions,
    AccuracyResult,
    ImageSetIdentity,
    pack_bits,
    unpack_bits,
)


def record(first, five, **changes):
    result = AccuracyResult(
        top1_hits=sum(first), top5_hits=sum(five), top1=pack_bits(first), top5=pack_bits(five), images_per_second=3.0,
        checks=(),
    )  # fmt: skip
    result = result.model_copy(update=changes)
    return AccuracyMeasurement.seal(
        entry="timm:resnet18@a1_in1k", started_at=datetime(2026, 1, 1, tzinfo=UTC), seconds=1.0,
        images=ImageSetIdentity(hash="0" * 64, images=len(first), classes=2, layout="list"),
        conditions=AccuracyConditions(
            batch=1, device="cpu", threads=1, pipeline="zoo", preprocessing=Preprocessing(layout="NCHW", source="x")
        ),
        environment="1" * 64, result=AccuracyResult.model_validate(result.model_dump(), strict=False),
    )  # fmt: skip


@given(st.lists(st.booleans(), min_size=1, max_size=70))
def test_bits_come_back_as_they_went(values):
    assert unpack_bits(pack_bits(values), len(values)) == values


def test_imagenet_takes_6250_bytes():
    import base64

    assert len(base64.b64decode(pack_bits([True] * 50_000))) == 6250


@given(st.lists(st.booleans(), min_size=1, max_size=40))
def test_a_record_says_itself(values):
    result = record(values, [True] * len(values))
    again = AccuracyMeasurement.model_validate_json(result.model_dump_json())
    assert again == result


@pytest.mark.parametrize(
    "changes",
    [{"top1_hits": 3}, {"top1": pack_bits([True] * 20)}, {"top5_hits": 0}, {"top1": "%%%"}],
)
def test_counts_that_are_not_the_bits_are_refused(changes):
    with pytest.raises(ValidationError):
        record([True, False], [True, True], **changes)


def test_a_preprocessing_without_newer_fields_is_written_as_it_was():
    """Records from before those fields keep their hash."""
    written = Preprocessing(layout="NCHW", source="x").model_dump()
    assert not {"resize_side", "decoder", "resizer"} & set(written)
    assert Preprocessing(layout="NCHW", source="x", resizer="opencv").model_dump()["resizer"] == "opencv"


def test_bits_beyond_the_images_and_first_places_outside_the_five_are_refused():
    with pytest.raises(ValidationError, match="images that there are not"):
        record([True], [True], top1="/w==", top5="/w==", top1_hits=8, top5_hits=8)
    with pytest.raises(ValidationError, match="not among the first five"):
        record([True, False], [False, True])
