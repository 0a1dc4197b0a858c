"""The catalogue: which entries of which zoos are, or call themselves, the same architecture."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, StringConstraints, model_serializer, model_validator
from pydantic_core import PydanticCustomError

from zoodata.records.base import EntryName, Identifier, Line, Record, StoredRecord, Text
from zoodata.records.measurement import MissingReason

Arxiv = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}\.[0-9]{4,5}$")]


class Paper(Record):
    """The publication that introduced a design."""

    title: Line
    authors: Line
    year: Annotated[int, Field(ge=1980, le=2100)]
    arxiv: Arxiv | None = None
    doi: Line | None = None


class Unavailable(Record):
    """Why an entry that its zoo publishes cannot be built here."""

    reason: MissingReason
    message: Line


class CatalogueEntry(Record):
    """One zoo's version of an architecture."""

    entry: EntryName
    variant: Line | None = None
    """What distinguishes this version, in a word the field uses (V1.5, TF SAME padding)."""
    note: Text | None = None
    unavailable: Unavailable | None = None


class Reference(Record):
    """The implementation that the paper's own authors publish; where no zoo has it, one that replicates theirs."""

    entry: EntryName
    source: Line
    """What says that it is theirs, or a replication of theirs."""
    by: Literal["authors", "replication"] = "authors"

    @model_serializer(mode="wrap")
    def _without_later_fields(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """What older files do not have is written only where it says something."""
        return {name: value for name, value in write(self).items() if name != "by" or value != "authors"}


class Architecture(Record):
    """A design that entries of several zoos share."""

    id: Identifier
    title: Line
    paper: Paper
    name_in_2022: Line | None = None
    """What Montes et al. (2022) call it, when it is one of their 36."""
    same_design_as: Identifier | None = None
    """The architecture that is this design under another name."""
    reference: Reference | None = None
    """The entry of the paper's authors, or a replication of it, where one is known."""
    entries: tuple[CatalogueEntry, ...]

    @model_serializer(mode="wrap")
    def _without_later_fields(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """What older files do not have is written only where it says something."""
        return {name: value for name, value in write(self).items() if name != "reference" or value is not None}

    @model_validator(mode="after")
    def _reference_is_an_entry(self) -> Architecture:
        if self.reference is not None and self.reference.entry not in {item.entry for item in self.entries}:
            raise PydanticCustomError("not_an_entry", "names {entry}, which is not one of its entries",
                                      {"entry": self.reference.entry})  # fmt: skip
        return self


class Family(StoredRecord):
    """The architectures of one family: one file a reviewer can read and argue with."""

    kind: Literal["family"] = "family"
    id: Identifier
    title: Line
    architectures: tuple[Architecture, ...]

    @property
    def path(self) -> PurePosixPath:
        """See :class:`zoodata.records.base.StoredRecord`."""
        return PurePosixPath("catalogue", f"{self.id}.json")

    @model_validator(mode="after")
    def _names_are_unique(self) -> Family:
        seen: set[str] = set()
        for architecture in self.architectures:
            for name in (architecture.id, *(item.entry for item in architecture.entries)):
                if name in seen:
                    raise PydanticCustomError("repeated_name", "names {name} twice", {"name": name})
                seen.add(name)
        return self
