"""A plan as a torch module."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from tests.graph.generated import SIZE, Layer, Plan


def build(plan: Plan) -> nn.Module:
    """The module; its weights are random, its statistics not neutral."""
    module = _Planned(plan).eval()
    generator = torch.Generator().manual_seed(0)
    for name, tensor in (*module.named_parameters(), *module.named_buffers()):
        with torch.no_grad():
            if name.endswith("running_var"):
                tensor.copy_(torch.rand(tensor.shape, generator=generator) + 0.5)
            elif tensor.is_floating_point():
                tensor.copy_(torch.randn(tensor.shape, generator=generator) * 0.3)
    with torch.no_grad():
        module(torch.zeros(1, 3, SIZE, SIZE))
    return module


class _Planned(nn.Module):
    input_size = (3, SIZE, SIZE)

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.layers = nn.ModuleList()
        channels = 3
        for number, layer in enumerate(plan):
            made, channels = _layer(layer, channels)
            self.layers.add_module(f"layer{number}_", made)

    def forward(self, x: Any) -> Any:
        for layer in self.layers:
            x = layer(x)
        return x


class _Do(nn.Module):
    """A function as a module, with the modules it uses."""

    def __init__(self, function: Any, **parts: nn.Module) -> None:
        super().__init__()
        self.function = function
        for name, part in parts.items():
            self.add_module(name, part)

    def forward(self, x: Any) -> Any:
        return self.function(self, x)


def _same(kernel: int, stride: int, dilation: int, size: int) -> tuple[int, int]:
    total = max((-(-size // stride) - 1) * stride + (kernel - 1) * dilation + 1 - size, 0)
    return total // 2, total - total // 2


class _Framed(nn.Module):
    """A layer behind TensorFlow's SAME padding."""

    def __init__(self, inner: nn.Module, kernel: int, stride: int, dilation: int = 1, number: float = 0.0) -> None:
        super().__init__()
        self.inner, self.rule, self.number = inner, (kernel, stride, dilation), number
        self.frame: tuple[int, ...] = ()
        """Found in the first pass: an exporter would write down how it is computed."""

    def forward(self, x: Any) -> Any:
        if not self.frame:
            self.frame = _same(*self.rule, x.shape[3]) + _same(*self.rule, x.shape[2])
        return self.inner(F.pad(x, self.frame, value=self.number) if any(self.frame) else x)


ACTIVATIONS: dict[str, Any] = {
    "relu": nn.ReLU, "relu6": nn.ReLU6, "leaky_relu": lambda: nn.LeakyReLU(0.2), "elu": nn.ELU, "selu": nn.SELU,
    "celu": lambda: nn.CELU(1.0), "silu": nn.SiLU, "gelu": nn.GELU, "gelu_tanh": lambda: nn.GELU("tanh"),
    "hard_sigmoid": nn.Hardsigmoid, "hard_swish": nn.Hardswish, "sigmoid": nn.Sigmoid, "tanh": nn.Tanh,
    "softplus": nn.Softplus, "softsign": nn.Softsign, "mish": nn.Mish, "log_sigmoid": nn.LogSigmoid,
    "clip": lambda: nn.Hardtanh(-1.0, 1.5),
}  # fmt: skip


