"""Which zoo's version is nearest to the one that the paper's own authors publish, and by what it differs."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from zoodata.dataset import tables
from zoodata.dataset.store import Dataset, path_of
from zoodata.discrepancy.comparable import WORKS, size_of
from zoodata.discrepancy.networks import GRAVITY, compared
from zoodata.records import Architecture, entry_zoo
from zoodata.records.base import without_weights

UNCOMPARED = len(GRAVITY)


@dataclass(frozen=True)
class Nearness:
    """One entry beside the authors' own."""

    entry: str
    zoo: str
    verdict: str | None
    """Of the two networks; None where they were not compared."""
    why: str
    """The gravest difference of the networks, in words."""
    points: float | None
    """Its top-1 claim that comes nearest to the authors', minus theirs."""
    claim: str | None
    comparison: str | None
    """Path of the record of the comparison."""


@dataclass(frozen=True)
class AuthorsOwn:
    """The entry that the paper's authors publish, and the others by how near they are."""

    entry: str
    source: str
    """What says that it is theirs."""
    top1: float | None
    """What the authors claim for it, at the size they published it at."""
    claim: str | None
    others: tuple[Nearness, ...]
    """Those whose networks compute the same come first; of equals the nearest claim."""

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


def nearest(dataset: Dataset, architecture: Architecture) -> AuthorsOwn | None:
    """Entries of other zoos by nearness to the authors' own; None where the catalogue names none as theirs."""
    reference = architecture.reference
    if reference is None:
        return None
    frame = tables.claims(dataset)
    frame = frame[frame["architecture"].eq(architecture.id) & frame["metric"].eq("top1") & frame["value"].gt(WORKS)]
    own = _own(frame, reference.entry)
    size = size_of(own) if own is not None else None
    others = [
        _nearness(dataset, reference.entry, item.entry, frame, own, size)
        for item in architecture.entries
        if entry_zoo(item.entry) != entry_zoo(reference.entry)
    ]
    known = [other for other in others if other.verdict is not None or other.points is not None]
    known.sort(
        key=lambda each: (
            GRAVITY.get(each.verdict or "", UNCOMPARED),
            abs(each.points) if each.points is not None else 100.0,
            each.entry,
        )
    )
    value = float(own["value"]) if own is not None else None
    return AuthorsOwn(reference.entry, reference.source, value, own["claim"] if own is not None else None, tuple(known))


def _own(frame: pd.DataFrame, entry: str) -> pd.Series | None:
    """The authors' claim, at the largest size they state: of the very entry, else of another of their zoo."""
    exact = frame[frame["entry"].map(without_weights).eq(entry)]
    rows = exact if len(exact) else frame[frame["zoo"].eq(entry_zoo(entry)) & frame["precision"].isna()]
    if rows.empty:
        return None
    sizes = rows.apply(size_of, axis=1)
    largest = rows[sizes.eq(sizes.max())] if sizes.notna().any() else rows
    return largest.sort_values("value").iloc[len(largest) // 2]


def _nearness(
    dataset: Dataset, reference: str, entry: str, frame: pd.DataFrame, own: pd.Series | None, size: int | None
) -> Nearness:
    record = compared(dataset, reference, entry)
    result = record.result if record is not None else None
    points, claim = None, None
    if own is not None:
        mine = frame[frame["entry"].map(without_weights).eq(entry)]
        if size is not None and len(mine):
            mine = mine[mine.apply(size_of, axis=1).eq(size)]
        if len(mine):
            gaps = (mine["value"] - float(own["value"])).astype(float)
            at = gaps.abs().idxmin()
            points, claim = round(float(gaps[at]), 3), str(mine.loc[at, "claim"])
    why = result.findings[0].text if result and result.findings else ""
    return Nearness(
        entry, entry_zoo(entry), result.verdict if result else None, why, points, claim,
        path_of(record).as_posix() if record is not None else None,
    )  # fmt: skip
