"""Why a claim is not comparable, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from zoodata.discrepancy.choice import Unfit

OBSTACLES: dict[Unfit, str] = {
    "borrowed": "somebody else's number",
    "third_party": "somebody else's checkpoint, evaluated by a third party",
    "not_working": "an accuracy of no working model",
    "not_verified": "the cited place was not read or does not state it",
    "not_floating_point": "not in floating point",
    "partial_validation_set": "not on the whole validation set",
    "size_not_stated": "image size not stated",
    "training_unknown": "training not known",
    "more_than_labels": "trained with more than ImageNet-1k labels",
    "lineage_unknown": "not known where the checkpoint comes from",
    "network_unknown": "not known which form of the design",
    "not_counted": "network not counted here",
    "other_size": "counted at another image size",
}


Code = TypeVar("Code", bound=Unfit)


def worded(left_out: Mapping[Code, int]) -> dict[str, int]:
    """How many claims are not comparable, by the reason in words."""
    return {OBSTACLES[code]: count for code, count in sorted(left_out.items(), key=lambda item: -item[1])}
