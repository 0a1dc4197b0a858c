"""Planning: from what a user asks for to tasks."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

from zoodata.dataset.store import Dataset
from zoodata.records import Architecture, Environment, entry_zoo
from zoodata.sweep.perform import environment_of
from zoodata.sweep.task import Task
from zoodata.zoos import registry
from zoodata.zoos.base import UnknownEntry


def outstanding(tasks: Iterable[Task], dataset: Dataset, anywhere: bool = False) -> list[Task]:
    """Tasks that the dataset does not hold in the environment they would run in here (or in any)."""
    known: dict[frozenset[str], Environment] = {}

    def environment(task: Task) -> Environment | None:
        if anywhere:
            return None
        zoos = frozenset(map(entry_zoo, task.entries))
        if zoos not in known:
            known[zoos] = environment_of(task)
        return known[zoos]

    return [task for task in tasks if not task.is_done(dataset, environment(task))]


def catalogue_entries(dataset: Dataset, architecture: str | None = None) -> list[str]:
    """Entries of the catalogue, or of one architecture of it, that are not known to be unavailable.

    Raises:
        UnknownEntry: for an architecture that is not in the catalogue.
    """
    chosen = [architecture_named(dataset, architecture)] if architecture else dataset.architectures.values()
    return [item.entry for a in chosen for item in a.entries if item.unavailable is None]


def rivals(dataset: Dataset, architecture: str, zoos: Sequence[str]) -> tuple[str, ...]:
    """The entry of each of these zoos that stands for an architecture: the first that the catalogue names."""
    first: dict[str, str] = {}
    for entry in catalogue_entries(dataset, architecture):
        if entry_zoo(entry) in zoos:
            first.setdefault(entry_zoo(entry), entry)
    return tuple(first[zoo] for zoo in registry.OWN if zoo in first) + tuple(
        entry for zoo, entry in first.items() if zoo not in registry.OWN
    )


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