class _Attention(nn.Module):
    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value, self.out = (nn.Linear(channels, channels) for _ in range(4))

    def forward(self, x: Any) -> Any:
        n, c, h, w = x.shape
        tokens = x.flatten(2).transpose(1, 2)
        q, k, v = (f(tokens).view(n, h * w, self.heads, c // self.heads).transpose(1, 2)
                   for f in (self.query, self.key, self.value))  # fmt: skip
        seen = (q @ k.transpose(-2, -1) * (c // self.heads) ** -0.5).softmax(-1) @ v
        out = self.out(seen.transpose(1, 2).reshape(n, h * w, c))
        return x + out.transpose(1, 2).reshape(n, c, h, w)


def _layer(layer: Layer, channels: int) -> tuple[nn.Module, int]:
    word, n = layer.word, layer.numbers
    if word == "convolution":
        outputs, kernel, stride, padding, groups = n
        inner = nn.Conv2d(channels, outputs, kernel, stride, groups=groups)
        return (_Framed(inner, kernel, stride) if padding == "same" else inner), outputs
    if word == "depthwise":
        return _Framed(nn.Conv2d(channels, channels, n[0], groups=channels), n[0], 1), channels
    if word == "dilated":
        return _Framed(nn.Conv2d(channels, n[0], n[1], dilation=n[2]), n[1], 1, n[2]), n[0]
    if word == "transposed":
        outputs, kernel, padding = n
        inner = nn.ConvTranspose2d(channels, outputs, kernel, 2)
        if padding == "valid":
            return inner, outputs
        total = kernel - 2  # of the full result over twice the size
        before = max(total, 0) // 2

        def cropped(_: Any, x: Any) -> Any:
            full, size = inner(x), int(x.shape[2]) * 2
            return full[:, :, before : before + size, before : before + size]

        return _Do(cropped, inner=inner), outputs
    if word == "batch_norm":
        return nn.BatchNorm2d(channels, n[0]), channels
    if word == "layer_norm":
        norm = nn.LayerNorm(channels, n[0])
        return _Do(lambda s, x: s.norm(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2), norm=norm), channels
    if word == "group_norm":
        return nn.GroupNorm(n[0], channels, n[1]), channels
    if word == "instance_norm":
        return nn.InstanceNorm2d(channels, n[0], affine=True), channels
    if word == "activation":
        return (nn.PReLU(channels) if n[0] == "prelu" else ACTIVATIONS[n[0]]()), channels
    if word == "max_pool":
        inner = nn.MaxPool2d(n[0], 2)
        return (_Framed(inner, n[0], 2, number=float("-inf")) if n[1] == "same" else inner), channels
    if word == "average_pool":
        if n[1] == "valid":
            return nn.AvgPool2d(n[0], 2), channels
        ones = _Framed(nn.AvgPool2d(n[0], 2), n[0], 2)
        return _Do(lambda s, x: s.pool(x) / s.pool(torch.ones(1, 1, *x.shape[2:])), pool=ones), channels
    if word in ("zero_pad", "reflect_pad"):
        top, bottom, left, right = n
        mode = "constant" if word == "zero_pad" else "reflect"
        return _Do(lambda _, x: F.pad(x, (left, right, top, bottom), mode=mode) if any(n) else x), channels
    if word == "resize":
        more = {} if n[0] == "nearest" else {"align_corners": False}
        return nn.Upsample(scale_factor=2, mode=n[0], **more), channels
    if word == "channel_shuffle":
        return _Do(lambda _, x: x.unflatten(1, (n[0], channels // n[0])).transpose(1, 2).flatten(1, 2)), channels
    if word == "pixel_shuffle":
        return nn.PixelShuffle(n[0]), channels // n[0] ** 2
    if word == "pixel_unshuffle":
        return nn.PixelUnshuffle(n[0]), channels * n[0] ** 2
    if word == "crop":
        return _Do(lambda _, x: x[:, :, n[0] : -n[1], n[0] : -n[1]]), channels
    if word == "residual":
        inner = _Framed(nn.Conv2d(channels, channels, n[0]), n[0], 1)
        return _Do(lambda s, x: F.relu(x + s.inner(x)), inner=inner), channels
    if word == "squeeze_excite":
        down, up = nn.Conv2d(channels, channels // n[0], 1), nn.Conv2d(channels // n[0], channels, 1)
        return _Do(
            lambda s, x: x * torch.sigmoid(s.up(F.relu(s.down(x.mean((2, 3), keepdim=True))))), down=down, up=up
        ), channels
    if word == "dense_block":
        inner = _Framed(nn.Conv2d(channels, n[0], 3), 3, 1)
        return _Do(lambda s, x: torch.cat([x, s.inner(x)], 1), inner=inner), channels + n[0]
    if word == "attention":
        return _Attention(channels, n[0]), channels
    if word == "scale":
        return _Do(lambda _, x: x * n[0] + 0.25), channels
    if word == "softmax":
        return _Do(lambda _, x: x * x.softmax(1)), channels
    if word == "normalise":
        return _Do(lambda _, x: x / (x.square().sum(1, keepdim=True) + 1.0).sqrt()), channels
    if word == "threshold":
        return _Do(lambda _, x: torch.where(x > n[0], x, x * 0.5)), channels
    if word == "maximum":
        return _Do(lambda _, x: torch.maximum(x, x * x)), channels
    assert word == "head", word
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 10)), 10
