"""TensorFlow's operators in our words: operation type to canonical construction.

A handler gets the builder, the operation, and its inputs as network values or known numbers, and returns
the values of its outputs.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from zoodata.graph import view
from zoodata.graph.canonical import activation as act
from zoodata.graph.canonical import contraction, elementwise, normalization, pooling, reduction, resizing, shaping
from zoodata.graph.canonical.builder import Builder, View

Value = View | npt.NDArray[Any]
Handler = Callable[[Builder, tf.Operation, Sequence[Value]], "View | list[View]"]
HANDLERS: dict[str, Handler] = {}

TO_NCHW, TO_NHWC = (0, 3, 1, 2), (0, 2, 3, 1)


def build(b: Builder, operation: tf.Operation, inputs: Sequence[Value]) -> list[View]:
    """The values an operation makes."""
    handler = HANDLERS.get(operation.type, opaque)
    try:
        made = handler(b, operation, inputs)
    except NotImplementedError:
        made = opaque(b, operation, inputs)
    return made if isinstance(made, list) else [made]


def handles(*types: str) -> Callable[[Handler], Handler]:
    """Register a handler for these operation types."""

    def register(handler: Handler) -> Handler:
        for kind in types:
            HANDLERS[kind] = handler
        return handler

    return register


def value(b: Builder, given: Value) -> View:
    """An input as a value of the network."""
    return given if isinstance(given, View) else b.constant(given)


def numbers(given: Value) -> list[int]:
    """An input that must be known beforehand: axes, sizes, amounts.

    Raises:
        NotImplementedError: when it depends on the image.
    """
    if isinstance(given, View):
        raise NotImplementedError
    return [int(number) for number in np.asarray(given).ravel()]


def changes_numbers(operation: tf.Operation) -> bool:
    """Whether a cast does more than change the precision of real numbers."""
    source, target = operation.get_attr("SrcT"), operation.get_attr("DstT")
    return not (tf.as_dtype(source).is_floating and tf.as_dtype(target).is_floating)


def opaque(b: Builder, operation: tf.Operation, inputs: Sequence[Value]) -> list[View]:
    """A node that runs by its TensorFlow name."""
    own = operation.node_def.attr
    text = {
        name: base64.b64encode(own[name].SerializeToString(deterministic=True)).decode()
        for name in sorted(own)
        if not name.startswith("_")
    }
    operands = [value(b, given) for given in inputs]
    types = [str(tensor.dtype.name) for tensor in operation.inputs]
    arguments = repr((text, types))
    shapes = [tuple(tensor.shape) for tensor in operation.outputs]
    name, call = f"tensorflow.{operation.type}", f"tensorflow.{operation.type}"
    if len(shapes) == 1:
        return [shaping.call(b, name, operands, shapes[0], call=call, arguments=arguments)]
    whole = shaping.call(b, name, operands, (), call=call, arguments=arguments)
    return [shaping.item(b, whole, number, shape) for number, shape in enumerate(shapes)]


def evaluate(node: Any, inputs: Sequence[npt.NDArray[Any]]) -> list[npt.NDArray[Any]]:
    """Run one operation of a graph on numbers."""
    graph = tf.Graph()
    definition = tf.compat.v1.NodeDef()
    definition.CopyFrom(node)
    names = [f"in{number}" for number in range(len(inputs))]
    del definition.input[:]
    definition.input.extend(names)
    for name in [name for name in definition.attr if name.startswith("_")]:
        del definition.attr[name]
    whole = tf.compat.v1.GraphDef()
    whole.versions.CopyFrom(tf.compat.v1.get_default_graph().as_graph_def().versions)
    with graph.as_default():
        feeds = [
            tf.compat.v1.placeholder(array.dtype, array.shape, name) for array, name in zip(inputs, names, strict=True)
        ]
        whole.node.append(definition)
        outputs = tf.import_graph_def(whole, dict(zip(names, feeds, strict=True)), [definition.name], name="run")
        tensors = list(outputs[0].outputs)
    with tf.compat.v1.Session(graph=graph) as session:
        # A session answers a number without axes as a scalar, which is no array.
        return [np.asarray(made) for made in session.run(tensors, dict(zip(feeds, inputs, strict=True)))]


def _image(b: Builder, operation: tf.Operation, given: Value) -> View:
    x = value(b, given)
    return View(x.node, view.permute(x.axes, TO_NCHW)) if _is_nhwc(operation) else x


def _back(operation: tf.Operation, x: View) -> View:
    return View(x.node, view.permute(x.axes, TO_NHWC)) if _is_nhwc(operation) else x


def _is_nhwc(operation: tf.Operation) -> bool:
    return bool(operation.get_attr("data_format") == b"NHWC")


def _positions(operation: tf.Operation, name: str) -> list[int]:
    """A four-number attribute's two position entries."""
    four = list(operation.get_attr(name))
    return four[1:3] if _is_nhwc(operation) else four[2:4]


