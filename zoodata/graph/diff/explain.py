"""Sentences: what a difference is and what follows from it, for an engineer who must act on it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from zoodata.graph.diff.compare import Difference

Places = Sequence[tuple[str | None, str | None]]

MOVEMENT = frozenset({"slice", "concatenate", "flatten", "pad", "roll"})
"""Operators that only put values elsewhere."""

UNSETTLED = " It moves values about another way; a proof tells whether the scores agree."
"""What is said of such a difference until both networks were run."""

EFFECTS = {
    "benign": "",
    "parametric": " Weights fit both, but give different scores.",
    "structural": " Weights of one do not fit the other.",
}

REASONS = {
    "close": " The two are close enough not to matter.",
    "absorbed": " A bias before batch norm adds nothing: the stored mean absorbs it.",
    "statistics": " The stored statistics can absorb it.",
    "unused": " No window reaches the rows that differ, at this image size.",
    "head": " The order of the classes is the same; compare scores before it.",
    "affine": " A per-channel product and sum can be taken into what comes before it.",
    "folded": " It is the same function, with the batch norm folded into the layer's weights and bias.",
}

NAMES = {"max_pool": "max pooling", "average_pool": "average pooling", "batch_norm": "batch norm",
         "layer_norm": "layer norm", "linear": "linear layer", "local_response_norm": "local response norm",
         "mean": "global average pooling"}  # fmt: skip


def sentence(d: Difference, operator: str, places: Places, macs: tuple[int, int]) -> str:
    """One finding in words."""
    what = NAMES.get(operator, operator.replace("_", " "))
    body = {
        "changed": _changed, "moved": _moved, "removed": _alone, "inserted": _alone, "replaced": _replaced,
        "rewired": _rewired, "reordered": _reordered, "preprocessing": _preprocessing, "input": _input,
    }[d.kind](d, what, places)  # fmt: skip
    cost = ""
    if d.severity != "benign" and abs(macs[0] - macs[1]) > 0.001 * max(macs):
        cost = f" The layers concerned take {_giga(macs[0])} against {_giga(macs[1])} GMAC."
    effect = REASONS.get(d.why) or (UNSETTLED if only_moves(d) else EFFECTS[d.severity])
    if d.kind == "input":
        effect = "" if d.severity == "benign" else EFFECTS[d.severity]
    misfit = ""
    if "misfit" in d.extra:
        _, name, one, other = d.extra["misfit"]
        misfit = f" Because of it {name} takes {show(other)} stored numbers instead of {show(one)}."
    return f"{body}{cost}{misfit}{effect}"


def only_moves(d: Any) -> bool:
    """Whether a difference or finding may be nothing but another way to move the same values about."""
    words = {word for side in (d.a, d.b) if isinstance(side, str) for word in side.split(", ")}
    is_part = d.kind in ("inserted", "removed", "replaced") and words <= MOVEMENT
    is_table = str(d.attribute).endswith(" table")  # an index or a mask in another order
    return d.severity == "parametric" and (is_part or is_table or d.attribute == "view")


def _changed(d: Difference, what: str, places: Places) -> str:
    if isinstance(d.a, bool) or isinstance(d.b, bool):
        side, other = ("a", "b") if d.a else ("b", "a")
        return f"{what.capitalize()} has a {d.attribute} in {side} and none in {other}{where(places)}."
    if str(d.attribute).endswith(" table"):
        return f"{what.capitalize()} works with other constants in a than in b{where(places)}."
    if d.attribute == "view":
        return f"{what.capitalize()} takes its operands' axes as {d.a} in a, as {d.b} in b{where(places)}."
    if d.attribute == "arguments":
        one, other = _settings(d.a, d.b)
        return f"{what.capitalize()}: {one} in a, {other} in b{where(places)}."
    attribute = {"outputs": "number of outputs", "kind": "kind"}.get(str(d.attribute), str(d.attribute))
    return (
        f"{what.capitalize()}: {attribute} {show(d.a, d.attribute)} in a, {show(d.b, d.attribute)} in b{where(places)}."
    )


def _settings(one: Any, other: Any) -> tuple[str, str]:
    """The settings in which two calls of a framework's operator differ, without those they share."""
    try:
        (list_a, named_a), (list_b, named_b) = json.loads(one), json.loads(other)
        flat_a = {**dict(enumerate(list_a)), **named_a}
        flat_b = {**dict(enumerate(list_b)), **named_b}
    except (TypeError, ValueError):
        return str(one), str(other)
    different = [key for key in {**flat_a, **flat_b} if flat_a.get(key) != flat_b.get(key)]

    def shown(flat: dict[Any, Any]) -> str:
        values = (f"{key} = {flat.get(key)}" if isinstance(key, str) else str(flat.get(key)) for key in different)
        return ", ".join(values)

    return shown(flat_a), shown(flat_b)


