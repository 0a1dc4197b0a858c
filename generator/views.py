"""What each page shows, as plain data: the templates only lay it out.

Every measured or claimed number comes as a :class:`Figure` with the address of its record, so that a
template cannot show one without its link.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from zoodata.dataset.store import Dataset, path_of
from zoodata.dataset.tables import source_text
from zoodata.discrepancy import accuracy, latency, macs
from zoodata.discrepancy.accuracy import AccuracyRange, Span
from zoodata.discrepancy.latency import LatencyRange
from zoodata.discrepancy.macs import MacsRange
from zoodata.discrepancy.networks import Difference, differences
from zoodata.discrepancy.paper import Reproduction, reproduce
from zoodata.records import (
    Architecture,
    ArchitectureMeasurement,
    ArchitectureResult,
    CatalogueEntry,
    Claim,
    ClaimCollection,
    Preprocessing,
    entry_zoo,
)
from zoodata.records.base import without_weights

ZOO_TITLES = {
    "torchvision": "Torchvision",
    "timm": "timm",
    "keras_applications": "Keras Applications",
    "tf_model_garden": "TensorFlow Model Garden",
    "tf_slim": "TF-Slim",
    "onnx_model_zoo": "ONNX Model Zoo",
}

UNIT_NAMES = {"percent": "%", "count": "", "bytes": "bytes", "pixels": "px"}


@dataclass(frozen=True)
class Figure:
    """A number as text, with the address of the record it comes from."""

    text: str
    href: str
    title: str = ""


@dataclass(frozen=True)
class EntryView:
    """One entry on an architecture's page."""

    entry: str
    zoo: str
    zoo_title: str
    variant: str | None
    note: str | None
    parameters: Figure | None = None
    statistics: Figure | None = None
    macs: Figure | None = None
    input: str | None = None
    classes: Figure | None = None
    preprocessing: str | None = None
    missing: str | None = None
    command: str | None = None


@dataclass(frozen=True)
class ClaimView:
    """One claim on an architecture's page."""

    anchor: str
    entry: str
    metric: str
    figure: Figure
    stated: str
    claimed_on: str
    source: str


@dataclass(frozen=True)
class Row:
    """One architecture on the leaderboard."""

    id: str
    title: str
    zoos: int
    accuracy: Figure | None
    accuracy_note: str
    today: Figure | None
    """Of claims that may be held against each other."""
    today_note: str
    naive: Figure | None
    """Of all claims."""
    macs: Figure | None
    macs_note: str
    parameters: Figure | None
    latency: Figure | None
    latency_note: str


@dataclass(frozen=True)
class ArchitectureView:
    """Everything on an architecture's page."""

    architecture: Architecture
    entries: tuple[EntryView, ...]
    claims: tuple[ClaimView, ...]
    accuracy: AccuracyRange | None
    macs: MacsRange | None
    latency: LatencyRange | None
    devices: tuple[LatencyRange, ...]
    """Runs on other devices than a CPU."""
    differences: tuple[Difference, ...] = ()
    gaps: tuple[EntryView, ...] = field(default=())
    claims_only: int = 0
    """Entries of zoos whose models nothing here builds."""


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


@dataclass(frozen=True)
class Site:
    """The views of all pages, from one reading of the dataset."""

    rows: tuple[Row, ...]
    architectures: tuple[ArchitectureView, ...]
    zoos: tuple[ZooView, ...]
    accuracy: tuple[AccuracyRange, ...]
    """The claims of 2022."""
    today: tuple[AccuracyRange, ...]
    """Today's claims, where some may be compared."""
    macs: tuple[MacsRange, ...]
    latency: tuple[LatencyRange, ...]
    paper: Reproduction
    records: int
    newest: str


