"""ONNX's operators in our words: op type to canonical construction."""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import numpy_helper, shape_inference

from zoodata.graph import view
from zoodata.graph.canonical import activation as act
from zoodata.graph.canonical import contraction, elementwise, normalization, pooling, reduction, shaping
from zoodata.graph.canonical.builder import Builder, View

Value = View | npt.NDArray[Any]


class UnknownShape(ValueError):
    """A shape that only a run could tell."""


class Call:
    """One node with its inputs and attributes at hand."""

    def __init__(self, b: Builder, proto: onnx.NodeProto, inputs: Sequence[Value | None], version: int) -> None:
        self.b = b
        self.proto = proto
        self.inputs = list(inputs)
        self.version = version
        self.own = {attribute.name: onnx.helper.get_attribute_value(attribute) for attribute in proto.attribute}

    def __len__(self) -> int:
        return sum(1 for given in self.inputs if given is not None)

    def has(self, position: int) -> bool:
        """Whether an optional input is given."""
        return position < len(self.inputs) and self.inputs[position] is not None

    def value(self, position: int) -> View:
        """An input as a value of the network."""
        given = self.inputs[position]
        return given if isinstance(given, View) else self.b.constant(np.asarray(given))

    def whole_numbers(self, position: int, name: str, default: Any = None) -> Any:
        """Integers given as an input in newer versions, as an attribute in older ones."""
        if self.has(position):
            given = self.inputs[position]
            if isinstance(given, View):
                raise NotImplementedError
            return [int(number) for number in np.asarray(given).ravel()]
        value = self.own.get(name, default)
        return list(value) if isinstance(value, (list, tuple)) else value


Handler = Callable[[Call], "View | list[View]"]
HANDLERS: dict[str, Handler] = {}


def build(b: Builder, proto: onnx.NodeProto, inputs: Sequence[Value | None], version: int) -> list[View]:
    """The values a node makes."""
    call = Call(b, proto, inputs, version)
    handler = HANDLERS.get(proto.op_type, opaque) if proto.domain in ("", "ai.onnx") else opaque
    try:
        made = handler(call)
    except NotImplementedError:
        made = opaque(call)
    return made if isinstance(made, list) else [made]


def handles(*types: str) -> Callable[[Handler], Handler]:
    """Register a handler for these op types."""

    def register(handler: Handler) -> Handler:
        for kind in types:
            HANDLERS[kind] = handler
        return handler

    return register


def constant_of(proto: onnx.NodeProto) -> npt.NDArray[Any]:
    """The numbers of a Constant node."""
    for attribute in proto.attribute:
        value = onnx.helper.get_attribute_value(attribute)
        return numpy_helper.to_array(value) if isinstance(value, onnx.TensorProto) else np.asarray(value)
    raise ValueError("a Constant without contents")


def opaque(c: Call) -> list[View]:
    """A node that runs by its ONNX name.

    Raises:
        UnknownShape: when ONNX's own inference cannot tell what shape it gives.
    """
    given = [(name, position) for position, name in enumerate(c.proto.input) if c.has(position)]
    operands = [c.value(position) for _, position in given]
    typed = [
        np.asarray(c.inputs[p]).dtype if not isinstance(c.inputs[p], View) else np.dtype("float32") for _, p in given
    ]
    shapes = _inferred(c, [name for name, _ in given], operands, typed)
    plain = onnx.NodeProto()
    plain.CopyFrom(c.proto)
    plain.name, plain.doc_string = "", ""
    plain.input[:] = [f"in{number}" for number in range(len(given))]
    plain.output[:] = [f"out{number}" for number in range(len(c.proto.output))]
    encoded = base64.b64encode(plain.SerializeToString(deterministic=True)).decode()
    arguments = repr((encoded, c.version, [dtype.name for dtype in typed]))
    name = f"onnx.{c.proto.op_type}"
    if len(shapes) == 1:
        return [shaping.call(c.b, name, operands, shapes[0], call=name, arguments=arguments)]
    whole = shaping.call(c.b, name, operands, (), call=name, arguments=arguments)
    return [shaping.item(c.b, whole, number, shape) for number, shape in enumerate(shapes)]