def _padding(
    operation: tf.Operation, sizes: Sequence[int], kernel: Sequence[int], stride: Sequence[int], dilation: Sequence[int]
) -> list[list[int]]:
    rule = operation.get_attr("padding")
    if rule == b"SAME":
        return pooling.same(sizes, kernel, stride, dilation)
    if rule == b"EXPLICIT":
        eight = list(operation.get_attr("explicit_paddings"))
        pairs = [eight[number : number + 2] for number in range(0, 8, 2)]
        return pairs[1:3] if _is_nhwc(operation) else pairs[2:4]
    return [[0, 0], [0, 0]]


# Contractions


@handles("Conv2D", "DepthwiseConv2dNative")
def _convolution(b: Builder, operation: tf.Operation, inputs: Sequence[Value]) -> View:
    x, weight = _image(b, operation, inputs[0]), value(b, inputs[1])
    spread = b.notes.get(x.node.number)
    if isinstance(spread, _Spread):
        x = View(spread.x.node, view.permute(spread.x.axes, TO_NCHW))
    height, width, per_group, outputs = weight.shape
    groups = x.shape[1] // per_group
    if operation.type == "Conv2D":
        weight = View(weight.node, view.permute(weight.axes, (3, 2, 0, 1)))
    else:
        groups = per_group
        turned = View(weight.node, view.permute(weight.axes, (2, 3, 0, 1)))
        weight = b.reshaped(turned, (per_group * outputs, 1, height, width))
    stride, dilation = _positions(operation, "strides"), _positions(operation, "dilations")
    padding = _padding(operation, x.shape[2:], (height, width), stride, dilation)
    if isinstance(spread, _Spread):
        # As it stands, between its two regroupings; the second of them replaces it by the dilated form.
        made = opaque(b, operation, inputs)[0]
        b.notes[made.node.number] = _Dilated(spread, weight, groups)
        return made
    made = contraction.convolution(b, x, weight, stride=stride, padding=padding, dilation=dilation, groups=groups)
    return _back(operation, made)


@handles("Conv2DBackpropInput")
def _transposed(b: Builder, operation: tf.Operation, inputs: Sequence[Value]) -> View:
    """A transposed convolution: the gradient of an ordinary one, which made the given size from the result's."""
    x, weight = _image(b, operation, inputs[2]), value(b, inputs[1])
    kernel = weight.shape[:2]
    result = [int(size) for size in operation.outputs[0].shape]
    sizes = result[1:3] if _is_nhwc(operation) else result[2:4]
    stride, dilation = _positions(operation, "strides"), _positions(operation, "dilations")
    crop = _padding(operation, sizes, kernel, stride, dilation)
    extra = [
        to - ((size - 1) * s + d * (k - 1) + 1 - sum(cut))
        for to, size, s, d, k, cut in zip(sizes, x.shape[2:], stride, dilation, kernel, crop, strict=True)
    ]
    turned = View(weight.node, view.permute(weight.axes, (3, 2, 0, 1)))
    made = contraction.convolution(
        b, x, turned, stride=stride, padding=crop, dilation=dilation, groups=1, transposed=extra
    )
    return _back(operation, made)


