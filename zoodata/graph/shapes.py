"""What shape each value of a network must have, followed from the image without running anything.

A stored network comes from strangers, and its digest says nothing of sizes: here they are computed again, operator by
operator, so that counts of it can be believed. No framework is needed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any

from zoodata.graph import view
from zoodata.graph.network import INPUT, Edge, Network, Node, sequence_sizes
from zoodata.graph.view import Shape

MOST_ELEMENTS = 10**10
"""Of one value: a network of which one value is larger is none that anybody runs."""

MOST_GROWTH = 64
"""How many times the elements of its operands a value of an operator outside the vocabulary may have."""


@dataclass(frozen=True)
class Misshapen:
    """A value whose shape does not follow from what its node reads."""

    node: str
    reason: str


class DoesNotFit(ValueError):
    """An operator cannot take operands of these shapes."""


def misshapen(network: Network) -> list[Misshapen]:
    """Every value of a network whose shape does not follow; at most twenty."""
    wrong: list[Misshapen] = []
    for node in network.nodes:
        try:
            _check(network, node)
        except (DoesNotFit, KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError) as error:
            reason = str(error) if isinstance(error, DoesNotFit) else f"{type(error).__name__} {error}"
            wrong.append(Misshapen(node.name, reason))
        if len(wrong) == 20:
            break
    return wrong


def at_size(network: Network, height: int, width: int) -> Network | None:
    """The same network for images of another size; None where it is made for one size."""
    resized = replace(network, input_shape=(network.input_shape[0], height, width))
    nodes: list[Node] = []
    try:
        for node in network.nodes:
            before = [network.nodes[edge.source].shape for edge in node.inputs]
            after = [nodes[edge.source].shape for edge in node.inputs]
            edges = tuple(map(_edge_at_size, node.inputs, before, after))
            moved = replace(node, inputs=edges)
            nodes.append(replace(moved, shape=_shape_at_size(resized.input_shape, nodes, moved)))
        made = replace(resized, nodes=tuple(nodes))
    except (DoesNotFit, KeyError, IndexError, TypeError, ValueError):
        return None
    return None if misshapen(made) else made


def _shape_at_size(image: Shape, nodes: Sequence[Node], node: Node) -> Shape:
    if node.operator == INPUT:
        return view.without_ones(image)
    if node.is_leaf or _called(node) in SEVERAL:
        return node.shape
    if (rule := _rule(node)) is None:
        raise DoesNotFit("nothing here computes its shape")
    return view.without_ones(rule(Reads(nodes, node, [_seen(nodes, edge) for edge in node.inputs])))


def _edge_at_size(edge: Edge, before: Shape, after: Shape) -> Edge:
    """An operand of another shape under the view that shows each of its axes as before."""
    if edge.axes is None or before == after:
        return edge
    if len(before) != len(after):
        raise DoesNotFit("only one position is left")
    axes = []
    for axis in edge.axes:
        atoms = []
        for base, inner, size in axis:
            is_other = base != view.REPEAT and before[base] != after[base]
            if is_other and (inner, size) != (1, before[base]):
                raise DoesNotFit("cuts an axis of positions")
            atoms.append((base, inner, after[base] if is_other else size))
        axes.append(tuple(atoms))
    return edge._replace(axes=tuple(axes))


def not_followed(network: Network) -> tuple[str, ...]:
    """Operators outside the vocabulary whose values have shapes that nothing here can compute."""
    return tuple(sorted({_called(node) for node in network.operations if _rule(node) is None}))


def _check(network: Network, node: Node) -> None:
    if any(size < 2 for size in node.shape):
        raise DoesNotFit(f"has an axis of fewer than two in {node.shape}")
    if prod(node.shape) > MOST_ELEMENTS:
        raise DoesNotFit(f"has {prod(node.shape):,} elements")
    if node.operator == INPUT:
        _equal(view.without_ones(network.input_shape), node.shape)
    if node.is_leaf:
        return
    operands = [_seen(network.nodes, edge) for edge in node.inputs]
    rule = _rule(node)
    if rule is None:
        largest = max((prod(shape) for shape in operands), default=1)
        if prod(node.shape) > MOST_GROWTH * largest:
            raise DoesNotFit(f"grows from {largest:,} elements to {prod(node.shape):,}")
        return
    several = _called(node) in SEVERAL
    _equal(() if several else view.without_ones(rule(Reads(network.nodes, node, operands))), node.shape)


def _equal(expected: Sequence[int], stated: Shape) -> None:
    if tuple(expected) != tuple(stated):
        raise DoesNotFit(f"is {_text(stated)}, and must be {_text(expected)}")


def _text(shape: Sequence[int]) -> str:
    return "x".join(map(str, shape)) or "one number"


def _seen(nodes: Sequence[Node], edge: Edge) -> Shape:
    """The shape of an operand as its node sees it, after its view was checked against the value."""
    shape = nodes[edge.source].shape
    if edge.axes is None:
        return shape
    pieces: dict[int, list[tuple[int, int]]] = {}
    for axis in edge.axes:
        for base, inner, size in axis:
            if size < 1 or base < view.REPEAT or base >= len(shape):
                raise DoesNotFit(f"a view has {size} steps along axis {base} of {_text(shape)}")
            if base != view.REPEAT:
                pieces.setdefault(base, []).append((inner, size))
    for base, length in enumerate(shape):
        step = 1
        for inner, size in sorted(pieces.get(base, ())):
            if inner != step:
                raise DoesNotFit(f"a view has steps of {inner} along axis {base} of {_text(shape)}")
            step *= size
        if step != length:
            raise DoesNotFit(f"a view shows {step} of the {length} along axis {base} of {_text(shape)}")
    return view.shape_of(edge.axes)


@dataclass(frozen=True)
class Reads:
    """A node with the shapes of its operands."""

    nodes: Sequence[Node]
    node: Node
    shapes: list[Shape]

    @property
    def attributes(self) -> Mapping[str, Any]:
        """The node's."""
        return self.node.attributes

    @property
    def first(self) -> Shape:
        """Of the first operand."""
        return self.shapes[0]

    def of(self, role: str) -> Shape | None:
        """Of the operand with a role; None where there is none."""
        return next((s for edge, s in zip(self.node.inputs, self.shapes, strict=True) if edge.role == role), None)