def _inferred(c: Call, names: list[str], operands: list[View], types: list[Any]) -> list[tuple[int, ...]]:
    known = [position for position in range(len(c.inputs)) if isinstance(c.inputs[position], np.ndarray)]
    declared = [
        onnx.helper.make_tensor_value_info(name, onnx.helper.np_dtype_to_tensor_dtype(dtype), list(x.shape))
        for name, x, dtype in zip(names, operands, types, strict=True)
    ]
    constants = [numpy_helper.from_array(np.asarray(c.inputs[p]), c.proto.input[p]) for p in known]
    outputs = [onnx.helper.make_value_info(name, onnx.TypeProto()) for name in c.proto.output]
    graph = onnx.helper.make_graph([c.proto], "one", declared, outputs, initializer=constants)
    imports = [onnx.helper.make_opsetid(c.proto.domain, c.version)]
    inferred = shape_inference.infer_shapes(onnx.helper.make_model(graph, opset_imports=imports), data_prop=True)
    shapes = []
    for value in inferred.graph.output:
        if not value.type.tensor_type.HasField("shape"):
            raise UnknownShape(f"the shape that {c.proto.op_type} gives is not known before it runs")
        shapes.append(tuple(dimension.dim_value for dimension in value.type.tensor_type.shape.dim))
    if any(0 in shape for shape in shapes):
        raise UnknownShape(f"the shape that {c.proto.op_type} gives is not known before it runs")
    return shapes


def _frame(c: Call, sizes: Sequence[int], kernel: Sequence[int], stride: Sequence[int], dilation: Sequence[int]) -> Any:
    """(before, after) of each position axis."""
    rule = c.own.get("auto_pad", b"NOTSET").decode()
    rank = len(kernel)
    if rule == "SAME_UPPER":
        return pooling.same(sizes, kernel, stride, dilation)
    if rule == "SAME_LOWER":
        return [pair[::-1] for pair in pooling.same(sizes, kernel, stride, dilation)]
    pads = list(c.own.get("pads", [0] * 2 * rank)) if rule == "NOTSET" else [0] * 2 * rank
    return list(zip(pads[:rank], pads[rank:], strict=True))


@handles("Conv", "ConvTranspose")
def _convolution(c: Call) -> View:
    x, weight = c.value(0), c.value(1)
    rank = len(weight.shape) - 2
    stride, dilation = (list(c.own.get(name, [1] * rank)) for name in ("strides", "dilations"))
    transposed = None
    if c.proto.op_type == "ConvTranspose":
        if "output_shape" in c.own or c.own.get("auto_pad", b"NOTSET") != b"NOTSET":
            raise NotImplementedError
        transposed = list(c.own.get("output_padding", [0] * rank))
    return contraction.convolution(
        c.b, x, weight, c.value(2) if c.has(2) else None, stride=stride,
        padding=_frame(c, x.shape[2:], weight.shape[2:], stride, dilation), dilation=dilation,
        groups=int(c.own.get("group", 1)), transposed=transposed,
    )  # fmt: skip


@handles("Gemm")
def _gemm(c: Call) -> View:
    x, weight = c.value(0), c.value(1)
    if c.own.get("transA") or c.own.get("alpha", 1.0) != 1.0 or c.own.get("beta", 1.0) != 1.0:
        raise NotImplementedError
    if not c.own.get("transB"):
        weight = View(weight.node, view.permute(weight.axes, (1, 0)))
    made = contraction.linear(c.b, x, weight)
    return elementwise.add(c.b, made, c.value(2)) if c.has(2) else made


@handles("MatMul")
def _matmul(c: Call) -> View:
    return contraction.matmul(c.b, c.value(0), c.value(1))


@handles("BatchNormalization")
def _batch_norm(c: Call) -> list[View]:
    x, scale, shift, mean, variance = (c.value(position) for position in range(5))
    return [normalization.batch_norm(c.b, x, mean, variance, float(c.own.get("epsilon", 1e-5)), scale, shift)]


