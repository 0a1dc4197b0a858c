"""Normalisations, whole and put back together from their pieces.

Keras writes batch norm as ``x * inv + (shift - mean * inv)`` with ``inv = scale * rsqrt(variance + epsilon)``,
others as ``(x - mean) / sqrt(variance + epsilon) * scale + shift``. Any such chain of per-channel products
and sums is kept beside its node as a polynomial of the stored vectors; the moment it is the polynomial of a
batch norm, the chain is one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from zoodata.graph import view
from zoodata.graph.canonical.builder import Builder, View
from zoodata.graph.canonical.operand import operand
from zoodata.graph.network import CONSTANT, INPUT, PARAMETER, Edge, Node

Atom = tuple[str, int, float]
"""A stored vector, ``("vector", node, 0)``, or ``("root", node, epsilon)`` for 1 / sqrt(node + epsilon)."""
Term = tuple[Atom, ...]
Polynomial = dict[Term, float]

ONE: Polynomial = {(): 1.0}


class Affine(NamedTuple):
    """A node that is ``factor * source + offset`` for each channel."""

    source: Edge
    axis: int
    factor: Polynomial
    offset: Polynomial


class InverseDeviation(NamedTuple):
    """A node that is 1 / sqrt(variance(source over axes) + epsilon), or of the mean square if not centred."""

    source: int
    axes: tuple[int, ...]
    epsilon: float
    centred: bool


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
    """Group norm of (batch, channels, ...): statistics over each group's channels and all positions."""
    rest = tuple(axis for axis in x.axes if axis)
    edges = [b.edge(INPUT, x, rest)]
    for role, value in (("scale", scale), ("shift", shift)):
        if value is not None:
            edges.append(b.edge(role, value))
    node = b.add("group_norm", edges, view.shape_of(rest), groups=groups, epsilon=epsilon, batch=bool(x.axes[0]))
    return b.value(node, x.shape)


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


def affine(b: Builder, operator: str, edges: list[Edge], primary: Node) -> Node | None:
    """The normalisation that a product or sum with a stored vector completes, if it does."""
    if operator not in ("add", "subtract", "multiply"):
        return None
    first, second = edges
    one, other = b.source(first), b.source(second)
    if one.dynamic == other.dynamic or (second.axes is None and len(primary.shape) > 1):
        return None
    if not one.dynamic:
        return None
    is_norm = one.operator in ("layer_norm", "rms_norm", "group_norm") and first.axes is None
    if is_norm and (absorbed := _absorbed(b, one, other, second, operator)):
        return absorbed
    axes = second.axes or view.identity(other.shape)
    along = [number for number, axis in enumerate(axes) if axis]
    if len(along) != 1 or len(other.shape) != 1 or axes[along[0]] != view.whole(0, other.shape):
        return None
    vector = polynomial(b, other)
    if vector is None:
        return None
    known = b.notes.get(one.number)
    if not isinstance(known, Affine) or known.axis != along[0] or first.axes is not None:
        known = Affine(first._replace(role=INPUT), along[0], ONE, {})
    if operator == "multiply":
        now = known._replace(factor=product(known.factor, vector), offset=product(known.offset, vector))
    else:
        sign = 1.0 if operator == "add" else -1.0
        now = known._replace(offset=total(known.offset, vector, sign))
    made = _as_batch_norm(b, now, primary)
    if made is None:
        made = b.add(operator, edges, primary.shape)
    b.notes[made.number] = now
    return made


def polynomial(b: Builder, node: Node) -> Polynomial | None:
    """A value computed from stored vectors alone, as a polynomial of them."""
    if node.operator == PARAMETER:
        return {(("vector", node.number, 0.0),): 1.0}
    if node.operator == CONSTANT:
        number = b.number_of(View(node, view.identity(node.shape)))
        if number is None:
            return {(("vector", node.number, 0.0),): 1.0}
        return {(): number}
    if any(edge.axes is not None and any(edge.axes) for edge in node.inputs):
        return None
    operands = [polynomial(b, b.source(edge)) for edge in node.inputs]
    if node.operator == "function" and node.attributes["kind"] == "inverse_square_root" and operands[0] is not None:
        inside = dict(operands[0])
        epsilon = inside.pop((), 0.0)
        if len(inside) == 1 and set(inside.values()) == {1.0}:
            (term,) = inside
            if len(term) == 1 and term[0][0] == "vector":
                return {(("root", term[0][1], epsilon),): 1.0}
        return None
    if any(operand is None for operand in operands):
        return None
    left: Polynomial = operands[0] or {}
    right: Polynomial = {(): float(node.attributes.get("scalar", 0.0))}
    if len(operands) > 1:
        right = operands[1] or {}
    if node.operator == "multiply":
        return product(left, right)
    if node.operator in ("add", "subtract"):
        return total(left, right, 1.0 if node.operator == "add" else -1.0)
    return None


