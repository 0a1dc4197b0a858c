"""The findings of a comparison as blocks to be drawn: neighbouring layers that differ, the one beside the other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from zoodata.records.comparison import GRAVITY, FindingPlace, FindingRecord, Part
from zoodata_site.charts import Block, Side, Step

MAX_BLOCKS, MAX_STEPS = 4, 6
LOUD = ("structural", "parametric")
WITHOUT_PLACE = ("preprocessing", "input")


def blocks_of(findings: Sequence[FindingRecord]) -> tuple[Block, ...]:
    """The differing blocks, the gravest first; those that differ in the same way are drawn once and counted.

    Findings without effect are drawn only where there are no others.
    """
    placed = [f for f in findings if f.places and f.kind not in WITHOUT_PLACE]
    chosen = [f for f in placed if f.severity in LOUD] or placed
    groups: dict[str, list[tuple[FindingRecord, FindingPlace]]] = defaultdict(list)
    for finding in chosen:
        for place in finding.places:
            groups[_block(place)].append((finding, place))
    drawn: dict[Any, Block] = {}
    for name, members in groups.items():
        steps = tuple(_step(finding, place) for finding, place in members[:MAX_STEPS])
        shape = tuple((s.a.says if s.a else None, s.b.says if s.b else None, s.severity) for s in steps)
        if shape in drawn:
            first = drawn[shape]
            drawn[shape] = Block(first.title, first.steps, first.more + 1)
        else:
            rest = len(members) - len(steps)
            drawn[shape] = Block(f"{name}{f' ({rest} more layers)' if rest else ''}", steps)
    ranked = sorted(drawn.values(), key=lambda block: -max(GRAVITY[step.severity] for step in block.steps))
    return tuple(ranked[:MAX_BLOCKS])


def _block(place: FindingPlace) -> str:
    """The block a layer belongs to: its name up to the last part, on the side that has it."""
    name = place.a or place.b or ""
    separator = "/" if "/" in name else "."
    if separator in name:
        return name.rpartition(separator)[0]
    return name.rpartition("_")[0] or name


def _step(finding: FindingRecord, place: FindingPlace) -> Step:
    what = finding.operator.replace("_", " ")
    if finding.kind in ("inserted", "removed"):
        a = Side(place.a or "", what) if finding.kind == "removed" else None
        b = Side(place.b or "", what) if finding.kind == "inserted" else None
        if finding.kind == "inserted" and place.b is None:
            b = Side(place.a or "", what)
        return Step(a, b, finding.severity)
    return Step(_side(place.a, what, finding, "a"), _side(place.b, what, finding, "b"), finding.severity)


def _side(name: str | None, what: str, finding: FindingRecord, which: str) -> Side | None:
    if name is None:
        return None
    if finding.kind == "replaced":
        return Side(name, part_value(finding.part_a if which == "a" else finding.part_b).replace("_", " "))
    if finding.kind == "moved":
        return Side(name, f"{what} with {finding.attribute} {plain_value(finding.a if which == 'a' else finding.b)}")
    if finding.attribute is None:
        return Side(name, what)
    value = finding.a if which == "a" else finding.b
    if value is None or value is False:
        return Side(name, f"{what} without {finding.attribute}")
    if value is True:
        return Side(name, f"{what} with {finding.attribute}")
    return Side(name, f"{what}, {finding.attribute} {plain_value(value)}")


def part_value(part: Part | None) -> str:
    """A part by its operators."""
    if part is None:
        return "nothing"
    return ", ".join(part.operators) + (f" and {part.more} more" if part.more else "")


def plain_value(value: Any) -> str:
    """An attribute's value in few characters: [2, 2] is 2, [[1, 1], [1, 1]] is 1."""
    while isinstance(value, list) and value and all(item == value[0] for item in value):
        if _is_pads(value) and value[0][0] != value[0][1]:
            return f"{value[0][0]} before, {value[0][1]} after"
        value = value[0]
    if _is_pads(value):
        (top, bottom), (left, right) = value
        return f"top {top}, bottom {bottom}, left {left}, right {right}"
    if isinstance(value, list):
        return "×".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _is_pads(value: Any) -> bool:
    """Whether a value is padding: before and after, down and across."""
    return isinstance(value, list) and len(value) == 2 and all(isinstance(p, list) and len(p) == 2 for p in value)