Rule = Callable[[Reads], Sequence[int]]


def _same(r: Reads) -> Shape:
    return r.first


def _needs(condition: bool, why: str) -> None:
    if not condition:
        raise DoesNotFit(why)


def _spatial(r: Reads, rank: int) -> tuple[Shape, Shape]:
    """What stands before the positions (images and channels), and the positions."""
    _needs(len(r.first) in (rank + 1, rank + 2), f"reads {_text(r.first)} with a kernel of {rank} axes")
    return r.first[:-rank], r.first[-rank:]


def _windows(sizes: Shape, a: Mapping[str, Any], padding: Any) -> list[int]:
    """How many windows there are along each axis."""
    dilation = a.get("dilation", (1,) * len(sizes))
    counts = []
    for size, k, s, d, (before, after) in zip(sizes, a["kernel"], a["stride"], dilation, padding, strict=True):
        _needs(min(k, s, d) >= 1, "has a kernel, stride or dilation of less than one")
        counts.append((size + before + after - (k - 1) * d - 1) // s + 1)
    _needs(min(counts, default=1) >= 1, f"has no window left on {_text(sizes)}")
    return counts


def _convolution(r: Reads) -> Sequence[int]:
    a, weight, bias = r.attributes, r.of("weight"), r.of("bias")
    kernel = tuple(a["kernel"])
    before, sizes = _spatial(r, len(kernel))
    channels, groups, outputs = before[-1], a["groups"], a["outputs"]
    _needs(groups >= 1 and channels % groups == 0 and outputs % groups == 0, f"has {groups} groups")
    is_transposed = "extra" in a
    rows = (channels, outputs // groups) if is_transposed else (outputs, channels // groups)
    _needs(weight == (*rows, *kernel), f"has weights of {weight and _text(weight)} for {_text((*rows, *kernel))}")
    _needs(bias is None or prod(bias) == outputs, "has a bias of another length")
    if is_transposed:
        counts = [
            (size - 1) * s + d * (k - 1) + 1 + more - low - high
            for size, k, s, d, more, (low, high) in zip(
                sizes, kernel, a["stride"], a["dilation"], a["extra"], a["padding"], strict=True
            )
        ]
        _needs(min(counts) >= 1, "has no position left")
    else:
        counts = _windows(sizes, a, a["padding"])
    return (*before[:-1], outputs, *counts)


def _linear(r: Reads) -> Sequence[int]:
    a, x, weight, bias = r.attributes, r.first, r.of("weight"), r.of("bias")
    joined = [x[axis] for axis in a["axes"]]
    rest = [size for axis, size in enumerate(x) if axis not in a["axes"]]
    _needs(len(set(a["axes"])) == len(a["axes"]), "joins an axis twice")
    _needs(weight is not None and prod(weight) == a["outputs"] * prod(joined), f"has weights of {weight}")
    _needs(weight is not None and prod(weight[1:]) == prod(joined), f"has weights of {weight}")
    _needs(bias is None or prod(bias) == a["outputs"], "has a bias of another length")
    place = len(rest) if a["channel"] is None else a["channel"]
    rest.insert(place, a["outputs"])
    return rest


def _matmul(r: Reads) -> Sequence[int]:
    x, y = r.first, r.shapes[1]
    batch, (first, second) = r.attributes["batch"], r.attributes["free"]
    _needs(min(batch, first, second) >= 0, "has a negative number of axes")
    _needs(x[:batch] == y[:batch], f"multiplies {_text(x)} by {_text(y)}")
    inner = prod(x[batch + first :]), prod(y[batch + second :])
    _needs(inner[0] == inner[1], f"multiplies rows of {inner[0]} by rows of {inner[1]}")
    return (*x[: batch + first], *y[batch : batch + second])


def _along_channel(r: Reads) -> Sequence[int]:
    """Vectors along one axis."""
    channel = r.attributes["channel"]
    length = 1 if channel is None else r.first[channel]
    _needs(all(prod(shape) == length for shape in r.shapes[1:]), f"has vectors that are not of {length} channels")
    return r.first


def _over_axes(r: Reads) -> Sequence[int]:
    length = prod(r.first[axis] for axis in r.attributes["axes"])
    _needs(all(prod(shape) == length for shape in r.shapes[1:]), f"has vectors that are not of {length} elements")
    return r.first


def _group_norm(r: Reads) -> Sequence[int]:
    channels = r.first[1 if r.attributes["batch"] else 0]
    _needs(channels % r.attributes["groups"] == 0, f"has {r.attributes['groups']} groups of {channels} channels")
    _needs(all(prod(shape) == channels for shape in r.shapes[1:]), "has vectors of another length")
    return r.first


def _pool(r: Reads) -> Sequence[int]:
    a = r.attributes
    if "adaptive" in a:
        return (*r.first[:-2], *a["adaptive"])
    before, sizes = _spatial(r, len(a["kernel"]))
    over = a.get("over", (0,) * len(sizes))
    padding = [(low, high + more) for (low, high), more in zip(a["padding"], over, strict=True)]
    return (*before, *_windows(sizes, a, padding))


def _without_axes(r: Reads) -> Sequence[int]:
    axes = [axis % len(r.first) for axis in r.attributes["axes"]]
    return [size for axis, size in enumerate(r.first) if axis not in axes]


def _extreme(r: Reads) -> Sequence[int]:
    return _broadcast(r) if r.of("other") is not None else _without_axes(r)


def _broadcast(r: Reads) -> Sequence[int]:
    """All operands side by side from the right, as every framework does."""
    rank = max(map(len, r.shapes))
    padded = [(1,) * (rank - len(shape)) + shape for shape in r.shapes]
    result = []
    for sizes in zip(*padded, strict=True):
        others = {size for size in sizes if size != 1}
        _needs(len(others) <= 1, f"puts {' beside '.join(map(_text, r.shapes))}")
        result.append(max(sizes))
    return result


def _concatenate(r: Reads) -> Sequence[int]:
    axis = r.attributes["axis"]
    shapes = [list(shape) for shape in r.shapes]
    total = sum(shape[axis] for shape in shapes)
    for shape in shapes:
        shape[axis] = total
    _needs(all(shape == shapes[0] for shape in shapes), f"joins {', '.join(map(_text, r.shapes))}")
    return shapes[0]


def _slice(r: Reads) -> Sequence[int]:
    a, sizes = r.attributes, list(r.first)
    sizes[a["axis"]] = len(range(*slice(a["start"], a["stop"], a["step"]).indices(sizes[a["axis"]])))
    return sizes


def _pad(r: Reads) -> Sequence[int]:
    return [size + before + after for size, (before, after) in zip(r.first, r.attributes["amounts"], strict=True)]


def _resize(r: Reads) -> Sequence[int]:
    sizes = r.attributes["sizes"]
    return (*r.first[: len(r.first) - len(sizes)], *sizes)


def _gather(r: Reads) -> Sequence[int]:
    sizes = list(r.first)
    places = r.attributes["places"]
    _needs(all(-sizes[r.attributes["axis"]] <= place < sizes[r.attributes["axis"]] for place in places), "reads beyond")
    sizes[r.attributes["axis"]] = len(places)
    return sizes


def _flatten(r: Reads) -> Sequence[int]:
    return (prod(r.first),)


def _recurrent(r: Reads) -> Sequence[int]:
    steps, batch, _ = sequence_sizes(r.attributes["sizes"], r.first)
    state = batch, r.attributes["hidden"]
    return state if r.attributes.get("gives") == "cell" else (steps, *state)


def _item(r: Reads) -> Sequence[int]:
    """One of the values that a call gives. Those that a network reads here have the shape of the first."""
    call = r.nodes[r.node.inputs[0].source]
    rule = _rule(call)
    if rule is None or _called(call) not in SEVERAL:
        return r.node.shape
    return rule(Reads(r.nodes, call, [_seen(r.nodes, edge) for edge in call.inputs]))


RULES: dict[str, Rule] = {
    "convolution": _convolution, "linear": _linear, "matmul": _matmul, "batch_norm": _along_channel,
    "layer_norm": _over_axes, "rms_norm": _over_axes, "group_norm": _group_norm, "local_response_norm": _same,
    "activation": lambda r: _broadcast(r) if len(r.shapes) > 1 else r.first, "softmax": _same, "function": _same,
    "quantize": _same, "max_pool": _pool, "average_pool": _pool, "mean": _without_axes, "sum": _without_axes,
    "maximum": _extreme, "minimum": _extreme, "add": _broadcast, "subtract": _broadcast, "multiply": _broadcast,
    "divide": _broadcast, "power": _broadcast, "compare": _broadcast, "select": _broadcast,
    "concatenate": _concatenate, "slice": _slice, "pad": _pad, "resize": _resize, "gather": _gather,
    "flatten": _flatten, "item": _item, "recurrent": _recurrent,
}  # fmt: skip


def _given(r: Reads) -> list[Any]:
    """The arguments that a call of torch was read with."""
    return list(json.loads(r.attributes["arguments"])[0])


def _kept(r: Reads, axes: Sequence[int]) -> Sequence[int]:
    """Reduced over some axes, which stay with one element."""
    reduced = [axis % len(r.first) for axis in axes]
    return [1 if axis in reduced else size for axis, size in enumerate(r.first)]


def _upsample_call(r: Reads) -> Sequence[int]:
    given = _given(r)
    if given[1] is not None:
        return (*r.first[:-2], *given[1])
    return (*r.first[:-2], *(int(size * by) for size, by in zip(r.first[-2:], given[-1], strict=True)))


def _index_call(r: Reads) -> Sequence[int]:
    """Rows by number: the axes that the indices stand for are replaced by those of the indices."""
    indices = _given(r)[1]
    named = [axis for axis, index in enumerate(indices) if index is not None]
    _needs(named == list(range(named[0], named[0] + len(named))), "indexes axes that are not side by side")
    beside = list(_broadcast(Reads(r.nodes, r.node, r.shapes[1:])))
    return (*r.first[: named[0]], *beside, *r.first[named[-1] + 1 :])


def _im2col_call(r: Reads) -> Sequence[int]:
    _, kernel, dilation, padding, stride = _given(r)
    a = {"kernel": kernel, "stride": stride, "dilation": dilation}
    counts = _windows(r.first[-2:], a, [(each, each) for each in padding])
    return (*r.first[:-3], r.first[-3] * prod(kernel), prod(counts))


def _col2im_call(r: Reads) -> Sequence[int]:
    _, size, kernel, dilation, padding, stride = _given(r)
    a = {"kernel": kernel, "stride": stride, "dilation": dilation}
    _needs(prod(_windows(tuple(size), a, [(each, each) for each in padding])) == r.first[-1], "has other windows")
    return (*r.first[:-2], r.first[-2] // prod(kernel), *size)


def _unfold_call(r: Reads) -> Sequence[int]:
    _, axis, size, step = _given(r)
    sizes = list(r.first)
    sizes[axis] = (sizes[axis] - size) // step + 1
    return (*sizes, size)


def _max_call(r: Reads) -> Sequence[int]:
    axis = _given(r)[1] % len(r.first)
    return (*r.first[:axis], *r.first[axis + 1 :])


def _lstm_call(r: Reads) -> Sequence[int]:
    """Both directions' states beside each other, for each step."""
    given = _given(r)
    width = r.shapes[int(given[1][0][1:])][-1]
    return (*r.first[:-1], width * (2 if given[7] else 1))


CALLS: dict[str, Rule] = {
    "aten.roll": _same, "aten.batch_norm": _same, "aten.linalg_vector_norm": lambda r: _kept(r, _given(r)[2]),
    "aten.upsample_nearest2d": _upsample_call, "aten.upsample_bilinear2d": _upsample_call,
    "aten.upsample_bicubic2d": _upsample_call, "aten.index": _index_call, "aten.im2col": _im2col_call,
    "aten.col2im": _col2im_call, "aten.unfold": _unfold_call, "aten.max.dim": _max_call,
    "aten.var": lambda r: _kept(r, _given(r)[1]), "aten.lstm": _lstm_call,
    "aten.pad": lambda r: _torch_pad(r, _given(r)[1]),
    "aten.adaptive_max_pool2d": lambda r: (*r.first[:-2], *_given(r)[1]),
}  # fmt: skip
"""Calls of torch whose shapes are followed, by their name with or without its overload."""


SEVERAL = frozenset({"aten.max.dim", "aten.lstm.input", "aten.adaptive_max_pool2d.default"})
"""Calls that give several values, of which an ``item`` takes one; they have no shape of their own."""


def _torch_pad(r: Reads, amounts: Sequence[int]) -> Sequence[int]:
    """Amounts from the last axis on, before and after each."""
    sizes = list(r.first)
    for number in range(len(amounts) // 2):
        sizes[-1 - number] += amounts[2 * number] + amounts[2 * number + 1]
    return sizes


def _called(node: Node) -> str:
    return str(node.attributes.get("call", node.operator))


def _rule(node: Node) -> Rule | None:
    """What computes the shape of a node's value; None where nothing here does."""
    if "call" not in node.attributes:
        return RULES.get(node.operator)
    name = _called(node)
    return CALLS.get(name) or CALLS.get(name.rpartition(".")[0])