def make(dataset: Dataset) -> Site:
    """Compute every page's content."""
    by_paper = {found.architecture: found for found in accuracy.rank(dataset, "top1", "2022")}
    by_today = {found.architecture: found for found in accuracy.rank(dataset, "top1", "today")}
    by_macs = {found.architecture: found for found in macs.rank(dataset)}
    by_latency = {found.architecture: found for found in latency.rank(dataset)}
    elsewhere = latency.on_other_devices(dataset)
    claims, compared = _claims_by_architecture(dataset), differences(dataset)
    buildable = {entry_zoo(name) for name, (_, item) in dataset.catalogue_entries.items() if item.unavailable is None}
    readable = buildable | set(ZOO_TITLES)
    pages, rows = [], []
    for architecture in dataset.architectures.values():
        entries = tuple(_entry(item, dataset.architecture_outcomes.get(item.entry)) for item in architecture.entries)
        name = architecture.id
        paper, today = by_paper.get(name), by_today.get(name)
        compute, time = by_macs.get(name), by_latency.get(name)
        pages.append(
            ArchitectureView(
                architecture=architecture,
                entries=entries,
                claims=tuple(claims.get(name, ())),
                accuracy=today or paper,
                macs=compute,
                latency=time,
                devices=tuple(found for found in elsewhere if found.architecture == name),
                differences=tuple(compared.get(name, ())),
                gaps=tuple(entry for entry in entries if entry.missing and entry.zoo in readable),
                claims_only=sum(entry.zoo not in readable for entry in entries),
            )
        )
        rows.append(_row(architecture, paper, today, compute, time))
    stamps = [record.started_at for record in dataset.architecture_measurements]
    stamps += [record.started_at for record in dataset.latency_measurements]
    return Site(
        rows=tuple(sorted(rows, key=_leaderboard_order)),
        architectures=tuple(pages),
        zoos=_zoos(dataset, pages),
        accuracy=tuple(by_paper.values()),
        today=tuple(found for found in by_today.values() if found.comparable),
        macs=tuple(by_macs.values()),
        latency=tuple(by_latency.values()),
        paper=reproduce(dataset),
        records=len(dataset.claims) + len(stamps),
        newest=max(stamps).date().isoformat() if stamps else "never",
    )


def _leaderboard_order(row: Row) -> tuple[float, float, str]:
    """Widest comparable range first, then what has only naive ones."""
    return (
        -float(row.today.text) if row.today else 0.0,
        -float(row.naive.text) if row.naive else 0.0,
        row.title,
    )


def zoo_title(zoo: str) -> str:
    """A zoo's name for readers; a plugin's own name where we know none."""
    return ZOO_TITLES.get(zoo, zoo)


def record_href(record: str) -> str:
    """Where a record's file lies on the site, from a page at the top."""
    return f"data/{record}"


def claim_anchor(claim: str) -> str:
    """The anchor of a claim on its architecture's page."""
    return f"claim-{claim[:16]}"


def _row(
    architecture: Architecture,
    paper: AccuracyRange | None,
    today: AccuracyRange | None,
    compute: MacsRange | None,
    time: LatencyRange | None,
) -> Row:
    page = f"architectures/{architecture.id}.html"
    return Row(
        id=architecture.id,
        title=architecture.title,
        zoos=len({entry_zoo(item.entry) for item in architecture.entries}),
        accuracy=_points(paper.naive, page) if paper else None,
        accuracy_note=_claimants(paper.naive) if paper else "",
        today=_points(today.comparable, page) if today and today.comparable else None,
        today_note=_claimants(today.comparable) if today and today.comparable else "",
        naive=_points(today.naive, page) if today else None,
        macs=Figure(f"{compute.ratio:.2f}", f"{page}#counts") if compute else None,
        macs_note=_ends(compute) if compute else "",
        parameters=Figure(f"{compute.parameter_difference:,}", f"{page}#counts") if compute else None,
        latency=Figure(f"{time.ratio:.2f}", f"{page}#latency") if time else None,
        latency_note=_latency_note(time) if time else "",
    )


def _points(span: Span, page: str) -> Figure:
    return Figure(f"{span.points:.2f}", f"{page}#{claim_anchor(span.highest.claim)}")


def _claimants(span: Span) -> str:
    at = f" at {span.input_size} px" if span.input_size else ""
    return f"{zoo_title(span.highest.zoo)} over {zoo_title(span.lowest.zoo)}{at}; {span.verdict}"


def _ends(compute: MacsRange) -> str:
    if compute.highest.macs == compute.lowest.macs:
        return "the same"
    small = f" by {compute.highest.macs - compute.lowest.macs:,}" if compute.ratio < 1.005 else ""
    return f"{zoo_title(compute.highest.zoo)} over {zoo_title(compute.lowest.zoo)}{small}"


def _latency_note(time: LatencyRange) -> str:
    if all(timed.verdict in {"reference", "no difference"} for timed in time.entries):
        return "no difference beyond noise"
    ends = f"{zoo_title(entry_zoo(time.slowest))} over {zoo_title(entry_zoo(time.fastest))}"
    return f"{time.low:.2f} to {time.high:.2f}; {ends}"


def _entry(item: CatalogueEntry, record: ArchitectureMeasurement | None) -> EntryView:
    zoo = entry_zoo(item.entry)
    view = EntryView(item.entry, zoo, zoo_title(zoo), item.variant, item.note)
    if record is not None and record.result is not None:
        return _counted(view, record, record.result)
    command = f"zoodata bench architecture {item.entry}"
    if record is not None and record.missing is not None:
        return replace(view, missing=f"{record.missing.reason}: {record.missing.message}", command=command)
    if item.unavailable is not None:
        fetched = f"{command}@pretrained" if item.unavailable.reason == "needs_download" else None
        return replace(view, missing=item.unavailable.message, command=fetched)
    return replace(view, missing="not measured yet", command=command)


