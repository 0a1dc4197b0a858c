"""Findings: differences grouped over repeated blocks, in words."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from math import isfinite
from typing import Any

from zoodata.graph.counter import node_macs
from zoodata.graph.diff import explain
from zoodata.graph.diff.compare import Comparison, Difference
from zoodata.graph.diff.proof import Proof
from zoodata.graph.diff.weigh import BENIGN, RANK, image_sizes, weigh
from zoodata.graph.digest import digest, text
from zoodata.graph.network import Network


@dataclass(frozen=True)
class Place:
    """Where: the node's name on either side; None where there is none."""

    a: str | None
    b: str | None


@dataclass(frozen=True)
class Finding:
    """One explained difference, with all places where it occurs."""

    kind: str
    severity: str
    operator: str
    attribute: str | None
    a: Any
    b: Any
    places: tuple[Place, ...]
    text: str


@dataclass(frozen=True)
class Diff:
    """What differs between two networks."""

    verdict: str
    """identical, benign, parametric or structural: the gravest finding."""
    digest_a: str
    digest_b: str
    findings: tuple[Finding, ...]
    """Gravest first."""


def diff(a: Network, b: Network, comparison: Comparison | None = None) -> Diff:
    """Compare two networks."""
    marks = digest(a), digest(b)
    if marks[0] == marks[1] and a.input_shape == b.input_shape:
        return Diff("identical", *marks, ())
    found = comparison or Comparison(a, b)
    differences = weigh(found)
    findings = [_finding(found, group) for group in _groups(differences)]
    findings = findings or [_regrouped()]  # the digests differ, or the image sizes, which is a finding
    findings.sort(key=lambda finding: -RANK[finding.severity])
    return Diff(findings[0].severity, *marks, tuple(findings))


def read_apart(found: Diff, a: Network, b: Network) -> Diff:
    """The diff of two networks that were brought to one image size, beside the sizes their zoos declare."""
    sizes = image_sizes(a, b)
    added = [
        Finding(
            d.kind, d.severity, d.operator, d.attribute, d.a, d.b, (Place(d.node_a.name, d.node_b.name),),
            explain.sentence(d, d.operator, [(d.node_a.name, d.node_b.name)], (0, 0)),
        )
        for d in sizes
        if d.node_a is not None and d.node_b is not None
    ]  # fmt: skip
    verdict = max((found.verdict, *(finding.severity for finding in added)), key=lambda word: RANK.get(word, -1))
    return Diff(verdict, digest(a), digest(b), (*found.findings, *added))


def _groups(differences: list[Difference]) -> list[list[Difference]]:
    """Equal differences at several places, in the order of their first."""
    groups: dict[Any, list[Difference]] = {}
    for d in differences:
        misfit = "misfit" in d.extra
        groups.setdefault(
            (d.kind, d.operator, d.attribute, text(d.a), text(d.b), d.severity, d.why, misfit), []
        ).append(d)
    return list(groups.values())


def _finding(c: Comparison, group: list[Difference]) -> Finding:
    lead = group[0]
    places = tuple(
        Place(d.node_a.name if d.node_a is not None else None, d.node_b.name if d.node_b is not None else None)
        for d in group
    )
    return Finding(
        kind=lead.kind,
        severity=lead.severity,
        operator=lead.operator,
        attribute=lead.attribute,
        a=lead.a,
        b=lead.b,
        places=places,
        text=explain.sentence(lead, lead.operator, [(p.a, p.b) for p in places], _cost(c, group)),
    )


def _cost(c: Comparison, group: list[Difference]) -> tuple[int, int]:
    """MACs of the layers concerned, on either side."""
    nodes_a, nodes_b = set(), set()
    for d in group:
        nodes_a |= {n.number for n in (*d.members_a, *d.extra.get("nodes_a", ()), *((d.node_a,) if d.node_a else ()))}
        nodes_b |= {n.number for n in (*d.members_b, *d.extra.get("nodes_b", ()), *((d.node_b,) if d.node_b else ()))}
    return (
        sum(node_macs(c.a, c.a.nodes[n]) for n in nodes_a),
        sum(node_macs(c.b, c.b.nodes[n]) for n in nodes_b),
    )


def _regrouped() -> Finding:
    return Finding(
        "changed", "parametric", "view", "view", None, None, (),
        "Values take another way between layers (the order of axes, heads or windows, or the axes that an operator"
        f" works along); every layer has its counterpart.{explain.UNSETTLED}",
    )  # fmt: skip


def settled(found: Diff, proof: Proof | None) -> Diff:
    """The diff after its proof: another way to move values about is benign if both give the same scores."""
    if proof is None or proof.status != "equivalent":
        return found
    findings = tuple(_as_movement(finding) for finding in found.findings)
    findings = tuple(sorted(findings, key=lambda finding: -RANK[finding.severity]))
    verdict = findings[0].severity if findings else found.verdict
    return replace(found, findings=findings, verdict=verdict)


def _as_movement(finding: Finding) -> Finding:
    if not explain.only_moves(finding):
        return finding
    text = finding.text.replace(explain.UNSETTLED, " It moves values about another way: run, both agree.")
    return replace(finding, severity=BENIGN, text=text)


def as_json(found: Diff, proof: Proof | None) -> dict[str, Any]:
    """The answer in JSON's types, as ``zoodata diff`` prints it and the dataset keeps it."""
    answer = asdict(found)
    for finding in answer["findings"]:
        finding["a"], finding["b"] = _plain(finding["a"]), _plain(finding["b"])
    answer["proof"] = None
    if proof is not None:
        answer["proof"] = asdict(proof) | {"misfits": list(proof.misfits[:20])}
        error = proof.max_relative_error
        answer["proof"]["max_relative_error"] = None if error is None or not isfinite(error) else error
    return answer


def _plain(value: Any) -> Any:
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, float) and not isfinite(value) else value
