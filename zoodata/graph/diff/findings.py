"""Findings: the differences of two networks, judged and grouped over repeated blocks."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from math import isfinite
from typing import Any

from zoodata.graph.counter import node_macs
from zoodata.graph.diff.compare import (
    AttributeChanged,
    Comparison,
    Difference,
    EmbeddedPreprocessing,
    InputSize,
    Moved,
    OneSided,
    Reordered,
    Replaced,
    Rewired,
    operator_names,
)
from zoodata.graph.diff.proof import Obstacle, Place, Proof
from zoodata.graph.diff.weigh import TensorMisfit, Weighed, image_sizes, weigh
from zoodata.graph.digest import digest, text
from zoodata.graph.network import Network, Node
from zoodata.records.base import visible, visible_line
from zoodata.records.comparison import (
    GRAVITY,
    ComparisonResult,
    FindingKind,
    FindingPlace,
    FindingRecord,
    Misfit,
    Part,
    ProofObstacle,
    ProofRecord,
    Reason,
    Severity,
    Verdict,
)

MOVEMENT = frozenset({"slice", "concatenate", "flatten", "pad", "roll"})
"""Operators that only put values elsewhere."""

TABLE = " table"
"""How the attribute of an operand that is a constant table ends."""

COST_TOLERANCE = 0.001
"""Part of the MACs by which both sides must differ for a finding to state them."""

MAX_OPERATORS, MAX_MISFITS = 12, 20
"""How many operators of a part, and misfits of a proof, a record names."""


@dataclass(frozen=True)
class Finding:
    """One explained difference, with all places where it occurs."""

    kind: FindingKind
    severity: Severity
    operator: str
    attribute: str | None
    a: Any
    """The attribute's value in a; None where the finding is about parts."""
    b: Any
    places: tuple[Place, ...]
    part_a: tuple[str, ...] = ()
    """Operators that only a has, or has elsewhere than b."""
    part_b: tuple[str, ...] = ()
    reason: Reason | None = None
    macs: tuple[int, int] | None = None
    """Of the layers concerned in a and in b, where they differ."""
    misfit: TensorMisfit | None = None

    @property
    def only_moves(self) -> bool:
        """Whether it may be nothing but another way to move the same values."""
        if self.severity != "parametric":
            return False
        if self.kind in ("inserted", "removed", "replaced"):
            return {*self.part_a, *self.part_b} <= MOVEMENT
        return self.attribute == "view" or (self.attribute or "").endswith(TABLE)


@dataclass(frozen=True)
class Diff:
    """What differs between two networks."""

    verdict: Verdict
    """That of the gravest finding, or ``identical``."""
    digest_a: str
    digest_b: str
    findings: tuple[Finding, ...]
    """Gravest first."""


def diff(a: Network, b: Network, comparison: Comparison | None = None) -> Diff:
    """Compare two networks."""
    digests = digest(a), digest(b)
    if digests[0] == digests[1] and a.input_shape == b.input_shape:
        return Diff("identical", *digests, ())
    compared = comparison or Comparison(a, b)
    findings = [_finding(compared, group) for group in _groups(weigh(compared))]
    findings = findings or [_regrouped()]  # the digests differ, or the image sizes, which is a finding
    return _graded(Diff(findings[0].severity, *digests, tuple(findings)))


def _graded(diff: Diff) -> Diff:
    """The findings gravest first, and the verdict that follows."""
    findings = tuple(sorted(diff.findings, key=lambda finding: -GRAVITY[finding.severity]))
    return replace(diff, findings=findings, verdict=findings[0].severity if findings else diff.verdict)


def with_input_sizes(diff: Diff, a: Network, b: Network) -> Diff:
    """The diff of two networks that were brought to one image size, with the sizes that their zoos declare.

    The sizes are listed last.
    """
    added = tuple(_finding(None, [each]) for each in image_sizes(a, b))
    verdict: Verdict = diff.verdict
    for finding in added:
        if GRAVITY[finding.severity] > GRAVITY[verdict]:
            verdict = finding.severity
    return Diff(verdict, digest(a), digest(b), (*diff.findings, *added))


