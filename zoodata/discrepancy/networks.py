"""Compared networks: of which entries there is a comparison, and what it says."""

from __future__ import annotations

from dataclasses import dataclass

from zoodata.dataset.store import Dataset, path_of
from zoodata.records import ComparisonMeasurement
from zoodata.records.base import without_weights
from zoodata.records.comparison import GRAVITY, FindingRecord, ProofRecord, Verdict


@dataclass(frozen=True)
class ComparedPair:
    """Two entries of one architecture, compared."""

    a: str
    b: str
    measurement: str
    verdict: Verdict
    findings: tuple[FindingRecord, ...]
    """Gravest first."""
    proof: ProofRecord | None
    record: str

    @property
    def loads_but_head(self) -> bool:
        """Whether weights load but for the head, and outputs differ."""
        return self.verdict == "parametric" and any(each.severity == "other_head" for each in self.findings)


def compared(dataset: Dataset, one: str, other: str) -> ComparisonMeasurement | None:
    """The comparison of two entries, whichever was a; weights do not matter to it. None where there is no result.

    A comparison of networks holds for all entries that have them.
    """
    one, other = without_weights(one), without_weights(other)
    comparison = dataset.comparisons.get((one, other)) or dataset.comparisons.get((other, one))
    if comparison is None or comparison.result is None:
        comparison = dataset.comparisons_by_digests.get(dataset.digests_of(one, other))
    return comparison if comparison is not None and comparison.result is not None else None


def verdict_between(dataset: Dataset, one: str, other: str) -> Verdict | None:
    """The verdict of two networks; None where the two were not compared."""
    if len(dataset.digests_of(one, other)) == 1:
        return "identical"
    comparison = compared(dataset, one, other)
    return comparison.result.verdict if comparison is not None and comparison.result is not None else None


def sides(dataset: Dataset, record: ComparisonMeasurement, one: str, other: str) -> tuple[str, str]:
    """The two entries as a and b of a comparison, which may be of other entries with the same networks."""
    if {without_weights(one), without_weights(other)} == {record.a, record.b}:
        return record.a, record.b
    mine = dataset.architecture_outcomes[without_weights(one)].result
    is_a = mine is not None and record.result is not None and mine.digest == record.result.digest_a
    return (one, other) if is_a else (other, one)


@dataclass(frozen=True)
class FindingBetween:
    """A difference, and which of two entries is a and which b in it."""

    a: str
    b: str
    finding: FindingRecord


def costly_findings(dataset: Dataset, one: str, other: str) -> tuple[FindingBetween, ...]:
    """The findings between two networks that change MACs, gravest first; empty where nothing is known."""
    record = compared(dataset, one, other)
    if record is None or record.result is None:
        return ()
    found = (finding for finding in record.result.findings if finding.macs is not None)
    return tuple(FindingBetween(*sides(dataset, record, one, other), finding) for finding in found)


def compared_pairs(dataset: Dataset) -> dict[str, list[ComparedPair]]:
    """Architecture to the comparisons of its entries, the gravest first."""
    by_architecture: dict[str, list[ComparedPair]] = {}
    for comparison in dataset.comparisons.values():
        if comparison.result is not None:
            by_architecture.setdefault(comparison.architecture, []).append(_pair(comparison))
    for pairs in by_architecture.values():
        pairs.sort(key=lambda pair: (-GRAVITY[pair.verdict], pair.a, pair.b))
    return by_architecture


def _pair(comparison: ComparisonMeasurement) -> ComparedPair:
    result = comparison.result
    assert result is not None
    return ComparedPair(
        comparison.a, comparison.b, comparison.id, result.verdict, result.findings, result.proof,
        path_of(comparison).as_posix(),
    )  # fmt: skip
