"""ONNX Runtime: graphs of the ONNX Model Zoo and of users."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

from zoodata.graph import onnx_reader
from zoodata.graph.network import Network
from zoodata.records.measurement import InputShape
from zoodata.runtimes.model import CannotRead, Pass, random_image


def load(path: Path) -> onnx.ModelProto:
    """Read an ONNX file.

    Raises:
        CannotRead: when the file is not ONNX or its weights lie in files that are not there.
    """
    try:
        model = onnx.load(path)
        onnx.checker.check_model(model)
    except Exception as error:
        raise CannotRead(f"{path.name} is not a readable ONNX model: {str(error).splitlines()[0]}") from error
    return model


class OnnxModel:
    """An ONNX graph, executed by ONNX Runtime."""

    runtime = "onnxruntime"

    def __init__(self, model: onnx.ModelProto) -> None:
        self._model = model
        self._network: Network | None = None
        network = self.network()
        _, *sizes = network.input_shape
        channels, height, width = sizes if network.layout == "NCHW" else (sizes[2], sizes[0], sizes[1])
        self.input = InputShape(channels=channels, height=height, width=width, layout=network.layout)
        self.classes = max(network.output_shape)

    def network(self) -> Network:
        """See :class:`zoodata.runtimes.model.Model`."""
        if self._network is None:
            try:
                self._network = onnx_reader.read(self._model)
            except onnx_reader.UnreadableGraph as error:
                raise CannotRead(str(error)) from error
            except Exception as error:
                raise CannotRead(f"{type(error).__name__}: {error}") from error
        return self._network

    def prepare(self, batch: int, device: str, threads: int, seed: int) -> Pass:
        """See :class:`zoodata.runtimes.model.Model`."""
        import onnxruntime

        wanted = "CPUExecutionProvider" if device == "cpu" else "CUDAExecutionProvider"
        if wanted not in onnxruntime.get_available_providers():
            raise ValueError(f"ONNX Runtime has no {wanted} here")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # A spinning pool would burn the core of whoever has the next turn.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        model = with_random_weights(self._model, seed)
        session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=[wanted])
        if session.get_providers()[0] != wanted:
            raise ValueError(f"ONNX Runtime could not start its {wanted} and would use another device")
        feed = self._feed(session.get_inputs(), batch, seed)
        return lambda: session.run(None, feed) and None

    def _feed(self, inputs: list, batch: int, seed: int) -> dict[str, np.ndarray]:
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
    shapes = onnx_reader.placeholders(model.graph)
    if not shapes:
        return model
    filled = onnx.ModelProto()
    filled.CopyFrom(model)
    graph, generator = filled.graph, np.random.default_rng(seed)
    for node in [node for node in graph.node if node.op_type == "ConstantOfShape" and node.output[0] in shapes]:
        shape = shapes[node.output[0]]
        spread = 1 / np.sqrt(max(np.prod(shape[1:], dtype=float), 1.0)) if len(shape) > 1 else 0.1
        values = np.abs(generator.standard_normal(shape, dtype=np.float32)) * np.float32(spread)
        graph.initializer.append(numpy_helper.from_array(values, node.output[0]))
        graph.node.remove(node)
    return filled
