"""An architecture's page: everything the dataset knows of one design, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from zoodata.dataset.store import Dataset, path_of
from zoodata.discrepancy import measured
from zoodata.discrepancy.measured import Pair
from zoodata.discrepancy.networks import ComparedPair
from zoodata.discrepancy.replies import Answer
from zoodata.records import AccuracyMeasurement, ArchitectureMeasurement, LatencyMeasurement
from zoodata.records.base import without_weights
from zoodata.wording.checks import check as check_words
from zoodata_site.charts import Block
from zoodata_site.views.claims import ClaimView, ThenAndNow, then_and_now
from zoodata_site.views.compatibility import Compatibility, compatibility
from zoodata_site.views.drawing import blocks_of
from zoodata_site.views.entries import EntryView
from zoodata_site.views.evidence import Evidence, Run, of_collection, of_run
from zoodata_site.views.figures import BUILT, zoo_title
from zoodata_site.views.findings import FindingView, Replies
from zoodata_site.views.leaderboard import ArchitectureFindings
from zoodata_site.views.releases import ReleaseStep
from zoodata_site.views.withdrawn import Withdrawn
from zoodata_site.views.zoo import ChangeView


@dataclass(frozen=True)
class Measured:
    """One measured accuracy."""

    label: str
    zoo: str
    images: int
    top1: float
    low: float
    high: float
    doubts: tuple[str, ...]
    """Checks that failed, in words."""
    record: str


@dataclass(frozen=True)
class ComparedView:
    """Two networks beside each other."""

    pair: ComparedPair
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class ArchitectureView:
    """Everything on an architecture's page."""

    discrepancies: ArchitectureFindings
    entries: tuple[EntryView, ...]
    claims: tuple[ClaimView, ...]
    compared: tuple[ComparedView, ...]
    compatibility: Compatibility
    measured: tuple[Measured, ...]
    pairs: tuple[Pair, ...]
    """Measured accuracies over the same images."""
    history: tuple[ThenAndNow, ...]
    changes: tuple[ChangeView, ...]
    releases: tuple[tuple[ReleaseStep, str], ...]
    """What releases of its zoos changed: the step, and a sentence."""
    findings: tuple[FindingView, ...]
    replies: tuple[Answer, ...]
    gaps: tuple[EntryView, ...]
    claims_only: int
    """Entries of zoos whose models nothing here builds."""
    evidence: tuple[Evidence, ...]
    withdrawn: tuple[Withdrawn, ...]
    """Why earlier measurements of it no longer count."""

    @property
    def counts(self) -> list[tuple[EntryView, int]]:
        """The counted entries, those of one zoo with one network and preprocessing once: the first, and how many more
        there are."""
        rows: dict[object, list[EntryView]] = {}
        for entry in self.entries:
            if not entry.missing:
                alone = entry.entry if not entry.digest else None
                rows.setdefault((entry.zoo, entry.digest, entry.preprocessing, alone), []).append(entry)
        return [(entries[0], len(entries) - 1) for entries in rows.values()]

    @property
    def claims_by_zoo(self) -> list[tuple[str, list[ClaimView]]]:
        """Zoo to its claims, the zoos whose models are built here first."""
        zoos: dict[str, list[ClaimView]] = {}
        for claim in self.claims:
            zoos.setdefault(claim.zoo, []).append(claim)
        return sorted(zoos.items(), key=lambda item: (item[0] not in BUILT, zoo_title(item[0]).lower()))


@dataclass(frozen=True)
class Runs:
    """The measurements of one architecture."""

    architecture: tuple[ArchitectureMeasurement, ...]
    latency: tuple[LatencyMeasurement, ...]
    accuracy: tuple[AccuracyMeasurement, ...]


def architecture_view(
    dataset: Dataset,
    discrepancies: ArchitectureFindings,
    entries: tuple[EntryView, ...],
    claims: Sequence[ClaimView],
    runs: Runs,
    pairs: Sequence[Pair],
    changes: Sequence[ChangeView],
    releases: Sequence[tuple[ReleaseStep, str]],
    findings: Sequence[FindingView],
    replies: Replies,
    readable: set[str],
    withdrawn: tuple[Withdrawn, ...],
) -> ArchitectureView:
    """Put one architecture's page together."""
    compared = discrepancies.differences
    ids = [claim.id for claim in claims] + [pair.measurement for pair in compared]
    ids += [record.id for record in (*runs.architecture, *runs.latency, *runs.accuracy)]
    return ArchitectureView(
        discrepancies=discrepancies,
        entries=entries,
        claims=tuple(claims),
        compared=tuple(ComparedView(pair, blocks_of(pair.findings)) for pair in compared),
        compatibility=compatibility(entries, compared),
        measured=tuple(_measured(record) for record in runs.accuracy),
        pairs=tuple(pairs),
        history=then_and_now(claims),
        changes=tuple(changes),
        releases=tuple(releases),
        findings=tuple(findings),
        replies=replies.to(ids),
        gaps=tuple(entry for entry in entries if entry.missing and entry.zoo in readable),
        claims_only=sum(entry.zoo not in readable for entry in entries),
        evidence=_evidence(dataset, discrepancies, claims, runs),
        withdrawn=withdrawn,
    )


def runs_of(dataset: Dataset) -> Mapping[str, Runs]:
    """Architecture to its measurements: the newest outcome of each entry, and every run that pages show."""
    counts: dict[str, list[ArchitectureMeasurement]] = {}
    for entry, outcome in dataset.architecture_outcomes.items():
        if (mapped := dataset.architecture_of(entry)) is not None:
            counts.setdefault(mapped.id, []).append(outcome)
    times: dict[str, list[LatencyMeasurement]] = {}
    for timed in dataset.latency_measurements:
        if timed.samples:
            times.setdefault(timed.architecture, []).append(timed)
    accuracies: dict[str, list[AccuracyMeasurement]] = {}
    for record in measured.standing(dataset):
        if (mapped := dataset.architecture_of(record.entry)) is not None:
            accuracies.setdefault(mapped.id, []).append(record)
    return {
        name: Runs(tuple(counts.get(name, ())), tuple(times.get(name, ())), tuple(accuracies.get(name, ())))
        for name in dataset.architectures
    }


def _measured(record: AccuracyMeasurement) -> Measured:
    interval = measured.interval(record)
    zoo = without_weights(record.entry).partition(":")[0]
    assert record.result is not None
    return Measured(
        label=measured.label(record),
        zoo=zoo,
        images=interval.samples,
        top1=interval.value,
        low=interval.low,
        high=interval.high,
        doubts=tuple(check_words(check) for check in record.result.checks if not check.passed),
        record=path_of(record).as_posix(),
    )


def _evidence(
    dataset: Dataset, discrepancies: ArchitectureFindings, claims: Sequence[ClaimView], runs: Runs
) -> tuple[Evidence, ...]:
    """Every record that a number of the page rests on."""
    compared = [dataset.comparisons[pair.a, pair.b] for pair in discrepancies.differences]
    behind: list[Run] = [*runs.architecture, *runs.latency, *runs.accuracy, *compared]
    shown = [of_run(dataset, record) for record in behind]
    counts: dict[str, int] = {}
    for claim in claims:
        counts[claim.collection] = counts.get(claim.collection, 0) + 1
    collections = {collection.id: collection for collection in dataset.collections}
    name = discrepancies.architecture.id
    shown += [of_collection(collections[collection], name, count) for collection, count in sorted(counts.items())]
    return tuple(shown)