class _Spread(NamedTuple):
    """An image that SpaceToBatchND cut into ``block`` interleaved ones, to convolve it with gaps."""

    x: View
    block: tuple[int, ...]
    paddings: tuple[int, ...]
    """(before, after) of height and of width, flat."""


class _Dilated(NamedTuple):
    """A convolution between SpaceToBatchND and BatchToSpaceND: all that its dilated form needs."""

    spread: _Spread
    weight: View
    groups: int


@handles("SpaceToBatchND")
def _space_to_batch(b: Builder, operation: tf.Operation, inputs: Sequence[Value]) -> View:
    made = opaque(b, operation, inputs)[0]
    b.notes[made.node.number] = _Spread(value(b, inputs[0]), tuple(numbers(inputs[1])), tuple(numbers(inputs[2])))
    return made


@handles("BatchToSpaceND")
def _batch_to_space(b: Builder, operation: tf.Operation, inputs: Sequence[Value]) -> View:
    x, block, crops = value(b, inputs[0]), tuple(numbers(inputs[1])), numbers(inputs[2])
    note = b.notes.get(x.node.number)
    if not isinstance(note, _Dilated) or note.spread.block != block or len(block) != 2 or any(crops[::2]):
        raise NotImplementedError
    paddings = note.spread.paddings
    padding = [(paddings[n], paddings[n + 1] - crops[n + 1]) for n in (0, 2)]
    image = View(note.spread.x.node, view.permute(note.spread.x.axes, TO_NCHW))
    made = contraction.convolution(
        b, image, note.weight, stride=(1, 1), padding=padding, dilation=block, groups=note.groups
    )
    return View(made.node, view.permute(made.axes, TO_NHWC))


@handles("MatMul")
def _matmul(b: Builder, operation: tf.Operation, inputs: Sequence[Value]) -> View:
    flags = operation.get_attr("transpose_a"), operation.get_attr("transpose_b")
    return contraction.matmul(b, *(_turned(value(b, given), flag) for given, flag in zip(inputs, flags, strict=True)))


@handles("BatchMatMul", "BatchMatMulV2", "BatchMatMulV3")
def _batch_matmul(b: Builder, operation: tf.Operation, inputs: Sequence[Value]) -> View:
    flags = operation.get_attr("adj_x"), operation.get_attr("adj_y")
    return contraction.matmul(b, *(_turned(value(b, given), flag) for given, flag in zip(inputs, flags, strict=True)))


def _turned(x: View, flag: bool) -> View:
    return View(x.node, view.turned(x.axes)) if flag else x


@handles("Einsum")
def _einsum(b: Builder, operation: tf.Operation, inputs: Sequence[Value]) -> View:
    operands = [value(b, given) for given in inputs]
    return contraction.einsum_of(b, operands, operation.get_attr("equation").decode())


# Normalisations


@handles("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3")
def _fused_batch_norm(b: Builder, operation: tf.Operation, inputs: Sequence[Value]) -> list[View]:
    x = _image(b, operation, inputs[0])
    if operation.get_attr("is_training"):  # with the statistics of the batch, which is one image
        scale, shift = value(b, inputs[1]), value(b, inputs[2])
        made = normalization.instance_norm(b, x, float(operation.get_attr("epsilon")), scale, shift)
        return [_back(operation, made)]
    scale, shift, mean, variance = (value(b, given) for given in inputs[1:5])
    made = normalization.batch_norm(
        b, x, mean, variance, float(operation.get_attr("epsilon")),
        None if b.number_of(scale) == 1 else scale, None if b.number_of(shift) == 0 else shift,
    )  # fmt: skip
    return [_back(operation, made)]


