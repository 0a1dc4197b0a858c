"""Attributions: the gap between two entries' accuracies on the same images, in steps of one factor."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from zoodata.records.accuracy import ImageSetIdentity
from zoodata.records.base import Count, EntryName, Measurement, Record, Text
from zoodata.records.preprocessing import Preprocessing

Factor = Literal[
    "runtime of a", "architecture", "weights", "preprocessing", "runtime of b", "architecture and weights",
    "architecture, weights and runtime", "preprocessing, on a",
]  # fmt: skip


class AttributedStep(Record):
    """One factor swapped: images that became right, and that became wrong."""

    factor: Factor
    gained: Count
    lost: Count


class AttributionMeasurement(Measurement):
    """How a gap came to be, from a as its zoo runs it to b as its zoo runs it."""

    kind: Literal["attribution"] = "attribution"
    a: EntryName
    b: EntryName
    seconds: Annotated[float, Field(ge=0)]
    images: ImageSetIdentity
    preprocessing_a: Preprocessing
    preprocessing_b: Preprocessing
    hits_a: Count
    """Images that a gets right at its first answer."""
    hits_b: Count
    steps: Annotated[tuple[AttributedStep, ...], Field(min_length=1, max_length=8)]
    """They sum to the gap."""
    preprocessing_on_a: AttributedStep
    """The effect of the preprocessing once more, on a's model: where the two disagree, factors act together."""
    notes: tuple[Text, ...] = ()
    """Why a factor was not told apart."""

    @property
    def path(self) -> PurePosixPath:
        """See :class:`zoodata.records.base.StoredRecord`."""
        return PurePosixPath("measurements", "attribution", f"{self.id[:16]}.json")

    @property
    def entries(self) -> tuple[str, ...]:
        """See :class:`zoodata.records.base.Measurement`."""
        return (self.a, self.b)

    @model_validator(mode="after")
    def _sums_up(self) -> AttributionMeasurement:
        if sum(step.gained - step.lost for step in self.steps) != self.hits_b - self.hits_a:
            raise PydanticCustomError("steps", "has steps that do not sum to the gap")
        if max(self.hits_a, self.hits_b, *(s.gained + s.lost for s in self.steps)) > self.images.images:
            raise PydanticCustomError("steps", "counts more images than there are")
        return self
