"""The leaderboard: a row an architecture, and the largest discrepancies of each kind with their causes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from zoodata.discrepancy.accuracy import AccuracyRange, Span
from zoodata.discrepancy.authors import AuthorsOwn
from zoodata.discrepancy.latency import Machines
from zoodata.discrepancy.latency_run import LatencyRange
from zoodata.discrepancy.macs import MacsRange
from zoodata.discrepancy.networks import ComparedPair
from zoodata.records import Architecture, entry_zoo
from zoodata.records.comparison import GRAVITY
from zoodata.wording.latency import across, interval
from zoodata_site.views.causes import Causes
from zoodata_site.views.figures import Figure, claim_anchor, record_anchor, zoo_title

HEADLINES = 10
"""Of each kind, the largest."""


@dataclass(frozen=True)
class ArchitectureFindings:
    """Everything known of how much the zoos' versions of one architecture differ."""

    architecture: Architecture
    family: str
    paper: AccuracyRange | None
    """Of the claims of 2022."""
    today: AccuracyRange | None
    macs: MacsRange | None
    latency: LatencyRange | None
    """The leading run."""
    elsewhere: tuple[LatencyRange, ...]
    """Runs of other machines."""
    machines: Machines | None
    """What holds across machines; None with a single one."""
    differences: tuple[ComparedPair, ...]
    authors: AuthorsOwn | None
    """How near each zoo is to the version of the paper's authors."""
    claims: int


@dataclass(frozen=True)
class Row:
    """One architecture on the leaderboard."""

    id: str
    title: str
    family: str
    year: int
    zoos: tuple[str, ...]
    severity: str | None
    """The gravest verdict among compared networks; None where none were compared."""
    pairs: int
    size: int | None
    """Parameters of the smallest version counted here."""
    today: Figure | None
    """Of comparable claims, in points."""
    today_note: str
    naive: Figure | None
    """Of all claims of today."""
    paper: Figure | None
    """Of the claims of 2022."""
    paper_note: str
    macs: Figure | None
    macs_note: str
    parameters: Figure | None
    latency: Figure | None
    latency_note: str
    evidence: str
    records: int
    """Claims, counts, comparisons and runs that the row rests on."""


@dataclass(frozen=True)
class Headline:
    """One of the largest discrepancies."""

    title: str
    href: str
    size: str
    between: str
    cause: str


def row(discrepancies: ArchitectureFindings) -> Row:
    """The leaderboard's row of an architecture."""
    architecture, compute, time = discrepancies.architecture, discrepancies.macs, discrepancies.latency
    page = f"architectures/{architecture.id}.html"
    today = discrepancies.today.comparable if discrepancies.today else None
    verdicts = [pair.verdict for pair in discrepancies.differences]
    return Row(
        id=architecture.id,
        title=architecture.title,
        family=discrepancies.family,
        year=architecture.paper.year,
        zoos=tuple(dict.fromkeys(entry_zoo(item.entry) for item in architecture.entries)),
        severity=max(verdicts, key=lambda verdict: GRAVITY[verdict], default=None),
        pairs=len(verdicts),
        size=min((entry.parameters for entry in compute.entries), default=None) if compute else None,
        today=_points(today, page) if today else None,
        today_note=_claimants(today) if today else "",
        naive=_points(discrepancies.today.naive, page) if discrepancies.today else None,
        paper=_points(discrepancies.paper.naive, page) if discrepancies.paper else None,
        paper_note=_claimants(discrepancies.paper.naive) if discrepancies.paper else "",
        macs=_figure(f"{compute.ratio:.2f}", compute.ratio, page, compute.highest.record) if compute else None,
        macs_note=_ends(compute) if compute else "",
        parameters=_figure(f"{compute.parameter_difference:,}", compute.parameter_difference, page,
                           compute.highest.record) if compute else None,
        latency=_figure(f"{time.ratio:.2f}", time.ratio, page, time.record) if time and time.is_ranked else None,
        latency_note=_latency_note(time, discrepancies.machines) if time and time.is_ranked else "",
        evidence=_evidence(discrepancies),
        records=_records(discrepancies),
    )  # fmt: skip


def order(item: Row) -> tuple[float, float, str]:
    """Widest comparable range first, then what has only naive ones."""
    return (
        -(item.today.value or 0.0) if item.today else 0.0,
        -(item.naive.value or 0.0) if item.naive else 0.0,
        item.title,
    )


