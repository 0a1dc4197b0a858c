"""What the networks of two entries have in common, in words, from a comparison."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from zoodata.dataset.store import Dataset, path_of
from zoodata.records import ComparisonMeasurement
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
    verdict: str
    meaning: str
    findings: tuple[FindingRecord, ...]
    """Gravest first."""
    proof: str | None
    record: str


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
        comparison.a, comparison.b, result.verdict, MEANING[result.verdict], result.findings,
        proof_sentence(result.model_dump()), path_of(comparison).as_posix(),
    )  # fmt: skip
