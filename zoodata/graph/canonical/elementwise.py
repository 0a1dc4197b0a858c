"""Arithmetic between values, and the simplifications that hold for every number.

Numbers are attributes (``scalar``), subtraction and division by a number are addition and multiplication,
and operands of sums and products stand deepest first, so that ``x + 3``, ``3 + x`` and ``x - (-3)`` are one.
"""

from __future__ import annotations

from zoodata.graph import view
from zoodata.graph.canonical import activation, pieces
from zoodata.graph.canonical.builder import Builder, View, same_number
from zoodata.graph.network import CONSTANT, INPUT, LAYERS, Edge

COMMUTATIVE = frozenset({"add", "multiply", "maximum", "minimum"})


def unary(b: Builder, operator: str, x: View, **attributes: object) -> View:
    """An operator that treats every element alike; views pass through it."""
    return View(
        b.add(operator, [b.edge(INPUT, View(x.node, view.identity(x.node.shape)))], x.node.shape, **attributes), x.axes
    )


def function(b: Builder, kind: str, x: View) -> View:
    """An elementary function: exp, log, sin, square_root, ..."""
    node = x.node
    if kind == "reciprocal" and node.operator == "function" and node.attributes["kind"] == "square_root":
        return function(b, "inverse_square_root", View(b.source(node.inputs[0]), x.axes))
    return pieces.root(b, x, kind) or unary(b, "function", x, kind=kind)


def scaled(b: Builder, x: View, factor: float) -> View:
    """The value times a number."""
    if same_number(factor, 1.0):
        return x
    node = x.node
    if node.operator == "multiply" and "scalar" in node.attributes:
        inner = View(b.source(node.inputs[0]), x.axes)
        return scaled(b, inner, factor * node.attributes["scalar"])
    activated = activation.from_scaling(b, x, factor)
    return activated or unary(b, "multiply", x, scalar=factor)


def shifted(b: Builder, x: View, offset: float) -> View:
    """The value plus a number."""
    if offset == 0:
        return x
    node = x.node
    if node.operator == "add" and "scalar" in node.attributes:
        return shifted(b, View(b.source(node.inputs[0]), x.axes), offset + node.attributes["scalar"])
    return unary(b, "add", x, scalar=offset)


def power(b: Builder, x: View, exponent: float) -> View:
    """The value to the power of a number."""
    if exponent == 1.0:
        return x
    named = {0.5: "square_root", -1.0: "reciprocal", -0.5: "inverse_square_root"}
    if exponent in named:
        return function(b, named[exponent], x)
    return unary(b, "power", x, scalar=exponent)


def add(b: Builder, x: View, y: View) -> View:
    """x + y, broadcast."""
    if (number := b.number_of(y)) is not None and fits(y, x):
        return shifted(b, x, number)
    if (number := b.number_of(x)) is not None and fits(x, y):
        return shifted(b, y, number)
    if negative := _negated(b, y):
        return subtract(b, x, negative)
    if negative := _negated(b, x):
        return subtract(b, y, negative)
    if x.axes == y.axes and (rectified := activation.from_sum(b, x, y) or activation.from_sum(b, y, x)):
        return rectified
    recognised = _bias(b, x, y) or _bias(b, y, x) or pieces.from_sum(b, "add", x, y)
    return recognised or binary(b, "add", x, y)


def subtract(b: Builder, x: View, y: View) -> View:
    """x - y, broadcast."""
    if (number := b.number_of(y)) is not None and fits(y, x):
        return shifted(b, x, -number)
    if (number := b.number_of(x)) is not None and fits(x, y):
        return shifted(b, scaled(b, y, -1.0), number)
    if rectified := activation.from_difference(b, x, y):
        return rectified
    return pieces.from_sum(b, "subtract", x, y) or binary(b, "subtract", x, y)


