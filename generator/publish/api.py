"""The static JSON API, version 1: documents as pydantic models, from which the reference page is made too.

Within a version fields are added and never taken away or given another meaning.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from generator.views.architecture import ArchitectureView, ComparedView
from generator.views.claims import ClaimView
from generator.views.entries import EntryView
from generator.views.findings import FindingView
from generator.views.site import Site
from generator.views.zoo import ASPECTS, ZooView
from zoodata.discrepancy.accuracy import AccuracyRange
from zoodata.discrepancy.latency import LatencyRange
from zoodata.discrepancy.macs import MacsRange
from zoodata.discrepancy.measured import Pair
from zoodata.records import Paper, Reply

FOLDER = Path("api", "v1")


class Document(BaseModel):
    """What every document of the API has in common."""

    model_config = ConfigDict(extra="forbid", ser_json_inf_nan="constants")


class CountsDocument(Document):
    """What one counter counted of an entry's network."""

    parameters: int
    statistics: int = Field(description="Batch-norm means and variances, apart from parameters")
    macs: int = Field(description="Multiply-accumulates for one image")
    classes: int
    input: str = Field(description="Channels × height × width")
    digest: str | None = Field(description="Name of the canonical network; equal digests are equal networks")
    checked: str = Field(description="How the network was held against the zoo's own model")
    record: str = Field(description="Anchor of the record on the architecture's page")


class EntryDocument(Document):
    """One zoo's version of an architecture."""

    entry: str
    zoo: str
    variant: str | None
    note: str | None
    weights: list[str] = Field(description="Checkpoints that claims name")
    preprocessing: str | None = Field(description="How the zoo prepares an image, in a line")
    counts: CountsDocument | None
    missing: str | None = Field(description="Why there are no counts")
    command: str | None = Field(description="What would fill the gap")


class ClaimDocument(Document):
    """One number that a zoo publishes."""

    id: str
    entry: str
    metric: str
    value: float
    shown: str = Field(description="Value with unit")
    stated: str = Field(description="As the source writes it")
    conditions: str
    claimed_on: str
    source: str = Field(description="The place that states it")
    collection: str


class DifferenceDocument(Document):
    """One explained difference between two networks."""

    severity: str
    operator: str
    attribute: str | None
    text: str
    places: int = Field(description="In how many places it occurs; the record names them")


class ComparisonDocument(Document):
    """Two networks, compared."""

    a: str
    b: str
    verdict: str
    meaning: str
    findings: list[DifferenceDocument]
    proof: str | None
    record: str = Field(description="Path of the record below /data/")


class FindingDocument(Document):
    """One statement that does not hold, or two that cannot both."""

    rule: str
    entry: str
    zoo: str
    architecture: str | None
    text: str
    sources: list[str]
    page: str = Field(description="Where it stands on the site")


class ArchitectureDocument(Document):
    """Everything the dataset knows of one architecture."""

    id: str
    title: str
    family: str
    paper: Paper
    same_design_as: str | None
    entries: list[EntryDocument]
    claims: list[ClaimDocument]
    accuracy: AccuracyRange | None = Field(description="Range of today's top-1 claims")
    accuracy_2022: AccuracyRange | None
    macs: MacsRange | None
    latency: LatencyRange | None
    other_devices: list[LatencyRange]
    comparisons: list[ComparisonDocument]
    measured: list[Pair] = Field(description="Measured accuracies over the same images, in pairs")
    findings: list[FindingDocument]
    replies: list[Reply]


class SummaryDocument(Document):
    """One architecture in a line."""

    id: str
    title: str
    family: str
    year: int
    zoos: list[str]
    comparable_points: float | None
    naive_points: float | None
    macs_ratio: float | None
    latency_ratio: float | None
    parameter_difference: float | None
    verdict: str | None
    address: str


class ArchitecturesDocument(Document):
    """All architectures."""

    version: str
    architectures: list[SummaryDocument]


