"""Means, sums, extremes and softmax over axes."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from zoodata.graph import view
from zoodata.graph.canonical.builder import Builder, View
from zoodata.graph.canonical.elementwise import scaled
from zoodata.graph.canonical.operand import operand


def mean(b: Builder, x: View, axes: Sequence[int], keep: bool) -> View:
    """Mean over axes; ``keep`` leaves them with size 1. Over an image's positions: global average pooling."""
    return reduce(b, "mean", x, axes, keep)


def reduce(b: Builder, operator: str, x: View, axes: Sequence[int], keep: bool, **attributes: object) -> View:
    """Mean, sum, largest or smallest over axes."""
    rank = len(x.axes)
    numbers = sorted({axis % rank for axis in axes}) if axes else list(range(rank))
    ready = operand(b, x, numbers)
    gone = sorted(base for group in ready.chosen for base in group)
    result = tuple(() if number in numbers else axis for number, axis in enumerate(ready.result))
    result = view.dropped(result, set(gone))
    if not keep:
        result = tuple(axis for number, axis in enumerate(result) if number not in numbers)
    if not gone and not attributes and operator in ("mean", "sum", "maximum", "minimum"):
        return View(x.node, _without_axes(x, numbers, keep))
    shape = tuple(size for number, size in enumerate(ready.shape) if number not in gone)
    if operator == "sum" and not attributes:
        # A sum is a mean times how many there are; one of the two words is enough.
        node = b.add("mean", [ready.edge], shape, axes=tuple(gone))
        return scaled(b, View(node, result), float(prod(ready.shape[base] for base in gone)))
    edge = ready.edge
    if operator == "mean" and x.node.operator == "mean" and edge.axes is None:
        # The mean of means over axes of fixed length is the mean over all of them.
        inner = x.node
        before = len(inner.shape) + len(inner.attributes["axes"])
        kept = [axis for axis in range(before) if axis not in inner.attributes["axes"]]
        edge, gone = inner.inputs[0], sorted([*inner.attributes["axes"], *(kept[axis] for axis in gone)])
    node = b.add(operator, [edge], shape, axes=tuple(gone), **attributes)
    return View(node, result)


def _without_axes(x: View, numbers: Sequence[int], keep: bool) -> tuple[view.Axis, ...]:
    return x.axes if keep else tuple(axis for number, axis in enumerate(x.axes) if number not in numbers)


def softmax(b: Builder, x: View, axis: int, logarithm: bool = False) -> View:
    """Softmax over one axis."""
    ready = operand(b, x, [axis])
    more = {"logarithm": True} if logarithm else {}
    node = b.add("softmax", [ready.edge], ready.shape, axes=tuple(sorted(ready.chosen[0])), **more)
    return View(node, ready.result)
