"""Claims as pages show them, and what zoos said then and say now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from zoodata.dataset.store import Dataset, path_of
from zoodata.dataset.tables import as_read, source_text
from zoodata.discrepancy.accuracy import PAPER
from zoodata.records import Claim, ClaimCollection, entry_zoo
from zoodata.records.verification import Outcome
from zoodata.wording.verification import SHOWN
from zoodata_site.views.figures import METRICS, Figure, claim_anchor, record_href, valued, zoo_title


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
                read = as_read(claim, dataset.checks.get(claim.id))
                outcome = dataset.outcome_of(claim.id, collection.id)
                views.setdefault(architecture.id, []).append(_view(collection, read, outcome))
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


def _view(collection: ClaimCollection, claim: Claim, outcome: Outcome | None) -> ClaimView:
    return ClaimView(
        id=claim.id,
        anchor=claim_anchor(claim.id),
        entry=claim.entry,
        zoo=entry_zoo(claim.entry),
        metric=claim.metric,
        figure=Figure(valued(claim), f"../{record_href(path_of(collection).as_posix())}", value=claim.value),
        stated=f"{claim.stated} {claim.stated_unit}",
        conditions=_conditions(claim),
        claimed_on=claim.claimed_on or (f"read {collection.collected_on[:10]}" if collection.collected_on else ""),
        source=source_text(claim),
        collection=collection.id,
        verification=SHOWN[outcome] if outcome else "not read again",
    )


def _conditions(claim: Claim) -> str:
    """What the source says its number holds under, and what we infer, in a line."""
    said = claim.conditions
    parts = [f"{said.input_size} px" if said.input_size else "", said.recipe or "", said.precision or ""]
    if claim.inferred and not said.input_size and claim.inferred.input_size:
        parts[0] = f"{claim.inferred.input_size} px (inferred)"
    return ", ".join(part for part in parts if part)
