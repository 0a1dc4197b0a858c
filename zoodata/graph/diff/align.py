"""Which node of one network is which of the other: global alignment of two operation sequences.

Both networks stand in canonical order, so corresponding nodes come in the same order. Needleman and Wunsch's
dynamic programme finds the pairing with the highest total similarity. A node whose whole upstream or whole
downstream equals its counterpart's scores high, which pins everything around a local change.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from zoodata.graph.diff.features import family, features, signature
from zoodata.graph.network import Network, Node

GAP = 6
"""Cost of leaving a node without partner; two of them are dearer than a pair that differs in attributes."""
FAMILY, OPERATOR, EXACT, OUTPUTS, UPSTREAM, DOWNSTREAM = 2, 2, 4, 2, 6, 6
IMPOSSIBLE = -10_000

Ints = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Alignment:
    """Pairs of node numbers in order, and what has no partner."""

    pairs: tuple[tuple[int, int], ...]
    only_a: tuple[int, ...]
    only_b: tuple[int, ...]


class _Marks:
    """One network's operations as columns of small numbers that can be compared wholesale."""

    def __init__(self, network: Network, words: dict[str, int]) -> None:
        self.nodes = [node for node in network.nodes if not node.is_leaf]

        def column(values: Sequence[str]) -> Ints:
            return np.array([words.setdefault(value, len(words)) for value in values], dtype=np.int32)

        own = {node.number: features(network, node) for node in self.nodes}
        exact = {n.number: f"{n.operator}({signature(own[n.number])})" for n in self.nodes}
        up, down = _upstream(network, exact), _downstream(network, exact)
        self._network, self._exact = network, exact
        self.columns = {
            FAMILIES: column([f"f:{family(n)}" for n in self.nodes]),
            "operator": column([f"o:{n.operator}" for n in self.nodes]),
            "exact": column([f"e:{exact[n.number]}" for n in self.nodes]),
            "outputs": column([f"w:{own[n.number].get('outputs', n.shape[:1])}" for n in self.nodes]),
            "up": column([f"u:{up[n.number]}" for n in self.nodes]),
            "down": column([f"d:{down[n.number]}" for n in self.nodes]),
        }

    def by_content(self) -> _Marks:
        """The same with branches in an order of their contents."""
        other = copy.copy(self)
        other.nodes = _ordered_by_content(self._network, _upstream(self._network, self._exact, ordered=False))
        places = {node.number: place for place, node in enumerate(self.nodes)}
        order = [places[node.number] for node in other.nodes]
        other.columns = {name: column[order] for name, column in self.columns.items()}
        return other


FAMILIES = "family"


def align(a: Network, b: Network) -> Alignment:
    """Pair the operations of two networks.

    Branches that are concatenated or added are taken in the order in which they are, and, unless that leaves nothing
    to explain, once more in an order of their contents, for the case that only their order differs.
    """
    words: dict[str, int] = {}
    left, right = _Marks(a, words), _Marks(b, words)
    alignment, score = _aligned(left, right)
    if score < 1.0 and any(_joins(node) for node in a.nodes):
        other, better = _aligned(left.by_content(), right.by_content())
        if better > score:
            return other
    return alignment


def _joins(node: Node) -> bool:
    """Whether branches end in a node."""
    return node.operator == "concatenate" or (node.operator == "add" and len(node.inputs) > 1)


def _branches(network: Network, node: Node) -> list[int]:
    """What ends in a node, in its order; of a sum of sums all that is summed, however the brackets stand. A sum that is
    summed further has only what it reads itself: the whole is asked for at its end."""
    summed, waiting = [], [edge.source for edge in reversed(node.inputs)]
    is_end = node.operator == "add" and not _is_part(network, node)
    while waiting:
        source = network.nodes[waiting.pop()]
        if is_end and _is_part(network, source):
            waiting.extend(edge.source for edge in reversed(source.inputs))
        else:
            summed.append(source.number)
    return summed


def _is_part(network: Network, node: Node) -> bool:
    """Whether a node is a sum that another sum takes in once, as it is, and nothing else reads."""
    if node.operator != "add" or not _joins(node) or len(network.consumers[node.number]) != 1:
        return False
    reader = network.consumers[node.number][0]
    seen = [edge.axes for edge in reader.inputs if edge.source == node.number]
    return reader.operator == "add" and _joins(reader) and seen == [None]


def _aligned(left: _Marks, right: _Marks) -> tuple[Alignment, float]:
    """An alignment, and which part of all nodes has a partner that equals it."""
    first, last_a, last_b = _common_ends(left, right)
    rows = slice(first, last_a)
    columns = slice(first, last_b)
    pairs = [(n, n) for n in range(first)]
    pairs += [(i + first, j + first) for i, j in _best(left, right, rows, columns)]
    pairs += [(last_a + k, last_b + k) for k in range(len(left.nodes) - last_a)]
    taken_a, taken_b = {i for i, _ in pairs}, {j for _, j in pairs}
    equal = sum(1 for i, j in pairs if left.columns["exact"][i] == right.columns["exact"][j])
    alignment = Alignment(
        tuple((left.nodes[i].number, right.nodes[j].number) for i, j in pairs),
        tuple(node.number for i, node in enumerate(left.nodes) if i not in taken_a),
        tuple(node.number for j, node in enumerate(right.nodes) if j not in taken_b),
    )
    return alignment, equal / max(len(left.nodes), len(right.nodes), 1)