def product(left: Polynomial, right: Polynomial) -> Polynomial:
    """Product of two polynomials."""
    terms: Counter[Term] = Counter()
    for one, factor in left.items():
        for other, times in right.items():
            terms[tuple(sorted((*one, *other)))] += factor * times  # type: ignore[assignment]
    return dict(terms)


def total(left: Polynomial, right: Polynomial, sign: float) -> Polynomial:
    """Sum of one polynomial and ``sign`` times another."""
    terms = dict(left)
    for term, factor in right.items():
        terms[term] = terms.get(term, 0.0) + sign * factor
    return {term: factor for term, factor in terms.items() if factor}


def _as_batch_norm(b: Builder, now: Affine, primary: Node) -> Node | None:
    """scale * (x - mean) / sqrt(variance + epsilon) + shift, scale and shift optional."""
    if len(now.factor) != 1:
        return None
    ((factor, times),) = now.factor.items()
    roots = [atom for atom in factor if atom[0] == "root"]
    scales = [atom for atom in factor if atom[0] == "vector"]
    if times != 1.0 or len(roots) != 1 or len(scales) > 1:
        return None
    mean = shift = None
    for term, sign in now.offset.items():
        rest = Counter(term)
        rest.subtract(factor)
        left = list(rest.elements())
        if sign == -1.0 and len(term) == len(factor) + 1 and len(left) == 1 and mean is None:
            mean = left[0]
        elif sign == 1.0 and len(term) == 1 and term[0][0] == "vector" and shift is None:
            shift = term[0]
        else:
            return None
    if mean is None:
        return None
    atoms = {"scale": scales[0] if scales else None, "shift": shift, "mean": mean, "variance": roots[0]}
    edges = [now.source, *(Edge(role, atom[1]) for role, atom in atoms.items() if atom is not None)]
    return b.add("batch_norm", edges, primary.shape, channel=now.axis, epsilon=roots[0][2])


def _absorbed(b: Builder, norm: Node, vector: Node, edge: Edge, operator: str) -> Node | None:
    """Scale or shift taken into the layer norm they follow."""
    axes = edge.axes or view.identity(vector.shape)
    if norm.operator == "group_norm":
        expected: tuple[int, ...] = (1 if norm.attributes["batch"] else 0,)
    else:
        expected = norm.attributes["axes"]
    along = tuple(number for number, axis in enumerate(axes) if axis)
    if along != expected or operator == "subtract":
        return None
    role = "scale" if operator == "multiply" else "shift"
    if norm.edge("shift") is not None or norm.edge(role) is not None:
        return None
    seen = View(vector, tuple(axes[number] for number in along))
    return b.add(norm.operator, [*norm.inputs, b.edge(role, seen)], norm.shape, **norm.attributes)


def root(b: Builder, x: View, kind: str) -> View | None:
    """1 / sqrt(variance + epsilon), noted for what follows."""
    node = x.node
    if kind != "inverse_square_root" or not node.dynamic:
        return None
    if node.operator != "add" or "scalar" not in node.attributes:
        return None
    spread = _spread(b, b.source(node.inputs[0]))
    if spread is None:
        return None
    made = b.add("function", [b.edge(INPUT, View(node, view.identity(node.shape)))], node.shape, kind=kind)
    source, axes, centred = spread
    b.notes[made.number] = InverseDeviation(source, axes, node.attributes["scalar"], centred)
    return View(made, x.axes)


def _spread(b: Builder, node: Node) -> tuple[int, tuple[int, ...], bool] | None:
    """(source, axes, centred) of a node that is the mean square of a value, or of its deviation from its mean."""
    if node.operator != "mean" or node.inputs[0].axes is not None:
        return None
    axes = tuple(node.attributes["axes"])
    base = _squared(b, b.source(node.inputs[0]))
    if base is None:
        return None
    if centre := _centred(b, base, axes):
        return centre, axes, True
    return base.number, axes, False


def _squared(b: Builder, node: Node) -> Node | None:
    if node.operator == "power" and node.attributes.get("scalar") == 2.0:
        return b.source(node.inputs[0])
    if (
        node.operator == "multiply"
        and "scalar" not in node.attributes
        and node.inputs[0].source == node.inputs[1].source
    ):
        return b.source(node.inputs[0])
    return None


