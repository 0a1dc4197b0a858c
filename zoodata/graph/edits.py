"""Small changes to a network that a checkpoint may have been trained with instead: one at a time, each named.

A network that was written again from memory mostly runs with the weights of the other, and is worse: another slope,
another epsilon, the padding on the other side. Each such change
is data here; :mod:`zoodata.measure.diagnosis` tries them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from zoodata.graph.network import CONVOLUTION, LAYERS, Network, Node
from zoodata.graph.shapes import at_size

Array = npt.NDArray[Any]

EditCode = Literal[
    "activation",  # another activation function, everywhere where the network has this one
    "epsilon",  # another number beside the variance
    "padding",  # the padding of strided layers on other sides
    "pooling",  # windows that hang over the edge, or padding that counts or does not
    "statistics",  # deviations stored where variances are read, or the other way round
    "bias",  # biases that are there and should not be
    "attention_scale",  # another factor before the softmax of an attention
]

ACTIVATIONS: tuple[tuple[str, Mapping[str, float]], ...] = (
    ("relu", {}), ("relu6", {}), ("leaky_relu", {"slope": 0.01}), ("leaky_relu", {"slope": 0.1}),
    ("leaky_relu", {"slope": 0.2}), ("silu", {}), ("hard_swish", {}), ("gelu", {}), ("gelu_tanh", {}), ("elu", {}),
    ("mish", {}),
)  # fmt: skip
"""Those that stand between layers. Gates (sigmoid) have their own."""
GATES: tuple[tuple[str, Mapping[str, float]], ...] = (("sigmoid", {}), ("hard_sigmoid", {}))
EPSILONS = {
    "batch_norm": (1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7),
    "layer_norm": (1e-3, 1e-5, 1e-6, 1e-12),
}
"""What zoos put beside a variance."""
NEAR = 2.0
"""Epsilons that are less than this many times one another are one."""


@dataclass(frozen=True)
class Edit:
    """One change: what it is, and the network and weights that it makes."""

    code: EditCode
    was: str
    becomes: str
    places: int
    """How many nodes or tensors it changes."""
    network: Network = field(repr=False, compare=False)
    weights: Mapping[str, Array] = field(repr=False, compare=False)


def edits(network: Network, weights: Mapping[str, Array]) -> Iterator[Edit]:
    """Every edit that can be made of a network and its weights."""
    for source in (_activations, _epsilons, _paddings, _poolings, _attention_scales):
        for code, was, becomes, change in source(network):
            changed, places = _changed(network, change)
            if changed is not None and places:
                yield Edit(code, was, becomes, places, changed, weights)
    yield from _weight_edits(network, weights)


Change = Callable[[Node], Mapping[str, Any] | None]
"""A node to its new attributes; None where it stays."""
NamedChange = tuple[EditCode, str, str, Change]
"""Its code, what the network has, what it becomes, and the change itself."""


def _changed(network: Network, change: Change) -> tuple[Network | None, int]:
    """The network with other attributes and the shapes that follow; None where no shapes fit."""
    nodes, places = [], 0
    for node in network.nodes:
        attributes = change(node)
        if attributes is not None and dict(attributes) != dict(node.attributes):
            node, places = replace(node, attributes=attributes), places + 1
        nodes.append(node)
    edited = replace(network, nodes=tuple(nodes))
    _, height, width = network.input_shape
    return (at_size(edited, height, width) or None, places) if places else (None, 0)


def _activations(network: Network) -> Iterator[NamedChange]:
    found = {_activation(node): node for node in network.nodes if node.operator == "activation" and node.dynamic}
    for own, node in found.items():
        family = next((f for f in (ACTIVATIONS, GATES) if node.attributes["kind"] in {kind for kind, _ in f}), ())
        for kind, parameters in family:
            other = {"kind": kind, **parameters}
            if _words(other) == own:
                continue

            def change(node: Node, own: str = own, other: Mapping[str, Any] = other) -> Mapping[str, Any] | None:
                return other if node.operator == "activation" and _activation(node) == own else None

            yield "activation", own, _words(other), change


def _activation(node: Node) -> str:
    kept = {key: value for key, value in node.attributes.items() if key in ("kind", "slope", "low", "high")}
    return _words(kept)


def _words(attributes: Mapping[str, Any]) -> str:
    slope = f" of slope {attributes['slope']:g}" if isinstance(attributes.get("slope"), float) else ""
    limits = f" from {attributes['low']:g} to {attributes['high']:g}" if "low" in attributes else ""
    return f"{attributes['kind'].replace('_', ' ')}{slope}{limits}"


def _epsilons(network: Network) -> Iterator[NamedChange]:
    found = {
        (node.operator, node.attributes["epsilon"]) for node in network.nodes if node.operator in EPSILONS
    }  # fmt: skip
    for operator, own in sorted(found):
        for other in EPSILONS[operator]:
            if max(own, other) < NEAR * min(own, other):
                continue

            def change(
                node: Node, operator: str = operator, own: float = own, other: float = other
            ) -> Mapping[str, Any] | None:
                if node.operator != operator or node.attributes["epsilon"] != own:
                    return None
                return {**node.attributes, "epsilon": other}

            yield "epsilon", f"{operator.replace('_', ' ')} with {own:g}", f"{other:g}", change


def _paddings(network: Network) -> Iterator[NamedChange]:
    for operators, words in (((CONVOLUTION,), "strided convolutions"), (("max_pool", "average_pool"), "strided pools")):
        for becomes, side in (("as much on both sides", "both"), ("more after than before", "after"),
                              ("more before than after", "before")):  # fmt: skip

            def change(
                node: Node, operators: tuple[str, ...] = operators, side: str = side
            ) -> Mapping[str, Any] | None:
                return _padded(network, node, side) if node.operator in operators else None

            yield "padding", words, becomes, change


def _padded(network: Network, node: Node, side: str) -> Mapping[str, Any] | None:
    """A strided layer with its padding on other sides: of the same output, or it stays."""
    a = node.attributes
    if "stride" not in a or "padding" not in a or "extra" in a or "over" in a or max(a["stride"]) == 1:
        return None
    sizes = network.operand_shape(node.inputs[0])[-len(a["kernel"]) :]
    outputs = node.shape[-len(a["kernel"]) :]
    if len(sizes) != len(a["kernel"]) or len(outputs) != len(sizes):
        return None
    padding, dilations = [], a.get("dilation", (1,) * len(a["kernel"]))
    steps = zip(sizes, outputs, a["kernel"], a["stride"], dilations, a["padding"], strict=True)
    for size, output, kernel, stride, dilation, own in steps:
        reach = dilation * (kernel - 1) + 1
        needed = max((output - 1) * stride + reach - size, 0)
        even = -(-needed // 2)
        pair = {"both": (even, even), "after": (needed // 2, even), "before": (even, needed // 2)}[side]
        fits = (size + sum(pair) - reach) // stride + 1 == output
        padding.append(pair if fits and (needed or any(own)) else own)
    return {**a, "padding": tuple(padding)}


def _poolings(network: Network) -> Iterator[NamedChange]:
    def hanging(node: Node) -> Mapping[str, Any] | None:
        if node.operator not in ("max_pool", "average_pool") or "stride" not in node.attributes:
            return None
        a, amounts = node.attributes, []
        sizes = network.operand_shape(node.inputs[0])[-len(a["kernel"]) :]
        dilation = a.get("dilation", (1,) * len(a["kernel"]))
        for size, kernel, stride, step, (before, after) in zip(
            sizes, a["kernel"], a["stride"], dilation, a["padding"], strict=True
        ):
            left = (size + before + after - (step * (kernel - 1) + 1)) % stride
            amounts.append((before, after + (stride - left) % stride if left else after))
        return {**a, "padding": tuple(amounts)} if max(a["stride"]) > 1 else None

    def cut(node: Node) -> Mapping[str, Any] | None:
        if node.operator != "max_pool" or max(node.attributes["stride"]) == 1:
            return None
        a = node.attributes
        return {**a, "padding": tuple((before, min(before, after)) for before, after in a["padding"])}

    def counted(node: Node) -> Mapping[str, Any] | None:
        if node.operator != "average_pool" or "padding" not in node.attributes:
            return None
        if not any(map(any, node.attributes["padding"])):
            return None
        return {**node.attributes, "count_padding": not node.attributes.get("count_padding", True)}

    yield "pooling", "pools whose last window is left out", "last window kept (ceil mode)", hanging
    yield "pooling", "pools whose last window hangs over", "last window left out (floor mode)", cut
    yield "pooling", "average pools", "padding counted otherwise", counted


def _attention_scales(network: Network) -> Iterator[NamedChange]:
    scaled = _scalings(network)
    for own, (nodes, head, width) in scaled.items():
        for other, words in ((head**-0.5, "of the head's width"), (width**-0.5, "of the whole width"), (1.0, "none")):
            if abs(other - own) < 1e-3 * abs(own):
                continue

            def change(
                node: Node, nodes: frozenset[int] = nodes, own: float = own, other: float = other
            ) -> Mapping[str, Any] | None:
                if node.number not in nodes:
                    return None
                scalar = node.attributes["scalar"]
                becomes = scalar * other / own if node.operator == "multiply" else scalar * own / other
                return {**node.attributes, "scalar": becomes}

            yield "attention_scale", f"a factor of {own:.4g}", f"{other:.4g}, {words}", change


def _scalings(network: Network) -> dict[float, tuple[frozenset[int], int, int]]:
    """Factor before an attention's softmax to the nodes that apply it, the width of a head, and that of all heads."""
    found: dict[float, tuple[set[int], int, int]] = {}
    for node in network.nodes:
        if node.operator != "softmax" or not node.dynamic or node.number == network.output:
            continue
        waiting = [edge.source for edge in node.inputs]
        for _ in range(4):  # softmax, scale, product of queries and keys, scale: not further
            above = [network.nodes[number] for number in waiting]
            for each in above:
                scalar = each.attributes.get("scalar")
                if each.operator in ("multiply", "divide") and isinstance(scalar, int | float) and scalar:
                    factor = float(scalar) if each.operator == "multiply" else 1 / float(scalar)
                    products = [n for n in _near(network, each) if n.operator == "matmul"]
                    if not products or factor <= 0:
                        continue
                    shape = network.operand_shape(products[0].inputs[0])
                    head = shape[-1]
                    width = head * (shape[0] if len(shape) > 2 else 1)
                    nodes, _, _ = found.setdefault(round(factor, 9), (set(), head, width))
                    nodes.add(each.number)
            waiting = [
                edge.source
                for each in above
                for edge in each.inputs
                if each.operator in ("multiply", "divide", "add", "matmul", "select")
            ]
    return {factor: (frozenset(nodes), head, width) for factor, (nodes, head, width) in found.items()}


