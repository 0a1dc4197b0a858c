"""A plan as a Keras model."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.graph.generated import SIZE, Layer, Plan


def build(plan: Plan) -> Any:
    """The model; its weights are random, its statistics not neutral."""
    import keras

    image = keras.Input((SIZE, SIZE, 3))
    x, channels = image, 3
    for number, layer in enumerate(plan):
        x, channels = _layer(layer, x, channels, f"layer{number}_")
    model = keras.Model(image, x)
    random = np.random.default_rng(0)
    for variable in model.variables:
        values = random.normal(size=variable.shape) * 0.3
        variable.assign(random.uniform(0.5, 1.5, variable.shape) if "variance" in variable.path else values)
    return model


ACTIVATIONS = {"gelu_tanh": "gelu", "hard_swish": "hard_swish", "silu": "silu"}


def _activation(kind: str, x: Any, name: str) -> Any:
    import keras
    from keras import layers, ops

    special = {
        "relu6": lambda: layers.ReLU(6.0, name=name)(x),
        "leaky_relu": lambda: layers.LeakyReLU(negative_slope=0.2, name=name)(x),
        "gelu": lambda: layers.Activation(lambda v: keras.activations.gelu(v, approximate=False), name=name)(x),
        "gelu_tanh": lambda: layers.Activation(lambda v: keras.activations.gelu(v, approximate=True), name=name)(x),
        "prelu": lambda: layers.PReLU(shared_axes=[1, 2], name=name)(x),
        "clip": lambda: ops.clip(x, -1.0, 1.5),
    }
    return special[kind]() if kind in special else layers.Activation(kind, name=name)(x)


def _layer(layer: Layer, x: Any, channels: int, name: str) -> tuple[Any, int]:
    from keras import layers, ops

    word, n = layer.word, layer.numbers
    if word == "convolution":
        outputs, kernel, stride, padding, groups = n
        return layers.Conv2D(outputs, kernel, stride, padding, groups=groups, name=name)(x), outputs
    if word == "depthwise":
        return layers.DepthwiseConv2D(n[0], padding="same", name=name)(x), channels
    if word == "dilated":
        return layers.Conv2D(n[0], n[1], padding="same", dilation_rate=n[2], name=name)(x), n[0]
    if word == "transposed":
        outputs, kernel, padding = n
        return layers.Conv2DTranspose(outputs, kernel, 2, padding, name=name)(x), outputs
    if word == "batch_norm":
        return layers.BatchNormalization(epsilon=n[0], name=name)(x), channels
    if word == "layer_norm":
        return layers.LayerNormalization(epsilon=n[0], name=name)(x), channels
    if word == "group_norm":
        return layers.GroupNormalization(n[0], epsilon=n[1], name=name)(x), channels
    if word == "instance_norm":
        return layers.GroupNormalization(-1, epsilon=n[0], name=name)(x), channels
    if word == "activation":
        return _activation(n[0], x, name), channels
    if word in ("max_pool", "average_pool"):
        kind = layers.MaxPooling2D if word == "max_pool" else layers.AveragePooling2D
        return kind(n[0], 2, n[1], name=name)(x), channels
    if word == "zero_pad":
        return layers.ZeroPadding2D(((n[0], n[1]), (n[2], n[3])), name=name)(x), channels
    if word == "reflect_pad":
        return ops.pad(x, ((0, 0), (n[0], n[1]), (n[2], n[3]), (0, 0)), mode="reflect"), channels
    if word == "resize":
        return layers.UpSampling2D(2, interpolation=n[0], name=name)(x), channels
    if word == "channel_shuffle":
        size = x.shape[1]
        parts = ops.reshape(x, (-1, size, size, n[0], channels // n[0]))
        return ops.reshape(ops.transpose(parts, (0, 1, 2, 4, 3)), (-1, size, size, channels)), channels
    if word == "pixel_shuffle":
        size, rest, block = x.shape[1], channels // n[0] ** 2, n[0]
        parts = ops.transpose(ops.reshape(x, (-1, size, size, rest, block, block)), (0, 1, 4, 2, 5, 3))
        return ops.reshape(parts, (-1, size * block, size * block, rest)), rest
    if word == "pixel_unshuffle":
        size, block = x.shape[1] // n[0], n[0]
        parts = ops.transpose(ops.reshape(x, (-1, size, block, size, block, channels)), (0, 1, 3, 5, 2, 4))
        return ops.reshape(parts, (-1, size, size, channels * block**2)), channels * block**2
    if word == "crop":
        return layers.Cropping2D(((n[0], n[1]), (n[0], n[1])), name=name)(x), channels
    if word == "residual":
        return ops.relu(x + layers.Conv2D(channels, n[0], padding="same", name=name)(x)), channels
    if word == "squeeze_excite":
        pooled = layers.GlobalAveragePooling2D(keepdims=True)(x)
        down = layers.Conv2D(channels // n[0], 1, activation="relu", name=f"{name}down")(pooled)
        return x * layers.Conv2D(channels, 1, activation="sigmoid", name=f"{name}up")(down), channels
    if word == "dense_block":
        return layers.Concatenate()([x, layers.Conv2D(n[0], 3, padding="same", name=name)(x)]), channels + n[0]
    if word == "attention":
        return _attention(x, channels, n[0], name), channels
    if word == "scale":
        return x * n[0] + 0.25, channels
    if word == "softmax":
        return x * ops.softmax(x, -1), channels
    if word == "normalise":
        return x / ops.sqrt(ops.sum(ops.square(x), -1, keepdims=True) + 1.0), channels
    if word == "threshold":
        return ops.where(x > n[0], x, x * 0.5), channels
    if word == "maximum":
        return ops.maximum(x, x * x), channels
    assert word == "head", word
    return layers.Dense(10, name=name)(layers.GlobalAveragePooling2D()(x)), 10


def _attention(x: Any, channels: int, heads: int, name: str) -> Any:
    from keras import layers, ops

    size = x.shape[1]
    tokens = ops.reshape(x, (-1, size * size, channels))

    def split(part: str) -> Any:
        made = layers.Dense(channels, name=f"{name}{part}")(tokens)
        return ops.transpose(ops.reshape(made, (-1, size * size, heads, channels // heads)), (0, 2, 1, 3))

    q, k, v = (split(part) for part in ("query", "key", "value"))
    scores = ops.softmax(ops.matmul(q, ops.transpose(k, (0, 1, 3, 2))) * (channels // heads) ** -0.5)
    seen = ops.reshape(ops.transpose(ops.matmul(scores, v), (0, 2, 1, 3)), (-1, size * size, channels))
    out = layers.Dense(channels, name=f"{name}out")(seen)
    return x + ops.reshape(out, (-1, size, size, channels))
