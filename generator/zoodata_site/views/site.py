"""The content of the whole site, computed once from one reading of the dataset."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from zoodata.collectors.history import changes
from zoodata.dataset.store import Dataset
from zoodata.dataset.version import newest, version
from zoodata.discrepancy import accuracy, latency, macs, measured
from zoodata.discrepancy.accuracy import AccuracyRange, Kind, Span
from zoodata.discrepancy.audit import audit
from zoodata.discrepancy.authors import nearest
from zoodata.discrepancy.choice import Choices, choices
from zoodata.discrepancy.latency import Machines
from zoodata.discrepancy.latency_run import LatencyRange
from zoodata.discrepancy.macs import MacsRange
from zoodata.discrepancy.measured import Pair
from zoodata.discrepancy.networks import compared_pairs
from zoodata.discrepancy.paper import Reproduction, reproduce
from zoodata.records import Architecture, entry_zoo
from zoodata.records.base import without_weights
from zoodata.wording.obstacles import worded
from zoodata.wording.ranges import KINDS
from zoodata_site.views import claims as claim_views
from zoodata_site.views.architecture import ArchitectureView, architecture_view, runs_of
from zoodata_site.views.causes import Causes
from zoodata_site.views.entries import EntryView, entry_view
from zoodata_site.views.figures import BUILT
from zoodata_site.views.findings import FindingView, Replies, finding_views
from zoodata_site.views.leaderboard import ArchitectureFindings, Headline, Row, headlines, order, row
from zoodata_site.views.measured import MeasuredSet, measured_sets
from zoodata_site.views.releases import ReleaseStep, lines_of_architectures, release_steps
from zoodata_site.views.ways import WaysView, ways_views
from zoodata_site.views.withdrawn import withdrawn
from zoodata_site.views.zoo import ChangeView, ZooView, change_view, zoo_views


@dataclass(frozen=True)
class Site:
    """The views of all pages."""

    rows: tuple[Row, ...]
    families: tuple[tuple[str, str], ...]
    """Id and title of each family."""
    headlines: dict[str, tuple[Headline, ...]]
    architectures: tuple[ArchitectureView, ...]
    zoos: tuple[ZooView, ...]
    accuracy: tuple[AccuracyRange, ...]
    """The claims of 2022."""
    today: tuple[AccuracyRange, ...]
    ranges: dict[Kind, tuple[tuple[AccuracyRange, Span], ...]]
    """Of today's claims: for each kind of range the architectures that have one."""
    left_out: dict[str, int]
    """Why claims are in no comparable range, in words, and how many."""
    """Today's claims, where some may be compared."""
    macs: tuple[MacsRange, ...]
    latency: tuple[tuple[LatencyRange, Machines | None], ...]
    """The ranked runs that show a difference, and what holds across machines."""
    measured: tuple[Pair, ...]
    """Measured accuracies of any two over the same images."""
    measured_sets: tuple[MeasuredSet, ...]
    choices: Choices
    ways: tuple[WaysView, ...]
    """The ways to run a model, of each entry whose ways were timed."""
    findings: tuple[FindingView, ...]
    paper: Reproduction
    claims: int
    measurements: int
    version: str
    newest: str


def make(dataset: Dataset) -> Site:
    """Compute every page's content."""
    architectures = _discrepancies(dataset)
    replies = Replies(dataset)
    audited = audit(dataset)
    findings = finding_views(audited, replies)
    shown_claims = claim_views.by_architecture(dataset)
    entries = _entries(dataset)
    releases = release_steps(dataset)
    released = lines_of_architectures(releases)
    pages = _pages(dataset, architectures, entries, shown_claims, findings, replies, released)
    by_zoo: dict[str, list[tuple[Architecture, EntryView]]] = defaultdict(list)
    for page in pages:
        for entry in page.entries:
            by_zoo[entry.zoo].append((page.discrepancies.architecture, entry))
    doubted: dict[str, str] = {}
    for finding, raw in zip(findings, audited, strict=True):
        for claim in raw.claims if raw.grade == "error" else ():
            doubted.setdefault(claim, finding.text)
    pairs = measured.pairs(dataset)
    ranked = [item.today for item in architectures if item.today and item.today.comparable]
    compared = [pair for item in architectures for pair in item.differences]
    runs = len(dataset.architecture_measurements) + len(dataset.latency_measurements)
    return Site(
        rows=tuple(sorted(map(row, architectures), key=order)),
        families=tuple((family.id, family.title) for family in dataset.families),
        headlines=headlines(architectures, Causes(dataset, doubted)),
        architectures=tuple(pages),
        zoos=zoo_views(dataset, by_zoo, compared, findings, releases),
        accuracy=tuple(accuracy.rank(dataset, "top1", "2022")),
        today=tuple(sorted(ranked, key=lambda r: (-r.shown.points, r.architecture))),
        ranges=_ranges(architectures),
        left_out=worded(accuracy.left_out(item.today for item in architectures if item.today)),
        macs=tuple(sorted((i.macs for i in architectures if i.macs), key=lambda r: (-r.ratio, r.architecture))),
        latency=tuple(
            sorted(
                (
                    (i.latency, i.machines)
                    for i in architectures
                    if i.latency and i.latency.is_ranked and i.latency.is_difference
                ),
                key=lambda pair: (-pair[0].ratio, pair[0].architecture),
            )
        ),
        measured=tuple(pairs),
        measured_sets=measured_sets(dataset, pairs),
        choices=choices(dataset, [item.latency for item in architectures if item.latency]),
        ways=ways_views(dataset),
        findings=tuple(findings),
        paper=reproduce(dataset),
        claims=len(dataset.claims),
        measurements=runs + len(dataset.comparisons) + len(dataset.accuracy_measurements),
        version=version(dataset),
        newest=newest(dataset) or "never",
    )


