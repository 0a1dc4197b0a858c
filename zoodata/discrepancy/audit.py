"""The audit: what zoos state compared with each other, with our counts, and with what is possible.

Each rule is a function from the evidence to findings, and names nothing but numbers: no zoo, model or value is
written into one. A finding gives both sides with their sources, so that it can be argued with.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import combinations
from statistics import median
from typing import Any

from zoodata.dataset.store import Dataset
from zoodata.dataset.tables import source_text
from zoodata.discrepancy import grades
from zoodata.discrepancy.checkpoints import hashes
from zoodata.discrepancy.comparable import WORKS
from zoodata.discrepancy.evidence import Count, Evidence, Statement
from zoodata.discrepancy.facts import (
    AuditFinding,
    BelowTop1,
    Contradiction,
    Facts,
    Implausible,
    OtherCost,
    OtherParameters,
    OtherUnit,
    Outlier,
    Rule,
    SameCheckpoint,
    StatedNumber,
    TooSmall,
)
from zoodata.discrepancy.grades import CONVENTION, Doubt, Grade, Graded
from zoodata.records import entry_zoo
from zoodata.records.claim import Metric

OUTLIER_POINTS = 5.0
"""Points from the median of the zoos' own medians at which a claim stands alone."""
OUTLIER_ZOOS = 4

COUNT_TOLERANCE = 0.02
"""Part by which a stated parameter count may be off before it is of another network."""

SIZES = (192, 224, 240, 256, 260, 288, 299, 300, 320, 331, 380, 384, 448, 456, 480, 512, 528, 600)
"""Sides of the images for which classifiers are published."""

SIZE_TOLERANCE = 0.03
"""How far a cost that is carried to another image size may be off: borders do not grow with the area."""

FORM_TOLERANCE = 0.002
"""Part within which a stated count is the count of one form of a network."""

ONE, TWO = (0.93, 1.07), (1.86, 2.14)
"""Stated cost over our multiply-accumulates: within the first it counts those, within the second operations."""

OTHER_PRECISIONS = re.compile(r"int8|qdq|fp16|bf16|quant", re.IGNORECASE)


GRADES: tuple[Grade, ...] = ("error", "to_explain", "convention")


def audit(dataset: Dataset) -> list[AuditFinding]:
    """Every fact that a rule found: errors first, then by rule and within it the largest first."""
    evidence = Evidence.of(dataset)
    findings = _once(finding for rule in RULES for finding in rule(evidence))
    order = {name: place for place, name in enumerate(dict.fromkeys(finding.rule for finding in findings))}
    return sorted(findings, key=lambda f: (GRADES.index(f.grade), order[f.rule], -f.size, f.entry, f.claims))


def _once(findings: Iterable[AuditFinding]) -> list[AuditFinding]:
    """One finding a fact: what several rows, documents, versions or directions show is shown once, with their number.

    A convention is one finding of its zoo, whatever number of models shows it.
    """
    groups: dict[Any, list[AuditFinding]] = defaultdict(list)
    for finding in findings:
        groups[_fact(finding)].append(finding)
    merged = []
    for members in groups.values():
        lead = max(members, key=lambda finding: (finding.grade == "error", len(finding.claims), finding.size))
        merged.append(replace(lead, places=len({claim for member in members for claim in member.claims})))
    return merged


def _fact(finding: AuditFinding) -> Any:
    if finding.grade == "convention":
        return finding.zoo, finding.rule, finding.stated_unit
    return finding.zoo, finding.rule, finding.model, finding.numbers


def _finding(
    rule: Rule,
    statements: Iterable[Statement],
    size: float,
    facts: Facts,
    graded: Graded,
    measurement: str | None = None,
) -> AuditFinding:
    lead, *others = statements
    involved = (lead, *others)
    return AuditFinding(
        rule=rule,
        entry=lead.claim.entry,
        zoo=lead.zoo,
        architecture=lead.architecture,
        size=round(size, 4),
        facts=facts,
        claims=tuple(s.claim.id for s in involved),
        sources=tuple(source_text(s.claim) for s in involved),
        grade=graded.grade,
        doubts=graded.doubts,
        measurement=measurement,
    )