def multiply(b: Builder, x: View, y: View) -> View:
    """x * y, broadcast."""
    if (number := b.number_of(y)) is not None and fits(y, x):
        return scaled(b, x, number)
    if (number := b.number_of(x)) is not None and fits(x, y):
        return scaled(b, y, number)
    if x.node is y.node and x.axes == y.axes and x.node.dynamic:
        return power(b, x, 2.0)
    if x.node.dynamic and y.node.dynamic and x.axes == y.axes:
        activated = activation.from_product(b, x, y)
        if activated is not None:
            return scaled(b, *activated)
    for one, other in ((x, y), (y, x)):
        inner = one.node
        if inner.operator == "multiply" and "scalar" in inner.attributes:
            # Numbers move outwards, where they meet.
            return scaled(b, multiply(b, View(b.source(inner.inputs[0]), one.axes), other), inner.attributes["scalar"])
    return pieces.from_product(b, x, y) or pieces.from_product(b, y, x) or binary(b, "multiply", x, y)


def divide(b: Builder, x: View, y: View) -> View:
    """x / y, broadcast."""
    if (number := b.number_of(y)) is not None and fits(y, x):
        return scaled(b, x, 1 / number)
    if (number := b.number_of(x)) is not None and fits(x, y):
        return scaled(b, function(b, "reciprocal", y), number)
    if y.node.operator == "function" and y.node.attributes["kind"] == "square_root":
        inner = View(b.source(y.node.inputs[0]), y.axes)
        return multiply(b, x, function(b, "inverse_square_root", inner))
    if normalised := pieces.from_quotient(b, x, y):
        return normalised
    return binary(b, "divide", x, y)


def maximum(b: Builder, x: View, y: View) -> View:
    """The larger of two, element by element."""
    if (number := b.number_of(y)) is not None and fits(y, x):
        return activation.clip(b, x, number, None)
    if (number := b.number_of(x)) is not None and fits(x, y):
        return activation.clip(b, y, number, None)
    return binary(b, "maximum", x, y)


def minimum(b: Builder, x: View, y: View) -> View:
    """The smaller of two, element by element."""
    if (number := b.number_of(y)) is not None and fits(y, x):
        return activation.clip(b, x, None, number)
    if (number := b.number_of(x)) is not None and fits(x, y):
        return activation.clip(b, y, None, number)
    return binary(b, "minimum", x, y)


def elu(b: Builder, x: View, alpha: float, scale: float = 1.0, inner: float = 1.0) -> View:
    """``scale * (x if x > 0 else alpha * (exp(inner * x) - 1))``."""
    made = activation.activation(b, "elu", scaled(b, x, inner), slope=float(alpha * inner))
    return scaled(b, made, scale / inner)


def softplus(b: Builder, x: View, beta: float) -> View:
    """``log(1 + exp(beta * x)) / beta``."""
    return scaled(b, activation.activation(b, "softplus", scaled(b, x, beta)), 1 / beta)


COMPARISONS = ("equal", "less", "less_or_equal", "greater", "greater_or_equal")


def compare(b: Builder, kind: str, x: View, y: View) -> View:
    """Where x stands in a relation to y, one of :data:`COMPARISONS`."""
    if (number := b.number_of(y)) is not None and fits(y, x):
        return unary(b, "compare", x, kind=kind, scalar=number)
    return binary(b, "compare", x, y, kind=kind)


def select(b: Builder, condition: View, x: View, y: View) -> View:
    """x where a condition holds, else y."""
    shapes = (condition.shape, x.shape, y.shape)
    rank = max(map(len, shapes))
    full = [(1,) * (rank - len(shape)) + tuple(shape) for shape in shapes]
    result = tuple(max(sizes) for sizes in zip(*full, strict=True))
    values = (("condition", condition), (INPUT, x), ("other", y))
    if all(len(value.axes) in (0, rank) for _, value in values):
        lead = next((value for _, value in values if value.shape == result and view.is_bijective(value.axes)), None)
        if lead is not None:
            seen = [view.seen_from(lead.axes, lead.node.shape, value.axes) for _, value in values]
            if all(axes is not None for axes in seen):
                edges = [b.edge(role, value, axes) for (role, value), axes in zip(values, seen, strict=True)]
                return View(b.add("select", edges, lead.node.shape), lead.axes)
    kept = [number for number, size in enumerate(result) if size != 1]
    edges = []
    for role, value in values:
        axes = ((),) * (rank - len(value.axes)) + value.axes
        edges.append(b.edge(role, value, tuple(axes[number] for number in kept)))
    return b.value(b.add("select", edges, view.without_ones(result)), result)


