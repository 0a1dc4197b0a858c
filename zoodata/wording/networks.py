"""A comparison's verdict and proof in words."""

from __future__ import annotations

from collections.abc import Sequence

from zoodata.records.comparison import FindingRecord, ProofObstacle, ProofRecord, Verdict
from zoodata.wording.findings import LETTERS, Names

MEANING: dict[Verdict, str] = {
    "identical": "one network; the same weights give the same scores.",
    "benign": "the same function; what differs has no effect or next to none.",
    "other_head": "same body, other head: other classes, a second head, or none; all weights before it load.",
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


def proof(shown: ProofRecord | None, findings: Sequence[FindingRecord], names: Names = LETTERS) -> str | None:
    """What running both networks showed; None where nothing was run."""
    if shown is None:
        return None
    a, b = names
    error = shown.max_relative_error
    if shown.status == "not_proven":
        return f"Not proven: {_obstacle(shown.obstacle, names)}."
    if shown.status == "equivalent":
        return (
            f"Proof: {a}'s weights run in {b} give the same scores, to {error or 0.0:.1e} of the largest"
            f"{_aside(findings)}{_natively(shown)}.{ONE_WAY[0].format(a=a, b=b) if shown.one_way else ''}"
        )
    if shown.status == "not_transferable":
        layers = "; ".join(shown.misfits[:5])
        return f"Proof: {a}'s weights cannot be carried into {b}: {layers}."
    first = shown.first_difference
    by = "beyond measure" if error is None else f"by up to {error:.2g} of the largest score"
    at = f", first at {first.a} | {first.b}" if first else ""
    aside = f". {ONE_WAY[1].format(a=a, b=b)}" if shown.one_way else ""
    return f"Proof: with {a}'s weights in {b} the scores differ {by}{at}{_natively(shown)}{aside}."


ONE_WAY = (
    " {b} has stored tensors that {a} has none for, so {b}'s weights do not fit into {a}.",
    "{b} has stored tensors that {a} has none for; they were left without effect",
)


def _natively(shown: ProofRecord) -> str:
    """What the models themselves showed, run by their own frameworks."""
    if shown.native_error is None:
        return ""
    return f" (both models, run by their own frameworks, agree with it to {shown.native_error:.0e})"


def _obstacle(obstacle: ProofObstacle | None, names: Names) -> str:
    if obstacle is None:
        return "no reason was recorded"
    side = dict(zip(LETTERS, names, strict=True)).get(obstacle.side, obstacle.side)
    if obstacle.code == "cannot_run":
        return f"{obstacle.operator} at {obstacle.place} in {side} cannot be run here"
    if obstacle.code == "model_fails":
        return f"the model {side} itself does not run here ({obstacle.detail})"
    by = "beyond measure" if obstacle.error is None else f"by {obstacle.error:.0e} of the largest score"
    at = f", first at {obstacle.place}" if obstacle.place else ""
    return f"our reading of {side} does not give the scores of the model itself: they differ {by}{at}"


def _aside(findings: Sequence[FindingRecord]) -> str:
    """What was left out of the runs."""
    aside = []
    if any(finding.kind == "preprocessing" for finding in findings):
        aside.append("the rescaling of the image")
    if any(finding.operator == "softmax" for finding in findings):
        aside.append("the softmax")
    return f" ({' and '.join(aside)} left out)" if aside else ""
