"""Quantisation: values rounded to a few hundred steps. They stand in the network as the real numbers that their
integers mean, so that a quantised network differs from its origin in the rounding alone."""

from __future__ import annotations

from zoodata.graph.canonical.builder import Builder, View
from zoodata.graph.canonical.elementwise import unary
from zoodata.graph.network import Node

KEEPS = frozenset({"max_pool", "slice", "concatenate", "flatten", "pad", "gather", "maximum", "minimum", "activation"})
"""Operators that give integers where they are given integers."""


def quantised(b: Builder, x: View, scale: float, zero: int, low: int, high: int) -> View:
    """x rounded to the steps of a scale: ``(clip(round(x / scale) + zero, low, high) - zero) * scale``."""
    return unary(b, "quantize", x, scale=float(scale), zero=int(zero), low=int(low), high=int(high))


def quantised_by_range(b: Builder, x: View) -> View:
    """x rounded to 256 steps between its own smallest and largest value, zero among them (ONNX's dynamic rule)."""
    return unary(b, "quantize", x, dynamic=True)


def stands_for_integers(b: Builder, node: Node) -> bool:
    """Whether a value's numbers are what integers mean: made by a quantisation, or by what only moves or chooses."""
    while node.operator in KEEPS:
        if node.operator == "concatenate":
            return all(stands_for_integers(b, b.source(edge)) for edge in node.inputs)
        node = b.source(node.inputs[0])
    return node.operator == "quantize"
