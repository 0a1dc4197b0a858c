"""ONNX Runtime: graphs of the ONNX Model Zoo and of users."""

from __future__ import annotations

from math import prod
from pathlib import Path
from typing import Any, Literal

import numpy as np
import onnx
from onnx import numpy_helper

from zoodata.graph import onnx_reader
from zoodata.graph.network import Network
from zoodata.graph.random_weights import random_weights
from zoodata.records.measurement import InputShape
from zoodata.runtimes.model import (
    Array,
    CannotRead,
    ForwardPass,
    Scorer,
    Weights,
    filled,
    in_brief,
    in_layout,
    random_image,
)


def load(path: Path) -> onnx.ModelProto:
    """Read an ONNX file.

    Raises:
        CannotRead: when the file is not ONNX or its weights lie in files that are not there.
    """
    try:
        model = onnx.load(path)
        onnx.checker.check_model(model)
    except Exception as error:
        raise CannotRead(f"not a readable ONNX model: {in_brief(error)}") from error
    return model


class OnnxModel:
    """An ONNX graph, executed by ONNX Runtime."""

    runtime = "onnxruntime"

    def __init__(self, model: onnx.ModelProto) -> None:
        self._model = model
        self._network: Network | None = None
        channels, height, width = self.network().input_shape
        _, sizes = onnx_reader.image_of(model.graph, {tensor.name for tensor in model.graph.initializer})
        layout: Literal["NCHW", "NHWC"] = "NCHW" if sizes[1:] == (channels, height, width) else "NHWC"
        self.input = InputShape(channels=channels, height=height, width=width, layout=layout)
        self.classes = prod(self.network().nodes[-1].shape)

    def network(self) -> Network:
        """See :class:`zoodata.runtimes.model.Model`."""
        if self._network is None:
            try:
                self._network = onnx_reader.read(self._model)
            except onnx_reader.UnreadableGraph as error:
                raise CannotRead(str(error)) from error
            except Exception as error:
                raise CannotRead(in_brief(error)) from error
        return self._network

    def at(self, height: int, width: int) -> OnnxModel:
        """See :class:`zoodata.runtimes.model.Model`."""
        raise CannotRead(f"the ONNX graph is for one image size, {self.input.height}x{self.input.width}")

    def stored(self) -> Weights:
        """See :class:`zoodata.runtimes.model.Model`. Placeholders are no weights."""
        return {tensor.name: numpy_helper.to_array(tensor) for tensor in self._model.graph.initializer}

    def forward(self, image: Array, weights: Weights, precise: bool = False) -> Array:
        """See :class:`zoodata.runtimes.model.Model`."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        model = with_weights(self._model, weights)
        session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        name = next(value.name for value in session.get_inputs() if len(value.shape) == 4)
        return np.asarray(session.run(None, {name: in_layout(image[None], self.input)})[0]).ravel()

    def scorer(self, batch: int, device: str, threads: int) -> Scorer:
        """See :class:`zoodata.runtimes.model.Model`."""
        session = self._session(self._model, device, threads)
        image = next(value for value in session.get_inputs() if len(value.shape) == 4)
        step = image.shape[0] if isinstance(image.shape[0], int) else None

        def scores(images: Array) -> Array:
            rows = []
            for start in range(0, len(images), step or len(images)):
                part = images[start : start + (step or len(images))]
                output = session.run(None, {image.name: filled(part, step or len(part))})[0]
                rows.append(np.asarray(output, dtype=np.float32)[: len(part)].reshape(len(part), -1))
            return np.concatenate(rows)

        return scores

    def prepare(self, batch: int, device: str, threads: int, seed: int) -> ForwardPass:
        """See :class:`zoodata.runtimes.model.Model`."""
        session = self._session(with_random_weights(self._model, seed), device, threads)
        feed = self._feed(session.get_inputs(), batch, seed)
        return lambda: session.run(None, feed) and None

    def _session(self, model: onnx.ModelProto, device: str, threads: int) -> Any:
        import onnxruntime

        wanted = "CPUExecutionProvider" if device == "cpu" else "CUDAExecutionProvider"
        if wanted not in onnxruntime.get_available_providers():
            raise ValueError(f"ONNX Runtime has no {wanted} here")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # A spinning pool would burn the core of whichever participant runs next.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=[wanted])
        if session.get_providers()[0] != wanted:
            raise ValueError(f"ONNX Runtime could not start its {wanted} and would use another device")
        return session

    def _feed(self, inputs: list[Any], batch: int, seed: int) -> dict[str, np.ndarray]:
        names = [value.name for value in inputs if len(value.shape) == 4]
        fixed = next(value.shape[0] for value in inputs if value.name == names[0])
        if isinstance(fixed, int) and fixed != batch:
            raise ValueError(f"the graph's batch is fixed at {fixed}; it cannot run at {batch}")
        return {names[0]: random_image(self.input, batch, seed)}


def with_random_weights(model: onnx.ModelProto, seed: int) -> onnx.ModelProto:
    """The model with placeholder weights (one number everywhere) replaced by random ones of the same shape.

    Constant weights could be folded or underflow, and would time a network nobody runs. A model without
    placeholders comes back as it is.
    """
    if not onnx_reader.placeholders(model.graph):
        return model
    return with_weights(model, random_weights(onnx_reader.read(model), seed))


def with_weights(model: onnx.ModelProto, weights: Weights) -> onnx.ModelProto:
    """The model with these tensors stored in it, in place of what stood for them."""
    filled = onnx.ModelProto()
    filled.CopyFrom(model)
    graph = filled.graph
    for node in [node for node in graph.node if node.output[0] in weights]:
        graph.node.remove(node)
    for tensor in [tensor for tensor in graph.initializer if tensor.name in weights]:
        graph.initializer.remove(tensor)
    graph.initializer.extend(numpy_helper.from_array(np.asarray(array), name) for name, array in weights.items())
    return filled
