"""Canonical networks as models to be timed: every zoo's network in one runtime, so that only networks differ.

ONNX Runtime runs the network's ONNX form; torch runs it node by node, as eager torch does. Files are written by
a process that may import any framework and read by one that needs only the runtime.
"""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zoodata.graph.network import Network
from zoodata.graph.random_weights import random_weights
from zoodata.records.measurement import InputShape
from zoodata.runtimes.model import ForwardPass, Weights, in_brief, random_image

if TYPE_CHECKING:
    from zoodata.runtimes.model import Model


class CannotExecute(ValueError):
    """The network has an operator that the runtime cannot run."""


def write(network: Network, path: Path, runtime: str, seed: int, weights: Weights | None = None) -> None:
    """Write a network for a runtime (``onnxruntime`` or ``torch``), with random weights if it is given none.

    Raises:
        CannotExecute: naming the operator.
    """
    weights = random_weights(network, seed) if weights is None else weights
    if runtime == "torch":
        path.write_bytes(pickle.dumps((network, weights)))
        return
    import onnx

    from zoodata.graph import onnx_writer

    try:
        model = onnx_writer.model(network, "network", weights)
    except onnx_writer.CannotWrite as error:
        raise CannotExecute(str(error)) from error
    if any(node.domain == "zoodata" for node in model.graph.node):
        kinds = sorted({node.op_type for node in model.graph.node if node.domain == "zoodata"})
        raise CannotExecute(f"ONNX has no operator for {', '.join(kinds)}")
    try:
        onnx.save(model, str(path))
    except ValueError as error:  # protobuf's limit of 2 GiB
        raise CannotExecute(f"its ONNX form cannot be written: {in_brief(error)}") from error


def read(path: Path, runtime: str) -> Model | TorchNetwork:
    """The model in a file of :func:`write`. Files are this process's own parent's; none comes from outside."""
    if runtime == "torch":
        network, weights = pickle.loads(path.read_bytes())  # noqa: S301
        return TorchNetwork(network, weights)
    from zoodata.runtimes import onnx as onnx_runtime

    return onnx_runtime.OnnxModel(onnx_runtime.load(path))


class TorchNetwork:
    """A network that torch runs node by node."""

    runtime = "torch-network"

    def __init__(self, network: Network, weights: dict[str, Any]) -> None:
        self._network, self._weights = network, weights
        channels, height, width = network.input_shape
        self.input = InputShape(channels=channels, height=height, width=width, layout="NCHW")

    def prepare(self, batch: int, device: str, threads: int, seed: int) -> ForwardPass:
        """See :class:`zoodata.runtimes.model.Model`.

        Raises:
            ValueError: for more than one image, or a device that torch does not find.
        """
        import torch

        from zoodata.graph import executor
        from zoodata.runtimes.torch import TorchPass, place

        if batch != 1:
            raise ValueError("a network runs for one image")
        torch.set_num_threads(threads)
        where = place(device)
        stored = {name: torch.from_numpy(array).to(where) for name, array in self._weights.items()}
        constants = {name: torch.from_numpy(np.array(data)).to(where) for name, data in self._network.constants.items()}
        network = replace(self._network, constants=constants)
        image = torch.from_numpy(random_image(self.input, 1, seed)).to(where)[0]
        return TorchPass(lambda: executor.execute(network, stored, image), where)
