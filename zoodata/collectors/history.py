"""What is new since the last collection, and what a zoo changed without saying so.

A claim is known by its *place*: entry, metric, and the document that states it. A place that says something else
in a later collection has changed; both claims stay.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from zoodata.records import Claim, ClaimCollection


@dataclass(frozen=True)
class Change:
    """One place, before and after."""

    entry: str
    metric: str
    before: Claim
    after: Claim
    collections: tuple[str, str]


def place(claim: Claim) -> tuple[Any, ...]:
    """Where a claim stands, whatever it says and at whatever version."""
    source = claim.source
    match source.type:
        case "repository":
            document: tuple[Any, ...] = (source.repository, source.path)
        case "package":
            document = (source.package, source.symbol.partition("#L")[0])
        case "page":
            document = (source.address, source.locator)
        case _:
            document = (source.doi, source.locator)
    return claim.entry, claim.metric, *document


def fresh(claims: Iterable[Claim], known: Iterable[ClaimCollection]) -> list[Claim]:
    """The claims that say what no earlier collection says at their place."""
    said = {(place(claim), claim.value) for collection in known for claim in collection.claims}
    return [claim for claim in claims if (place(claim), claim.value) not in said]


def changes(collections: Sequence[ClaimCollection]) -> list[Change]:
    """Places that say something else in a later collection. Undated collections come first."""
    ordered = sorted(collections, key=lambda collection: (collection.collected_on or "", collection.id))
    latest: dict[Any, list[tuple[Claim, str]]] = defaultdict(list)
    changed = []
    for collection in ordered:
        own: dict[Any, list[Claim]] = defaultdict(list)
        for claim in collection.claims:
            own[claim.conditions.input_size, *place(claim)].append(claim)
        for where, claims in own.items():
            before = latest.get(where)
            # Several numbers at one place in one document (two tables) are no change.
            if before and len(before) == len(claims) == 1 and before[0][0].value != claims[0].value:
                old, name = before[0]
                changed.append(Change(old.entry, old.metric, old, claims[0], (name, collection.id)))
            latest[where] = [(claim, collection.id) for claim in claims]
    return changed
