"""Slices, concatenations and calls of operators we have no word for."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from zoodata.graph import view
from zoodata.graph.canonical.builder import Builder, View
from zoodata.graph.network import CONSTANT, INPUT, PARAMETER, Edge
from zoodata.graph.view import Axes

INDEX, INDEX_ARGUMENTS = "aten.index.Tensor", '[["$0",["$1"]],{}]'
"""How torch looks rows up in a table."""


def cut(b: Builder, x: View, axis: int, start: int, stop: int, step: int) -> View:
    """Elements ``start``, ``start + step``, ... before ``stop`` of one axis."""
    axis %= len(x.axes)
    part = x.axes[axis]
    length = view.size_of(part)
    count = max(0, -(-(stop - start) // step))
    if (count == length and step == 1) or not part:
        return x
    if step == 1 and (stored_part := _stored_part(b, x, axis, start, count)):
        return stored_part
    if step == 1 and (looked_up := _look_up_part(b, x, axis, start, count)):
        return looked_up
    if step == 1 and (stored_part := _range_of_the_base(b, x, axis, start, count)):
        return stored_part
    if part[0][0] != view.REPEAT and len(part) == 1 and part[0][1] == 1 and part[0][2] == x.node.shape[part[0][0]]:
        base = part[0][0]
        shape = tuple(count if number == base else size for number, size in enumerate(x.node.shape))
        edge = b.edge(INPUT, View(x.node, view.identity(x.node.shape)))
        node = b.add(
            "slice",
            [edge],
            view.without_ones(shape),
            axis=base,
            start=start,
            stop=start + (count - 1) * step + 1,
            step=step,
        )
        return View(node, view.resized(x.axes, base, count))
    seen = tuple(other for other in x.axes if other)
    position = sum(1 for other in x.axes[:axis] if other)
    result = tuple(count if number == axis else size for number, size in enumerate(x.shape))
    node = b.add(
        "slice", [b.edge(INPUT, x, seen)], view.without_ones(result),
        axis=position, start=start, stop=start + (count - 1) * step + 1, step=step,
    )  # fmt: skip
    return b.value(node, result)


def _stored_part(b: Builder, x: View, axis: int, start: int, count: int) -> View | None:
    """A stretch of a stored tensor along one of its own axes is a stored tensor too."""
    part, node = x.axes[axis], x.node
    if node.operator != PARAMETER or "part" in node.attributes or len(part) != 1 or count == 1:
        return None
    base, inner, size = part[0]
    if inner != 1 or size != node.shape[base]:
        return None
    return stretch(b, x, base, start, count)


def stretch(b: Builder, x: View, base: int, start: int, count: int) -> View:
    """A stretch of a stored tensor's own axis, seen as the tensor was: a stored tensor too."""
    shape = [count if number == base else length for number, length in enumerate(x.node.shape)]
    part = (base, start, start + count)
    leaf = b.add(PARAMETER, (), view.without_ones(shape), **{**x.node.attributes, "part": part})
    return View(leaf, view.resized(x.axes, base, count))


def _range_of_the_base(b: Builder, x: View, axis: int, start: int, count: int) -> View | None:
    """A slice of the outermost part of one of the value's axes: a slice of that axis itself."""
    part = x.axes[axis]
    if len(part) != 1 or part[0][0] == view.REPEAT:
        return None
    base, inner, size = part[0]
    length = x.node.shape[base]
    if inner * size != length:
        return None
    if (
        any(a == base for number, other in enumerate(x.axes) if number != axis for a, _, _ in other) is False
        and inner != 1
    ):
        return None
    node = x.node
    first, stretch = start * inner, count * inner
    shape = tuple(stretch if number == base else s for number, s in enumerate(node.shape))
    edge = b.edge(INPUT, View(node, view.identity(node.shape)))
    is_slice = node.operator == "slice" and node.attributes["axis"] == base and node.attributes["step"] == 1
    if is_slice and len(b.source(node.inputs[0]).shape) == len(node.shape) and node.inputs[0].axes is None:
        edge = node.inputs[0]  # a slice of a slice is a slice
        first += node.attributes["start"]
    made = b.add("slice", [edge], view.without_ones(shape), axis=base, start=first, stop=first + stretch, step=1)
    axes = tuple(
        tuple((a, i, count) if number == axis and a == base else (a, i, s) for a, i, s in other)
        for number, other in enumerate(x.axes)
    )
    axes = tuple(tuple(atom for atom in other if atom[2] != 1) for other in axes)
    return View(made, view.dropped(axes, {base}) if stretch == 1 else axes)


