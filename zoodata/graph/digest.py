"""The digest: one name for all networks that compute the same for the same weights.

It covers operators, attributes, wiring and how stored tensors are shared; not names, not how a framework
lays its tensors out, and not the size of the image, so that a convolutional network read at 224 and at 288
pixels has one digest. (Where a size is part of the function, as in a padding rule or a position table, it
is in an attribute, and counts.)
"""

from __future__ import annotations

import functools
import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from zoodata.graph.network import CONVOLUTION, INPUT, PARAMETER, Network, Node
from zoodata.graph.view import Axes, Shape, shape_of

FORMAT = "zoodata-network-1"
"""Part of every digest: a change of the canonical form is a change of all names."""

NOT_FUNCTION = frozenset({"parameter", "role", "part", "seen", "joined", "sizes"})
"""Attributes that say what a stored tensor is called or how large a value is, not what is computed."""


def digest(network: Network, as_before: bool = False) -> str:
    """SHA-256 of the canonical form, 64 hexadecimal digits.

    ``as_before``: as it was until a map of one position counted as any other map (decision 18).
    """
    uses = Counter(edge.source for node in network.nodes for edge in node.inputs)
    written: dict[int, str] = {}
    lines = (_line(network, node, uses, written, as_before) for node in network.nodes)
    return of_lines(network.input_shape[0], lines, network.output)


def of_lines(channels: int, lines: Iterable[str], output: int) -> str:
    """The digest of a network's nodes as text."""
    return hashlib.sha256("\n".join((FORMAT, str(channels), *lines, str(output))).encode()).hexdigest()


def _line(network: Network, node: Node, uses: Mapping[int, int], written: dict[int, str], as_before: bool) -> str:
    """One node as text. Nodes of a stored network share their attributes: ``written`` keeps the text of each."""
    attributes = written.get(id(node.attributes))
    if attributes is None:
        attributes = written[id(node.attributes)] = own_text(node.operator, node.attributes)
    return line(node.operator, attributes, (
        (edge.role, edge.source, seen(
            node.operator, edge.role, network.nodes[edge.source].operator, uses[edge.source],
            network.nodes[edge.source].shape, edge.axes, as_before,
        ))
        for edge in node.inputs
    ))  # fmt: skip


def line(operator: str, attributes: str, edges: Iterable[tuple[str, int, str]]) -> str:
    """One node as text: its operator, its attributes, and of each operand the role, the source and how it is seen."""
    head = line_head(operator, attributes)
    if operator in UNFED:
        return head
    return f"{head}{';'.join([f'{role}={source}{text}' for role, source, text in edges])}]"


def line_head(operator: str, attributes: str) -> str:
    """The beginning of a node's line; all of it for one that is fed by none."""
    return operator if operator in UNFED else f"{operator}({attributes})["


def own_text(operator: str, attributes: Mapping[str, Any]) -> str:
    """A node's attributes as text. A mean over the positions of a map, of which only one is left at this image size, is
    the mean over positions that it is at any other."""
    if operator == "mean" and attributes["axes"] == ():
        return attributes_text({**attributes, "axes": (1, 2)})
    return attributes_text(attributes)


def attributes_text(attributes: Mapping[str, Any]) -> str:
    """Attributes as text that every version of Python writes alike."""
    return ",".join(f"{name}={text(attributes[name])}" for name in sorted(attributes) if name not in NOT_FUNCTION)


def text(value: Any) -> str:
    """A plain value: numbers to six significant digits."""
    if isinstance(value, bool) or value is None or isinstance(value, (int, str)):
        return str(value)
    if isinstance(value, float):
        return f"{value:.6g}"
    return "(" + ",".join(text(item) for item in value) + ")"


UNFED = frozenset({INPUT, PARAMETER})
"""Operators of nodes that read nothing."""

OVER_MAPS = frozenset({CONVOLUTION, "max_pool", "average_pool", "pad", "resize"})
"""Operators that read a map of positions, of which at a small image size only one may be left."""


def seen(
    reader: str, role: str, source: str, uses: int, shape: Shape, axes: Axes | None, as_before: bool = False
) -> str:
    """How an operand is seen, as text.

    Args:
        reader: operator of the node that reads it.
        role: for what.
        source: operator of the node that makes it.
        uses: how often it is read in all.
        shape: of the value.
        axes: the view of it; None as it is.
        as_before: see :func:`digest`.
    """
    is_map = reader in OVER_MAPS and role == INPUT and not as_before
    if is_map and len(shape) == 1 and axes == (((0, 1, shape[0]),), (), ()):
        return ""  # a map of one position is read as any other map
    if source == PARAMETER and uses == 1:
        # How a framework stores a tensor is no part of what it computes with it.
        return _sizes(shape if axes is None else shape_of(axes))
    return "" if axes is None else _sizes(axes)


@functools.lru_cache(maxsize=20_000)
def _sizes(value: Shape | Axes) -> str:
    """A shape or a view as text. Nothing but whole numbers is in them, so equal ones have equal texts."""
    return ":" + text(value)