@handles("LayerNormalization")
def _layer_norm(c: Call) -> list[View]:
    x = c.value(0)
    first = c.own.get("axis", -1) % len(x.axes)
    axes = list(range(first, len(x.axes)))
    shift = c.value(2) if c.has(2) else None
    return [normalization.layer_norm(c.b, x, axes, float(c.own.get("epsilon", 1e-5)), c.value(1), shift)]


@handles("InstanceNormalization", "GroupNormalization")
def _group_norm(c: Call) -> View:
    x = c.value(0)
    groups = int(c.own.get("num_groups", x.shape[1]))
    if c.proto.op_type == "GroupNormalization" and c.value(1).shape[0] != x.shape[1]:
        raise NotImplementedError
    return normalization.group_norm(c.b, x, groups, float(c.own.get("epsilon", 1e-5)), c.value(1), c.value(2))


@handles("LRN")
def _lrn(c: Call) -> View:
    size = int(c.own["size"])
    alpha, beta, bias = (
        float(c.own.get(name, default)) for name, default in (("alpha", 1e-4), ("beta", 0.75), ("bias", 1.0))
    )
    return normalization.local_response_norm(c.b, c.value(0), size, alpha / size, beta, bias)


ACTIVATIONS = {
    "Relu": "relu", "Sigmoid": "sigmoid", "Tanh": "tanh", "Softplus": "softplus", "Mish": "mish",
    "Softsign": "softsign", "HardSwish": "hard_swish",
}  # fmt: skip
FUNCTIONS = {
    "Exp": "exp", "Log": "log", "Sin": "sin", "Cos": "cos", "Sqrt": "square_root", "Erf": "erf", "Abs": "abs",
    "Reciprocal": "reciprocal",
}  # fmt: skip
BINARY: dict[str, Callable[[Builder, View, View], View]] = {
    "Add": elementwise.add,
    "Sub": elementwise.subtract,
    "Mul": elementwise.multiply,
    "Div": elementwise.divide,
}


@handles(*ACTIVATIONS)
def _activation(c: Call) -> View:
    return act.activation(c.b, ACTIVATIONS[c.proto.op_type], c.value(0))


@handles(*FUNCTIONS)
def _function(c: Call) -> View:
    return elementwise.function(c.b, FUNCTIONS[c.proto.op_type], c.value(0))


@handles(*BINARY)
def _binary(c: Call) -> View:
    x, y = c.value(0), c.value(1)
    if c.own.get("broadcast") and len(y.axes) < len(x.axes):  # before version 7 an axis says where y stands
        after = len(x.axes) - int(c.own.get("axis", len(x.axes) - len(y.axes))) - len(y.axes)
        y = View(y.node, (*y.axes, *((),) * after))
    return BINARY[c.proto.op_type](c.b, x, y)


@handles("Sum", "Max", "Min", "Mean")
def _many(c: Call) -> View:
    function = {"Max": elementwise.maximum, "Min": elementwise.minimum}.get(c.proto.op_type, elementwise.add)
    total = c.value(0)
    for position in range(1, len(c.inputs)):
        total = function(c.b, total, c.value(position))
    return elementwise.scaled(c.b, total, 1 / len(c.inputs)) if c.proto.op_type == "Mean" else total


@handles("Neg")
def _negative(c: Call) -> View:
    return elementwise.scaled(c.b, c.value(0), -1.0)


@handles("Pow")
def _power(c: Call) -> View:
    exponent = c.b.number_of(c.value(1))
    if exponent is None:
        raise NotImplementedError
    return elementwise.power(c.b, c.value(0), exponent)


@handles("LeakyRelu")
def _leaky_relu(c: Call) -> View:
    return act.activation(c.b, "leaky_relu", c.value(0), slope=float(c.own.get("alpha", 0.01)))


@handles("Elu")
def _elu(c: Call) -> View:
    return act.activation(c.b, "elu", c.value(0), slope=float(c.own.get("alpha", 1.0)))


