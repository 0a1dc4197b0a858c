"""ONNX Runtime: graphs of the ONNX Model Zoo and of users."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from math import prod
from pathlib import Path
from typing import Any, Literal

import numpy as np
import onnx
from onnx import numpy_helper

from zoodata.graph import onnx_reader
from zoodata.graph.network import Network
from zoodata.graph.onnx_storage import every_node, placeholders
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
from zoodata.runtimes.onnx_blocked import unblocked

HALVES = {onnx.TensorProto.FLOAT16, onnx.TensorProto.BFLOAT16}
LISTS_NO_WEIGHTS = 4
"""The first version of ONNX in which stored tensors need not be listed among the inputs."""
SINGLE = onnx.TensorProto.FLOAT


def load(path: Path) -> onnx.ModelProto:
    """Read an ONNX file.

    Raises:
        CannotRead: when the file is not ONNX or its weights lie in files that are not there.
    """
    try:
        model = onnx.load(path)
        if not model.graph.node:
            raise CannotRead("it has no nodes")
        try:
            onnx.checker.check_model(model)
        except onnx.checker.ValidationError as error:
            # What ONNX Runtime has fused has operators of its own, which the checker does not know.
            if "No Op registered" not in str(error) and "is not a registered function/op" not in str(error):
                raise
    except CannotRead:
        raise
    except Exception as error:
        raise CannotRead(f"not a readable ONNX model: {in_brief(error)}") from error
    return model


class OnnxModel:
    """An ONNX graph, executed by ONNX Runtime.

    Args:
        model: as it lies in the file.
        size: (height, width), for a graph that leaves them open.
        output: name of the output to read, where there are several.
        trainable: tensors that are known to be trained, where the file does not show it.
    """

    runtime = "onnxruntime"
    formats = (".onnx",)

    def __init__(
        self, model: onnx.ModelProto, size: tuple[int, int] | None = None, output: str | None = None,
        trainable: Collection[str] = (),
    ) -> None:  # fmt: skip
        self._trainable = trainable
        try:
            self._model = onnx_reader.written_out(unblocked(model))
            self._read = onnx_reader.read(self._model, size, output, trainable)
        except CannotRead:
            raise
        except onnx_reader.UnreadableGraph as error:
            raise CannotRead(str(error)) from error
        except Exception as error:
            raise CannotRead(in_brief(error)) from error
        channels, height, width = self._read.network.input_shape
        layout: Literal["NCHW", "NHWC"] = "NHWC" if self._read.image.is_nhwc else "NCHW"
        self.input = InputShape(channels=channels, height=height, width=width, layout=layout)
        self.classes = prod(self._read.network.nodes[-1].shape)
        self.outputs, self.output = self._read.outputs, self._read.output

    def network(self) -> Network:
        """See :class:`zoodata.runtimes.model.Model`."""
        return self._read.network

    def at(self, height: int, width: int) -> OnnxModel:
        """See :class:`zoodata.runtimes.model.Model`. Whether the graph leaves its size open shows when it is read."""
        return OnnxModel(self._model, (height, width), self.output, self._trainable)

    def stored(self) -> Weights:
        """See :class:`zoodata.runtimes.model.Model`. Placeholders are no weights; integers are what they stand for."""
        stored = self._read.stored
        known = {name: tensor.numbers for name, tensor in stored.items() if tensor.numbers is not None}
        rest = {t.name: numpy_helper.to_array(t) for t in self._model.graph.initializer if t.name not in stored}
        return known | rest

    def fixed(self) -> Weights:
        """See :class:`zoodata.graph.faithful.HoldsIntegers`."""
        stored = self._read.stored
        return {n: t.numbers for n, t in stored.items() if t.quantised and t.numbers is not None}

    def as_fed(self, image: Array) -> Array:
        """See :class:`zoodata.graph.faithful.TakesIntegers`."""
        kind = onnx.helper.tensor_dtype_to_np_dtype(self._read.image.kind)
        if kind.kind not in "iu":
            return image
        bounds = np.iinfo(kind)
        low, high = max(bounds.min, -128), min(bounds.max, 255)
        middle = (low + high + 1) / 2
        return np.clip(np.round(image * 48 + middle), low, high).astype(np.float32)

    def forward(self, image: Array, weights: Weights, precise: bool = False) -> Array:
        """See :class:`zoodata.runtimes.model.Model`. A graph in half precision is run in single."""
        return np.asarray(self._values(self._with(weights, single(self._model)), image, [self.output])[0]).ravel()

    def save(self, weights: Weights, path: Path) -> None:
        """See :class:`zoodata.runtimes.model.Saves`."""
        changed = self._with(weights, self._model)
        changed.ir_version = max(changed.ir_version, LISTS_NO_WEIGHTS)
        onnx.save(changed, path)

    def inside(self, image: Array, weights: Weights, places: Sequence[str]) -> Weights:
        """See :class:`zoodata.graph.faithful.ShowsInside`."""
        model = self._with(weights, single(self._model))
        made = {name for node in model.graph.node for name in node.output}
        known = {value.name for value in model.graph.output}
        wanted = [name for name in places if name in made]
        model.graph.output.extend(onnx.helper.make_empty_tensor_value_info(n) for n in wanted if n not in known)
        return dict(zip(wanted, self._values(model, image, wanted, optimised=False), strict=True))

    def _values(self, model: onnx.ModelProto, image: Array, names: Sequence[str], optimised: bool = True) -> list[Any]:
        """Values of a form of the model by their names, for one image."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        if not optimised:
            options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        place = next(n for n, value in enumerate(model.graph.input) if value.name == self._read.image.name)
        kind = onnx.helper.tensor_dtype_to_np_dtype(model.graph.input[place].type.tensor_type.elem_type)
        return list(session.run(names, {self._read.image.name: in_layout(image[None], self.input).astype(kind)}))

    def scorer(self, batch: int, device: str, threads: int) -> Scorer:
        """See :class:`zoodata.runtimes.model.Model`."""
        session = self._session(self._model, device, threads)
        image = next(value for value in session.get_inputs() if value.name == self._read.image.name)
        step = image.shape[0] if isinstance(image.shape[0], int) else None

        def scores(images: Array) -> Array:
            rows = []
            for start in range(0, len(images), step or len(images)):
                part = images[start : start + (step or len(images))]
                fed = self._typed(filled(part, step or len(part)))
                output = session.run([self.output], {image.name: fed})[0]
                rows.append(np.asarray(output, dtype=np.float32)[: len(part)].reshape(len(part), -1))
            return np.concatenate(rows)

        return scores

    def prepare(self, batch: int, device: str, threads: int, seed: int) -> ForwardPass:
        """See :class:`zoodata.runtimes.model.Model`.

        Weights that are only placeholders are drawn: one number everywhere could be folded or underflow, and would
        time a network that nobody runs.
        """
        model = self._model
        if placeholders(model.graph):
            model = self._with(random_weights(self._read.network, seed), model)
        session = self._session(model, device, threads)
        fixed = next(value.shape[0] for value in session.get_inputs() if value.name == self._read.image.name)
        if isinstance(fixed, int) and fixed != batch:
            raise ValueError(f"the graph's batch is fixed at {fixed}; it cannot run at {batch}")
        feed = {self._read.image.name: self._typed(random_image(self.input, batch, seed))}
        return lambda: session.run([self.output], feed) and None

    def _typed(self, images: Array) -> Array:
        """Images in the type that the graph asks for."""
        kind = onnx.helper.tensor_dtype_to_np_dtype(self._read.image.kind)
        return (self.as_fed(images) if kind.kind in "iu" else images).astype(kind)

    def _with(self, weights: Weights, model: onnx.ModelProto) -> onnx.ModelProto:
        """A form of the model with these tensors in it; integers stay what they are."""
        fixed = self.fixed()
        return with_weights(model, {name: array for name, array in weights.items() if name not in fixed})

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


