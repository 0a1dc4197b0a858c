"""Activations, and the composite ones recognised in the pieces that frameworks write them in."""

from __future__ import annotations

import math

from zoodata.graph import view
from zoodata.graph.canonical.builder import Builder, View, same_number
from zoodata.graph.network import INPUT, Node

NOT_NEGATIVE = frozenset({"relu", "relu6", "sigmoid", "hard_sigmoid", "softplus"})
"""Activations whose values are never below zero."""


def activation(b: Builder, kind: str, x: View, **attributes: object) -> View:
    """One activation by its name."""
    if kind == "relu" and is_not_negative(b, x.node):
        return x
    node = b.add(
        "activation", [b.edge(INPUT, View(x.node, view.identity(x.node.shape)))], x.node.shape, kind=kind, **attributes
    )
    return View(node, x.axes)


def is_not_negative(b: Builder, node: Node) -> bool:
    """Whether no element can be below zero, by what made it."""
    while node.operator in ("max_pool", "average_pool", "slice", "mean", "flatten"):
        node = b.source(node.inputs[0])
    if node.operator in ("concatenate", "add") and "scalar" not in node.attributes:
        return all(is_not_negative(b, b.source(edge)) for edge in node.inputs)
    return node.operator == "softmax" or (node.operator == "activation" and node.attributes["kind"] in NOT_NEGATIVE)


def clip(b: Builder, x: View, low: float | None, high: float | None) -> View:
    """x kept between two numbers; None is no limit."""
    node = x.node
    if node.operator == "activation" and node.attributes["kind"] == "clip":
        lower, upper = node.attributes["low"], node.attributes["high"]
        low = lower if low is None else low if lower is None else max(low, lower)
        high = upper if high is None else high if upper is None else min(high, upper)
        return clip(b, View(b.source(node.inputs[0]), x.axes), low, high)
    if node.operator == "activation" and node.attributes["kind"] == "relu" and high is not None and (low or 0) <= 0:
        return clip(b, View(b.source(node.inputs[0]), x.axes), 0.0, high)
    if low == 0 and high == 1 and (hard := _hard_sigmoid(b, x, 1.0)):
        return hard
    if low == 0 and high is None:
        return activation(b, "relu", x)
    if low == 0 and high == 6:
        return activation(b, "relu6", x)
    if low is None and high is None:
        return x
    return activation(b, "clip", x, low=low, high=high)


def hard_sigmoid(b: Builder, x: View, slope: float, offset: float = 0.5) -> View:
    """``clip(slope * x + offset, 0, 1)``: 1 / 6 and 1 / 2 in Keras 3 and torch, 1 / 5 and 1 / 2 in Keras 2."""
    own: dict[str, object] = {} if same_number(slope, 1 / 6) else {"slope": slope}
    return activation(b, "hard_sigmoid", x, **own, **({} if same_number(offset, 0.5) else {"offset": offset}))


def _hard_sigmoid(b: Builder, x: View, unit: float) -> View | None:
    """Of ``(slope * x + offset)``, where the limits that follow make it a hard sigmoid."""
    shift = x.node
    if shift.operator != "add" or "scalar" not in shift.attributes:
        return None
    factor, inner = unscaled(b, b.source(shift.inputs[0]))
    return hard_sigmoid(b, View(inner, x.axes), factor * unit, shift.attributes["scalar"] * unit)


def prelu(b: Builder, x: View, slope: View) -> View:
    """x, and slope times x where x is negative; the slope is stored."""
    seen = view.seen_from(x.axes, x.node.shape, slope.axes)
    if seen is None:
        raise NotImplementedError
    edges = [b.edge(INPUT, View(x.node, view.identity(x.node.shape))), b.edge("slope", slope, seen)]
    return View(b.add("activation", edges, x.node.shape, kind="prelu"), x.axes)


