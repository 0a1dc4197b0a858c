"""What the networks of two entries have in common, in words, from a comparison."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from zoodata.dataset.store import Dataset, path_of
from zoodata.records import ComparisonMeasurement
from zoodata.records.base import without_weights
from zoodata.records.comparison import FindingRecord

MEANING = {
    "identical": "one network; the same weights give the same scores.",
    "benign": "the same function; what differs has no effect or next to none.",
    "parametric": "weights of one fit the other, but the scores differ.",
    "structural": "weights of one do not fit the other.",
}
GRAVITY = {word: rank for rank, word in enumerate(MEANING)}


def proof_sentence(answer: Mapping[str, Any]) -> str | None:
    """What running both showed; None where nothing was run.

    Args:
        answer: what ``zoodata diff --format json`` prints.
    """
    proof = answer["proof"]
    if proof is None:
        return None
    error = proof["max_relative_error"]
    if proof["status"] == "equivalent":
        aside = _left_out(answer["findings"])
        return f"Proof: a's weights run in b give the same scores, to {error:.1e} of the largest{aside}."
    if proof["status"] == "not_transferable":
        layers = "; ".join(proof["misfits"][:5])
        return f"Proof: a's weights cannot be carried into b: {layers}."
    first = proof["first_difference"]
    by = "beyond measure" if error is None else f"by up to {error:.2g} of the largest score"
    at = f", first at {first['a']} | {first['b']}" if first else ""
    return f"Proof: with a's weights in b the scores part {by}{at}."


def _left_out(findings: Any) -> str:
    left_out = [
        words
        for words, found in (
            ("the rescaling of the image", any(finding["kind"] == "preprocessing" for finding in findings)),
            ("the softmax", any(finding["operator"] == "softmax" for finding in findings)),
        )
        if found
    ]
    return f" ({' and '.join(left_out)} left out)" if left_out else ""


@dataclass(frozen=True)
class Difference:
    """Two entries of one architecture, compared."""

    a: str
    b: str
    measurement: str
    verdict: str
    meaning: str
    findings: tuple[FindingRecord, ...]
    """Gravest first."""
    proof: str | None
    record: str


def compared(dataset: Dataset, one: str, other: str) -> ComparisonMeasurement | None:
    """The comparison of two entries, whichever was a; weights do not matter to it. None where there is no result."""
    one, other = without_weights(one), without_weights(other)
    found = dataset.comparisons.get((one, other)) or dataset.comparisons.get((other, one))
    return found if found is not None and found.result is not None else None


def verdict_between(dataset: Dataset, one: str, other: str) -> str | None:
    """``identical``, ``benign``, ``parametric`` or ``structural``; None where the two were not compared."""
    found = compared(dataset, one, other)
    return found.result.verdict if found is not None and found.result is not None else None


def costs(dataset: Dataset, one: str, other: str) -> str:
    """What the diff of two networks found to cost something, gravest first; empty where nothing is known."""
    found = compared(dataset, one, other)
    if found is None or found.result is None:
        return ""
    return " ".join([finding.text for finding in found.result.findings if "GMAC" in finding.text][:2])


def differences(dataset: Dataset) -> dict[str, list[Difference]]:
    """Architecture to the comparisons of its entries, the gravest first."""
    found: dict[str, list[Difference]] = {}
    for comparison in dataset.comparisons.values():
        if comparison.result is not None:
            found.setdefault(comparison.architecture, []).append(_difference(comparison))
    for pairs in found.values():
        pairs.sort(key=lambda pair: (-GRAVITY[pair.verdict], pair.a, pair.b))
    return found


def _difference(comparison: ComparisonMeasurement) -> Difference:
    result = comparison.result
    assert result is not None
    return Difference(
        comparison.a, comparison.b, comparison.id, result.verdict, MEANING[result.verdict], result.findings,
        proof_sentence(result.model_dump()), path_of(comparison).as_posix(),
    )  # fmt: skip
