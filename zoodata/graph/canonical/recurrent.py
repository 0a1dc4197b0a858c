"""Recurrent layers in our words: an LSTM, a GRU or a plain one is the same however a framework stores it.

A node is one direction of one layer. Each gate's weights are operands of their own, rows of what the framework stores:
the order of the gates, and whether directions lie in one tensor or in two, is then no difference.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from zoodata.graph import view
from zoodata.graph.canonical import shaping
from zoodata.graph.canonical.builder import Builder, View, look
from zoodata.graph.network import CONSTANT, GATES, INPUT, PARAMETER, RECURRENT, Cell, Edge


class Rows(NamedTuple):
    """A stored tensor that holds the rows of all gates, perhaps of several directions."""

    tensor: View
    first: int = 0
    """Its row that begins the first gate, of the tensor seen as (rows, *others)."""
    columns: int | None = None
    """None for a vector."""


class Direction(NamedTuple):
    """One direction of one layer."""

    cell: Cell
    hidden: int
    order: str
    """The gates as they are stored."""
    weight: Rows
    state_weight: Rows
    bias: Rows | None
    state_bias: Rows | None
    is_reverse: bool
    resets_after: bool = True
    """Of a GRU: whether the reset gate scales the product with the state, rather than the state."""


class State(NamedTuple):
    """What a step hands to the next: (batch, hidden) each."""

    hidden: View
    cell: View | None = None


def run(b: Builder, direction: Direction, x: View, state: State) -> tuple[View, State]:
    """Values of all steps (steps, batch, hidden) and the last state, of x as (steps, batch, inputs)."""
    steps, batch, _ = x.shape
    seen = [(name, axis) for name, axis in zip("tni", x.axes, strict=True) if axis]
    edges = [b.edge(INPUT, x, tuple(axis for _, axis in seen))]
    for role, given in (("state", state.hidden), ("cell", state.cell)):
        if given is not None and b.number_of(given) != 0.0:
            edges.append(b.edge(role, given, tuple(axis for axis in given.axes if axis)))
    edges += _weights(b, direction)
    own: dict[str, Any] = {
        "cell": direction.cell,
        "hidden": direction.hidden,
        "reverse": direction.is_reverse,
        "sizes": tuple(name for name, _ in seen),
    }
    if direction.cell == "gru":
        own["resets_after"] = direction.resets_after
    shape = (steps, batch, direction.hidden)
    values = b.value(b.add(RECURRENT, edges, view.without_ones(shape), **own), shape)
    last = shaping.select(b, values, 0, 0 if direction.is_reverse else steps - 1)
    if direction.cell != "lstm":
        return values, State(last)
    cell = b.add(RECURRENT, edges, view.without_ones(shape[1:]), gives="cell", **own)
    return values, State(last, b.value(cell, shape[1:]))


def layers(
    b: Builder, x: View, each: Sequence[Sequence[Direction]], states: Sequence[Sequence[State]]
) -> tuple[View, list[State]]:
    """Layers upon each other: the directions of one, beside each other, are what the next reads."""
    last: list[State] = []
    for directions, before in zip(each, states, strict=True):
        made = [run(b, direction, x, state) for direction, state in zip(directions, before, strict=True)]
        last += [state for _, state in made]
        x = shaping.concatenate(b, [values for values, _ in made], 2) if len(made) > 1 else made[0][0]
    return x, last


def zeros(b: Builder, batch: int, hidden: int) -> View:
    """The state before the first step, where none is given."""
    return b.constant(np.zeros((batch, hidden), dtype=np.float32))


def nth(b: Builder, states: View, number: int) -> View:
    """One of several first states; of constants a constant."""
    if states.node.operator != CONSTANT:
        return shaping.select(b, states, 0, number)
    data = look(b.constants[states.node.attributes["constant"]], states.axes)
    return b.constant(data.reshape(states.shape)[number])


def _weights(b: Builder, direction: Direction) -> list[Edge]:
    stored = {name: getattr(direction, name) for name in ("weight", "state_weight", "bias", "state_bias")}
    return [
        b.edge(f"{name}_{gate}", _rows(b, given, direction.order.index(gate) * direction.hidden, direction.hidden))
        for name, given in stored.items()
        if given is not None
        for gate in GATES[direction.cell]
    ]


def _rows(b: Builder, stored: Rows, offset: int, count: int) -> View:
    """Rows of a stored tensor, as a stored tensor of their own."""
    tensor, start = stored.tensor, stored.first + offset
    tail = () if stored.columns is None else (stored.columns,)
    whole = (int(np.prod(tensor.shape)) // (stored.columns or 1), *tail)
    leaf = tensor.node
    if leaf.operator != PARAMETER or "part" in leaf.attributes or tensor.axes != view.with_ones(tensor.shape):
        return shaping.cut(b, b.reshaped(tensor, whole), 0, start, start + count, 1)
    if count == whole[0]:
        return b.reshaped(tensor, whole)
    seen = {} if view.without_ones(whole) == leaf.shape else {"seen": whole}
    shape = (count, *tail)
    own = {**leaf.attributes, "part": (0, start, start + count), **seen}
    return b.value(b.add(PARAMETER, (), view.without_ones(shape), **own), shape)
