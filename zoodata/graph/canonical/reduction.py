"""Means, sums, extremes and softmax over axes."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from zoodata.graph import view
from zoodata.graph.canonical.builder import Builder, View
from zoodata.graph.canonical.elementwise import function, power, scaled
from zoodata.graph.canonical.operand import operand


def mean(b: Builder, x: View, axes: Sequence[int], keep: bool) -> View:
    """Mean over axes; ``keep`` leaves them with size 1. Over an image's positions: global average pooling."""
    return reduce(b, "mean", x, axes, keep)


def reduce(b: Builder, operator: str, x: View, axes: Sequence[int], keep: bool, **attributes: object) -> View:
    """Mean, sum, largest or smallest over axes."""
    rank = len(x.axes)
    numbers = sorted({axis % rank for axis in axes}) if axes else list(range(rank))
    if not attributes:
        x = _in_any_order(x, numbers)
    ready = operand(b, x, numbers)
    gone = sorted(base for group in ready.chosen for base in group)
    result = tuple(() if number in numbers else axis for number, axis in enumerate(ready.result))
    result = view.dropped(result, set(gone))
    if not keep:
        result = tuple(axis for number, axis in enumerate(result) if number not in numbers)
    if not gone and operator == "mean" and _is_one_position(b, x, numbers):
        node = b.add("mean", [ready.edge], ready.shape, axes=())
        return View(node, _without_axes(x, numbers, keep))
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


def _is_one_position(b: Builder, x: View, numbers: Sequence[int]) -> bool:
    """Whether the positions of a map are averaged of which only one is left at this image size. The mean computes
    nothing then; it stands in the network all the same, whose form does not depend on the size."""
    node = x.node
    is_map = len(x.axes) == 4 and not x.axes[0] and x.axes[1] == view.identity(node.shape[:1] or (0,))[0]
    return is_map and len(node.shape) == 1 and list(numbers) == [2, 3] and node.dynamic and node.operator != "mean"


def _in_any_order(x: View, numbers: Sequence[int]) -> View:
    """The view with the axes that are reduced in the value's own order, where together they are whole axes of it.

    Which element stands where among those that are summed makes no difference.
    """
    atoms = [atom for number in numbers for atom in x.axes[number]]
    sizes: dict[int, int] = {}
    for base, _, size in atoms:
        sizes[base] = sizes.get(base, 1) * size
    if view.REPEAT in sizes or any(size != x.node.shape[base] for base, size in sizes.items()):
        return x
    whole = tuple((base, 1, x.node.shape[base]) for base in sorted(sizes))
    own = [view.whole_axes(x.axes[number], x.node.shape) for number in numbers]
    if all(bases is not None for bases in own):
        return x
    first = numbers[0]
    axes = tuple(whole if n == first else () if n in numbers else axis for n, axis in enumerate(x.axes))
    return View(x.node, axes)


def norm(b: Builder, x: View, axes: Sequence[int], keep: bool) -> View:
    """The square root of the sum of squares over axes."""
    return function(b, "square_root", reduce(b, "sum", power(b, x, 2.0), axes, keep))


def _without_axes(x: View, numbers: Sequence[int], keep: bool) -> tuple[view.Axis, ...]:
    return x.axes if keep else tuple(axis for number, axis in enumerate(x.axes) if number not in numbers)


def softmax(b: Builder, x: View, axis: int, logarithm: bool = False) -> View:
    """Softmax over one axis."""
    ready = operand(b, x, [axis])
    more = {"logarithm": True} if logarithm else {}
    node = b.add("softmax", [ready.edge], ready.shape, axes=tuple(sorted(ready.chosen[0])), **more)
    return View(node, ready.result)
