"""A comparison: what differs between the networks of two entries, and what running both showed."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Annotated, Literal

from pydantic import Field, model_validator

from zoodata.records.base import Count, EntryName, Hash, Identifier, Line, Measurement, Plain, Record, Text
from zoodata.records.measurement import Missing, OneOutcome

Severity = Literal["benign", "other_head", "parametric", "structural"]
Verdict = Literal["identical", "benign", "other_head", "parametric", "structural"]
GRAVITY: dict[str, int] = {"identical": 0, "benign": 1, "other_head": 2, "parametric": 3, "structural": 4}
"""Verdict or severity to how grave it is."""

ProofStatus = Literal["equivalent", "parted", "not_transferable", "not_proven"]
FindingKind = Literal[
    "changed", "inserted", "removed", "replaced", "rewired", "moved", "reordered", "preprocessing", "input"
]


Reason = Literal[
    "close",  # within the tolerance for this attribute
    "absorbed",  # a bias before batch norm: the stored mean takes it
    "statistics",  # a batch norm's scale or shift: its stored statistics take it
    "unused",  # padding that no window reaches at this image size
    "head",  # the softmax after the last layer: the order of the classes is the same
    "affine",  # a per-channel product and sum that the layer before can take
    "folded",  # batch norm folded into the layer's weights and bias
    "moves_values",  # values are only rearranged; a proof tells whether scores agree
    "moves_values_proven",  # values are only rearranged, and running both gave the same scores
    "proven",  # running both, with values large and small, gave the same scores
    "unexplained",  # running both gave other scores, which no difference that was found explains
    "one_position",  # a mean over positions of which only one is left at this image size
    "whole_image",  # a kernel as large as its image: a linear layer over all of it
]
"""Why a finding has its severity, where that is not its kind's usual one."""


class FindingPlace(Record):
    """Where a finding occurs: the node's name on either side; None where there is none."""

    a: Text | None
    b: Text | None


class Part(Record):
    """Connected nodes of one network, by their operators."""

    operators: Annotated[tuple[Line, ...], Field(min_length=1)]
    """In the order of the network, at most twelve."""
    more: Count = 0
    """How many others there are."""

    @property
    def size(self) -> int:
        """The number of nodes."""
        return len(self.operators) + self.more


class Misfit(Record):
    """A layer whose stored tensor has another shape because of a finding elsewhere."""

    layer: Text
    shape_a: tuple[Count, ...]
    shape_b: tuple[Count, ...]


class FindingRecord(Record):
    """One explained difference, with all places where it occurs; :mod:`zoodata.wording.findings` words it."""

    kind: FindingKind
    severity: Severity
    operator: Line
    attribute: Line | None
    a: Plain
    """The attribute's value in a; None where the finding is about parts."""
    b: Plain
    part_a: Part | None = None
    """What only a has, or has elsewhere than b."""
    part_b: Part | None = None
    places: tuple[FindingPlace, ...]
    reason: Reason | None = None
    macs: tuple[Count, Count] | None = None
    """MACs of the layers concerned in a and in b, where they differ."""
    misfit: Misfit | None = None


Side = Literal["a", "b"]


class ProofObstacle(Record):
    """Why nothing was proved: which of the two, and what about it."""

    code: Literal[
        "cannot_run",  # our form of it has an operator that cannot be run here
        "model_fails",  # the model itself does not run
        "unfaithful",  # our form of it does not give the scores of the model itself
    ]
    side: Side
    operator: Line | None = None
    """The operator that cannot be run."""
    place: Text | None = None
    """Where: of an unfaithful network the first place whose value is another."""
    error: Annotated[float, Field(ge=0)] | None = None
    """Of the scores, over the largest."""
    detail: Line | None = None
    """The framework's message."""


class ProofRecord(Record):
    """What carrying the weights of a into b and running both showed."""

    status: ProofStatus
    max_relative_error: Annotated[float, Field(ge=0)] | None
    first_difference: FindingPlace | None
    misfits: tuple[Text, ...] = ()
    """Layers whose weights do not fit; at most twenty."""
    native_error: Annotated[float, Field(ge=0)] | None = None
    """Largest error between our form of a network and the model as its own framework runs it, of a and b, with the
    same weights; None where the models themselves were not run (too large; records before version 4)."""
    one_way: bool = False
    """Whether b has stored tensors that a has none for: a's weights run in b, b's do not in a."""
    obstacle: ProofObstacle | None = None
    """Of what is not proven."""


class ComparisonResult(Record):
    """The answer of ``zoodata diff``."""

    verdict: Verdict
    digest_a: Hash
    digest_b: Hash
    findings: tuple[FindingRecord, ...]
    proof: ProofRecord | None


class ComparisonMeasurement(OneOutcome, Measurement):
    """The comparison of two entries, or the reason there is none."""

    kind: Literal["comparison"] = "comparison"
    schema_version: Literal[4] = 4  # type: ignore[assignment]
    architecture: Identifier
    a: EntryName
    b: EntryName
    seconds: Annotated[float, Field(ge=0)]
    result: ComparisonResult | None = None
    missing: Missing | None = None

    @property
    def path(self) -> PurePosixPath:
        """See :class:`zoodata.records.base.StoredRecord`."""
        return PurePosixPath("measurements", "comparison", self.architecture, f"{self.id[:16]}.json")

    @property
    def entries(self) -> tuple[str, ...]:
        """See :class:`zoodata.records.base.Measurement`."""
        return (self.a, self.b)

    @model_validator(mode="after")
    def _has_one_outcome(self) -> ComparisonMeasurement:
        self._check_outcome()
        return self
