"""Normalisations, whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from zoodata.graph import view
from zoodata.graph.canonical.builder import Builder, View
from zoodata.graph.canonical.operand import operand
from zoodata.graph.network import INPUT
from zoodata.graph.view import Axes


def batch_norm(
    b: Builder,
    x: View,
    mean: View,
    variance: View,
    epsilon: float,
    scale: View | None = None,
    shift: View | None = None,
    axis: int = 1,
) -> View:
    """Batch norm with stored statistics."""
    ready = operand(b, x, [axis])
    if len(ready.chosen[0]) > 1:  # a channel axis made of several: take it as the framework shows it
        seen = tuple(part for part in x.axes if part)
        ready = ready._replace(edge=b.edge(INPUT, x, seen), shape=view.shape_of(seen), result=view.with_ones(x.shape))
        channel: int | None = sum(1 for part in x.axes[: axis % len(x.axes)] if part)
    else:
        channel = ready.chosen[0][0] if ready.chosen[0] else None
    stored = {"scale": scale, "shift": shift, "mean": mean, "variance": variance}
    edges = [ready.edge, *(b.edge(role, value) for role, value in stored.items() if value is not None)]
    node = b.add("batch_norm", edges, ready.shape, channel=channel, epsilon=epsilon)
    return View(node, ready.result)


def layer_norm(
    b: Builder,
    x: View,
    axes: Sequence[int],
    epsilon: float,
    scale: View | None = None,
    shift: View | None = None,
    operator: str = "layer_norm",
) -> View:
    """Layer norm over these axes (``rms_norm``: without centring); scale and shift have their sizes."""
    ready = operand(b, x, axes)
    chosen = [base for group in ready.chosen for base in group]
    order = sorted(chosen)
    edges = [ready.edge]
    for role, value in (("scale", scale), ("shift", shift)):
        if value is None:
            continue
        cut = b.reshaped(value, [ready.shape[base] for base in chosen])
        edges.append(b.edge(role, value, tuple(cut.axes[chosen.index(base)] for base in order)))
    node = b.add(operator, edges, ready.shape, axes=tuple(order), epsilon=epsilon)
    return View(node, ready.result)


def group_norm(
    b: Builder, x: View, groups: int, epsilon: float, scale: View | None = None, shift: View | None = None
) -> View:
    """Group norm of (batch, channels, ...): statistics over each group's channels and all positions.

    An instance norm has as many groups as channels. One over a regrouping of the channels, without scale and shift of
    its own, is the group norm of the channels as they were.
    """
    scale = None if scale is not None and b.number_of(scale) == 1 else scale
    shift = None if shift is not None and b.number_of(shift) == 0 else shift
    if (plain := _over_outer_part(b, x, groups)) and scale is None and shift is None:
        return plain(epsilon)
    if scale is None and shift is None and (apart := _positions_apart(x)) is not None:
        return b.reshaped(group_norm(b, View(x.node, ((), *apart)), groups, epsilon), x.shape)
    rest = tuple(axis for axis in x.axes if axis)
    edges = [b.edge(INPUT, x, rest)]
    for role, value in (("scale", scale), ("shift", shift)):
        if value is not None:
            edges.append(b.edge(role, value))
    node = b.add("group_norm", edges, view.shape_of(rest), groups=groups, epsilon=epsilon, batch=bool(x.axes[0]))
    return b.value(node, x.shape)


def _positions_apart(x: View) -> Axes | None:
    """(channels, *positions) of a map that is shown as (1, groups, all else of a group), its channels reordered."""
    if len(x.axes) != 3 or x.axes[0] or not view.is_bijective(x.axes) or len(x.node.shape) < 2:
        return None
    positions = tuple((base, 1, size) for base, size in enumerate(x.node.shape) if base)
    inner = x.axes[2]
    if len(inner) <= len(positions) or tuple(inner[-len(positions) :]) != positions:
        return None
    return (view.merged((*x.axes[1], *inner[: -len(positions)])), *((atom,) for atom in positions))


def _over_outer_part(b: Builder, x: View, groups: int) -> Callable[[float], View] | None:
    """Where the channels shown are an outer part of the value's own, and all else of the value is beside them."""
    node, part = x.node, x.axes[1]
    if len(part) != 1 or not node.shape or part[0][0] != 0 or x.axes[0] or not view.is_bijective(x.axes):
        return None
    _, inner, count = part[0]
    if inner * count != node.shape[0] or x.axes[1:] == view.identity(node.shape):
        return None

    def made(epsilon: float) -> View:
        edge = b.edge(INPUT, View(node, view.identity(node.shape)))
        return View(b.add("group_norm", [edge], node.shape, groups=groups, epsilon=epsilon, batch=False), x.axes)

    return made


def instance_norm(b: Builder, x: View, epsilon: float, scale: View | None = None, shift: View | None = None) -> View:
    """Instance norm of (batch, channels, ...), also as what batch norm computes of one image's own statistics."""
    return group_norm(b, x, x.shape[1], epsilon, scale, shift)


def local_response_norm(b: Builder, x: View, size: int, alpha: float, beta: float, bias: float) -> View:
    """x / (bias + alpha * sum of squares over ``size`` neighbouring channels) ** beta. ``alpha`` is per channel."""
    ready = operand(b, x, [1])
    if len(ready.chosen[0]) != 1:
        raise ValueError("local response norm over a regrouped channel axis")
    node = b.add(
        "local_response_norm", [ready.edge], ready.shape,
        channel=ready.chosen[0][0], size=size, alpha=alpha, beta=beta, bias=bias,
    )  # fmt: skip
    return View(node, ready.result)
