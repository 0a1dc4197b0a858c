"""Sweeping over entries: each timed in several ways in a run of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from zoodata.cores import usable_cores
from zoodata.dataset.store import Dataset
from zoodata.isolation import Worker, default_memory_limit
from zoodata.measure import ways
from zoodata.measure.architecture import public_name
from zoodata.measure.host import worker_environment
from zoodata.measure.timed_run import conditions_for
from zoodata.measure.timer import Timer
from zoodata.measure.ways import WaysHost, WaysWorkers
from zoodata.records import Environment, WaysMeasurement, is_personal
from zoodata.records.base import Measurement, foreign_files
from zoodata.records.latency import LatencyConditions
from zoodata.records.ways import OTHER_WAYS, Way
from zoodata.sweep import plan
from zoodata.sweep.kinds.latency import LEAST_MEMORY, summary_of
from zoodata.sweep.part import SEED, PlanPart
from zoodata.sweep.task import WORTH_ANOTHER_TRY, Bench, Limits, Needs, Outcome, Task
from zoodata.zoos.registry import folders_of


@dataclass(frozen=True)
class WaysTask:
    """Time one entry in several ways."""

    kind: ClassVar[str] = "ways"
    entry: str
    wanted: tuple[Way, ...]
    conditions: LatencyConditions

    @property
    def entries(self) -> tuple[str, ...]:
        """See :class:`Task`."""
        return (self.entry,)

    @property
    def label(self) -> str:
        """See :class:`Task`."""
        return f"ways of {self.entry}"

    @property
    def group(self) -> str:
        """See :class:`Task`."""
        return self.entry

    def needs(self, limits: Limits) -> Needs:
        """See :class:`Task`."""
        return Needs(alone=True, cores=self.conditions.threads, gpu=False)

    def is_done(self, dataset: Dataset, environment: Environment | None) -> bool:
        """See :class:`Task`. A way that could not be run is an outcome too, unless its reason may pass."""
        if is_personal(self.entry):
            return False
        wanted = {"as_built", *self.wanted}
        return any(
            record.entry == public_name(self.entry)
            and (environment is None or record.environment == environment.id)
            and wanted <= {"as_built", *(p.way for p in record.participants), *(m.way for m in record.missing)}
            and not any(each.missing.reason in WORTH_ANOTHER_TRY for each in record.missing)
            and record.conditions == self.conditions
            for record in dataset.ways
        )

    def measure(self, bench: Bench, environment: Environment) -> Outcome:
        """See :class:`Task`."""
        conditions, limits = self.conditions, bench.limits
        # torch.compile's helper processes would compete with what is timed, and outlive a worker that ends.
        variables = worker_environment("cpu", conditions.threads) | {"TORCHINDUCTOR_COMPILE_THREADS": "1"}
        memory = limits.memory or max(default_memory_limit(len(self.wanted) + 2), LEAST_MEMORY)
        files, folders = foreign_files((self.entry,)), folders_of((self.entry,))
        checked = limits.memory or default_memory_limit(1, files)
        workers = WaysWorkers(
            timed=lambda shift: Worker(Timer, variables, memory, shift, () if files else None, folders),
            checking=lambda folder: Worker(
                WaysHost, variables, checked, writable=(folder,) if files else None, paths=folders
            ),
            seconds=limits.seconds,
        )
        record = ways.measure(self.entry, self.wanted, environment, conditions, workers, bench.say)
        return Outcome(self, record, (environment,))

    def summary(self, record: Measurement) -> str:
        """See :class:`Task`."""
        assert isinstance(record, WaysMeasurement)
        return summary_of(record)


class WaysPart(PlanPart):
    """Time entries in several ways, the first of each zoo, architecture by architecture."""

    measure: Literal["ways"]
    ways: Annotated[tuple[Way, ...], Field(min_length=1)] = OTHER_WAYS
    threads: Annotated[int, Field(ge=1)] | None = None
    """As many as there are cores if left out."""
    target: Annotated[float, Field(gt=0, lt=0.5)] = 0.02
    time_limit: Annotated[float, Field(gt=0)] = 60.0
    sessions: Annotated[int, Field(ge=1, le=100)] = 3

    def tasks(self, architecture: str, dataset: Dataset, zoos: Sequence[str]) -> list[Task]:
        """See :class:`PlanPart`."""
        conditions = ways_conditions(self.threads or usable_cores(), self.target, self.time_limit, self.sessions)
        return [WaysTask(each, self.ways, conditions) for each in plan.rivals(dataset, architecture, zoos)]


def ways_conditions(threads: int, target: float, time_limit: float, sessions: int) -> LatencyConditions:
    """The conditions of a run of ways: one image in single precision on the processor."""
    return conditions_for(1, "cpu", threads, target, time_limit, SEED, sessions=sessions)
