"""Whether a network computes what its model computes: the check that every reader must pass."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from zoodata.graph.executor import execute
from zoodata.graph.network import Network

Array = npt.NDArray[Any]
Forward = Callable[[Array, Mapping[str, Array], bool], Array]
"""Image, stored tensors, in double precision or not; the model's own class scores."""

TOLERANCE = 1e-4


def scores(network: Network, weights: Mapping[str, Array], image: Array, precise: bool = False) -> Array:
    """Class scores of the executed network, flat."""
    dtype = torch.float64 if precise else torch.float32
    stored = {name: torch.from_numpy(np.array(array)).to(dtype) for name, array in weights.items()}
    with torch.inference_mode():
        result = execute(network, stored, torch.from_numpy(image).to(dtype))
    assert isinstance(result, torch.Tensor)
    return np.asarray(result.numpy()).ravel()


def relative_error(expected: Array, found: Array) -> float:
    """Largest difference over largest score; infinite where either is not a number."""
    if expected.shape != found.shape or not (np.isfinite(expected).all() and np.isfinite(found).all()):
        return float("inf")
    largest = float(np.abs(expected).max())
    return float(np.abs(expected - found).max()) / (largest or 1.0)


def error(network: Network, forward: Forward, weights: Mapping[str, Array], seed: int) -> float:
    """Relative error between a model and its network on one random image.

    Where rounding is amplified past the tolerance (hundreds of layers, products of features), both are
    calculated in double precision, as far as the framework can; a wrong network stays wrong.
    """
    image = np.random.default_rng(seed).standard_normal(network.input_shape).astype(np.float32)
    found = relative_error(forward(image, weights, False), scores(network, weights, image))
    if found < TOLERANCE:
        return found
    return min(found, relative_error(forward(image, weights, True), scores(network, weights, image, precise=True)))
