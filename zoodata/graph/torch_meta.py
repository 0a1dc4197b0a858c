"""What common aten operators give on the meta device, without torch's own Python kernels.

torch finds the shape of a sum or a norm in a millisecond of Python, which is most of the time that reading a
network takes. Here only the plain cases are answered, in which shape and strides are beyond doubt; for all
else the answer is None, and torch is asked. A wrong shape could not pass: readers compare each result with
the one our own constructor made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from torch import Tensor, empty_like


def result(word: str, *args: Any) -> Any:
    """The result of an operator on meta tensors, or None where torch must say.

    Args:
        word: the operator's name without its overload; of an in-place operator with its underscore.
        args: its positional arguments.
    """
    find = KNOWN.get(word)
    return find(*args) if find is not None else None


def tensors(value: Any) -> Iterator[Tensor]:
    """Every tensor in an operator's arguments or results, in order.

    torch's own walk over trees knows more containers, and takes a third of the time of reading a network.
    """
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from tensors(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from tensors(item)


def _same(x: Any, *_: Any) -> Tensor | None:
    """A function of each element."""
    return empty_like(x) if isinstance(x, Tensor) and x.is_floating_point() else None


def _changed(x: Any, *_: Any) -> Tensor | None:
    """An operator that writes into its operand."""
    return x if isinstance(x, Tensor) and x.is_floating_point() else None


def _binary(x: Any, y: Any, *_: Any) -> Tensor | None:
    """A number or a vector beside a floating tensor that has the result's shape."""
    if not isinstance(x, Tensor) or not x.is_floating_point():
        return None
    if isinstance(y, (int, float)) and not isinstance(y, bool):
        return empty_like(x)
    if not isinstance(y, Tensor) or y.dtype != x.dtype:
        return None
    if y.shape == x.shape:
        return empty_like(x) if y.stride() == x.stride() else None
    if not x.is_contiguous() or len(y.shape) > len(x.shape):
        return None
    beside = x.shape[len(x.shape) - len(y.shape) :]
    return empty_like(x) if all(b in (1, a) for a, b in zip(beside, y.shape, strict=True)) else None


def _norm(x: Tensor, *_: Any) -> Tensor | None:
    """A normalisation: its operand's shape."""
    return empty_like(x) if x.is_contiguous() else None


def _layer_norm(x: Tensor, *_: Any) -> Tensor:
    return x.new_empty(x.shape)


def _attention(query: Tensor, key: Tensor, value: Tensor, *_: Any) -> Tensor | None:
    if not query.shape[:-2] == key.shape[:-2] == value.shape[:-2]:
        return None
    return query.new_empty((*query.shape[:-1], value.shape[-1]))


def _linear(x: Tensor, weight: Tensor, *_: Any) -> Tensor | None:
    if len(weight.shape) != 2 or len(x.shape) < 2 or not x.is_contiguous():
        return None
    return x.new_empty((*x.shape[:-1], weight.shape[0]))


def _lstm(x: Tensor, state: Any, *rest: Any) -> Any:
    """torch would go step by step. Of a packed sequence the arguments are others."""
    if not isinstance(state, (list, tuple)) or isinstance(rest[1], (list, tuple)):
        return None
    hidden, cell = state[:2]
    directions = 2 if rest[5] else 1
    return x.new_empty((*x.shape[:-1], hidden.shape[-1] * directions)), hidden.clone(), cell.clone()


ELEMENTWISE = (
    "relu", "relu6", "silu", "gelu", "sigmoid", "tanh", "hardtanh", "hardswish", "hardsigmoid", "leaky_relu", "elu",
    "mish", "softplus", "exp", "sin", "cos", "sqrt", "rsqrt", "neg", "clamp", "clamp_min", "erf",
)  # fmt: skip
BINARY = ("add", "sub", "mul", "div")

KNOWN: dict[str, Callable[..., Any]] = {
    **dict.fromkeys(ELEMENTWISE, _same),
    **dict.fromkeys((f"{word}_" for word in (*ELEMENTWISE, *BINARY)), _changed),
    **dict.fromkeys(BINARY, _binary),
    **dict.fromkeys(("batch_norm", "group_norm"), _norm),
    "layer_norm": _layer_norm,
    "scaled_dot_product_attention": _attention,
    "linear": _linear,
    "lstm": _lstm,
}
