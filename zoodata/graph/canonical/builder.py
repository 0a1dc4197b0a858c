"""The builder: nodes made once, and leaves."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from zoodata.graph import view
from zoodata.graph.network import CONSTANT, INPUT, PARAMETER, Edge, Node, Role
from zoodata.graph.view import Axes, Shape

MASKING = 1e4
"""Constants from here on are no weights but masks."""

DIGITS = 6
"""Significant digits to which numbers must agree to be one: float32 arithmetic leaves about seven."""


LARGE = 1 << 20
"""Numbers of a table that is named by its contents as they are: rounding it would take too much memory."""


Readers = dict[int, list[tuple[Node, Edge]]]
"""Number of a node to the nodes that read it, each with the operand that it is."""


class View(NamedTuple):
    """A value as a framework shows it at some point: with batch axis, in whatever layout."""

    node: Node
    axes: Axes

    @property
    def shape(self) -> Shape:
        """Axes of size 1 included."""
        return view.shape_of(self.axes)


class Builder:
    """Collects the nodes of one network. Equal nodes are one."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.constants: dict[str, npt.NDArray[Any]] = {}
        self.place = ""
        """Name for the nodes made next."""
        self.marks: dict[str, View] = {}
        """Values at places of the model that its framework can show too."""
        self.notes: dict[int, Any] = {}
        """What a constructor found out about a node and a later one may use (see ``normalization``)."""
        self._known: dict[Any, Node] = {}

    def add(self, operator: str, inputs: Sequence[Edge], shape: Shape, **attributes: Any) -> Node:
        """A node; an equal one if there is one."""
        edges = tuple(inputs)
        for word, value in attributes.items():
            if isinstance(value, float):
                attributes[word] = float(f"{value:.7g}")  # what float32 can distinguish
        key = (operator, edges, tuple(sorted(attributes.items())))
        node = self._known.get(key)
        if node is None:
            sources = [self.nodes[edge.source] for edge in edges]
            node = Node(
                len(self.nodes),
                operator,
                edges,
                shape,
                attributes,
                self.place,
                any(source.dynamic for source in sources),
                1 + max((source.depth for source in sources), default=-1),
            )
            self.nodes.append(node)
            self._known[key] = node
        return node

    def image(self, channels: int, height: int, width: int) -> View:
        """The image, as (1, channels, height, width)."""
        shape = (channels, height, width)
        node = Node(len(self.nodes), INPUT, (), view.without_ones(shape), {}, "image", True, 0)
        self.nodes.append(node)
        return View(node, view.with_ones((1, *shape)))

    def parameter(self, name: str, shape: Shape, role: Role = "parameter") -> View:
        """A stored tensor, as the framework stores it."""
        place, self.place = self.place, name
        node = self.add(PARAMETER, (), view.without_ones(shape), parameter=name, role=role)
        self.place = place
        return View(node, view.with_ones(shape))

    def constant(self, data: npt.NDArray[Any]) -> View:
        """Numbers that are part of the network itself: index tables, masks, position grids."""
        data = np.asarray(data)
        contents = data.reshape(view.without_ones(data.shape))
        mark = fingerprint(contents)
        self.constants.setdefault(mark, contents)
        node = self.add(CONSTANT, (), contents.shape, constant=mark)
        return View(node, view.with_ones(data.shape))

    def number_of(self, value: View) -> float | None:
        """The number that a constant holds everywhere."""
        if value.node.operator == CONSTANT:
            data = self.constants[value.node.attributes["constant"]]
            if data.size and (data == data.flat[0]).all():
                return float(data.flat[0])
        return None

    def edge(self, role: str, value: View, axes: Axes | None = None) -> Edge:
        """An operand; the plain view is left out."""
        node = value.node
        seen = value.axes if axes is None else axes
        if seen == view.identity(node.shape):
            return Edge(role, node.number)
        if (
            node.operator == CONSTANT
            and view.is_bijective(seen)
            and tuple(a for a in seen if a) != view.identity(node.shape)
        ):
            moved = self.constant(look(self.constants[node.attributes["constant"]], seen)).node
            return self.edge(role, View(moved, view.with_ones(view.shape_of(seen))))
        return Edge(role, node.number, seen)

    def value(self, node: Node, shape: Shape) -> View:
        """A node's value as an operator of this result shape shows it."""
        return View(node, view.with_ones(shape))

    def source(self, edge: Edge) -> Node:
        """The node an operand comes from."""
        return self.nodes[edge.source]

    def reshaped(self, value: View, shape: Sequence[int]) -> View:
        """The same elements in the same order under another shape."""
        axes = view.reshape(value.axes, shape)
        if axes is None:
            # An axis is cut where no axis ends: only the flat sequence of elements has both views.
            flat = self.add("flatten", [self.edge(INPUT, value)], (int(np.prod(value.shape)),))
            axes = view.reshape(view.identity(flat.shape), shape)
            if axes is None:
                raise ValueError(f"{value.shape} cannot be seen as {tuple(shape)}")
            return View(flat, axes)
        return View(value.node, axes)

    def expanded(self, value: View, shape: Sequence[int]) -> View:
        """Repeated along axes of size 1 and new leading axes; -1 keeps an axis."""
        missing = len(shape) - len(value.axes)
        axes = ((),) * missing + value.axes
        return View(
            value.node,
            tuple(
                axis if wanted in (-1, view.size_of(axis)) else ((view.REPEAT, 0, wanted),)
                for axis, wanted in zip(axes, shape, strict=True)
            ),
        )


def look(data: npt.NDArray[Any], axes: Axes) -> npt.NDArray[Any]:
    """An array under a view of it."""
    how = view.steps(axes, data.ndim)
    seen = data.reshape(how.cut).transpose(how.order).reshape(how.slots)
    return np.broadcast_to(seen, how.full).reshape(view.shape_of(axes))


def fingerprint(data: npt.NDArray[Any]) -> str:
    """A constant's name by its contents: numbers to six digits, so that one table computed twice is one.

    A table of one number has that number in its name.
    """
    if data.dtype == bool:
        stored: npt.NDArray[Any] = data.astype(np.uint8)
        kind = "b"
    elif np.issubdtype(data.dtype, np.integer):
        kind, stored = "i", data.astype("<i8", copy=False)
    elif data.size > LARGE:
        kind, stored = "f", data.astype("<f4", copy=False)
    else:
        kind, stored = "f", significant(data.astype("<f8"))
    if data.size == 1:
        return f"{kind}:{stored.item():.6g}"
    shape = "x".join(map(str, data.shape))
    return f"{kind}{shape}:{hashlib.sha256(np.ascontiguousarray(stored).data).hexdigest()[:32]}"


def significant(data: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Rounded to six digits of the table's largest number. Numbers that only mask (-1e9) are rounded by themselves,
    so that what stands beside them keeps its digits."""
    sizes = np.abs(np.where(np.isfinite(data), data, 0.0))
    masking = (sizes >= MASKING) & ((sizes > 0) & (sizes < MASKING)).any()
    largest = sizes[~masking].max(initial=0.0)
    if largest == 0:
        return data + 0.0
    rounded = np.round(data, DIGITS - 1 - int(np.floor(np.log10(largest))))
    if masking.any():
        unit = 10.0 ** (np.floor(np.log10(sizes[masking])) - DIGITS + 1)
        rounded[masking] = np.round(data[masking] / unit) * unit
    return rounded + 0.0


def same_number(left: float, right: float) -> bool:
    """Whether two numbers agree to the digits we keep."""
    return bool(abs(left - right) <= 10 ** (1 - DIGITS) * max(abs(left), abs(right)))
