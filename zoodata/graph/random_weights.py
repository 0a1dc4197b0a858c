"""Random weights for a network, the same distribution whatever framework it came from.

Chosen so that nothing hides: statistics, scales, shifts and biases all differ from their neutral values,
and activations neither vanish nor explode.
"""

from __future__ import annotations

from math import prod

import numpy as np
import numpy.typing as npt

from zoodata.graph.network import Edge, Network, Node

Array = npt.NDArray[np.float32]


def random_weights(network: Network, seed: int) -> dict[str, Array]:
    """A value for every stored tensor that the network reads, in the shape it is stored in."""
    shapes = {parameter.name: parameter.shape for parameter in network.parameters}
    generator = np.random.default_rng(seed)
    tensors = {}
    for node in network.nodes:
        if node.operator != "parameter":
            continue
        consumer = network.consumers[node.number][0]
        edge = next(edge for edge in consumer.inputs if edge.source == node.number)
        for name in node.stored:
            if name not in tensors:  # else another part of the same tensor
                shape = shapes.get(name, node.shape)
                tensors[name] = _values(network, consumer, edge, generator, shape).astype(np.float32)
    return tensors


def _values(
    network: Network, consumer: Node, edge: Edge, generator: np.random.Generator, shape: tuple[int, ...]
) -> npt.NDArray[np.float64]:
    role = edge.role
    if role in ("variance", "scale") or (consumer.operator in ("multiply", "divide") and role != "weight"):
        return np.asarray(generator.uniform(0.5, 1.5, shape))
    if role == "weight":
        inputs = prod(network.operand_shape(edge)[1:])
        return np.asarray(generator.standard_normal(shape) / max(inputs, 1) ** 0.5)
    if consumer.operator == "function":
        return np.asarray(generator.uniform(0.5, 1.5, shape))
    return np.asarray(generator.standard_normal(shape) * 0.1)
