"""Claims: what a source states about an entry, and the place that states it.

What the source states (``stated``, ``stated_unit``) and what we make of it (``value``, ``unit``) are
different fields. A claim is never corrected: a zoo that changes a number makes a new claim.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from zoodata.records.base import (
    Count,
    EntryName,
    HashedRecord,
    Identifier,
    Line,
    Record,
    StoredRecord,
    Text,
)

PartialDate = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}(-(0[1-9]|1[0-2])(-[0-3][0-9])?)?$")]

Metric = Literal["top1", "top5", "parameters", "macs", "file_size", "input_size"]

UNITS: dict[str, str] = {
    "top1": "percent",
    "top5": "percent",
    "parameters": "count",
    "macs": "count",
    "file_size": "bytes",
    "input_size": "pixels",
}
"""The one unit in which each metric's value is kept."""


class PackageSource(Record):
    """A line or symbol of a released package."""

    type: Literal["package"] = "package"
    package: Line
    version: Line
    symbol: Line
    """Dotted name or ``path#Lnn`` inside the package."""


class RepositorySource(Record):
    """A line of a file in a repository at a commit."""

    type: Literal["repository"] = "repository"
    repository: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$")]
    commit: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{7,40}$")]
    path: Line
    line: Annotated[int, Field(ge=1)] | None = None


class PublicationSource(Record):
    """A publication, with the place inside it and what the figure was reconstructed from."""

    type: Literal["publication"] = "publication"
    doi: Line
    locator: Line
    reconstructed_from: Line | None = None


Source = Annotated[PackageSource | RepositorySource | PublicationSource, Field(discriminator="type")]


class ClaimConditions(Record):
    """Under what conditions the source says its number holds; None where it does not say."""

    dataset: Line | None = None
    input_size: Count | None = None
    precision: Line | None = None


class Claim(HashedRecord):
    """One number that a zoo publishes about one of its entries."""

    kind: Literal["claim"] = "claim"
    entry: EntryName
    metric: Metric
    stated: Line
    stated_unit: Line
    value: Annotated[float, Field(ge=0)]
    unit: Line
    conditions: ClaimConditions = ClaimConditions()
    source: Source
    claimed_on: PartialDate | None = None
    """When the source stated it, as far as the source itself says: 2022, 2022-11 or 2022-11-14."""
    architecture_in_source: Line | None = None
    note: Text | None = None

    @model_validator(mode="after")
    def _value_fits_the_metric(self) -> Claim:
        expected = UNITS[self.metric]
        if self.unit != expected:
            raise PydanticCustomError(
                "wrong_unit",
                "{metric} is kept in {expected}, not in {unit}",
                {"metric": self.metric, "expected": expected, "unit": self.unit},
            )
        if expected == "percent" and self.value > 100:
            raise PydanticCustomError("out_of_range", "is {value} percent", {"value": self.value})
        return self


class NotStated(Record):
    """A number one would look for in a source that does not state it."""

    entry: EntryName
    metric: Metric
    reason: Line


class ClaimCollection(StoredRecord):
    """The claims that one reading of one source brought."""

    kind: Literal["claims"] = "claims"
    id: Identifier
    title: Line
    licence: Line
    claims: tuple[Claim, ...]
    not_stated: tuple[NotStated, ...] = ()

    @model_validator(mode="after")
    def _claims_are_unique(self) -> ClaimCollection:
        seen: set[str] = set()
        for claim in self.claims:
            if claim.id in seen:
                raise PydanticCustomError("repeated_name", "holds the claim {id} twice", {"id": claim.id[:16]})
            seen.add(claim.id)
        return self