def fits(small: View, large: View) -> bool:
    """Whether one broadcasts to the other without enlarging it."""
    a, c = small.shape, large.shape
    return len(a) <= len(c) and all(s in (1, t) for s, t in zip(a[::-1], c[::-1], strict=False))


def binary(b: Builder, operator: str, x: View, y: View, **attributes: object) -> View:
    """Two operands side by side in the first's own axes, or in the result's where that cannot be."""
    order = [(x, INPUT), (y, "other")]
    if operator in COMMUTATIVE:
        order.sort(key=lambda operand: (-operand[0].node.depth, operand[0].node.number))
    for number, (primary, role) in enumerate(order):
        other, other_role = order[1 - number]
        if not (fits(other, primary) and view.is_bijective(primary.axes)):
            continue
        seen = view.seen_from(primary.axes, primary.node.shape, other.axes)
        if seen is None:
            continue
        node = primary.node
        edges = [b.edge(role, View(node, view.identity(node.shape))), b.edge(other_role, other, seen)]
        edges = _as_operands(operator, edges)
        made = pieces.affine(b, operator, edges, node) or b.add(operator, edges, node.shape, **attributes)
        return View(made, primary.axes)
    return _in_the_result(b, operator, order, attributes)


def _as_operands(operator: str, edges: list[Edge]) -> list[Edge]:
    """The two edges in the order of their roles, which commutative operators give by place."""
    if operator in COMMUTATIVE:
        return [edge._replace(role=role) for edge, role in zip(edges, (INPUT, "other"), strict=True)]
    return sorted(edges, key=lambda edge: edge.role != INPUT)


def _in_the_result(b: Builder, operator: str, order: list[tuple[View, str]], attributes: dict[str, object]) -> View:
    shapes = [operand.shape for operand, _ in order]
    rank = max(map(len, shapes))
    full = [(1,) * (rank - len(shape)) + tuple(shape) for shape in shapes]
    result = tuple(max(sizes) if 0 not in sizes else 0 for sizes in zip(*full, strict=True))
    kept = [number for number, size in enumerate(result) if size != 1]
    edges = []
    for operand, role in order:
        axes = ((),) * (rank - len(operand.axes)) + operand.axes
        edges.append(b.edge(role, operand, tuple(axes[number] for number in kept)))
    return b.value(b.add(operator, _as_operands(operator, edges), view.without_ones(result), **attributes), result)


def _negated(b: Builder, x: View) -> View | None:
    """What x is the negative of, if x was written as one."""
    node = x.node
    if node.operator == "multiply" and node.attributes.get("scalar") == -1.0:
        return View(b.source(node.inputs[0]), x.axes)
    return None


def _bias(b: Builder, x: View, y: View) -> View | None:
    """x + y as the bias of the convolution or linear layer that x is."""
    node = x.node
    if node.operator not in LAYERS or y.node.dynamic or y.node.operator == CONSTANT:
        return None
    if node.edge("bias") is not None or not fits(y, x) or not view.is_bijective(x.axes):
        return None
    channel = node.attributes["channel"]
    if channel is None:  # a layer of one output
        if y.node.shape != () or node.attributes["outputs"] != 1:
            return None
        one = b.add(node.operator, [*node.inputs, b.edge("bias", y, ((),))], node.shape, **node.attributes)
        return View(one, x.axes)
    seen = view.seen_from(x.axes, node.shape, y.axes)
    if seen is None or any(bool(axis) != (number == channel) for number, axis in enumerate(seen)):
        return None
    edges = [*node.inputs, b.edge("bias", y, (seen[channel],))]
    return View(b.add(node.operator, edges, node.shape, **node.attributes), x.axes)
