"""Random small networks of the whole vocabulary: one plan, built in torch and in Keras, exported, mutated.

A plan is a list of layers by word and numbers. Both frameworks build the same function from it, so that what a reader
makes of either, and of what any exporter makes of it, must be one network or a benign variant; and a plan with one
number changed must be found to differ, at that layer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

SIZE = 16
"""Rows and columns of the image."""


@dataclass(frozen=True)
class Layer:
    """One layer of a plan."""

    word: str
    numbers: tuple[Any, ...] = ()


Plan = tuple[Layer, ...]

ACTIVATIONS = (
    "relu", "relu6", "leaky_relu", "elu", "selu", "celu", "silu", "gelu", "gelu_tanh", "hard_sigmoid", "hard_swish",
    "sigmoid", "tanh", "softplus", "softsign", "mish", "log_sigmoid", "prelu", "clip",
)  # fmt: skip


def plan(seed: int, words: tuple[str, ...] = ()) -> Plan:
    """A random plan; of these words only, where any are given."""
    random = np.random.default_rng(seed)
    layers = [Layer("convolution", (8, 3, 1, "same", 1))]
    channels, size = 8, SIZE
    choices = [word for word in WORDS if not words or word in words]
    for _ in range(int(random.integers(3, 8))):
        word = str(random.choice(choices))
        layer, channels, size = WORDS[word](random, channels, size)
        if layer is not None:
            layers.append(layer)
    return (*layers, Layer("head", (channels, size)))


def _convolution(random: Any, channels: int, size: int) -> tuple[Layer | None, int, int]:
    outputs = int(random.choice([4, 8, 12]))
    kernel = int(random.choice([1, 2, 3, 5]))
    stride = int(random.choice([1, 1, 2])) if size >= 4 else 1
    padding = "same" if stride == 1 or random.random() < 0.5 else "valid"
    if size < kernel:
        padding = "same"
    to = -(-size // stride) if padding == "same" else (size - kernel) // stride + 1
    return Layer("convolution", (outputs, kernel, stride, padding, 1)), outputs, to


def _depthwise(random: Any, channels: int, size: int) -> tuple[Layer | None, int, int]:
    return Layer("depthwise", (int(random.choice([3, 5])),)), channels, size


def _grouped(random: Any, channels: int, size: int) -> tuple[Layer | None, int, int]:
    return Layer("convolution", (channels, 3, 1, "same", 2)), channels, size


def _dilated(random: Any, channels: int, size: int) -> tuple[Layer | None, int, int]:
    return (Layer("dilated", (channels, 3, 2)), channels, size) if size >= 6 else (None, channels, size)


def _transposed(random: Any, channels: int, size: int) -> tuple[Layer | None, int, int]:
    if size > 8:
        return None, channels, size
    kernel, padding = int(random.choice([2, 3, 4])), str(random.choice(["valid", "same"]))
    to = size * 2 if padding == "same" else (size - 1) * 2 + kernel
    return Layer("transposed", (4, kernel, padding)), 4, to


def _same_size(word: str, *choices: tuple[Any, ...]) -> Callable[[Any, int, int], tuple[Layer | None, int, int]]:
    def made(random: Any, channels: int, size: int) -> tuple[Layer | None, int, int]:
        numbers = choices[int(random.integers(len(choices)))] if choices else ()
        return Layer(word, numbers), channels, size

    return made


def _activation(random: Any, channels: int, size: int) -> tuple[Layer | None, int, int]:
    return Layer("activation", (str(random.choice(ACTIVATIONS)),)), channels, size


def _pool(word: str) -> Callable[[Any, int, int], tuple[Layer | None, int, int]]:
    def made(random: Any, channels: int, size: int) -> tuple[Layer | None, int, int]:
        if size < 4:
            return None, channels, size
        kernel = int(random.choice([2, 3]))
        padding = str(random.choice(["valid", "same"]))
        to = -(-size // 2) if padding == "same" else (size - kernel) // 2 + 1
        return Layer(word, (kernel, padding)), channels, to

    return made


def _pad(word: str) -> Callable[[Any, int, int], tuple[Layer | None, int, int]]:
    def made(random: Any, channels: int, size: int) -> tuple[Layer | None, int, int]:
        if size < 4 or size > 24:
            return None, channels, size
        amounts = tuple(int(n) for n in random.integers(0, 3, 4))
        if amounts[0] + amounts[1] != amounts[2] + amounts[3]:  # maps stay square
            amounts = (amounts[0], amounts[1], amounts[0], amounts[1])
        return Layer(word, amounts), channels, size + amounts[0] + amounts[1]

    return made


def _resize(random: Any, channels: int, size: int) -> tuple[Layer | None, int, int]:
    if size > 8:
        return None, channels, size
    return Layer("resize", (str(random.choice(["nearest", "bilinear"])),)), channels, size * 2


def _shuffle(random: Any, channels: int, size: int) -> tuple[Layer | None, int, int]:
    return Layer("channel_shuffle", (2,)), channels, size


def _pixel_shuffle(random: Any, channels: int, size: int) -> tuple[Layer | None, int, int]:
    if channels % 4 or size > 8:
        return None, channels, size
    return Layer("pixel_shuffle", (2,)), channels // 4, size * 2


def _pixel_unshuffle(random: Any, channels: int, size: int) -> tuple[Layer | None, int, int]:
    if channels > 8 or size % 2 or size < 4:
        return None, channels, size
    return Layer("pixel_unshuffle", (2,)), channels * 4, size // 2


def _crop(random: Any, channels: int, size: int) -> tuple[Layer | None, int, int]:
    return (Layer("crop", (1, 1)), channels, size - 2) if size > 6 else (None, channels, size)


def _concatenate(random: Any, channels: int, size: int) -> tuple[Layer | None, int, int]:
    return (Layer("dense_block", (4,)), channels + 4, size) if channels <= 12 else (None, channels, size)


WORDS: dict[str, Callable[[Any, int, int], tuple[Layer | None, int, int]]] = {
    "convolution": _convolution, "depthwise": _depthwise, "grouped": _grouped, "dilated": _dilated,
    "transposed": _transposed, "batch_norm": _same_size("batch_norm", (1e-3,), (1e-5,)),
    "layer_norm": _same_size("layer_norm", (1e-6,), (1e-3,)), "group_norm": _same_size("group_norm", (2, 1e-5)),
    "activation": _activation,
    "max_pool": _pool("max_pool"), "average_pool": _pool("average_pool"), "zero_pad": _pad("zero_pad"),
    "reflect_pad": _pad("reflect_pad"), "resize": _resize, "channel_shuffle": _shuffle,
    "pixel_shuffle": _pixel_shuffle, "pixel_unshuffle": _pixel_unshuffle, "crop": _crop,
    "residual": _same_size("residual", (3,)), "squeeze_excite": _same_size("squeeze_excite", (2,)),
    "dense_block": _concatenate, "attention": _same_size("attention", (2,)),
    "scale": _same_size("scale", (0.5,), (2.0,)), "softmax": _same_size("softmax"),
    "normalise": _same_size("normalise"), "threshold": _same_size("threshold", (0.1,)),
    "maximum": _same_size("maximum"), "instance_norm": _same_size("instance_norm", (1e-5,)),
}  # fmt: skip

MUTATIONS: dict[str, Callable[[tuple[Any, ...]], tuple[Any, ...] | None]] = {
    "convolution": lambda n: (n[0], n[1] + 2, *n[2:]) if n[3] == "same" else None,
    "depthwise": lambda n: (8 - n[0],),
    "dilated": lambda n: (n[0], n[1], 1),
    "batch_norm": lambda n: (n[0] * 10,),
    "layer_norm": lambda n: (n[0] * 100,),
    "group_norm": lambda n: (4 if n[0] == 2 else 2, n[1]),
    "instance_norm": lambda n: (n[0] * 1000,),
    "activation": lambda n: ("tanh",) if n[0] != "tanh" else ("relu",),
    "resize": lambda n: ("bilinear",) if n[0] == "nearest" else ("nearest",),
    "reflect_pad": lambda n: (n[1], n[0], n[3], n[2]) if n[0] != n[1] or n[2] != n[3] else None,
    "zero_pad": lambda n: (n[1], n[0], n[3], n[2]) if n[0] != n[1] or n[2] != n[3] else None,
    "scale": lambda n: (n[0] * 1.1,),
    "threshold": lambda n: (n[0] + 0.2,),
    "channel_shuffle": lambda n: (4,),
    "attention": lambda n: (4 if n[0] == 2 else 2,),
}
"""Word to another set of numbers under which the layer takes and gives values of the same shape; None for none."""


def mutated(original: Plan, seed: int) -> tuple[Plan, int] | None:
    """The plan with one layer's numbers changed, and which layer; None where none can be."""
    random = np.random.default_rng(seed)
    places = [n for n, layer in enumerate(original) if layer.word in MUTATIONS and MUTATIONS[layer.word](layer.numbers)]
    places = [n for n in places if original[n] != Layer("convolution", (8, 3, 1, "same", 1)) or n]
    if not places:
        return None
    place = int(random.choice(places))
    changed = MUTATIONS[original[place].word](original[place].numbers)
    assert changed is not None
    layers = list(original)
    layers[place] = replace(layers[place], numbers=changed)
    return tuple(layers), place
