"""Tasks: one cell of the dataset each. A task says what it is, where it belongs, and whether it is done."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from zoodata.dataset.store import Dataset
from zoodata.measure.architecture import public_name
from zoodata.records import (
    PERSONAL_ZOOS,
    ArchitectureMeasurement,
    ComparisonMeasurement,
    Environment,
    LatencyMeasurement,
    entry_zoo,
)
from zoodata.records.latency import LatencyConditions

# Reasons that another try may overcome; a sweep takes such tasks up again.
WORTH_ANOTHER_TRY = {"needs_download", "not_installed", "out_of_memory", "timed_out", "crashed"}


@dataclass(frozen=True)
class ArchitectureTask:
    """Count one entry."""

    entry: str
    keep_network: bool = True
    """Whether its network is stored too; a sweep over a whole zoo keeps only the catalogue's."""
    check: bool = True
    """Whether the model is run against its network."""
    weights_path: str | None = None
    """A private checkpoint, which is not the zoo's entry: nothing is recorded."""

    @property
    def entries(self) -> tuple[str, ...]:
        """What it measures."""
        return (self.entry,)

    def is_done(self, dataset: Dataset, environment: Environment | None) -> bool:
        """Whether the dataset holds an outcome of this task in this (None: in any) environment that need not be
        retried.

        A user's own model may have changed, and another may bear its name: it is never done.
        """
        if entry_zoo(self.entry) in PERSONAL_ZOOS:
            return False
        name = public_name(self.entry)
        return any(
            record.entry == name
            and (environment is None or record.environment == environment.id)
            and (record.missing is None or record.missing.reason not in WORTH_ANOTHER_TRY)
            for record in dataset.architecture_measurements
        )


@dataclass(frozen=True)
class ComparisonTask:
    """Compare the networks of two entries."""

    architecture: str
    a: str
    b: str

    @property
    def entries(self) -> tuple[str, ...]:
        """What it measures."""
        return (self.a, self.b)

    def is_done(self, dataset: Dataset, environment: Environment | None) -> bool:
        """Whether the dataset holds their comparison in this (None: in any) environment."""
        if any(entry_zoo(entry) in PERSONAL_ZOOS for entry in self.entries):
            return False
        record = dataset.comparisons.get((public_name(self.a), public_name(self.b)))
        if record is None or record.result is None:
            return False
        return environment is None or record.environment == environment.id


@dataclass(frozen=True)
class LatencyTask:
    """Time the entries of one architecture against the first of them."""

    architecture: str
    entries: tuple[str, ...]
    conditions: LatencyConditions

    def is_done(self, dataset: Dataset, environment: Environment | None) -> bool:
        """Whether the dataset holds a run of these entries under these conditions in this (None: in any)
        environment. A run that could time nothing is an outcome too, unless its reasons may pass."""
        if any(entry_zoo(entry) in PERSONAL_ZOOS for entry in self.entries):
            return False
        wanted = {public_name(entry) for entry in self.entries}
        return any(
            record.architecture == self.architecture
            and (environment is None or record.environment == environment.id)
            and (record.samples or not any(m.missing.reason in WORTH_ANOTHER_TRY for m in record.missing))
            and wanted == _asked(record.participants, record.missing)
            and record.conditions == self.conditions
            for record in dataset.latency_measurements
        )


Task = ArchitectureTask | ComparisonTask | LatencyTask
Measured = ArchitectureMeasurement | ComparisonMeasurement | LatencyMeasurement


def label(task: Task) -> str:
    """A task in a few words."""
    match task:
        case ArchitectureTask():
            return task.entry
        case ComparisonTask():
            return f"{task.a} {task.b}"
        case LatencyTask():
            return f"{task.architecture} on {task.conditions.device}"


def kind(task: Task) -> str:
    """The measurement that a task makes, as records call it."""
    return {ArchitectureTask: "architecture", ComparisonTask: "comparison", LatencyTask: "latency"}[type(task)]


def outcome(record: Measured) -> str:
    """What came of it, in a few words."""
    if isinstance(record, LatencyMeasurement):
        gone = f", {len(record.missing)} missing" if record.missing else ""
        return f"{len(record.samples)} rounds in {len(record.sittings)} sittings, stopped by {record.stopped}{gone}"
    if record.missing is not None:
        return f"no, {record.missing.reason}"
    return record.result.verdict if isinstance(record, ComparisonMeasurement) and record.result else "counted"


def _asked(participants: Iterable[Any], missing: Iterable[Any]) -> set[str]:
    return {p.entry for p in participants} | {m.entry for m in missing}
