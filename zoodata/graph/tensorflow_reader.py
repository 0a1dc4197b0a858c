"""Read a TensorFlow function: the operations of its graph, library functions included.

Keras 3, tf-keras (Model Garden) and TF1-style graphs (TF-Slim) all end as a ``FuncGraph`` or ``Graph`` of
the same operations, so one reader serves the three.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Any

import tensorflow as tf

from zoodata.graph.network import CONVOLUTION, LINEAR, MATMUL, Network, Node, Parameter, Shape

OPERATORS: dict[str, str] = {
    "FusedBatchNorm": "batch_normalization", "FusedBatchNormV2": "batch_normalization",
    "FusedBatchNormV3": "batch_normalization", "LRN": "local_response_normalization",
    "Relu": "activation", "Relu6": "activation", "LeakyRelu": "activation", "Elu": "activation",
    "Sigmoid": "activation", "Tanh": "activation", "Erf": "activation", "Erfc": "activation",
    "Softplus": "activation", "Softmax": "softmax", "MaxPool": "max_pool", "MaxPoolV2": "max_pool",
    "AvgPool": "average_pool", "Mean": "mean", "Sum": "sum", "Max": "maximum", "Maximum": "maximum",
    "Minimum": "minimum", "Pad": "pad", "PadV2": "pad", "MirrorPad": "pad", "BiasAdd": "add", "AddV2": "add",
    "Add": "add", "AddN": "add", "Sub": "subtract", "Neg": "subtract", "SquaredDifference": "subtract",
    "Mul": "multiply", "RealDiv": "divide", "FloorDiv": "divide", "FloorMod": "divide", "Reciprocal": "divide",
    "ConcatV2": "concatenate", "Pack": "concatenate", "Unpack": "split", "Split": "split", "SplitV": "split",
    "StridedSlice": "slice", "Slice": "slice", "Reshape": "reshape", "Squeeze": "reshape", "ExpandDims": "reshape",
    "BroadcastTo": "reshape", "Tile": "reshape", "EnsureShape": "identity", "Transpose": "transpose",
    "Pow": "power", "Square": "power", "Sqrt": "square_root", "Rsqrt": "square_root", "Exp": "exponential",
    "ResizeBilinear": "resize", "ResizeNearestNeighbor": "resize", "GatherV2": "gather", "Fill": "constant",
    "Const": "constant", "Shape": "constant", "Range": "constant", "Identity": "identity",
    "IdentityN": "identity", "StopGradient": "identity", "Cast": "identity", "Select": "select",
    "SelectV2": "select", "Equal": "compare", "Greater": "compare", "Less": "compare", "GreaterEqual": "compare",
    "Roll": "roll", "SpaceToBatchND": "reshape", "BatchToSpaceND": "reshape",
}  # fmt: skip

CALLS = {"StatefulPartitionedCall", "PartitionedCall"}
READS = {"ReadVariableOp", "Identity", "Cast"}
SKIPPED = {"NoOp", "Placeholder", "VarHandleOp", "VariableV2", "Assert", "ReadVariableOp"}
STATISTICS = re.compile(r"(^|/)moving_(mean|variance)(:0)?$")


def role_of(name: str, trainable: bool) -> str:
    """What a variable is: a parameter, a batch-norm statistic, or a constant that is merely stored."""
    if STATISTICS.search(name):
        return "statistic"
    return "parameter" if trainable else "constant"


def read(
    graph: tf.Graph, image: tf.Tensor, output: tf.Tensor, variables: Iterable[Any], handles: dict[str, str]
) -> Network:
    """Read a graph between its image and its output.

    Args:
        graph: the graph or function graph.
        image: its input, NHWC, all sizes known.
        output: its result.
        variables: everything the model stores.
        handles: name of a tensor that stands for a variable in this graph, to the variable's name.
    """
    stored = tuple(
        Parameter(
            variable_name(variable),
            tuple(variable.shape),
            role_of(variable_name(variable), variable.trainable),  # type: ignore[arg-type]
        )
        for variable in variables
    )
    walker = _Walker()
    walker.walk(graph, dict(handles), _reachable(graph, output))
    return Network(
        framework="tensorflow",
        input_shape=tuple(image.shape),
        layout="NHWC",
        output_shape=tuple(output.shape),
        nodes=tuple(walker.nodes),
        parameters=stored,
    )


def variable_name(variable: Any) -> str:
    """The variable's full name: Keras 3 calls it path, TensorFlow name."""
    return str(getattr(variable, "path", None) or variable.name).removesuffix(":0")


def _reachable(graph: tf.Graph, output: tf.Tensor) -> set[str]:
    """Names of the operations the output depends on: training-only branches fall away."""
    found: set[str] = set()
    waiting = [output.op]
    while waiting:
        operation = waiting.pop()
        if operation.name not in found:
            found.add(operation.name)
            waiting += [tensor.op for tensor in operation.inputs]
    return found


