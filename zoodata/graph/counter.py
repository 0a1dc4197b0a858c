"""Counts over a network: one counter for every framework, so that a ratio never compares two counters.

What multiplies and cannot be counted is named, and the total is then a lower bound.

A MAC is one multiply-accumulate of a convolution, a linear layer or a matrix product that a forward pass executes,
also where it depends on weights alone (the position bias of Swin V2). Biases, normalisations, activations,
poolings and additions count none, as in torchvision's ``_ops`` and fvcore.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

from zoodata.graph.network import (
    CONVOLUTION,
    GATES,
    LINEAR,
    MATMUL,
    PARAMETER,
    RECURRENT,
    Network,
    Node,
    sequence_sizes,
)


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
    uncounted: tuple[str, ...]
    """Operators that multiply and are not counted; with any, ``macs`` is a lower bound."""


def count(network: Network) -> Counts:
    """Count one network; MACs are per image."""
    used = {name for node in network.nodes for name in node.stored}
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
        uncounted=uncounted(network),
    )


FOREIGN_RECURRENT = frozenset(
    {"lstm", "onnx.LSTM", "onnx.GRU", "onnx.RNN", "torch.gru", "torch.rnn_tanh", "torch.rnn_relu"}
)
MULTIPLIES = re.compile(
    r"conv|matmul|gemm|linear|attention|einsum|bilinear$|lstm|gru|rnn|addmm|addmv|addbmm|baddbmm|bmm$|tensordot|cdist"
    r"|mm$|kron|det$|inverse|\.inner|\.outer|\.dot|\.mv|\.dft|stft|melweight"
)
"""In the names of operators outside the vocabulary: what has a kernel, a matrix or a product of two."""
INTERPOLATES = re.compile(r"upsample|resize|grid_?sampl")


def uncounted(network: Network) -> tuple[str, ...]:
    """Operators that multiply values with weights or with each other and whose MACs are not known."""
    names = {node.operator for node in network.nodes if not node.is_known and node.operator not in FOREIGN_RECURRENT}
    return tuple(sorted(n for n in names if MULTIPLIES.search(n.lower()) and not INTERPOLATES.search(n.lower())))


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
    if node.operator == RECURRENT:
        return _recurrent(network, node)
    if node.operator in FOREIGN_RECURRENT:
        return _foreign_recurrent(network, node)
    return 0


def _convolution(network: Network, node: Node) -> int:
    weight = node.edge("weight")
    assert weight is not None
    each = prod(network.operand_shape(weight)[1:])
    if "extra" in node.attributes:  # transposed: each input element meets the kernel
        return prod(network.operand_shape(node.inputs[0])) * each
    return prod(node.shape) * each


def _recurrent(network: Network, node: Node) -> int:
    """Each step multiplies by both matrices of each gate once; its last cell state comes with its values."""
    if "gives" in node.attributes and any(
        each.operator == RECURRENT and each.inputs == node.inputs and "gives" not in each.attributes
        for each in network.operations
    ):
        return 0
    steps, batch, inputs = sequence_sizes(node.attributes["sizes"], network.operand_shape(node.inputs[0]))
    gates, hidden = len(GATES[node.attributes["cell"]]), int(node.attributes["hidden"])
    return steps * batch * gates * hidden * (inputs + hidden)


def _foreign_recurrent(network: Network, node: Node) -> int:
    """Each step multiplies by every matrix once."""
    matrices = [network.operand_shape(edge) for edge in node.inputs if network.nodes[edge.source].operator == PARAMETER]
    matrices = [tuple(size for size in shape if size != 1) for shape in matrices]
    flat = [shape for shape in matrices if len(shape) >= 2]
    if not flat:
        return 0
    steps = prod(network.operand_shape(node.inputs[0])) // flat[0][-1]
    return steps * sum(map(prod, flat))


@dataclass(frozen=True)
class Share:
    """Stored elements that are counted at one place."""

    parameters: int = 0
    statistics: int = 0
    constants: int = 0


def shares(network: Network) -> tuple[dict[int, Share], Share]:
    """Stored elements by the number of the node that reads them first, and what no node reads. Together all of them."""
    size = {parameter.name: parameter.elements for parameter in network.parameters}
    role = {parameter.name: parameter.role for parameter in network.parameters}
    found: dict[int, Counter[str]] = {}
    for node in network.nodes:
        for edge in node.inputs:
            leaf = network.nodes[edge.source]
            for name in leaf.stored:
                if not size.get(name):
                    continue
                taken = min(prod(leaf.shape) if "part" in leaf.attributes else size[name], size[name])
                size[name] -= taken
                found.setdefault(node.number, Counter())[role[name]] += taken
    left: Counter[str] = Counter()
    for name, elements in size.items():
        left[role[name]] += elements
    return {number: _share(counts) for number, counts in found.items()}, _share(left)


def _share(counts: Mapping[str, int]) -> Share:
    return Share(counts.get("parameter", 0), counts.get("statistic", 0), counts.get("constant", 0))
