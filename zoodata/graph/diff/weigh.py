"""Which raw differences are one, and the judgement of each: its severity, and the reason where it is not the usual one.

*Benign*: no effect on what the network can compute, or within a stated tolerance. *Parametric*: the weights load,
the outputs differ. *Structural*: the weights do not load. *Other head*: all before the head do.

Merging makes fewer differences of many; judging looks at one and changes nothing in it; consequences follow last.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from zoodata.graph import embedded
from zoodata.graph.diff.compare import (
    REORDERED_WITHIN,
    AttributeChanged,
    Comparison,
    Difference,
    EmbeddedPreprocessing,
    InputSize,
    Moved,
    OneSided,
    Reordered,
    Replaced,
)
from zoodata.graph.diff.features import (
    NORMS,
    WHOLE_IMAGE,
    features,
    is_affine,
    is_on_whole_image,
    last_layer,
    passes_constants,
    signature,
    stored_shapes,
)
from zoodata.graph.network import LAYERS, LINEAR, PARAMETER, Network, Node
from zoodata.graph.values import NOTHING
from zoodata.graph.view import Shape
from zoodata.records.comparison import Reason, Severity

EPSILON_TOLERANCE = 0.01
"""Batch-norm epsilons within one part in a hundred of each other count as one."""

SCALAR_TOLERANCE = 1e-4
"""Relative difference of two numbers of a formula that count as one."""

NEIGHBOURHOOD = 8
"""The largest distance in nodes of two places for a property to have moved from one to the other."""

WEIGHT_SHAPES = frozenset({"kernel", "outputs", "groups", "bias", "transposed", "scale", "shift"})
"""Attributes whose change changes the stored tensors."""


@dataclass(frozen=True)
class Judgement:
    """How much a difference matters."""

    severity: Severity
    reason: Reason | None = None


@dataclass(frozen=True)
class TensorMisfit:
    """A stored tensor that has another shape because of a difference elsewhere."""

    layer: str
    shape_a: Shape
    shape_b: Shape


@dataclass(frozen=True, eq=False)
class Weighed:
    """A difference with its judgement."""

    difference: Difference
    severity: Severity
    reason: Reason | None = None
    misfit: TensorMisfit | None = None


def weigh(comparison: Comparison) -> list[Weighed]:
    """All differences with their severities, in the order of the networks."""
    differences = comparison.raw()
    for merge in (_preprocessing, _folded, _framed_outside, _moved, _reordered, _other_norms, _swapped_parts):
        differences = merge(comparison, differences)
    weighed = [_weighed(difference, judge(comparison, difference)) for difference in differences]
    weighed += [Weighed(each, "structural") for each in _sharing(comparison)]
    weighed += image_sizes(comparison.a, comparison.b)
    return _consequences(comparison, weighed)


def _weighed(difference: Difference, judgement: Judgement) -> Weighed:
    return Weighed(difference, judgement.severity, judgement.reason)


def judge(c: Comparison, difference: Difference) -> Judgement:
    """The judgement of one difference by itself."""
    match difference:
        case AttributeChanged():
            return next(rule.judgement for rule in ATTRIBUTE_RULES if rule.applies(c, difference))
        case OneSided():
            return _judge_one_sided(c, difference)
        case Reordered():
            return Judgement("parametric")
        case Replaced() if _is_in_heads(c, difference):
            return Judgement("other_head")
        case Replaced() if _are_affine(c, difference):
            return Judgement("benign", "affine")
        case Replaced() if _is_other_norm(c, difference):
            return Judgement("parametric")
        case Replaced():
            sides = ((c.a, difference.members_a), (c.b, difference.members_b))
            stored = any(stored_shapes(network, node) for network, nodes in sides for node in nodes)
            return Judgement("structural" if stored else "parametric")
        case _:
            return Judgement("parametric")


def _is_other_norm(c: Comparison, d: Replaced) -> bool:
    """Whether each part is one norm, with the same stored vectors: what was trained fits, its statistics are others."""
    if len(d.members_a) > 1 or len(d.members_b) > 1:
        return False
    (x,), (y,) = d.members_a, d.members_b
    return {x.operator, y.operator} <= NORMS and stored_shapes(c.a, x) == stored_shapes(c.b, y)


def _is_in_heads(c: Comparison, d: Replaced) -> bool:
    sides = ((d.members_a, c.head_a), (d.members_b, c.head_b))
    return all({node.number for node in members} <= head for members, head in sides)


@dataclass(frozen=True)
class Rule:
    """What a changed attribute is, if the condition holds."""

    applies: Callable[[Comparison, AttributeChanged], bool]
    judgement: Judgement


def _nodes(d: AttributeChanged) -> tuple[Node, Node]:
    assert d.node_a is not None and d.node_b is not None
    return d.node_a, d.node_b


def _is_number(d: AttributeChanged) -> bool:
    """Whether the attribute is a number of a formula."""
    return d.attribute == "scalar" or (d.attribute in ("scale", "slope") and _nodes(d)[0].operator == "activation")


def _is_close_epsilon(c: Comparison, d: AttributeChanged) -> bool:
    return d.attribute == "epsilon" and abs(d.a - d.b) <= EPSILON_TOLERANCE * max(abs(d.a), abs(d.b))


def _is_close_number(c: Comparison, d: AttributeChanged) -> bool:
    if not _is_number(d):
        return False
    if not (isinstance(d.a, float) and isinstance(d.b, float)):
        return False
    return abs(d.a - d.b) <= SCALAR_TOLERANCE * max(abs(d.a), abs(d.b))


def _is_absorbed_bias(c: Comparison, d: AttributeChanged) -> bool:
    node_a, node_b = _nodes(d)
    return d.attribute == "bias" and _ends_in_batch_norms(c.a, node_a) and _ends_in_batch_norms(c.b, node_b)


def _is_batch_norm_shift(c: Comparison, d: AttributeChanged) -> bool:
    return d.attribute == "shift" and _nodes(d)[0].operator == "batch_norm"


def _is_batch_norm_scale(c: Comparison, d: AttributeChanged) -> bool:
    return d.attribute == "scale" and _nodes(d)[0].operator == "batch_norm"


def _is_absorbed_scale(c: Comparison, d: AttributeChanged) -> bool:
    # A scale may be negative, which no deviation is: only a layer before can take the sign.
    sides = zip((c.a, c.b), _nodes(d), strict=True)
    return _is_batch_norm_scale(c, d) and all(n.nodes[x.inputs[0].source].operator in LAYERS for n, x in sides)


def _is_unused_padding(c: Comparison, d: AttributeChanged) -> bool:
    node_a, node_b = _nodes(d)
    return d.attribute == "padding" and _reach(c.a, node_a) == _reach(c.b, node_b)


def _is_whole_image(c: Comparison, d: AttributeChanged) -> bool:
    """A convolution whose kernel covers its whole image beside a linear layer of all positions."""
    return d.attribute == "kernel" and WHOLE_IMAGE in (d.a, d.b) and is_on_whole_image(c.a, c.b, *_nodes(d))


def _is_other_head(c: Comparison, d: AttributeChanged) -> bool:
    """The number of classes: the outputs of the last layer on either side."""
    return d.attribute == "outputs" and all(
        node is last_layer(network) for network, node in zip((c.a, c.b), _nodes(d), strict=True)
    )


def _changes_stored_shapes(c: Comparison, d: AttributeChanged) -> bool:
    is_layer = _nodes(d)[0].operator in LAYERS
    return d.attribute in WEIGHT_SHAPES and (is_layer or d.attribute in ("scale", "shift"))


ATTRIBUTE_RULES = (
    Rule(_is_close_epsilon, Judgement("benign", "close")),
    Rule(lambda c, d: d.attribute == "epsilon", Judgement("parametric")),
    Rule(_is_close_number, Judgement("benign", "close")),
    Rule(lambda c, d: _is_number(d), Judgement("parametric")),
    Rule(_is_absorbed_bias, Judgement("benign", "absorbed")),
    Rule(_is_batch_norm_shift, Judgement("benign", "statistics")),
    Rule(_is_absorbed_scale, Judgement("benign", "statistics")),
    Rule(_is_batch_norm_scale, Judgement("parametric")),
    Rule(_is_unused_padding, Judgement("benign", "unused")),
    Rule(_is_whole_image, Judgement("benign", "whole_image")),
    Rule(_is_other_head, Judgement("other_head")),
    Rule(_changes_stored_shapes, Judgement("structural")),
    Rule(lambda c, d: True, Judgement("parametric")),
)
"""The first rule that applies to a changed attribute judges it."""


def _judge_one_sided(c: Comparison, d: OneSided) -> Judgement:
    network, members = c.a if d.is_in_a else c.b, d.members
    if d.folded:
        return Judgement("benign", "folded")
    if {node.number for node in members} <= (c.head_a if d.is_in_a else c.head_b):
        return Judgement("other_head")
    if len(members) == 1 and members[0].operator == "softmax" and members[0].number == network.output:
        return Judgement("benign", "head")
    if all(node.operator == "mean" and node.attributes["axes"] == () for node in members):
        return Judgement("benign", "one_position")
    if all(is_affine(network, node) for node in members) and _follows_affine(network, members):
        return Judgement("benign", "affine")
    return Judgement("structural" if any(stored_shapes(network, node) for node in members) else "parametric")


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


def _are_affine(c: Comparison, d: Replaced) -> bool:
    """Whether both parts only multiply and shift each channel by stored vectors: a batch norm, or a product and sum."""
    sides = ((c.a, d.members_a), (c.b, d.members_b))
    whole = ({node.operator for node in members} for _, members in sides)
    return all(is_affine(network, node) for network, members in sides for node in members) and all(
        names == {"batch_norm"} or names == {"multiply", "add"} for names in whole
    )


def _follows_affine(network: Network, members: tuple[Node, ...]) -> bool:
    """Whether what comes before is a layer or a batch norm that can take the product and sum into itself."""
    source = network.nodes[members[0].inputs[0].source]
    return source.operator in (*LAYERS, "batch_norm") and len(network.consumers[source.number]) == 1


def _reach(network: Network, node: Node) -> Any:
    """The padding of which windows read something: two paddings with one reach differ in no output. Of what is not
    known to have one, something that equals nothing."""
    own = node.attributes
    if "kernel" not in own or "padding" not in own or "extra" in own:
        return object()
    sizes = network.operand_shape(node.inputs[0])[-len(own["kernel"]) :]
    reach = []
    dilation = own.get("dilation", (1,) * len(sizes))
    for size, k, s, d, (before, after) in zip(
        sizes, own["kernel"], own["stride"], dilation, own["padding"], strict=True
    ):
        spare = (size + before + after - (k - 1) * d - 1) % s
        reach.append((before, after - spare))
    return tuple(reach)


def _preprocessing(c: Comparison, differences: list[Difference]) -> list[Difference]:
    """Everything that differs before the first layer, in fixed arithmetic on the image, is one difference."""
    inside_a = {node.number for node in embedded.preprocessing(c.a)}
    inside_b = {node.number for node in embedded.preprocessing(c.b)}
    touched = [
        d
        for d in differences
        if all(node.number in inside_a for node in d.nodes_a) and all(node.number in inside_b for node in d.nodes_b)
    ]
    if not touched:
        return differences
    lead = touched[0]
    joined = EmbeddedPreprocessing("preprocessing", lead.node_a, lead.node_b, _arithmetic(c.a), _arithmetic(c.b))
    return [joined, *(d for d in differences if d not in touched)]


def _arithmetic(network: Network) -> str:
    """What a network does to its image before the first layer, in signs."""
    signs = {"multiply": "*", "add": "+", "subtract": "-", "divide": "/"}
    steps = []
    for node in embedded.preprocessing(network):
        if node.operator in signs:
            scalar = node.attributes.get("scalar")
            number = f"{scalar:.6g}" if scalar is not None else _per_channel(network, node)
            steps.append(f"{signs[node.operator]} {number}")
    return " ".join(steps) or NOTHING


def _per_channel(network: Network, node: Node) -> str:
    """A constant vector in numbers, where the network has them at hand."""
    marks = (str(network.nodes[edge.source].attributes.get("constant")) for edge in node.inputs)
    data = next((network.constants[mark] for mark in marks if mark in network.constants), None)
    if data is None or data.size > 4:
        return "per channel"
    return f"({', '.join(f'{number:.6g}' for number in data.ravel())})"


def _folded(c: Comparison, differences: list[Difference]) -> list[Difference]:
    """A batch norm on one side only, after a layer whose bias on the other side takes its place."""
    kept = list(differences)
    for d in differences:
        if not isinstance(d, OneSided) or {node.operator for node in d.members} != {"batch_norm"}:
            continue
        network, other, partners = (c.a, c.b, c.to_b) if d.is_in_a else (c.b, c.a, c.to_a)
        layer = network.nodes[d.members[0].inputs[0].source]
        partner = partners.get(layer.number)
        if layer.operator not in LAYERS or partner is None or len(network.consumers[layer.number]) != 1:
            continue
        into = other.nodes[partner]
        if into.edge("bias") is None:
            continue
        folded = replace(d, folded=True, node_b=into) if d.is_in_a else replace(d, folded=True, node_a=into)
        kept = [folded if k is d else k for k in kept if not _is_bias_of(k, layer)]
    return kept


def _framed_outside(c: Comparison, differences: list[Difference]) -> list[Difference]:
    """A pad of its own before a pooling on one side, where the other's pooling has the frame inside: what they are
    padded with is the difference."""
    kept = list(differences)
    for d in differences:
        if not isinstance(d, OneSided) or len(d.members) != 1 or d.members[0].operator != "pad":
            continue
        network, partners = (c.a, c.to_b) if d.is_in_a else (c.b, c.to_a)
        pad = d.members[0]
        readers = network.consumers[pad.number]
        pool = readers[0] if len(readers) == 1 else None
        if pool is None or pool.operator not in ("max_pool", "average_pool") or pool.number not in partners:
            continue
        changed = (k for k in kept if isinstance(k, AttributeChanged) and k.attribute == "padding")
        inner = next((k for k in changed if pool in (k.node_a, k.node_b)), None)
        if inner is None:
            continue
        outside = pad.attributes.get("mode") or float(pad.attributes["number"])
        inside = -math.inf if pool.operator == "max_pool" else "what is not counted"
        values = (outside, inside) if d.is_in_a else (inside, outside)
        merged = AttributeChanged(pool.operator, inner.node_a, inner.node_b, "padded with", *values)
        kept = [merged if k is inner else k for k in kept if k is not d]
    return kept


def _is_bias_of(difference: Difference, layer: Node) -> bool:
    is_bias = isinstance(difference, AttributeChanged) and difference.attribute == "bias"
    return is_bias and (difference.node_a is layer or difference.node_b is layer)


def _moved(c: Comparison, differences: list[Difference]) -> list[Difference]:
    """An attribute that left one place and appeared at another near by."""
    order = {pair: place for place, pair in enumerate(c.alignment.pairs)}
    changed = [
        d for d in differences if isinstance(d, AttributeChanged) and d.attribute in ("stride", "dilation", "groups")
    ]
    gone: list[Difference] = []
    made: dict[int, Difference] = {}
    for first in changed:
        for second in changed:
            if first in gone or second in gone or first is second or first.attribute != second.attribute:
                continue
            (first_a, first_b), (second_a, second_b) = _nodes(first), _nodes(second)
            distance = order[second_a.number, second_b.number] - order[first_a.number, first_b.number]
            if not 0 < distance <= NEIGHBOURHOOD or (first.a, first.b) != (second.b, second.a):
                continue
            value = max((first.a, first.b), key=str)
            at_a, at_b = (first, second) if first.a == value else (second, first)
            gone += [first, second]
            made[id(first)] = Moved(
                first.operator, at_a.node_a, at_b.node_b, first.attribute, value,
                ((first_a, first_b), (second_a, second_b)),
            )  # fmt: skip
    return [made.get(id(d), d) for d in differences if d not in gone or id(d) in made]


def _reordered(c: Comparison, differences: list[Difference]) -> list[Difference]:
    """The same part on both sides, before a node here and after its counterpart there."""

    def joined(one: OneSided, other: OneSided, distance: int) -> Difference | None:
        if not 0 < abs(distance) <= REORDERED_WITHIN or _words(c.a, one.members) != _words(c.b, other.members):
            return None
        direction: Literal["earlier", "later"] = "later" if distance < 0 else "earlier"
        return Reordered(one.operator, one.node_a, other.node_b, one.members, other.members, direction)

    return _joined(c, differences, joined)


def _other_norms(c: Comparison, differences: list[Difference]) -> list[Difference]:
    """A norm here and another one near by there, with the same stored vectors."""

    def joined(one: OneSided, other: OneSided, distance: int) -> Difference | None:
        if len(one.members) > 1 or len(other.members) > 1:
            return None
        if c.elsewhere.get(other.members[0].number) != one.members[0].number:
            return None
        return Replaced(one.operator, one.node_a, other.node_b, one.members, other.members)

    return _joined(c, differences, joined)


def _swapped_parts(c: Comparison, differences: list[Difference]) -> list[Difference]:
    """A part here and another part there in the same place: one was replaced by the other."""

    def joined(one: OneSided, other: OneSided, distance: int) -> Difference | None:
        if distance or one.folded or other.folded:
            return None
        return Replaced(one.operator, one.node_a, other.node_b, one.members, other.members)

    return _joined(c, differences, joined)


def _joined(
    c: Comparison,
    differences: list[Difference],
    join: Callable[[OneSided, OneSided, int], Difference | None],
) -> list[Difference]:
    """Parts of a and of b of which ``join`` makes one, told how many pairs lie between their places."""
    order_a, order_b = (sorted(numbers) for numbers in (c.to_b, c.to_a))
    sided = [d for d in differences if isinstance(d, OneSided)]
    gone: set[int] = set()
    made: dict[int, Difference] = {}
    for one in sided:
        for other in sided:
            if not one.is_in_a or other.is_in_a or id(one) in gone or id(other) in gone:
                continue
            distance = bisect_left(order_a, one.members[0].number) - bisect_left(order_b, other.members[0].number)
            if (both := join(one, other, distance)) is not None:
                gone |= {id(one), id(other)}
                made[id(one)] = both
    return [made.get(id(d), d) for d in differences if id(d) not in gone or id(d) in made]


def _words(network: Network, members: Iterable[Node]) -> list[str]:
    return [f"{node.operator}({signature(features(network, node))})" for node in members]


def _sharing(c: Comparison) -> list[Difference]:
    """Stored tensors that several nodes read on one side, while their counterparts read one each."""
    differences: list[Difference] = []
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
                if reader.number not in partners:
                    continue
                edge = other.nodes[partners[reader.number]].edge(role)
                # It may read the same tensor out of a value that holds it, as a slice of a concatenation.
                if edge is not None and other.nodes[edge.source].operator == PARAMETER:
                    theirs.setdefault(edge.source, (reader, other.nodes[partners[reader.number]]))
            if len(theirs) > 1:
                reader, partner = list(theirs.values())[1]
                nodes = (reader, partner) if network is c.a else (partner, reader)
                differences.append(AttributeChanged(reader.operator, *nodes, "sharing", *words))
    return differences


def image_sizes(a: Network, b: Network) -> list[Weighed]:
    """That two networks read images of different sizes, if they do."""
    if a.input_shape == b.input_shape:
        return []
    image_a, image_b = (next(n for n in network.nodes if n.operator == "input") for network in (a, b))
    severity: Severity = "benign" if a.input_shape[0] == b.input_shape[0] else "structural"
    return [Weighed(InputSize("input", image_a, image_b, a.input_shape, b.input_shape), severity)]


def _only_resizes(c: Comparison, difference: Difference, count: int) -> bool:
    """A pooling to a fixed size that the other side does not need, since its image has that size already."""
    if not isinstance(difference, OneSided) or count < 2:
        return False
    members = difference.members
    if len(members) != 1 or members[0].operator != "average_pool":
        return False
    network, other, partners = (c.a, c.b, c.to_b) if difference.is_in_a else (c.b, c.a, c.to_a)
    source = members[0].inputs[0].source
    if source not in partners:
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
    match d:
        case InputSize():
            return True
        case OneSided():
            return _part_changes_area(c.a if d.is_in_a else c.b, d.members)
        case Replaced() if c.to_b.get(d.members_a[0].number) != d.members_b[0].number:
            return _part_changes_area(c.a, d.members_a)
    if d.node_a is None or d.node_b is None or not (d.node_a.inputs and d.node_b.inputs):
        return False
    before = (c.a.operand_shape(d.node_a.inputs[0]), c.b.operand_shape(d.node_b.inputs[0]))
    return before[0][1:] == before[1][1:] and d.node_a.shape[1:] != d.node_b.shape[1:]


def _part_changes_area(network: Network, members: Sequence[Node]) -> bool:
    return network.operand_shape(members[0].inputs[0])[1:] != members[-1].shape[1:]


def _consequences(c: Comparison, weighed: list[Weighed]) -> list[Weighed]:
    """Stored tensors that do not fit although nothing about their own layer changed: which difference is to blame."""
    place_a = {i: place for place, (i, _) in enumerate(c.alignment.pairs)}
    order_a, order_b = (sorted(numbers) for numbers in (c.to_b, c.to_a))

    def place(each: Weighed) -> int:
        d = each.difference
        if isinstance(d, InputSize):
            return -1
        if d.node_a is not None:
            return place_a.get(d.node_a.number, bisect_left(order_a, d.node_a.number))
        return 0 if d.node_b is None else bisect_left(order_b, d.node_b.number)

    kept = [each for each in weighed if not _only_resizes(c, each.difference, len(weighed))]
    for x, y, role in c.mismatched():
        before = [each for each in kept if place(each) <= place_a[x.number]]
        if _area_differs(c, x, y):
            before = [each for each in before if _changes_area(c, each.difference)] or before
        if any(each.severity == "structural" for each in before):
            continue
        blamed = max((each for each in before if each.severity == "parametric"), key=place, default=None)
        blamed = blamed or next((each for each in before if isinstance(each.difference, InputSize)), None)
        one, other = stored_shapes(c.a, x)[role], stored_shapes(c.b, y)[role]
        if one[1:] == other[1:] and any(each.severity == "other_head" and each.difference.node_a is x for each in kept):
            continue  # as many rows as classes
        if blamed is None:
            changed = AttributeChanged(x.operator, x, y, f"{role} shape", one, other)
            kept.append(Weighed(changed, "structural"))
        else:
            graver = replace(blamed, severity="structural", misfit=TensorMisfit(y.name, one, other))
            kept = [graver if each is blamed else each for each in kept]
    return sorted(kept, key=place)
