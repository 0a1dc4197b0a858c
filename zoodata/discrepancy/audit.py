"""The audit: what zoos state held against each other, against our counts, and against what is possible.

Each rule is a function from the evidence to findings, and names nothing but numbers: no zoo, model or value is
written into one. A finding gives both sides with their sources, so that it can be argued with.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from statistics import median
from typing import Any

from zoodata.dataset.store import Dataset
from zoodata.dataset.tables import source_text
from zoodata.discrepancy.comparable import WORKS
from zoodata.discrepancy.evidence import Count, Evidence, Statement
from zoodata.records import entry_zoo

OUTLIER_POINTS = 5.0
"""Points from the median of the zoos' own medians at which a claim stands alone."""
OUTLIER_ZOOS = 4

COUNT_TOLERANCE = 0.02
"""Part by which a stated parameter count may be off before it is of another network."""

ONE, TWO = (0.93, 1.07), (1.86, 2.14)
"""Stated cost over our multiply-accumulates: within the first it counts those, within the second operations."""

HEXADECIMAL = re.compile(r"(?<![0-9a-z])(?=[0-9a-f]*[a-f])(?=[0-9a-f]*[0-9])[0-9a-f]{8,64}(?![0-9a-z])")
"""The piece of a checkpoint's name or checksum that is a hash; all digits would be a date."""

OTHER_PRECISIONS = re.compile(r"int8|qdq|fp16|bf16|quant", re.IGNORECASE)


@dataclass(frozen=True)
class AuditFinding:
    """One statement that does not hold, or two that cannot both."""

    rule: str
    entry: str
    zoo: str
    architecture: str | None
    size: float
    """How far off: points for accuracies, a factor (at least 1) for counts."""
    text: str
    claims: tuple[str, ...]
    sources: tuple[str, ...]
    measurement: str | None = None
    """Path of the record that a statement is held against, if that is one of ours."""

    def as_dict(self) -> dict[str, Any]:
        """The finding as JSON output shows it."""
        return asdict(self)


def audit(dataset: Dataset) -> list[AuditFinding]:
    """Every finding of every rule, by rule and within it the largest first."""
    evidence = Evidence.of(dataset)
    found = [finding for rule in RULES for finding in rule(evidence)]
    order = {name: place for place, name in enumerate(dict.fromkeys(finding.rule for finding in found))}
    return sorted(found, key=lambda f: (order[f.rule], -f.size, f.entry, f.claims))


def _finding(
    rule: str, statements: Iterable[Statement], size: float, text: str, measurement: str | None = None
) -> AuditFinding:
    lead, *others = statements
    involved = (lead, *others)
    return AuditFinding(
        rule=rule,
        entry=lead.claim.entry,
        zoo=lead.zoo,
        architecture=lead.architecture,
        size=round(size, 4),
        text=text,
        claims=tuple(s.claim.id for s in involved),
        sources=tuple(source_text(s.claim) for s in involved),
        measurement=measurement,
    )


def impossible(evidence: Evidence) -> Iterator[AuditFinding]:
    """A top-1 above its own top-5, or an accuracy that no working model has."""
    top5 = {(s.claim.entry, s.size, source_text(s.claim)): s for s in evidence.of_metric("top5")}
    for s in evidence.of_metric("top1"):
        other = top5.get((s.claim.entry, s.size, source_text(s.claim)))
        if other is not None and s.value > other.value:
            text = f"top-1 {s.value:g} is above top-5 {other.value:g}"
            yield _finding("impossible", (s, other), s.value - other.value, text)
        if s.value < WORKS:
            text = f"a top-1 of {s.value:g} % is no working model's: another label order, other classes, or a slip"
            yield _finding("impossible", (s,), WORKS - s.value, text)


def contradiction(evidence: Evidence) -> Iterator[AuditFinding]:
    """Two statements of one zoo about one model, more than rounding apart."""
    groups: dict[Any, list[Statement]] = defaultdict(list)
    for s in evidence.statements:
        if s.claim.metric not in ("input_size", "file_size"):
            groups[s.zoo, s.model, s.claim.metric, s.size].append(s)
    for statements in groups.values():
        for one, other in combinations(statements, 2):
            if _about_one_thing(one, other, statements) and one.differs_from(other):
                size = abs(one.value - other.value) if one.is_accuracy else _factor(one.value, other.value)
                text = f"{one.claim.metric}: {one.said()} here, {other.said()} there"
                yield _finding("contradiction", (one, other), size, text)


def _about_one_thing(one: Statement, other: Statement, group: list[Statement]) -> bool:
    """The same checkpoint; or, where only one side names it, the only statement that each document makes."""
    if source_text(one.claim) == source_text(other.claim) or one.is_borrowed or other.is_borrowed:
        return False
    if not one.may_be_the_same_run(other):
        return False
    if one.claim.entry == other.claim.entry:
        return one.recipe == other.recipe
    named = "@" in one.claim.entry, "@" in other.claim.entry
    alone = all(sum(s.document == side.document for s in group) == 1 for side in (one, other))
    return one.document != other.document and any(named) and not all(named) and alone


def checkpoint(evidence: Evidence) -> Iterator[AuditFinding]:
    """One checkpoint, known by the hash in its name, with several accuracies."""
    for metric in ("top1", "top5"):
        groups: dict[Any, dict[str, Statement]] = defaultdict(dict)
        for s in evidence.of_metric(metric):
            for mark in set(HEXADECIMAL.findall(f"{s.claim.checkpoint or ''} {s.claim.checksum or ''}".lower())):
                groups[mark[:8], s.size].setdefault(s.zoo, s)
        for by_zoo in groups.values():
            for one, other in combinations(by_zoo.values(), 2):
                if one.differs_from(other):
                    text = f"the same weights: {metric} {one.said()} by {one.zoo}, {other.said()} by {other.zoo}"
                    yield _finding("checkpoint", (one, other), abs(one.value - other.value), text)