@handles("LRN")
def _lrn(b: Builder, operation: tf.Operation, inputs: Sequence[Value]) -> View:
    x = value(b, inputs[0])
    image = View(x.node, view.permute(x.axes, TO_NCHW))
    radius, bias, alpha, beta = (operation.get_attr(name) for name in ("depth_radius", "bias", "alpha", "beta"))
    made = normalization.local_response_norm(b, image, 2 * radius + 1, float(alpha), float(beta), float(bias))
    return View(made.node, view.permute(made.axes, TO_NHWC))


# Activations and arithmetic

ACTIVATIONS = {
    "Relu": "relu", "Relu6": "relu6", "Sigmoid": "sigmoid", "Tanh": "tanh", "Softplus": "softplus", "Selu": "selu",
    "Softsign": "softsign",
}  # fmt: skip
FUNCTIONS = {
    "Exp": "exp", "Log": "log", "Sin": "sin", "Cos": "cos", "Sqrt": "square_root", "Rsqrt": "inverse_square_root",
    "Erf": "erf", "Erfc": "erfc", "Abs": "abs", "Reciprocal": "reciprocal", "Sign": "sign", "Floor": "floor",
    "Ceil": "ceil", "Rint": "round", "Round": "round", "Tan": "tan", "Atan": "atan", "Asin": "asin", "Acos": "acos",
    "Sinh": "sinh", "Cosh": "cosh", "Asinh": "asinh", "Acosh": "acosh", "Atanh": "atanh", "Log1p": "log1p",
    "Expm1": "expm1", "IsNan": "is_nan", "IsInf": "is_inf", "LogicalNot": "not",
}  # fmt: skip


@handles(*ACTIVATIONS)
def _activation(b: Builder, operation: tf.Operation, inputs: Sequence[Value]) -> View:
    return act.activation(b, ACTIVATIONS[operation.type], value(b, inputs[0]))


@handles(*FUNCTIONS)
def _function(b: Builder, operation: tf.Operation, inputs: Sequence[Value]) -> View:
    return elementwise.function(b, FUNCTIONS[operation.type], value(b, inputs[0]))


@handles("LeakyRelu")
def _leaky_relu(b: Builder, operation: tf.Operation, inputs: Sequence[Value]) -> View:
    return act.activation(b, "leaky_relu", value(b, inputs[0]), slope=float(operation.get_attr("alpha")))


@handles("Elu")
def _elu(b: Builder, operation: tf.Operation, inputs: Sequence[Value]) -> View:
    return act.activation(b, "elu", value(b, inputs[0]), slope=1.0)


@handles("Softmax", "LogSoftmax")
def _softmax(b: Builder, operation: tf.Operation, inputs: Sequence[Value]) -> View:
    return reduction.softmax(b, value(b, inputs[0]), -1, operation.type == "LogSoftmax")


@handles("AddV2", "Add", "Sub", "Mul", "RealDiv", "Div", "Maximum", "Minimum")
def _binary(b: Builder, operation: tf.Operation, inputs: Sequence[Value]) -> View:
    function = {
        "AddV2": elementwise.add, "Add": elementwise.add, "Sub": elementwise.subtract, "Mul": elementwise.multiply,
        "RealDiv": elementwise.divide, "Div": elementwise.divide, "Maximum": elementwise.maximum,
        "Minimum": elementwise.minimum,
    }[operation.type]  # fmt: skip
    return function(b, value(b, inputs[0]), value(b, inputs[1]))


@handles("DivNoNan")
def _divide_unless_zero(b: Builder, operation: tf.Operation, inputs: Sequence[Value]) -> View:
    """An ordinary division where what divides is known and nowhere zero (how many elements a mean is of)."""
    if isinstance(inputs[1], View) or not np.asarray(inputs[1]).all():
        raise NotImplementedError
    return elementwise.divide(b, value(b, inputs[0]), value(b, inputs[1]))


COMPARISONS = {
    "Equal": "equal", "Less": "less", "LessEqual": "less_or_equal", "Greater": "greater",
    "GreaterEqual": "greater_or_equal",
}  # fmt: skip


