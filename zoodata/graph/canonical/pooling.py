"""Poolings and pads. Padding is explicit, (before, after) of each position axis, whatever rule it came from."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from zoodata.graph import view
from zoodata.graph.canonical.activation import is_not_negative
from zoodata.graph.canonical.builder import Builder, Readers, View
from zoodata.graph.canonical.reduction import mean
from zoodata.graph.canonical.shaping import cut
from zoodata.graph.network import CONVOLUTION, INPUT, Edge, Node
from zoodata.graph.view import Axes

Padding = Sequence[Sequence[int]]


def same(
    sizes: Sequence[int], kernel: Sequence[int], stride: Sequence[int], dilation: Sequence[int]
) -> list[list[int]]:
    """TensorFlow's SAME padding: as little as gives ceil(size / stride), the odd row at the end."""
    sides = []
    for size, k, s, d in zip(sizes, kernel, stride, dilation, strict=True):
        total = max((math.ceil(size / s) - 1) * s + (k - 1) * d + 1 - size, 0)
        sides.append([total // 2, total - total // 2])
    return sides


def pad(b: Builder, x: View, amounts: Padding, number: float = 0.0) -> View:
    """Frame each axis of x with a number; amounts are (before, after) per axis, negative ones cut off."""
    if not any(map(any, amounts)):
        return x
    if any(before < 0 or after < 0 for before, after in amounts):
        for axis, (before, after) in enumerate(amounts):
            if before < 0 or after < 0:
                x = cut(b, x, axis, max(-before, 0), x.shape[axis] - max(-after, 0), 1)
        return pad(b, x, [(max(before, 0), max(after, 0)) for before, after in amounts], number)
    framed = {axis: tuple(pair) for axis, pair in enumerate(amounts) if any(pair)}
    whole = {axis: view.whole_axes(x.axes[axis], x.node.shape) for axis in framed}
    if view.is_bijective(x.axes) and all(base is not None and len(base) == 1 for base in whole.values()):
        bases = {base[0]: framed[axis] for axis, base in whole.items() if base}
        shape = tuple(size + sum(bases.get(number, (0, 0))) for number, size in enumerate(x.node.shape))
        full = tuple(bases.get(number, (0, 0)) for number in range(len(shape)))
        edge = b.edge(INPUT, View(x.node, view.identity(x.node.shape)))
        axes = x.axes
        for base, size in enumerate(shape):
            axes = view.resized(axes, base, size) if base in bases else axes
        return View(b.add("pad", [edge], shape, amounts=full, number=number), axes)
    kept = [axis for axis, part in enumerate(x.axes) if part or axis in framed]
    seen = tuple(x.axes[axis] for axis in kept)
    result = [size + sum(framed.get(axis, (0, 0))) for axis, size in enumerate(x.shape)]
    full = tuple(framed.get(axis, (0, 0)) for axis in kept)
    node = b.add("pad", [b.edge(INPUT, x, seen)], tuple(result[axis] for axis in kept), amounts=full, number=number)
    return b.value(node, tuple(result))


def mirrored(b: Builder, x: View, amounts: Padding, mode: str) -> View:
    """Frame each axis of x with what it has itself: ``reflect`` without the edge, ``symmetric`` with it, ``edge`` the
    edge alone, ``wrap`` from the other end (numpy's words)."""
    kept = [axis for axis, part in enumerate(x.axes) if part or any(amounts[axis])]
    seen = tuple(x.axes[axis] for axis in kept)
    result = [size + sum(amounts[axis]) for axis, size in enumerate(x.shape)]
    full = tuple(tuple(amounts[axis]) for axis in kept)
    shape = tuple(result[axis] for axis in kept)
    node = b.add("pad", [b.edge(INPUT, x, seen)], view.without_ones(shape), amounts=full, mode=mode)
    return b.value(node, tuple(result))


def with_padding(b: Builder, x: View, padding: Padding, number: float) -> tuple[View, list[tuple[int, int]]]:
    """Take the pad in front of an operator into the operator's own padding."""
    amounts = [(int(before), int(after)) for before, after in padding]
    node = x.node
    if node.operator != "pad" or not _frames_with(b, x, number):
        return x, amounts
    positions = [view.whole_axes(axis, node.shape) for axis in x.axes[2:]]
    if any(base is None or len(base) != 1 for base in positions):
        return x, amounts
    framed = {number: pair for number, pair in enumerate(node.attributes["amounts"]) if any(pair)}
    bases = [base[0] for base in positions if base]
    if not set(framed) <= set(bases):
        return x, amounts
    inner, seen = b.source(node.inputs[0]), node.inputs[0].axes
    axes = _without_frame(x.axes, node, inner, framed) if seen is None else _through(x.axes, node, seen)
    if axes is None:
        return x, amounts
    joined = [
        (before + framed.get(base, (0, 0))[0], after + framed.get(base, (0, 0))[1])
        for base, (before, after) in zip(bases, amounts, strict=True)
    ]
    return with_padding(b, View(inner, axes), joined, number)


def _without_frame(axes: Axes, node: Node, inner: Node, framed: Mapping[int, tuple[int, int]]) -> Axes:
    """A view of a pad's value as the view of what it frames."""
    for base in framed:
        axes = tuple(tuple((a, i, inner.shape[base]) if a == base else (a, i, s) for a, i, s in axis) for axis in axes)
    return axes


def _through(axes: Axes, node: Node, seen: Axes) -> Axes | None:
    """The same where the pad reads its value under a view: a map of one position has no axis of its own to frame."""
    found = [view.whole_axes(axis, node.shape) for axis in axes]
    if any(bases is None for bases in found):
        return None
    return tuple(view.merged(atom for base in bases or () for atom in seen[base]) for bases in found)


def _frames_with(b: Builder, x: View, number: float) -> bool:
    """Whether the pad's own number does what this one would."""
    own = x.node.attributes.get("number")  # none: it mirrors the edge
    if own == number:
        return True
    # Zero is as good as minus infinity beside values that are never below it.
    return number == -math.inf and own == 0 and is_not_negative(b, b.source(x.node.inputs[0]))


def max_pool(
    b: Builder, x: View, kernel: Sequence[int], stride: Sequence[int], padding: Padding, dilation: Sequence[int],
    ceil: bool = False,
) -> View:  # fmt: skip
    """Largest value under a window, over (batch, channels, *positions)."""
    inside, framed = with_padding(b, x, padding, -math.inf)
    # A window that lies in the frame alone has no largest value but the frame's own.
    if all(max(pair) < (k - 1) * d + 1 for pair, k, d in zip(framed, kernel, dilation, strict=True)):
        x, padding = inside, framed
    if all(k == 1 for k in kernel) and all(s == 1 for s in stride) and not any(map(any, padding)):
        return x
    reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
    result, over = _windows(x.shape[2:], reach, stride, padding, ceil)
    padding = [(before, after + more) for (before, after), more in zip(padding, over, strict=True)]
    shape = (*x.shape[:2], *result)
    node = b.add(
        "max_pool", [b.edge(INPUT, x, image_axes(x))], view.without_ones(shape), kernel=tuple(kernel),
        stride=tuple(stride), padding=tuple(map(tuple, padding)), dilation=tuple(dilation),
    )  # fmt: skip
    return b.value(node, shape)


def average_pool(
    b: Builder, x: View, kernel: Sequence[int], stride: Sequence[int], padding: Padding,
    ceil: bool = False, count_padding: bool = True, divisor: int | None = None,
) -> View:  # fmt: skip
    """Mean under a window. ``count_padding``: whether the frame's zeros are counted in it."""
    count_padding = count_padding or not any(map(any, padding))  # the pad before it has zeros that count
    if count_padding and divisor is None:
        x, padding = with_padding(b, x, padding, 0.0)
    flat = not any(map(any, padding))
    if all(k == 1 for k in kernel) and flat and divisor is None:
        if all(s == 1 for s in stride):
            return x
        return max_pool(b, x, kernel, stride, padding, [1] * len(kernel), ceil)
    if tuple(kernel) == tuple(x.shape[2:]) and flat and divisor is None:
        whole = mean(b, x, list(range(2, len(x.axes))), keep=True)
        own = {"kernel": tuple(kernel), "stride": tuple(stride), "padding": ((0, 0),) * len(kernel)}
        b.notes[whole.node.number] = WholeImage(b.edge(INPUT, x, image_axes(x)), own)
        return whole
    result, over = _windows(x.shape[2:], kernel, stride, padding, ceil)
    more: dict[str, Any] = {"over": tuple(over)} if any(over) else {}
    if not flat or any(over):
        more["count_padding"] = count_padding
    if divisor is not None:
        more["divisor"] = divisor
    shape = (*x.shape[:2], *result)
    node = b.add(
        "average_pool", [b.edge(INPUT, x, image_axes(x))], view.without_ones(shape),
        kernel=tuple(kernel), stride=tuple(stride), padding=tuple(map(tuple, padding)), **more,
    )  # fmt: skip
    return b.value(node, shape)


class WholeImage(NamedTuple):
    """A pooling that at this image size covers its whole map: the mean of all positions, if nothing after it
    shows that it is one step among others (a window slides over its result)."""

    edge: Edge
    attributes: Mapping[str, Any]


def local_pools(b: Builder, nodes: Sequence[Node], readers: Readers) -> dict[int, int]:
    """The means that are poolings of a map that happens to be as small as their window: number to replacement.

    The canonical form of a network must not depend on the size of the image.
    """
    replaced = {}
    for node in nodes:
        note = b.notes.get(node.number)
        if isinstance(note, WholeImage) and _reaches_window(node, readers):
            b.place = node.name
            pool = b.add("average_pool", [note.edge], node.shape, **note.attributes)
            replaced[node.number] = pool.number
    return replaced


def _reaches_window(node: Node, readers: Readers) -> bool:
    waiting, seen = [node.number], set()
    while waiting:
        for reader, edge in readers.get(waiting.pop(), ()):
            if reader.operator in (CONVOLUTION, "max_pool", "average_pool") and edge.role == INPUT:
                return True
            # Repeated along the positions, as a gate is, it holds for all of them.
            spread = edge.axes is not None and any(not axis or axis[0][0] == view.REPEAT for axis in edge.axes)
            if reader.number not in seen and not spread and reader.operator != "resize":
                seen.add(reader.number)
                waiting.append(reader.number)
    return False


def adaptive_average_pool(b: Builder, x: View, sizes: Sequence[int | None]) -> View:
    """Mean under windows chosen so that the result has these sizes."""
    wanted = [size if target is None else target for target, size in zip(sizes, x.shape[2:], strict=True)]
    if all(size == 1 for size in wanted):
        return mean(b, x, list(range(2, len(x.axes))), keep=True)
    if wanted == list(x.shape[2:]):
        return x
    if all(size % target == 0 for size, target in zip(x.shape[2:], wanted, strict=True)):
        step = [size // target for size, target in zip(x.shape[2:], wanted, strict=True)]
        return average_pool(b, x, step, step, [(0, 0)] * len(step))
    shape = (*x.shape[:2], *wanted)
    node = b.add("average_pool", [b.edge(INPUT, x, image_axes(x))], view.without_ones(shape), adaptive=tuple(wanted))
    return b.value(node, shape)


def _windows(
    sizes: Sequence[int], reach: Sequence[int], stride: Sequence[int], padding: Padding, ceil: bool
) -> tuple[list[int], list[int]]:
    """How many windows fit along each axis, and how far the last one hangs over the frame."""
    result, over = [], []
    for size, r, s, (before, after) in zip(sizes, reach, stride, padding, strict=True):
        space = size + before + after - r
        count = space // s + 1
        if ceil and space % s and count * s < size + before:
            count += 1
        result.append(count)
        over.append(max((count - 1) * s - space, 0))
    return result, over


def image_axes(x: View) -> Axes:
    """(channels, *positions), the batch axis before them only if there is one."""
    return x.axes if x.axes[0] else x.axes[1:]
