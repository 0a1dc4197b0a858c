"""A comparison: what differs between the networks of two entries, and what running both showed."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, model_validator
from pydantic_core import PydanticCustomError

from zoodata.records.base import EntryName, Hash, HashedRecord, Identifier, Line, Plain, Record, Text
from zoodata.records.measurement import Missing

Severity = Literal["benign", "parametric", "structural"]
Verdict = Literal["identical", "benign", "parametric", "structural"]


class FindingPlace(Record):
    """Where a finding occurs: the node's name on either side; None where there is none."""

    a: Text | None
    b: Text | None


class FindingRecord(Record):
    """One explained difference, with all places where it occurs."""

    kind: Literal[
        "changed", "inserted", "removed", "replaced", "rewired", "moved", "reordered", "preprocessing", "input"
    ]
    severity: Severity
    operator: Line
    attribute: Line | None
    a: Plain
    b: Plain
    places: tuple[FindingPlace, ...]
    text: Text


class ProofRecord(Record):
    """What carrying the weights of a into b and running both showed."""

    status: Literal["equivalent", "parted", "not_transferable"]
    max_relative_error: Annotated[float, Field(ge=0)] | None
    first_difference: FindingPlace | None
    misfits: tuple[Text, ...] = ()
    """Layers whose weights do not fit; at most twenty."""


class ComparisonResult(Record):
    """The answer of ``zoodata diff``."""

    verdict: Verdict
    digest_a: Hash
    digest_b: Hash
    findings: tuple[FindingRecord, ...]
    proof: ProofRecord | None


class ComparisonMeasurement(HashedRecord):
    """The comparison of two entries, or the reason there is none."""

    kind: Literal["comparison"] = "comparison"
    architecture: Identifier
    a: EntryName
    b: EntryName
    started_at: AwareDatetime
    seconds: Annotated[float, Field(ge=0)]
    environment: Hash
    result: ComparisonResult | None = None
    missing: Missing | None = None

    @model_validator(mode="after")
    def _has_one_outcome(self) -> ComparisonMeasurement:
        if (self.result is None) == (self.missing is None):
            raise PydanticCustomError("one_outcome", "needs either a result or the reason it is missing")
        return self
