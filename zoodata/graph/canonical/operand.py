"""Where an operator acts: directly on a value's own axes where it can, on a regrouped view where it must.

Normalisations, linear layers, reductions and the like treat all positions alike but for a few axes. As
long as those axes are whole axes of the value, the operator is built on the value itself and the
regrouping stays pending, so that "flatten, then normalise" and "normalise, then flatten" are one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from zoodata.graph import view
from zoodata.graph.canonical.builder import Builder, View
from zoodata.graph.network import INPUT, Edge
from zoodata.graph.view import Axes, Shape


class Operand(NamedTuple):
    """A value made ready for an operator that singles out some axes."""

    edge: Edge
    shape: Shape
    """Without axes of size 1."""
    chosen: tuple[tuple[int, ...], ...]
    """For each axis singled out, the operand's axes that it consists of; empty if it has size 1."""
    result: Axes
    """How the result, if it has the operand's shape, looks to the framework."""


def operand(b: Builder, x: View, axes: Sequence[int], role: str = INPUT) -> Operand:
    """Make x ready for an operator that singles out these of its axes."""
    rank = len(x.axes)
    wanted = [x.axes[axis % rank] for axis in axes]
    shape = x.node.shape
    axes_of = [view.whole_axes(axis, shape) for axis in wanted]
    if all(base is not None for base in axes_of):
        plain = b.edge(role, View(x.node, view.identity(shape)))
        return Operand(plain, shape, tuple(tuple(base or ()) for base in axes_of), x.axes)
    seen = tuple(axis for axis in x.axes if axis)
    position, count = {}, 0
    for number, axis in enumerate(x.axes):
        if axis:
            position[number] = count
            count += 1
    chosen = tuple((position[axis % rank],) if axis % rank in position else () for axis in axes)
    logical = view.shape_of(seen)
    return Operand(b.edge(role, x, seen), logical, chosen, view.with_ones(x.shape))


def without(axes: Axes, gone: Sequence[int]) -> Axes:
    """The view of a result that lost some of its value's axes."""
    return view.dropped(axes, set(gone))
