"""Planning: from what a user asks for to tasks, and which of them a dataset already holds.

Task keys name what is measured and where (environment), so a sweep that was killed goes on where it
stopped, and running it twice measures nothing twice.
"""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Iterable
from dataclasses import dataclass

from zoodata.dataset.store import Dataset
from zoodata.measure.architecture import public_name
from zoodata.measure.environment import capture
from zoodata.records import PERSONAL_ZOOS, Architecture, Environment, entry_zoo
from zoodata.records.measurement import LatencyConditions
from zoodata.zoos import registry
from zoodata.zoos.base import UnknownEntry

# Reasons that another try may overcome; a sweep takes such tasks up again.
WORTH_ANOTHER_TRY = {"needs_download", "not_installed", "out_of_memory", "timed_out", "crashed"}


@dataclass(frozen=True)
class ArchitectureTask:
    """Count one entry."""

    entry: str
    keep_network: bool = True
    """Whether its network is stored too; a sweep over a whole zoo keeps only the catalogue's."""

    @property
    def zoo(self) -> str:
        """The zoo whose worker does it."""
        return entry_zoo(self.entry)

    def is_done(self, dataset: Dataset, environment: Environment) -> bool:
        """Whether the dataset holds an outcome of this task in this environment that need not be retried.

        A user's own model may have changed, and another may bear its name: it is never done.
        """
        if self.zoo in PERSONAL_ZOOS:
            return False
        name = public_name(self.entry)
        return any(
            record.entry == name
            and record.environment == environment.id
            and (record.missing is None or record.missing.reason not in WORTH_ANOTHER_TRY)
            for record in dataset.architecture_measurements
        )


@dataclass(frozen=True)
class ComparisonTask:
    """Compare the networks of two entries."""

    architecture: str
    a: str
    b: str

    def is_done(self, dataset: Dataset, environment: Environment) -> bool:
        """Whether the dataset holds their comparison in this environment."""
        if any(entry_zoo(entry) in PERSONAL_ZOOS for entry in (self.a, self.b)):
            return False
        record = dataset.comparisons.get((public_name(self.a), public_name(self.b)))
        return record is not None and record.environment == environment.id and record.result is not None


def comparisons(dataset: Dataset, architecture: str | None = None) -> list[ComparisonTask]:
    """Every pair of entries of one architecture, or of each architecture of the catalogue."""
    names = [architecture_named(dataset, architecture).id] if architecture else list(dataset.architectures)
    return [
        ComparisonTask(name, a, b)
        for name in names
        for a, b in itertools.combinations(catalogue_entries(dataset, name), 2)
    ]


@dataclass(frozen=True)
class LatencyTask:
    """Time the entries of one architecture against the first of them."""

    architecture: str
    entries: tuple[str, ...]
    conditions: LatencyConditions

    def is_done(self, dataset: Dataset, environment: Environment) -> bool:
        """Whether the dataset holds a run of these entries under these conditions in this environment."""
        if any(entry_zoo(entry) in PERSONAL_ZOOS for entry in self.entries):
            return False
        wanted = {public_name(entry) for entry in self.entries}
        return any(
            record.architecture == self.architecture
            and record.environment == environment.id
            and record.samples
            and wanted == _asked(record.participants, record.missing)
            and record.conditions == self.conditions
            for record in dataset.latency_measurements
        )


def environments(entries: Iterable[str]) -> dict[str, Environment]:
    """Zoo name to the environment in which its entries are measured."""
    return {name: capture(registry.get(name).packages) for name in {entry_zoo(entry) for entry in entries}}


def shared_environment(entries: Iterable[str]) -> Environment:
    """The environment of a measurement that involves all these entries."""
    zoos = {entry_zoo(entry) for entry in entries}
    return capture(package for name in zoos for package in registry.get(name).packages)


def catalogue_entries(dataset: Dataset, architecture: str | None = None) -> list[str]:
    """Entries of the catalogue, or of one architecture of it, that are not known to be unavailable.

    Raises:
        UnknownEntry: for an architecture that is not in the catalogue.
    """
    chosen = [architecture_named(dataset, architecture)] if architecture else dataset.architectures.values()
    return [item.entry for a in chosen for item in a.entries if item.unavailable is None]


def architecture_named(dataset: Dataset, name: str) -> Architecture:
    """An architecture of the catalogue.

    Raises:
        UnknownEntry: with the closest name there is.
    """
    if name in dataset.architectures:
        return dataset.architectures[name]
    close = difflib.get_close_matches(name, dataset.architectures, 1)
    hint = f"; did you mean {close[0]}?" if close else f"; it has {', '.join(dataset.architectures)}"
    raise UnknownEntry(f"the catalogue has no architecture {name!r}{hint}")


def _asked(participants: Iterable, missing: Iterable) -> set[str]:
    return {p.entry for p in participants} | {m.entry for m in missing}
