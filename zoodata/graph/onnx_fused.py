"""Operators of ONNX Runtime's own in our words: what it fuses when it saves a model that it has optimised."""

from __future__ import annotations

from zoodata.graph.canonical import activation as act
from zoodata.graph.canonical import elementwise, normalization
from zoodata.graph.canonical.builder import View
from zoodata.graph.onnx_operators import MICROSOFT, Call, convolved, gemm, handles, multiplied


def _activated(c: Call, x: View) -> View:
    """The activation that a fused operator ends with.

    Raises:
        NotImplementedError: for one that we do not know in this place.
    """
    name = c.own.get("activation", b"")
    name = name.decode() if isinstance(name, bytes) else str(name)
    values = list(c.own.get("activation_params", ()))
    if not name:
        return x
    plain = {"Relu": "relu", "Sigmoid": "sigmoid", "Tanh": "tanh"}
    if name in plain:
        return act.activation(c.b, plain[name], x)
    if name == "LeakyRelu":
        return act.activation(c.b, "leaky_relu", x, slope=float(values[0]))
    if name == "Clip":
        return act.clip(c.b, x, float(values[0]), float(values[1]))
    if name == "HardSwish":
        return act.activation(c.b, "hard_swish", x)
    if name == "HardSigmoid":
        return act.hard_sigmoid(c.b, x, float(values[0]), float(values[1]))
    raise NotImplementedError


@handles(f"{MICROSOFT}.FusedConv")
def _fused_conv(c: Call) -> View:
    made = convolved(c, c.value(0), c.value(1), c.value(2) if c.has(2) else None)
    return _activated(c, elementwise.add(c.b, made, c.value(3)) if c.has(3) else made)


@handles(f"{MICROSOFT}.FusedMatMul")
def _fused_matmul(c: Call) -> View:
    if c.own.get("transBatchA") or c.own.get("transBatchB"):
        raise NotImplementedError
    return multiplied(c, c.value(0), c.value(1))


@handles(f"{MICROSOFT}.FusedGemm")
def _fused_gemm(c: Call) -> View:
    return _activated(c, gemm(c))


@handles(f"{MICROSOFT}.Gelu")
def _gelu(c: Call) -> View:
    return act.activation(c.b, "gelu", c.value(0))


@handles(f"{MICROSOFT}.BiasGelu")
def _bias_gelu(c: Call) -> View:
    return act.activation(c.b, "gelu", elementwise.add(c.b, c.value(0), c.value(1)))


@handles(f"{MICROSOFT}.FastGelu")
def _fast_gelu(c: Call) -> View:
    x = elementwise.add(c.b, c.value(0), c.value(1)) if c.has(1) else c.value(0)
    return act.activation(c.b, "gelu_tanh", x)


@handles(f"{MICROSOFT}.QuickGelu")
def _quick_gelu(c: Call) -> View:
    slope = float(c.own.get("alpha", 1.702))
    kind = ("silu", {}) if slope == 1.0 else ("quick_gelu", {"slope": slope})
    return act.activation(c.b, kind[0], c.value(0), **kind[1])


@handles(f"{MICROSOFT}.SkipLayerNormalization")
def _skip_layer_norm(c: Call) -> list[View]:
    x = elementwise.add(c.b, c.value(0), c.value(1))
    x = elementwise.add(c.b, x, c.value(4)) if c.has(4) else x
    shift = c.value(3) if c.has(3) else None
    made = normalization.layer_norm(c.b, x, [-1], float(c.own.get("epsilon", 1e-12)), c.value(2), shift)
    return [made, made, made, x]