def _moved(d: Difference, what: str, places: Places) -> str:
    return (
        f"{str(d.attribute).capitalize()} {show(d.a, d.attribute)} is on another {what}: "
        + "; ".join(f"{a} in a, {b} in b" for a, b in places[:4])
        + (f"; and {len(places) - 4} more" if len(places) > 4 else "")
        + "."
    )


def _alone(d: Difference, what: str, places: Places) -> str:
    side, other = ("a", "b") if d.kind == "removed" else ("b", "a")
    parts = d.a if d.kind == "removed" else d.b
    members = d.members_a or d.members_b
    label = f"the {what}" if len(members) == 1 else f"the part made of {_short(str(parts))}"
    if what == "activation" and len(members) == 1:
        label = f"the activation {parts}"
    return f"Only {side} has {label}; {other} goes without{where(places)}."


def _replaced(d: Difference, what: str, places: Places) -> str:
    return f"{_short(str(d.a)).capitalize()} in a stands where b has {_short(str(d.b))}{where(places)}."


def _rewired(d: Difference, what: str, places: Places) -> str:
    if d.attribute == "order":
        return f"{what.capitalize()} takes its operands in another order{where(places)}."
    return f"{what.capitalize()} reads {d.a or 'nothing'} in a and {d.b or 'nothing'} in b{where(places)}."


def _reordered(d: Difference, what: str, places: Places) -> str:
    return f"{_short(str(d.a)).capitalize()} comes {d.b} in b than in a{where(places)}."


def _preprocessing(d: Difference, what: str, places: Places) -> str:
    return (
        f"The network rescales the image itself: a does {d.a}, b does {d.b}. Feed each what it expects; "
        "with one and the same input their scores differ."
    )


def _input(d: Difference, what: str, places: Places) -> str:
    return f"a reads images of {show(d.a[1:])}, b of {show(d.b[1:])} pixels, as their zoos declare."


def where(places: Places) -> str:
    """The places, briefly."""
    named = [f"{a} | {b}" if a and b and a != b else str(a or b) for a, b in places]
    if not named:
        return ""
    if len(named) == 1:
        return f" at {named[0]}"
    rest = f" and {len(named) - 3} more" if len(named) > 3 else ""
    return f" in {len(named)} places: {', '.join(named[:3])}{rest}"


def show(value: Any, attribute: str | None = None) -> str:
    """A value as people write it: 3x3, stride 2, padding by side where the sides differ."""
    if value is None:
        return "none"
    if attribute == "padding" and isinstance(value, tuple) and len(value) == 2:
        (top, bottom), (left, right) = value
        if top == bottom == left == right:
            return str(top)
        return f"(top {top}, bottom {bottom}, left {left}, right {right})"
    if attribute in ("stride", "dilation") and isinstance(value, tuple) and len(set(value)) == 1:
        return str(value[0])
    if attribute == "part" and isinstance(value, tuple):
        return f"from {value[0]:.1%} to {value[1]:.1%}"
    if isinstance(value, tuple):
        return "x".join(map(str, value))
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _giga(macs: int) -> str:
    return f"{macs / 1e9:.3f}"


def _short(parts: str) -> str:
    words = parts.split(", ")
    return parts if len(words) <= 6 else f"{', '.join(words[:5])} and {len(words) - 5} more"
