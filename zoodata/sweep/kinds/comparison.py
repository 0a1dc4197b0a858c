"""Sweeping over pairs of networks: two entries compared and proved a task."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from zoodata.dataset.store import Dataset
from zoodata.measure import comparison
from zoodata.measure.architecture import public_name
from zoodata.records import ComparisonMeasurement, Environment, is_personal
from zoodata.records.base import Measurement, foreign_files
from zoodata.sweep import plan
from zoodata.sweep.part import PlanPart, entries_of
from zoodata.sweep.task import Bench, Limits, Needs, Outcome, Task


@dataclass(frozen=True)
class ComparisonTask:
    """Compare the networks of two entries."""

    kind: ClassVar[str] = "comparison"
    architecture: str
    a: str
    b: str

    @property
    def label(self) -> str:
        """See :class:`Task`."""
        return f"{self.a} {self.b}"

    @property
    def entries(self) -> tuple[str, ...]:
        """See :class:`Task`."""
        return (self.a, self.b)

    @property
    def group(self) -> str:
        """See :class:`Task`."""
        return self.architecture

    def needs(self, limits: Limits) -> Needs:
        """See :class:`Task`."""
        return Needs(cores=limits.threads)

    def is_done(self, dataset: Dataset, environment: Environment | None) -> bool:
        """See :class:`Task`."""
        if any(map(is_personal, self.entries)):
            return False
        record = dataset.comparisons.get((public_name(self.a), public_name(self.b)))
        if record is None or record.result is None:
            return False
        return environment is None or record.environment == environment.id

    def measure(self, bench: Bench, environment: Environment) -> Outcome:
        """See :class:`Task`."""
        record = comparison.compare(
            bench.reader(self.entries, foreign_files(self.entries)),
            self.a,
            self.b,
            self.architecture,
            environment,
            seconds=bench.limits.seconds,
        )
        return Outcome(self, record, (environment,))

    def summary(self, record: Measurement) -> str:
        """See :class:`Task`."""
        assert isinstance(record, ComparisonMeasurement)
        if record.result is not None:
            return record.result.verdict
        return f"no, {record.missing.reason}" if record.missing else "no"


def all_pairs(dataset: Dataset, architecture: str | None = None) -> list[ComparisonTask]:
    """Every pair of entries of one architecture, or of each architecture of the catalogue."""
    names = [plan.architecture_named(dataset, architecture).id] if architecture else list(dataset.architectures)
    return [
        ComparisonTask(name, a, b)
        for name in names
        for a, b in itertools.combinations(plan.catalogue_entries(dataset, name), 2)
    ]


class ComparisonPart(PlanPart):
    """Compare and prove pairs of networks."""

    measure: Literal["comparison"]

    def tasks(self, architecture: str, dataset: Dataset, zoos: Sequence[str]) -> list[Task]:
        """See :class:`PlanPart`."""
        entries = set(entries_of(dataset, architecture, zoos))
        return [task for task in all_pairs(dataset, architecture) if {task.a, task.b} <= entries]
