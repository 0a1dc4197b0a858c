"""Attribute values as people write them."""

from __future__ import annotations

from typing import Any

NOTHING = "nothing"
"""What a network does to its image that leaves it as it is."""


def shown(value: Any, attribute: str | None = None) -> str:
    """A value in few characters: 3x3, stride 2, padding by side where the sides differ.

    Args:
        value: of a node's attribute, with tuples or (from JSON) lists; a record's may be anything that JSON has.
        attribute: its name, which says how to read the value.
    """
    if value is None:
        return "none"
    value = _frozen(value)
    if not isinstance(value, tuple):
        return f"{value:.6g}" if isinstance(value, float) else str(value)
    if attribute == "padding" and len(value) == 2 and all(isinstance(side, tuple) and len(side) == 2 for side in value):
        (top, bottom), (left, right) = value
        if top == bottom == left == right:
            return str(top)
        return f"(top {top}, bottom {bottom}, left {left}, right {right})"
    if attribute in ("stride", "dilation") and value and all(each == value[0] for each in value):
        return str(value[0])
    if value and all(isinstance(each, str) for each in value):
        return ", ".join(value)
    if attribute == "part" and len(value) == 2 and all(isinstance(each, int | float) for each in value):
        return f"from {value[0]:.1%} to {value[1]:.1%}"
    return "x".join(map(str, value))


def _frozen(value: Any) -> Any:
    """Lists as tuples, at every depth."""
    return tuple(map(_frozen, value)) if isinstance(value, (list, tuple)) else value
