"""Convolutions in groups that a framework without them, or a model that mixes kernels, writes group by group."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from typing import Any, NamedTuple

from zoodata.graph import view
from zoodata.graph.canonical.builder import Builder, Readers, View
from zoodata.graph.canonical.pooling import image_axes, with_padding
from zoodata.graph.network import CONVOLUTION, INPUT, LINEAR, PARAMETER, Edge, Node
from zoodata.graph.view import Axes, Shape

POINT = {"kernel": (1, 1), "stride": (1, 1), "padding": ((0, 0), (0, 0)), "dilation": (1, 1)}
"""A linear layer over channels, as the convolution that it is."""


class Group(NamedTuple):
    """One layer on a stretch of a value's channels."""

    layer: Node
    cut: Node
    """The slice that it reads."""


def grouped(b: Builder, nodes: Sequence[Node], readers: Readers) -> dict[int, int]:
    """Slices, a layer on each, and their concatenation, which are one convolution in groups: number of the
    concatenation to the convolution's. Its kernel is theirs, one after the other."""
    replaced = {}
    for node in nodes:
        groups = _groups(b, node, readers)
        made = None if groups is None else _convolution(b, node, groups)
        if made is not None:
            replaced[node.number] = made.number
    return replaced


def _groups(b: Builder, joined: Node, readers: Readers) -> list[Group] | None:
    """The groups that a concatenation joins, if it joins nothing else: alike, in order, and of all the channels."""
    if joined.operator != "concatenate" or len(joined.inputs) < 2 or joined.attributes["axis"] != 0:
        return None
    layers = [b.source(edge) for edge in joined.inputs]
    if any(layer.operator not in (CONVOLUTION, LINEAR) for layer in layers) or any(e.axes for e in joined.inputs):
        return None
    groups = [Group(layer, b.source(layer.inputs[0])) for layer in layers]
    first = groups[0]
    if any(group.cut.operator != "slice" for group in groups) or not _is_over_channels(first):
        return None
    width, channels = first.cut.attributes["stop"], first.cut.attributes["axis"]
    for number, (layer, cut) in enumerate(groups):
        place = {"axis": channels, "start": number * width, "stop": (number + 1) * width, "step": 1}
        if dict(cut.attributes) != place or cut.inputs != first.cut.inputs or _form(layer) != _form(first.layer):
            return None
        if len(readers[layer.number]) > 1 or len(readers[cut.number]) > 1:
            return None
    return groups if len(groups) * width == _seen(b, first.cut.inputs[0])[channels] else None


def _seen(b: Builder, edge: Edge) -> Shape:
    """The shape in which a node sees an operand."""
    return b.source(edge).shape if edge.axes is None else view.shape_of(edge.axes)


def _form(layer: Node) -> tuple[Any, ...]:
    """What layers that are groups of one have in common."""
    edges = [(edge.role, edge.axes) for edge in layer.inputs]
    return layer.operator, layer.shape, sorted(layer.attributes.items()), edges


def _is_over_channels(group: Group) -> bool:
    """Whether a layer works on a map of channels and two positions, and its slice cuts the channels."""
    layer, cut = group.layer, group.cut
    if layer.attributes["channel"] != 0 or cut.attributes["stop"] < 2:
        return False
    axes, channels = layer.inputs[0].axes, cut.attributes["axis"]
    if layer.operator == LINEAR:
        is_plain = axes is None and channels == 0 and len(layer.shape) in (1, 3)
        return is_plain and layer.attributes["axes"] == (0,)
    if layer.attributes["groups"] != 1 or "extra" in layer.attributes:
        return False
    return channels == 0 if axes is None else _is_first(channels, axes)


def _is_first(base: int, axes: Axes) -> bool:
    """Whether the first axis of a view is this one of the value, whole."""
    return len(axes[0]) == 1 and axes[0][0][:2] == (base, 1)


def _convolution(b: Builder, joined: Node, groups: Sequence[Group]) -> Node | None:
    """The convolution in groups, of the shape of what it replaces."""
    layer, cut = groups[0]
    is_point = layer.operator == LINEAR
    own = {name: value for name, value in layer.attributes.items() if name not in ("axes", "outputs", "groups")}
    source, axes, channels = cut.inputs[0], layer.inputs[0].axes, cut.attributes["axis"]
    full = _seen(b, source)
    seen = view.identity(full) if axes is None else view.resized(axes, channels, full[channels])
    if is_point and len(full) == 1:  # a map of one position
        seen = (*seen, (), ())
    whole = seen if source.axes is None else view.composed(seen, source.axes)
    if whole is None:
        return None
    own |= {"outputs": layer.attributes["outputs"] * len(groups), "groups": len(groups)} | (POINT if is_point else {})
    x, own["padding"] = with_padding(b, View(b.source(source), ((), *whole)), own["padding"], 0.0)
    own["padding"] = tuple(own["padding"])
    edges = [b.edge(INPUT, x, image_axes(x))]
    for number, edge in enumerate(layer.inputs[1:], start=1):
        stored = _one_after_the_other(b, [group.layer.inputs[number] for group in groups])
        if stored is None:
            return None
        if edge.role == "weight" and is_point:
            stored = stored._replace(axes=(*(stored.axes or view.identity(b.source(stored).shape)), (), ()))
        edges.append(stored)
    b.place = joined.name
    return b.add(CONVOLUTION, edges, joined.shape, **own)


def _one_after_the_other(b: Builder, edges: Sequence[Edge]) -> Edge | None:
    """Stored tensors of one form as one, joined along the outputs: the first axis that their layers see."""
    leaves = [b.source(edge) for edge in edges]
    first, shape = leaves[0], leaves[0].shape
    axes = edges[0].axes or view.identity(shape)
    whole = view.whole_axes(axes[0], shape)
    if any(leaf.operator != PARAMETER or leaf.shape != shape or "part" in leaf.attributes for leaf in leaves):
        return None
    if whole is None or len(whole) != 1 or len({leaf.number for leaf in leaves}) != len(leaves):
        return None
    (base,) = whole
    length = shape[base] * len(leaves)
    names = tuple(leaf.attributes["parameter"] for leaf in leaves)
    b.place = _shared(names)
    joined = tuple(length if number == base else size for number, size in enumerate(shape))
    leaf = b.add(PARAMETER, (), joined, **{**first.attributes, "joined": (base, names)})
    seen = view.resized(axes, base, length)
    return Edge(edges[0].role, leaf.number, None if seen == view.identity(joined) else seen)


def _shared(names: Sequence[str]) -> str:
    """A name for stored tensors that are joined: below the place that they have in common."""
    mark = "/" if "/" in names[0] else "."
    parts = [name.split(mark) for name in names]
    common = [own[0] for own in takewhile(lambda own: len(set(own)) == 1, zip(*parts, strict=False))]
    return mark.join([*common, parts[0][-1]])
