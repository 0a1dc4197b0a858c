"""Sweeping over networks: one entry counted a task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from zoodata.dataset.store import Dataset
from zoodata.isolation import time_limit
from zoodata.measure import architecture
from zoodata.measure.architecture import public_name
from zoodata.records import ArchitectureMeasurement, Environment, entry_zoo, is_personal
from zoodata.records.base import Measurement, foreign_files
from zoodata.sweep.part import PlanPart, entries_of
from zoodata.sweep.task import WORTH_ANOTHER_TRY, Bench, Limits, Needs, Outcome, Task
from zoodata.zoos.base import Reading


@dataclass(frozen=True)
class ArchitectureTask:
    """Count one entry."""

    kind: ClassVar[str] = "architecture"
    entry: str
    keep_network: bool = True
    """Whether its network is stored too; a sweep over a whole zoo keeps only the catalogue's."""
    check: bool = True
    """Whether the model is run against its network."""
    weights_path: str | None = None
    """A private checkpoint, which is not the zoo's entry: nothing is recorded."""
    reading: Reading | None = None
    """What a user's own model leaves open."""

    @property
    def label(self) -> str:
        """See :class:`Task`."""
        return self.entry

    @property
    def entries(self) -> tuple[str, ...]:
        """See :class:`Task`."""
        return (self.entry,)

    @property
    def group(self) -> str:
        """See :class:`Task`."""
        return entry_zoo(self.entry)

    def needs(self, limits: Limits) -> Needs:
        """See :class:`Task`."""
        return Needs(cores=limits.threads)

    def is_done(self, dataset: Dataset, environment: Environment | None) -> bool:
        """See :class:`Task`. A user's own model may have changed, and another may bear its name: never done."""
        if is_personal(self.entry):
            return False
        name = public_name(self.entry)
        return any(
            record.entry == name
            and (environment is None or record.environment == environment.id)
            and (record.missing is None or record.missing.reason not in WORTH_ANOTHER_TRY)
            for record in dataset.architecture_measurements
        )

    def measure(self, bench: Bench, environment: Environment) -> Outcome:
        """See :class:`Task`."""
        limits = bench.limits
        files = foreign_files([self.entry], [self.weights_path])
        record, network = architecture.measure(
            bench.reader(self.entries, files), self.entry, environment, limits.threads, self.weights_path, self.check,
            time_limit(limits.seconds, files), self.reading,
        )  # fmt: skip
        kept = (network,) if network is not None and self.keep_network else ()
        return Outcome(self, record, (environment, *kept), is_kept=self.weights_path is None)

    def summary(self, record: Measurement) -> str:
        """See :class:`Task`."""
        assert isinstance(record, ArchitectureMeasurement)
        return "counted" if record.missing is None else f"no, {record.missing.reason}"


class ArchitecturePart(PlanPart):
    """Count networks."""

    measure: Literal["architecture"]
    check: bool = True

    def tasks(self, architecture: str, dataset: Dataset, zoos: Sequence[str]) -> list[Task]:
        """See :class:`PlanPart`."""
        return [ArchitectureTask(entry, check=self.check) for entry in entries_of(dataset, architecture, zoos)]
