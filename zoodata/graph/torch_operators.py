"""Torch's operators in our words: aten name to canonical construction.

Each handler gets the recorder, the aten function, its arguments and the result on the meta device, and
returns the value (or the list of values) that the result is. ``opaque`` serves the rest.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
import torch
from torch.utils._pytree import tree_leaves

from zoodata.graph.canonical import activation as act
from zoodata.graph.canonical import contraction, elementwise, normalization, pooling, reduction, resizing, shaping
from zoodata.graph.canonical.builder import Builder, View
from zoodata.graph.network import CONSTANT

Handler = Callable[..., Any]
HANDLERS: dict[str, Handler] = {}

DECIDES = frozenset({"_local_scalar_dense", "item", "is_nonzero", "equal"})
"""What takes a number out of a tensor, so that the code can decide by it."""

SHAPE_ONLY = frozenset(
    {"new_zeros", "new_ones", "new_full", "new_empty", "zeros_like", "ones_like", "full_like", "empty_like"}
)
"""Operators that take nothing of a tensor but its shape and type: their results are constants."""


RANDOM = frozenset(
    {
        "rand", "randn", "randint", "randperm", "rand_like", "randn_like", "randint_like", "bernoulli", "multinomial",
        "normal", "poisson", "uniform_", "normal_", "bernoulli_", "exponential_", "random_",
    }
)  # fmt: skip
DROPOUTS = frozenset({"dropout", "feature_dropout", "alpha_dropout", "feature_alpha_dropout"})


def is_random(word: str, args: Sequence[Any]) -> bool:
    """Whether a call draws random numbers: a dropout only where it is told to work."""
    if word.removesuffix("_") in DROPOUTS:
        return len(args) > 2 and bool(args[2]) and args[1] != 0
    return word in RANDOM


def find(word: str) -> Handler | None:
    """The handler of an aten operator, its in-place form included."""
    return HANDLERS.get(word) or HANDLERS.get(word.removesuffix("_"))


def handles(*words: str) -> Callable[[Handler], Handler]:
    """Register a handler for these aten operators."""

    def register(handler: Handler) -> Handler:
        for word in words:
            HANDLERS[word] = handler
        return handler

    return register


class Tracer(Protocol):
    """What a handler may ask of the reader that traces the module."""

    @property
    def builder(self) -> Builder:
        """The network so far."""

    def view(self, tensor: torch.Tensor) -> View:
        """The value that a tensor is."""


def pair(value: Any, rank: int = 2) -> list[int]:
    """An int or a short list as one number per position axis; an empty list stays empty."""
    if isinstance(value, int):
        return [value] * rank
    values = [int(number) for number in value]
    return values * rank if len(values) == 1 else values


def both(padding: Sequence[int]) -> list[tuple[int, int]]:
    """Torch pads alike before and after."""
    return [(amount, amount) for amount in padding]


def arguments(func: Any, args: Any, kwargs: Any) -> dict[str, Any]:
    """All arguments by name, defaults filled in."""
    named = {}
    for number, argument in enumerate(func._schema.arguments):
        if number < len(args):
            named[argument.name] = args[number]
        elif argument.name in kwargs:
            named[argument.name] = kwargs[argument.name]
        else:
            named[argument.name] = argument.default_value
    return named


def opaque(t: Tracer, func: Any, args: Any, kwargs: Any, result: Any, operator: str | None = None) -> Any:
    """A node that runs by its aten name, with its arguments as they were."""
    operands: list[View] = []

    def plain(value: Any) -> Any:
        if isinstance(value, torch.Tensor):
            operands.append(t.view(value))
            return f"${len(operands) - 1}"
        if isinstance(value, (list, tuple)):
            return [plain(item) for item in value]
        if isinstance(value, (bool, int, str)) or value is None:
            return value
        if isinstance(value, float):
            return value if math.isfinite(value) else str(value)
        return str(value)

    ignored = {"device", "layout", "pin_memory", "memory_format", "generator"}
    shown = [plain(value) for value in args]
    named = {name: plain(value) for name, value in sorted(kwargs.items()) if name not in ignored}
    word = str(func.overloadpacket.__name__)
    # The in-place form of an operator computes what the plain form does.
    overload = f"aten.{word}.{func._overloadname}"
    more = {"arguments": json.dumps([shown, named], separators=(",", ":"))}
    name = operator or f"torch.{word.removesuffix('_')}"
    outputs = [leaf for leaf in tree_leaves(result) if isinstance(leaf, torch.Tensor)]
    if len(outputs) == 1:
        return shaping.call(t.builder, name, operands, tuple(outputs[0].shape), call=overload, **more)
    whole = shaping.call(t.builder, name, operands, (), call=overload, **more)
    return [shaping.item(t.builder, whole, number, tuple(out.shape)) for number, out in enumerate(outputs)]


def named(operator: str) -> Handler:
    """A handler for what has a word of ours but torch's own arguments."""
    return lambda t, func, args, kwargs, result: opaque(t, func, args, kwargs, result, operator)


