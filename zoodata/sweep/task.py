"""What a task is: one cell of the dataset. A task says what it measures, whether that is done, and how to do it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from zoodata.dataset.store import Dataset
from zoodata.isolation import Worker
from zoodata.measure.host import Host
from zoodata.records import Environment
from zoodata.records.base import Measurement, StoredRecord

WORTH_ANOTHER_TRY = {"needs_download", "not_installed", "out_of_memory", "timed_out", "crashed"}
"""Reasons that another try may overcome; a sweep takes such tasks up again."""

Say = Callable[[str], None]


@dataclass(frozen=True)
class Limits:
    """What one task may use."""

    seconds: float = 600.0
    """For one answer of a worker: a network, a comparison, the building of a model, a repetition."""
    memory: int | None = None
    """Bytes of one process; None for four fifths of the machine's."""
    threads: int = 1
    """Of a worker that is not timed."""


@dataclass(frozen=True)
class Needs:
    """The hardware that a task has to itself."""

    alone: bool = False
    """Whether nothing else of ours may run on the machine meanwhile."""
    cores: int = 1
    gpu: bool = False


class Bench(Protocol):
    """What a task measures with."""

    limits: Limits
    say: Say

    def reader(self, entries: Sequence[str], files: tuple[Path, ...] = ()) -> Worker[Host]:
        """A worker that reads the networks of these entries, shared with other tasks.

        It is confined where it opens files that are not ours.
        """


@dataclass(frozen=True)
class Outcome:
    """A task and what it came to: the record, and those it refers to, to be stored before it."""

    task: Task
    record: Measurement
    beside: tuple[StoredRecord, ...]
    is_kept: bool = True
    """Whether the record is stored; one of a private checkpoint is not."""


class Task(Protocol):
    """One cell of the dataset. Implementations are frozen dataclasses, equal if they measure the same."""

    @property
    def kind(self) -> str:
        """The measurement that it makes, as records call it."""

    @property
    def label(self) -> str:
        """The task in a few words."""

    @property
    def entries(self) -> tuple[str, ...]:
        """What it measures."""

    @property
    def group(self) -> str:
        """Tasks of one kind and group load the same, and share a worker process."""

    def needs(self, limits: Limits) -> Needs:
        """The hardware that it asks for."""

    def is_done(self, dataset: Dataset, environment: Environment | None) -> bool:
        """Whether the dataset holds an outcome in this (None: in any) environment that need not be retried."""

    def measure(self, bench: Bench, environment: Environment) -> Outcome:
        """Do it. What cannot be measured is an outcome with the reason."""

    def summary(self, record: Measurement) -> str:
        """What came of it, in a few words."""