def headlines(architectures: Sequence[ArchitectureFindings], causes: Causes) -> dict[str, tuple[Headline, ...]]:
    """The largest discrepancies in accuracy (comparable claims), time and compute, each with its cause."""
    wide = [item for item in architectures if item.today and item.today.comparable]
    wide.sort(key=lambda item: -item.today.comparable.points if item.today and item.today.comparable else 0.0)
    slow = [item for item in architectures if item.latency and item.latency.is_ranked and item.latency.is_difference]
    slow.sort(key=lambda item: -item.latency.ratio if item.latency else 0.0)
    costly = sorted((i for i in architectures if i.macs and i.macs.ratio > 1), key=lambda i: -i.macs.ratio)  # type: ignore[union-attr]
    return {
        "accuracy": tuple(_accurate(item, causes) for item in wide[:HEADLINES]),
        "latency": tuple(_timed(item, causes) for item in slow[:HEADLINES]),
        "architecture": tuple(_counted(item, causes) for item in costly[:HEADLINES]),
    }


def _page(item: ArchitectureFindings, anchor: str) -> str:
    return f"architectures/{item.architecture.id}.html#{anchor}"


def _accurate(item: ArchitectureFindings, causes: Causes) -> Headline:
    assert item.today is not None and item.today.comparable is not None
    span = item.today.comparable
    between = (
        f"{zoo_title(span.highest.zoo)} {span.highest.value:.2f} %, {zoo_title(span.lowest.zoo)} "
        f"{span.lowest.value:.2f} %, at {span.input_size} px"
    )
    href = _page(item, claim_anchor(span.highest.claim))
    return Headline(item.architecture.title, href, f"{span.points:.2f} points", between, causes.of_accuracy(span))


def _timed(item: ArchitectureFindings, causes: Causes) -> Headline:
    assert item.latency is not None
    timed = item.latency
    between = f"{zoo_title(entry_zoo(timed.slowest))} over {zoo_title(entry_zoo(timed.fastest))}, "
    seen = across(item.machines.ends) if item.machines and item.machines.ends else f"on {timed.machine}"
    between += f"{interval(timed.low, timed.high, 2)}; {seen}"
    return Headline(item.architecture.title, _page(item, "latency"), f"{timed.ratio:.2f} times", between,
                    causes.of_latency(timed))  # fmt: skip


def _counted(item: ArchitectureFindings, causes: Causes) -> Headline:
    assert item.macs is not None
    ratio = item.macs
    between = f"{zoo_title(ratio.highest.zoo)} over {zoo_title(ratio.lowest.zoo)}, at {ratio.input_size} px"
    return Headline(item.architecture.title, _page(item, "counts"), f"{ratio.ratio:.2f} times the compute", between,
                    causes.of_macs(ratio))  # fmt: skip


def _figure(text: str, value: float, page: str, record: str) -> Figure:
    return Figure(text, f"{page}#{record_anchor(record)}", value=value)


def _points(span: Span, page: str) -> Figure:
    return Figure(f"{span.points:.2f}", f"{page}#{claim_anchor(span.highest.claim)}", value=span.points,
                  ends=(span.lowest.value, span.highest.value))  # fmt: skip


def _claimants(span: Span) -> str:
    at = f" at {span.input_size} px" if span.input_size else ""
    return f"{zoo_title(span.highest.zoo)} over {zoo_title(span.lowest.zoo)}{at}; {span.verdict}"


def _ends(compute: MacsRange) -> str:
    if compute.highest.macs == compute.lowest.macs:
        return "the same"
    small = f" by {compute.highest.macs - compute.lowest.macs:,}" if compute.ratio < 1.005 else ""
    return f"{zoo_title(compute.highest.zoo)} over {zoo_title(compute.lowest.zoo)}{small}"


def _latency_note(time: LatencyRange, machines: Machines | None) -> str:
    verdicts = {timed.verdict for timed in time.entries} - {"reference"}
    if "one session" in verdicts:  # then all of them are: a run has one number of sessions
        return "one session"
    if verdicts <= {"no difference"}:
        return "no difference"
    if verdicts <= {"no difference", "not known"}:
        return "not known well enough"
    ends = f"{zoo_title(entry_zoo(time.slowest))} over {zoo_title(entry_zoo(time.fastest))}"
    seen = f"; {across(machines.ends)}" if machines and machines.ends else ""
    return f"{interval(time.low, time.high, 2)}; {ends}{seen}"


def _records(discrepancies: ArchitectureFindings) -> int:
    counted = len(discrepancies.macs.entries) if discrepancies.macs else 0
    return discrepancies.claims + counted + len(discrepancies.differences) + (discrepancies.latency is not None)


def _evidence(discrepancies: ArchitectureFindings) -> str:
    """What the row rests on, in a few words."""
    parts = [f"{discrepancies.claims} claims"]
    if discrepancies.macs:
        parts.append(f"{len(discrepancies.macs.entries)} counted")
    if discrepancies.differences:
        proven = sum(pair.proof is not None for pair in discrepancies.differences)
        parts.append(f"{len(discrepancies.differences)} compared, {proven} run")
    if discrepancies.latency:
        parts.append(f"timed in {discrepancies.latency.sessions} sessions")
    return "; ".join(parts)
