"""The differences of two aligned networks, not judged yet: attributes of pairs, one-sided nodes, wiring."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any, Literal

from zoodata.graph.canonical.pooling import same
from zoodata.graph.diff.align import Alignment, align, node_keeps_order
from zoodata.graph.diff.features import NORMS, features, is_on_whole_image, label, regroupings, stored_shapes
from zoodata.graph.digest import text
from zoodata.graph.embedded import exit_
from zoodata.graph.network import LAYERS, Network, Node
from zoodata.graph.view import Shape

REORDERED_WITHIN = 3
"""The largest distance in nodes of a part on either side to count as the same part in another place."""

HARD_SLOPE = 1 / 6
"""The slope of hard sigmoid and hard swish where the framework states none."""

Value = Any
"""An attribute's value: a number, a word, a tuple of such, or None where a side lacks the attribute."""


@dataclass(frozen=True, eq=False)
class Difference:
    """One thing that differs, at one place; its class says what kind of thing."""

    operator: str
    node_a: Node | None
    """The place on either side; None where there is none."""
    node_b: Node | None

    @property
    def nodes_a(self) -> tuple[Node, ...]:
        """All nodes of a that it is about."""
        return () if self.node_a is None else (self.node_a,)

    @property
    def nodes_b(self) -> tuple[Node, ...]:
        """All nodes of b that it is about."""
        return () if self.node_b is None else (self.node_b,)


@dataclass(frozen=True, eq=False)
class AttributeChanged(Difference):
    """Two aligned nodes have another value of one attribute."""

    attribute: str
    a: Value
    b: Value


@dataclass(frozen=True, eq=False)
class Rewired(Difference):
    """Two aligned nodes read other values, or the same in another order."""

    attribute: Literal["order", "inputs"]
    a: tuple[Any, ...]
    b: tuple[Any, ...]


@dataclass(frozen=True, eq=False)
class OneSided(Difference):
    """Connected nodes that only one side has."""

    members: tuple[Node, ...]
    is_in_a: bool
    folded: bool = False
    """Whether it is a batch norm that the other side's layer has in its bias; that layer is the place there."""

    @property
    def nodes_a(self) -> tuple[Node, ...]:
        """See :class:`Difference`."""
        return self.members if self.is_in_a else super().nodes_a

    @property
    def nodes_b(self) -> tuple[Node, ...]:
        """See :class:`Difference`."""
        return super().nodes_b if self.is_in_a else self.members


@dataclass(frozen=True, eq=False)
class Replaced(Difference):
    """Other nodes stand at the same place on either side."""

    members_a: tuple[Node, ...]
    members_b: tuple[Node, ...]

    @property
    def nodes_a(self) -> tuple[Node, ...]:
        """See :class:`Difference`."""
        return self.members_a

    @property
    def nodes_b(self) -> tuple[Node, ...]:
        """See :class:`Difference`."""
        return self.members_b


@dataclass(frozen=True, eq=False)
class Reordered(Replaced):
    """The same nodes stand before a node on one side and after its counterpart on the other."""

    direction: Literal["earlier", "later"]
    """Where b has them."""


@dataclass(frozen=True, eq=False)
class Moved(Difference):
    """An attribute's value is on another node near by."""

    attribute: str
    value: Value
    pairs: tuple[tuple[Node, Node], tuple[Node, Node]]
    """The two aligned pairs (node of a, node of b) between which it moved."""

    @property
    def nodes_a(self) -> tuple[Node, ...]:
        """See :class:`Difference`."""
        return tuple(pair[0] for pair in self.pairs)

    @property
    def nodes_b(self) -> tuple[Node, ...]:
        """See :class:`Difference`."""
        return tuple(pair[1] for pair in self.pairs)


@dataclass(frozen=True, eq=False)
class EmbeddedPreprocessing(Difference):
    """What the networks do to the image before their first layer."""

    a: str
    """Arithmetic in signs: ``* 0.00784314 + -1``."""
    b: str


@dataclass(frozen=True, eq=False)
class InputSize(Difference):
    """The images that the networks read."""

    a: Shape
    """(channels, height, width)"""
    b: Shape


def _lone_head(network: Network, partners: Mapping[int, int], last: int | None) -> frozenset[int]:
    """The nodes after the one whose partner is the other network's last, if they are layers that only this one has."""
    if last is None or last == exit_(network).number:
        return frozenset()
    head = {last}
    for node in network.nodes[last + 1 :]:
        if any(edge.source in head for edge in node.inputs):
            head.add(node.number)
    head.remove(last)
    has_layers = any(network.nodes[number].operator in LAYERS for number in head)
    return frozenset(head) if has_layers and not head & set(partners) else frozenset()