def needs_settling(diff: Diff) -> bool:
    """Whether a proof decides something: any finding that is not benign yet."""
    return any(finding.severity != "benign" for finding in diff.findings)


def settled(diff: Diff, proof: Proof | None) -> Diff:
    """The diff after its proof, which verdict and findings then agree with.

    Where both give the same scores, no difference makes another; where they do not, one does, found or not.
    """
    if proof is None or proof.status in ("not_proven", "not_transferable"):
        return diff
    if proof.status == "equivalent":
        return _graded(replace(diff, findings=tuple(_proven(finding, proof.one_way) for finding in diff.findings)))
    if GRAVITY[diff.verdict] > GRAVITY["other_head"]:
        return diff
    places = () if proof.first_difference is None else (proof.first_difference,)
    unexplained = Finding("changed", "parametric", "network", "scores", None, None, places, reason="unexplained")
    return _graded(replace(diff, findings=(unexplained, *diff.findings)))


def _proven(finding: Finding, one_way: bool) -> Finding:
    """A finding of two networks that were run and agree. What concerns the shapes of stored tensors stays, where b
    has some that a has none for, or keeps one tensor where a has several."""
    if finding.severity in ("benign", "other_head") or finding.kind in ("preprocessing", "input"):
        return finding  # what a network does to its image before its first layer is left out of the runs
    if finding.severity == "structural" and (one_way or finding.attribute == "sharing"):
        return finding
    reason: Reason = "moves_values_proven" if finding.reason == "moves_values" else "proven"
    return replace(finding, severity="benign", reason=reason)


def _groups(weighed: Sequence[Weighed]) -> list[list[Weighed]]:
    """Equal differences at several places, in the order of their first."""
    groups: dict[Hashable, list[Weighed]] = {}
    for each in weighed:
        d = each.difference
        key = (
            _kind(d),
            d.operator,
            _attribute(d),
            *map(text, _values(d)),
            each.severity,
            each.reason,
            each.misfit is not None,
        )
        groups.setdefault(key, []).append(each)
    return list(groups.values())


def _finding(c: Comparison | None, group: Sequence[Weighed]) -> Finding:
    lead = group[0]
    d = lead.difference
    a, b = (None, None) if isinstance(d, OneSided | Replaced) else _values(d)
    if isinstance(d, Reordered):
        b = d.direction
    part_a, part_b = _parts(d)
    finding = Finding(
        kind=_kind(d), severity=lead.severity, operator=d.operator, attribute=_attribute(d), a=a, b=b,
        places=tuple(_place(each.difference) for each in group), part_a=part_a, part_b=part_b,
        reason=lead.reason, misfit=lead.misfit,
    )  # fmt: skip
    macs = (0, 0) if c is None else _cost(c, [each.difference for each in group])
    if finding.severity != "benign" and abs(macs[0] - macs[1]) > COST_TOLERANCE * max(macs):
        finding = replace(finding, macs=macs)
    return replace(finding, reason="moves_values") if finding.reason is None and finding.only_moves else finding


def _kind(d: Difference) -> FindingKind:
    match d:
        case OneSided():
            return "removed" if d.is_in_a else "inserted"
        case Reordered():
            return "reordered"
        case Replaced():
            return "replaced"
        case Rewired():
            return "rewired"
        case Moved():
            return "moved"
        case EmbeddedPreprocessing():
            return "preprocessing"
        case InputSize():
            return "input"
    return "changed"


def _attribute(d: Difference) -> str | None:
    match d:
        case AttributeChanged() | Rewired() | Moved():
            return d.attribute
        case Reordered():
            return "order"
        case InputSize():
            return "size"
    return None


def _values(d: Difference) -> tuple[Any, Any]:
    """What is compared on either side."""
    match d:
        case AttributeChanged() | Rewired() | EmbeddedPreprocessing() | InputSize():
            return d.a, d.b
        case Moved():
            return d.value, d.value
        case Reordered():
            return operator_names(d.members_a), d.direction
    return _parts(d)