def outlier(evidence: Evidence) -> Iterator[AuditFinding]:
    """A comparable top-1 far from what the other zoos claim."""
    for statements in evidence.comparable("top1").values():
        by_zoo: dict[str, list[Statement]] = defaultdict(list)
        for s in statements:
            by_zoo[s.zoo].append(s)
        if len(by_zoo) < OUTLIER_ZOOS:
            continue
        for s in statements:
            others = [median(x.value for x in own) for zoo, own in by_zoo.items() if zoo != s.zoo]
            middle = median(others)
            if middle - s.value > OUTLIER_POINTS:
                text = f"top-1 {s.said()}, while the median of {len(others)} other zoos is {middle:.2f}"
                yield _finding("outlier", (s,), middle - s.value, text)


def parameters(evidence: Evidence) -> Iterator[AuditFinding]:
    """A stated parameter count that no network of this architecture has here."""
    for s in evidence.of_metric("parameters"):
        counts = evidence.counts(s)
        alternatives = [number for count in counts for number in count.parameter_counts()]
        if not alternatives or s.value <= 0:
            continue
        nearest = min(alternatives, key=lambda number: _factor(number, s.value))
        if _factor(nearest, s.value) <= 1 + COUNT_TOLERANCE + s.step / s.value:
            continue
        if any(_factor(number, s.value) <= 1 + COUNT_TOLERANCE for c in counts for number in evidence.headless(c)):
            continue  # the count of the network without its classifier
        twin = evidence.with_parameters(s)
        hint = f"; it is the count of {twin}" if twin else ""
        text = f"states {s.said()} parameters; the networks of this architecture counted here have {nearest:,}{hint}"
        yield _finding("parameters", (s,), _factor(nearest, s.value), text, counts[0].record)


def compute(evidence: Evidence) -> Iterator[AuditFinding]:
    """A stated cost whose unit is not what was counted, or that is of another network."""
    for s in evidence.of_metric("macs"):
        counts = [count for count in evidence.counts(s) if count.size == s.size and count.macs]
        if not counts or s.value <= 0:
            continue
        label = s.claim.stated_unit.lower()
        says_macs = "mac" in label or "/2" in label
        if not says_macs and "op" not in label:
            continue  # the source gives no unit to hold it to
        pairs = sorted(((s.value / count.macs, count) for count in counts), key=lambda pair: abs(pair[0] - 1))
        within = {name: _inside(pairs, bounds, s.step) for name, bounds in (("macs", ONE), ("operations", TWO))}
        if within["macs" if says_macs else "operations"]:
            continue
        if pair := within["operations" if says_macs else "macs"]:
            counted = "operations" if says_macs else "multiply-accumulates"
            text = f"{s.said()} are {counted}: a pass at {s.size} px takes {pair[1].macs / 1e9:.3f} GMAC"
            yield _finding("unit", (s,), 2.0, text, pair[1].record)
            continue
        nearest = min(pairs, key=lambda pair: min(_factor(pair[0], 1), _factor(pair[0], 2)))
        factor = min(_factor(nearest[0], 1), _factor(nearest[0], 2))
        text = f"states {s.said()}; the networks counted here take {nearest[1].macs / 1e9:.3f} GMAC at {s.size} px"
        yield _finding("compute", (s,), factor, text, nearest[1].record)


def _inside(
    pairs: Sequence[tuple[float, Count]], bounds: tuple[float, float], step: float
) -> tuple[float, Count] | None:
    """The first ratio within bounds, which the last stated digit of a small number may reach over."""
    for ratio, count in pairs:
        more = step / count.macs
        if bounds[0] - more <= ratio <= bounds[1] + more:
            return ratio, count
    return None


def file_size(evidence: Evidence) -> Iterator[AuditFinding]:
    """A file of full precision too small for the weights of what it is called, as other zoos build it."""
    for s in evidence.of_metric("file_size"):
        if OTHER_PRECISIONS.search(s.claim.entry):
            continue
        others = [c for c in evidence.counts(s) if entry_zoo(c.entry) != s.zoo or c.entry == s.model]
        counts = [c for c in others if s.size in (None, c.size)]
        if not counts:
            continue
        # With batch norm folded, a scale and a shift become one bias.
        least = min(min(c.parameter_counts()) - c.statistics // 2 for c in counts)
        if s.value < 4 * least:
            text = f"the file has {s.value:,.0f} bytes; {least:,} parameters of four bytes need {4 * least:,}"
            yield _finding("file size", (s,), 4 * least / s.value, text, counts[0].record)


RULES: tuple[Callable[[Evidence], Iterator[AuditFinding]], ...] = (
    impossible, contradiction, checkpoint, outlier, parameters, compute, file_size,
)  # fmt: skip


def _factor(one: float, other: float) -> float:
    """How many times the larger is the smaller."""
    return max(one, other) / min(one, other) if one > 0 and other > 0 else float("inf")


def by_zoo(findings: Iterable[AuditFinding]) -> dict[tuple[str, str], list[AuditFinding]]:
    """Findings by rule and zoo, the most frequent first."""
    groups: dict[tuple[str, str], list[AuditFinding]] = defaultdict(list)
    for finding in findings:
        groups[finding.rule, finding.zoo].append(finding)
    return dict(sorted(groups.items(), key=lambda item: (-len(item[1]), item[0])))
