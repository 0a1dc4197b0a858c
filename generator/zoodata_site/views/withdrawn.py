"""Measurements that no longer count: the history of an architecture's page."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from zoodata.dataset.store import Dataset, path_of
from zoodata.records import Supersession
from zoodata.wording.supersession import REASONS
from zoodata_site.views.figures import record_href


@dataclass(frozen=True)
class Withdrawn:
    """What one supersession says of an architecture's measurements."""

    day: str
    records: int
    reason: str
    text: str
    href: str
    """Of the supersession, from the top of the site: it names every record."""


def withdrawn(dataset: Dataset) -> Mapping[str, tuple[Withdrawn, ...]]:
    """Architecture to why measurements of it no longer count, the newest first."""
    counts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    by_id: dict[str, Supersession] = {}
    for record in dataset.entries_history():
        if (said := dataset.supersessions.get(record.id)) is None:
            continue
        by_id[said.id] = said
        mapped = (dataset.architecture_of(entry) for entry in record.entries)
        for name in {architecture.id for architecture in mapped if architecture is not None}:
            counts[name][said.id] += 1
    return {name: _sorted(by_id, own) for name, own in counts.items()}


def _sorted(by_id: Mapping[str, Supersession], own: Mapping[str, int]) -> tuple[Withdrawn, ...]:
    """The newest first."""
    said = sorted((by_id[id] for id in own), key=lambda one: (one.said_on, one.id), reverse=True)
    return tuple(
        Withdrawn(one.said_on, own[one.id], REASONS[one.reason], one.text, record_href(path_of(one).as_posix()))
        for one in said
    )
