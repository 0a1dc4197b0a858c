"""Read an ONNX graph: its own nodes, shapes by ONNX's own inference.

Weights may be stored (initialisers) or stand as placeholders that fill a shape with one number, as in
the light graphs of the ``onnx`` wheel; both are parameters here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import onnx
from onnx import numpy_helper, shape_inference

from zoodata.graph.network import CONVOLUTION, LINEAR, MATMUL, Network, Node, Parameter, Shape

OPERATORS: dict[str, str] = {
    "BatchNormalization": "batch_normalization", "LayerNormalization": "layer_normalization",
    "GroupNormalization": "group_normalization", "InstanceNormalization": "group_normalization",
    "LRN": "local_response_normalization",
    "Relu": "activation", "LeakyRelu": "activation", "Sigmoid": "activation", "Tanh": "activation",
    "HardSwish": "activation", "HardSigmoid": "activation", "Gelu": "activation", "Elu": "activation",
    "PRelu": "activation", "Erf": "activation", "Clip": "activation", "Softplus": "activation",
    "Softmax": "softmax", "LogSoftmax": "softmax", "MaxPool": "max_pool", "AveragePool": "average_pool",
    "GlobalAveragePool": "global_pool", "GlobalMaxPool": "global_pool", "Pad": "pad", "Add": "add", "Sum": "add",
    "Sub": "subtract", "Neg": "subtract", "Mul": "multiply", "Div": "divide", "Concat": "concatenate",
    "Split": "split", "Slice": "slice", "Reshape": "reshape", "Flatten": "reshape", "Squeeze": "reshape",
    "Unsqueeze": "reshape", "Expand": "reshape", "Tile": "reshape", "Transpose": "transpose",
    "ReduceMean": "mean", "Mean": "mean", "ReduceSum": "sum", "Pow": "power", "Sqrt": "square_root",
    "Exp": "exponential", "Max": "maximum", "Min": "minimum", "Resize": "resize", "Upsample": "resize",
    "Gather": "gather", "Constant": "constant", "ConstantOfShape": "constant", "Shape": "constant",
    "Identity": "identity", "Dropout": "identity", "Cast": "identity", "Where": "select", "Equal": "compare",
}  # fmt: skip

# Which inputs of these operators are running statistics.
STATISTIC_INPUTS = {"BatchNormalization": (3, 4)}

COUNTED = {CONVOLUTION, LINEAR, MATMUL}

# Operators that only look at a stored tensor another way.
VIEWS = {"Unsqueeze", "Squeeze", "Reshape", "Transpose", "Identity", "Cast", "Flatten"}


class UnreadableGraph(ValueError):
    """The file is an ONNX model, but not one whose single pass can be read."""


def read(model: onnx.ModelProto) -> Network:
    """Read an image classifier's graph at batch 1.

    Raises:
        UnreadableGraph: without a four-dimensional input of known size, or with control flow.
    """
    if control := {node.op_type for node in model.graph.node} & {"If", "Loop", "Scan"}:
        raise UnreadableGraph(f"the graph has control flow ({', '.join(sorted(control))})")
    graph = shape_inference.infer_shapes(_at_batch_1(model), data_prop=True).graph
    shapes = _shapes(graph)
    stored = _stored(graph, shapes)
    images = [value.name for value in graph.input if value.name not in stored]
    images = [name for name in images if len(shapes.get(name, ())) == 4]
    if len(images) != 1:
        raise UnreadableGraph(f"the graph has {len(images)} image inputs, not one")
    input_shape = shapes[images[0]]
    if 0 in input_shape:
        raise UnreadableGraph("the input's size is not fixed")

    parameter_of = dict.fromkeys(stored, "")
    parameter_of.update({name: name for name in stored})
    roles = dict.fromkeys(stored, "parameter")
    shapes.update(stored)
    nodes = []
    for number, proto in enumerate(graph.node):
        if proto.op_type in {"ConstantOfShape", "Constant"} and proto.output[0] in stored:
            continue
        names = [parameter_of[name] for name in proto.input if parameter_of.get(name)]
        for position in STATISTIC_INPUTS.get(proto.op_type, ()):
            roles[parameter_of.get(proto.input[position], "")] = "statistic"
        if proto.op_type in VIEWS and names and proto.input[0] in parameter_of:
            parameter_of[proto.output[0]] = parameter_of[proto.input[0]]
            continue
        operator, attributes = _canonical(proto, shapes, parameter_of)
        label = proto.name or f"{operator}_{number}"
        shape = shapes.get(proto.output[0], ())
        if operator in COUNTED and (not shape or 0 in shape):
            raise UnreadableGraph(f"the size of {label}'s output cannot be inferred, so it cannot be counted")
        taken = tuple(dict.fromkeys(names))
        nodes.append(Node(label, operator, tuple(proto.input), tuple(proto.output), shape, attributes, taken))

    used = {name for node in nodes for name in node.parameters}
    # What no node uses is export debris (dummy shapes, queue counters), not part of the model.
    parameters = tuple(
        Parameter(name, shape, roles[name])  # type: ignore[arg-type]
        for name, shape in stored.items()
        if name in used
    )
    layout = "NHWC" if input_shape[3] in (1, 3) and input_shape[1] not in (1, 3) else "NCHW"
    return Network(
        framework="onnx",
        input_shape=input_shape,
        layout=layout,  # type: ignore[arg-type]
        output_shape=tuple(size or 1 for size in shapes[graph.output[0].name]),
        nodes=tuple(nodes),
        parameters=parameters,
    )


def _at_batch_1(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model with an open batch set to 1, and every shape that may repeat the open one left to inference."""
    fixed = onnx.ModelProto()
    fixed.CopyFrom(model)
    weights = {tensor.name for tensor in fixed.graph.initializer}
    opened = False
    for value in fixed.graph.input:
        dimensions = value.type.tensor_type.shape.dim
        if value.name not in weights and len(dimensions) == 4 and not dimensions[0].dim_value:
            dimensions[0].dim_value, opened = 1, True
    if opened:
        del fixed.graph.value_info[:]
        for value in fixed.graph.output:
            value.type.tensor_type.ClearField("shape")
    return fixed


