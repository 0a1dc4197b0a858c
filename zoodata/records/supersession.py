"""Supersessions: which records no longer count, what replaces them, and why. Nothing is ever taken away."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from zoodata.records.base import Hash, HashedRecord, Text
from zoodata.records.claim import PartialDate

SupersessionReason = Literal[
    "reading_corrected",  # zoodata read or counted wrongly, and reads it otherwise now
    "method_changed",  # measured by a method that is no longer used
    "source_corrected",  # a claim whose place, value or condition was written down wrongly
    "read_again",  # a newer reading of the same source
    "invalid",  # it should not have been accepted
]
"""Why a record no longer counts; :mod:`zoodata.wording.supersession` words it."""


class Supersession(HashedRecord):
    """Records that no longer count. They stay in the dataset as history, and enter no ranking."""

    kind: Literal["supersession"] = "supersession"
    superseded: Annotated[tuple[Hash, ...], Field(min_length=1, max_length=20_000)]
    """Ids of measurements, verifications or claims."""
    by: tuple[Hash, ...] = ()
    """Ids of the records that stand in their place; empty where nothing does."""
    reason: SupersessionReason
    text: Text
    """What was wrong with them, for a reader."""
    said_on: PartialDate

    @property
    def path(self) -> PurePosixPath:
        """See :class:`zoodata.records.base.StoredRecord`."""
        return PurePosixPath("supersessions", f"{self.id[:16]}.json")

    @model_validator(mode="after")
    def _names_each_once(self) -> Supersession:
        if len(set(self.superseded)) != len(self.superseded) or set(self.superseded) & set(self.by):
            raise PydanticCustomError("repeated_name", "names a record twice, or supersedes one by itself", {})
        return self