for _operator, _words in {"gather": ("gather", "embedding"), "unfold": ("unfold",)}.items():
    handles(*_words)(named(_operator))


# Contractions


@handles("linear")
def _linear(t: Tracer, func: Any, args: Any, kwargs: Any, result: Any) -> View:
    bias = args[2] if len(args) > 2 else kwargs.get("bias")
    return contraction.linear(t.builder, t.view(args[0]), t.view(args[1]), None if bias is None else t.view(bias))


@handles("addmm")
def _addmm(t: Tracer, func: Any, args: Any, kwargs: Any, result: Any) -> Any:
    if kwargs.get("alpha", 1) != 1 or kwargs.get("beta", 1) != 1:
        return opaque(t, func, args, kwargs, result)
    return elementwise.add(t.builder, contraction.matmul(t.builder, t.view(args[1]), t.view(args[2])), t.view(args[0]))


@handles("matmul", "mm", "bmm")
def _matmul(t: Tracer, func: Any, args: Any, kwargs: Any, result: Any) -> View:
    return contraction.matmul(t.builder, t.view(args[0]), t.view(args[1]))


@handles("scaled_dot_product_attention")
def _attention(t: Tracer, func: Any, args: Any, kwargs: Any, result: Any) -> Any:
    given = arguments(func, args, kwargs)
    query, key, value = (t.view(given[name]) for name in ("query", "key", "value"))
    if given["enable_gqa"] and query.shape[-3] != key.shape[-3]:
        each = query.shape[-3] // key.shape[-3]
        key, value = (_repeated_heads(t.builder, x, each) for x in (key, value))
    mask = None if given["attn_mask"] is None else t.view(given["attn_mask"])
    if given["is_causal"]:
        mask = t.builder.constant(np.tri(query.shape[-2], key.shape[-2], dtype=bool))
        return contraction.attention(t.builder, query, key, value, given["scale"], sees=mask)
    if given["attn_mask"] is not None and given["attn_mask"].dtype == torch.bool:
        return contraction.attention(t.builder, query, key, value, given["scale"], sees=mask)
    return contraction.attention(t.builder, query, key, value, given["scale"], mask)


def _repeated_heads(b: Builder, x: View, times: int) -> View:
    """Each head of (..., heads, positions, width) so many times in turn."""
    axes = (*x.axes[:-3], (*x.axes[-3], (-1, 0, times)), *x.axes[-2:])
    return View(x.node, axes)