def _centred(b: Builder, node: Node, axes: tuple[int, ...]) -> int | None:
    """The value whose deviation from its own mean over the axes a node is."""
    if node.operator != "subtract":
        return None
    value, mean = (b.source(edge) for edge in node.inputs)
    return value.number if _is_mean_of(mean, value, axes) else None


def from_product(b: Builder, x: View, y: View) -> View | None:
    """Layer norm, as what a value times its inverse deviation is."""
    note = b.notes.get(y.node.number)
    if not isinstance(note, InverseDeviation):
        return None
    centre = _centred(b, x.node, note.axes)
    if note.centred and centre == note.source:
        source = b.nodes[note.source]
    elif not note.centred and x.node.number == note.source:
        source = x.node
    else:
        return None
    edge = b.edge(INPUT, View(source, view.identity(source.shape)))
    operator = "layer_norm" if note.centred else "rms_norm"
    node = b.add(operator, [edge], source.shape, axes=note.axes, epsilon=note.epsilon)
    return View(node, x.axes)


def from_sum(b: Builder, operator: str, x: View, y: View) -> View | None:
    """Layer norm, as ``x * gain + (shift - mean * gain)`` with ``gain = scale / deviation`` is."""
    pairs = [(x, y), (y, x)] if operator == "add" else [(x, y)]
    for whole, rest in pairs:
        if not (whole.node.dynamic and rest.node.dynamic) or whole.node.operator != "multiply":
            continue
        if "scalar" in whole.node.attributes:
            continue
        for number in (0, 1):
            normalised = _normalised_sum(
                b, whole, rest, whole.node.inputs[number], whole.node.inputs[1 - number], operator
            )
            if normalised:
                return normalised
    return None


def _normalised_sum(b: Builder, whole: View, rest: View, value: Edge, gain: Edge, operator: str) -> View | None:
    split = _gain(b, b.source(gain))
    if split is None:
        return None
    note, scale = split
    source, shift = b.source(value), None
    if note.source != source.number or len(note.axes) != 1 or not note.centred:
        return None
    offset = rest.node
    if operator == "add":
        if offset.operator != "subtract":
            return None
        shift, offset = b.source(offset.inputs[0]), b.source(offset.inputs[1])
    if offset.operator != "multiply" or "scalar" in offset.attributes:
        return None
    factors = [b.source(edge) for edge in offset.inputs]
    means = [node for node in factors if node.number != gain.source]
    if len(means) != 1 or not _is_mean_of(means[0], source, note.axes):
        return None
    length = source.shape[note.axes[0]]
    vectors = {"scale": scale, "shift": shift}
    if any(node is not None and node.shape != (length,) for node in vectors.values()):
        return None
    edges = [
        Edge(INPUT, source.number),
        *(Edge(role, node.number) for role, node in vectors.items() if node is not None),
    ]
    axes = whole.axes if value.axes is None else view.composed(whole.axes, value.axes)
    if axes is None:
        return None
    made = b.add("layer_norm", edges, source.shape, axes=note.axes, epsilon=note.epsilon)
    return View(made, axes)


def _is_mean_of(node: Node, source: Node, axes: tuple[int, ...]) -> bool:
    """Whether a node is the mean of another over axes. The mean of a mean is written as one over all their axes."""
    if node.operator != "mean":
        return False
    if node.inputs[0] == Edge(INPUT, source.number):
        return tuple(node.attributes["axes"]) == axes
    if source.operator != "mean" or node.inputs[0] != source.inputs[0]:
        return False
    gone = source.attributes["axes"]
    kept = [axis for axis in range(len(source.shape) + len(gone)) if axis not in gone]
    return tuple(sorted((*gone, *(kept[axis] for axis in axes)))) == tuple(node.attributes["axes"])


def _gain(b: Builder, node: Node) -> tuple[InverseDeviation, Node | None] | None:
    """An inverse deviation, and the stored vector it is multiplied with if there is one."""
    note = b.notes.get(node.number)
    if isinstance(note, InverseDeviation):
        return note, None
    if node.operator != "multiply" or "scalar" in node.attributes:
        return None
    first, second = (b.source(edge) for edge in node.inputs)
    for one, other in ((first, second), (second, first)):
        note = b.notes.get(one.number)
        if isinstance(note, InverseDeviation) and not other.dynamic:
            return note, other
    return None
