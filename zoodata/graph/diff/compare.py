"""Raw differences of two aligned networks: attributes of pairs, nodes without partner, wiring."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from zoodata.graph.canonical.pooling import same
from zoodata.graph.diff.align import Alignment, align, node_keeps_order
from zoodata.graph.diff.features import features, label, stored_shapes
from zoodata.graph.digest import text
from zoodata.graph.network import Network, Node


@dataclass
class Difference:
    """One thing at one place."""

    kind: str
    """changed, replaced, removed, inserted, rewired, moved, reordered, preprocessing, input"""
    operator: str
    attribute: str | None
    a: Any
    b: Any
    node_a: Node | None
    node_b: Node | None
    severity: str = "parametric"
    why: str = ""
    """What makes it harmless, or what follows from it."""
    members_a: tuple[Node, ...] = ()
    members_b: tuple[Node, ...] = ()
    extra: dict[str, Any] = field(default_factory=dict)


class Comparison:
    """Two networks side by side."""

    def __init__(self, a: Network, b: Network) -> None:
        self.a, self.b = a, b
        self.alignment: Alignment = align(a, b)
        self.to_b = dict(self.alignment.pairs)
        self.to_a = {y: x for x, y in self.alignment.pairs}

    def pairs(self) -> Iterable[tuple[Node, Node]]:
        """Aligned nodes in order."""
        return ((self.a.nodes[i], self.b.nodes[j]) for i, j in self.alignment.pairs)

    def raw(self) -> list[Difference]:
        """Every difference, none of them weighed yet."""
        found = []
        for x, y in self.pairs():
            found += self._attributes(x, y)
            found += self._wiring(x, y)
        found += self._alone()
        return found

    def _attributes(self, x: Node, y: Node) -> list[Difference]:
        one, other = features(self.a, x), features(self.b, y)
        if x.operator != y.operator and {x.operator, y.operator} != {"linear", "convolution"}:
            return [Difference("replaced", x.operator, None, _label(x), _label(y), x, y)]
        found = []
        for name in sorted({*one, *other}):
            if text(one.get(name)) != text(other.get(name)):
                found.append(Difference("changed", self._called(x, y), name, one.get(name), other.get(name), x, y))
        names = {difference.attribute for difference in found}
        if "padding" in names and names & {"kernel", "dilation"} and _same_style(one, other):
            found = [difference for difference in found if difference.attribute != "padding"]
        if "padding" in names and self._follow_same_rule(x, y, names):
            found = [difference for difference in found if difference.attribute != "padding"]
        if names >= {"groups", "outputs"} and x.attributes["outputs"] == y.attributes["outputs"]:
            found = [difference for difference in found if difference.attribute != "outputs"]
        if "part" in names and self._same_cut(x, y):
            found = [difference for difference in found if difference.attribute != "part"]
        if "call" in names:
            found = [difference for difference in found if difference.attribute != "arguments"]
        return found

    def _follow_same_rule(self, x: Node, y: Node, names: set[Any]) -> bool:
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
        theirs = [self._resolved(self.b, source.number, {n: n for n in self.to_a}, {}) for source in read_b]
        if node_keeps_order(x):
            if len(ours) == len(theirs) and all(one & other for one, other in zip(ours, theirs, strict=True)):
                return []
            if len(ours) == len(theirs) and _matchable(ours, theirs):
                return [Difference("rewired", x.operator, "order", _order(ours, theirs), _order(theirs, theirs), x, y)]
        elif _matchable(ours, theirs):
            return []
        met = all(any(one & other for other in theirs) for one in ours)
        if len(ours) != len(theirs) and met and set().union(*theirs) <= set().union(*ours):
            return []
        names_a, names_b = (", ".join(source.name for source in read) for read in (read_a, read_b))
        return [Difference("rewired", x.operator, "inputs", names_a, names_b, x, y)]

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
        found: set[int] = set()
        for edge in node.inputs:
            if network.nodes[edge.source].dynamic:
                found |= self._resolved(network, edge.source, partner, seen)
        seen[number] = found
        return found

    def _alone(self) -> list[Difference]:
        found = []
        for network, numbers, kind in (
            (self.a, self.alignment.only_a, "removed"),
            (self.b, self.alignment.only_b, "inserted"),
        ):
            for members in components(network, numbers):
                lead = leading(network, members)
                label = _called(members)
                if kind == "removed":
                    found.append(Difference(kind, lead.operator, None, label, None, lead, None, members_a=members))
                else:
                    found.append(Difference(kind, lead.operator, None, None, label, None, lead, members_b=members))
        return found

    def mismatched(self) -> list[tuple[Node, Node, str]]:
        """Pairs whose stored tensors do not have one shape, with the role; such weights cannot be carried over."""
        found = []
        for x, y in self.pairs():
            one, other = stored_shapes(self.a, x), stored_shapes(self.b, y)
            for role in one:
                if role in other and one[role] != other[role]:
                    found.append((x, y, role))
                    break
        return found


def _values_read(network: Network, node: Node) -> list[Node]:
    """The nodes whose values a node reads, stored tensors and constants apart."""
    return [source for edge in node.inputs if (source := network.nodes[edge.source]).dynamic]


def components(network: Network, numbers: Iterable[int]) -> list[tuple[Node, ...]]:
    """Nodes without partner in groups that hang together."""
    left = set(numbers)
    found = []
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
        found.append(tuple(network.nodes[n] for n in sorted(group)))
    return found


def leading(network: Network, members: tuple[Node, ...]) -> Node:
    """The node that names a group: its first with weights, else its first."""
    return next((node for node in members if stored_shapes(network, node)), members[0])


def _called(members: tuple[Node, ...]) -> str:
    """A part by what it is made of, its first dozen nodes."""
    words = [_label(node) for node in members]
    return ", ".join(words[:12]) + (f" and {len(words) - 12} more" if len(words) > 12 else "")


def _label(node: Node) -> str:
    return str(node.attributes.get("kind", node.operator))


def _same_style(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether both paddings follow from their kernels by one rule."""
    return _style(one) == _style(other)


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
