"""The static JSON API: from the site's views to documents (:mod:`zoodata_site.publish.documents`), and to files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TypeVar

from zoodata.discrepancy.accuracy import AccuracyRange
from zoodata.discrepancy.latency import Machines
from zoodata.discrepancy.latency_run import LatencyRange
from zoodata.discrepancy.measured import Pair
from zoodata.discrepancy.replies import Answer
from zoodata.wording.findings import sentence
from zoodata.wording.latency import across, across_values, unsplit
from zoodata.wording.networks import MEANING, proof
from zoodata.wording.obstacles import worded
from zoodata.wording.warnings import words
from zoodata_site.publish.documents import (
    DOCUMENTED,
    AccuracyDocument,
    AcrossDocument,
    ArchitectureDocument,
    ArchitecturesDocument,
    ClaimDocument,
    ComparisonDocument,
    CountsDocument,
    DifferenceDocument,
    Document,
    EntriesDocument,
    EntryDocument,
    FindingDocument,
    IndexDocument,
    LatencyDocument,
    MacsDocument,
    MeasuredPairDocument,
    PaperDocument,
    ReplyDocument,
    SummaryDocument,
    ZooDocument,
    ZoosDocument,
)
from zoodata_site.views.architecture import ArchitectureView, ComparedView
from zoodata_site.views.claims import ClaimView
from zoodata_site.views.entries import EntryView
from zoodata_site.views.figures import pair_names
from zoodata_site.views.findings import FindingView
from zoodata_site.views.site import Site
from zoodata_site.views.zoo import ZooView

FOLDER = Path("api", "v1")


def documents(site: Site) -> Iterator[tuple[str, Document]]:
    """Address below ``/api/v1/`` and document, of the whole API."""
    yield "index.json", IndexDocument(
        version=site.version, licence="CC-BY-4.0", newest=site.newest, architectures="architectures.json",
        architecture="architectures/{id}.json", zoos="zoos.json", zoo="zoos/{name}.json", entries="entries.json",
    )  # fmt: skip
    yield "architectures.json", ArchitecturesDocument(version=site.version, architectures=_summaries(site))
    entries = {entry.entry: view.discrepancies.architecture.id for view in site.architectures for entry in view.entries}
    yield "entries.json", EntriesDocument(version=site.version, entries=dict(sorted(entries.items())))
    yield "zoos.json", ZoosDocument(version=site.version, zoos=[zoo.name for zoo in site.zoos])
    for view in site.architectures:
        yield f"architectures/{view.discrepancies.architecture.id}.json", _architecture(view)
    for zoo in site.zoos:
        yield f"zoos/{zoo.name}.json", _zoo(zoo)


def write(site: Site, folder: Path) -> None:
    """Write the API below a folder."""
    for address, document in documents(site):
        target = folder / FOLDER / address
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(document.model_dump_json(), encoding="utf-8", newline="\n")


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
    discrepancies = view.discrepancies
    return ArchitectureDocument(
        id=discrepancies.architecture.id,
        title=discrepancies.architecture.title,
        family=discrepancies.family,
        paper=_as(PaperDocument, discrepancies.architecture.paper.model_dump(mode="json")),
        same_design_as=discrepancies.architecture.same_design_as,
        entries=[_entry(entry) for entry in view.entries],
        claims=[_claim(claim) for claim in view.claims],
        accuracy=_accuracy(discrepancies.today),
        accuracy_2022=_accuracy(discrepancies.paper),
        macs=None if discrepancies.macs is None else _as(MacsDocument, asdict(discrepancies.macs)),
        latency=None if discrepancies.latency is None else _latency(discrepancies.latency),
        other_devices=[_latency(run) for run in discrepancies.elsewhere if not run.on.is_cpu],
        other_processors=[_latency(run) for run in discrepancies.elsewhere if run.on.is_cpu],
        across_machines=_across(discrepancies.machines),
        comparisons=[_comparison(compared) for compared in view.compared],
        measured=[_pair(pair) for pair in view.pairs],
        findings=[_finding(finding) for finding in view.findings],
        replies=[_reply(answer) for answer in view.replies],
    )


Made = TypeVar("Made", bound=Document)


def _as(model: type[Made], values: Mapping[str, object]) -> Made:
    """A document from a mapping that may hold more than it has fields."""
    return model.model_validate({name: values[name] for name in model.model_fields})


def _accuracy(spread: AccuracyRange | None) -> AccuracyDocument | None:
    if spread is None:
        return None
    return _as(AccuracyDocument, spread.as_dict() | {"left_out": worded(spread.left_out)})


def _latency(latency: LatencyRange) -> LatencyDocument:
    values = asdict(latency)
    for entry, timed in zip(values["entries"], latency.entries, strict=True):
        entry["unsplit"] = None if timed.unsplit is None else unsplit(timed.unsplit)
    warned = [{"kind": warning.code, **asdict(words(warning))} for warning in latency.warnings]
    old_names = {"sittings": latency.sessions, "speaks": latency.trim_fraction}
    return _as(LatencyDocument, values | old_names | {"warnings": warned})


def _across(machines: Machines | None) -> list[AcrossDocument]:
    found = machines.entries if machines else ()
    return [AcrossDocument.model_validate(across_values(one) | {"said": across(one)}) for one in found]


def _reply(answer: Answer) -> ReplyDocument:
    return _as(ReplyDocument, answer.reply.model_dump(mode="json") | {"verified": answer.is_verified})


def _pair(pair: Pair) -> MeasuredPairDocument:
    return _as(MeasuredPairDocument, asdict(pair))


def _entry(entry: EntryView) -> EntryDocument:
    return EntryDocument(
        entry=entry.entry, zoo=entry.zoo, variant=entry.variant, note=entry.note, weights=list(entry.weights),
        preprocessing=entry.preprocessing, preprocessing_steps=list(entry.steps),
        counts=_counts(entry), missing=entry.missing, command=entry.command,
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
        source=claim.source, collection=claim.collection, verification=claim.verification,
    )  # fmt: skip


def _comparison(compared: ComparedView) -> ComparisonDocument:
    pair = compared.pair
    names = pair_names(pair.a, pair.b)
    return ComparisonDocument(
        a=pair.a, b=pair.b, verdict=pair.verdict, meaning=MEANING[pair.verdict],
        proof=proof(pair.proof, pair.findings, names), record=pair.record,
        one_way=pair.proof is not None and pair.proof.one_way,
        findings=[
            DifferenceDocument(severity=f.severity, operator=f.operator, attribute=f.attribute, text=sentence(f, names),
                               places=len(f.places))
            for f in pair.findings
        ],
    )  # fmt: skip


def _finding(finding: FindingView) -> FindingDocument:
    return FindingDocument(
        rule=finding.rule, entry=finding.entry, zoo=finding.zoo, architecture=finding.architecture, text=finding.text,
        sources=[source for _, source in finding.claims], page=f"zoos/{finding.zoo}.html#{finding.anchor}",
        grade=finding.grade, doubts=list(finding.doubts), places=finding.places,
    )  # fmt: skip


def _documented(zoo: ZooView) -> dict[str, float]:
    """Aspect to the part of its entries that a zoo documents; empty where none of its documents was read."""
    if zoo.documented is None:
        return {}
    return {aspect: round(part, 4) for aspect, part in zip(DOCUMENTED, zoo.documented, strict=True)}


def _zoo(zoo: ZooView) -> ZooDocument:
    return ZooDocument(
        name=zoo.name,
        title=zoo.title,
        entries=[entry.entry for _, entry in zoo.entries],
        counted=zoo.counted,
        claims=zoo.claims,
        documented=_documented(zoo),
        verdicts=dict(zoo.verdicts),
        findings=[_finding(finding) for finding in zoo.findings],
    )