def _parts(d: Difference) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The operators of one-sided parts."""
    match d:
        case OneSided():
            names = operator_names(d.members)
            return (names, ()) if d.is_in_a else ((), names)
        case Reordered():
            return operator_names(d.members_a), ()
        case Replaced():
            return operator_names(d.members_a), operator_names(d.members_b)
    return (), ()


def _place(d: Difference) -> Place:
    return Place(_name(d.node_a), _name(d.node_b))


def _name(node: Node | None) -> str | None:
    return None if node is None else node.name


def _cost(c: Comparison, group: Sequence[Difference]) -> tuple[int, int]:
    """MACs of the layers concerned, on either side."""
    nodes_a = {node.number for d in group for node in (*d.nodes_a, *((d.node_a,) if d.node_a else ()))}
    nodes_b = {node.number for d in group for node in (*d.nodes_b, *((d.node_b,) if d.node_b else ()))}
    return (
        sum(node_macs(c.a, c.a.nodes[number]) for number in nodes_a),
        sum(node_macs(c.b, c.b.nodes[number]) for number in nodes_b),
    )


def _regrouped() -> Finding:
    """Every node has its counterpart, and yet the digests differ: values are rearranged between nodes."""
    return Finding("changed", "parametric", "view", "view", None, None, (), reason="moves_values")


def as_record(diff: Diff, proof: Proof | None) -> ComparisonResult:
    """The comparison as ``zoodata diff`` prints it and the dataset keeps it.

    Names come from models, which may be anybody's: what a record may not hold is replaced.
    """
    return ComparisonResult(
        verdict=diff.verdict,
        digest_a=diff.digest_a,
        digest_b=diff.digest_b,
        findings=tuple(_as_record(finding) for finding in diff.findings),
        proof=None if proof is None else _proof_record(proof),
    )


def _as_record(finding: Finding) -> FindingRecord:
    misfit = finding.misfit
    return FindingRecord(
        kind=finding.kind,
        severity=finding.severity,
        operator=visible_line(finding.operator),
        attribute=None if finding.attribute is None else visible_line(finding.attribute),
        a=_plain(finding.a),
        b=_plain(finding.b),
        part_a=_part(finding.part_a),
        part_b=_part(finding.part_b),
        places=tuple(_place_record(place.a, place.b) for place in finding.places),
        reason=finding.reason,
        macs=finding.macs,
        misfit=None if misfit is None else Misfit(
            layer=visible(misfit.layer), shape_a=misfit.shape_a, shape_b=misfit.shape_b
        ),
    )  # fmt: skip


def _place_record(a: str | None, b: str | None) -> FindingPlace:
    return FindingPlace(a=None if a is None else visible(a), b=None if b is None else visible(b))


def _part(operators: tuple[str, ...]) -> Part | None:
    if not operators:
        return None
    named = tuple(visible_line(each) for each in operators[:MAX_OPERATORS])
    return Part(operators=named, more=len(operators) - len(named))


def _proof_record(proof: Proof) -> ProofRecord:
    error, first = proof.max_relative_error, proof.first_difference
    return ProofRecord(
        status=proof.status,
        max_relative_error=None if error is None or not isfinite(error) else error,
        first_difference=None if first is None else _place_record(first.a, first.b),
        misfits=tuple(visible(each) for each in proof.misfits[:MAX_MISFITS]),
        native_error=None if proof.native_error is None or not isfinite(proof.native_error) else proof.native_error,
        one_way=proof.one_way,
        obstacle=None if proof.obstacle is None else _obstacle_record(proof.obstacle),
    )


def _obstacle_record(obstacle: Obstacle) -> ProofObstacle:
    error = obstacle.error
    return ProofObstacle(
        code=obstacle.code,
        side=obstacle.side,
        operator=None if obstacle.operator is None else visible_line(obstacle.operator),
        place=None if obstacle.place is None else visible(obstacle.place),
        error=None if error is None or not isfinite(error) else error,
        detail=None if obstacle.detail is None else visible_line(obstacle.detail),
    )


def _plain(value: Any) -> Any:
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    if isinstance(value, str):
        return visible(value)
    return str(value) if isinstance(value, float) and not isfinite(value) else value
