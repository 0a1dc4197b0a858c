"""A difference between two networks as a sentence, for an engineer who must act on it."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from zoodata.graph.values import NOTHING, shown
from zoodata.records.comparison import FindingPlace, FindingRecord, Part, Reason, Severity

EFFECTS: dict[Severity, str] = {
    "benign": "",
    "other_head": " All weights before it fit both.",
    "parametric": " Weights fit both, but give different scores.",
    "structural": " Weights of one do not fit the other.",
}

REASONS: dict[Reason, str] = {
    "close": " The two are close enough not to matter.",
    "absorbed": " A bias before batch norm adds nothing: the stored mean absorbs it.",
    "statistics": " The stored statistics can absorb it.",
    "unused": " No window reaches the rows that differ, at this image size.",
    "head": " The order of the classes is the same; compare scores before it.",
    "affine": " A per-channel product and sum can be taken into what comes before it.",
    "folded": " It is the same function, with the batch norm folded into the layer's weights and bias.",
    "moves_values": " It moves values about another way; a proof tells whether the scores agree.",
    "moves_values_proven": " It moves values about another way: run, both agree.",
    "proven": " Run with the same weights, on usual, large, small and negative values, both give the same scores.",
    "unexplained": " None of the differences that were found explains it.",
    "one_position": " Only one position is left at this image size: there is nothing to average.",
    "whole_image": " At this image size the kernel covers the whole map: both are one sum over all of it.",
}

NAMES = {"max_pool": "max pooling", "average_pool": "average pooling", "batch_norm": "batch norm",
         "layer_norm": "layer norm", "linear": "linear layer", "local_response_norm": "local response norm",
         "mean": "global average pooling"}  # fmt: skip

Names = tuple[str, str]
LETTERS: Names = ("a", "b")
"""What the two networks of a finding are called where the reader is told which is which."""

MAX_PLACES, MAX_OPERATORS = 3, 5
"""How many places and operators are named before the rest is counted."""


def sentence(finding: FindingRecord, names: Names = LETTERS) -> str:
    """One finding in words, and what it means for weights."""
    effect = REASONS[finding.reason] if finding.reason else EFFECTS[finding.severity]
    return f"{difference(finding, names)}{effect}"


def difference(finding: FindingRecord, names: Names = LETTERS) -> str:
    """One finding in words, where something else says what it means for weights."""
    operator = NAMES.get(finding.operator, finding.operator.replace("_", " "))
    body = {
        "changed": _changed, "moved": _moved, "removed": _alone, "inserted": _alone, "replaced": _replaced,
        "rewired": _rewired, "reordered": _reordered, "preprocessing": _preprocessing, "input": _input,
    }[finding.kind](finding, operator, names)  # fmt: skip
    cost = misfit = ""
    if finding.macs is not None:
        one, other = (f"{each / 1e9:.3f}" for each in finding.macs)
        cost = f" The layers concerned take {one} against {other} GMAC." if one != other else ""
    if finding.misfit is not None:
        one, other = shown(finding.misfit.shape_a), shown(finding.misfit.shape_b)
        misfit = f" Because of it {finding.misfit.layer} takes {other} stored elements instead of {one}."
    return f"{body}{cost}{misfit}"


def _changed(finding: FindingRecord, operator: str, names: Names) -> str:
    a, b = names
    name, at = finding.attribute or "", where(finding.places)
    what = _first(operator)
    if isinstance(finding.a, bool) or isinstance(finding.b, bool):
        side, other = (a, b) if finding.a else (b, a)
        return f"{what} has a {name} in {side} and none in {other}{at}."
    if finding.reason == "unexplained":
        return f"Run with the same weights, the two give different scores{at.replace(' at ', ', first at ', 1)}."
    if name == "cut":
        one, other = (shown(side) or "as it is" for side in (finding.a, finding.b))
        return f"{what} reads the values in other groups: {one} in {a}, {other} in {b}{at}."
    if name == "over" and finding.operator == "softmax":
        return f"Softmax works along {shown(finding.a)} in {a}, along {shown(finding.b)} in {b}{at}."
    if finding.operator == "view":
        return (
            "Values take another way between layers (the order of axes, heads or windows, or the axes that an operator"
            " works along); every layer has its counterpart."
        )
    if name.endswith(TABLE):
        return f"{what} works with other constants in {a} than in {b}{at}."
    if name == "view":
        return f"{what} takes its operands' axes as {finding.a} in {a}, as {finding.b} in {b}{at}."
    if name == "arguments":
        one, other = _settings(finding.a, finding.b)
        return f"{what}: {one} in {a}, {other} in {b}{at}."
    title = {"outputs": "number of outputs"}.get(name, name)
    return f"{what}: {title} {shown(finding.a, name)} in {a}, {shown(finding.b, name)} in {b}{at}."


TABLE = " table"
"""How the attribute of an operand that is a constant table ends (``zoodata.graph.diff.features``)."""


def _settings(one: Any, other: Any) -> tuple[str, str]:
    """The settings in which two calls of a framework's operator differ, without those they share."""
    try:
        (list_a, named_a), (list_b, named_b) = json.loads(one), json.loads(other)
        flat_a = {**dict(enumerate(list_a)), **named_a}
        flat_b = {**dict(enumerate(list_b)), **named_b}
    except (TypeError, ValueError):
        return str(one), str(other)
    different = [key for key in {**flat_a, **flat_b} if flat_a.get(key) != flat_b.get(key)]

    def listed(flat: dict[Any, Any]) -> str:
        values = (f"{key} = {flat.get(key)}" if isinstance(key, str) else str(flat.get(key)) for key in different)
        return ", ".join(values)

    return listed(flat_a), listed(flat_b)


