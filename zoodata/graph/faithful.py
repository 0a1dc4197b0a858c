"""Whether a network computes what its model computes: the check that every reader must pass."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from zoodata.graph.executor import Operands, execute, steps
from zoodata.graph.network import Network, Node
from zoodata.graph.random_weights import random_weights
from zoodata.records.measurement import FAITHFUL

Array = npt.NDArray[Any]
Forward = Callable[[Array, Mapping[str, Array], bool], Array]
"""Image, stored tensors, in double precision or not; the model's own class scores."""


def scores(network: Network, weights: Mapping[str, Array], image: Array, precise: bool = False) -> Array:
    """Class scores of the executed network, flat."""
    dtype = torch.float64 if precise else torch.float32
    stored = {name: torch.from_numpy(np.array(array)).to(dtype) for name, array in weights.items()}
    with torch.inference_mode():
        result = execute(network, stored, torch.from_numpy(image).to(dtype))
    return np.asarray(result.numpy()).ravel()


def relative_error(expected: Array, computed: Array) -> float:
    """Largest difference over largest score; infinite where either is not a number."""
    if expected.shape != computed.shape or not (np.isfinite(expected).all() and np.isfinite(computed).all()):
        return float("inf")
    largest = float(np.abs(expected).max())
    return float(np.abs(expected - computed).max()) / (largest or 1.0)


def error(network: Network, forward: Forward, seed: int) -> float:
    """Relative error between a model and its network, on random weights and one random image.

    Hundreds of layers of random weights can amplify rounding past the tolerance. Then statistics are set to
    what the layers see, as training would, and both are calculated in double precision as far as the
    framework can. A wrong network stays wrong.
    """
    image = np.random.default_rng(seed).standard_normal(network.input_shape).astype(np.float32)
    weights = random_weights(network, seed)
    worst = relative_error(forward(image, weights, False), scores(network, weights, image))
    if worst < FAITHFUL:
        return worst
    weights = calibrated(network, weights, image)
    return min(
        relative_error(forward(image, weights, precise), scores(network, weights, image, precise))
        for precise in (False, True)
    )


def calibrated(network: Network, weights: Mapping[str, Array], image: Array) -> dict[str, Array]:
    """Weights whose batch norms hold the statistics of what reaches them, off by a tenth here and there."""
    tensors = dict(weights)
    if not any(node.operator == "batch_norm" for node in network.nodes):
        return tensors
    generator = np.random.default_rng(0)
    stored = {name: torch.from_numpy(np.array(array)).double() for name, array in tensors.items()}

    def observe(node: Node, values: dict[int, Any]) -> None:
        if node.operator == "batch_norm" and node.attributes["channel"] is not None:
            _observe(network, node, values, tensors, generator)

    with torch.inference_mode():
        for _ in steps(network, stored, torch.from_numpy(image).double(), before=observe):
            pass
    return tensors


def _observe(
    network: Network, node: Node, values: dict[int, Any], activations: dict[str, Array], generator: np.random.Generator
) -> None:
    x = Operands(node, values)()
    axes = [axis for axis in range(x.dim()) if axis != node.attributes["channel"]]
    spread = x.var(axes, unbiased=False) if axes else torch.ones_like(x)
    seen = {"mean": x.mean(axes) if axes else x, "variance": spread.clamp_min(1e-6)}
    for role, vector in seen.items():
        edge = node.edge(role)
        name = network.parameter_of(edge)
        if edge is None or name is None or edge.axes is not None:
            continue
        jitter = torch.from_numpy(generator.uniform(0.9, 1.1, vector.shape))
        activations[name] = (vector * jitter).numpy().astype(np.float32).reshape(activations[name].shape)
        values[edge.source] = torch.from_numpy(activations[name]).double().reshape(vector.shape)
