"""The finished network: what leads to the output, numbered anew, with what could only be decided at the end."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from zoodata.graph import view
from zoodata.graph.canonical.builder import Builder, Readers, View
from zoodata.graph.canonical.grouping import grouped
from zoodata.graph.canonical.pooling import local_pools
from zoodata.graph.canonical.shaping import stretch
from zoodata.graph.network import CONSTANT, INPUT, LINEAR, PARAMETER, Edge, Network, Node, Parameter
from zoodata.graph.view import Shape

COUNTED = re.compile(r"_[a-z]+_[0-9]+$")
"""How Caffe2's exporter ends the names of a layer's tensors: conv1_w_0, conv1_b_0."""


def finish(
    b: Builder,
    framework: Literal["torch", "tensorflow", "onnx"],
    input_shape: Shape,
    output: View,
    parameters: Sequence[Parameter],
) -> Network:
    """The network up to its output: what does not lead there falls away, the rest is numbered anew."""
    node = output.node
    if view.merged(atom for axis in output.axes for atom in axis) != view.merged(
        atom for axis in view.identity(node.shape) for atom in axis
    ):
        node = b.add("flatten", [b.edge(INPUT, output)], (int(np.prod(output.shape)),))
    numbers: dict[int, int] = {}
    nodes = ordered(b.nodes, node, _replacements(b, node), numbers=numbers)
    kept = {n.attributes["constant"] for n in nodes if n.operator == CONSTANT}
    return Network(
        framework=framework,
        input_shape=input_shape,
        nodes=nodes,
        output=nodes[-1].number,
        parameters=tuple(parameters),
        constants={mark: data for mark, data in b.constants.items() if mark in kept},
        marks={name: (numbers[v.node.number], v.axes) for name, v in b.marks.items() if v.node.number in numbers},
    )


def _replacements(b: Builder, output: Node) -> dict[int, int]:
    """Nodes that another takes the place of, now that all that follows is known."""
    nodes = ordered(b.nodes, output, {}, renumber=False)
    readers: Readers = {}
    for node in nodes:
        for edge in node.inputs:
            readers.setdefault(edge.source, []).append((node, edge))
    return unpacked(b, nodes, readers) | grouped(b, nodes, readers) | local_pools(b, nodes, readers)


def unpacked(b: Builder, nodes: Sequence[Node], readers: Readers) -> dict[int, int]:
    """Layers that were packed into one and are split again, as they were: node number to its replacement.

    Query, key and value are often one linear layer whose outputs are cut in three. Three layers with a
    third of the stored tensor each are the same function, and what other zoos store.
    """
    replaced: dict[int, int] = {}
    for node in nodes:
        own = [reader for reader, _ in readers.get(node.number, ())]
        if node.operator != LINEAR or node.attributes["channel"] is None or len(own) < 2:
            continue
        cuts = sorted((r.attributes["start"], r.attributes["stop"]) for r in own if _cuts_channels(r, node))
        ends = [0, *(stop for _, stop in cuts)]
        if len(cuts) != len(own) or ends[-1] != node.attributes["outputs"] or [s for s, _ in cuts] != ends[:-1]:
            continue
        stored = [edge for edge in node.inputs if edge.role != INPUT]
        if any(b.source(edge).operator != PARAMETER for edge in stored):
            continue
        for reader in own:
            part = _part(b, node, stored, reader.attributes["start"], reader.attributes["stop"])
            if part is None:
                break
            replaced[reader.number] = part.number
    return replaced


def _cuts_channels(reader: Node, layer: Node) -> bool:
    own = reader.attributes
    return (
        reader.operator == "slice"
        and own["axis"] == layer.attributes["channel"]
        and own["step"] == 1
        and reader.inputs[0].axes is None
        and len(reader.shape) == len(layer.shape)
    )


def _part(b: Builder, layer: Node, stored: Sequence[Edge], start: int, stop: int) -> Node | None:
    """The layer for a stretch of its outputs."""
    edges = [edge for edge in layer.inputs if edge.role == INPUT]
    for edge in stored:
        source = b.source(edge)
        axes = edge.axes or view.identity(source.shape)
        first = axes[0]
        whole = view.whole_axes(first, source.shape)
        if whole is None or len(whole) != 1:
            return None
        b.place = source.name
        edges.append(b.edge(edge.role, stretch(b, View(source, axes), whole[0], start, stop - start)))
    b.place = layer.name
    axis = layer.attributes["channel"]
    shape = tuple(stop - start if number == axis else size for number, size in enumerate(layer.shape))
    return b.add(LINEAR, edges, shape, **{**layer.attributes, "outputs": stop - start})


def ordered(
    nodes: Sequence[Node],
    output: Node,
    instead: Mapping[int, int],
    renumber: bool = True,
    numbers: dict[int, int] | None = None,
) -> tuple[Node, ...]:
    """The nodes that lead to the output, each after what it reads, operands in their order.

    ``instead`` gives nodes that take another's place; without ``renumber`` nodes come as they are. Old numbers and new
    ones are written into ``numbers``.
    """
    numbers = {} if numbers is None else numbers
    in_order: list[Node] = []
    names: dict[str, int] = {}
    output = nodes[instead.get(output.number, output.number)]
    waiting: list[tuple[Node, bool]] = [(output, False)]
    while waiting:
        node, ready = waiting.pop()
        if node.number in numbers:
            continue
        sources = [instead.get(edge.source, edge.source) for edge in node.inputs]
        if not ready:
            waiting.append((node, True))
            waiting.extend((nodes[source], False) for source in sources[::-1] if source not in numbers)
            continue
        numbers[node.number] = len(in_order)
        if not renumber:
            in_order.append(node)
            continue
        edges = tuple(edge._replace(source=numbers[source]) for edge, source in zip(node.inputs, sources, strict=True))
        name = _unique(_name(node, [nodes[source] for source in sources]), names)
        in_order.append(
            Node(len(in_order), node.operator, edges, node.shape, node.attributes, name, node.dynamic, node.depth)
        )
    return tuple(in_order)


def _name(node: Node, sources: Sequence[Node]) -> str:
    """Where a node stands: the module its stored tensors belong to, else the place it was made at."""
    stored = [source.name for source in sources if source.operator == PARAMETER]
    if node.operator == PARAMETER:
        return str(node.attributes["parameter"])
    if stored:
        if short := {COUNTED.sub("", name) for name in stored} - set(stored):
            return min(short, key=len)
        for mark in (".", "/"):
            owner = stored[0].rpartition(mark)[0]
            if owner and all(name.rpartition(mark)[0] == owner for name in stored):
                return owner
    return f"{node.name}{node.operator}" if node.name.endswith((".", "/")) or not node.name else node.name


def _unique(name: str, taken: dict[str, int]) -> str:
    if not name.isprintable():  # names come from anybody's model, and are shown in terminals
        name = "".join(character if character.isprintable() else "?" for character in name)
    taken[name] = taken.get(name, 0) + 1
    return name if taken[name] == 1 else f"{name}:{taken[name]}"
