"""Counts over a network: one counter for every framework, so that a ratio never compares two counters.

A MAC is one multiply-accumulate of a convolution, a linear layer or a matrix product that a forward pass executes,
also where it depends on weights alone (the position bias of Swin V2). Biases, normalisations, activations,
poolings and additions count none, as in torchvision's ``_ops`` and fvcore.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import prod

from zoodata.graph.network import CONVOLUTION, LINEAR, MATMUL, PARAMETER, Network, Node


@dataclass(frozen=True)
class Counts:
    """What a network costs and stores."""

    parameters: int
    auxiliary_parameters: int
    statistics: int
    constants: int
    macs: int
    layers: dict[str, int]
    unknown_operators: tuple[str, ...]


def count(network: Network) -> Counts:
    """Count one network; MACs are per image."""
    used = {node.attributes["parameter"] for node in network.nodes if node.operator == PARAMETER}
    stored = Counter({"parameter": 0, "statistic": 0, "constant": 0})
    auxiliary = 0
    for parameter in network.parameters:
        stored[parameter.role] += parameter.elements
        if parameter.role == "parameter" and parameter.name not in used:
            auxiliary += parameter.elements
    layers = Counter(node.operator for node in network.operations if node.is_known)
    return Counts(
        parameters=stored["parameter"],
        auxiliary_parameters=auxiliary,
        statistics=stored["statistic"],
        constants=stored["constant"],
        macs=sum(node_macs(network, node) for node in network.nodes),
        layers=dict(sorted(layers.items())),
        unknown_operators=tuple(sorted({node.operator for node in network.nodes if not node.is_known})),
    )


def node_macs(network: Network, node: Node) -> int:
    """Multiply-accumulates of one node; 0 for operators that multiply no weights."""
    if node.operator == CONVOLUTION:
        return _convolution(network, node)
    if node.operator == LINEAR:
        weight = node.edge("weight")
        assert weight is not None
        return prod(node.shape) * prod(network.operand_shape(weight)[1:])
    if node.operator == MATMUL:
        first = network.operand_shape(node.inputs[0])
        return prod(node.shape) * prod(first[node.attributes["batch"] + node.attributes["free"][0] :])
    if node.operator == "lstm":
        steps = prod(network.operand_shape(node.inputs[0])[:-1])
        matrices = [network.nodes[edge.source] for edge in node.inputs]
        return steps * sum(prod(m.shape) for m in matrices if m.operator == PARAMETER and len(m.shape) == 2)
    return 0


def _convolution(network: Network, node: Node) -> int:
    weight = node.edge("weight")
    assert weight is not None
    each = prod(network.operand_shape(weight)[1:])
    if "extra" in node.attributes:  # transposed: each input element meets the kernel
        return prod(network.operand_shape(node.inputs[0])) * each
    return prod(node.shape) * each


def node_parameters(network: Network, node: Node) -> int:
    """Stored elements that a node reads directly."""
    sources = {edge.source for edge in node.inputs}
    return sum(prod(network.nodes[s].shape) for s in sources if network.nodes[s].operator == PARAMETER)
