"""Sweeping over pairs of networks: two entries compared and proved a task."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from zoodata.dataset.store import Dataset
from zoodata.measure import comparison
from zoodata.measure.architecture import public_name
from zoodata.records import ComparisonMeasurement, Environment, entry_zoo, is_personal
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
        """See :class:`Task`. Pairs of the same zoos share a worker: importing frameworks takes longer than reading."""
        return " ".join(sorted({entry_zoo(self.a), entry_zoo(self.b)}))

    def needs(self, limits: Limits) -> Needs:
        """See :class:`Task`."""
        return Needs(cores=limits.threads)

    def is_done(self, dataset: Dataset, environment: Environment | None) -> bool:
        """See :class:`Task`."""
        if any(map(is_personal, self.entries)):
            return False
        digests = dataset.digests_of(self.a, self.b)
        record = dataset.comparisons.get((public_name(self.a), public_name(self.b)))
        if record is None:
            record = dataset.comparisons_by_digests.get(digests)
        if record is None or record.result is None:
            return False
        return environment is None or digests == {record.result.digest_a, record.result.digest_b}

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


MOST_PAIRWISE = 6
"""Networks of an architecture that are compared each with each; of more, each is compared with the commonest."""


def all_pairs(dataset: Dataset, architecture: str | None = None) -> list[ComparisonTask]:
    """The pairs of networks to compare of one architecture, or of each of the catalogue.

    Entries that have one network are one: what is found of it holds for all of them.
    """
    names = [plan.architecture_named(dataset, architecture).id] if architecture else list(dataset.architectures)
    return [ComparisonTask(name, a, b) for name in names for a, b in _pairs(dataset, name)]


def _pairs(dataset: Dataset, architecture: str) -> Iterator[tuple[str, str]]:
    by_network: dict[frozenset[str], list[str]] = {}
    for entry in plan.catalogue_entries(dataset, architecture):
        by_network.setdefault(dataset.digests_of(entry), []).append(entry)
    firsts = [entries[0] for entries in by_network.values()]
    if len(firsts) <= MOST_PAIRWISE:
        yield from itertools.combinations(firsts, 2)
        return
    commonest = max(by_network.values(), key=lambda entries: len({entry_zoo(entry) for entry in entries}))[0]
    yield from ((commonest, other) for other in firsts if other != commonest)


class ComparisonPart(PlanPart):
    """Compare and prove pairs of networks."""

    measure: Literal["comparison"]

    def tasks(self, architecture: str, dataset: Dataset, zoos: Sequence[str]) -> list[Task]:
        """See :class:`PlanPart`."""
        entries = set(entries_of(dataset, architecture, zoos))
        return [task for task in all_pairs(dataset, architecture) if {task.a, task.b} <= entries]