class ZooDocument(Document):
    """One zoo."""

    name: str
    title: str
    entries: list[str]
    counted: int
    claims: int
    documented: dict[str, float] = Field(description="Part of its entries for which it documents each aspect")
    verdicts: dict[str, int] = Field(description="How its networks compare with other zoos'")
    findings: list[FindingDocument]


class ZoosDocument(Document):
    """All zoos."""

    version: str
    zoos: list[str]


class EntriesDocument(Document):
    """Every entry and its architecture."""

    version: str
    entries: dict[str, str]


class IndexDocument(Document):
    """Where everything is."""

    version: str
    licence: str
    newest: str
    architectures: str
    architecture: str = Field(description="Pattern of an address")
    zoos: str
    zoo: str = Field(description="Pattern of an address")
    entries: str


ADDRESSES: dict[str, type[Document]] = {
    "index.json": IndexDocument,
    "architectures.json": ArchitecturesDocument,
    "architectures/{id}.json": ArchitectureDocument,
    "entries.json": EntriesDocument,
    "zoos.json": ZoosDocument,
    "zoos/{name}.json": ZooDocument,
}


def documents(site: Site) -> Iterator[tuple[str, Document]]:
    """Address below ``/api/v1/`` and document, of the whole API."""
    yield "index.json", IndexDocument(
        version=site.version, licence="CC-BY-4.0", newest=site.newest, architectures="architectures.json",
        architecture="architectures/{id}.json", zoos="zoos.json", zoo="zoos/{name}.json", entries="entries.json",
    )  # fmt: skip
    yield "architectures.json", ArchitecturesDocument(version=site.version, architectures=_summaries(site))
    entries = {entry.entry: view.found.architecture.id for view in site.architectures for entry in view.entries}
    yield "entries.json", EntriesDocument(version=site.version, entries=dict(sorted(entries.items())))
    yield "zoos.json", ZoosDocument(version=site.version, zoos=[zoo.name for zoo in site.zoos])
    for view in site.architectures:
        yield f"architectures/{view.found.architecture.id}.json", _architecture(view)
    for zoo in site.zoos:
        yield f"zoos/{zoo.name}.json", _zoo(zoo)


def write(site: Site, folder: Path) -> None:
    """Write the API below a folder."""
    for address, document in documents(site):
        target = folder / FOLDER / address
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(document.model_dump_json(), encoding="utf-8")


def _summaries(site: Site) -> list[SummaryDocument]:
    return [
        SummaryDocument(
            id=row.id, title=row.title, family=row.family, year=row.year, zoos=list(row.zoos),
            comparable_points=row.today.value if row.today else None,
            naive_points=row.naive.value if row.naive else None,
            macs_ratio=row.macs.value if row.macs else None,
            latency_ratio=row.latency.value if row.latency else None,
            parameter_difference=row.parameters.value if row.parameters else None,
            verdict=row.severity, address=f"architectures/{row.id}.json",
        )
        for row in site.rows
    ]  # fmt: skip


def _architecture(view: ArchitectureView) -> ArchitectureDocument:
    found = view.found
    return ArchitectureDocument(
        id=found.architecture.id,
        title=found.architecture.title,
        family=found.family,
        paper=found.architecture.paper,
        same_design_as=found.architecture.same_design_as,
        entries=[_entry(entry) for entry in view.entries],
        claims=[_claim(claim) for claim in view.claims],
        accuracy=found.today,
        accuracy_2022=found.paper,
        macs=found.macs,
        latency=found.latency,
        other_devices=list(view.devices),
        comparisons=[_comparison(compared) for compared in view.compared],
        measured=list(view.pairs),
        findings=[_finding(finding) for finding in view.findings],
        replies=list(view.replies),
    )


def _entry(entry: EntryView) -> EntryDocument:
    return EntryDocument(
        entry=entry.entry, zoo=entry.zoo, variant=entry.variant, note=entry.note, weights=list(entry.weights),
        preprocessing=entry.preprocessing, counts=_counts(entry), missing=entry.missing, command=entry.command,
    )  # fmt: skip


