"""ONNX's operators in our words: op type to canonical construction."""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import numpy_helper, shape_inference

from zoodata.graph import foreign, view
from zoodata.graph.canonical import activation as act
from zoodata.graph.canonical import contraction, elementwise, normalization, pooling, reduction, resizing, shaping
from zoodata.graph.canonical.builder import Builder, View, same_number
from zoodata.graph.onnx_alone import alone
from zoodata.graph.onnx_storage import FLOATS

Value = View | npt.NDArray[Any]


class CannotTell(ValueError):
    """What only a run could tell, or no two runs alike: a shape that depends on values, random numbers."""


class Call:
    """One node with its inputs and attributes at hand."""

    def __init__(
        self, b: Builder, proto: onnx.NodeProto, inputs: Sequence[Value | None], version: int, kinds: Mapping[str, int]
    ) -> None:
        self.b = b
        self.proto = proto
        self.inputs = list(inputs)
        self.version = version
        self.kinds = kinds
        """Element types by the name of the value, as ONNX numbers them; where they are known."""
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


MICROSOFT = "com.microsoft"
"""The domain of ONNX Runtime's own operators."""

RANDOM = frozenset(
    {"RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Bernoulli", "Multinomial"}
)


def build(
    b: Builder, proto: onnx.NodeProto, inputs: Sequence[Value | None], version: int, kinds: Mapping[str, int]
) -> list[View]:
    """The values a node makes.

    Raises:
        CannotTell: when only a run could tell a shape, or when the node draws random numbers.
    """
    if proto.op_type in RANDOM:
        raise CannotTell("it draws random numbers: no two passes give the same scores")
    call = Call(b, proto, inputs, version, kinds)
    standard = proto.domain in ("", "ai.onnx")
    handler = HANDLERS.get(proto.op_type if standard else f"{proto.domain}.{proto.op_type}", opaque)
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
    types = [_type_of(c, name, position) for name, position in given]
    plain = onnx.NodeProto()
    plain.CopyFrom(c.proto)
    plain.name, plain.doc_string = "", ""
    names = iter(range(len(given)))
    plain.input[:] = [f"in{next(names)}" if c.has(position) else "" for position in range(len(c.proto.input))]
    plain.output[:] = [f"out{number}" if name else "" for number, name in enumerate(c.proto.output)]
    encoded = base64.b64encode(plain.SerializeToString(deterministic=True)).decode()
    arguments = repr((encoded, c.version, [dtype.name for dtype in types]))
    name = f"onnx.{c.proto.op_type}"
    shapes = _inferred(c, [name for name, _ in given], operands, types) or _tried(name, arguments, operands)
    if len(shapes) == 1:
        only = shaping.call(c.b, name, operands, shapes[0], call=name, arguments=arguments)
        return [only for _ in c.proto.output]
    whole = shaping.call(c.b, name, operands, (), call=name, arguments=arguments)
    made = iter([shaping.item(c.b, whole, number, shape) for number, shape in enumerate(shapes)])
    return [next(made) if output else whole for output in c.proto.output]


def _type_of(c: Call, name: str, position: int) -> np.dtype[Any]:
    """The element type of an input; reals are single, whatever the file calculates in."""
    given = c.inputs[position]
    if isinstance(given, np.ndarray):
        own = given.dtype
    else:
        own = np.dtype(onnx.helper.tensor_dtype_to_np_dtype(c.kinds.get(name, onnx.TensorProto.FLOAT)))
    return own if own.kind in "biu" else np.dtype("float32")


def _inferred(c: Call, names: list[str], operands: list[View], types: list[Any]) -> list[tuple[int, ...]] | None:
    """Shapes of the results by ONNX's own inference; None where it cannot tell."""
    known = [position for position in range(len(c.inputs)) if isinstance(c.inputs[position], np.ndarray)]
    given = {name: (dtype, x.shape) for name, x, dtype in zip(names, operands, types, strict=True)}
    constants = {c.proto.input[position]: np.asarray(c.inputs[position]) for position in known}
    model = alone(c.proto, given, {c.proto.domain: c.version}, constants)
    try:
        inferred = shape_inference.infer_shapes(model, data_prop=True)
    except Exception:  # of an operator that is not ONNX's own
        return None
    shapes = []
    for value in inferred.graph.output:
        if not value.type.tensor_type.HasField("shape"):
            return None
        shapes.append(tuple(dimension.dim_value for dimension in value.type.tensor_type.shape.dim))
    return None if any(0 in shape for shape in shapes) else shapes


