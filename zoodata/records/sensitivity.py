"""Sensitivities: what other decoders and resizers change in an entry's answers to the same images."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from zoodata.records.accuracy import ImageSetIdentity
from zoodata.records.base import Count, EntryName, Measurement, Record
from zoodata.records.preprocessing import Interpolation, Library, Preprocessing


class OtherPreparation(Record):
    """One way to decode and resize, and the images whose first answer is another with it."""

    decoder: Library
    resizer: Library
    interpolation: Interpolation
    antialias: bool
    changed: Count
    gained: Count
    """Of them, those that became right."""
    lost: Count
    """And those that became wrong."""


class SensitivityMeasurement(Measurement):
    """One entry's answers under the decoders and resizers that users meet, against its own way."""

    kind: Literal["sensitivity"] = "sensitivity"
    entry: EntryName
    seconds: Annotated[float, Field(ge=0)]
    images: ImageSetIdentity
    preprocessing: Preprocessing
    """The entry's own way."""
    hits: Count
    """Images that it gets right so, at its first answer."""
    others: Annotated[tuple[OtherPreparation, ...], Field(min_length=1, max_length=64)]

    @property
    def path(self) -> PurePosixPath:
        """See :class:`zoodata.records.base.StoredRecord`."""
        return PurePosixPath("measurements", "sensitivity", f"{self.id[:16]}.json")

    @property
    def entries(self) -> tuple[str, ...]:
        """See :class:`zoodata.records.base.Measurement`."""
        return (self.entry,)

    @model_validator(mode="after")
    def _adds_up(self) -> SensitivityMeasurement:
        for other in self.others:
            if other.gained + other.lost > other.changed or other.changed > self.images.images:
                raise PydanticCustomError("others", "counts more images than have another answer, or than there are")
            if other.lost > self.hits or other.gained > self.images.images - self.hits:
                raise PydanticCustomError("others", "loses more images than were right, or gains more than were wrong")
        return self