def _ranges(architectures: Sequence[ArchitectureFindings]) -> dict[Kind, tuple[tuple[AccuracyRange, Span], ...]]:
    """For each kind of range the architectures that have one, the widest first."""
    today = [item.today for item in architectures if item.today is not None]
    found = {kind: [(r, span) for r in today if (span := r.of_kind(kind)) is not None] for kind in KINDS}
    return {
        kind: tuple(sorted(pairs, key=lambda pair: (-pair[1].points, pair[0].architecture)))
        for kind, pairs in found.items()
    }


def _discrepancies(dataset: Dataset) -> list[ArchitectureFindings]:
    """What is known of each architecture, in the catalogue's order."""
    by_paper = {ranked.architecture: ranked for ranked in accuracy.rank(dataset, "top1", "2022")}
    by_today = {ranked.architecture: ranked for ranked in accuracy.rank(dataset, "top1", "today")}
    by_macs = {ranked.architecture: ranked for ranked in macs.rank(dataset)}
    ranked_times = latency.rank(dataset)
    by_latency = {ranked.architecture: ranked for ranked in ranked_times}
    machines = latency.across(dataset, ranked_times)
    elsewhere: dict[str, list[LatencyRange]] = defaultdict(list)
    for run in latency.elsewhere(dataset):
        elsewhere[run.architecture].append(run)
    compared = compared_pairs(dataset)
    claimed: dict[str, int] = defaultdict(int)
    for claim in dataset.claims:
        if (mapped := dataset.architecture_of(claim.entry)) is not None:
            claimed[mapped.id] += 1
    return [
        ArchitectureFindings(
            architecture=architecture,
            family=family.id,
            paper=by_paper.get(architecture.id),
            today=by_today.get(architecture.id),
            macs=by_macs.get(architecture.id),
            latency=by_latency.get(architecture.id),
            elsewhere=tuple(elsewhere[architecture.id]),
            machines=machines.get(architecture.id),
            differences=tuple(compared.get(architecture.id, ())),
            authors=nearest(dataset, architecture),
            claims=claimed[architecture.id],
        )
        for family in dataset.families
        for architecture in family.architectures
    ]


def _entries(dataset: Dataset) -> dict[str, tuple[EntryView, ...]]:
    """Architecture to the views of its entries."""
    weights: dict[str, dict[str, None]] = defaultdict(dict)
    for claim in dataset.claims:
        if "@" in claim.entry:
            weights[without_weights(claim.entry)][claim.entry.partition("@")[2]] = None
    return {
        architecture.id: tuple(
            entry_view(item, dataset.architecture_outcomes.get(item.entry), tuple(weights.get(item.entry, ())))
            for item in architecture.entries
        )
        for architecture in dataset.architectures.values()
    }


def _pages(
    dataset: Dataset,
    architectures: list[ArchitectureFindings],
    entries: dict[str, tuple[EntryView, ...]],
    claims: dict[str, list[claim_views.ClaimView]],
    findings: list[FindingView],
    replies: Replies,
    released: Mapping[str, Sequence[tuple[ReleaseStep, str]]],
) -> list[ArchitectureView]:
    buildable = {entry_zoo(name) for name, (_, item) in dataset.catalogue_entries.items() if item.unavailable is None}
    readable = buildable | set(BUILT)
    runs, pairs, history = runs_of(dataset), measured.pairs(dataset), withdrawn(dataset)
    doubted: dict[str | None, list[FindingView]] = defaultdict(list)
    for finding in findings:
        doubted[finding.architecture].append(finding)
    changed: dict[str | None, list[ChangeView]] = defaultdict(list)
    for change in changes(dataset.collections):
        view = change_view(dataset, change)
        changed[view.architecture].append(view)
    pages = []
    for item in architectures:
        name = item.architecture.id
        own = {entry.entry for entry in entries[name]}
        shown = [p for p in pairs if {without_weights(p.entry_a), without_weights(p.entry_b)} <= own]
        pages.append(
            architecture_view(
                dataset,
                item,
                entries[name],
                claims.get(name, ()),
                runs[name],
                shown,
                changed[name],
                released.get(name, ()),
                doubted[name],
                replies,
                readable,
                history.get(name, ()),
            )
        )
    return pages