class _Walker:
    """Collects nodes, following calls into library functions with the variables handed to them.

    ``parameter_of`` maps a tensor's name in the graph at hand to the variable it is, or is a view of.
    """

    def __init__(self) -> None:
        self.nodes: list[Node] = []

    def walk(
        self, graph: tf.Graph, parameter_of: dict[str, str], wanted: set[str] | None = None, prefix: str = ""
    ) -> None:
        for operation in graph.get_operations():
            if wanted is not None and operation.name not in wanted:
                continue
            inputs = [tensor.name for tensor in operation.inputs]
            if operation.type in CALLS:
                self._call(graph, operation, parameter_of, prefix)
            elif operation.type in READS and inputs and inputs[0] in parameter_of:
                parameter_of[operation.outputs[0].name] = parameter_of[inputs[0]]
            elif operation.type not in SKIPPED and operation.outputs:
                self._record(operation, parameter_of, prefix)

    def _call(self, graph: tf.Graph, operation: tf.Operation, parameter_of: dict[str, str], prefix: str) -> None:
        inner = _library_graph(graph, operation.get_attr("f").name)
        handed = {
            inside.name: parameter_of[outside.name]
            for outside, inside in zip(operation.inputs, inner.inputs, strict=False)
            if outside.name in parameter_of
        }
        self.walk(inner, handed, None, f"{prefix}{operation.name}/")

    def _record(self, operation: tf.Operation, parameter_of: dict[str, str], prefix: str) -> None:
        inputs = [tensor.name for tensor in operation.inputs]
        parameters = tuple(dict.fromkeys(parameter_of[name] for name in inputs if name in parameter_of))
        operator, attributes = _canonical(operation, bool(parameters))
        names = tuple(prefix + name for name in inputs)
        outputs = tuple(prefix + tensor.name for tensor in operation.outputs)
        shape = _shape(operation.outputs[0])
        self.nodes.append(Node(prefix + operation.name, operator, names, outputs, shape, attributes, parameters))
        if parameters and len(inputs) <= 2 and operator in {"reshape", "transpose"}:
            parameter_of[operation.outputs[0].name] = parameters[0]


def _library_graph(graph: tf.Graph, name: str) -> Any:
    """The graph of a function that a graph's library holds."""
    function = graph._get_function(name)
    inner = getattr(function, "graph", None)
    if inner is None:
        raise ValueError(f"the library function {name} has no graph to read")
    return inner


def _shape(tensor: tf.Tensor) -> Shape:
    return tuple(size or 1 for size in tensor.shape) if tensor.shape.rank is not None else ()


def _canonical(operation: tf.Operation, has_parameters: bool) -> tuple[str, dict[str, Any]]:
    kind = operation.type
    if kind in {"Conv2D", "DepthwiseConv2dNative"}:
        image, weight = _shape(operation.inputs[0]), _shape(operation.inputs[1])
        height, width, inputs, outputs = weight
        depthwise = kind == "DepthwiseConv2dNative"
        # TensorFlow stores HWIO, and HWIM for depthwise; grouped Conv2D has I = channels / groups already.
        oihw = (inputs * outputs, 1, height, width) if depthwise else (outputs, inputs, height, width)
        return CONVOLUTION, {
            "weight_shape": oihw,
            "input_shape": image,
            "stride": tuple(operation.get_attr("strides")[1:3]),
            "padding": operation.get_attr("padding").decode(),
            "dilation": tuple(operation.get_attr("dilations")[1:3]),
            "groups": inputs if depthwise else image[3] // inputs,
        }
    if kind in {"MatMul", "BatchMatMulV2", "BatchMatMul"}:
        flag = "transpose_a" if kind == "MatMul" else "adj_x"
        inner = _shape(operation.inputs[0])[-2 if operation.get_attr(flag) else -1]
        return (LINEAR, {"in_features": inner}) if has_parameters else (MATMUL, {"inner": inner})
    if kind == "Einsum":
        inner = _einsum_inner(operation)
        return (LINEAR, {"in_features": inner}) if has_parameters else (MATMUL, {"inner": inner})
    return OPERATORS.get(kind, f"tensorflow.{kind}"), {}


def _einsum_inner(operation: tf.Operation) -> int:
    """The product of the summed axes' lengths of an einsum of two operands."""
    equation = operation.get_attr("equation").decode()
    terms, _, result = equation.partition("->")
    sizes: dict[str, int] = {}
    for term, tensor in zip(terms.split(","), operation.inputs, strict=True):
        letters, shape = term.strip(), _shape(tensor)
        if letters.startswith("..."):
            letters = letters.removeprefix("...")
            shape = shape[len(shape) - len(letters) :]
        sizes |= dict(zip(letters, shape, strict=True))
    return math.prod(size for letter, size in sizes.items() if letter not in result)
