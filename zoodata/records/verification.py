"""Verifications: what reading a claim's cited place again showed. The claims themselves are never changed."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from zoodata.records.base import Count, Hash, HashedRecord, Identifier, Line
from zoodata.records.claim import Moment, Sparse

Outcome = Literal[
    "verified",
    "other_line",  # the number stands in the same row of the same file, in another line
    "restated",  # the same number, in another unit or with other digits than the source writes
    "not_there",
    "other_model",  # the row that holds the number names another model
    "other_metric",  # the column that holds the number is another metric's
    "other_unit",  # the source names another unit
    "no_such_commit",
    "no_such_file",
    "no_such_line",
    "not_pinned",  # a page or publication: nobody can say which state of it was read
    "not_at_hand",  # no checkout or release to read
    "not_readable",  # a format that is not read into rows and columns
]
"""What a claim's place showed; :mod:`zoodata.wording.verification` words it."""

REPAIRABLE: frozenset[Outcome] = frozenset({"other_line", "restated"})
"""The number is the source's; only its place or its form is to be corrected, by a new claim."""


UNREAD: frozenset[Outcome] = frozenset({"not_pinned", "not_at_hand", "not_readable"})
"""Nothing was read, so nothing is known."""


class Check(Sparse):
    """One claim whose place does not state it as the claim says."""

    claim: Hash
    outcome: Outcome
    line: Annotated[int, Field(ge=1)] | None = None
    """Where the number stands."""
    stated: Line | None = None
    """The number as the source writes it."""
    stated_unit: Line | None = None
    """Its unit as the source writes it."""


class Verification(HashedRecord):
    """One reading of the places that the claims of one collection cite. A claim without a check is verified."""

    kind: Literal["verification"] = "verification"
    collection: Identifier
    claims_hash: Hash
    """Of the collection's claims, so that a verification is of these and no others."""
    read_on: Moment
    reader: Line
    """The version of zoodata that read."""
    claims: Count
    read: tuple[Line, ...]
    """What was read: repositories with their commits, packages with their versions."""
    checks: tuple[Check, ...]

    @property
    def path(self) -> PurePosixPath:
        """See :class:`zoodata.records.base.StoredRecord`."""
        return PurePosixPath("verifications", f"{self.collection}.{self.id[:16]}.json")

    @property
    def verified(self) -> int:
        """How many claims their places state."""
        return self.claims - len(self.checks)

    @model_validator(mode="after")
    def _one_check_a_claim(self) -> Verification:
        names = {check.claim for check in self.checks}
        if len(names) != len(self.checks) or len(self.checks) > self.claims:
            raise PydanticCustomError("repeated_name", "checks a claim twice, or more claims than there are", {})
        if any(check.outcome == "verified" for check in self.checks):
            raise PydanticCustomError("verified_check", "lists a verified claim; only the others are listed", {})
        return self
