"""How much each difference matters, and which of them are one.

*Benign*: no effect on what the network can compute, or under a stated tolerance. *Parametric*: the weights
fit, the scores differ. *Structural*: the weights do not fit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from zoodata.graph import embedded
from zoodata.graph.diff.compare import Comparison, Difference
from zoodata.graph.diff.features import features, passes_constants, signature, stored_shapes
from zoodata.graph.network import LAYERS, LINEAR, PARAMETER, Network, Node

BENIGN, PARAMETRIC, STRUCTURAL = "benign", "parametric", "structural"
RANK = {BENIGN: 0, PARAMETRIC: 1, STRUCTURAL: 2}

EPSILON_TOLERANCE = 0.01
"""Batch-norm epsilons within one part in a hundred of each other count as one."""

HARD = 1 / 6
"""The slope of hard sigmoid and hard swish unless one says otherwise."""

NEIGHBOURHOOD = 8
"""How many nodes apart two places may be for a property to have moved from one to the other."""

WEIGHT_SHAPES = frozenset({"kernel", "outputs", "groups", "bias", "transposed", "scale", "shift"})
"""Attributes whose change changes the stored tensors."""


def weigh(comparison: Comparison) -> list[Difference]:
    """All differences with their severities, in the order of the networks."""
    found = comparison.raw()
    found = _preprocessing(comparison, found)
    found = _folded(comparison, found)
    found = _moved(comparison, found)
    found = _reordered(comparison, found)
    found = _swapped_parts(comparison, found)
    for difference in found:
        _judge(comparison, difference)
    found += _sharing(comparison)
    found += image_sizes(comparison.a, comparison.b)
    return _consequences(comparison, found)


def _judge(c: Comparison, d: Difference) -> None:
    if d.kind in ("preprocessing", "moved", "reordered"):
        return
    if d.why:  # judged already
        return
    if d.kind == "changed":
        _judge_attribute(c, d)
    elif d.kind in ("removed", "inserted"):
        _judge_part(c, d)
    elif d.kind == "replaced":
        sides = ((c.a, _nodes(d.members_a, d.node_a)), (c.b, _nodes(d.members_b, d.node_b)))
        stored = any(stored_shapes(network, node) for network, nodes in sides for node in nodes)
        d.severity = STRUCTURAL if stored else PARAMETRIC


def _nodes(members: tuple[Node, ...], node: Node | None) -> tuple[Node, ...]:
    """The nodes of one side of a difference."""
    return members or ((node,) if node is not None else ())


def _judge_attribute(c: Comparison, d: Difference) -> None:
    assert d.node_a is not None and d.node_b is not None
    is_layer = d.node_a.operator in LAYERS
    if d.attribute == "epsilon":
        close = abs(d.a - d.b) <= EPSILON_TOLERANCE * max(abs(d.a), abs(d.b))
        d.severity, d.why = (BENIGN, "close") if close else (PARAMETRIC, "")
    elif d.attribute == "scalar" or (d.attribute in ("scale", "slope") and d.node_a.operator == "activation"):
        d.a, d.b = (HARD if value is None and d.attribute == "scale" else value for value in (d.a, d.b))
        close = isinstance(d.a, float) and isinstance(d.b, float) and abs(d.a - d.b) <= 1e-4 * max(abs(d.a), abs(d.b))
        d.severity, d.why = (BENIGN, "close") if close else (PARAMETRIC, "")
    elif d.attribute == "bias" and _ends_in_batch_norms(c.a, d.node_a) and _ends_in_batch_norms(c.b, d.node_b):
        d.severity, d.why = BENIGN, "absorbed"
    elif d.attribute == "shift" and d.node_a.operator == "batch_norm":
        d.severity, d.why = BENIGN, "statistics"
    elif d.attribute == "scale" and d.node_a.operator == "batch_norm":
        # A scale may be negative, which no deviation is: only a layer before can take the sign.
        layers = all(n.nodes[x.inputs[0].source].operator in LAYERS for n, x in ((c.a, d.node_a), (c.b, d.node_b)))
        d.severity, d.why = (BENIGN, "statistics") if layers else (PARAMETRIC, "")
    elif d.attribute == "padding" and _same_reach(c, d.node_a, d.node_b):
        d.severity, d.why = BENIGN, "unused"
    elif d.attribute in WEIGHT_SHAPES and (is_layer or d.attribute in ("scale", "shift")):
        d.severity = STRUCTURAL
    else:
        d.severity = PARAMETRIC


def _judge_part(c: Comparison, d: Difference) -> None:
    network, members = (c.a, d.members_a) if d.kind == "removed" else (c.b, d.members_b)
    if len(members) == 1 and members[0].operator == "softmax" and members[0].number == network.output:
        d.severity, d.why = BENIGN, "head"
    elif all(_is_affine(network, node) for node in members) and _follows_affine(network, members):
        d.severity, d.why = BENIGN, "affine"
    else:
        d.severity = STRUCTURAL if any(stored_shapes(network, node) for node in members) else PARAMETRIC


def _ends_in_batch_norms(network: Network, node: Node) -> bool:
    """Whether a constant added to a node's value reaches nothing but batch norms, whose means can take it."""
    waiting, seen = [node], set()
    while waiting:
        after = network.consumers[waiting.pop().number]
        if not after:
            return False
        for consumer in after:
            if consumer.number in seen or (consumer.operator == "batch_norm" and _has_own_mean(network, consumer)):
                continue
            if not passes_constants(consumer):
                return False
            seen.add(consumer.number)
            waiting.append(consumer)
    return True