@handles(*COMPARISONS)
def _compare(b: Builder, operation: tf.Operation, inputs: Sequence[Value]) -> View:
    return elementwise.compare(b, COMPARISONS[operation.type], value(b, inputs[0]), value(b, inputs[1]))


@handles("Select", "SelectV2")
def _select(b: Builder, operation: tf.Operation, inputs: Sequence[Value]) -> View:
    return elementwise.select(b, *(value(b, given) for given in inputs))


@handles("ClipByValue")
def _clip(b: Builder, operation: tf.Operation, inputs: Sequence[Value]) -> View:
    low, high = (b.number_of(value(b, given)) for given in inputs[1:3])
    if low is None or high is None:
        raise NotImplementedError
    return act.clip(b, value(b, inputs[0]), low, high)


@handles("BiasAdd")
def _bias_add(b: Builder, operation: tf.Operation, inputs: Sequence[Value]) -> View:
    x, bias = value(b, inputs[0]), value(b, inputs[1])
    if not _is_nhwc(operation):
        bias = View(bias.node, (*bias.axes, *((),) * (len(x.axes) - 2)))
    return elementwise.add(b, x, bias)


@handles("AddN")
def _add_many(b: Builder, operation: tf.Operation, inputs: Sequence[Value]) -> View:
    total = value(b, inputs[0])
    for given in inputs[1:]:
        total = elementwise.add(b, total, value(b, given))
    return total


@handles("Neg")
def _negative(b: Builder, operation: tf.Operation, inputs: Sequence[Value]) -> View:
    return elementwise.scaled(b, value(b, inputs[0]), -1.0)


@handles("Square")
def _square(b: Builder, operation: tf.Operation, inputs: Sequence[Value]) -> View:
    return elementwise.power(b, value(b, inputs[0]), 2.0)


@handles("SquaredDifference")
def _squared_difference(b: Builder, operation: tf.Operation, inputs: Sequence[Value]) -> View:
    return elementwise.power(b, elementwise.subtract(b, value(b, inputs[0]), value(b, inputs[1])), 2.0)


@handles("Pow")
def _power(b: Builder, operation: tf.Operation, inputs: Sequence[Value]) -> View:
    exponent = b.number_of(value(b, inputs[1]))
    if exponent is None:
        raise NotImplementedError
    return elementwise.power(b, value(b, inputs[0]), exponent)


# Poolings, pads, reductions


@handles("MaxPool")
def _max_pool(b: Builder, operation: tf.Operation, inputs: Sequence[Value]) -> View:
    x = _image(b, operation, inputs[0])
    kernel, stride = _positions(operation, "ksize"), _positions(operation, "strides")
    padding = _padding(operation, x.shape[2:], kernel, stride, (1, 1))
    return _back(operation, pooling.max_pool(b, x, kernel, stride, padding, (1, 1)))


@handles("AvgPool")
def _average_pool(b: Builder, operation: tf.Operation, inputs: Sequence[Value]) -> View:
    x = _image(b, operation, inputs[0])
    kernel, stride = _positions(operation, "ksize"), _positions(operation, "strides")
    padding = _padding(operation, x.shape[2:], kernel, stride, (1, 1))
    return _back(operation, pooling.average_pool(b, x, kernel, stride, padding, count_padding=False))


@handles("Pad", "PadV2")
def _pad(b: Builder, operation: tf.Operation, inputs: Sequence[Value]) -> View:
    amounts = numbers(inputs[1])
    number = b.number_of(value(b, inputs[2])) if len(inputs) > 2 else 0.0
    if number is None:
        raise NotImplementedError
    pairs = list(zip(amounts[::2], amounts[1::2], strict=True))
    return pooling.pad(b, value(b, inputs[0]), pairs, -math.inf if number < -1e30 else number)