@handles(
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_transpose1d",
    "conv_transpose2d",
    "conv_transpose3d",
    "convolution",
    "_convolution",
)
def _convolution(t: Tracer, func: Any, args: Any, kwargs: Any, result: Any) -> Any:
    given = arguments(func, args, kwargs)
    weight = given["weight"]
    rank = weight.dim() - 2
    stride, dilation = pair(given["stride"], rank), pair(given["dilation"], rank)
    if isinstance(given["padding"], str):
        reach = [(k - 1) * d for k, d in zip(weight.shape[2:], dilation, strict=True)]
        padding = [(r // 2, r - r // 2) if given["padding"] == "same" else (0, 0) for r in reach]
    else:
        padding = both(pair(given["padding"], rank))
    transposed = given.get("transposed", "transpose" in func.overloadpacket.__name__)
    x = given["input"]
    if x.dim() != rank + 2:
        return opaque(t, func, args, kwargs, result)
    return contraction.convolution(
        t.builder,
        t.view(x),
        t.view(weight),
        None if given["bias"] is None else t.view(given["bias"]),
        stride=stride,
        padding=padding,
        dilation=dilation,
        groups=given["groups"],
        transposed=pair(given["output_padding"], rank) if transposed else None,
    )


# Normalisations


@handles("batch_norm", "native_batch_norm", "_native_batch_norm_legit_no_training", "cudnn_batch_norm")
def _batch_norm(t: Tracer, func: Any, args: Any, kwargs: Any, result: Any) -> Any:
    given = arguments(func, args, kwargs)
    if given.get("training") or given["running_mean"] is None:  # with the statistics of the batch, which is one image
        if given["input"].shape[0] != 1 or func.overloadpacket.__name__ != "batch_norm":
            return opaque(t, func, args, kwargs, result)
        scale, shift = (None if given[name] is None else t.view(given[name]) for name in ("weight", "bias"))
        return normalization.instance_norm(t.builder, t.view(given["input"]), given["eps"], scale, shift)
    x, mean, variance = (t.view(given[name]) for name in ("input", "running_mean", "running_var"))
    scale, shift = (None if given[name] is None else t.view(given[name]) for name in ("weight", "bias"))
    return normalization.batch_norm(t.builder, x, mean, variance, given["eps"], scale, shift)


@handles("layer_norm")
def _layer_norm(t: Tracer, func: Any, args: Any, kwargs: Any, result: Any) -> View:
    given = arguments(func, args, kwargs)
    axes = range(-len(given["normalized_shape"]), 0)
    scale, shift = (None if given[name] is None else t.view(given[name]) for name in ("weight", "bias"))
    return normalization.layer_norm(t.builder, t.view(given["input"]), axes, given["eps"], scale, shift)


@handles("rms_norm")
def _rms_norm(t: Tracer, func: Any, args: Any, kwargs: Any, result: Any) -> View:
    given = arguments(func, args, kwargs)
    axes = range(-len(given["normalized_shape"]), 0)
    scale = None if given["weight"] is None else t.view(given["weight"])
    epsilon = torch.finfo(given["input"].dtype).eps if given["eps"] is None else given["eps"]
    return normalization.layer_norm(t.builder, t.view(given["input"]), axes, epsilon, scale, operator="rms_norm")


@handles("group_norm")
def _group_norm(t: Tracer, func: Any, args: Any, kwargs: Any, result: Any) -> View:
    given = arguments(func, args, kwargs)
    scale, shift = (None if given[name] is None else t.view(given[name]) for name in ("weight", "bias"))
    return normalization.group_norm(t.builder, t.view(given["input"]), given["num_groups"], given["eps"], scale, shift)


# Activations


def _activation(kind: str) -> Handler:
    return lambda t, func, args, kwargs, result: act.activation(t.builder, kind, t.view(args[0]))


for _word, _kind in {
    "relu": "relu", "sigmoid": "sigmoid", "silu": "silu", "tanh": "tanh", "hardswish": "hard_swish",
    "hardsigmoid": "hard_sigmoid", "mish": "mish", "selu": "selu", "relu6": "relu6", "log_sigmoid": "log_sigmoid",
}.items():  # fmt: skip
    handles(_word)(_activation(_kind))


@handles("gelu")
def _gelu(t: Tracer, func: Any, args: Any, kwargs: Any, result: Any) -> View:
    kind = "gelu_tanh" if kwargs.get("approximate") == "tanh" else "gelu"
    return act.activation(t.builder, kind, t.view(args[0]))


@handles("leaky_relu")
def _leaky_relu(t: Tracer, func: Any, args: Any, kwargs: Any, result: Any) -> View:
    slope = arguments(func, args, kwargs)["negative_slope"]
    return act.activation(t.builder, "leaky_relu", t.view(args[0]), slope=float(slope))


@handles("elu")
def _elu(t: Tracer, func: Any, args: Any, kwargs: Any, result: Any) -> Any:
    given = arguments(func, args, kwargs)
    numbers = (float(given[name]) for name in ("alpha", "scale", "input_scale"))
    return elementwise.elu(t.builder, t.view(args[0]), *numbers)


@handles("celu")
def _celu(t: Tracer, func: Any, args: Any, kwargs: Any, result: Any) -> View:
    alpha = float(arguments(func, args, kwargs)["alpha"])
    return elementwise.elu(t.builder, t.view(args[0]), alpha, inner=1 / alpha)


@handles("softplus")
def _softplus(t: Tracer, func: Any, args: Any, kwargs: Any, result: Any) -> View:
    return elementwise.softplus(t.builder, t.view(args[0]), float(arguments(func, args, kwargs)["beta"]))


@handles("_prelu_kernel")
def _prelu(t: Tracer, func: Any, args: Any, kwargs: Any, result: Any) -> View:
    return act.prelu(t.builder, t.view(args[0]), t.view(args[1]))


@handles("glu")
def _glu(t: Tracer, func: Any, args: Any, kwargs: Any, result: Any) -> View:
    x, axis = t.view(args[0]), arguments(func, args, kwargs)["dim"]
    half = x.shape[axis] // 2
    value, gate = (shaping.cut(t.builder, x, axis, start, start + half, 1) for start in (0, half))
    return elementwise.multiply(t.builder, value, act.activation(t.builder, "sigmoid", gate))


@handles("hardtanh", "clamp", "clamp_min", "clamp_max", "clip")
def _clip(t: Tracer, func: Any, args: Any, kwargs: Any, result: Any) -> Any:
    given = arguments(func, args, kwargs)
    low, high = (given.get(name, given.get(other)) for name, other in (("min", "min_val"), ("max", "max_val")))
    if isinstance(low, torch.Tensor) or isinstance(high, torch.Tensor):
        return opaque(t, func, args, kwargs, result)
    as_float = [None if limit is None else float(limit) for limit in (low, high)]
    return act.clip(t.builder, t.view(args[0]), *as_float)


@handles("softmax", "_softmax", "_safe_softmax", "log_softmax")
def _softmax(t: Tracer, func: Any, args: Any, kwargs: Any, result: Any) -> View:
    return reduction.softmax(t.builder, t.view(args[0]), args[1], func.overloadpacket.__name__ == "log_softmax")


# Poolings and pads


@handles("max_pool2d", "max_pool1d", "max_pool3d")
def _max_pool(t: Tracer, func: Any, args: Any, kwargs: Any, result: Any) -> View:
    given = arguments(func, args, kwargs)
    x = t.view(args[0])
    rank = len(x.axes) - 2
    kernel = pair(given["kernel_size"], rank)
    stride = pair(given["stride"], rank) or kernel
    padding, dilation = both(pair(given["padding"], rank)), pair(given["dilation"], rank)
    return pooling.max_pool(t.builder, x, kernel, stride, padding, dilation, given["ceil_mode"])


@handles("avg_pool2d", "avg_pool1d", "avg_pool3d")
def _average_pool(t: Tracer, func: Any, args: Any, kwargs: Any, result: Any) -> View:
    given = arguments(func, args, kwargs)
    x = t.view(args[0])
    rank = len(x.axes) - 2
    kernel = pair(given["kernel_size"], rank)
    stride = pair(given["stride"], rank) or kernel
    padding = both(pair(given["padding"], rank))
    return pooling.average_pool(
        t.builder, x, kernel, stride, padding, given["ceil_mode"], given["count_include_pad"],
        given.get("divisor_override"),
    )  # fmt: skip


@handles("adaptive_avg_pool2d", "_adaptive_avg_pool2d", "adaptive_avg_pool1d")
def _adaptive(t: Tracer, func: Any, args: Any, kwargs: Any, result: Any) -> View:
    x = t.view(args[0])
    return pooling.adaptive_average_pool(t.builder, x, pair(args[1], len(x.axes) - 2))


@handles("adaptive_max_pool2d")
def _adaptive_max(t: Tracer, func: Any, args: Any, kwargs: Any, result: Any) -> Any:
    x = t.view(args[0])
    if set(pair(args[1])) != {1}:
        return opaque(t, func, args, kwargs, result)
    largest = reduction.reduce(t.builder, "maximum", x, [-2, -1], keep=True)
    return [largest, *opaque(t, func, args, kwargs, result)[1:]]


@handles("constant_pad_nd", "pad")
def _pad(t: Tracer, func: Any, args: Any, kwargs: Any, result: Any) -> Any:
    given = arguments(func, args, kwargs)
    x, amounts = t.view(given["self"]), list(given["pad"])
    rank = len(x.axes)
    each = [(0, 0)] * (rank - len(amounts) // 2) + list(zip(amounts[::2], amounts[1::2], strict=True))[::-1]
    mode = {"constant": None, "reflect": "reflect", "replicate": "edge", "circular": "wrap"}[
        given.get("mode") or "constant"
    ]
    if mode is not None:
        return pooling.mirrored(t.builder, x, each, mode)
    return pooling.pad(t.builder, x, each, float(given["value"] or 0.0))


@handles("upsample_nearest2d", "_upsample_nearest_exact2d", "upsample_bilinear2d", "upsample_bicubic2d",
         "_upsample_bilinear2d_aa", "_upsample_bicubic2d_aa")  # fmt: skip
def _resize(t: Tracer, func: Any, args: Any, kwargs: Any, result: Any) -> View:
    given, word = arguments(func, args, kwargs), func.overloadpacket.__name__
    x, sizes = t.view(args[0]), list(result.shape[2:])
    factors = given.get("scale_factors") or [given.get("scales_h"), given.get("scales_w")]
    scales = [float(f) for f in factors] if all(f is not None for f in factors) else None
    if "nearest" in word:
        exact = "exact" in word
        coordinates, rounding = ("half_pixel", "round_prefer_ceil") if exact else ("asymmetric", "floor")
        return resizing.resize(t.builder, x, sizes, "nearest", coordinates, rounding, scales=scales)
    coordinates = "align_corners" if given["align_corners"] else "half_pixel"
    mode: Any = "linear" if "bilinear" in word else "cubic"
    antialias = word.endswith("_aa")
    kernel = -0.5 if antialias else -0.75
    # torch leaves out what lies outside of the map where it smooths, and repeats the edge where it does not.
    return resizing.resize(
        t.builder, x, sizes, mode, coordinates, None, kernel, exclude_outside=antialias, antialias=antialias,
        scales=scales,
    )  # fmt: skip


@handles("pixel_shuffle", "pixel_unshuffle", "channel_shuffle", "native_channel_shuffle")
def _shuffle(t: Tracer, func: Any, args: Any, kwargs: Any, result: Any) -> Any:
    x, number = t.view(args[0]), int(args[1])
    word = func.overloadpacket.__name__
    if word.endswith("channel_shuffle"):
        return shaping.channel_shuffle(t.builder, x, number)
    if len(x.axes) != 4:
        return opaque(t, func, args, kwargs, result)
    return (shaping.depth_to_space if word == "pixel_shuffle" else shaping.space_to_depth)(t.builder, x, number)


@handles("index_select")
def _index_select(t: Tracer, func: Any, args: Any, kwargs: Any, result: Any) -> Any:
    if args[2].device.type == "meta":
        return opaque(t, func, args, kwargs, result, "gather")
    return shaping.take(t.builder, t.view(args[0]), args[1], [int(index) for index in args[2].reshape(-1)])


@handles("index")
def _index(t: Tracer, func: Any, args: Any, kwargs: Any, result: Any) -> Any:
    """By one table of numbers that does not depend on the image; anything else runs by its name."""
    given = [(axis, index) for axis, index in enumerate(args[1]) if index is not None]
    axis, index = given[0]
    known = t.view(index).node if len(given) == 1 and index.dtype != torch.bool else None
    if known is None or known.operator != CONSTANT or index.device.type == "meta" or index.numel() == 0:
        return opaque(t, func, args, kwargs, result, "gather")
    return shaping.gather(t.builder, t.view(args[0]), axis, index.numpy())


@handles("flip")
def _flip(t: Tracer, func: Any, args: Any, kwargs: Any, result: Any) -> View:
    x = t.view(args[0])
    for axis in args[1]:
        x = shaping.take(t.builder, x, axis, range(x.shape[axis] - 1, -1, -1))
    return x


# Arithmetic


COMPARISONS = {"eq": "equal", "lt": "less", "le": "less_or_equal", "gt": "greater", "ge": "greater_or_equal"}


@handles(*COMPARISONS)
def _compare(t: Tracer, func: Any, args: Any, kwargs: Any, result: Any) -> View:
    word = COMPARISONS[func.overloadpacket.__name__.removesuffix("_")]
    return elementwise.compare(t.builder, word, _number(t, args[0]), _number(t, args[1]))


@handles("where")
def _where(t: Tracer, func: Any, args: Any, kwargs: Any, result: Any) -> Any:
    if len(args) < 3:
        return opaque(t, func, args, kwargs, result)
    return elementwise.select(t.builder, *(_number(t, value) for value in args[:3]))


@handles("masked_fill")
def _masked_fill(t: Tracer, func: Any, args: Any, kwargs: Any, result: Any) -> View:
    return elementwise.select(t.builder, t.view(args[1]), _number(t, args[2]), t.view(args[0]))


def _number(t: Tracer, value: Any) -> View:
    """An argument as a value: tensors are values already, numbers become constants."""
    if isinstance(value, torch.Tensor):
        return t.view(value)
    return t.builder.constant(np.asarray(float(value)))


@handles("add", "sub", "subtract", "rsub")
def _add(t: Tracer, func: Any, args: Any, kwargs: Any, result: Any) -> View:
    given = arguments(func, args, kwargs)
    x, y, alpha = _number(t, given["self"]), _number(t, given["other"]), given.get("alpha") or 1
    word = func.overloadpacket.__name__.removesuffix("_")
    if word == "rsub":
        x, y = y, x
    if alpha != 1:
        scaled = elementwise.scaled(t.builder, y if word != "rsub" else x, float(alpha))
        x, y = (x, scaled) if word != "rsub" else (scaled, y)
    operation = elementwise.add if word == "add" else elementwise.subtract
    return operation(t.builder, x, y)


@handles("mul", "multiply")
def _multiply(t: Tracer, func: Any, args: Any, kwargs: Any, result: Any) -> View:
    return elementwise.multiply(t.builder, _number(t, args[0]), _number(t, args[1]))


@handles("div", "true_divide", "divide")
def _divide(t: Tracer, func: Any, args: Any, kwargs: Any, result: Any) -> Any:
    if kwargs.get("rounding_mode"):
        return opaque(t, func, args, kwargs, result)
    return elementwise.divide(t.builder, _number(t, args[0]), _number(t, args[1]))


@handles("maximum", "minimum")
def _extreme(t: Tracer, func: Any, args: Any, kwargs: Any, result: Any) -> View:
    operation = elementwise.maximum if func.overloadpacket.__name__ == "maximum" else elementwise.minimum
    return operation(t.builder, t.view(args[0]), t.view(args[1]))


@handles("addcmul")
def _addcmul(t: Tracer, func: Any, args: Any, kwargs: Any, result: Any) -> View:
    product = elementwise.multiply(t.builder, t.view(args[1]), t.view(args[2]))
    return elementwise.add(
        t.builder, t.view(args[0]), elementwise.scaled(t.builder, product, float(kwargs.get("value", 1)))
    )


@handles("neg")
def _negative(t: Tracer, func: Any, args: Any, kwargs: Any, result: Any) -> View:
    return elementwise.scaled(t.builder, t.view(args[0]), -1.0)


@handles("pow")
def _power(t: Tracer, func: Any, args: Any, kwargs: Any, result: Any) -> Any:
    if isinstance(args[1], torch.Tensor) or not isinstance(args[0], torch.Tensor):
        return opaque(t, func, args, kwargs, result)
    return elementwise.power(t.builder, t.view(args[0]), float(args[1]))


@handles("square")
def _square(t: Tracer, func: Any, args: Any, kwargs: Any, result: Any) -> View:
    return elementwise.power(t.builder, t.view(args[0]), 2.0)


def _function(kind: str) -> Handler:
    return lambda t, func, args, kwargs, result: elementwise.function(t.builder, kind, t.view(args[0]))


for _word, _kind in {
    "exp": "exp", "log": "log", "sin": "sin", "cos": "cos", "sqrt": "square_root", "rsqrt": "inverse_square_root",
    "erf": "erf", "abs": "abs", "reciprocal": "reciprocal", "sign": "sign", "sgn": "sign", "floor": "floor",
    "ceil": "ceil", "tan": "tan", "atan": "atan", "asin": "asin", "acos": "acos", "sinh": "sinh", "cosh": "cosh",
    "asinh": "asinh", "acosh": "acosh", "atanh": "atanh", "log1p": "log1p", "expm1": "expm1", "erfc": "erfc",
    "isnan": "is_nan", "logical_not": "not",
}.items():  # fmt: skip
    handles(_word)(_function(_kind))


# Reductions


@handles("linalg_vector_norm")
def _norm(t: Tracer, func: Any, args: Any, kwargs: Any, result: Any) -> Any:
    given = arguments(func, args, kwargs)
    if given["ord"] != 2:
        return opaque(t, func, args, kwargs, result, "norm")
    x, axes = t.view(args[0]), given["dim"]
    axes = list(range(len(x.axes))) if axes in (None, []) else [axes] if isinstance(axes, int) else list(axes)
    return reduction.norm(t.builder, x, axes, bool(given["keepdim"]))


@handles("mean", "sum", "amax", "amin")
def _reduce(t: Tracer, func: Any, args: Any, kwargs: Any, result: Any) -> View:
    given = arguments(func, args, kwargs)
    operator = {"mean": "mean", "sum": "sum", "amax": "maximum", "amin": "minimum"}[func.overloadpacket.__name__]
    x = t.view(args[0])
    axes = given.get("dim")
    axes = list(range(len(x.axes))) if axes in (None, []) else [axes] if isinstance(axes, int) else list(axes)
    return reduction.reduce(t.builder, operator, x, axes, bool(given.get("keepdim")))


@handles("max", "min")
def _extreme_along(t: Tracer, func: Any, args: Any, kwargs: Any, result: Any) -> Any:
    """The largest along an axis, with the places of the largest; or of two; or of all."""
    given = arguments(func, args, kwargs)
    operator = {"max": "maximum", "min": "minimum"}[func.overloadpacket.__name__]
    x = t.view(args[0])
    if given.get("other") is not None:
        return {"maximum": elementwise.maximum, "minimum": elementwise.minimum}[operator](
            t.builder, x, t.view(given["other"])
        )
    if given.get("dim") is None:
        return reduction.reduce(t.builder, operator, x, list(range(len(x.axes))), keep=False)
    largest = reduction.reduce(t.builder, operator, x, [given["dim"]], bool(given.get("keepdim")))
    return [largest, *opaque(t, func, args, kwargs, result)[1:]]


# Shapes


@handles("view", "reshape", "_unsafe_view", "_reshape_alias", "flatten", "unflatten", "squeeze", "unsqueeze", "view_as")
def _reshape(t: Tracer, func: Any, args: Any, kwargs: Any, result: Any) -> View:
    x = t.view(args[0])
    word = func.overloadpacket.__name__
    if word == "unsqueeze":
        axis = args[1] % (len(x.axes) + 1)
        return View(x.node, (*x.axes[:axis], (), *x.axes[axis:]))
    return t.builder.reshaped(x, tuple(result.shape))


@handles("roll")
def _roll(t: Tracer, func: Any, args: Any, kwargs: Any, result: Any) -> Any:
    """A shift along axes; one by nothing, as of a window that is the whole map, is none."""
    given = arguments(func, args, kwargs)
    x, axes, steps = t.view(args[0]), given["dims"], given["shifts"]
    if axes and all(step % x.shape[axis] == 0 for axis, step in zip(pair(axes, 1), pair(steps, 1), strict=True)):
        return x
    return opaque(t, func, args, kwargs, result, "roll")


@handles("im2col", "col2im")
def _windows(t: Tracer, func: Any, args: Any, kwargs: Any, result: Any) -> Any:
    """Windows of a map beside each other, or back: where they neither overlap nor leave a rest, only a regrouping."""
    given = arguments(func, args, kwargs)
    kernel, stride = pair(given["kernel_size"]), pair(given["stride"])
    back = func.overloadpacket.__name__ == "col2im"
    maps = tuple((result if back else args[0]).shape)
    batch, channels, height, width = (1,) * (4 - len(maps)) + maps
    is_whole = height % kernel[0] == 0 and width % kernel[1] == 0
    plain = kernel == stride and set(pair(given["padding"])) == {0} and set(pair(given["dilation"])) == {1}
    if not plain or not is_whole:
        return opaque(t, func, args, kwargs, result, "unfold")
    rows, columns = height // kernel[0], width // kernel[1]
    cut = (batch, channels, *kernel, rows, columns) if back else (batch, channels, rows, kernel[0], columns, kernel[1])
    x = t.builder.reshaped(t.view(args[0]), cut)
    order = (0, 1, 4, 2, 5, 3) if back else (0, 1, 3, 5, 2, 4)
    return t.builder.reshaped(View(x.node, tuple(x.axes[axis] for axis in order)), tuple(result.shape))


@handles("permute", "transpose", "t", "swapaxes", "movedim", "mT")
def _permute(t: Tracer, func: Any, args: Any, kwargs: Any, result: Any) -> Any:
    x, word = t.view(args[0]), func.overloadpacket.__name__
    rank = len(x.axes)
    if word == "permute":
        order = [axis % rank for axis in args[1]]
    elif word == "movedim":
        moved = torch.empty([0] * rank)
        source, target = ([a] if isinstance(a, int) else list(a) for a in (args[1], args[2]))
        order = [axis for axis in range(moved.dim()) if axis not in [s % rank for s in source]]
        for s, d in sorted(zip(source, target, strict=True), key=lambda pair: pair[1] % rank):
            order.insert(d % rank, s % rank)
    else:
        first, second = (args[1] % rank, args[2] % rank) if len(args) > 2 else (0, min(1, rank - 1))
        order = list(range(rank))
        order[first], order[second] = order[second], order[first]
    return View(x.node, tuple(x.axes[axis] for axis in order))


@handles("expand", "expand_as", "broadcast_to")
def _expand(t: Tracer, func: Any, args: Any, kwargs: Any, result: Any) -> View:
    return t.builder.expanded(t.view(args[0]), tuple(result.shape))


@handles("repeat", "tile")
def _repeat(t: Tracer, func: Any, args: Any, kwargs: Any, result: Any) -> Any:
    x, times = t.view(args[0]), list(args[1])
    times = [1] * (len(x.axes) - len(times)) + times  # tile may leave leading axes out
    axes = ((),) * (len(times) - len(x.axes)) + x.axes
    if any(n != 1 and axis for n, axis in zip(times, axes, strict=True)):
        parts = View(
            x.node,
            tuple(a for n, axis in zip(times, axes, strict=True) for a in (((-1, 0, n),) if n > 1 else (), axis)),
        )
        return t.builder.reshaped(parts, tuple(result.shape))
    return t.builder.expanded(View(x.node, axes), tuple(result.shape))


@handles("slice", "narrow")
def _slice(t: Tracer, func: Any, args: Any, kwargs: Any, result: Any) -> View:
    given = arguments(func, args, kwargs)
    x, axis = t.view(args[0]), given["dim"] or 0
    length = x.shape[axis]
    if func.overloadpacket.__name__ == "narrow":
        start = given["start"] % max(length, 1)
        return shaping.cut(t.builder, x, axis, start, start + given["length"], 1)
    start, stop, step = slice(given["start"], given["end"], given["step"]).indices(length)
    return shaping.cut(t.builder, x, axis, start, stop, step)


@handles("select")
def _select(t: Tracer, func: Any, args: Any, kwargs: Any, result: Any) -> View:
    return shaping.select(t.builder, t.view(args[0]), args[1], args[2])


def replaced(t: Tracer, func: Any, args: Any, kwargs: Any, base: View, part: View) -> View:
    """A tensor after the part of it that a slice or select shows was overwritten."""
    given = arguments(func, args, kwargs)
    axis = (given["dim"] or 0) % len(base.axes)
    length = base.shape[axis]
    if func.overloadpacket.__name__ == "select":
        start = given["index"] % length
        stop, step = start + 1, 1
        part = View(part.node, (*part.axes[:axis], (), *part.axes[axis:]))
    else:
        start, stop, step = slice(given["start"], given["end"], given["step"]).indices(length)
    if step != 1:
        raise ValueError("every other element of a tensor is overwritten in place")
    pieces = [shaping.cut(t.builder, base, axis, 0, start, 1)] if start else []
    pieces.append(part)
    if stop < length:
        pieces.append(shaping.cut(t.builder, base, axis, stop, length, 1))
    return shaping.concatenate(t.builder, pieces, axis)


@handles("split", "split_with_sizes", "chunk", "unbind", "tensor_split", "unsafe_split", "unsafe_chunk")
def _split(t: Tracer, func: Any, args: Any, kwargs: Any, result: Any) -> list[View]:
    given = arguments(func, args, kwargs)
    x, axis = t.view(args[0]), given.get("dim", 0) or 0
    if func.overloadpacket.__name__ == "unbind":
        return [shaping.select(t.builder, x, axis, number) for number in range(len(result))]
    parts, start = [], 0
    for part in result:
        stop = start + part.shape[axis]
        parts.append(shaping.cut(t.builder, x, axis, start, stop, 1))
        start = stop
    return parts


@handles("cat", "concat", "concatenate")
def _concatenate(t: Tracer, func: Any, args: Any, kwargs: Any, result: Any) -> View:
    axis = arguments(func, args, kwargs)["dim"]
    values = [t.view(tensor) for tensor in args[0] if tensor.numel()]
    return shaping.concatenate(t.builder, values, axis)


@handles("stack")
def _stack(t: Tracer, func: Any, args: Any, kwargs: Any, result: Any) -> View:
    return shaping.stack(t.builder, [t.view(tensor) for tensor in args[0]], arguments(func, args, kwargs)["dim"])


# What computes nothing


@handles(
    "dropout", "feature_dropout", "alpha_dropout", "clone", "contiguous", "detach", "alias", "lift_fresh", "to",
    "_to_copy", "type_as", "float", "lift_fresh_copy", "positive",
)  # fmt: skip
def _same(t: Tracer, func: Any, args: Any, kwargs: Any, result: Any) -> Any:
    x = args[0]
    if result.dtype != x.dtype and not (result.is_floating_point() and x.is_floating_point()):
        return opaque(t, func, args, kwargs, result)
    return t.view(x)


@handles("zero_", "fill_")
def _fill(t: Tracer, func: Any, args: Any, kwargs: Any, result: Any) -> Any:
    if len(args) > 1 and isinstance(args[1], torch.Tensor):
        return t.builder.expanded(t.view(args[1]), tuple(args[0].shape))
    return t.builder.constant(np.full(tuple(args[0].shape), float(args[1]) if len(args) > 1 else 0.0))


@handles("copy_")
def _copy(t: Tracer, func: Any, args: Any, kwargs: Any, result: Any) -> View:
    return t.builder.expanded(t.view(args[1]), tuple(args[0].shape))
