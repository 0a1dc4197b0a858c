"""Read an ONNX graph: its own nodes in order, put into canonical form.

Weights may be stored (initialisers) or stand as placeholders that fill a shape with one number, as in
the light graphs of the ``onnx`` wheel; both are parameters here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import numpy_helper
from onnx.reference import ReferenceEvaluator

from zoodata.graph import onnx_operators, view
from zoodata.graph.canonical.builder import Builder, View
from zoodata.graph.network import Network, Parameter, Role
from zoodata.graph.view import Shape

CONTROL_FLOW = {"If", "Loop", "Scan"}
STATISTIC_INPUTS = {"BatchNormalization": (3, 4)}
"""Which inputs of these operators are running statistics."""
VIEWS = {"Unsqueeze", "Squeeze", "Reshape", "Transpose", "Identity", "Cast", "Flatten"}
FLOATS = {onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16, onnx.TensorProto.DOUBLE, onnx.TensorProto.BFLOAT16}
LARGEST_FOLD = 1 << 24

COUNTED_NAME = re.compile(r"(n\d+)?")
"""Node names that say nothing: none, or a running number."""

Value = View | npt.NDArray[Any]


class UnreadableGraph(ValueError):
    """The file is an ONNX model, but not one whose forward pass can be read."""


def read(model: onnx.ModelProto) -> Network:
    """Read an image classifier's graph for one image.

    Raises:
        UnreadableGraph: without a four-dimensional input of known size, or with control flow.
    """
    graph = model.graph
    if control := {node.op_type for node in graph.node} & CONTROL_FLOW:
        raise UnreadableGraph(f"the graph has control flow ({', '.join(sorted(control))})")
    stored = _stored(graph)
    name, input_shape = image_of(graph, set(stored))
    is_nhwc = input_shape[3] in (1, 3) and input_shape[1] not in (1, 3)
    builder = Builder()
    channels, height, width = (input_shape[axis] for axis in ((3, 1, 2) if is_nhwc else (1, 2, 3)))
    picture = builder.image(channels, height, width)
    known: dict[str, Value] = {
        name: View(picture.node, view.permute(picture.axes, (0, 2, 3, 1))) if is_nhwc else picture
    }
    known.update(
        {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer if tensor.name not in stored}
    )
    roles = _roles(graph, stored)
    for tensor, shape in stored.items():
        known[tensor] = builder.parameter(tensor, shape, roles[tensor])
    reader = _Reader(builder, known, {entry.domain or "ai.onnx": entry.version for entry in model.opset_import})
    for proto in graph.node:
        if proto.output[0] not in stored:
            builder.place = proto.output[0] if COUNTED_NAME.fullmatch(proto.name) else proto.name
            reader.step(proto)
    result = known[graph.output[0].name]
    if not isinstance(result, View):
        raise UnreadableGraph("the output does not depend on the image")
    # What no node reads is export debris (dummy shapes, queue counters), not part of the model.
    used = {tensor for proto in graph.node for tensor in proto.input}
    return builder.finish(
        "onnx",
        (channels, height, width),
        result,
        [Parameter(tensor, shape, roles[tensor]) for tensor, shape in stored.items() if tensor in used],
    )


def image_of(graph: onnx.GraphProto, stored: set[str]) -> tuple[str, Shape]:
    """Name and shape of the graph's image, batch 1.

    Raises:
        UnreadableGraph: when there is not exactly one, or its size is open.
    """
    images = []
    for value in graph.input:
        sizes = tuple(int(dimension.dim_value) for dimension in value.type.tensor_type.shape.dim)
        if value.name not in stored and len(sizes) == 4:
            images.append((value.name, sizes))
    if len(images) != 1:
        raise UnreadableGraph(f"the graph has {len(images)} image inputs, not one")
    name, sizes = images[0]
    if 0 in sizes[1:]:
        raise UnreadableGraph("the input's size is not fixed")
    if sizes[0] > 1:
        raise UnreadableGraph(f"the graph's batch is fixed at {sizes[0]}; one image at a time can be read")
    return name, (1, *sizes[1:])


class _Reader:
    def __init__(self, builder: Builder, known: dict[str, Value], versions: Mapping[str, int]) -> None:
        self.builder = builder
        self.known = known
        self.versions = versions

    def step(self, proto: onnx.NodeProto) -> None:
        """One node of the graph."""
        inputs = [self.known[name] if name else None for name in proto.input]
        if proto.op_type == "Constant":
            results: list[Value] = [onnx_operators.constant_of(proto)]
        elif proto.op_type == "Shape":
            results = [np.asarray(_shape(inputs[0]), dtype=np.int64)]
        elif all(given is None or isinstance(given, np.ndarray) for given in inputs):
            results = self._folded(proto, inputs)
        else:
            version = self.versions.get(proto.domain or "ai.onnx", 1)
            try:
                results = list(onnx_operators.build(self.builder, proto, inputs, version))
            except onnx_operators.UnknownShape as error:
                raise UnreadableGraph(f"{proto.name or proto.op_type}: {error}") from error
        for name, value in zip(proto.output, results, strict=False):
            if name:
                self.known[name] = value

    def _folded(self, proto: onnx.NodeProto, inputs: list[Any]) -> list[Value]:
        results = run_alone(proto, [np.asarray(given) for given in inputs if given is not None], self.versions)
        if sum(array.size for array in results) > LARGEST_FOLD:
            raise UnreadableGraph(f"{proto.name or proto.op_type} is a very large constant")
        return list(results)


def run_alone(proto: onnx.NodeProto, inputs: list[Any], versions: Mapping[str, int]) -> list[npt.NDArray[Any]]:
    """Run one node on numbers, by ONNX's own reference."""
    names = [name for name in proto.input if name]
    feeds = dict(zip(names, inputs, strict=True))
    declared = [
        onnx.helper.make_tensor_value_info(name, onnx.helper.np_dtype_to_tensor_dtype(array.dtype), list(array.shape))
        for name, array in feeds.items()
    ]
    outputs = [onnx.helper.make_value_info(name, onnx.TypeProto()) for name in proto.output if name]
    graph = onnx.helper.make_graph([proto], "one", declared, outputs)
    imports = [onnx.helper.make_opsetid("" if domain == "ai.onnx" else domain, v) for domain, v in versions.items()]
    return list(ReferenceEvaluator(onnx.helper.make_model(graph, opset_imports=imports)).run(None, feeds))


