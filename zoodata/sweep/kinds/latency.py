"""Sweeping over architectures: one entry of each zoo timed in one run a task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import AliasChoices, Field

from zoodata.cores import usable_cores
from zoodata.dataset.store import Dataset
from zoodata.isolation import Worker, default_memory_limit
from zoodata.measure import latency
from zoodata.measure.architecture import public_name
from zoodata.measure.host import worker_environment
from zoodata.measure.participants import ReadingWorkers
from zoodata.measure.timed_run import conditions_for
from zoodata.measure.timer import Timer
from zoodata.records import Environment, LatencyMeasurement, is_personal
from zoodata.records.base import Measurement, foreign_files
from zoodata.records.latency import Dtype, LatencyConditions, TimedRun
from zoodata.sweep import plan
from zoodata.sweep.part import SEED, PlanPart
from zoodata.sweep.reader import reading_worker
from zoodata.sweep.task import WORTH_ANOTHER_TRY, Bench, Limits, Needs, Outcome, Task
from zoodata.zoos.registry import folders_of


@dataclass(frozen=True)
class LatencyTask:
    """Time the entries of one architecture against the first of them."""

    kind: ClassVar[str] = "latency"
    architecture: str
    entries: tuple[str, ...]
    conditions: LatencyConditions

    @property
    def label(self) -> str:
        """See :class:`Task`."""
        return f"{self.architecture} on {self.conditions.device}"

    @property
    def group(self) -> str:
        """See :class:`Task`."""
        return self.architecture

    def needs(self, limits: Limits) -> Needs:
        """See :class:`Task`."""
        return Needs(alone=True, cores=self.conditions.threads, gpu=self.conditions.device != "cpu")

    def is_done(self, dataset: Dataset, environment: Environment | None) -> bool:
        """See :class:`Task`. A run that could time nothing is an outcome too, unless its reasons may pass."""
        if any(map(is_personal, self.entries)):
            return False
        wanted = {public_name(entry) for entry in self.entries}
        return any(
            record.architecture == self.architecture
            and (environment is None or record.environment == environment.id)
            and (record.samples or not any(m.missing.reason in WORTH_ANOTHER_TRY for m in record.missing))
            and wanted == set(record.entries)
            and record.conditions == self.conditions
            for record in dataset.latency_measurements
        )

    def measure(self, bench: Bench, environment: Environment) -> Outcome:
        """See :class:`Task`."""
        workers = latency_workers(self.conditions, bench.limits, self.entries)
        record = latency.measure(self.entries, self.architecture, environment, self.conditions, workers, bench.say)
        return Outcome(self, record, (environment,))

    def summary(self, record: Measurement) -> str:
        """See :class:`Task`."""
        assert isinstance(record, LatencyMeasurement)
        return summary_of(record)


def summary_of(record: TimedRun) -> str:
    """How a timed run went, in a line."""
    missing = f", {len(record.missing)} missing" if record.missing else ""
    return f"{len(record.samples)} rounds in {len(record.sessions)} sessions, stopped by {record.stopped}{missing}"


LEAST_MEMORY = 4 * 2**30
"""Bytes: a framework with a network of the catalogue needs up to so much, whatever else runs."""


def latency_workers(
    conditions: LatencyConditions, limits: Limits | None = None, entries: Sequence[str] = ()
) -> ReadingWorkers:
    """How a latency run of some entries gets its processes: timed ones handle memory as their runtime likes it."""
    limits = limits or Limits()
    environment = worker_environment(conditions.device, conditions.threads)
    # Each entry, its network, and the reference once more stay in memory together.
    memory = limits.memory or max(default_memory_limit(2 * len(entries) + 1), LEAST_MEMORY)
    files, folders = foreign_files(entries), folders_of(entries)
    return ReadingWorkers(
        timed=lambda shift: Worker(Timer, environment, memory, shift, () if files else None, folders),
        reading=lambda folder: reading_worker(conditions.threads, limits.memory, files, (folder,), folders),
        seconds=limits.seconds,
    )


class LatencyPart(PlanPart):
    """Time one entry of each zoo, architecture by architecture."""

    measure: Literal["latency"]
    batch: Annotated[int, Field(ge=1)] = 1
    device: Annotated[str, Field(pattern=r"^(cpu|cuda(:[0-9]+)?)$")] = "cpu"
    threads: Annotated[int, Field(ge=1)] | None = None
    """As many as there are cores if left out."""
    target: Annotated[float, Field(gt=0, lt=0.5)] = 0.01
    time_limit: Annotated[float, Field(gt=0)] = 180.0
    sessions: Annotated[int, Field(ge=1, le=100, validation_alias=AliasChoices("sessions", "sittings"))] = 3
    """At least so many; version 1 of plans called them sittings."""
    networks: Literal["onnxruntime", "torch"] | None = "onnxruntime"
    torch: Literal["eager", "compiled"] = "eager"
    dtype: Dtype = "float32"

    def tasks(self, architecture: str, dataset: Dataset, zoos: Sequence[str]) -> list[Task]:
        """See :class:`PlanPart`."""
        rivals = plan.rivals(dataset, architecture, zoos)
        conditions = conditions_for(
            self.batch, self.device, self.threads or usable_cores(), self.target, self.time_limit, SEED,
            sessions=self.sessions, networks=self.networks, compiled=self.torch == "compiled",
            dtype=self.dtype,
        )  # fmt: skip
        return [LatencyTask(architecture, rivals, conditions)] if len(rivals) > 1 else []