def _waists(network: Network) -> frozenset[int]:
    """The nodes through which everything goes that the scores are made of."""
    last = exit_(network).number
    waists, reach = set(), 0
    for node in network.nodes[: last + 1]:
        if not node.dynamic:
            continue
        if node.number >= reach:  # no value from before is read after it
            waists.add(node.number)
        reach = max([reach, *(each.number for each in network.consumers[node.number] if each.number <= last)])
    return frozenset(waists)


def _heads(
    a: Network, b: Network, pairs: Iterable[tuple[int, int]]
) -> tuple[frozenset[int], frozenset[int], tuple[int, int]] | None:
    """The heads of two classifiers of which one has a second head on its features (their scores are averaged), and the
    pair of features; None where both have as many."""
    ends = exit_(a).number, exit_(b).number
    waists = _waists(a), _waists(b)
    features = [
        (x, y)
        for x, y in pairs
        if x in waists[0] and y in waists[1] and x != ends[0] and y != ends[1]
        and len(a.nodes[x].shape) == 1 and a.nodes[x].shape == b.nodes[y].shape
    ]  # fmt: skip
    if not features:
        return None
    last = max(features)
    heads = [
        [node for node in network.nodes[after + 1 :] if node.dynamic]
        for network, after in zip((a, b), last, strict=True)
    ]
    layers = [sum(node.operator in LAYERS for node in head) for head in heads]
    readers = [len(network.consumers[number]) for network, number in zip((a, b), last, strict=True)]
    if layers[0] == layers[1] or not all(layers) or readers[0] == readers[1]:
        return None
    return frozenset(node.number for node in heads[0]), frozenset(node.number for node in heads[1]), last


def _norms_elsewhere(a: Network, b: Network, to_b: Mapping[int, int], to_a: Mapping[int, int]) -> dict[int, int]:
    lone = [
        [node for node in network.operations if node.operator in NORMS and node.number not in paired]
        for network, paired in ((a, to_b), (b, to_a))
    ]
    order_a, order_b = sorted(to_b), sorted(to_a)
    found: dict[int, int] = {}
    for y in lone[1]:
        for x in lone[0]:
            distance = bisect_left(order_a, x.number) - bisect_left(order_b, y.number)
            fits = (own := stored_shapes(a, x)) and own == stored_shapes(b, y)
            if fits and abs(distance) <= REORDERED_WITHIN and x.number not in found.values():
                found[y.number] = x.number
                break
    return found


