"""A comparison's verdict and proof in words."""

from __future__ import annotations

from collections.abc import Sequence

from zoodata.records.comparison import FindingRecord, ProofRecord, Verdict

MEANING: dict[Verdict, str] = {
    "identical": "one network; the same weights give the same scores.",
    "benign": "the same function; what differs has no effect or next to none.",
    "other_head": "same body, other head: weights load but for the number of classes.",
    "parametric": "weights load, outputs differ.",
    "structural": "weights do not load.",
}
"""What each verdict means for someone who swaps weights."""

SHORT_MEANING: dict[Verdict, str] = {
    "identical": "one network",
    "benign": "same function",
    "other_head": "same body, other head",
    "parametric": "weights load, outputs differ",
    "structural": "weights do not load",
}
"""The same in a few words, for beside a verdict's code."""


def proof(shown: ProofRecord | None, findings: Sequence[FindingRecord]) -> str | None:
    """What running both networks showed; None where nothing was run."""
    if shown is None:
        return None
    error = shown.max_relative_error
    if shown.status == "equivalent":
        return (
            f"Proof: a's weights run in b give the same scores, to {error or 0.0:.1e} of the largest{_aside(findings)}."
        )
    if shown.status == "not_transferable":
        layers = "; ".join(shown.misfits[:5])
        return f"Proof: a's weights cannot be carried into b: {layers}."
    first = shown.first_difference
    by = "beyond measure" if error is None else f"by up to {error:.2g} of the largest score"
    at = f", first at {first.a} | {first.b}" if first else ""
    return f"Proof: with a's weights in b the scores differ {by}{at}."


def _aside(findings: Sequence[FindingRecord]) -> str:
    """What was left out of the runs."""
    aside = []
    if any(finding.kind == "preprocessing" for finding in findings):
        aside.append("the rescaling of the image")
    if any(finding.operator == "softmax" for finding in findings):
        aside.append("the softmax")
    return f" ({' and '.join(aside)} left out)" if aside else ""