@handles("MirrorPad")
def _mirror_pad(b: Builder, operation: tf.Operation, inputs: Sequence[Value]) -> View:
    amounts = numbers(inputs[1])
    mode = {b"REFLECT": "reflect", b"SYMMETRIC": "symmetric"}[operation.get_attr("mode")]
    x = value(b, inputs[0])
    pairs = list(zip(amounts[::2], amounts[1::2], strict=True))
    if pairs and len(pairs) == 4 and not any(pairs[0]) and not any(pairs[3]):  # an image: channels first, as elsewhere
        image = View(x.node, view.permute(x.axes, TO_NCHW))
        made = pooling.mirrored(b, image, [pairs[n] for n in TO_NCHW], mode)
        return View(made.node, view.permute(made.axes, TO_NHWC))
    return pooling.mirrored(b, x, pairs, mode)


@handles("ResizeBilinear", "ResizeNearestNeighbor", "ResizeBicubic")
def _resize(b: Builder, operation: tf.Operation, inputs: Sequence[Value]) -> View:
    x, sizes = value(b, inputs[0]), numbers(inputs[1])
    image = View(x.node, view.permute(x.axes, TO_NCHW))
    corners, centres = operation.get_attr("align_corners"), operation.get_attr("half_pixel_centers")
    coordinates = "align_corners" if corners else "half_pixel" if centres else "asymmetric"
    if operation.type == "ResizeNearestNeighbor":
        rounding = "round_prefer_ceil" if corners else "floor"
        coordinates = "tf_half_pixel_for_nn" if centres else coordinates
        made = resizing.resize(b, image, sizes, "nearest", coordinates, rounding)
    elif operation.type == "ResizeBilinear":
        made = resizing.resize(b, image, sizes, "linear", coordinates)
    else:  # TensorFlow has Keys' kernel where it counts from the centres of pixels
        made = resizing.resize(b, image, sizes, "cubic", coordinates, None, -0.5 if centres else -0.75, bool(centres))
    return View(made.node, view.permute(made.axes, TO_NHWC))


@handles("DepthToSpace", "SpaceToDepth")
def _blocks(b: Builder, operation: tf.Operation, inputs: Sequence[Value]) -> View:
    x = _image(b, operation, inputs[0])
    function = shaping.depth_to_space if operation.type == "DepthToSpace" else shaping.space_to_depth
    return _back(operation, function(b, x, int(operation.get_attr("block_size")), columns_first=True))


@handles("GatherV2", "ResourceGather")
def _gather(b: Builder, operation: tf.Operation, inputs: Sequence[Value]) -> View:
    """Of a value along an axis, or of a variable along its first."""
    indices = inputs[1]
    if isinstance(indices, View) or indices.size == 0 or operation.get_attr("batch_dims"):
        raise NotImplementedError
    axis = numbers(inputs[2])[0] if operation.type == "GatherV2" else 0
    return shaping.gather(b, value(b, inputs[0]), axis, np.asarray(indices))


@handles("ReverseV2")
def _reverse(b: Builder, operation: tf.Operation, inputs: Sequence[Value]) -> View:
    x = value(b, inputs[0])
    for axis in numbers(inputs[1]):
        x = shaping.take(b, x, axis, range(x.shape[axis] - 1, -1, -1))
    return x


@handles("Mean", "Sum", "Max", "Min")
def _reduce(b: Builder, operation: tf.Operation, inputs: Sequence[Value]) -> View:
    operator = {"Mean": "mean", "Sum": "sum", "Max": "maximum", "Min": "minimum"}[operation.type]
    return reduction.reduce(b, operator, value(b, inputs[0]), numbers(inputs[1]), operation.get_attr("keep_dims"))


# Shapes


@handles("Reshape", "Squeeze")
def _reshape(b: Builder, operation: tf.Operation, inputs: Sequence[Value]) -> View:
    return b.reshaped(value(b, inputs[0]), tuple(operation.outputs[0].shape))


