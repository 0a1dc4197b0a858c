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
from collections.abc import Mapping
from typing import Any

from zoodata.graph.network import CONVOLUTION, INPUT, PARAMETER, Edge, Network, Node
from zoodata.graph.view import Axes, Shape

FORMAT = "zoodata-network-1"
"""Part of every digest: a change of the canonical form is a change of all names."""

NOT_FUNCTION = frozenset({"parameter", "role", "part", "sizes"})
"""Attributes that say what a stored tensor is called or how large a value is, not what is computed."""


def digest(network: Network, as_before: bool = False) -> str:
    """SHA-256 of the canonical form, 64 hexadecimal digits.

    ``as_before``: as it was until a map of one position counted as any other map (decision 18).
    """
    lines = [FORMAT, str(network.input_shape[0])]
    uses = Counter(edge.source for node in network.nodes for edge in node.inputs)
    written: dict[int, str] = {}
    lines.extend(_line(network, node, uses, written, as_before) for node in network.nodes)
    lines.append(str(network.output))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _line(network: Network, node: Node, uses: Mapping[int, int], written: dict[int, str], as_before: bool) -> str:
    """One node as text. Nodes of a stored network share their attributes: ``written`` keeps the text of each."""
    if node.operator in (INPUT, PARAMETER):
        return node.operator
    attributes = written.get(id(node.attributes))
    if attributes is None:
        attributes = written[id(node.attributes)] = _attributes(node)
    seen = _seen if as_before or node.operator not in OVER_MAPS else _seen_as_map
    edges = ";".join([f"{edge.role}={edge.source}{seen(network, edge, uses)}" for edge in node.inputs])
    return f"{node.operator}({attributes})[{edges}]"


def _attributes(node: Node) -> str:
    """A node's attributes as text. A mean over the positions of a map, of which only one is left at this image size, is
    the mean over positions that it is at any other."""
    if node.operator == "mean" and node.attributes["axes"] == ():
        return attributes_text({**node.attributes, "axes": (1, 2)})
    return attributes_text(node.attributes)


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


OVER_MAPS = frozenset({CONVOLUTION, "max_pool", "average_pool", "pad", "resize"})
"""Operators that read a map of positions, of which at a small image size only one may be left."""


def _seen_as_map(network: Network, edge: Edge, uses: Mapping[int, int]) -> str:
    """A map of one position is read as any other map."""
    source = network.nodes[edge.source]
    if edge.role == INPUT and len(source.shape) == 1 and edge.axes == (((0, 1, source.shape[0]),), (), ()):
        return ""
    return _seen(network, edge, uses)


def _seen(network: Network, edge: Edge, uses: Mapping[int, int]) -> str:
    source = network.nodes[edge.source]
    if source.operator == PARAMETER and uses[edge.source] == 1:
        # How a framework stores a tensor is no part of what it computes with it.
        return _sizes(network.operand_shape(edge))
    return "" if edge.axes is None else _sizes(edge.axes)


@functools.lru_cache(maxsize=20_000)
def _sizes(value: Shape | Axes) -> str:
    """A shape or a view as text. Nothing but whole numbers is in them, so equal ones have equal texts."""
    return ":" + text(value)
