"""A network as compact JSON, for the dataset: everything the diff and the counter need, no weights, no names.

What repeats is written once: nodes point into tables of operators with their attributes, of shapes, and of
views. Two entries with one digest have one file, so it cannot carry the names of either.
"""

from __future__ import annotations

from typing import Any

from zoodata.graph.digest import digest
from zoodata.graph.network import INPUT, PARAMETER, Edge, Network, Node, Parameter
from zoodata.records import StoredNetwork
from zoodata.records.network import StoredOperator


class Damaged(ValueError):
    """The stored form is not a network, or not the one it says it is."""


def pack(network: Network) -> StoredNetwork:
    """The stored form of a network."""
    kinds, shapes, views, roles = _Table(), _Table(), _Table(), _Table()
    nodes = []
    for node in network.nodes:
        attributes = {name: value for name, value in node.attributes.items() if name not in ("parameter", "part")}
        row = f"{kinds.index((node.operator, tuple(sorted(attributes.items()))))} {shapes.index(node.shape)}"
        for edge in node.inputs:
            seen = 0 if edge.axes is None else views.index(edge.axes) + 1
            row += f" {roles.index(edge.role)}:{edge.source}:{seen}"
        nodes.append(row)
    channels, height, width = network.input_shape
    return StoredNetwork(
        digest=digest(network),
        input=(channels, height, width),
        operators=tuple(
            StoredOperator(operator=operator, attributes={name: _plain(value) for name, value in own})
            for operator, own in kinds.rows
        ),
        shapes=tuple(shapes.rows),
        views=tuple(views.rows),
        roles=tuple(roles.rows),
        nodes=tuple(nodes),
    )


def unpack(stored: StoredNetwork) -> Network:
    """The network of a stored form; its constants have fingerprints and no contents.

    Raises:
        Damaged: when it is malformed, or its digest is not its name.
    """
    try:
        network = _unpack(stored)
        computed = digest(network)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise Damaged(f"not a stored network: {type(error).__name__} {error}") from error
    if stored.digest != computed and stored.digest != digest(network, as_before=True):
        raise Damaged("the contents do not have the digest that the record states")
    return network


def _unpack(stored: StoredNetwork) -> Network:
    kinds = [(s.operator, {name: _frozen(value) for name, value in s.attributes.items()}) for s in stored.operators]
    roles, views = stored.roles, (None, *stored.views)
    nodes: list[Node] = []
    parameters = []
    for number, row in enumerate(stored.nodes):
        kind, shape, *edges = row.split(" ")
        operator, own = kinds[int(kind)]
        sizes = stored.shapes[int(shape)]
        name = f"{operator}_{number}"
        inputs = []
        dynamic, deepest = operator == INPUT, -1
        for edge in edges:
            role, reads, seen = edge.split(":")
            if (source := int(reads)) >= number:
                raise ValueError(f"node {number} reads node {source}")
            read = nodes[source]
            dynamic, deepest = dynamic or read.dynamic, max(deepest, read.depth)
            inputs.append(Edge(roles[int(role)], source, views[int(seen)]))
        if operator == PARAMETER:
            own = {**own, "parameter": name}
            parameters.append(Parameter(name, sizes, own["role"]))
        nodes.append(Node(number, operator, tuple(inputs), sizes, own, name, dynamic, deepest + 1))
    if not nodes:
        raise ValueError("it has no nodes")
    return Network("torch", stored.input, tuple(nodes), len(nodes) - 1, tuple(parameters))


class _Table:
    """Rows by the order in which they first appeared."""

    def __init__(self) -> None:
        self.rows: list[Any] = []
        self._places: dict[Any, int] = {}

    def index(self, row: Any) -> int:
        if row not in self._places:
            self._places[row] = len(self.rows)
            self.rows.append(row)
        return self._places[row]


def _plain(value: Any) -> Any:
    """Tuples as lists; numbers that JSON does not have as words."""
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        return "inf" if value > 0 else "-inf"
    return value


def _frozen(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_frozen(item) for item in value)
    return float(value) if value in ("inf", "-inf") else value