@handles("ExpandDims")
def _expand_dims(b: Builder, operation: tf.Operation, inputs: Sequence[Value]) -> View:
    x = value(b, inputs[0])
    axis = numbers(inputs[1])[0] % (len(x.axes) + 1)
    return View(x.node, (*x.axes[:axis], (), *x.axes[axis:]))


@handles("Transpose")
def _transpose(b: Builder, operation: tf.Operation, inputs: Sequence[Value]) -> View:
    x = value(b, inputs[0])
    return View(x.node, view.permute(x.axes, numbers(inputs[1])))


@handles("BroadcastTo")
def _broadcast(b: Builder, operation: tf.Operation, inputs: Sequence[Value]) -> View:
    return b.expanded(value(b, inputs[0]), tuple(operation.outputs[0].shape))


@handles("Tile")
def _tile(b: Builder, operation: tf.Operation, inputs: Sequence[Value]) -> View:
    return shaping.tile(b, value(b, inputs[0]), numbers(inputs[1]))


@handles("ConcatV2")
def _concatenate(b: Builder, operation: tf.Operation, inputs: Sequence[Value]) -> View:
    return shaping.concatenate(b, [value(b, given) for given in inputs[:-1]], numbers(inputs[-1])[0])


@handles("Pack")
def _pack(b: Builder, operation: tf.Operation, inputs: Sequence[Value]) -> View:
    return shaping.stack(b, [value(b, given) for given in inputs], operation.get_attr("axis"))


@handles("Unpack")
def _unpack(b: Builder, operation: tf.Operation, inputs: Sequence[Value]) -> list[View]:
    x = value(b, inputs[0])
    return [shaping.select(b, x, operation.get_attr("axis"), number) for number in range(len(operation.outputs))]


@handles("Split", "SplitV")
def _split(b: Builder, operation: tf.Operation, inputs: Sequence[Value]) -> list[View]:
    given, axis = (inputs[1], inputs[0]) if operation.type == "Split" else (inputs[0], inputs[2])
    x, parts, start = value(b, given), [], 0
    place = numbers(axis)[0] % len(x.axes)
    for tensor in operation.outputs:
        stop = start + tensor.shape[place]
        parts.append(shaping.cut(b, x, place, start, stop, 1))
        start = stop
    return parts


@handles("Slice")
def _slice(b: Builder, operation: tf.Operation, inputs: Sequence[Value]) -> View:
    x, begin = value(b, inputs[0]), numbers(inputs[1])
    for axis, (start, size) in enumerate(zip(begin, tuple(operation.outputs[0].shape), strict=True)):
        x = shaping.cut(b, x, axis, start, start + size, 1)
    return x


@handles("StridedSlice")
def _strided_slice(b: Builder, operation: tf.Operation, inputs: Sequence[Value]) -> View:
    x = value(b, inputs[0])
    begin, end, step = (numbers(given) for given in inputs[1:4])
    names = ("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask")
    masks = {name: operation.get_attr(name) for name in names}

    def has(name: str, bit: int) -> bool:
        return bool(masks[name] >> bit & 1)

    taken = sum(1 for bit in range(len(begin)) if not has("new_axis_mask", bit) and not has("ellipsis_mask", bit))
    axis = 0
    for bit, (start, stop, stride) in enumerate(zip(begin, end, step, strict=True)):
        if has("ellipsis_mask", bit):
            axis += len(operation.inputs[0].shape) - taken
        elif has("new_axis_mask", bit):
            x = View(x.node, (*x.axes[:axis], (), *x.axes[axis:]))
            axis += 1
        elif has("shrink_axis_mask", bit):
            x = shaping.select(b, x, axis, start)
        else:
            first = None if has("begin_mask", bit) else start
            last = None if has("end_mask", bit) else stop
            low, high, every = slice(first, last, stride).indices(x.shape[axis])
            if every < 0:
                x = shaping.take(b, x, axis, range(low, high, every))
            else:
                x = shaping.cut(b, x, axis, low, high, every)
            axis += 1
    return x