def _has_own_mean(network: Network, norm: Node) -> bool:
    """Whether no other batch norm reads its stored mean, which then cannot take what only one of them sees."""
    edge = norm.edge("mean")
    return edge is not None and len(network.consumers[edge.source]) == 1


def _is_affine(network: Network, node: Node) -> bool:
    """A product or sum with one stored vector along the channels."""
    if node.operator == "batch_norm":
        return True
    if node.operator not in ("multiply", "add") or "scalar" in node.attributes or len(node.inputs) != 2:
        return False
    other = network.nodes[node.inputs[1].source]
    return other.operator == PARAMETER and len(other.shape) == 1


def _follows_affine(network: Network, members: tuple[Node, ...]) -> bool:
    """Whether what comes before is a layer or a batch norm that can take the product and sum into itself."""
    source = network.nodes[members[0].inputs[0].source]
    return source.operator in (*LAYERS, "batch_norm") and len(network.consumers[source.number]) == 1


def _same_reach(c: Comparison, x: Node, y: Node) -> bool:
    """Whether two paddings differ only in rows that no window reaches."""
    return _used(c.a, x) == _used(c.b, y)


def _used(network: Network, node: Node) -> Any:
    own = node.attributes
    if "kernel" not in own or "padding" not in own or "extra" in own:
        return node.number, "unknown"
    sizes = network.operand_shape(node.inputs[0])[-len(own["kernel"]) :]
    found = []
    dilation = own.get("dilation", (1,) * len(sizes))
    for size, k, s, d, (before, after) in zip(
        sizes, own["kernel"], own["stride"], dilation, own["padding"], strict=True
    ):
        spare = (size + before + after - (k - 1) * d - 1) % s
        found.append((before, after - spare))
    return tuple(found)


def _preprocessing(c: Comparison, found: list[Difference]) -> list[Difference]:
    """Everything that differs before the first layer, in fixed arithmetic on the image, is one difference."""
    inside_a = {node.number for node in embedded.preprocessing(c.a)}
    inside_b = {node.number for node in embedded.preprocessing(c.b)}

    def within(d: Difference) -> bool:
        sides = ((inside_a, _nodes(d.members_a, d.node_a)), (inside_b, _nodes(d.members_b, d.node_b)))
        return all(node.number in inside for inside, nodes in sides for node in nodes)

    touched = [d for d in found if within(d)]
    if not touched:
        return found
    lead = touched[0]
    joined = Difference(
        "preprocessing", "preprocessing", None, _arithmetic(c.a), _arithmetic(c.b), lead.node_a, lead.node_b
    )
    return [joined, *(d for d in found if d not in touched)]


def _arithmetic(network: Network) -> str:
    """What a network does to its image before the first layer, in signs."""
    signs = {"multiply": "*", "add": "+", "subtract": "-", "divide": "/"}
    steps = []
    for node in embedded.preprocessing(network):
        if node.operator in signs:
            scalar = node.attributes.get("scalar")
            number = f"{scalar:.6g}" if scalar is not None else _per_channel(network, node)
            steps.append(f"{signs[node.operator]} {number}")
    return " ".join(steps) or "nothing"


def _per_channel(network: Network, node: Node) -> str:
    """A constant vector in numbers, where the network has them at hand."""
    marks = (str(network.nodes[edge.source].attributes.get("constant")) for edge in node.inputs)
    data = next((network.constants[mark] for mark in marks if mark in network.constants), None)
    if data is None or data.size > 4:
        return "per channel"
    return f"({', '.join(f'{number:.6g}' for number in data.ravel())})"