def impossible(evidence: Evidence) -> Iterator[AuditFinding]:
    """A top-1 above its own top-5, or an accuracy that no working model has."""
    top5 = {(s.claim.entry, s.size, source_text(s.claim)): s for s in evidence.of_metric("top5")}
    for s in evidence.of_metric("top1"):
        other = top5.get((s.claim.entry, s.size, source_text(s.claim)))
        if other is not None and s.value > other.value:
            graded = Graded.by(grades.of_sources(s, other))
            yield _finding("impossible", (s, other), s.value - other.value, BelowTop1(s.value, other.value), graded)
        if s.value < WORKS:
            graded = Graded.by(grades.of_sources(s))
            yield _finding("impossible", (s,), WORKS - s.value, Implausible(s.value), graded)


def contradiction(evidence: Evidence) -> Iterator[AuditFinding]:
    """Two statements of one zoo about one model, that differ by more than rounding."""
    groups: dict[Any, list[Statement]] = defaultdict(list)
    for s in evidence.statements:
        if s.claim.metric not in ("input_size", "file_size"):
            groups[s.zoo, s.model, s.claim.metric, s.size].append(s)
    for statements in groups.values():
        for one, other in combinations(statements, 2):
            if _about_one_thing(one, other, statements) and one.differs_from(other):
                size = abs(one.value - other.value) if one.is_accuracy else _factor(one.value, other.value)
                facts = Contradiction(one.claim.metric, _stated(one), _stated(other))
                graded = _graded(evidence, one, other, size)
                yield _finding("contradiction", (one, other), size, facts, graded)


def _graded(evidence: Evidence, one: Statement, other: Statement, size: float) -> Graded:
    """How sure it is that two statements of one zoo contradict each other."""
    if one.claim.metric == "macs" and TWO[0] <= size <= TWO[1]:
        return CONVENTION  # operations here, multiply-accumulates there
    doubts = grades.of_sources(one, other)
    if one.claim.entry != other.claim.entry:
        doubts.append("checkpoint_not_named")
    if one.is_accuracy:
        doubts += grades.of_evaluation(one, other)
    elif _are_forms(evidence, one, other):
        doubts.append("form_not_stated")
    elif one.claim.metric == "macs" and one.claim.conditions.input_size != other.claim.conditions.input_size:
        doubts.append("size_not_stated")
    return Graded.by(doubts)


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


def _are_forms(evidence: Evidence, one: Statement, other: Statement) -> bool:
    """Whether the larger of two counts is of the network as it is trained: the smaller may be its deployed form."""
    larger = max(one.value, other.value)
    is_size = one.claim.metric == "parameters"
    tolerance = FORM_TOLERANCE if is_size else COUNT_TOLERANCE  # costs count biases and norms, or do not
    for count in evidence.counts(one):
        numbers = count.parameter_counts() if is_size else (count.macs, 2 * count.macs)
        if any(_factor(number, larger) <= 1 + tolerance for number in numbers):
            return True
    return False


def checkpoint(evidence: Evidence) -> Iterator[AuditFinding]:
    """One checkpoint, known by the hash in its name, with several accuracies."""
    metrics: tuple[Metric, ...] = ("top1", "top5")
    for metric in metrics:
        groups: dict[Any, dict[str, Statement]] = defaultdict(dict)
        for s in evidence.of_metric(metric):
            for mark in hashes(s.claim.checkpoint, s.claim.checksum):
                groups[mark, s.size].setdefault(s.zoo, s)
        for by_zoo in groups.values():
            for one, other in combinations(by_zoo.values(), 2):
                if one.differs_from(other):
                    facts = SameCheckpoint(metric, _stated(one), one.zoo, _stated(other), other.zoo)
                    graded = Graded.by([*grades.of_sources(one, other), *grades.of_evaluation(one, other)])
                    yield _finding("checkpoint", (one, other), abs(one.value - other.value), facts, graded)


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
                graded = Graded.by([*grades.of_sources(s), "independent"])
                yield _finding("outlier", (s,), middle - s.value, Outlier(_stated(s), len(others), middle), graded)


