"""ONNX's quantised operators in our words: integers stand for the real numbers that they mean.

A quantised convolution is a convolution of those numbers, and a rounding of its result. So a quantised network has the
parameters and the MACs of its origin, and differs from it in the roundings.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from zoodata.graph.canonical import activation as act
from zoodata.graph.canonical import contraction, elementwise, pooling, quantising, reduction, shaping
from zoodata.graph.canonical.builder import View
from zoodata.graph.onnx_operators import MICROSOFT, Call, convolved, frame, handles, multiplied


def _number(c: Call, position: int, default: float = 0.0) -> float:
    """A scale or a zero that is one number."""
    if not c.has(position):
        return default
    given = c.inputs[position]
    if isinstance(given, View) or np.asarray(given).size != 1:
        raise NotImplementedError
    return float(np.asarray(given).ravel()[0])


def _limits(c: Call, position: int) -> tuple[int, int]:
    """The smallest and the largest integer of a zero's type; unsigned bytes where there is none."""
    kind = np.asarray(c.inputs[position]).dtype if c.has(position) else np.dtype("uint8")
    bounds = np.iinfo(kind) if kind.kind in "iu" else np.iinfo("uint8")
    return int(bounds.min), int(bounds.max)


def _rounded(c: Call, x: View, scale: int, zero: int) -> View:
    """A result rounded to the scale and zero at these inputs."""
    return quantising.quantised(c.b, x, _number(c, scale), int(_number(c, zero)), *_limits(c, zero))


@handles("QuantizeLinear")
def _quantize(c: Call) -> View:
    return _rounded(c, c.value(0), 1, 2)


@handles("DequantizeLinear")
def _dequantize(c: Call) -> View:
    x = c.value(0)
    if not x.node.dynamic or quantising.stands_for_integers(c.b, x.node):
        return x  # the numbers that it stands for already
    return elementwise.scaled(c.b, elementwise.shifted(c.b, x, -_number(c, 2)), _number(c, 1))


@handles("DynamicQuantizeLinear")
def _dynamic(c: Call) -> list[View]:
    # What reads it multiplies by the scale; the numbers have it already, so that one stands in for it.
    one, zero = c.b.constant(np.asarray(1.0)), c.b.constant(np.asarray(0.0))
    return [quantising.quantised_by_range(c.b, c.value(0)), one, zero]


@handles("QLinearConv")
def _qlinear_conv(c: Call) -> View:
    return _rounded(c, convolved(c, c.value(0), c.value(3), c.value(8) if c.has(8) else None), 6, 7)


@handles("ConvInteger")
def _conv_integer(c: Call) -> View:
    return convolved(c, c.value(0), c.value(1), None)


@handles("MatMulInteger")
def _matmul_integer(c: Call) -> View:
    return contraction.matmul(c.b, c.value(0), c.value(1))


@handles("QLinearMatMul")
def _qlinear_matmul(c: Call) -> View:
    return _rounded(c, contraction.matmul(c.b, c.value(0), c.value(3)), 6, 7)


@handles(f"{MICROSOFT}.QGemm")
def _qgemm(c: Call) -> View:
    if c.own.get("transA") or c.own.get("alpha", 1.0) != 1.0:
        raise NotImplementedError
    made = multiplied(c, c.value(0), c.value(3))
    made = elementwise.add(c.b, made, c.value(6)) if c.has(6) else made
    return _rounded(c, made, 7, 8) if c.has(7) else made


@handles(f"{MICROSOFT}.QLinearAdd", f"{MICROSOFT}.QLinearMul")
def _qlinear_binary(c: Call) -> View:
    operation = elementwise.add if c.proto.op_type == "QLinearAdd" else elementwise.multiply
    return _rounded(c, operation(c.b, c.value(0), c.value(3)), 6, 7)


@handles(f"{MICROSOFT}.QLinearConcat")
def _qlinear_concat(c: Call) -> View:
    values = [c.value(position) for position in range(2, len(c.inputs), 3)]
    return _rounded(c, shaping.concatenate(c.b, values, int(c.own["axis"])), 0, 1)


def _pooled(c: Call) -> View:
    x = c.value(0)
    kernel = list(c.own["kernel_shape"])
    stride = list(c.own.get("strides", [1] * len(kernel)))
    padding = frame(c, x.shape[2:], kernel, stride, [1] * len(kernel))
    counted = bool(c.own.get("count_include_pad", 0))
    return pooling.average_pool(c.b, x, kernel, stride, padding, bool(c.own.get("ceil_mode", 0)), counted)


def _averaged(c: Call) -> View:
    x = c.value(0)
    if c.own.get("channels_last"):
        raise NotImplementedError
    return reduction.mean(c.b, x, list(range(2, len(x.axes))), keep=True)


def _softmax(c: Call) -> View:
    return reduction.softmax(c.b, c.value(0), int(c.own.get("axis", -1)))


ONE_OPERAND: dict[str, Callable[[Call], View]] = {
    "QLinearAveragePool": _pooled,
    "QLinearGlobalAveragePool": _averaged,
    "QLinearSoftmax": _softmax,
    "QLinearSigmoid": lambda c: act.activation(c.b, "sigmoid", c.value(0)),
    "QLinearLeakyRelu": lambda c: act.activation(c.b, "leaky_relu", c.value(0), slope=float(c.own.get("alpha", 0.01))),
}


@handles(*(f"{MICROSOFT}.{name}" for name in ONE_OPERAND))
def _qlinear_unary(c: Call) -> Any:
    return _rounded(c, ONE_OPERAND[c.proto.op_type](c), 3, 4)