def from_difference(b: Builder, x: View, y: View) -> View | None:
    """PReLU, as ``relu(x) - slope * relu(-x)`` is."""
    positive = _kind(x.node, "relu")
    if positive is None or y.node.operator != "multiply" or "scalar" in y.node.attributes or x.axes != y.axes:
        return None
    value = b.source(positive.inputs[0])
    for negative, slope in (y.node.inputs, y.node.inputs[::-1]):
        relu = _kind(b.source(negative), "relu")
        if relu is None or b.source(slope).dynamic or negative.axes is not None:
            continue
        if unscaled(b, b.source(relu.inputs[0])) == (-1.0, value):
            edges = [b.edge(INPUT, View(value, view.identity(value.shape))), slope._replace(role="slope")]
            return View(b.add("activation", edges, value.shape, kind="prelu"), x.axes)
    return None


def from_sum(b: Builder, x: View, y: View) -> View | None:
    """ELU, as ``relu(x) + alpha * (exp(min(x, 0)) - 1)`` is."""
    positive = _kind(x.node, "relu")
    if positive is None:
        return None
    value = View(b.source(positive.inputs[0]), x.axes)
    alpha, falling = unscaled(b, y.node)
    if falling.operator == "function" and falling.attributes["kind"] == "expm1":
        limited = b.source(falling.inputs[0])
    elif falling.operator == "add" and falling.attributes.get("scalar") == -1.0:
        exponential = b.source(falling.inputs[0])
        if exponential.operator != "function" or exponential.attributes["kind"] != "exp":
            return None
        limited = b.source(exponential.inputs[0])
    else:
        return None
    factor, limited = unscaled(b, limited)
    clipped = _kind(limited, "clip")
    if clipped is None or (clipped.attributes["low"], clipped.attributes["high"]) != (None, 0.0) or factor != 1.0:
        return None
    return activation(b, "elu", value, slope=alpha) if b.source(clipped.inputs[0]) is value.node else None


def from_scaling(b: Builder, x: View, factor: float) -> View | None:
    """The activation that x times a number is."""
    if kind := _kind(x.node, "relu6"):
        # relu6(x + 3) / 6
        inner = b.source(kind.inputs[0])
        if inner.operator == "add" and inner.attributes.get("scalar") == 3.0 and abs(factor * 6 - 1) < 1e-3:
            slope = {} if same_number(factor, 1 / 6) else {"scale": factor}
            return activation(b, "hard_sigmoid", View(b.source(inner.inputs[0]), x.axes), **slope)
        if same_number(factor, 1 / 6):
            return _hard_sigmoid(b, View(inner, x.axes), 1 / 6)
    if x.node.operator == "multiply" and "scalar" not in x.node.attributes and same_number(factor, 0.5):
        return _gelu(b, x)
    return None


def from_product(b: Builder, x: View, y: View) -> tuple[View, float] | None:
    """The activation that the product of two values of one view is, and the number it is still to be multiplied by."""
    for value, gate in ((x, y), (y, x)):
        factor, gated = unscaled(b, gate.node)
        if six := _six_hard_swish(b, value, gated, factor):
            return six, 6.0
        if activated := _gated(b, value, gated, factor):
            return activated, 1.0
    return None


def unscaled(b: Builder, node: Node) -> tuple[float, Node]:
    """A node with the number it was multiplied by taken out of it."""
    if node.operator == "multiply" and "scalar" in node.attributes:
        return node.attributes["scalar"], b.source(node.inputs[0])
    return 1.0, node


def _six_hard_swish(b: Builder, value: View, gate: Node, factor: float) -> View | None:
    """x * relu6(x + 3), which a division by 6 makes a hard swish."""
    relu6 = _kind(gate, "relu6")
    if relu6 is None or factor != 1:
        return None
    inside = b.source(relu6.inputs[0])
    if inside.operator == "add" and inside.attributes.get("scalar") == 3.0 and b.source(inside.inputs[0]) is value.node:
        return activation(b, "hard_swish", value)
    return None


