"""Counts over a network: one counter for every framework, so that a ratio never compares two counters.

A MAC is one multiply-accumulate of a convolution, a linear layer or a matrix product. Biases,
normalisations, activations, poolings and additions count none, as in torchvision's ``_ops`` and fvcore.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass

from zoodata.graph.network import CONVOLUTION, LINEAR, MATMUL, Network, Node


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
    used = {name for node in network.nodes for name in node.parameters}
    stored = Counter({"parameter": 0, "statistic": 0, "constant": 0})
    auxiliary = 0
    for parameter in network.parameters:
        stored[parameter.role] += parameter.numbers
        if parameter.role == "parameter" and parameter.name not in used:
            auxiliary += parameter.numbers
    batch = network.input_shape[0]
    total = sum(node_macs(node) for node in network.nodes)
    layers = Counter(node.operator for node in network.nodes if node.is_known)
    return Counts(
        parameters=stored["parameter"],
        auxiliary_parameters=auxiliary,
        statistics=stored["statistic"],
        constants=stored["constant"],
        macs=total // batch,
        layers=dict(sorted(layers.items())),
        unknown_operators=tuple(sorted({node.operator for node in network.nodes if not node.is_known})),
    )


def node_macs(node: Node) -> int:
    """Multiply-accumulates of one node over its whole batch; 0 for operators that multiply no weights."""
    outputs = math.prod(node.shape)
    if node.operator == CONVOLUTION:
        _, inputs_per_group, *kernel = node.attributes["weight_shape"]
        if node.attributes.get("transposed"):
            return int(math.prod(node.attributes["input_shape"]) * inputs_per_group * math.prod(kernel))
        return int(outputs * inputs_per_group * math.prod(kernel))
    if node.operator == LINEAR:
        return int(outputs * node.attributes["in_features"])
    if node.operator == MATMUL:
        return int(outputs * node.attributes["inner"])
    return 0