def _near(network: Network, node: Node) -> list[Node]:
    """The nodes that a node reads and that read it."""
    return [network.nodes[edge.source] for edge in node.inputs] + network.consumers[node.number]


def _weight_edits(network: Network, weights: Mapping[str, Array]) -> Iterator[Edit]:
    variances = _stored(network, lambda node: node.operator == "batch_norm", ("variance",))
    if variances and all(bool((np.asarray(weights[name]) >= 0).all()) for name in variances):
        for becomes, function in (("deviations, squared", np.square), ("squared variances, their roots", np.sqrt)):
            changed = {name: function(np.asarray(weights[name])) for name in variances}
            yield Edit("statistics", "stored variances", becomes, len(variances), network, {**weights, **changed})
    biases = _stored(network, lambda node: node.operator in LAYERS, ("bias",))
    last = biases[-1:] if biases else []
    for names, words in ((biases[:-1], "biases before the last layer"), (last, "the last layer's bias")):
        if names:
            changed = {name: np.zeros_like(np.asarray(weights[name])) for name in names}
            if any(np.any(np.asarray(weights[name])) for name in names):
                yield Edit("bias", words, "none", len(names), network, {**weights, **changed})


def _stored(network: Network, where: Callable[[Node], bool], roles: Sequence[str]) -> list[str]:
    """Names of the stored tensors that nodes read in some roles, in order, each once."""
    names: dict[str, None] = {}
    for node in network.nodes:
        for role in roles if where(node) else ():
            names |= dict.fromkeys(network.stored_in(node.edge(role)))
    return list(names)