def _gated(b: Builder, value: View, gate: Node, factor: float) -> View | None:
    x = value.node
    if sigmoid := _kind(gate, "sigmoid"):
        inside = b.source(sigmoid.inputs[0])
        if inside is x and factor == 1:
            return activation(b, "silu", value)
        slope = _factor_of(b, inside, x)
        if slope is not None and factor == 1:
            return activation(b, "quick_gelu", value, slope=slope)
    if (hard := _kind(gate, "hard_sigmoid")) and b.source(hard.inputs[0]) is x and factor == 1:
        rest = {name: hard.attributes[name] for name in ("scale", "slope", "offset") if name in hard.attributes}
        return activation(b, "hard_swish", value, **rest)
    if tanh := _kind(gate, "tanh"):
        inside = b.source(tanh.inputs[0])
        if factor == 1 and _kind(inside, "softplus") and b.source(inside.inputs[0]) is x:
            return activation(b, "mish", value)
    return _gelu_of(b, value, gate, factor)


def _gelu(b: Builder, product: View) -> View | None:
    """Half of x * (1 + erf(x / sqrt 2))."""
    left, right = (b.source(edge) for edge in product.node.inputs)
    for x, gate in ((left, right), (right, left)):
        if x.shape == product.node.shape:
            activated = _gelu_of(b, View(x, product.axes), gate, 0.5)
            if activated:
                return activated
    return None


def _gelu_of(b: Builder, value: View, gate: Node, factor: float) -> View | None:
    """``factor * x * gate``, where the gate is 1 + erf(x / sqrt 2), or what is near it by tanh."""
    x = value.node
    if x.operator == "multiply" and "scalar" in x.attributes:
        factor *= x.attributes["scalar"]
        x = b.source(x.inputs[0])
    if not same_number(factor, 0.5):
        return None
    value = View(x, value.axes)
    if gate.operator == "function" and gate.attributes["kind"] == "erfc":
        argument = _factor_of(b, b.source(gate.inputs[0]), x)
        return activation(b, "gelu", value) if argument and same_number(argument, -math.sqrt(0.5)) else None
    if gate.operator != "add" or gate.attributes.get("scalar") != 1.0:
        return None
    inside = b.source(gate.inputs[0])
    if inside.operator == "function" and inside.attributes["kind"] == "erf":
        argument = _factor_of(b, b.source(inside.inputs[0]), x)
        return activation(b, "gelu", value) if argument and same_number(argument, math.sqrt(0.5)) else None
    if _kind(inside, "tanh") and _is_tanh_argument(b, b.source(inside.inputs[0]), x):
        return activation(b, "gelu_tanh", value)
    return None


def _is_tanh_argument(b: Builder, node: Node, x: Node) -> bool:
    """sqrt(2 / pi) * (x + 0.044715 * x^3)"""
    if node.operator != "multiply" or not same_number(node.attributes.get("scalar", 0.0), math.sqrt(2 / math.pi)):
        return False
    total = b.source(node.inputs[0])
    if total.operator != "add" or "scalar" in total.attributes:
        return False
    left, right = (b.source(edge) for edge in total.inputs)
    for linear, cubic in ((left, right), (right, left)):
        if linear is x and cubic.operator == "multiply" and same_number(cubic.attributes.get("scalar", 0.0), 0.044715):
            return _is_cube(b, b.source(cubic.inputs[0]), x)
    return False


def _is_cube(b: Builder, node: Node, x: Node) -> bool:
    if node.operator == "power":
        return bool(node.attributes.get("scalar") == 3.0 and b.source(node.inputs[0]) is x)
    if node.operator != "multiply" or "scalar" in node.attributes:
        return False
    left, right = (b.source(edge) for edge in node.inputs)
    return any(one is x and _is_square(b, other, x) for one, other in ((left, right), (right, left)))


def _is_square(b: Builder, node: Node, x: Node) -> bool:
    if node.operator == "power":
        return bool(node.attributes.get("scalar") == 2.0 and b.source(node.inputs[0]) is x)
    if node.operator != "multiply" or "scalar" in node.attributes:
        return False
    return all(b.source(edge) is x for edge in node.inputs)


def _factor_of(b: Builder, node: Node, x: Node) -> float | None:
    """The number that x was multiplied by to make the node."""
    if node.operator == "multiply" and "scalar" in node.attributes and b.source(node.inputs[0]) is x:
        return float(node.attributes["scalar"])
    return None


def _kind(node: Node, kind: str) -> Node | None:
    return node if node.operator == "activation" and node.attributes["kind"] == kind else None