def _folded(c: Comparison, found: list[Difference]) -> list[Difference]:
    """A batch norm on one side only, after a layer whose bias on the other side takes its place."""
    kept = list(found)
    for d in found:
        members = d.members_a or d.members_b
        if d.kind not in ("removed", "inserted") or len(members) != 1 or members[0].operator != "batch_norm":
            continue
        network = c.a if d.kind == "removed" else c.b
        layer = network.nodes[members[0].inputs[0].source]
        partner = (c.to_b if d.kind == "removed" else c.to_a).get(layer.number)
        if layer.operator not in LAYERS or partner is None or len(network.consumers[layer.number]) != 1:
            continue
        other = (c.b if d.kind == "removed" else c.a).nodes[partner]
        if other.edge("bias") is None:
            continue
        d.severity, d.why = BENIGN, "folded"
        if d.kind == "removed":
            d.node_b = other
        else:
            d.node_a = other
        kept = [k for k in kept if not (k.attribute == "bias" and (k.node_a is layer or k.node_b is layer))]
    return kept


def _moved(c: Comparison, found: list[Difference]) -> list[Difference]:
    """An attribute that left one place and appeared at another near by."""
    order = {pair: place for place, pair in enumerate(c.alignment.pairs)}
    changed = [d for d in found if d.kind == "changed" and d.attribute in ("stride", "dilation", "groups")]
    gone: list[Difference] = []
    made: dict[int, Difference] = {}
    for first in changed:
        for second in changed:
            if first in gone or second in gone or first is second or first.attribute != second.attribute:
                continue
            assert first.node_a and first.node_b and second.node_a and second.node_b
            apart = order[second.node_a.number, second.node_b.number] - order[first.node_a.number, first.node_b.number]
            if not 0 < apart <= NEIGHBOURHOOD or (first.a, first.b) != (second.b, second.a):
                continue
            value = max((first.a, first.b), key=str)
            at_a, at_b = (first, second) if first.a == value else (second, first)
            gone += [first, second]
            moved = Difference(
                "moved", first.operator, first.attribute, value, value, at_a.node_a, at_b.node_b,
                extra={"nodes_a": (first.node_a, second.node_a), "nodes_b": (first.node_b, second.node_b)},
            )  # fmt: skip
            made[id(first)] = moved
    return [made.get(id(d), d) for d in found if d not in gone or id(d) in made]


def _reordered(c: Comparison, found: list[Difference]) -> list[Difference]:
    """The same part on both sides, before a node here and after its counterpart there."""

    def joined(one: Difference, other: Difference, apart: int) -> Difference | None:
        if not 0 < abs(apart) <= 3 or _words(c.a, one.members_a) != _words(c.b, other.members_b):
            return None
        return _both("reordered", "order", one.a, "later" if apart < 0 else "earlier", one, other)

    return _joined(c, found, joined)


def _swapped_parts(c: Comparison, found: list[Difference]) -> list[Difference]:
    """A part here and another part there in the same place: one was replaced by the other."""

    def joined(one: Difference, other: Difference, apart: int) -> Difference | None:
        return None if apart or one.why or other.why else _both("replaced", None, one.a, other.b, one, other)

    return _joined(c, found, joined)


def _both(kind: str, attribute: str | None, a: Any, b: Any, one: Difference, other: Difference) -> Difference:
    """What only a has and what only b has, as one difference."""
    return Difference(
        kind, one.operator, attribute, a, b, one.node_a, other.node_b,
        members_a=one.members_a, members_b=other.members_b,
    )  # fmt: skip


def _joined(
    c: Comparison,
    found: list[Difference],
    join: Callable[[Difference, Difference, int], Difference | None],
) -> list[Difference]:
    """Removed and inserted parts of which ``join`` makes one, told how many pairs lie between their places."""
    place_a = {i: place for place, (i, _) in enumerate(c.alignment.pairs)}
    place_b = {j: place for place, (_, j) in enumerate(c.alignment.pairs)}
    gone: set[int] = set()
    made: dict[int, Difference] = {}
    for one in found:
        for other in found:
            if one.kind != "removed" or other.kind != "inserted" or id(one) in gone or id(other) in gone:
                continue
            apart = _before(place_a, one.members_a[0].number) - _before(place_b, other.members_b[0].number)
            if (both := join(one, other, apart)) is not None:
                gone |= {id(one), id(other)}
                made[id(one)] = both
    return [made.get(id(d), d) for d in found if id(d) not in gone or id(d) in made]


def _before(places: dict[int, int], number: int) -> int:
    """How many pairs stand before a node of one network."""
    return sum(1 for other in places if other < number)


def _words(network: Network, members: Iterable[Node]) -> list[str]:
    return [f"{node.operator}({signature(features(network, node))})" for node in members]


