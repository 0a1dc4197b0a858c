"""One network's tensors in the places of another's: through the alignment, role by role, in the canonical shapes.

What the diff called benign is carried over exactly: a bias moves into the batch norm's mean, a folded batch norm is
folded, a product and sum become a batch norm, a missing scale is one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from zoodata.graph import embedded, view
from zoodata.graph.diff.compare import Comparison
from zoodata.graph.diff.features import is_affine, is_on_whole_image, last_layer, passes_constants
from zoodata.graph.executor import look, stored_part, stored_value
from zoodata.graph.network import LAYERS, PARAMETER, Edge, Network, Node

NO_CLASS = -1e4
"""The bias of a score that stands for no class."""

NEUTRAL = {"scale": 1.0, "shift": 0.0, "bias": 0.0}

Array = npt.NDArray[Any]


def carried(comparison: Comparison, weights: dict[str, Array]) -> tuple[dict[str, Array] | None, tuple[str, ...]]:
    """The tensors of a in the places of b, or None with the layers that they do not fit."""
    carry = Carry(comparison, weights)
    try:
        return carry.all(), ()
    except DoesNotFit:
        return None, tuple(carry.misfits)


class DoesNotFit(Exception):
    """Some of b's tensors have none in a, or one of another shape."""


@dataclass
class Carry:
    """The tensors of a, in the places of b."""

    comparison: Comparison
    weights: dict[str, Array]
    absorbed: set[int] = field(default_factory=set)
    """Nodes of b that take part in another's work: their own values may differ."""
    misfits: list[str] = field(default_factory=list)
    taken: set[int] = field(default_factory=set)
    """Nodes of a without counterpart whose tensors another node of b has taken into its own."""
    one_way: bool = False
    """Whether a tensor of b was filled with what changes nothing, for want of one in a."""
    classes: int | None = None
    """How many scores to compare: those of the classes that both heads have, where they have not the same."""
    offsets: tuple[int, int] = (0, 0)
    """Scores of a and of b that stand before the first class."""
    folds: bool = False
    """Whether stored statistics take up another epsilon: for use; a proof must show the difference."""
    _left: dict[int, Array | float] = field(default_factory=dict)

    def all(self) -> dict[str, Array]:
        """Every stored tensor that b reads.

        Raises:
            DoesNotFit: with the layers in ``misfits``.
        """
        c = self.comparison
        shapes = {parameter.name: parameter.shape for parameter in c.b.parameters}
        tensors: dict[str, Array] = {}
        for y in c.b.nodes:
            wanted = {role: edge for role, edge in y.operands.items() if c.b.nodes[edge.source].operator == PARAMETER}
            if not wanted:
                continue
            place = c.to_a.get(y.number, c.elsewhere.get(y.number))
            x = None if place is None else c.a.nodes[place]
            values = self._of(x, y)
            for role, edge in wanted.items():
                shape = tuple(size for size in c.b.operand_shape(edge) if size != 1)
                value = values.get(role)
                if value is None and y.number in c.head_b:  # nothing of it is compared
                    value = np.zeros(shape)
                if value is None and role in NEUTRAL:
                    value = np.full(shape, NEUTRAL[role])
                    self.one_way = True
                if value is not None and x is not None and is_on_whole_image(c.a, c.b, x, y):
                    value = value.reshape(c.b.operand_shape(edge)) if value.size == prod(shape) else value
                if value is not None and x is last_layer(c.a) and y is last_layer(c.b):
                    value = self._classes(value, c.b.operand_shape(edge))
                if value is None or tuple(size for size in value.shape if size != 1) != shape:
                    self.misfits.append(self._misfit(x, y, value, shape))
                    break
                _put(tensors, c.b.nodes[edge.source], edge, value.reshape(c.b.operand_shape(edge)), shapes)
        left_out = {node.number for node in embedded.preprocessing(c.a)}
        for x in c.a.nodes:
            stored = any(c.a.nodes[edge.source].operator == PARAMETER for edge in x.inputs)
            carried = c.to_b.keys() | c.elsewhere.values() | self.taken
            if stored and x.number not in carried | left_out | c.head_a:
                self.misfits.append(f"{x.name}: no counterpart in b")
        if self.misfits:
            raise DoesNotFit
        return tensors

    def _classes(self, value: Array, shape: tuple[int, ...]) -> Array:
        """The head's tensor for as many classes as b has: those that both have, and nothing for the others."""
        own, other = self.offsets
        is_same = value.shape == shape and own == other
        if len(value.shape) != len(shape) or value.shape[1:] != shape[1:] or is_same:
            return value
        self.classes = min(value.shape[0] - own, shape[0] - other)
        # What stands for no class of a must never be b's answer, where scores are to be used.
        filled = np.full(shape, NO_CLASS if self.folds and len(shape) == 1 else 0.0, dtype=value.dtype)
        filled[other : other + self.classes] = value[own : own + self.classes]
        return filled

    def _misfit(self, x: Node | None, y: Node, value: Array | None, shape: tuple[int, ...]) -> str:
        if x is None:
            return f"{y.name}: no counterpart in a"
        have = "nothing" if value is None else "x".join(map(str, value.shape))
        return f"{x.name} | {y.name}: {have} against {'x'.join(map(str, shape))}"

    def _of(self, x: Node | None, y: Node) -> dict[str, Array]:
        """Operands by role that y should have."""
        if x is None:
            return self._for_lone(y)
        values = _operands(self.comparison.a, x, self.weights)
        if y.operator == "batch_norm" and x.operator == "batch_norm":
            return self._batch_norm(x, y, values)
        if y.operator in LAYERS and y.edge("bias") is not None:
            return self._with_folded(x, y, values)
        if y.operator in LAYERS and "bias" in values:
            self.absorbed.add(y.number)
        return values

    def _batch_norm(self, x: Node, y: Node, values: dict[str, Array]) -> dict[str, Array]:
        """Batch norm, with what the layer before it and the product and sum after it have over b's."""
        c, epsilon = self.comparison, x.attributes["epsilon"]
        values["mean"] = values["mean"] - self._without_place(c.a.nodes[x.inputs[0].source])
        scale, shift = values.get("scale"), values.get("shift")
        for node in self._trailing(x):
            self.absorbed.add(y.number)
            self.taken.add(node.number)
            vector = next(iter(_operands(c.a, node, self.weights).values())).ravel()
            if node.operator == "multiply":
                scale = vector if scale is None else scale * vector
                shift = None if shift is None else shift * vector
            else:
                shift = vector if shift is None else shift + vector
        if scale is not None and y.edge("scale") is None:
            # scale / sqrt(v + e) = 1 / sqrt(v' + e'): the stored statistics take it.
            deviation = np.sqrt(values["variance"] + epsilon) / scale
            values["variance"], scale = deviation**2 - y.attributes["epsilon"], None
            epsilon = y.attributes["epsilon"]
        if shift is not None and y.edge("shift") is None:
            gain = (1.0 if scale is None else scale) / np.sqrt(values["variance"] + epsilon)
            values["mean"], shift = values["mean"] - shift / gain, None
        if self.folds and epsilon != y.attributes["epsilon"]:
            scale = self._other_epsilon(y, values, epsilon, scale)
        kept = {"mean": values["mean"], "variance": values["variance"]}
        return kept | {role: v for role, v in (("scale", scale), ("shift", shift)) if v is not None}

    @staticmethod
    def _other_epsilon(y: Node, values: dict[str, Array], epsilon: float, scale: Array | None) -> Array | None:
        """Have the stored variance, and where that would be negative the scale, take up the difference."""
        own = values["variance"] + epsilon
        values["variance"] = np.maximum(own - y.attributes["epsilon"], 0.0)
        left = np.sqrt((values["variance"] + y.attributes["epsilon"]) / own)
        if np.all(left == 1.0):
            return scale
        return np.asarray(left if scale is None else scale * left)

    def _without_place(self, x: Node) -> Array | float:
        """What the biases that b has no place for add to a value of a, per channel: the next batch norm takes it."""
        if x.number not in self._left:
            self._left[x.number] = 0.0
            y = self.comparison.to_b.get(x.number)
            if x.operator in LAYERS and y is not None and self.comparison.b.nodes[y].edge("bias") is None:
                self._left[x.number] = _operands(self.comparison.a, x, self.weights).get("bias", 0.0)
            elif passes_constants(x):
                self._left[x.number] = sum(self._without_place(self.comparison.a.nodes[e.source]) for e in x.inputs)
            if y is not None and np.any(self._left[x.number]):
                self.absorbed.add(y)
        return self._left[x.number]

    def _trailing(self, x: Node) -> list[Node]:
        """Per-channel products and sums after a node of a that b has no counterpart of."""
        c, state = self.comparison, []
        node = x
        while len(c.a.consumers[node.number]) == 1:
            node = c.a.consumers[node.number][0]
            plain = node.operator in ("multiply", "add") and "scalar" not in node.attributes
            if node.number in c.to_b or not plain or c.a.nodes[node.inputs[1].source].operator != PARAMETER:
                break
            state.append(node)
        return state

    def _with_folded(self, x: Node, y: Node, values: dict[str, Array]) -> dict[str, Array]:
        """A layer of b with a bias, where a has a batch norm after the layer instead."""
        norms = self._chain(x)
        if not norms or any(node.operator != "batch_norm" for node in norms):
            return values
        gain, offset = self._gain_and_offset(norms)
        self.taken |= {node.number for node in norms}
        weight = values["weight"]
        values["weight"] = weight * gain.reshape(-1, *[1] * (weight.ndim - 1))
        values["bias"] = offset + gain * values.get("bias", 0.0)
        self.absorbed.add(y.number)
        return values

    def _for_lone(self, y: Node) -> dict[str, Array]:
        """What a node that only b has must hold to change nothing: a batch norm, a product or a sum."""
        c = self.comparison
        shapes = {edge.role: c.b.operand_shape(edge) for edge in y.inputs}
        if (affine := self._lone_affine(y)) is not None:
            return affine
        if y.operator == "batch_norm":
            source = c.b.nodes[y.inputs[0].source]
            self.absorbed.add(source.number)
            near = {"mean": 0.0, "variance": 1.0 - y.attributes["epsilon"], "scale": 1.0, "shift": 0.0}
            tensors = {role: np.full(shapes[role], near[role]) for role in shapes if role in near}
            if source.number in c.to_a and source.edge("bias") is None:
                bias = _operands(c.a, c.a.nodes[c.to_a[source.number]], self.weights).get("bias")
                if bias is not None:  # the gain is one, so the mean can carry it as well as the shift
                    tensors["mean"] = tensors["mean"] - bias
            return tensors
        vector = c.b.nodes[y.inputs[1].source] if len(y.inputs) == 2 else None
        if y.operator in ("multiply", "add") and vector is not None and len(vector.shape) == 1:
            return {"other": np.full(shapes["other"], 1.0 if y.operator == "multiply" else 0.0)}
        return {}

    def _lone_affine(self, y: Node) -> dict[str, Array] | None:
        """What a batch norm, product or sum that only b has must hold, where a has others of these in its place."""
        c = self.comparison
        first, before = y, c.b.nodes[y.inputs[0].source]
        while before.number not in c.to_a and is_affine(c.b, before):
            first, before = before, c.b.nodes[before.inputs[0].source]
        if before.number not in c.to_a or not is_affine(c.b, y):
            return None
        chain = self._chain(c.a.nodes[c.to_a[before.number]])
        if not chain:
            return None
        gain, offset = self._gain_and_offset(chain)
        self.taken |= {node.number for node in chain}
        self.absorbed |= {first.number, y.number}
        if y.operator == "batch_norm":
            return self._as_batch_norm(y, gain, offset)
        role = y.inputs[1].role
        if y.operator == "multiply":
            return {role: gain if first is y else np.ones_like(gain)}
        return {role: offset}

    @staticmethod
    def _as_batch_norm(y: Node, gain: Array, offset: Array) -> dict[str, Array]:
        """What a batch norm must hold to multiply by a gain and add an offset; nothing where it cannot."""
        has_scale, has_shift = (y.edge(role) is not None for role in ("scale", "shift"))
        if not has_scale and (gain <= 0).any():  # a deviation has no sign
            return {}
        deviation = np.ones_like(gain) if has_scale else 1 / gain
        held = {"mean": np.zeros_like(gain) if has_shift else -offset / gain}
        held["variance"] = deviation**2 - y.attributes["epsilon"]
        return held | ({"scale": gain} if has_scale else {}) | ({"shift": offset} if has_shift else {})

    def _chain(self, x: Node) -> list[Node]:
        """Batch norms, products and sums by stored vectors that follow a node of a and have no counterpart in b."""
        c, chain = self.comparison, []
        while len(c.a.consumers[x.number]) == 1:
            x = c.a.consumers[x.number][0]
            if x.number in c.to_b or not is_affine(c.a, x):
                break
            chain.append(x)
        return chain

    def _gain_and_offset(self, chain: Sequence[Node]) -> tuple[Array, Array]:
        """What a chain multiplies each channel by and then adds to it."""
        gain, offset = np.ones(1), np.zeros(1)
        for node in chain:
            own = _operands(self.comparison.a, node, self.weights)
            if node.operator == "batch_norm":
                times = own.get("scale", 1.0) / np.sqrt(own["variance"] + node.attributes["epsilon"])
                gain, offset = gain * times, offset * times + own.get("shift", 0.0) - own["mean"] * times
            else:
                vector = next(iter(own.values())).ravel()
                gain = gain * vector if node.operator == "multiply" else gain
                offset = offset * vector if node.operator == "multiply" else offset + vector
        return tuple(np.broadcast_arrays(gain, offset))  # type: ignore[return-value]


