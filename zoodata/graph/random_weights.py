"""Random weights for a network, the same distribution whatever framework it came from.

Chosen so that nothing hides: statistics, scales, shifts and biases all differ from their neutral values,
and activations neither vanish nor explode.
"""

from __future__ import annotations

from math import prod

import numpy as np
import numpy.typing as npt

from zoodata.graph.network import RECURRENT, Edge, Network, Node

Array = npt.NDArray[np.float32]

MATRICES = ("weight_", "state_weight_")
"""How the roles of a recurrent layer's matrices begin."""

PERIOD = 65_521
"""How many numbers are drawn for one tensor: drawing all of a large one's took half of a check."""


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
                tensors[name] = _values(network, consumer, edge, generator, shape)
    return tensors


def _values(
    network: Network, consumer: Node, edge: Edge, generator: np.random.Generator, shape: tuple[int, ...]
) -> Array:
    role = edge.role
    if role in ("variance", "scale") or (consumer.operator in ("multiply", "divide") and role != "weight"):
        return generator.uniform(0.5, 1.5, shape).astype(np.float32)
    is_matrix = consumer.operator == RECURRENT and role.startswith(MATRICES)
    if role == "weight" or is_matrix:
        inputs = prod(network.operand_shape(edge)[1:])
        return _normal(generator, shape, max(inputs, 1) ** -0.5)
    if consumer.operator == "function":
        return generator.uniform(0.5, 1.5, shape).astype(np.float32)
    return _normal(generator, shape, 0.1)


def _normal(generator: np.random.Generator, shape: tuple[int, ...], deviation: float) -> Array:
    """Normal numbers. A large tensor repeats what was drawn; as the period is a prime, no two of its rows are equal."""
    count = prod(shape)
    drawn = generator.standard_normal(min(count, PERIOD), dtype=np.float32) * np.float32(deviation)
    return (drawn if count <= PERIOD else np.resize(drawn, count)).reshape(shape)