DEPENDS_ON_VALUES = frozenset({"NonZero", "Compress", "NonMaxSuppression", "Unique", "TopK", "Range"})


def _tried(name: str, arguments: str, operands: list[View]) -> list[tuple[int, ...]]:
    """Shapes of the results by running the operator once, on zeros.

    Raises:
        CannotTell: when that cannot be, or the shapes depend on the values.
    """
    if name.removeprefix("onnx.") in DEPENDS_ON_VALUES:
        raise CannotTell(f"the shape that {name} gives is not known before it runs")
    try:
        results = foreign.run(name, arguments, [np.zeros(x.shape) for x in operands])
    except foreign.CannotRun as error:
        raise CannotTell(f"the shape that {name} gives is not known before it runs ({error})") from error
    return [tuple(result.shape) for result in results]


def frame(c: Call, sizes: Sequence[int], kernel: Sequence[int], stride: Sequence[int], dilation: Sequence[int]) -> Any:
    """(before, after) of each position axis."""
    rule = c.own.get("auto_pad", b"NOTSET").decode()
    rank = len(kernel)
    if rule == "SAME_UPPER":
        return pooling.same(sizes, kernel, stride, dilation)
    if rule == "SAME_LOWER":
        return [pair[::-1] for pair in pooling.same(sizes, kernel, stride, dilation)]
    pads = list(c.own.get("pads", [0] * 2 * rank)) if rule == "NOTSET" else [0] * 2 * rank
    return list(zip(pads[:rank], pads[rank:], strict=True))


def _crop(
    c: Call, sizes: Sequence[int], kernel: Sequence[int], stride: Sequence[int], dilation: Sequence[int],
    extra: Sequence[int],
) -> list[tuple[int, int]]:  # fmt: skip
    """(before, after) that a transposed convolution cuts off each position axis."""
    rule = c.own.get("auto_pad", b"NOTSET").decode()
    rank = len(kernel)
    wanted = c.own.get("output_shape")
    if wanted is None and not rule.startswith("SAME"):
        return [tuple(pair) for pair in frame(c, sizes, kernel, stride, dilation)]
    wanted = list(wanted)[-rank:] if wanted is not None else [n * s for n, s in zip(sizes, stride, strict=True)]
    crops = []
    for size, s, k, d, e, to in zip(sizes, stride, kernel, dilation, extra, wanted, strict=True):
        total = s * (size - 1) + e + (k - 1) * d + 1 - to
        small, large = total // 2, total - total // 2
        # ONNX: SAME_UPPER cuts the odd row at the end; every other rule at the beginning.
        crops.append((small, large) if rule == "SAME_UPPER" else (large, small))
    return crops


@handles("Conv", "ConvTranspose")
def _convolution(c: Call) -> View:
    return convolved(c, c.value(0), c.value(1), c.value(2) if c.has(2) else None)


def convolved(c: Call, x: View, weight: View, bias: View | None) -> View:
    """The convolution, or the transposed one, that a node's attributes describe."""
    rank = len(weight.shape) - 2
    stride, dilation = (list(c.own.get(name, [1] * rank)) for name in ("strides", "dilations"))
    transposed = None
    if c.proto.op_type == "ConvTranspose":
        transposed = list(c.own.get("output_padding", [0] * rank))
        padding = _crop(c, x.shape[2:], weight.shape[2:], stride, dilation, transposed)
    else:
        padding = frame(c, x.shape[2:], weight.shape[2:], stride, dilation)
    return contraction.convolution(
        c.b, x, weight, bias, stride=stride, padding=padding, dilation=dilation,
        groups=int(c.own.get("group", 1)), transposed=transposed,
    )  # fmt: skip


@handles("Gemm")
def _gemm(c: Call) -> View:
    return gemm(c)


def gemm(c: Call) -> View:
    """``alpha * x @ y + beta * z`` of a node's inputs."""
    made = multiplied(c, c.value(0), c.value(1))
    if not c.has(2):
        return made
    return elementwise.add(c.b, made, elementwise.scaled(c.b, c.value(2), float(c.own.get("beta", 1.0))))


def multiplied(c: Call, x: View, y: View) -> View:
    """The product of matrices that a node's ``transA``, ``transB`` and ``alpha`` describe."""
    x, y = (
        View(one.node, view.turned(one.axes)) if c.own.get(name) else one
        for one, name in ((x, "transA"), (y, "transB"))
    )
    return elementwise.scaled(c.b, contraction.matmul(c.b, x, y), float(c.own.get("alpha", 1.0)))