class Comparison:
    """Two networks side by side."""

    def __init__(self, a: Network, b: Network) -> None:
        self.a, self.b = a, b
        self.alignment: Alignment = align(a, b)
        self.to_b = dict(self.alignment.pairs)
        self.to_a = {y: x for x, y in self.alignment.pairs}
        self._own_b = {y: y for y in self.to_a}
        ends = exit_(a).number, exit_(b).number
        self.head_a = _lone_head(a, self.to_b, self.to_a.get(ends[1]))
        """Numbers of the nodes of a's classifier, where b ends in what it reads (an encoder) or has one head more or
        less. Empty otherwise."""
        self.head_b = _lone_head(b, self.to_a, self.to_b.get(ends[0]))
        """The same of b."""
        ends = (self.to_a[ends[1]] if self.head_a else ends[0]), (self.to_b[ends[0]] if self.head_b else ends[1])
        if not self.head_a and not self.head_b and (heads := _heads(a, b, self.alignment.pairs)):
            self.head_a, self.head_b, ends = heads
        self.ends: tuple[int, int] = ends
        """The nodes whose values are equal where the networks are one: the scores, or the features of both bodies."""
        self.elsewhere: dict[int, int] = _norms_elsewhere(a, b, self.to_b, self.to_a)
        """Numbers of lone norms of b to those of a that have the same stored vectors near by: one norm, which stands
        before a mean on one side and after it on the other, say."""

    def pairs(self) -> Iterable[tuple[Node, Node]]:
        """Aligned nodes in order."""
        return ((self.a.nodes[i], self.b.nodes[j]) for i, j in self.alignment.pairs)

    def raw(self) -> list[Difference]:
        """Every difference, none of them judged yet."""
        differences: list[Difference] = []
        for x, y in self.pairs():
            differences += self._attributes(x, y)
            differences += self._wiring(x, y)
        return [*differences, *self._one_sided()]

    def _attributes(self, x: Node, y: Node) -> list[Difference]:
        one, other = features(self.a, x), features(self.b, y)
        if x.operator != y.operator and {x.operator, y.operator} != {"linear", "convolution"}:
            return [Replaced(x.operator, x, y, (x,), (y,))]
        names = {name for name in {*one, *other} if text(one.get(name)) != text(other.get(name))}
        if is_on_whole_image(self.a, self.b, x, y):
            names -= {"view", "stride", "padding", "dilation", "groups"}
        called = self._called(x, y)
        if not names and (cuts := self._cuts(x, y)):
            return [AttributeChanged(called, x, y, "cut", *cuts)]
        return [
            AttributeChanged(called, x, y, name, _stated(x, name, one), _stated(x, name, other))
            for name in sorted(names - self._consequences(x, y, one, other, names))
        ]

    def _cuts(self, x: Node, y: Node) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
        """How both regroup the values they read, where the same values are regrouped in other steps."""
        sides = ((self.a, x), (self.b, y))
        shapes = [[network.nodes[edge.source].shape for edge in node.inputs] for network, node in sides]
        if shapes[0] != shapes[1]:
            return None
        found = [regroupings(network, node) for network, node in sides]
        return (found[0], found[1]) if found[0] != found[1] else None

    def _consequences(self, x: Node, y: Node, one: dict[str, Any], other: dict[str, Any], names: set[str]) -> set[str]:
        """Changed attributes that follow from other changed ones."""
        follow = set()
        if "padding" in names and names & {"kernel", "dilation"} and _same_style(one, other):
            follow.add("padding")
        if "padding" in names and self._follow_same_rule(x, y, names):
            follow.add("padding")
        if names >= {"groups", "outputs"} and x.attributes["outputs"] == y.attributes["outputs"]:
            follow.add("outputs")
        if "part" in names and self._same_cut(x, y):
            follow.add("part")
        if "call" in names:
            follow.add("arguments")
        return follow

    def _follow_same_rule(self, x: Node, y: Node, names: set[str]) -> bool:
        """Whether both paddings are what the SAME rule gives for their own image size, stride and kernel."""
        sizes = [network.operand_shape(node.inputs[0])[1:] for network, node in ((self.a, x), (self.b, y))]
        if sizes[0] == sizes[1] and not names & {"kernel", "stride", "dilation"}:
            return False
        return all(_is_same_padding(node, size) for node, size in zip((x, y), sizes, strict=True))

    def _same_cut(self, x: Node, y: Node) -> bool:
        """Whether two slices take as many from either end, of however many there are (a class token, all others)."""
        ends = []
        for network, node in ((self.a, x), (self.b, y)):
            length, own = network.operand_shape(node.inputs[0])[node.attributes["axis"]], node.attributes
            ends.append([(own[side], length - own[side]) for side in ("start", "stop")])
        return all(one[0] == other[0] or one[1] == other[1] for one, other in zip(*ends, strict=True))

    def _called(self, x: Node, y: Node) -> str:
        names = {label(self.a, x), label(self.b, y)}
        return "convolution" if "convolution" in names else x.operator

    def _wiring(self, x: Node, y: Node) -> list[Difference]:
        read_a, read_b = _values_read(self.a, x), _values_read(self.b, y)
        ours = [self._resolved(self.a, source.number, self.to_b, {}) for source in read_a]
        # Values of b in b's own numbers: itself if it has a partner, else what it is made of.
        theirs = [self._resolved(self.b, source.number, self._own_b, {}) for source in read_b]
        if node_keeps_order(x):
            if len(ours) == len(theirs) and all(one & other for one, other in zip(ours, theirs, strict=True)):
                return []
            if len(ours) == len(theirs) and _matchable(ours, theirs):
                return [Rewired(x.operator, x, y, "order", _order(ours, theirs), _order(theirs, theirs))]
        elif _matchable(ours, theirs):
            return []
        met = all(any(one & other for other in theirs) for one in ours)
        if len(ours) != len(theirs) and met and set().union(*theirs) <= set().union(*ours):
            return []
        names_a, names_b = (tuple(source.name for source in read) for read in (read_a, read_b))
        return [Rewired(x.operator, x, y, "inputs", names_a, names_b)]

    def _resolved(self, network: Network, number: int, partner: dict[int, int], seen: dict[int, set[int]]) -> set[int]:
        """Partners of a value, looking through nodes that have none. The image is -1."""
        if number in seen:
            return seen[number]
        if number in partner:
            return {partner[number]}
        node = network.nodes[number]
        if node.is_leaf:
            return {-1} if node.dynamic else set()
        seen[number] = set()
        resolved: set[int] = set()
        for edge in node.inputs:
            if network.nodes[edge.source].dynamic:
                resolved |= self._resolved(network, edge.source, partner, seen)
        seen[number] = resolved
        return resolved

    def _one_sided(self) -> Iterator[OneSided]:
        sides = ((self.a, self.alignment.only_a, True), (self.b, self.alignment.only_b, False))
        for network, numbers, is_in_a in sides:
            for members in components(network, numbers):
                lead = leading(network, members)
                place_a, place_b = (lead, None) if is_in_a else (None, lead)
                yield OneSided(lead.operator, place_a, place_b, members, is_in_a)

    def mismatched(self) -> list[tuple[Node, Node, str]]:
        """Pairs whose stored tensors do not have one shape, with the role; such weights cannot be carried over."""
        mismatches = []
        for x, y in self.pairs():
            one, other = stored_shapes(self.a, x), stored_shapes(self.b, y)
            reshaped = is_on_whole_image(self.a, self.b, x, y)
            for role in one:
                if role not in other or (reshaped and prod(one[role]) == prod(other[role])):
                    continue
                if one[role] != other[role]:
                    mismatches.append((x, y, role))
                    break
        return mismatches


