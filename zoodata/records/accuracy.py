"""Accuracy measurements: which images of a set an entry's weights get right, one bit each."""

from __future__ import annotations

import base64
import binascii
from pathlib import PurePosixPath
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from zoodata.records.base import Count, EntryName, Hash, Line, Measurement, Record, entry_path
from zoodata.records.measurement import Missing, OneOutcome
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


LeftOutReason = Literal[
    "unlabelled",  # no label in the list
    "listed_but_absent",  # in the list, and not in the folder
    "outside_class_folders",
    "unreadable",  # the file cannot be read
    "undecodable",  # no decoder takes its bytes
    "not_preprocessable",  # preprocessing leaves nothing of it
]
"""Why an image of a set was not evaluated."""

CheckCode = Literal[
    "declared_preprocessing",  # images are preprocessed as the zoo declares, pixel by pixel, on generated images
    "label_range",  # the labels are among the model's classes
    "other_preprocessing",  # no usual mistake in preprocessing makes the model surer of the right classes
    "other_network",  # no usual slip in the network makes the weights better: activation, epsilon, padding and others
    "class_shift",  # no shift of the class numbers by one fits better
    "class_order",  # class numbers are in order: better than chance, and no shift fits better
]


class Check(Record):
    """What was tried before a result was believed; :mod:`zoodata.wording.checks` words it."""

    code: CheckCode
    passed: bool = True
    """False in a record: the check failed, and the user asked to record the result anyway."""
    mistakes: tuple[Line, ...] | None = None
    """Usual mistakes that explain a failure; None where none does or none is needed."""
    images: Count | None = None
    right: Count | None = None
    """Images that are right as declared."""
    right_otherwise: Count | None = None
    """Images that are right, or on which the model is surer, with the mistake."""
    labels: Count | None = None
    """The number of labels of the set."""
    classes: Count | None = None
    """The number of classes of the model."""
    offset: int | None = None
    """The declared label offset."""
    offset_otherwise: int | None = None
    """The label offset that fits better."""
    ways: Count | None = None
    """How many other ways of preprocessing were tried."""


class ImageSetIdentity(Record):
    """Which images: nothing of them but a hash over names, contents and labels, and how many."""

    hash: Hash
    images: Annotated[int, Field(ge=1, le=10_000_000)]
    classes: Annotated[int, Field(ge=1, le=1_000_000)]
    layout: Line
    left_out: dict[LeftOutReason, Count] = Field(default_factory=dict)
    """Reason to number of files that were not evaluated."""


class AssumedSize(Record):
    """Resize and crop that a zoo does not declare: bicubic with antialiasing to a short side, then a centre crop."""

    short_side: Annotated[int, Field(ge=1)]
    crop: tuple[Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1)]]
    """Height and width."""


class AccuracyConditions(Record):
    """How the images were evaluated."""

    batch: Annotated[int, Field(ge=1)]
    device: Line
    threads: Annotated[int, Field(ge=1)]
    preprocessing: Preprocessing
    pipeline: Literal["zoo", "specification"]
    """Whether the zoo's own code preprocessed the images, or ours from the specification."""
    assumed: AssumedSize | None = None
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
    checks: tuple[Check, ...]


class AccuracyMeasurement(OneOutcome, Measurement):
    """One entry's weights over one set of images, or the reason there is no number."""

    kind: Literal["accuracy"] = "accuracy"
    schema_version: Literal[2] = 2  # type: ignore[assignment]
    entry: EntryName
    weights_file: Line | None = None
    """Name of a local checkpoint, where one was given."""
    weights_hash: Hash | None = None
    """SHA-256 of the local checkpoint or of the model's own file."""
    seconds: Annotated[float, Field(ge=0)]
    images: ImageSetIdentity | None
    conditions: AccuracyConditions | None
    result: AccuracyResult | None = None
    missing: Missing | None = None

    @property
    def path(self) -> PurePosixPath:
        """See :class:`zoodata.records.base.StoredRecord`."""
        return entry_path("accuracy", self.entry, self.id)

    @property
    def entries(self) -> tuple[str, ...]:
        """See :class:`zoodata.records.base.Measurement`."""
        return (self.entry,)

    @model_validator(mode="after")
    def _is_whole(self) -> AccuracyMeasurement:
        self._check_outcome()
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
