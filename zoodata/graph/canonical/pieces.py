"""Normalisations put back together from the pieces that frameworks and exporters write them in.

Keras writes batch norm as ``x * inv + (shift - mean * inv)`` with ``inv = scale * rsqrt(variance + epsilon)``,
others as ``(x - mean) / sqrt(variance + epsilon) * scale + shift``. Any such chain of per-channel products
and sums is kept beside its node as a polynomial of the stored vectors; the moment it is the polynomial of a
batch norm, the chain is one.
"""

from __future__ import annotations

from collections import Counter
from math import prod
from typing import NamedTuple

from zoodata.graph import view
from zoodata.graph.canonical.builder import Builder, View
from zoodata.graph.network import CONSTANT, INPUT, PARAMETER, Edge, Node
from zoodata.graph.view import Axes, Axis

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


class GroupDeviation(NamedTuple):
    """A node that is 1 / sqrt(variance + epsilon) of each group of a value's channels, over all of its positions."""

    source: int
    kept: Axis
    """The channel axis' atoms that tell groups apart."""
    epsilon: float


def from_quotient(b: Builder, x: View, y: View) -> View | None:
    """Local response norm, as ``x / (bias + alpha * mean of squares of neighbouring channels) ** beta`` is."""
    powered = y.node
    if powered.operator != "power" or "scalar" not in powered.attributes or x.axes != y.axes:
        return None
    shift = b.source(powered.inputs[0])
    if shift.operator != "add" or "scalar" not in shift.attributes:
        return None
    spread = b.source(shift.inputs[0])
    alpha = 1.0
    if spread.operator == "multiply" and "scalar" in spread.attributes:
        alpha, spread = spread.attributes["scalar"], b.source(spread.inputs[0])
    own = spread.attributes
    if spread.operator != "average_pool" or "kernel" not in own or spread.shape != x.node.shape:
        return None
    wide = [number for number, size in enumerate(own["kernel"]) if size != 1]
    if len(wide) != 1 or "divisor" in own or own.get("over") or not own.get("count_padding", True):
        return None
    size = own["kernel"][wide[0]]
    square = b.source(spread.inputs[0])
    pads = own["padding"]
    if square.operator == "pad":
        pads, square = square.attributes["amounts"], b.source(square.inputs[0])
    framed = [tuple(pair) for pair in pads if any(pair)]
    if _squared(b, square) is not x.node or framed != [(size // 2, (size - 1) // 2)]:
        return None
    edge = b.edge(INPUT, View(x.node, view.identity(x.node.shape)))
    node = b.add(
        "local_response_norm", [edge], x.node.shape,
        channel=0, size=size, alpha=alpha / size, beta=powered.attributes["scalar"], bias=shift.attributes["scalar"],
    )  # fmt: skip
    return View(node, x.axes)


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
    if not isinstance(known, Affine) or known.axis != along[0] or first.axes is not None or _is_next(known, vector):
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


def _is_next(known: Affine, vector: Polynomial) -> bool:
    """Whether a vector is of another batch norm than the one that a chain already is."""
    mine, others = ({atom for term in p for atom in term if atom[0] == "root"} for p in (known.factor, vector))
    return bool(mine) and bool(others) and not others <= mine


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
        return _group_root(b, x, kind)
    made = b.add("function", [b.edge(INPUT, View(node, view.identity(node.shape)))], node.shape, kind=kind)
    source, axes, centred = spread
    b.notes[made.number] = InverseDeviation(source, axes, node.attributes["scalar"], centred)
    return View(made, x.axes)


def _group_root(b: Builder, x: View, kind: str) -> View | None:
    """1 / sqrt(variance + epsilon) of groups of channels, noted for what follows."""
    node = x.node
    variance = b.source(node.inputs[0])
    square = _groups_of(b, variance)
    centred = None if square is None else _squared(b, square[0])
    if square is None or centred is None or centred.operator != "subtract":
        return None
    value, mean = (b.source(edge) for edge in centred.inputs)
    if _groups_of(b, mean) != (value, square[1]):
        return None
    made = b.add("function", [b.edge(INPUT, View(node, view.identity(node.shape)))], node.shape, kind=kind)
    b.notes[made.number] = GroupDeviation(value.number, square[1], node.attributes["scalar"])
    return View(made, x.axes)


def _groups_of(b: Builder, node: Node) -> tuple[Node, Axis] | None:
    """The value, and the atoms of its channels that tell the groups apart, of whose elements a node is the mean."""
    if node.operator != "mean":
        return None
    source = b.source(node.inputs[0])
    axes = node.inputs[0].axes or view.identity(source.shape)
    kept = [axis for number, axis in enumerate(axes) if number not in node.attributes["axes"]]
    if not view.is_bijective(axes) or len(source.shape) < 2:
        return None
    atoms = view.merged(atom for axis in kept for atom in axis)
    return (source, atoms) if all(base == 0 for base, _, _ in atoms) else None


def _group_norm(
    b: Builder, note: GroupDeviation, scale: Node | None, shift: Node | None, vector: Node, order: Axes | None
) -> View | None:
    """The group norm of a noted deviation on its value, with a scale and a shift for each channel where there are such.

    Channels stand in the order of these vectors, which may be another than the value's; the groups are the outer part.
    """
    source = b.nodes[note.source]
    channels = _in_order_of(vector, order, source) if scale is not None or shift is not None else None
    if channels is None:
        if scale is not None or shift is not None:
            return None
        count = view.size_of(note.kept)
        if note.kept and note.kept != ((0, source.shape[0] // count, count),):
            return None
        channels = view.identity(source.shape)[0]
    groups = view.size_of(note.kept)
    parts = view.reshape((channels,), (groups, source.shape[0] // groups))
    if parts is None or (parts[0] != note.kept and groups != source.shape[0]):
        return None
    positions = view.identity(source.shape)[1:]
    edges = [b.edge(INPUT, View(source, (channels, *positions)))]
    for role, stored in (("scale", scale), ("shift", shift)):
        if stored is not None:
            if prod(stored.shape) != source.shape[0]:
                return None
            whole = view.merged(atom for axis in view.identity(stored.shape) for atom in axis)
            edges.append(
                b.edge(role, View(stored, (whole,))) if len(stored.shape) == 1 else Edge(role, stored.number, (whole,))
            )
    own = {"groups": groups, "epsilon": note.epsilon, "batch": False}
    node = b.add("group_norm", edges, source.shape, **own)
    return View(node, (_inverse(channels), *positions))


def _in_order_of(vector: Node, seen: Axes | None, source: Node) -> Axis | None:
    """A value's channels in the order of the vector that they are multiplied with, which they see so."""
    if seen is None:  # as it is: of one axis, like the value
        return view.identity(source.shape)[0] if vector.shape == source.shape else None
    if any(seen[1:]) or len(seen) != len(source.shape):
        return None
    stride, found = source.shape[0], []
    for axis, inner, size in seen[0]:
        if axis == view.REPEAT:
            return None
        stride //= size
        found.append((inner * prod(vector.shape[axis + 1 :]), (0, stride, size)))
    return view.merged(atom for _, atom in sorted(found, reverse=True))


def _inverse(channels: Axis) -> Axis:
    """The value's own order of channels, seen from theirs in another order."""
    stride, found = view.size_of(channels), []
    for _, inner, size in channels:
        stride //= size
        found.append((inner, (0, stride, size)))
    return view.merged(atom for _, atom in sorted(found, reverse=True))


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
    if isinstance(note, GroupDeviation) and x.node.operator == "subtract":
        value, mean = (b.source(edge) for edge in x.node.inputs)
        if value.number == note.source and _groups_of(b, mean) == (value, note.kept):
            plain = _group_norm(b, note, None, None, value, None)
            axes = None if plain is None else view.composed(x.axes, plain.axes)
            return None if plain is None or axes is None else View(plain.node, axes)
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
    if note.centred and _all_but_first(source, note.axes):
        own = {"groups": source.shape[0], "epsilon": note.epsilon, "batch": False}
        return View(b.add("group_norm", [edge], source.shape, **own), x.axes)
    operator = "layer_norm" if note.centred else "rms_norm"
    node = b.add(operator, [edge], source.shape, axes=note.axes, epsilon=note.epsilon)
    return View(node, x.axes)


def _all_but_first(source: Node, axes: tuple[int, ...]) -> bool:
    """Whether a normalisation is over all of a map's positions, or of a filter's elements: an instance norm."""
    return len(source.shape) > 2 and axes == tuple(range(1, len(source.shape)))


def _all_axes(source: Node, axes: tuple[int, ...]) -> bool:
    """Whether a normalisation is over all of a map: all of its channels are one group."""
    return len(source.shape) > 2 and axes == tuple(range(len(source.shape)))


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
    note, scale, scale_seen = split
    source, shift = b.source(value), None
    if note.source != source.number:
        return None
    if isinstance(note, InverseDeviation) and note.centred:
        if _all_but_first(source, note.axes):
            note = GroupDeviation(source.number, view.identity(source.shape)[0], note.epsilon)
        elif _all_axes(source, note.axes):
            note = GroupDeviation(source.number, (), note.epsilon)
    if isinstance(note, InverseDeviation) and (len(note.axes) != 1 or not note.centred):
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
    if isinstance(note, GroupDeviation):
        if len(means) != 1 or _groups_of(b, means[0]) != (source, note.kept) or value.axes is not None:
            return None
        order = gain.axes
        if scale is not None and scale_seen is not None and order is not None and len(b.source(gain).shape) == 1:
            order = view.composed(order, scale_seen)  # the scale itself may stand in another order
        vector = scale if scale is not None and len(b.source(gain).shape) == 1 else b.source(gain)
        made = _group_norm(b, note, scale, shift, vector, order)
        axes = None if made is None else view.composed(whole.axes, made.axes)
        return None if made is None or axes is None else View(made.node, axes)
    if len(means) != 1 or not _is_mean_of(means[0], source, note.axes):
        return None
    if any(node is not None and prod(node.shape) != source.shape[note.axes[0]] for node in (scale, shift)):
        return None
    inner = view.identity(source.shape) if value.axes is None else value.axes
    channels, positions = view.identity(source.shape)[0], view.identity(source.shape)[1:]
    if note.axes == (0,) and (scale is not None or shift is not None):
        if value.axes is None:
            ordered = _order_along_first(b, gain, scale, scale_seen, source)
        else:
            along = [n for n, axis in enumerate(inner) if axis and all(base == 0 for base, _, _ in axis)]
            ordered = inner[along[0]] if len(along) == 1 else None
            if ordered is not None:
                inner = tuple(channels if n == along[0] else axis for n, axis in enumerate(inner))
        if ordered is None:
            return None
        if value.axes is None and ordered != channels:
            inner = (_inverse(ordered), *positions)
        channels = ordered
    edges = [b.edge(INPUT, View(source, (channels, *positions)))]
    for role, stored in (("scale", scale), ("shift", shift)):
        if stored is not None:
            edges.append(b.edge(role, View(stored, view.identity(stored.shape))))
    node = b.add("layer_norm", edges, source.shape, axes=note.axes, epsilon=note.epsilon)
    seen = whole.axes if inner == view.identity(source.shape) else view.composed(whole.axes, inner)
    return None if seen is None else View(node, seen)


def _order_along_first(b: Builder, gain: Edge, scale: Node | None, seen: Axes | None, source: Node) -> Axis | None:
    """A value's first axis in the order of the scale, by which a gain that is seen on the value is multiplied."""
    made = b.source(gain)
    if len(made.shape) == 1:
        return _in_order_of(made, gain.axes, source)
    # A gain of each position: it has the value's own axes, and the scale lies along the first.
    if gain.axes is not None or made.shape != source.shape:
        return None
    if scale is None or seen is None:
        return view.identity(source.shape)[0] if scale is None else None
    return _in_order_of(scale, seen, source)


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


class Gain(NamedTuple):
    """What a value is multiplied with in a normalisation written in pieces."""

    note: InverseDeviation | GroupDeviation
    vector: Node | None
    """The stored scale, if there is one."""
    seen: Axes | None
    """How the gain's node sees it."""


def _gain(b: Builder, node: Node) -> Gain | None:
    """An inverse deviation, and the stored vector it is multiplied with if there is one."""
    note = b.notes.get(node.number)
    if isinstance(note, InverseDeviation | GroupDeviation):
        return Gain(note, None, None)
    if node.operator != "multiply" or "scalar" in node.attributes:
        return None
    for one, other in (node.inputs, node.inputs[::-1]):
        note = b.notes.get(one.source)
        if isinstance(note, InverseDeviation | GroupDeviation) and not b.source(other).dynamic:
            return Gain(note, b.source(other), other.axes)
    return None
