"""Accuracy measurements: which images of a set an entry's weights get right, one bit each."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from zoodata.records.base import Count, EntryName, Hash, HashedRecord, Line, Record
from zoodata.records.measurement import Missing
from zoodata.records.preprocessing import Preprocessing


def _check_base64(text: str) -> str:
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise PydanticCustomError("base64", "is not base64") from None
    return text


Base64 = Annotated[str, StringConstraints(max_length=4_000_000), AfterValidator(_check_base64)]


def pack_bits(values: list[bool]) -> str:
    """One bit each, the first in the highest bit of the first byte, as base64: 6,250 bytes for ImageNet."""
    whole = bytearray(-(-len(values) // 8))
    for place, value in enumerate(values):
        whole[place // 8] |= bool(value) << (7 - place % 8)
    return base64.b64encode(bytes(whole)).decode()


def unpack_bits(text: str, count: int) -> list[bool]:
    """The first so many bits of :func:`pack_bits`."""
    whole = base64.b64decode(text)
    return [bool(whole[place // 8] >> (7 - place % 8) & 1) for place in range(count)]


class ImageSetIdentity(Record):
    """Which images: nothing of them but a hash over names, contents and labels, and how many."""

    hash: Hash
    images: Annotated[int, Field(ge=1, le=10_000_000)]
    classes: Annotated[int, Field(ge=1, le=1_000_000)]
    layout: Line
    left_out: dict[Line, Count] = Field(default_factory=dict)
    """Reason to number of files that were not evaluated."""


class AccuracyConditions(Record):
    """How the images were evaluated."""

    batch: Annotated[int, Field(ge=1)]
    device: Line
    threads: Annotated[int, Field(ge=1)]
    preprocessing: Preprocessing
    pipeline: Literal["zoo", "specification"]
    """Whether the zoo's own code prepared the images, or ours from the specification."""
    assumed: Line | None = None
    """What the zoo does not declare and was assumed."""


class AccuracyResult(Record):
    """Images in the order of their names."""

    top1_hits: Count
    top5_hits: Count
    top1: Base64
    """One bit an image: whether the highest score is its class's."""
    top5: Base64
    images_per_second: Annotated[float, Field(gt=0)] | None
    """None where every answer came from the journal of an interrupted run."""
    checks: tuple[Line, ...]
    """What was tried before the result was believed."""


class AccuracyMeasurement(HashedRecord):
    """One entry's weights over one set of images, or the reason there is no number."""

    kind: Literal["accuracy"] = "accuracy"
    entry: EntryName
    weights_file: Line | None = None
    """Name of a local checkpoint, where one was given."""
    weights_hash: Hash | None = None
    """SHA-256 of the local checkpoint or of the model's own file."""
    started_at: AwareDatetime
    seconds: Annotated[float, Field(ge=0)]
    images: ImageSetIdentity | None
    conditions: AccuracyConditions | None
    environment: Hash
    result: AccuracyResult | None = None
    missing: Missing | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> AccuracyMeasurement:
        if (self.result is None) == (self.missing is None):
            raise PydanticCustomError("one_outcome", "needs either a result or the reason it is missing")
        if self.result is not None:
            self._check_counts(self.result)
        return self

    def _check_counts(self, result: AccuracyResult) -> None:
        if self.images is None or self.conditions is None:
            raise PydanticCustomError("one_outcome", "has a result and does not say over which images, or how")
        for name, bits, hits in (("top1", result.top1, result.top1_hits), ("top5", result.top5, result.top5_hits)):
            data = base64.b64decode(bits)
            if len(data) != -(-self.images.images // 8):
                raise PydanticCustomError(
                    "bits", "{name} does not have one bit for each of {images} images",
                    {"name": name, "images": self.images.images},
                )  # fmt: skip
            counted = sum(byte.bit_count() for byte in data)
            if counted != hits:
                raise PydanticCustomError(
                    "bits", "{name} has {counted} bits set and says {hits}",
                    {"name": name, "counted": counted, "hits": hits},
                )  # fmt: skip
            if counted > self.images.images or any(unpack_bits(bits, 8 * len(data))[self.images.images :]):
                raise PydanticCustomError("bits", "{name} has bits for images that there are not", {"name": name})
        first, five = (base64.b64decode(bits) for bits in (result.top1, result.top5))
        if any(one & ~other for one, other in zip(first, five, strict=True)):
            raise PydanticCustomError("bits", "has images right at the first place and not among the first five")