@handles("HardSigmoid")
def _hard_sigmoid(c: Call) -> View:
    alpha, beta = float(c.own.get("alpha", 0.2)), float(c.own.get("beta", 0.5))
    # max(0, min(1, alpha x + beta)) = relu6(6 alpha x + 6 beta) / 6
    x = elementwise.scaled(c.b, c.value(0), 6 * alpha)
    return elementwise.scaled(c.b, act.clip(c.b, elementwise.shifted(c.b, x, 6 * beta), 0.0, 6.0), 1 / 6)


@handles("Gelu")
def _gelu(c: Call) -> View:
    kind = "gelu_tanh" if c.own.get("approximate") == b"tanh" else "gelu"
    return act.activation(c.b, kind, c.value(0))


@handles("Clip")
def _clip(c: Call) -> View:
    limits: list[float | None] = []
    for position, name in ((1, "min"), (2, "max")):
        if c.has(position):
            limits.append(c.b.number_of(c.value(position)))
            if limits[-1] is None:
                raise NotImplementedError
        else:
            limits.append(float(c.own[name]) if name in c.own else None)
    low, high = limits
    unlimited = 3e38
    return act.clip(
        c.b,
        c.value(0),
        None if low is None or low < -unlimited else low,
        None if high is None or high > unlimited else high,
    )


@handles("Softmax", "LogSoftmax")
def _softmax(c: Call) -> View:
    x = c.value(0)
    logarithm = c.proto.op_type == "LogSoftmax"
    if c.version >= 13:
        return reduction.softmax(c.b, x, int(c.own.get("axis", -1)), logarithm)
    # Before version 13 everything from the axis on is one axis.
    axis = int(c.own.get("axis", 1)) % len(x.axes)
    flat = c.b.reshaped(x, (*x.shape[:axis], math.prod(x.shape[axis:])))
    return c.b.reshaped(reduction.softmax(c.b, flat, -1, logarithm), x.shape)


@handles("MaxPool", "AveragePool")
def _pool(c: Call) -> View:
    x = c.value(0)
    kernel = list(c.own["kernel_shape"])
    stride, dilation = (list(c.own.get(name, [1] * len(kernel))) for name in ("strides", "dilations"))
    padding = _frame(c, x.shape[2:], kernel, stride, dilation)
    ceil = bool(c.own.get("ceil_mode", 0))
    if c.proto.op_type == "MaxPool":
        return pooling.max_pool(c.b, x, kernel, stride, padding, dilation, ceil)
    return pooling.average_pool(c.b, x, kernel, stride, padding, ceil, bool(c.own.get("count_include_pad", 0)))


@handles("GlobalAveragePool", "GlobalMaxPool")
def _global_pool(c: Call) -> View:
    x = c.value(0)
    operator = "mean" if c.proto.op_type == "GlobalAveragePool" else "maximum"
    return reduction.reduce(c.b, operator, x, list(range(2, len(x.axes))), keep=True)


@handles("ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin")
def _reduce(c: Call) -> View:
    operator = {"ReduceMean": "mean", "ReduceSum": "sum", "ReduceMax": "maximum", "ReduceMin": "minimum"}
    x = c.value(0)
    axes = c.whole_numbers(1, "axes") or list(range(len(x.axes)))
    return reduction.reduce(c.b, operator[c.proto.op_type], x, axes, bool(c.own.get("keepdims", 1)))


@handles("Pad")
def _pad(c: Call) -> View:
    if c.own.get("mode", b"constant") != b"constant" or c.has(3):
        raise NotImplementedError
    x, amounts = c.value(0), c.whole_numbers(1, "pads", c.own.get("paddings"))
    number = c.b.number_of(c.value(2)) if c.has(2) else float(c.own.get("value", 0.0))
    if number is None:
        raise NotImplementedError
    rank = len(x.axes)
    return pooling.pad(c.b, x, list(zip(amounts[:rank], amounts[rank:], strict=True)), number)


@handles("Concat")
def _concatenate(c: Call) -> View:
    values = [c.value(position) for position in range(len(c.inputs))]
    return shaping.concatenate(c.b, values, int(c.own.get("axis", 1)))


