"""Measurements: what a run of ours observed. Immutable, one file a run, named by content.

Nothing derived is stored: ratios, medians and ranks are computed from the raw samples when read.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import PurePosixPath
from typing import Annotated, Literal, Protocol

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from zoodata.records.base import (
    Count,
    EntryName,
    Hash,
    Identifier,
    Line,
    Measurement,
    Record,
    Row,
    Text,
    entry_path,
    entry_zoo,
)
from zoodata.records.preprocessing import Preprocessing

MissingReason = Literal[
    "needs_download",  # the entry's weights or file must be fetched first
    "not_installed",  # the zoo's package is not here
    "not_in_package",  # the zoo publishes it, its package does not carry it
    "cannot_be_read",  # built, but its graph could not be read
    "cannot_be_built",  # the zoo's own code failed
    "out_of_memory",
    "timed_out",
    "crashed",
    "not_believed",  # it was measured, and a check says that something else than the model is wrong
]


class Missing(Record):
    """Why there is no number. A missing value is data."""

    reason: MissingReason
    message: Text


Positive = Annotated[int, Field(gt=0, le=10**9)]


class InputShape(Record):
    """What the network takes, without the batch."""

    channels: Positive
    height: Positive
    width: Positive
    layout: Literal["NCHW", "NHWC"]


class Unchecked(Record):
    """Why a network was not compared with its model by running both."""

    code: Literal["too_large", "not_run", "not_finite", "not_asked", "before_checks"]
    detail: Line | None = None
    """The framework's message, where it could not be run."""
    elements: Count | None = None
    """Of its stored tensors, where it is too large."""
    max_elements: Count | None = None
    """The most for which it is run."""


class ArchitectureResult(Record):
    """Counts over one network, as the zoo builds the network its weights belong to."""

    parameters: Count
    """Trainable elements of the model as the zoo builds it."""
    auxiliary_parameters: Count
    """Those of them that a forward pass in evaluation never reads (heads used in training only)."""
    statistics: Count
    """Batch-norm running means and variances. They are stored with the weights, but nobody trains them."""
    constants: Count
    """Other stored elements that are not trained (normalisation constants, index tables)."""
    macs: Count
    """Multiply-accumulates of convolutions, linear layers and matrix products for one image."""
    input: InputShape
    classes: Count
    """Scores; 0 for a model without a classifier."""
    layers: dict[Identifier, Count]
    """How many nodes of each operator the network has."""
    unknown_operators: tuple[Line, ...] = ()
    """Operators outside our vocabulary; they run by their framework's name."""
    uncounted_operators: tuple[Line, ...] = ()
    """Operators that multiply and whose MACs are not known: with any, ``macs`` is a lower bound."""
    digest: Hash | None = None
    """Name of the canonical network; None in records from before networks had one."""
    relative_error: Annotated[float, Field(ge=0)] | None = None
    """Between the model's own scores and the executed network's, over the largest score, on random weights."""
    unchecked: Unchecked | None = None
    """Why there is no relative error."""
    parts_at: Text | None = None
    """Where the executed network's values first differ from the model's, if its scores do."""
    preprocessing: Preprocessing | None


class ArchitectureConditions(Record):
    """How the network was read."""

    batch: Annotated[int, Field(ge=1)] = 1
    dtype: Literal["float32"] = "float32"
    device: Line
    threads: Annotated[int, Field(ge=1)]


class _Outcome(Protocol):
    @property
    def result(self) -> Record | None: ...

    @property
    def missing(self) -> Missing | None: ...


class OneOutcome:
    """What a measurement has that ends in a result or in one reason why there is none.

    The fields stand in each record, which fixes their order in its file.
    """

    @property
    def reasons(self: _Outcome) -> tuple[str, ...]:
        """See :class:`zoodata.records.base.Measurement`."""
        return (self.missing.reason,) if self.missing else ()

    @property
    def is_empty(self: _Outcome) -> bool:
        """See :class:`zoodata.records.base.Measurement`."""
        return self.missing is not None and self.missing.reason == "not_in_package"

    def _check_outcome(self: _Outcome) -> None:
        if (self.result is None) == (self.missing is None):
            raise PydanticCustomError("one_outcome", "needs either a result or the reason it is missing")


class ArchitectureMeasurement(OneOutcome, Measurement):
    """The counts of one entry, or the reason there are none."""

    kind: Literal["architecture"] = "architecture"
    schema_version: Literal[4] = 4  # type: ignore[assignment]
    entry: EntryName
    seconds: Annotated[float, Field(ge=0)]
    conditions: ArchitectureConditions
    result: ArchitectureResult | None = None
    missing: Missing | None = None

    @property
    def path(self) -> PurePosixPath:
        """See :class:`zoodata.records.base.StoredRecord`."""
        return entry_path("architecture", self.entry, self.id)

    @property
    def entries(self) -> tuple[str, ...]:
        """See :class:`zoodata.records.base.Measurement`."""
        return (self.entry,)

    def table_rows(self, architecture_of: Callable[[str], str | None]) -> list[Row]:
        """See :class:`zoodata.records.base.Measurement`."""
        result = self.result
        row: Row = {
            "measurement": self.id,
            "architecture": architecture_of(self.entry),
            "entry": self.entry,
            "zoo": entry_zoo(self.entry),
            "parameters": result.parameters if result else None,
            "auxiliary_parameters": result.auxiliary_parameters if result else None,
            "statistics": result.statistics if result else None,
            "constants": result.constants if result else None,
            "macs": result.macs if result else None,
            "input_height": result.input.height if result else None,
            "input_width": result.input.width if result else None,
            "classes": result.classes if result else None,
            "missing": self.missing.reason if self.missing else None,
            "why": self.missing.message if self.missing else None,
        }
        return [row | self._provenance()]

    @model_validator(mode="after")
    def _has_one_outcome(self) -> ArchitectureMeasurement:
        self._check_outcome()
        return self


FAITHFUL = 1e-4
"""A network whose relative error is below this computes what its model computes."""


def is_faithful(result: ArchitectureResult) -> bool:
    """Whether the check did not fail: the network gives its model's scores, or was not checked."""
    return result.relative_error is None or result.relative_error < FAITHFUL


def timestamp(moment: datetime) -> datetime:
    """The moment to the second, as records keep it."""
    return moment.replace(microsecond=0)
