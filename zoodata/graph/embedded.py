"""Preprocessing that is part of a network, and the class probabilities at its end."""

from __future__ import annotations

from zoodata.graph.network import CONSTANT, PARAMETER, Network, Node

ARITHMETIC = frozenset({"add", "subtract", "multiply", "divide", "slice", "concatenate", "power", "function"})


def preprocessing(network: Network) -> tuple[Node, ...]:
    """The nodes that only rescale the image by fixed numbers, before the first layer; empty if there are none."""
    image = next((node for node in network.nodes if node.operator == "input"), None)
    if image is None:
        return ()
    inside = {image.number: image}
    for node in network.operations:
        sources = [network.nodes[edge.source] for edge in node.inputs]
        fixed = all(_is_fixed(source) for source in sources if not source.dynamic)
        within = all(source.number in inside for source in sources if source.dynamic)
        if node.operator in ARITHMETIC and fixed and within and "call" not in node.attributes:
            inside[node.number] = node
    ends = [n for n in inside.values() if any(c.number not in inside for c in network.consumers[n.number])]
    if len(ends) != 1 or ends[0] is image:
        return ()
    return tuple(node for node in inside.values() if node is not image)


def entrance(network: Network) -> Node:
    """The node whose value the first layer reads: the image, or what preprocessing made of it."""
    nodes = preprocessing(network)
    return nodes[-1] if nodes else next(node for node in network.nodes if node.operator == "input")


def exit_(network: Network) -> Node:
    """The node that makes the logits: the output, or what its softmax reads."""
    node = network.nodes[network.output]
    return network.nodes[node.inputs[0].source] if node.operator == "softmax" else node


def _is_fixed(node: Node) -> bool:
    return node.operator == CONSTANT or (node.operator == PARAMETER and node.attributes["role"] == "constant")