@handles("MatMul")
def _matmul(c: Call) -> View:
    return contraction.matmul(c.b, c.value(0), c.value(1))


@handles("BatchNormalization")
def _batch_norm(c: Call) -> list[View]:
    x, scale, shift, mean, variance = (c.value(position) for position in range(5))
    trains = bool(c.own.get("training_mode")) if c.version >= 14 else sum(map(bool, c.proto.output)) > 1
    if trains:  # with the statistics of the batch, which is one image
        return [normalization.instance_norm(c.b, x, float(c.own.get("epsilon", 1e-5)), scale, shift)]
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
    x, scale, shift = (c.value(position) for position in range(3))
    groups = int(c.own.get("num_groups", x.shape[1]))
    if scale.shape[0] != x.shape[1]:  # before version 21 each group has one
        each = ((view.REPEAT, 0, x.shape[1] // groups),)
        scale, shift = (View(vector.node, (vector.axes[0] + each,)) for vector in (scale, shift))
    return normalization.group_norm(c.b, x, groups, float(c.own.get("epsilon", 1e-5)), scale, shift)


@handles("RMSNormalization")
def _rms_norm(c: Call) -> View:
    x = c.value(0)
    axes = list(range(c.own.get("axis", -1) % len(x.axes), len(x.axes)))
    epsilon = float(c.own.get("epsilon", 1e-5))
    return normalization.layer_norm(c.b, x, axes, epsilon, c.value(1), operator="rms_norm")


@handles("LpNormalization")
def _lp_norm(c: Call) -> View:
    if c.own.get("p", 2) != 2:
        raise NotImplementedError
    return elementwise.divide(c.b, c.value(0), reduction.norm(c.b, c.value(0), [int(c.own.get("axis", -1))], keep=True))


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
    "Reciprocal": "reciprocal", "Sign": "sign", "Floor": "floor", "Ceil": "ceil", "Round": "round", "Tan": "tan",
    "Atan": "atan", "Asin": "asin", "Acos": "acos", "Sinh": "sinh", "Cosh": "cosh", "Asinh": "asinh",
    "Acosh": "acosh", "Atanh": "atanh", "IsNaN": "is_nan", "Not": "not",
}  # fmt: skip
COMPARISONS = {
    "Equal": "equal", "Less": "less", "LessOrEqual": "less_or_equal", "Greater": "greater",
    "GreaterOrEqual": "greater_or_equal",
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
        return elementwise.binary(c.b, "power", c.value(0), c.value(1))
    return elementwise.power(c.b, c.value(0), exponent)


@handles("LeakyRelu")
def _leaky_relu(c: Call) -> View:
    return act.activation(c.b, "leaky_relu", c.value(0), slope=float(c.own.get("alpha", 0.01)))


@handles("Elu")
def _elu(c: Call) -> View:
    return act.activation(c.b, "elu", c.value(0), slope=float(c.own.get("alpha", 1.0)))


@handles("HardSigmoid")
def _hard_sigmoid(c: Call) -> View:
    return act.hard_sigmoid(c.b, c.value(0), float(c.own.get("alpha", 0.2)), float(c.own.get("beta", 0.5)))


@handles("Selu")
def _selu(c: Call) -> View:
    alpha, gamma = float(c.own.get("alpha", SELU[0])), float(c.own.get("gamma", SELU[1]))
    if same_number(alpha, SELU[0]) and same_number(gamma, SELU[1]):
        return act.activation(c.b, "selu", c.value(0))
    return elementwise.elu(c.b, c.value(0), alpha, gamma)


SELU = (1.67326319217681884765625, 1.05070102214813232421875)


@handles("Celu")
def _celu(c: Call) -> View:
    alpha = float(c.own.get("alpha", 1.0))
    return elementwise.elu(c.b, c.value(0), alpha, inner=1 / alpha)


@handles("PRelu")
def _prelu(c: Call) -> View:
    return act.prelu(c.b, c.value(0), c.value(1))


@handles("Swish")
def _swish(c: Call) -> View:
    x, alpha = c.value(0), float(c.own.get("alpha", 1.0))
    return elementwise.multiply(c.b, x, act.activation(c.b, "sigmoid", elementwise.scaled(c.b, x, alpha)))


@handles(*COMPARISONS)
def _compare(c: Call) -> View:
    return elementwise.compare(c.b, COMPARISONS[c.proto.op_type], c.value(0), c.value(1))


@handles("Where")
def _where(c: Call) -> View:
    return elementwise.select(c.b, c.value(0), c.value(1), c.value(2))


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
    padding = frame(c, x.shape[2:], kernel, stride, dilation)
    ceil = bool(c.own.get("ceil_mode", 0))
    if len(kernel) > 3 or (c.proto.op_type != "MaxPool" and set(dilation) != {1}):
        raise NotImplementedError
    if c.proto.op_type == "MaxPool":
        if sum(map(bool, c.proto.output)) > 1:
            raise CannotTell("it gives the places of largest values, which are not followed")
        return pooling.max_pool(c.b, x, kernel, stride, padding, dilation, ceil)
    return pooling.average_pool(c.b, x, kernel, stride, padding, ceil, bool(c.own.get("count_include_pad", 0)))


@handles("GlobalAveragePool", "GlobalMaxPool")
def _global_pool(c: Call) -> View:
    x = c.value(0)
    operator = "mean" if c.proto.op_type == "GlobalAveragePool" else "maximum"
    return reduction.reduce(c.b, operator, x, list(range(2, len(x.axes))), keep=True)


REDUCTIONS = {"ReduceMean": "mean", "ReduceSum": "sum", "ReduceMax": "maximum", "ReduceMin": "minimum"}


@handles(*REDUCTIONS, "ReduceL2", "ReduceL1", "ReduceSumSquare", "ReduceLogSum", "ReduceLogSumExp")
def _reduce(c: Call) -> View:
    kind, x, b = c.proto.op_type, c.value(0), c.b
    axes = c.whole_numbers(1, "axes")
    if not axes:
        if c.own.get("noop_with_empty_axes"):
            return x
        axes = list(range(len(x.axes)))
    keep = bool(c.own.get("keepdims", 1))
    if kind in REDUCTIONS:
        return reduction.reduce(b, REDUCTIONS[kind], x, axes, keep)
    if kind == "ReduceL2":
        return reduction.norm(b, x, axes, keep)
    before = {"ReduceL1": "abs", "ReduceLogSumExp": "exp"}.get(kind)
    inner = elementwise.power(b, x, 2.0) if kind == "ReduceSumSquare" else x
    inner = elementwise.function(b, before, x) if before else inner
    total = reduction.reduce(b, "sum", inner, axes, keep)
    return elementwise.function(b, "log", total) if "Log" in kind else total


PAD_MODES = {b"reflect": "reflect", b"edge": "edge", b"wrap": "wrap"}


@handles("Pad")
def _pad(c: Call) -> View:
    x, amounts = c.value(0), c.whole_numbers(1, "pads", c.own.get("paddings"))
    rank = len(x.axes)
    given = list(zip(amounts[: len(amounts) // 2], amounts[len(amounts) // 2 :], strict=True))
    axes = [axis % rank for axis in c.whole_numbers(3, "axes", list(range(rank)))]
    pairs = [given[axes.index(axis)] if axis in axes else (0, 0) for axis in range(rank)]
    mode = c.own.get("mode", b"constant")
    if mode != b"constant":
        if mode not in PAD_MODES or any(side < 0 for pair in pairs for side in pair):
            raise NotImplementedError
        return pooling.mirrored(c.b, x, pairs, PAD_MODES[mode])
    number = c.b.number_of(c.value(2)) if c.has(2) else float(c.own.get("value", 0.0))
    if number is None:
        raise NotImplementedError
    return pooling.pad(c.b, x, pairs, number)


@handles("Resize", "Upsample")
def _resize(c: Call) -> View:
    x = c.value(0)
    rank = len(x.axes)
    upsample = c.proto.op_type == "Upsample"
    place = 1 if upsample or c.version < 11 else 2
    given = np.asarray(c.inputs[place]) if c.has(place) and isinstance(c.inputs[place], np.ndarray) else None
    scales = [float(n) for n in (given.ravel() if given is not None else c.own.get("scales", ()))]
    sizes = c.whole_numbers(3, "sizes") or [] if not upsample else []
    axes = [axis % rank for axis in c.own.get("axes", range(rank))]
    if not scales and not sizes:
        raise NotImplementedError
    if sizes and c.own.get("keep_aspect_ratio_policy", b"stretch") != b"stretch":
        raise NotImplementedError
    full = {axis: int(np.floor(x.shape[axis] * scales[n])) if scales else sizes[n] for n, axis in enumerate(axes)}
    to = [full.get(axis, size) for axis, size in enumerate(x.shape)]
    if to[:2] != list(x.shape[:2]) or rank < 3:
        raise NotImplementedError
    old = upsample or c.version < 11
    mode = c.own.get("mode", b"nearest").decode()
    coordinates = "asymmetric" if old else c.own.get("coordinate_transformation_mode", b"half_pixel").decode()
    rounding = "floor" if old else c.own.get("nearest_mode", b"round_prefer_floor").decode()
    if mode not in ("nearest", "linear", "cubic", "bilinear") or coordinates == "tf_crop_and_resize":
        raise NotImplementedError
    return resizing.resize(
        c.b, x, to[2:], "linear" if mode == "bilinear" else mode,
        coordinates, rounding, float(c.own.get("cubic_coeff_a", -0.75)), bool(c.own.get("exclude_outside")),
        bool(c.own.get("antialias")), [scales[axes.index(axis)] for axis in range(2, rank)] if scales else None,
    )  # fmt: skip


@handles("DepthToSpace")
def _depth_to_space(c: Call) -> View:
    columns_first = c.own.get("mode", b"DCR") == b"DCR"
    return shaping.depth_to_space(c.b, c.value(0), int(c.own["blocksize"]), columns_first)


@handles("SpaceToDepth")
def _space_to_depth(c: Call) -> View:
    columns_first = c.own.get("mode", b"DCR") == b"DCR"
    return shaping.space_to_depth(c.b, c.value(0), int(c.own["blocksize"]), columns_first)


@handles("Einsum")
def _einsum(c: Call) -> View:
    return contraction.einsum_of(c.b, [c.value(n) for n in range(len(c.inputs))], c.own["equation"].decode())


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
            x = shaping.take(c.b, x, axis, range(low, high, every))
        else:
            x = shaping.cut(c.b, x, axis, low, high, every)
    return x


@handles("ScatterElements")
def _scatter(c: Call) -> View:
    """Where the indices are one range of the axis, whole in all others: what is before, the updates, what is after."""
    x, indices, updates, axis = c.value(0), c.inputs[1], c.value(2), int(c.own.get("axis", 0)) % len(c.value(0).axes)
    if not isinstance(indices, np.ndarray) or c.own.get("reduction", b"none") != b"none":
        raise NotImplementedError
    length, count = x.shape[axis], indices.shape[axis]
    whole = tuple(count if number == axis else size for number, size in enumerate(x.shape))
    first = int(indices.ravel()[0]) % length if indices.size else 0
    wanted = np.arange(first, first + count).reshape([-1 if number == axis else 1 for number in range(len(whole))])
    if indices.shape != whole or not np.array_equal(indices % length, np.broadcast_to(wanted, whole)):
        raise NotImplementedError
    before, after = shaping.cut(c.b, x, axis, 0, first, 1), shaping.cut(c.b, x, axis, first + count, length, 1)
    return shaping.concatenate(c.b, [before, updates, after], axis)


@handles("Gather")
def _gather(c: Call) -> View:
    indices = c.inputs[1]
    if isinstance(indices, View) or indices is None or indices.size == 0:
        raise NotImplementedError
    return shaping.gather(c.b, c.value(0), int(c.own.get("axis", 0)), indices)


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


@handles("Tile")
def _tile(c: Call) -> View:
    return shaping.tile(c.b, c.value(0), c.whole_numbers(1, "repeats"))


@handles("Identity")
def _same(c: Call) -> list[View]:
    return [c.value(0)]


@handles("Dropout")
def _dropout(c: Call) -> list[View]:
    trains = c.has(2) and bool(np.asarray(c.inputs[2]).ravel()[0]) and c.version >= 12
    ratio = float(np.asarray(c.inputs[1]).ravel()[0]) if c.has(1) else 0.5
    if trains and ratio > 0:
        raise CannotTell("a dropout is active (the file was exported in training mode): no two passes agree")
    return [c.value(0)]


@handles("Cast")
def _cast(c: Call) -> View:
    source = c.kinds.get(c.proto.input[0], onnx.TensorProto.FLOAT)
    if c.own["to"] == source or c.own["to"] in FLOATS:
        return c.value(0)
    raise NotImplementedError