def select(b: Builder, x: View, axis: int, index: int) -> View:
    """One element of an axis; the axis falls away."""
    axis %= len(x.axes)
    index %= max(x.shape[axis], 1)
    one = cut(b, x, axis, index, index + 1, 1)
    return View(one.node, one.axes[:axis] + one.axes[axis + 1 :])


def concatenate(b: Builder, values: Sequence[View], axis: int) -> View:
    """Values one after the other along an axis."""
    values = [value for value in values if 0 not in value.shape]
    if len(values) == 1:
        return values[0]
    axis %= len(values[0].axes)
    result = tuple(
        sum(value.shape[axis] for value in values) if number == axis else size
        for number, size in enumerate(values[0].shape)
    )
    primary = max(values, key=lambda value: (value.node.dynamic, len(value.node.shape), value.node.depth))
    # Axes stand in the order of the deepest value's own, so that channels stay first where they were.
    order = sorted(
        (number for number, size in enumerate(result) if size != 1),
        key=lambda number: min(((a, -i) for a, i, _ in primary.axes[number] if a != view.REPEAT), default=(-1, number)),
    )
    place = order.index(axis)
    shape = tuple(result[number] for number in order)
    back = {number: position for position, number in enumerate(order)}
    axes: Axes = tuple(((back[number], 1, size),) if number in back else () for number, size in enumerate(result))
    edges: list[Edge] = []
    for value in values:
        seen = tuple(value.axes[number] for number in order)
        inner = value.node
        if inner.operator == "concatenate" and seen == view.identity(inner.shape) and inner.attributes["axis"] == place:
            edges.extend(inner.inputs)
        else:
            edges.append(b.edge(INPUT, value, seen))
    edges = [edge._replace(role=INPUT) for edge in edges]
    return View(b.add("concatenate", edges, shape, axis=place), axes)


def stack(b: Builder, values: Sequence[View], axis: int) -> View:
    """Values side by side along a new axis."""
    rank = len(values[0].axes) + 1
    axis %= rank
    return concatenate(b, [View(v.node, (*v.axes[:axis], (), *v.axes[axis:])) for v in values], axis)


def take(b: Builder, x: View, axis: int, indices: Sequence[int]) -> View:
    """These elements of an axis, in this order."""
    axis %= len(x.axes)
    length = x.shape[axis]
    places = [int(index) % length for index in indices]
    if (step := _step(places)) is not None:
        return cut(b, x, axis, places[0], places[-1] + 1, step)
    kept = [number for number, part in enumerate(x.axes) if part or number == axis]
    seen = tuple(x.axes[number] for number in kept)
    result = tuple(len(places) if number == axis else size for number, size in enumerate(x.shape))
    node = b.add(
        "gather", [b.edge(INPUT, x, seen)], tuple(result[number] for number in kept),
        axis=kept.index(axis), places=tuple(places),
    )  # fmt: skip
    return b.value(node, result)


def _step(places: Sequence[int]) -> int | None:
    """How far apart places stand that a slice takes, upwards; None where none does."""
    steps = {second - first for first, second in itertools.pairwise(places)}
    if len(places) == 1:
        return 1
    return steps.pop() if len(steps) == 1 and min(steps) > 0 else None


def gather(b: Builder, x: View, axis: int, indices: npt.NDArray[Any]) -> View:
    """Elements of an axis by known whole numbers, whose axes stand in the place of that one.

    Args:
        indices: any number of axes; below zero they count from the end.
    """
    axis %= len(x.axes)
    if indices.ndim == 0:
        return select(b, x, axis, int(indices))
    flat = [int(index) % x.shape[axis] for index in indices.ravel()]
    if not x.node.dynamic and x.node.operator != CONSTANT and _step(flat) is None:
        return _look_up(b, x, axis, flat, indices.shape)
    taken = take(b, x, axis, flat)
    return b.reshaped(taken, (*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :]))


def _look_up(b: Builder, table: View, axis: int, places: Sequence[int], shape: Sequence[int]) -> View:
    """One form for all frameworks, torch's for a position table: the axis first, the numbers in one row."""
    first = (table.axes[axis], *table.axes[:axis], *table.axes[axis + 1 :])
    made = _rows(b, View(table.node, first), b.constant(np.asarray(places, dtype=np.int64)))
    parts = b.reshaped(made, (*shape, *made.shape[1:]))
    inserted = len(shape)
    order = (*range(inserted, inserted + axis), *range(inserted), *range(inserted + axis, len(parts.axes)))
    return View(parts.node, view.permute(parts.axes, order))


