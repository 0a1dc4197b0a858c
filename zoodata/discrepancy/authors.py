"""Which zoo's version is nearest to the one that the paper's own authors publish, and by what it differs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from zoodata.dataset import tables
from zoodata.dataset.store import Dataset, path_of
from zoodata.discrepancy.comparable import FLOATING, WORKS, each, obstacle, size_of
from zoodata.discrepancy.networks import FindingBetween, compared, sides
from zoodata.records import Architecture, entry_zoo
from zoodata.records.base import without_weights
from zoodata.records.comparison import GRAVITY

UNCOMPARED = len(GRAVITY)


@dataclass(frozen=True)
class CountBeside:
    """One of our counts beside what the authors state."""

    metric: Literal["parameters", "macs"]
    counted: int
    stated: float | None
    """None where the authors state none at that image size."""


@dataclass(frozen=True)
class NetworkBasis:
    """The two networks were compared."""

    finding: FindingBetween | None
    """The gravest difference; None where nothing differs."""


@dataclass(frozen=True)
class CountBasis:
    """The networks were not compared; our counts stand beside the authors' numbers."""

    counts: tuple[CountBeside, ...]


@dataclass(frozen=True)
class ClaimBasis:
    """Nothing of the entry was counted here: only its claims are known."""


Basis = NetworkBasis | CountBasis | ClaimBasis
"""What a nearness rests on; :mod:`zoodata.wording.authors` words it."""


@dataclass(frozen=True)
class Nearness:
    """One entry beside the authors' own."""

    entry: str
    zoo: str
    verdict: str | None
    """Of the two networks; None where they were not compared."""
    basis: Basis
    points: float | None
    """Its top-1 claim that comes nearest to the authors', minus theirs."""
    claim: str | None
    comparison: str | None
    """Path of the record of the comparison."""

    @property
    def is_compared(self) -> bool:
        """Whether its network, or our counts of it, were compared with the authors' own."""
        return not isinstance(self.basis, ClaimBasis)

    @property
    def rank(self) -> tuple[int, bool, float]:
        """How near it is, claims aside."""
        return GRAVITY.get(self.verdict or "", UNCOMPARED), isinstance(self.basis, ClaimBasis), _off(self.basis)


@dataclass(frozen=True)
class AuthorsOwn:
    """The entry that the paper's authors publish, or that replicates theirs, and the others by how near they are."""

    entry: str
    source: str
    """What says that it is theirs, or a replication of theirs."""
    is_replication: bool
    top1: float | None
    """What the authors claim for it, at the size they published it at."""
    claim: str | None
    others: tuple[Nearness, ...]
    """Those whose networks compute the same come first, then the nearest counts; of equals the nearest claim."""

    @property
    def nearest(self) -> tuple[Nearness, ...]:
        """The first of the others, and those that are as near by their networks or by our counts of them."""
        return tuple(other for other in self.others if other.rank == self.others[0].rank)


def nearest(dataset: Dataset, architecture: Architecture) -> AuthorsOwn | None:
    """Entries of other zoos by nearness to the authors' own; None where the catalogue names none as theirs."""
    reference = architecture.reference
    if reference is None:
        return None
    is_replication = reference.by == "replication"
    frame = tables.claims(dataset)
    frame = frame[frame["architecture"].eq(architecture.id) & frame["value"].gt(WORKS)]
    if frame.empty:
        return AuthorsOwn(reference.entry, reference.source, is_replication, None, None, ())
    frame = frame.assign(size=each(frame, size_of), doubt=each(frame, obstacle))
    own = _own(frame, reference.entry, "top1")
    others = [
        _nearness(dataset, reference.entry, item.entry, frame, own)
        for item in architecture.entries
        if entry_zoo(item.entry) != entry_zoo(reference.entry)
    ]
    known = [other for other in others if other.verdict is not None or other.points is not None]
    known.sort(key=_distance)
    value = float(own["value"]) if own is not None else None
    return AuthorsOwn(
        reference.entry,
        reference.source,
        is_replication,
        value,
        own["claim"] if own is not None else None,
        tuple(known),
    )


def _distance(each: Nearness) -> tuple[int, bool, float, float, str]:
    """Networks first; then what was counted here, by how far its counts are from the authors', before what is known by
    claims only; then the claim."""
    return (
        *each.rank,
        abs(each.points) if each.points is not None else 100.0,
        each.entry,
    )


def _off(basis: Basis) -> float:
    """By what factor, as a logarithm, counts are off what the authors state; to a hundredth, as they round."""
    counts = basis.counts if isinstance(basis, CountBasis) else ()
    return round(sum(abs(math.log(each.counted / each.stated)) for each in counts if each.counted and each.stated), 2)


def _own(frame: pd.DataFrame, entry: str, metric: str, size: int | None = None) -> pd.Series | None:
    """The authors' claim: comparable if there is such a one, of the very entry, else of another of their zoo; at a
    size, else at the one of most of their claims."""
    rows = frame[frame["zoo"].eq(entry_zoo(entry)) & frame["metric"].eq(metric)]
    rows = rows[rows["precision"].isna() | rows["precision"].isin(FLOATING)]
    # The paper's own number is of ImageNet-1k's labels, where one is.
    rows = rows[rows["training"].eq("supervised")] if rows["training"].eq("supervised").any() else rows
    for better in (rows["doubt"].isna(), rows["entry"].map(without_weights).eq(entry)):
        rows = rows[better.loc[rows.index]] if better.loc[rows.index].any() else rows
    if size is not None:
        rows = rows[rows["size"].eq(size)]
    elif rows["size"].notna().any():
        rows = rows[rows["size"].eq(rows["size"].mode().min())]
    return None if rows.empty else rows.sort_values(["value", "claim"]).iloc[len(rows) // 2]


def _nearness(dataset: Dataset, reference: str, entry: str, frame: pd.DataFrame, own: pd.Series | None) -> Nearness:
    record = compared(dataset, reference, entry)
    result = record.result if record is not None else None
    points, claim = None, None
    if own is not None:
        mine = frame[frame["entry"].map(without_weights).eq(entry) & frame["metric"].eq("top1")]
        if own["training"] is not None and mine["training"].eq(own["training"]).any():
            mine = mine[mine["training"].eq(own["training"])]
        if own["size"] is not None and not pd.isna(own["size"]):
            mine = mine[mine["size"].eq(own["size"])]
        if len(mine):
            gaps = (mine["value"] - float(own["value"])).astype(float)
            at = gaps.abs().idxmin()
            points, claim = round(float(gaps[at]), 3), str(mine.loc[at, "claim"])
    if result is None:
        basis = _counts_beside(dataset, reference, entry, frame)
    else:
        assert record is not None
        ends = sides(dataset, record, reference, entry)
        basis = NetworkBasis(FindingBetween(*ends, result.findings[0]) if result.findings else None)
    return Nearness(
        entry, entry_zoo(entry), result.verdict if result else None, basis, points, claim,
        path_of(record).as_posix() if record is not None else None,
    )  # fmt: skip


def _counts_beside(dataset: Dataset, reference: str, entry: str, frame: pd.DataFrame) -> Basis:
    """What was counted of a network beside what the authors state of theirs, at the size it was counted at."""
    record = dataset.architecture_outcomes.get(entry)
    if record is None or record.result is None:
        return ClaimBasis()
    result = record.result

    def beside(metric: Literal["parameters", "macs"], counted: int) -> CountBeside:
        claim = _own(frame, reference, metric, result.input.height)
        return CountBeside(metric, counted, None if claim is None else float(claim["value"]))

    return CountBasis((beside("parameters", result.parameters), beside("macs", result.macs)))