def placeholders(graph: onnx.GraphProto) -> dict[str, Shape]:
    """Weights that are only a shape: outputs of ConstantOfShape over a stored shape."""
    shapes = {tensor.name: tensor for tensor in graph.initializer}
    return {
        node.output[0]: tuple(int(size) for size in numpy_helper.to_array(shapes[node.input[0]]))
        for node in graph.node
        if node.op_type == "ConstantOfShape" and node.input[0] in shapes
    }


def _stored(graph: onnx.GraphProto, shapes: dict[str, Shape]) -> dict[str, Shape]:
    """Floating-point tensors stored in the file or standing for stored ones. Integers are shapes and axes."""
    floats = {
        onnx.TensorProto.FLOAT,
        onnx.TensorProto.FLOAT16,
        onnx.TensorProto.DOUBLE,
        onnx.TensorProto.BFLOAT16,
    }
    found = {tensor.name: tuple(tensor.dims) for tensor in graph.initializer if tensor.data_type in floats}
    return found | placeholders(graph)


def _shapes(graph: onnx.GraphProto) -> dict[str, Shape]:
    """Value name to shape; a dimension that is not a number counts as 0 and is read as batch 1."""
    found = {}
    for value in [*graph.input, *graph.value_info, *graph.output]:
        dimensions = value.type.tensor_type.shape.dim
        found[value.name] = tuple(int(dimension.dim_value) for dimension in dimensions)
    return found


def _canonical(
    proto: onnx.NodeProto, shapes: dict[str, Shape], parameter_of: dict[str, str]
) -> tuple[str, dict[str, Any]]:
    readers: dict[str, Callable[..., tuple[str, dict[str, Any]]]] = {
        "Conv": _convolution, "ConvTranspose": _convolution, "Gemm": _gemm, "MatMul": _matmul,
    }  # fmt: skip
    if proto.op_type in readers:
        return readers[proto.op_type](proto, shapes, parameter_of)
    return OPERATORS.get(proto.op_type, f"onnx.{proto.op_type}"), {}


def _attributes(proto: onnx.NodeProto) -> dict[str, Any]:
    return {attribute.name: onnx.helper.get_attribute_value(attribute) for attribute in proto.attribute}


def _shape_of(name: str, shapes: dict[str, Shape], parameter_of: dict[str, str]) -> Shape:
    shape = shapes.get(name) or shapes.get(parameter_of.get(name, ""), ())
    if not shape:
        raise UnreadableGraph(f"the size of {name} cannot be inferred, so what uses it cannot be counted")
    return shape


def _convolution(
    proto: onnx.NodeProto, shapes: dict[str, Shape], parameter_of: dict[str, str]
) -> tuple[str, dict[str, Any]]:
    own = _attributes(proto)
    weight = _shape_of(proto.input[1], shapes, parameter_of)
    rank = len(weight) - 2
    return CONVOLUTION, {
        "weight_shape": weight,
        "input_shape": _shape_of(proto.input[0], shapes, parameter_of),
        "stride": tuple(own.get("strides", [1] * rank)),
        "padding": tuple(own.get("pads", [0] * rank * 2)),
        "dilation": tuple(own.get("dilations", [1] * rank)),
        "transposed": proto.op_type == "ConvTranspose",
        "groups": int(own.get("group", 1)),
    }


def _gemm(proto: onnx.NodeProto, shapes: dict[str, Shape], parameter_of: dict[str, str]) -> tuple[str, dict[str, Any]]:
    right = _shape_of(proto.input[1], shapes, parameter_of)
    inner = right[1] if _attributes(proto).get("transB") else right[0]
    return LINEAR, {"in_features": int(inner)}


def _matmul(
    proto: onnx.NodeProto, shapes: dict[str, Shape], parameter_of: dict[str, str]
) -> tuple[str, dict[str, Any]]:
    inner = int(_shape_of(proto.input[1], shapes, parameter_of)[-2])
    if any(parameter_of.get(name) for name in proto.input):
        return LINEAR, {"in_features": inner}
    return MATMUL, {"inner": inner}