def placeholders(graph: onnx.GraphProto) -> dict[str, Shape]:
    """Weights that are only a shape: outputs of ConstantOfShape over a stored shape."""
    shapes = {tensor.name: tensor for tensor in graph.initializer}
    return {
        node.output[0]: tuple(int(size) for size in numpy_helper.to_array(shapes[node.input[0]]))
        for node in graph.node
        if node.op_type == "ConstantOfShape" and node.input[0] in shapes
    }


def _stored(graph: onnx.GraphProto) -> dict[str, Shape]:
    """Floating-point tensors stored in the file or standing for stored ones; single numbers are constants."""
    shapes = {
        tensor.name: tuple(tensor.dims)
        for tensor in graph.initializer
        if tensor.data_type in FLOATS and tuple(tensor.dims) not in ((), (1,))
    }
    return shapes | placeholders(graph)


def _roles(graph: onnx.GraphProto, stored: Mapping[str, Shape]) -> dict[str, Role]:
    """Which stored tensors are statistics, seen through what only changes their shape."""
    roles: dict[str, Role] = dict.fromkeys(stored, "parameter")
    origin = {name: name for name in stored}
    for proto in graph.node:
        if proto.op_type in VIEWS and proto.input[0] in origin:
            origin[proto.output[0]] = origin[proto.input[0]]
        for position in STATISTIC_INPUTS.get(proto.op_type, ()):
            if proto.input[position] in origin:
                roles[origin[proto.input[position]]] = "statistic"
    return roles


def _shape(given: Any) -> Shape:
    return tuple(given.shape)