def _sharing(c: Comparison) -> list[Difference]:
    """Stored tensors that several nodes read on one side, while their counterparts read one each."""
    found = []
    for network, other, partners, words in (
        (c.a, c.b, c.to_b, ("one tensor", "a tensor each")),
        (c.b, c.a, c.to_a, ("a tensor each", "one tensor")),
    ):
        for leaf in network.nodes:
            if leaf.operator != PARAMETER or len(network.consumers[leaf.number]) < 2:
                continue
            theirs: dict[int, tuple[Node, Node]] = {}
            for reader in network.consumers[leaf.number]:
                role = next(edge.role for edge in reader.inputs if edge.source == leaf.number)
                if reader.number in partners and (edge := other.nodes[partners[reader.number]].edge(role)) is not None:
                    theirs.setdefault(edge.source, (reader, other.nodes[partners[reader.number]]))
            if len(theirs) > 1:
                reader, partner = list(theirs.values())[1]
                nodes = (reader, partner) if network is c.a else (partner, reader)
                found.append(Difference("changed", reader.operator, "sharing", *words, *nodes, STRUCTURAL))
    return found


def image_sizes(a: Network, b: Network) -> list[Difference]:
    """That two networks read images of different sizes, if they do."""
    if a.input_shape == b.input_shape:
        return []
    image_a, image_b = (next(n for n in network.nodes if n.operator == "input") for network in (a, b))
    severity = BENIGN if a.input_shape[0] == b.input_shape[0] else STRUCTURAL
    return [Difference("input", "input", "size", a.input_shape, b.input_shape, image_a, image_b, severity)]


def _only_resizes(c: Comparison, d: Difference, found: list[Difference]) -> bool:
    """A pooling to a fixed size that the other side does not need, since its image has that size already."""
    members = d.members_a or d.members_b
    if d.kind not in ("removed", "inserted") or len(members) != 1 or members[0].operator != "average_pool":
        return False
    network, other, partners = (c.a, c.b, c.to_b) if d.kind == "removed" else (c.b, c.a, c.to_a)
    source = members[0].inputs[0].source
    if source not in partners or len(found) < 2:
        return False
    have, want = network.nodes[source].shape, members[0].shape
    return have != want and other.nodes[partners[source]].shape == want


def _area_differs(c: Comparison, x: Node, y: Node) -> bool:
    """Whether two layers that join positions and channels read values of other heights or widths."""
    if x.operator != LINEAR or y.operator != LINEAR:
        return False
    one, other = c.a.operand_shape(x.inputs[0]), c.b.operand_shape(y.inputs[0])
    return len(one) == len(other) == 3 and one[1:] != other[1:]


def _changes_area(c: Comparison, d: Difference) -> bool:
    """Whether values have other positions after a difference than on the other side, and had the same before it."""
    if d.kind == "input":
        return True
    if d.members_a or d.members_b:
        members, network = (d.members_a, c.a) if d.members_a else (d.members_b, c.b)
        return network.operand_shape(members[0].inputs[0])[1:] != members[-1].shape[1:]
    if d.node_a is None or d.node_b is None or not (d.node_a.inputs and d.node_b.inputs):
        return False
    before = (c.a.operand_shape(d.node_a.inputs[0]), c.b.operand_shape(d.node_b.inputs[0]))
    return before[0][1:] == before[1][1:] and d.node_a.shape[1:] != d.node_b.shape[1:]


def _consequences(c: Comparison, found: list[Difference]) -> list[Difference]:
    """Stored tensors that do not fit although nothing about their own layer changed: who is to blame."""
    place_a = {i: place for place, (i, _) in enumerate(c.alignment.pairs)}

    def place(d: Difference) -> int:
        if d.kind == "input":
            return -1
        if d.node_a is not None:
            return place_a.get(d.node_a.number, _before(place_a, d.node_a.number))
        return sum(1 for _, j in c.alignment.pairs if d.node_b is not None and j < d.node_b.number)

    found = [d for d in found if not _only_resizes(c, d, found)]
    for x, y, role in c.mismatched():
        here = place_a[x.number]
        before = [d for d in found if place(d) <= here]
        if _area_differs(c, x, y):
            before = [d for d in before if _changes_area(c, d)] or before
        if any(d.severity == STRUCTURAL for d in before):
            continue
        blamed = max((d for d in before if d.severity == PARAMETRIC), key=place, default=None)
        blamed = blamed or next((d for d in before if d.kind == "input"), None)
        one, other = stored_shapes(c.a, x)[role], stored_shapes(c.b, y)[role]
        if blamed is None:
            found.append(Difference("changed", x.operator, f"{role} shape", one, other, x, y, STRUCTURAL))
        else:
            blamed.severity = STRUCTURAL
            blamed.extra["misfit"] = (x.name, y.name, one, other)
    return sorted(found, key=place)