def _rows(b: Builder, table: View, numbers: View) -> View:
    """Rows of a table by number."""
    shape = (*numbers.shape, *table.shape[1:])
    return call(b, "gather", [table, numbers], shape, call=INDEX, arguments=INDEX_ARGUMENTS)


def _look_up_part(b: Builder, x: View, axis: int, start: int, count: int) -> View | None:
    """A part of what was looked up in a stored table (one head's), as what is looked up in that part of the table."""
    node, own = x.node, x.axes[axis]
    if node.attributes.get("call") != INDEX or node.attributes["arguments"] != INDEX_ARGUMENTS or len(own) != 1:
        return None
    base, _, size = own[0]
    leaf, numbers = (b.source(edge) for edge in node.inputs)
    if leaf.operator != PARAMETER or "part" in leaf.attributes or base < 1 or size != node.shape[base]:
        return None
    axes = node.inputs[0].axes or view.identity(leaf.shape)
    wide = [each for each in axes if each]
    if len(wide) != len(node.shape) or len(wide[base]) != 1 or wide[base][0][1:] != (1, size):
        return None
    table = stretch(b, View(leaf, axes), wide[base][0][0], start, count)
    made = _rows(b, table, View(numbers, view.identity(numbers.shape)))
    return View(made.node, view.resized(x.axes, base, count))


def depth_to_space(b: Builder, x: View, block: int, columns_first: bool = False) -> View:
    """(batch, channels, height, width): channels spread over blocks of positions.

    Args:
        columns_first: whether the channels are counted block first (ONNX's DCR, TensorFlow), not channel first (CRD,
            torch's pixel shuffle).
    """
    batch, channels, height, width = x.shape
    rest = channels // block**2
    cut_ = (batch, block, block, rest) if columns_first else (batch, rest, block, block)
    order = (0, 3, 4, 1, 5, 2) if columns_first else (0, 1, 4, 2, 5, 3)
    parts = b.reshaped(x, (*cut_, height, width))
    return b.reshaped(View(parts.node, view.permute(parts.axes, order)), (batch, rest, height * block, width * block))


def space_to_depth(b: Builder, x: View, block: int, columns_first: bool = False) -> View:
    """The inverse of :func:`depth_to_space`."""
    batch, channels, height, width = x.shape
    parts = b.reshaped(x, (batch, channels, height // block, block, width // block, block))
    order = (0, 3, 5, 1, 2, 4) if columns_first else (0, 1, 3, 5, 2, 4)
    turned = View(parts.node, view.permute(parts.axes, order))
    return b.reshaped(turned, (batch, channels * block**2, height // block, width // block))


def tile(b: Builder, x: View, times: Sequence[int]) -> View:
    """x repeated so many times along each axis, one copy after the other."""
    parts: list[view.Axis] = []
    for count, axis in zip(times, x.axes, strict=True):
        parts += [((view.REPEAT, 0, count),), axis] if count > 1 else [axis]
    shape = [size * count for size, count in zip(x.shape, times, strict=True)]
    return b.reshaped(View(x.node, tuple(parts)), shape)


def channel_shuffle(b: Builder, x: View, groups: int) -> View:
    """(batch, channels, ...): channels of all groups in turn."""
    batch, channels, *positions = x.shape
    parts = b.reshaped(x, (batch, groups, channels // groups, *positions))
    order = (0, 2, 1, *range(3, 3 + len(positions)))
    return b.reshaped(View(parts.node, view.permute(parts.axes, order)), x.shape)


def call(b: Builder, operator: str, values: Sequence[View], shape: Sequence[int], **attributes: Any) -> View:
    """An operator that runs by its own framework's name, on operands exactly as that framework shaped them."""
    edges = [b.edge(INPUT, value) for value in values]
    node = b.add(operator, edges, view.without_ones(shape), **attributes)
    return b.value(node, tuple(shape))


def item(b: Builder, whole: View, index: int, shape: Sequence[int]) -> View:
    """One of several results of a call."""
    node = b.add("item", [Edge(INPUT, whole.node.number)], view.without_ones(shape), index=index)
    return b.value(node, tuple(shape))