def _operands(network: Network, node: Node, weights: dict[str, Array]) -> dict[str, Array]:
    """A node's stored operands by role, as the node sees them."""
    operands = {}
    for role, edge in node.operands.items():
        source = network.nodes[edge.source]
        if source.operator == PARAMETER:
            stored = {name: torch.from_numpy(np.asarray(weights[name], dtype=np.float64)) for name in source.stored}
            tensor = stored_value(source, stored)
            operands[role] = (tensor if edge.axes is None else look(tensor, edge.axes)).numpy()
    return operands


def _put(tensors: dict[str, Array], leaf: Node, edge: Edge, value: Array, shapes: dict[str, tuple[int, ...]]) -> None:
    """Write an operand back into the tensor it is a view of, or into those that are joined in it."""
    for name in leaf.stored:
        if name not in tensors:
            tensors[name] = np.zeros(shapes[name])
    joined = leaf.joined
    if joined is None:
        part = stored_part(leaf, torch.from_numpy(tensors[leaf.attributes["parameter"]]))
    else:
        part = torch.zeros(leaf.shape, dtype=torch.float64)
    how = view.steps(view.identity(leaf.shape) if edge.axes is None else edge.axes, part.dim())
    whole = torch.from_numpy(np.ascontiguousarray(value)).reshape(how.full)
    for axis, size in enumerate(how.slots):
        whole = whole.narrow(axis, 0, size)  # of what is repeated, once
    place = part.reshape(how.cut).permute(how.order)  # shares memory with the tensor: only cuts and reorders it
    place.copy_(whole.reshape(place.shape))
    if joined is not None:
        for name, piece in zip(joined.names, np.split(part.numpy(), len(joined.names), joined.axis), strict=True):
            tensors[name] = np.ascontiguousarray(piece).reshape(shapes[name])
