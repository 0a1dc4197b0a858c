"""A network as compact JSON, for the dataset: everything the diff and the counter need, no weights, no names.

What repeats is written once: nodes point into tables of operators with their attributes, of shapes, and of
views. Two entries with one digest have one file, so it cannot carry the names of either.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

from zoodata.graph.digest import UNFED, digest, line_head, of_lines, own_text, seen
from zoodata.graph.network import INPUT, PARAMETER, Edge, Network, Node, Parameter
from zoodata.records import StoredNetwork
from zoodata.records.network import StoredOperator


class Damaged(ValueError):
    """The stored form is not a network, or not the one it says it is."""


NAMES = frozenset({"parameter", "part", "seen", "joined"})
"""Attributes that name a model's stored tensors: a stored network has none."""


class Tables(NamedTuple):
    """A network as a stored form writes it: rows of tables, and nodes that point into them."""

    operators: tuple[StoredOperator, ...]
    shapes: tuple[Any, ...]
    views: tuple[Any, ...]
    roles: tuple[str, ...]
    nodes: tuple[str, ...]


def pack(network: Network) -> StoredNetwork:
    """The stored form of a network."""
    channels, height, width = network.input_shape
    return StoredNetwork(digest=digest(network), input=(channels, height, width), **tables(network)._asdict())


def tables(network: Network) -> Tables:
    """Everything of a stored form but its digest and the image."""
    kinds, shapes, views, roles = _Table(), _Table(), _Table(), _Table()
    nodes = []
    for node in network.nodes:
        attributes = {name: value for name, value in node.attributes.items() if name not in NAMES}
        row = f"{kinds.index((node.operator, tuple(sorted(attributes.items()))))} {shapes.index(node.shape)}"
        for edge in node.inputs:
            seen = 0 if edge.axes is None else views.index(edge.axes) + 1
            row += f" {roles.index(edge.role)}:{edge.source}:{seen}"
        nodes.append(row)
    return Tables(
        operators=tuple(
            StoredOperator(operator=operator, attributes={name: _plain(value) for name, value in own})
            for operator, own in kinds.rows
        ),
        shapes=tuple(shapes.rows),
        views=tuple(views.rows),
        roles=tuple(roles.rows),
        nodes=tuple(nodes),
    )


def unpack(stored: StoredNetwork, is_checked: bool = False) -> Network:
    """The network of a stored form; its constants have fingerprints and no contents.

    Args:
        stored: the record.
        is_checked: its digest is known to be that of its contents.

    Raises:
        Damaged: when it is malformed, or its digest is not its name.
    """
    if not is_checked:
        check(stored)
    try:
        return _unpack(stored)
    except UNREADABLE as error:
        raise Damaged(f"not a stored network: {type(error).__name__} {error}") from error


UNREADABLE = (KeyError, IndexError, TypeError, ValueError, AttributeError)


def check(stored: StoredNetwork) -> None:
    """Whether a stored form is a network with the digest that it states, without making one of it.

    Raises:
        Damaged: when it is malformed, or its digest is not its name.
    """
    try:
        fits = stored.digest == digest_of(stored) or stored.digest == digest_of(stored, as_before=True)
    except UNREADABLE as error:
        raise Damaged(f"not a stored network: {type(error).__name__} {error}") from error
    if not fits:
        raise Damaged("the contents do not have the digest that the record states")


def digest_of(stored: StoredNetwork, as_before: bool = False) -> str:
    """The digest of a stored form. See :func:`zoodata.graph.digest.digest`.

    Many a dataset's check is spent here, so each text that a node may need is made once.
    """
    rows = _rows(stored)
    kinds, shapes = [row[0] for row in rows], [row[1] for row in rows]
    uses = Counter(itertools.chain.from_iterable(row[2][1::3] for row in rows))
    names = [each.operator for each in stored.operators]
    # What of a node's line does not depend on what it reads; nothing follows for an input or a parameter.
    texts = [own_text(each.operator, _frozen_all(each.attributes)) for each in stored.operators]
    heads = [line_head(name, text) for name, text in zip(names, texts, strict=True)]
    unfed = [name in UNFED for name in names]
    once = [uses[number] == 1 for number in range(len(rows))]
    roles = [f"{role}=" for role in stored.roles]
    views = (None, *stored.views)
    written: dict[tuple[int, int, int, bool, int, int], str] = {}
    lines = []
    for kind, _, edges in rows:
        if unfed[kind]:
            lines.append(heads[kind])
            continue
        parts = []
        for role, source, axes in zip(edges[::3], edges[1::3], edges[2::3], strict=True):
            key = kind, role, kinds[source], once[source], shapes[source], axes
            if (text := written.get(key)) is None:
                text = written[key] = seen(
                    names[kind], stored.roles[role], names[kinds[source]], uses[source], stored.shapes[shapes[source]],
                    views[axes], as_before,
                )  # fmt: skip
            parts.append(f"{roles[role]}{source}{text}")
        lines.append(f"{heads[kind]}{';'.join(parts)}]")
    return of_lines(stored.input[0], lines, len(rows) - 1)


_Row = tuple[int, int, list[int]]
"""A node by the numbers of table rows: operator, shape, and of each operand role, source and view (0: as it is), one
after the other."""


def _rows(stored: StoredNetwork) -> list[_Row]:
    """The nodes of a stored form, of which each reads only what comes before it."""
    rows: list[_Row] = []
    alone: dict[str, _Row] = {}  # half of the nodes are stored tensors, which read nothing and are alike
    for number, text in enumerate(stored.nodes):
        if (row := alone.get(text)) is None:
            # The record's schema has seen to the form of the text, so all its numbers can be read at once.
            kind, shape, *edges = map(int, text.replace(":", " ").split(" "))
            row = kind, shape, edges
            if not edges:
                alone[text] = row
            elif (last := max(edges[1::3])) >= number:
                raise ValueError(f"node {number} reads node {last}")
        rows.append(row)
    if not rows:
        raise ValueError("it has no nodes")
    return rows


def _frozen_all(attributes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _frozen(value) for name, value in attributes.items()}


def _unpack(stored: StoredNetwork) -> Network:
    kinds = [(s.operator, _frozen_all(s.attributes)) for s in stored.operators]
    roles, views = stored.roles, (None, *stored.views)
    nodes: list[Node] = []
    parameters = []
    for number, (kind, shape, edges) in enumerate(_rows(stored)):
        operator, own = kinds[kind]
        sizes = stored.shapes[shape]
        name = f"{operator}_{number}"
        inputs = []
        dynamic, deepest = operator == INPUT, -1
        for role, source, axes in zip(edges[::3], edges[1::3], edges[2::3], strict=True):
            read = nodes[source]
            dynamic, deepest = dynamic or read.dynamic, max(deepest, read.depth)
            inputs.append(Edge(roles[role], source, views[axes]))
        if operator == PARAMETER:
            own = {**own, "parameter": name}
            parameters.append(Parameter(name, sizes, own["role"]))
        nodes.append(Node(number, operator, tuple(inputs), sizes, own, name, dynamic, deepest + 1))
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