def _stated(node: Node, name: str, attributes: dict[str, Any]) -> Value:
    """An attribute's value; of an activation's slope that is left out, the default."""
    value = attributes.get(name)
    is_hard = node.operator == "activation" and str(node.attributes.get("kind")).startswith("hard_")
    return HARD_SLOPE if value is None and name in ("scale", "slope") and is_hard else value


def _values_read(network: Network, node: Node) -> list[Node]:
    """The nodes whose values a node reads, without stored tensors and constants."""
    return [source for edge in node.inputs if (source := network.nodes[edge.source]).dynamic]


def components(network: Network, numbers: Iterable[int]) -> list[tuple[Node, ...]]:
    """Nodes without partner in groups that hang together."""
    left = set(numbers)
    groups = []
    for number in sorted(left):
        if number not in left:
            continue
        group, waiting = set(), [number]
        while waiting:
            one = waiting.pop()
            if one not in left:
                continue
            left.remove(one)
            group.add(one)
            waiting += [edge.source for edge in network.nodes[one].inputs]
            waiting += [consumer.number for consumer in network.consumers[one]]
        groups.append(tuple(network.nodes[n] for n in sorted(group)))
    return groups


def leading(network: Network, members: tuple[Node, ...]) -> Node:
    """The node that names a group: its first with weights, else its first."""
    return next((node for node in members if stored_shapes(network, node)), members[0])


def operator_names(members: tuple[Node, ...]) -> tuple[str, ...]:
    """What a part is made of; activations and functions by their kind."""
    return tuple(str(node.attributes.get("kind", node.operator)) for node in members)


def _same_style(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether both paddings follow from their kernels by one rule."""
    return bool(_style(one) == _style(other))


def _is_same_padding(node: Node, sizes: tuple[int, ...]) -> bool:
    own = node.attributes
    if "padding" not in own:  # a kernel of one element
        return True
    if len(sizes) != len(own["kernel"]):
        return False
    dilation = own.get("dilation", (1,) * len(sizes))
    expected = same(sizes, own["kernel"], own["stride"], dilation)
    return [list(pair) for pair in own["padding"]] == expected


def _style(own: dict[str, Any]) -> Any:
    if "padding" not in own or len(own["padding"]) != len(own.get("kernel", ())):
        return None
    reach = [(k - 1) * d for k, d in zip(own["kernel"], own.get("dilation", (1,) * 9), strict=False)]
    return tuple(
        (before - r // 2, after - (r - r // 2)) for (before, after), r in zip(own["padding"], reach, strict=True)
    )


def _matchable(ours: list[set[Any]], theirs: list[set[Any]]) -> bool:
    """Whether operands can be paired one to one in some order."""
    if len(ours) != len(theirs):
        return False
    left = list(theirs)
    for one in ours:
        match = next((other for other in left if one & other), None)
        if match is None:
            return False
        left.remove(match)
    return True


def _order(ours: list[set[Any]], theirs: list[set[Any]]) -> tuple[int, ...]:
    """Which of the other's operands each of ours is, from 0."""
    return tuple(next(place for place, other in enumerate(theirs) if one & other) for one in ours)