def _moved(finding: FindingRecord, operator: str, names: Names) -> str:
    a, b = names
    named = "; ".join(f"{place.a} in {a}, {place.b} in {b}" for place in finding.places[:4])
    rest = f"; and {len(finding.places) - 4} more" if len(finding.places) > 4 else ""
    value = shown(finding.a, finding.attribute)
    return f"{str(finding.attribute).capitalize()} {value} is on another {operator}: {named}{rest}."


def _alone(finding: FindingRecord, operator: str, names: Names) -> str:
    a, b = names
    side, other = (a, b) if finding.kind == "removed" else (b, a)
    part = finding.part_a or finding.part_b
    if part is None or part.size == 1:
        label = f"the activation {_listed(part)}" if operator == "activation" else f"the {operator}"
    else:
        label = f"the part made of {_listed(part)}"
    return f"Only {side} has {label}; {other} goes without{where(finding.places)}."


def _replaced(finding: FindingRecord, operator: str, names: Names) -> str:
    a, b = names
    one, other = _listed(finding.part_a), _listed(finding.part_b)
    return f"Where {a} has {one}, {b} has {other}{where(finding.places)}."


def _rewired(finding: FindingRecord, operator: str, names: Names) -> str:
    a, b = names
    if finding.attribute == "order":
        return f"{_first(operator)} takes its operands in another order{where(finding.places)}."
    one, other = (
        ", ".join(map(str, side)) if isinstance(side, list) else str(side or "") for side in (finding.a, finding.b)
    )
    return f"{_first(operator)} reads {one or 'nothing'} in {a} and {other or 'nothing'} in {b}{where(finding.places)}."


def _reordered(finding: FindingRecord, operator: str, names: Names) -> str:
    a, b = names
    return f"{_listed(finding.part_a).capitalize()} comes {finding.b} in {b} than in {a}{where(finding.places)}."


def _preprocessing(finding: FindingRecord, operator: str, names: Names) -> str:
    a, b = names
    if NOTHING in (finding.a, finding.b):
        one, other = (b, a) if finding.a == NOTHING else (a, b)
        body = f"{one} rescales the image inside its network, {other} does not."
    else:
        body = f"Both rescale the image inside their networks: {finding.a} in {a}, {finding.b} in {b}."
    return f"{body} Feed each what it expects; with one and the same input their scores differ."


def _input(finding: FindingRecord, operator: str, names: Names) -> str:
    a, b = names
    one, other = (side[1:] if isinstance(side, list) else side for side in (finding.a, finding.b))
    return f"{a} reads images of {shown(one)}, {b} of {shown(other)} pixels, as their zoos declare."


def _first(operator: str) -> str:
    """An operator at the beginning of a sentence; a framework's own name stays as it is."""
    return operator if "." in operator else operator.capitalize()


NUMBER = re.compile(r"\d+")


def where(places: Sequence[FindingPlace]) -> str:
    """The places, briefly; those that are one place of repeated blocks by the blocks' numbers."""
    named = [f"{place.a} | {place.b}" if place.a and place.b and place.a != place.b else str(place.a or place.b)
             for place in places]  # fmt: skip
    if not named:
        return ""
    if len(named) == 1:
        return f" at {named[0]}"
    groups: dict[str, list[str]] = {}
    for name in named:
        groups.setdefault(NUMBER.sub("#", name), []).append(name)
    if len(named) <= MAX_PLACES or len(groups) == len(named):
        groups = {name: [name] for name in named}
    shown_groups = [_together(form, names) for form, names in groups.items()]
    hidden = sum(len(names) for names in list(groups.values())[MAX_PLACES:])
    rest = f" and {hidden} more" if hidden else ""
    return f" in {len(named)} places: {', '.join(shown_groups[:MAX_PLACES])}{rest}"


def _together(form: str, names: Sequence[str]) -> str:
    """Names that differ in their numbers alone, with the range of each number: ``layer1-4.0-5.bn1 (16)``."""
    if len(names) == 1:
        return names[0]
    columns = list(zip(*([int(number) for number in NUMBER.findall(name)] for name in names), strict=True))
    ranges = [str(min(c)) if min(c) == max(c) else f"{min(c)}-{max(c)}" for c in columns]
    parts = form.split("#")
    return f"{parts[0]}{''.join(r + p for r, p in zip(ranges, parts[1:], strict=True))} ({len(names)})"


def _listed(part: Part | None) -> str:
    """A part by its operators."""
    if part is None:
        return "nothing"
    if part.size <= MAX_OPERATORS + 1:
        return ", ".join(part.operators)
    return f"{', '.join(part.operators[:MAX_OPERATORS])} and {part.size - MAX_OPERATORS} more"