def with_weights(model: onnx.ModelProto, weights: Weights) -> onnx.ModelProto:
    """The model with these tensors stored in it, in place of what stood for them, in the types that those had."""
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    graph = changed.graph
    kinds = {tensor.name: tensor.data_type for tensor in graph.initializer}
    for nodes in _node_lists(graph):
        for node in [node for node in nodes if node.output[0] in weights]:
            nodes.remove(node)
    for tensor in [tensor for tensor in graph.initializer if tensor.name in weights]:
        graph.initializer.remove(tensor)
    for name, array in weights.items():
        kind = onnx.helper.tensor_dtype_to_np_dtype(kinds.get(name, SINGLE))
        graph.initializer.append(numpy_helper.from_array(np.asarray(array).astype(kind), name))
    return changed


def _node_lists(graph: onnx.GraphProto) -> Sequence[Any]:
    """The nodes of a graph and of each of its branches, as lists that can be changed."""
    inside = [a.g for node in graph.node for a in node.attribute if a.type == onnx.AttributeProto.GRAPH]
    return [graph.node, *(nodes for each in inside for nodes in _node_lists(each))]


def single(model: onnx.ModelProto) -> onnx.ModelProto:
    """A graph in half precision as the same graph in single precision; any other as it is."""
    if not any(value.type.tensor_type.elem_type in HALVES for value in model.graph.input) and not any(
        tensor.data_type in HALVES for tensor in model.graph.initializer
    ):
        return model
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    graph = changed.graph
    del graph.value_info[:]
    for value in (*graph.input, *graph.output):
        if value.type.tensor_type.elem_type in HALVES:
            value.type.tensor_type.elem_type = SINGLE
    for tensor in graph.initializer:
        _widen(tensor)
    for node in every_node(graph):
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.TENSOR:
                _widen(attribute.t)
            elif attribute.name in ("to", "dtype") and attribute.i in HALVES:
                attribute.i = SINGLE
    return changed


def _widen(tensor: onnx.TensorProto) -> None:
    if tensor.data_type in HALVES:
        tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float32), tensor.name))
