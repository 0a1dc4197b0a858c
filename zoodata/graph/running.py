"""Networks run by us as plain functions of images: what diagnoses and transplants ask for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from zoodata.graph import embedded
from zoodata.graph.executor import execute, steps
from zoodata.graph.network import Network

Array = npt.NDArray[Any]


def scorer(network: Network, weights: Mapping[str, Array], threads: int = 1) -> Callable[[Array], Array]:
    """A network with weights as a function from images (batch, channels, height, width) to scores (batch, classes)."""
    stored = {name: torch.from_numpy(np.array(array)).float() for name, array in weights.items()}
    together = True

    def one(image: torch.Tensor) -> torch.Tensor:
        return execute(network, stored, image).reshape(-1)

    def scores(images: Array) -> Array:
        nonlocal together
        torch.set_num_threads(threads)
        batch = torch.from_numpy(np.asarray(images)).float()
        with torch.inference_mode():
            rows = None
            if together:
                try:
                    rows = torch.func.vmap(one)(batch)
                except RuntimeError:  # an operator that torch cannot batch
                    together = False
            if rows is None:
                rows = torch.stack([one(image) for image in batch])
        return np.asarray(rows.numpy()).astype(np.float64)

    return scores


def rescaling(network: Network, stored: Mapping[str, Array]) -> tuple[Array, Array]:
    """What a network multiplies its image by, and then adds, before the first layer; each (1, channels, 1, 1)."""
    channels = network.input_shape[0]
    if not embedded.preprocessing(network):
        return np.ones((1, channels, 1, 1)), np.zeros((1, channels, 1, 1))
    wanted = embedded.entrance(network).number
    tensors = {name: torch.from_numpy(np.array(array)).double() for name, array in stored.items()}

    def seen(level: float) -> Array:
        image = torch.full(network.input_shape, level, dtype=torch.float64)
        value = next(value for node, value in steps(network, tensors, image) if node.number == wanted)
        return np.asarray(value.reshape(network.input_shape)[:, 0, 0].numpy())

    low, high = seen(0.0), seen(1.0)
    return (high - low).reshape(1, channels, 1, 1), low.reshape(1, channels, 1, 1)
