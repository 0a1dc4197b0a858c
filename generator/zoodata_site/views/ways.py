"""How to run a model: every entry whose ways were timed, and what is fastest on each machine."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from statistics import median

from zoodata.dataset.store import Dataset
from zoodata.discrepancy import ways
from zoodata.discrepancy.ways import Ways
from zoodata.records import entry_zoo
from zoodata.wording.latency import machine
from zoodata.wording.ways import NAMES
from zoodata_site.views.figures import record_anchor


@dataclass(frozen=True)
class WaysView:
    """One entry's ways."""

    anchor: str
    zoo: str
    architecture: str
    """Empty for an entry that is not in the catalogue."""
    ways: Ways


@dataclass(frozen=True)
class Winner:
    """What is fastest for most entries on one machine."""

    machine: str
    how: str
    count: int
    entries: int
    middle: float | None
    """Median of their ratios; None where that is the model as it is built."""


def ways_views(dataset: Dataset) -> tuple[WaysView, ...]:
    """All of them, by entry."""
    views = []
    for found in ways.current(dataset):
        mapped = dataset.architecture_of(found.entry)
        views.append(WaysView(record_anchor(found.record), entry_zoo(found.entry), mapped.id if mapped else "", found))
    return tuple(views)


def winners(views: tuple[WaysView, ...]) -> list[Winner]:
    """The commonest fastest way of each machine."""
    by_machine: dict[str, list[Ways]] = defaultdict(list)
    for view in views:
        by_machine[machine(view.ways.machine)].append(view.ways)
    found = []
    for name, runs in sorted(by_machine.items()):
        way, count = Counter(run.fastest.way for run in runs).most_common(1)[0]
        ratios = [run.fastest.ratio for run in runs if run.fastest.way == way]
        how = NAMES[way] if way == "as_built" else f"by way of {NAMES[way]}"
        found.append(Winner(name, how, count, len(runs), None if way == "as_built" else median(ratios)))
    return found
