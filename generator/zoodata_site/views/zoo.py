"""A zoo's page: its scorecard, how complete its documentation is, how fresh, and what does not hold."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from zoodata.collectors.history import Change, changes
from zoodata.dataset.store import Dataset
from zoodata.dataset.tables import source_text
from zoodata.discrepancy import accuracy
from zoodata.discrepancy.networks import ComparedPair
from zoodata.records import Architecture, entry_zoo
from zoodata.records.base import without_weights
from zoodata_site.views.entries import EntryView
from zoodata_site.views.figures import METRICS, ZOO_TITLES, zoo_title
from zoodata_site.views.findings import FindingView
from zoodata_site.views.releases import ReleaseStep

ASPECTS = (*METRICS.values(), "recipe", "checkpoint", "licence")
"""What a zoo can document about an entry."""


@dataclass(frozen=True)
class Reading:
    """One document of a zoo that was read."""

    title: str
    id: str
    day: str
    claims: int


@dataclass(frozen=True)
class ChangeView:
    """A number that a zoo changed between two readings of one document."""

    entry: str
    architecture: str | None
    metric: str
    before: str
    after: str
    was: str
    now: str


@dataclass(frozen=True)
class ZooView:
    """Everything on a zoo's page."""

    name: str
    title: str
    entries: tuple[tuple[Architecture, EntryView], ...]
    highest: tuple[int, int]
    lowest: tuple[int, int]
    counted: int
    claims: int
    documented: tuple[float, ...] | None
    """Part of its entries that it documents, for each of the aspects; None where none of its documents was read."""
    verdicts: Mapping[str, int]
    """How its networks compare with other zoos' of the same architecture."""
    readings: tuple[Reading, ...]
    changes: tuple[ChangeView, ...]
    releases: tuple[ReleaseStep, ...]
    """What its releases changed, the newest first."""
    findings: tuple[FindingView, ...]
    """Errors first."""
    errors: int
    """How many of them are errors."""

    @property
    def last_read(self) -> str:
        """The day of the newest reading that kept its day."""
        return max((reading.day for reading in self.readings if reading.day[:1].isdigit()), default="date unknown")


def change_view(dataset: Dataset, change: Change) -> ChangeView:
    """A change as pages show it."""
    mapped = dataset.architecture_of(change.entry)
    return ChangeView(
        change.entry, mapped.id if mapped else None, METRICS[change.metric],
        f"{change.before.stated} {change.before.stated_unit}", f"{change.after.stated} {change.after.stated_unit}",
        source_text(change.before), source_text(change.after),
    )  # fmt: skip


def zoo_views(
    dataset: Dataset,
    entries: Mapping[str, Sequence[tuple[Architecture, EntryView]]],
    compared: Iterable[ComparedPair],
    findings: Sequence[FindingView],
    releases: Mapping[str, Sequence[ReleaseStep]],
) -> tuple[ZooView, ...]:
    """The views of all zoos, those built here first."""
    extremes = accuracy.extremes(dataset, "top1", "2022")
    claims, aspects = _documented(dataset)
    verdicts: dict[str, dict[str, int]] = defaultdict(dict)
    for pair in compared:
        for zoo in {entry_zoo(pair.a), entry_zoo(pair.b)}:
            verdicts[zoo][pair.verdict] = verdicts[zoo].get(pair.verdict, 0) + 1
    readings = _readings(dataset)
    changed: dict[str, list[ChangeView]] = defaultdict(list)
    for change in changes(dataset.collections):
        changed[entry_zoo(change.entry)].append(change_view(dataset, change))
    doubted: dict[str, list[FindingView]] = defaultdict(list)
    for finding in findings:
        doubted[finding.zoo].append(finding)
    ordered = [name for name in ZOO_TITLES if name in entries] + [name for name in entries if name not in ZOO_TITLES]
    views = []
    for name in ordered:
        own = entries[name]
        ends = extremes.get(name, {"highest": (0, 0), "lowest": (0, 0)})
        shares = tuple(len(aspects[name, aspect]) / len(own) for aspect in ASPECTS) if name in readings else None
        views.append(
            ZooView(
                name=name,
                title=zoo_title(name),
                entries=tuple(own),
                highest=ends["highest"],
                lowest=ends["lowest"],
                counted=sum(entry.macs is not None for _, entry in own),
                claims=claims.get(name, 0),
                documented=shares,
                verdicts=verdicts.get(name, {}),
                readings=tuple(readings.get(name, ())),
                changes=tuple(changed.get(name, ())),
                releases=tuple(releases.get(name, ())),
                findings=tuple(doubted.get(name, ())),
                errors=sum(finding.grade == "error" for finding in doubted.get(name, ())),
            )
        )
    return tuple(views)


def _documented(dataset: Dataset) -> tuple[dict[str, int], dict[tuple[str, str], set[str]]]:
    """Zoo to number of claims about its catalogue entries; zoo and aspect to the entries that have it."""
    counts: dict[str, int] = defaultdict(int)
    metrics: dict[tuple[str, str], set[str]] = defaultdict(set)
    for claim in dataset.claims:
        entry = without_weights(claim.entry)
        if entry not in dataset.catalogue_entries:
            continue
        zoo = entry_zoo(entry)
        counts[zoo] += 1
        sized = claim.conditions.input_size or claim.metric == "input_size"
        said: dict[str, object] = {METRICS[claim.metric]: True, METRICS["input_size"]: sized}
        said |= {"recipe": claim.conditions.recipe, "checkpoint": claim.checkpoint, "licence": claim.licence}
        for aspect, there in said.items():
            if there:
                metrics[zoo, aspect].add(entry)
    return dict(counts), metrics


def _readings(dataset: Dataset) -> dict[str, list[Reading]]:
    readings: dict[str, list[Reading]] = defaultdict(list)
    for collection in dataset.collections:
        counts: dict[str, int] = defaultdict(int)
        for claim in collection.claims:
            counts[entry_zoo(claim.entry)] += 1
        for zoo, count in counts.items():
            day = (collection.collected_on or "")[:10] or "date unknown"
            readings[zoo].append(Reading(collection.title, collection.id, day, count))
    return readings