def _counted(view: EntryView, record: ArchitectureMeasurement, result: ArchitectureResult) -> EntryView:
    href = f"../{record_href(path_of(record).as_posix())}"
    auxiliary = f"{result.auxiliary_parameters:,} of them used in training only" if result.auxiliary_parameters else ""
    return replace(
        view,
        parameters=Figure(f"{result.parameters:,}", href, auxiliary),
        statistics=Figure(f"{result.statistics:,}", href),
        macs=Figure(f"{result.macs / 1e9:.3f} G", href, f"{result.macs:,}"),
        input=f"{result.input.channels}×{result.input.height}×{result.input.width}",
        classes=Figure(f"{result.classes:,}", href),
        preprocessing=describe(result.preprocessing),
    )


def describe(preprocessing: Preprocessing | None) -> str:
    """A pipeline in a line a reader can compare with the next."""
    if preprocessing is None:
        return "not documented by the zoo"
    parts = []
    if preprocessing.central_fraction:
        parts.append(f"central {preprocessing.central_fraction:g}")
    if preprocessing.resize:
        size = preprocessing.resize
        parts.append(f"resize {size if isinstance(size, int) else '×'.join(map(str, size))}")
        parts[-1] += f" {preprocessing.interpolation}" if preprocessing.interpolation else ""
    if preprocessing.crop:
        parts.append(f"crop {preprocessing.crop[0]}")
    if not preprocessing.resize and not preprocessing.crop:
        parts.append("size not documented")
    parts.append("scaled inside the network" if preprocessing.embedded else _scaling(preprocessing))
    if preprocessing.label_offset:
        parts.append("background class first")
    return ", ".join(parts)


def _scaling(preprocessing: Preprocessing) -> str:
    mean = "/".join(f"{value:g}" for value in preprocessing.mean or ())
    std = "/".join(f"{value:g}" for value in preprocessing.std or ())
    order = preprocessing.channel_order or "channel order unknown"
    scale = "0–255" if preprocessing.scale == 1 else "0–1"
    return f"{order} {scale} minus {mean}, over {std}"


def _claims_by_architecture(dataset: Dataset) -> dict[str, list[ClaimView]]:
    found: dict[str, list[ClaimView]] = {}
    for collection in dataset.collections:
        for claim in collection.claims:
            architecture = dataset.architecture_of(claim.entry)
            if architecture is not None:
                found.setdefault(architecture.id, []).append(_claim(collection, claim))
    order = ("top1", "top5", "parameters", "macs", "file_size", "input_size")
    for claims in found.values():
        claims.sort(key=lambda view: (order.index(view.metric), view.entry, view.anchor))
    return found


def _claim(collection: ClaimCollection, claim: Claim) -> ClaimView:
    number = f"{int(claim.value):,}" if claim.value.is_integer() else f"{claim.value:,}"
    value = f"{number} {UNIT_NAMES[claim.unit]}".strip()
    return ClaimView(
        anchor=claim_anchor(claim.id),
        entry=claim.entry,
        metric=claim.metric,
        figure=Figure(value, f"../{record_href(path_of(collection).as_posix())}", f"claim {claim.id}"),
        stated=f"{claim.stated} {claim.stated_unit}",
        claimed_on=claim.claimed_on or "undated",
        source=source_text(claim),
    )


def _zoos(dataset: Dataset, pages: list[ArchitectureView]) -> tuple[ZooView, ...]:
    extremes = accuracy.extremes(dataset, "top1", "2022")
    claims: dict[str, int] = {}
    for claim in dataset.claims:
        if without_weights(claim.entry) in dataset.catalogue_entries:
            claims[entry_zoo(claim.entry)] = claims.get(entry_zoo(claim.entry), 0) + 1
    names = dict.fromkeys(entry.zoo for page in pages for entry in page.entries)
    ordered = [name for name in ZOO_TITLES if name in names] + [name for name in names if name not in ZOO_TITLES]
    views = []
    for name in ordered:
        own = [(page.architecture, entry) for page in pages for entry in page.entries if entry.zoo == name]
        ends = extremes.get(name, {"highest": (0, 0), "lowest": (0, 0)})
        views.append(
            ZooView(
                name=name,
                title=zoo_title(name),
                entries=tuple(own),
                highest=ends["highest"],
                lowest=ends["lowest"],
                counted=sum(entry.macs is not None for _, entry in own),
                claims=claims.get(name, 0),
            )
        )
    return tuple(views)