def _counts(entry: EntryView) -> CountsDocument | None:
    if entry.parameters is None or entry.statistics is None or entry.macs is None or entry.classes is None:
        return None
    return CountsDocument(
        parameters=int(entry.parameters.value or 0), statistics=int(entry.statistics.value or 0),
        macs=int(entry.macs.value or 0), classes=int(entry.classes.value or 0), input=entry.input or "",
        digest=entry.digest, checked=entry.checked or "", record=entry.macs.href.lstrip("#"),
    )  # fmt: skip


def _claim(claim: ClaimView) -> ClaimDocument:
    return ClaimDocument(
        id=claim.id, entry=claim.entry, metric=claim.metric, value=claim.figure.value or 0.0,
        shown=claim.figure.text, stated=claim.stated, conditions=claim.conditions, claimed_on=claim.claimed_on,
        source=claim.source, collection=claim.collection,
    )  # fmt: skip


def _comparison(compared: ComparedView) -> ComparisonDocument:
    pair = compared.pair
    return ComparisonDocument(
        a=pair.a, b=pair.b, verdict=pair.verdict, meaning=pair.meaning, proof=pair.proof, record=pair.record,
        findings=[
            DifferenceDocument(severity=f.severity, operator=f.operator, attribute=f.attribute, text=f.text,
                               places=len(f.places))
            for f in pair.findings
        ],
    )  # fmt: skip


def _finding(finding: FindingView) -> FindingDocument:
    return FindingDocument(
        rule=finding.rule, entry=finding.entry, zoo=finding.zoo, architecture=finding.architecture, text=finding.text,
        sources=[source for _, source in finding.claims], page=f"zoos/{finding.zoo}.html#{finding.anchor}",
    )  # fmt: skip


def _zoo(zoo: ZooView) -> ZooDocument:
    return ZooDocument(
        name=zoo.name,
        title=zoo.title,
        entries=[entry.entry for _, entry in zoo.entries],
        counted=zoo.counted,
        claims=zoo.claims,
        documented={aspect: round(part, 4) for aspect, part in zip(ASPECTS, zoo.documented, strict=True)},
        verdicts=dict(zoo.verdicts),
        findings=[_finding(finding) for finding in zoo.findings],
    )


def reference() -> list[tuple[str, str, list[tuple[str, str, str]]]]:
    """Address, what it holds, and of each field the name, type and meaning: for the page that documents the API."""
    pages = []
    for address, model in {**ADDRESSES, **dict(_nested())}.items():
        schema = model.model_json_schema()
        fields = [
            (name, _type(field), field.get("description", "")) for name, field in schema.get("properties", {}).items()
        ]
        pages.append((address, (model.__doc__ or "").strip().splitlines()[0], fields))
    return pages


def _nested() -> Iterator[tuple[str, type[Document]]]:
    for model in (EntryDocument, CountsDocument, ClaimDocument, ComparisonDocument, DifferenceDocument,
                  FindingDocument, SummaryDocument):  # fmt: skip
        yield model.__name__, model


def schema() -> dict[str, Any]:
    """One JSON Schema with every document of the API among its definitions."""
    definitions: dict[str, Any] = {}
    for model in ADDRESSES.values():
        made = model.model_json_schema(mode="serialization", ref_template="#/$defs/{model}")
        definitions |= made.pop("$defs", {})
        definitions[model.__name__] = made
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$defs": definitions}


def _type(field: dict[str, Any]) -> str:
    """A field's type in words: array of ClaimDocument, string or null."""
    if "$ref" in field:
        return str(field["$ref"].rpartition("/")[2])
    if "anyOf" in field:
        return " or ".join(_type(each) for each in field["anyOf"])
    if field.get("type") == "array":
        return f"array of {_type(field.get('items', {}))}"
    if field.get("type") == "object" and isinstance(field.get("additionalProperties"), dict):
        return f"object of {_type(field['additionalProperties'])}"
    return str(field.get("type", "any"))
