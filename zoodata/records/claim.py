"""Claims: what a source states about an entry, and the place that states it.

What the source states (``stated``, ``stated_unit``, ``conditions``) and what we make of it (``value``, ``unit``,
``inferred``) are different fields. A claim is never corrected: a zoo that changes a number makes a new claim.
"""

from __future__ import annotations

import hashlib
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, StringConstraints, model_serializer, model_validator
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

Moment = Annotated[
    str, StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z)?$")
]
"""A day, or a moment of it in UTC; as text they sort by time."""

Metric = Literal["top1", "top5", "parameters", "macs", "file_size", "input_size"]

UNITS: dict[str, str] = {
    "top1": "percent",
    "top5": "percent",
    "parameters": "count",
    "macs": "count",
    "file_size": "bytes",
    "input_size": "pixels",
}
"""The one unit in which each metric's value is kept.

``macs`` is whatever the source publishes as the cost of a forward pass, under whatever name (``stated_unit``): whether
it counted multiply-accumulates or operations is for the audit to find out, not for a record to decide.
"""

Training = Literal["supervised", "pretrained", "distilled", "self_supervised", "adversarial", "unknown"]
"""How a checkpoint came to be: on ImageNet-1k labels alone, or with something more."""


class Sparse(Record):
    """Written without what it does not say: most claims say little, and there are very many."""

    @model_serializer(mode="wrap")
    def _without_gaps(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in write(self).items() if value is not None}


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


class PageSource(Record):
    """A place on a web page that no commit pins."""

    type: Literal["page"] = "page"
    address: Line
    locator: Line


class PublicationSource(Record):
    """A publication, with the place inside it and what the figure was reconstructed from."""

    type: Literal["publication"] = "publication"
    doi: Line
    locator: Line
    reconstructed_from: Line | None = None


Source = Annotated[PackageSource | RepositorySource | PageSource | PublicationSource, Field(discriminator="type")]


class ClaimConditions(Sparse):
    """Under what conditions the source says its number holds; None where it does not say."""

    dataset: Line | None = None
    input_size: Count | None = None
    precision: Line | None = None
    resize: Count | None = None
    """Of the shorter side, in pixels, before the crop."""
    crop_fraction: Annotated[float, Field(gt=0, le=2)] | None = None
    """Side of the crop over side of the resized image."""
    interpolation: Line | None = None
    training_data: Line | None = None
    recipe: Line | None = None
    """The source's own name for how the checkpoint was trained."""


class Inferred(Sparse):
    """What we make of a claim where its source is silent or uses words that we must map."""

    input_size: Count | None = None
    """The architecture's usual size, where the source states none."""
    training: Training = "unknown"
    training_data: Line | None = None
    precision: Line | None = None
    evaluation_images: Count | None = None
    borrowed: bool = False
    """The source repeats a number that somebody else measured."""
    distilled: bool = False


class Claim(HashedRecord, Sparse):
    """One number that a zoo publishes about one of its entries."""

    schema_version: Literal[2] = 2  # type: ignore[assignment]
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
    """When the source stated it, as precisely as the source does: 2022, 2022-11 or 2022-11-14."""
    architecture_in_source: Line | None = None
    """The name that the source itself uses, where ours differs."""
    checkpoint: Line | None = None
    """File or address of the weights that the number is about, as the source gives it."""
    checksum: Line | None = None
    licence: Line | None = None
    """Of the checkpoint, as the source gives it."""
    inferred: Inferred | None = None
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


class LeftOut(Record):
    """A row of a source that brought no claim."""

    locator: Line
    reason: Line


class ClaimCollection(StoredRecord):
    """The claims that one reading of one source brought."""

    schema_version: Literal[2] = 2  # type: ignore[assignment]
    kind: Literal["claims"] = "claims"
    id: Identifier
    title: Line
    licence: Line
    claims: tuple[Claim, ...]
    not_stated: tuple[NotStated, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    collected_on: Moment | None = None

    @property
    def path(self) -> PurePosixPath:
        """See :class:`zoodata.records.base.StoredRecord`."""
        return PurePosixPath("claims", f"{self.id}.json")

    @property
    def claims_hash(self) -> str:
        """SHA-256 of the claims, which their ids are hashes of already."""
        return hashlib.sha256("\n".join(claim.id for claim in self.claims).encode()).hexdigest()

    @model_validator(mode="after")
    def _claims_are_unique(self) -> ClaimCollection:
        seen: set[str] = set()
        for claim in self.claims:
            if claim.id in seen:
                raise PydanticCustomError("repeated_name", "holds the claim {id} twice", {"id": claim.id[:16]})
            seen.add(claim.id)
        return self