def _common_ends(left: _Marks, right: _Marks) -> tuple[int, int, int]:
    """Length of the common beginning, and where the common end starts on each side."""
    up_a, up_b = left.columns["up"], right.columns["up"]
    shared = min(len(up_a), len(up_b))
    differ = np.flatnonzero(up_a[:shared] != up_b[:shared])
    first = int(differ[0]) if len(differ) else shared
    down_a, down_b = left.columns["down"][::-1], right.columns["down"][::-1]
    shared = min(len(down_a), len(down_b)) - first
    differ = np.flatnonzero(down_a[:shared] != down_b[:shared])
    length = int(differ[0]) if len(differ) else max(shared, 0)
    return first, len(up_a) - length, len(up_b) - length


def _best(left: _Marks, right: _Marks, rows: slice, columns: slice) -> list[tuple[int, int]]:
    a = {name: column[rows] for name, column in left.columns.items()}
    b = {name: column[columns] for name, column in right.columns.items()}
    n, m = len(a["up"]), len(b["up"])
    if not n or not m:
        return []
    similar = _similarity(a, b)
    steps = np.arange(m + 1, dtype=np.int32) * GAP
    score = np.empty((n + 1, m + 1), dtype=np.int32)
    score[0] = -steps
    for i in range(1, n + 1):
        row = score[i]
        row[0] = -GAP * i
        np.maximum(score[i - 1, 1:] - GAP, score[i - 1, :-1] + similar[i - 1], out=row[1:])
        row += steps
        np.maximum.accumulate(row, out=row)
        row -= steps
    return _trace(score, similar)


def _similarity(a: dict[str, Ints], b: dict[str, Ints]) -> npt.NDArray[np.int16]:
    """Of each operation of a with each of b: shape (operations of a, operations of b)."""

    def same(name: str) -> npt.NDArray[np.bool_]:
        return np.equal(a[name][:, None], b[name][None, :])

    total = np.where(same(FAMILIES), np.int16(FAMILY), np.int16(IMPOSSIBLE))
    for name, weight in (
        ("operator", OPERATOR), ("exact", EXACT), ("outputs", OUTPUTS), ("up", UPSTREAM), ("down", DOWNSTREAM),
    ):  # fmt: skip
        total += same(name) * np.int16(weight)
    return total


def _trace(score: npt.NDArray[np.int32], similar: npt.NDArray[np.int16]) -> list[tuple[int, int]]:
    i, j = score.shape[0] - 1, score.shape[1] - 1
    pairs = []
    while i and j:
        if score[i, j] == score[i - 1, j - 1] + similar[i - 1, j - 1]:
            pairs.append((i - 1, j - 1))
            i, j = i - 1, j - 1
        elif score[i, j] == score[i - 1, j] - GAP:
            i -= 1
        else:
            j -= 1
    return pairs[::-1]


def _ordered_by_content(network: Network, up: dict[int, str]) -> list[Node]:
    """The operations, those before a concatenation or a sum in an order that does not depend on its own."""
    in_order: dict[int, Node] = {}
    waiting: list[tuple[int, bool]] = [(network.output, False)]
    while waiting:
        number, ready = waiting.pop()
        node = network.nodes[number]
        if number in in_order:
            continue
        if ready:
            in_order[number] = node
            continue
        waiting.append((number, True))
        sources = [edge.source for edge in node.inputs]
        if _joins(node):
            sources.sort(key=up.__getitem__)
            sources = [*sorted(_branches(network, node), key=up.__getitem__), *sources]
        waiting.extend((source, False) for source in sources[::-1] if source not in in_order)
    return [node for node in in_order.values() if not node.is_leaf]


def _hash(words: Sequence[str]) -> str:
    return hashlib.blake2b("|".join(words).encode(), digest_size=8).hexdigest()


def _upstream(network: Network, exact: dict[int, str], ordered: bool = True) -> dict[int, str]:
    """A mark of each node with everything that leads to it; ``ordered``: the order of what is joined too."""
    hashes: dict[int, str] = {}
    for node in network.nodes:
        if not ordered and _joins(node):
            before = sorted(hashes[source] for source in _branches(network, node))
        else:
            before = [hashes[edge.source] for edge in node.inputs]
        hashes[node.number] = _hash([exact.get(node.number, node.operator), *before])
    return hashes


def _downstream(network: Network, exact: dict[int, str]) -> dict[int, str]:
    """A mark of each node with everything that follows from it."""
    hashes: dict[int, str] = {}
    for node in reversed(network.nodes):
        after = sorted(
            f"{edge.role}{position if node_keeps_order(consumer) else ''}:{hashes[consumer.number]}"
            for consumer in network.consumers[node.number]
            for position, edge in enumerate(consumer.inputs)
            if edge.source == node.number
        )
        hashes[node.number] = _hash([exact.get(node.number, node.operator), *after])
    return hashes


def node_keeps_order(node: Node) -> bool:
    """Whether the order of its operands is part of what it computes."""
    return node.operator not in ("add", "multiply", "maximum", "minimum")
