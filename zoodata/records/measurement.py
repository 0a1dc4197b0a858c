"""Measurements: what a run of ours observed. Immutable, one file a run, named by content.

Nothing derived is stored: ratios, medians and ranks are computed from the raw samples when read.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, model_validator
from pydantic_core import PydanticCustomError

from zoodata.records.base import Count, EntryName, Hash, HashedRecord, Identifier, Line, Record, Text
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
]


class Missing(Record):
    """Why there is no number. A missing value is data."""

    reason: MissingReason
    message: Text


Positive = Annotated[int, Field(gt=0, le=10**9)]


class InputShape(Record):
    """What the network takes, batch apart."""

    channels: Positive
    height: Positive
    width: Positive
    layout: Literal["NCHW", "NHWC"]


class ArchitectureResult(Record):
    """Counts over one network, as the zoo builds the network its weights belong to."""

    parameters: Count
    """Trainable numbers of the model as the zoo hands it over."""
    auxiliary_parameters: Count
    """Those of them that an inference pass never touches (heads used in training only)."""
    statistics: Count
    """Batch-norm running means and variances. They are stored with the weights, but nobody trains them."""
    constants: Count
    """Other stored numbers that are not trained (normalisation constants, index tables)."""
    macs: Count
    """Multiply-accumulates of convolutions, linear layers and matrix products for one image."""
    input: InputShape
    classes: Positive
    layers: dict[Identifier, Count]
    """How many nodes of each operator the network has."""
    unknown_operators: tuple[Line, ...] = ()
    """Operators outside our vocabulary; they count no MACs."""
    digest: Hash | None = None
    """Name of the canonical network; None in records from before networks had one."""
    relative_error: Annotated[float, Field(ge=0)] | None = None
    """Between the model's own scores and the executed network's, over the largest score, on random weights."""
    unchecked: Line | None = None
    """Why there is no relative error."""
    preprocessing: Preprocessing | None


class ArchitectureConditions(Record):
    """How the network was read."""

    batch: Annotated[int, Field(ge=1)] = 1
    dtype: Literal["float32"] = "float32"
    device: Line
    threads: Annotated[int, Field(ge=1)]


class ArchitectureMeasurement(HashedRecord):
    """The counts of one entry, or the reason there are none."""

    kind: Literal["architecture"] = "architecture"
    schema_version: Literal[2] = 2  # type: ignore[assignment]
    entry: EntryName
    started_at: AwareDatetime
    seconds: Annotated[float, Field(ge=0)]
    conditions: ArchitectureConditions
    environment: Hash
    result: ArchitectureResult | None = None
    missing: Missing | None = None

    @model_validator(mode="after")
    def _has_one_outcome(self) -> ArchitectureMeasurement:
        if (self.result is None) == (self.missing is None):
            raise PydanticCustomError("one_outcome", "needs either a result or the reason it is missing")
        return self


class Participant(Record):
    """One worker process of a latency run."""

    entry: EntryName
    runtime: Line
    null: bool = False
    """The reference entry a second time: its ratio to itself is the noise floor of the run."""
    input: InputShape


class LatencyConditions(Record):
    """What was held equal between the participants."""

    batch: Annotated[int, Field(ge=1)]
    dtype: Literal["float32"]
    device: Line
    threads: Annotated[int, Field(ge=1)]
    passes_per_turn: Annotated[int, Field(ge=1)]
    """Timed passes; one more is run first and thrown away."""
    idle_partners: Literal["stopped", "running"]
    """Whether the other workers were stopped (SIGSTOP) during a turn, so that none spins beside it."""
    target_half_width: Annotated[float, Field(gt=0)]
    time_limit_seconds: Annotated[float, Field(gt=0)]
    seed: Count
    """Of the random order of turns in each round."""


class MissingParticipant(Record):
    """An entry that was asked for and could not take part."""

    entry: EntryName
    missing: Missing


Nanoseconds = Annotated[int, Field(gt=0, le=10**15)]


class LatencyMeasurement(HashedRecord):
    """Passes of several entries timed in turns, round by round."""

    kind: Literal["latency"] = "latency"
    architecture: Identifier
    started_at: AwareDatetime
    conditions: LatencyConditions
    environment: Hash
    participants: tuple[Participant, ...]
    unit: Literal["ns"]
    samples: tuple[tuple[tuple[Nanoseconds, ...], ...], ...]
    """``samples[round][participant][pass]``, raw."""
    stopped: Literal["interval", "time", "no_pair"]
    """Why it ended: every ratio known well enough, the time limit, or fewer than two participants."""
    missing: tuple[MissingParticipant, ...] = ()

    @model_validator(mode="after")
    def _samples_fit_the_participants(self) -> LatencyMeasurement:
        for number, turns in enumerate(self.samples):
            if len(turns) != len(self.participants):
                raise PydanticCustomError(
                    "ragged_samples",
                    "round {round} has {turns} turns for {participants} participants",
                    {"round": number, "turns": len(turns), "participants": len(self.participants)},
                )
            if any(len(passes) != self.conditions.passes_per_turn for passes in turns):
                raise PydanticCustomError(
                    "ragged_samples",
                    "round {round} does not have {passes} passes in each turn",
                    {"round": number, "passes": self.conditions.passes_per_turn},
                )
        if self.samples:
            self._check_pairing()
        if self.stopped == "no_pair" and self.samples:
            raise PydanticCustomError("one_outcome", "has samples although it stopped for want of a pair")
        if self.stopped != "no_pair" and not self.samples:
            raise PydanticCustomError("one_outcome", "has no samples and does not say why")
        return self

    def _check_pairing(self) -> None:
        """At least two entries, the reference first, and the reference once more as the null pair."""
        entries = [participant.entry for participant in self.participants if not participant.null]
        nulls = [participant.entry for participant in self.participants if participant.null]
        if len(entries) < 2 or self.participants[0].null or nulls != entries[:1]:
            raise PydanticCustomError(
                "pairing", "needs two entries, the reference first, and the reference again as its null pair"
            )


FAITHFUL = 1e-4
"""A network whose relative error is below this computes what its model computes."""

Measurement = ArchitectureMeasurement | LatencyMeasurement


def timestamp(moment: datetime) -> datetime:
    """The moment to the second, as records keep it."""
    return moment.replace(microsecond=0)
