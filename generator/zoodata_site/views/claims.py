"""Claims as pages show them, and what zoos said then and say now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from zoodata.dataset.store import Dataset
from zoodata.dataset.tables import as_read, source_text
from zoodata.discrepancy.accuracy import PAPER
from zoodata.records import Claim, ClaimCollection, entry_zoo
from zoodata.records.verification import Outcome
from zoodata.wording.verification import SHOWN
from zoodata_site.views.figures import METRICS, Figure, api_href, claim_anchor, valued, zoo_title


@dataclass(frozen=True)
class ClaimView:
    """One claim on an architecture's page."""

    id: str
    anchor: str
    entry: str
    zoo: str
    metric: str
    figure: Figure
    stated: str
    conditions: str
    claimed_on: str
    source: str
    """The place that states it, on one line."""
    place: str
    """The same in short, as the text of a link."""
    place_href: str
    """Where that place can be read; empty for a package."""
    collection: str
    verification: str
    """What reading its place again showed, in words."""


@dataclass(frozen=True)
class ThenAndNow:
    """One zoo's top-1 claims behind the paper of 2022, and today's."""

    zoo: str
    zoo_title: str
    then: str
    then_anchor: str
    now: str
    now_anchor: str


def by_architecture(dataset: Dataset) -> dict[str, list[ClaimView]]:
    """Architecture to its claims: by metric, then entry."""
    views: dict[str, list[ClaimView]] = {}
    for collection in dataset.collections:
        for claim in collection.claims:
            architecture = dataset.architecture_of(claim.entry)
            if architecture is not None:
                read = as_read(dataset, claim)
                outcome = dataset.outcome_of(claim.id, collection.id)
                views.setdefault(architecture.id, []).append(_view(architecture.id, collection, read, outcome))
    order = {metric: place for place, metric in enumerate(METRICS)}
    for claims in views.values():
        claims.sort(key=lambda view: (order[view.metric], view.entry, view.anchor))
    return views


def then_and_now(claims: Sequence[ClaimView]) -> tuple[ThenAndNow, ...]:
    """For zoos that the paper looked at: what they claimed then beside what they claim now."""
    groups: dict[tuple[str, bool], list[ClaimView]] = defaultdict(list)
    for claim in claims:
        if claim.metric == "top1" and claim.figure.value is not None:
            groups[claim.zoo, claim.collection == PAPER].append(claim)
    rows = []
    for zoo in dict.fromkeys(zoo for zoo, then in groups if then):
        (then, then_anchor), (now, now_anchor) = _span(groups[zoo, True]), _span(groups[zoo, False])
        rows.append(ThenAndNow(zoo, zoo_title(zoo), then, then_anchor, now, now_anchor))
    return tuple(rows)


def _span(claims: Sequence[ClaimView]) -> tuple[str, str]:
    """Lowest to highest in words, and the anchor of the highest."""
    if not claims:
        return "", ""
    ordered = sorted(claims, key=lambda claim: claim.figure.value or 0.0)
    low, high = ordered[0], ordered[-1]
    text = high.figure.text if low.figure.text == high.figure.text else f"{low.figure.text} to {high.figure.text}"
    return text, high.anchor


def _view(architecture: str, collection: ClaimCollection, claim: Claim, outcome: Outcome | None) -> ClaimView:
    place, href = _place(claim)
    return ClaimView(
        id=claim.id,
        anchor=claim_anchor(claim.id),
        entry=claim.entry,
        zoo=entry_zoo(claim.entry),
        metric=claim.metric,
        figure=Figure(valued(claim), f"../{api_href(architecture)}", value=claim.value),
        stated=f"{claim.stated} {claim.stated_unit}",
        conditions=_conditions(claim),
        claimed_on=claim.claimed_on or (f"read {collection.collected_on[:10]}" if collection.collected_on else ""),
        source=source_text(claim),
        place=place,
        place_href=href,
        collection=collection.id,
        verification=SHOWN[outcome] if outcome else "not read again",
    )


def _place(claim: Claim) -> tuple[str, str]:
    """The text and the address of a link to the line that states a claim."""
    source = claim.source
    match source.type:
        case "repository":
            line = f"#L{source.line}" if source.line else ""
            text = f"{source.repository}: {source.path.rpartition('/')[2]}{line}"
            return text, f"https://github.com/{source.repository}/blob/{source.commit[:12]}/{quote(source.path)}{line}"
        case "page":
            return source_text(claim), source.address if source.address.startswith(("https://", "http://")) else ""
        case "publication":
            return source_text(claim), f"https://doi.org/{quote(source.doi)}"
        case _:
            return source_text(claim), ""


def _conditions(claim: Claim) -> str:
    """What the source says its number holds under, and what we infer, in a line."""
    said = claim.conditions
    parts = [f"{said.input_size} px" if said.input_size else "", said.recipe or "", said.precision or ""]
    if claim.inferred and not said.input_size and claim.inferred.input_size:
        parts[0] = f"{claim.inferred.input_size} px (inferred)"
    return ", ".join(part for part in parts if part)