def parameters(evidence: Evidence) -> Iterator[AuditFinding]:
    """A stated parameter count that no network of this architecture has here."""
    for s in evidence.of_metric("parameters"):
        counts = evidence.counts(s)
        whole = [count for count in counts if count.classes] or counts  # not the bodies that are sold as encoders
        alternatives = [number for count in whole for number in count.parameter_counts()]
        if not alternatives or s.value <= 0:
            continue
        nearest = min(alternatives, key=lambda number: _factor(number, s.value))
        if _factor(nearest, s.value) <= 1 + COUNT_TOLERANCE + s.step / s.value:
            continue
        others = [number for c in counts for number in (*evidence.headless(c), *evidence.other_heads(c))]
        if any(_factor(number, s.value) <= 1 + COUNT_TOLERANCE + s.step / s.value for number in others):
            continue  # the count of the network without its classifier, or with one of more classes
        facts = OtherParameters(_stated(s), nearest, evidence.with_parameters(s))
        # Deployed forms, widths and heads differ without a mistake; a count that is another design's does not.
        form: list[Doubt] = [] if facts.also is not None else ["form_not_stated"]
        graded = Graded.by([*grades.of_sources(s), *form])
        yield _finding("parameters", (s,), _factor(nearest, s.value), facts, graded, counts[0].record)


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
        pairs = sorted(((s.value / count.macs, count) for count in counts), key=lambda pair: _nearness(s, *pair))
        within = {name: _inside(pairs, bounds, s.step) for name, bounds in (("macs", ONE), ("operations", TWO))}
        if within["macs" if says_macs else "operations"]:
            continue
        if pair := within["operations" if says_macs else "macs"]:
            unit = OtherUnit(
                _stated(s), "operations" if says_macs else "multiply-accumulates", s.size, pair[1].macs
            )  # fmt: skip
            yield _finding("unit", (s,), 2.0, unit, CONVENTION, pair[1].record)
            continue
        if s.claim.conditions.input_size is None and _fits_at_another_size(s, counts):
            continue
        own = [pair for pair in pairs if pair[1].entry == s.model] or pairs
        nearest = min(own, key=lambda pair: min(_factor(pair[0], 1), _factor(pair[0], 2)))
        factor = min(_factor(nearest[0], 1), _factor(nearest[0], 2))
        cost = OtherCost(_stated(s), s.size, nearest[1].macs)
        graded = Graded.by([*grades.of_sources(s), "form_not_stated"])
        yield _finding("compute", (s,), factor, cost, graded, nearest[1].record)


def _nearness(s: Statement, ratio: float, count: Count) -> tuple[bool, bool, float]:
    """A claim is held against its own network first, then its zoo's, then the one whose cost is nearest."""
    return count.entry != s.model, entry_zoo(count.entry) != s.zoo, abs(ratio - 1)


def _fits_at_another_size(s: Statement, counts: Sequence[Count]) -> bool:
    """Whether a cost without a stated image size is that of the network at a size that networks are published for."""
    for count in counts:
        for size in SIZES:
            carried = count.macs * (size / count.size) ** 2
            if any(_factor(s.value, times * carried) <= 1 + SIZE_TOLERANCE for times in (1, 2)):
                return True
    return False


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
        if 2 * least * ONE[0] < s.value < 2 * least * ONE[1]:
            continue  # the weights are kept in half precision
        if s.value < 4 * least:
            graded = Graded.by(grades.of_sources(s))
            yield _finding("file size", (s,), 4 * least / s.value, TooSmall(s.value, least), graded, counts[0].record)


RULES: tuple[Callable[[Evidence], Iterator[AuditFinding]], ...] = (
    impossible, contradiction, checkpoint, outlier, parameters, compute, file_size,
)  # fmt: skip


def _stated(s: Statement) -> StatedNumber:
    return StatedNumber(s.claim.stated, s.claim.stated_unit)


def _factor(one: float, other: float) -> float:
    """How many times the larger is the smaller."""
    return max(one, other) / min(one, other) if one > 0 and other > 0 else float("inf")


def by_zoo(findings: Iterable[AuditFinding]) -> dict[tuple[Grade, str, str], list[AuditFinding]]:
    """Findings by grade, rule and zoo: errors first, within a grade the most frequent."""
    groups: dict[tuple[Grade, str, str], list[AuditFinding]] = defaultdict(list)
    for finding in findings:
        groups[finding.grade, finding.rule, finding.zoo].append(finding)
    return dict(sorted(groups.items(), key=lambda item: (GRADES.index(item[0][0]), -len(item[1]), item[0])))