@handles("Split")
def _split(c: Call) -> list[View]:
    x, axis = c.value(0), int(c.own.get("axis", 0))
    parts = len(c.proto.output)
    sizes = c.whole_numbers(1, "split") or [-(-x.shape[axis] // parts)] * parts
    pieces, start = [], 0
    for size in sizes:
        stop = min(start + size, x.shape[axis])
        pieces.append(shaping.cut(c.b, x, axis, start, stop, 1))
        start = stop
    return pieces


@handles("Slice")
def _slice(c: Call) -> View:
    x = c.value(0)
    starts, ends = c.whole_numbers(1, "starts"), c.whole_numbers(2, "ends")
    axes = c.whole_numbers(3, "axes") or list(range(len(starts)))
    steps = c.whole_numbers(4, "steps") or [1] * len(starts)
    for axis, start, stop, step in zip(axes, starts, ends, steps, strict=True):
        low, high, every = slice(start, stop, step).indices(x.shape[axis])
        if every < 0:
            raise NotImplementedError
        x = shaping.cut(c.b, x, axis, low, high, every)
    return x


@handles("Gather")
def _gather(c: Call) -> View:
    indices = c.inputs[1]
    if isinstance(indices, View) or np.asarray(indices).size != 1:
        raise NotImplementedError
    x, axis = c.value(0), int(c.own.get("axis", 0))
    index = int(np.asarray(indices).ravel()[0])
    one = shaping.select(c.b, x, axis, index)
    return one if np.asarray(indices).ndim == 0 else View(one.node, (*one.axes[:axis], (), *one.axes[axis:]))


# Shapes


@handles("Reshape")
def _reshape(c: Call) -> View:
    x, wanted = c.value(0), c.whole_numbers(1, "shape")
    sizes = [x.shape[n] if size == 0 and not c.own.get("allowzero") else size for n, size in enumerate(wanted)]
    if -1 in sizes:
        sizes[sizes.index(-1)] = math.prod(x.shape) // math.prod(size for size in sizes if size != -1)
    if math.prod(sizes) != math.prod(x.shape) and sizes and math.prod(sizes[1:]) == math.prod(x.shape):
        sizes[0] = 1  # a graph exported for another batch
    return c.b.reshaped(x, sizes)


@handles("Flatten")
def _flatten(c: Call) -> View:
    x = c.value(0)
    axis = int(c.own.get("axis", 1))
    axis = axis if axis >= 0 else axis + len(x.axes)
    return c.b.reshaped(x, (math.prod(x.shape[:axis]), math.prod(x.shape[axis:])))


@handles("Squeeze")
def _squeeze(c: Call) -> View:
    x = c.value(0)
    axes = c.whole_numbers(1, "axes")
    gone = {axis % len(x.axes) for axis in axes} if axes else {n for n, size in enumerate(x.shape) if size == 1}
    return View(x.node, tuple(axis for number, axis in enumerate(x.axes) if number not in gone))


@handles("Unsqueeze")
def _unsqueeze(c: Call) -> View:
    x, axes = c.value(0), c.whole_numbers(1, "axes")
    rank = len(x.axes) + len(axes)
    new = {axis % rank for axis in axes}
    rest = iter(x.axes)
    return View(x.node, tuple(() if number in new else next(rest) for number in range(rank)))


@handles("Transpose")
def _transpose(c: Call) -> View:
    x = c.value(0)
    return View(x.node, view.permute(x.axes, list(c.own.get("perm", range(len(x.axes))[::-1]))))


@handles("Expand")
def _expand(c: Call) -> View:
    x, wanted = c.value(0), c.whole_numbers(1, "shape")
    rank = max(len(wanted), len(x.axes))
    have, want = (1,) * (rank - len(x.axes)) + x.shape, [1] * (rank - len(wanted)) + wanted
    return c.b.expanded(x, [max(pair) for pair in zip(have, want, strict=True)])


@handles("Identity", "Dropout")
def _same(c: Call) -> list[View]:
    return [c.value(0)]


@handles("Cast")
def _cast(c: Call) -> View:
    if c.own["to"] not in (onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16, onnx.TensorProto.DOUBLE):
        raise NotImplementedError
    return c.value(0)
