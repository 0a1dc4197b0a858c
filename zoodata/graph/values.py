"""Attribute values as people write them."""

from __future__ import annotations

from typing import Any


def shown(value: Any, attribute: str | None = None) -> str:
    """A value in few characters: 3x3, stride 2, padding by side where the sides differ.

    Args:
        value: of a node's attribute, with tuples or (from JSON) lists.
        attribute: its name, which says how to read the value.
    """
    if value is None:
        return "none"
    if isinstance(value, list):
        value = tuple(tuple(each) if isinstance(each, list) else each for each in value)
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
