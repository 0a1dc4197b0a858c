"""Function-preserving rewrites over three frameworks: nothing above benign."""

# ruff: noqa: E501, I001  (the rewrites read better as a table; Keras comes after its backend is set)
from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")
tf = pytest.importorskip("tensorflow")
onnx = pytest.importorskip("onnx")
pytestmark = [pytest.mark.zoos, pytest.mark.xdist_group("graph")]

from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

from zoodata.graph.diff.findings import diff  # noqa: E402


class Fn(nn.Module):
    """A stem, a function of its parts, and a head."""

    def __init__(self, make, body):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, padding=1)
        self.parts = nn.ModuleList(make())
        self.body = body
        self.head = nn.Linear(8, 5)

    def forward(self, x):
        x = self.body(torch.relu(self.stem(x)), *self.parts)
        return self.head(x.mean((2, 3)) if x.dim() == 4 else x)


def bn():
    return [nn.BatchNorm2d(8)]


def norm_in_pieces(x, n):
    gain = n.weight * torch.rsqrt(n.running_var + n.eps)
    return x * gain[:, None, None] + (n.bias - n.running_mean * gain)[:, None, None]


def norm_as_division(x, n):
    c = (1, -1, 1, 1)
    y = (x - n.running_mean.view(c)) / torch.sqrt(n.running_var.view(c) + n.eps)
    return n.weight.view(c) * y + n.bias.view(c)


def ln():
    return [nn.LayerNorm(8)]


def ln_last(x, n):
    return n(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


def ln_pieces(x, n):
    mean = x.mean(1, keepdim=True)
    var = ((x - mean) ** 2).mean(1, keepdim=True)
    y = (x - mean) / torch.sqrt(var + n.eps)
    return y * n.weight[:, None, None] + n.bias[:, None, None]


def conv(k=1):
    return [nn.Conv2d(8, 8, k, padding=k // 2)]


def as_linear(x, c):
    return F.linear(x.permute(0, 2, 3, 1), c.weight[:, :, 0, 0], c.bias).permute(0, 3, 1, 2)


def attention(x, q):
    b, c, h, w = x.shape
    t = q(x.flatten(2).transpose(1, 2)).view(b, h * w, 3, 2, 4).permute(2, 0, 3, 1, 4)
    y = F.scaled_dot_product_attention(*t.unbind(0))
    return y.transpose(1, 2).reshape(b, h * w, c).transpose(1, 2).reshape(b, c, h, w)


def attention_by_hand(x, q):
    b, c, h, w = x.shape
    tokens = x.flatten(2).transpose(1, 2)
    parts = [F.linear(tokens, q.weight[8 * n : 8 * n + 8], q.bias[8 * n : 8 * n + 8]) for n in range(3)]
    query, key, value = (part.view(b, h * w, 2, 4).transpose(1, 2) for part in parts)
    y = torch.softmax((query * 0.5) @ key.transpose(-2, -1), -1) @ value
    return y.permute(0, 1, 3, 2).reshape(b, c, h, w)


TORCH = {
    "batch norm in pieces": (bn, lambda x, n: n(x), norm_in_pieces),
    "batch norm as division": (bn, lambda x, n: n(x), norm_as_division),
    "layer norm over moved channels": (ln, ln_last, ln_pieces),
    "dense as 1x1 convolution": (conv, lambda x, c: c(x), as_linear),
    "mean as adaptive pooling": (list, lambda x: x, lambda x: F.adaptive_avg_pool2d(x, 1)),
    "mean as a full window": (list, lambda x: x, lambda x: F.avg_pool2d(x, x.shape[-2:])),
    "mean in two steps": (list, lambda x: x, lambda x: x.mean(3, keepdim=True).mean(2, keepdim=True)),
    "dropout": (list, lambda x: x, lambda x: F.dropout(x, 0.3, False)),
    "identity modules": (list, lambda x: x, lambda x: nn.Identity()(x).contiguous().clone()),
    "explicit pad": (lambda: [nn.Conv2d(8, 8, 3, padding=1)], lambda x, c: c(x),
                     lambda x, c: F.conv2d(F.pad(x, (1, 1, 1, 1)), c.weight, c.bias)),
    "pad before pooling": (list, lambda x: F.max_pool2d(x, 3, 2, 1), lambda x: F.max_pool2d(F.pad(x, (1, 1, 1, 1)), 3, 2)),
    "padding same": (lambda: conv(3), lambda x, c: c(x), lambda x, c: F.conv2d(x, c.weight, c.bias, padding="same")),
    "addition turned": (conv, lambda x, c: x + c(x), lambda x, c: c(x) + x),
    "product turned": (conv, lambda x, c: x * c(x), lambda x, c: c(x) * x),
    "silu in pieces": (list, F.silu, lambda x: x * torch.sigmoid(x)),
    "silu turned": (list, F.silu, lambda x: torch.sigmoid(x) * x),
    "hard swish in pieces": (list, F.hardswish, lambda x: x * F.relu6(x + 3) / 6),
    "hard swish by hard sigmoid": (list, F.hardswish, lambda x: x * F.hardsigmoid(x)),
    "hard sigmoid in pieces": (list, F.hardsigmoid, lambda x: F.relu6(x + 3.0) * (1 / 6)),
    "relu6 as clamp": (list, lambda x: F.relu6(x - 1), lambda x: (x - 1).clamp(0, 6)),
    "roll by nothing": (list, lambda x: x, lambda x: torch.roll(x, (0, 0), (2, 3))),
    "roll all around": (list, lambda x: x, lambda x: torch.roll(x, x.shape[2], 2)),
    "windows by unfold": (list, lambda x: F.pixel_unshuffle(x, 4).flatten(2), lambda x: F.unfold(x, 4, stride=4)),
    "windows of one image": (list, lambda x: F.pixel_unshuffle(x, 2).flatten(2),
                             lambda x: F.unfold(x[0], (2, 2), stride=2)[None]),
    "windows back by fold": (list, lambda x: x, lambda x: F.fold(F.unfold(x, 4, stride=4), x.shape[2:], 4, stride=4)),
    "largest channel by max": (list, lambda x: x.amax(1, keepdim=True) * x, lambda x: x.max(1, keepdim=True)[0] * x),
    "least position by min": (list, lambda x: x.amin(-1), lambda x: torch.min(x, -1).values),
    "maximum as max of two": (list, lambda x: torch.maximum(x, -x), lambda x: torch.max(x, -x)),
    "largest of all by max": (list, lambda x: x * x.amax((0, 1, 2, 3)), lambda x: x * x.max()),
    "relu as maximum": (list, lambda x: F.relu(x - 1), lambda x: torch.clamp_min(x - 1, 0)),
    "relu twice": (list, lambda x: F.relu(x - 1), lambda x: F.relu(F.relu(x - 1))),
    "gelu in pieces": (list, F.gelu, lambda x: 0.5 * x * (1 + torch.erf(x / 2**0.5))),
    "gelu by tanh": (list, lambda x: F.gelu(x, approximate="tanh"),
                     lambda x: 0.5 * x * (1 + torch.tanh((2 / torch.pi) ** 0.5 * (x + 0.044715 * x**3)))),
    "mish in pieces": (list, F.mish, lambda x: x * torch.tanh(F.softplus(x))),
    "channels last": (conv, lambda x, c: F.relu(c(x) - 1), lambda x, c: F.relu(as_linear(x, c) - 1)),
    "flatten before or after": (list, lambda x: F.gelu(x), lambda x: F.gelu(x.flatten(2)).view(x.shape)),
    "squeezed and unsqueezed": (conv, lambda x, c: x * c(x.mean((2, 3), True)),
                                lambda x, c: x * F.linear(x.mean((2, 3)), c.weight.flatten(1), c.bias)[:, :, None, None]),
    "nested concatenation": (lambda: [nn.Conv2d(24, 8, 1)], lambda x, c: c(torch.cat([x, x.exp(), x.sin()], 1)),
                             lambda x, c: c(torch.cat([torch.cat([x, x.exp()], 1), x.sin()], 1))),
    "stack as concatenation": (lambda: [nn.Conv2d(16, 8, 1)], lambda x, c: c(torch.cat([x, x.exp()], 1)),
                               lambda x, c: c(torch.stack([x, x.exp()], 1).flatten(1, 2))),
    "scale before or after": (conv, lambda x, c: 0.5 * (x @ c(x).transpose(-1, -2)),
                              lambda x, c: (x * 0.5) @ c(x).transpose(-1, -2)),
    "attention, packed or not": (lambda: [nn.Linear(8, 24)], attention, attention_by_hand),
    "folded batch norm": (lambda: [nn.Conv2d(8, 8, 3, bias=False), nn.BatchNorm2d(8)], lambda x, c, n: n(c(x)),
                          lambda x, c, n: F.conv2d(x, c.weight, n.bias)),
    "bias before batch norm": (lambda: [nn.Conv2d(8, 8, 3), nn.BatchNorm2d(8)], lambda x, c, n: n(c(x)),
                               lambda x, c, n: n(F.conv2d(x, c.weight))),
    "in place": (list, lambda x: F.relu(x - 1) + 1, lambda x: F.relu_(x - 1).add_(1)),
    "subtraction as addition": (conv, lambda x, c: x - c(x), lambda x, c: x + -c(x)),
    "division as product": (list, lambda x: x / 4, lambda x: x * 0.25),
    "power of a half": (list, lambda x: torch.sqrt(x + 1), lambda x: (x + 1) ** 0.5),
    "convolution over the whole image": (lambda: [nn.Conv2d(8, 8, 16)], lambda x, c: c(x),
                                         lambda x, c: F.linear(x.flatten(1), c.weight.flatten(1), c.bias)[:, :, None, None]),
}  # fmt: skip


LIMITS = {"stack as concatenation"}
"""Equal functions that the canonical form does not know for one; the proof does."""


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.xfail(strict=True)) if name in LIMITS else name for name in TORCH]
)
def test_torch(name):
    from zoodata.graph import torch_reader

    make, plain, rewritten = TORCH[name]
    a, b = (torch_reader.read(Fn(make, body), (1, 3, 16, 16)) for body in (plain, rewritten))
    result = diff(a, b)
    assert result.verdict in ("identical", "benign"), result.findings


def keras_model(body):
    from zoodata.records.measurement import InputShape
    from zoodata.runtimes.tensorflow import KerasModel

    import keras

    image = keras.Input((16, 16, 3))
    x = keras.layers.Conv2D(8, 3, padding="same", name="stem")(image)
    x = body(keras.layers, keras.ops, keras.layers.ReLU()(x))
    if len(x.shape) == 4:
        x = keras.layers.GlobalAveragePooling2D()(x)
    model = keras.Model(image, keras.layers.Dense(5, name="head")(x))
    return KerasModel(model, InputShape(channels=3, height=16, width=16, layout="NHWC")).network()


KERAS = {
    "dense as 1x1 convolution": (lambda L, o, x: L.Conv2D(8, 1, name="c")(x), lambda L, o, x: L.Dense(8, name="c")(x)),
    "explicit pad": (lambda L, o, x: L.Conv2D(8, 3, padding="same", name="c")(x),
                     lambda L, o, x: L.Conv2D(8, 3, name="c")(L.ZeroPadding2D(1)(x))),
    "mean as a full window": (lambda L, o, x: x, lambda L, o, x: L.AveragePooling2D(16)(x)),
    "mean by ops": (lambda L, o, x: L.GlobalAveragePooling2D()(x), lambda L, o, x: o.mean(x, axis=(1, 2))),
    "dropout": (lambda L, o, x: x, lambda L, o, x: L.Dropout(0.5)(x)),
    "swish in pieces": (lambda L, o, x: L.Activation("swish")(x), lambda L, o, x: L.Multiply()([x, L.Activation("sigmoid")(x)])),
    "gelu in pieces": (lambda L, o, x: L.Activation("gelu")(x), lambda L, o, x: 0.5 * x * (1.0 + o.erf(x / 2**0.5))),
    "flatten to one": (lambda L, o, x: L.GlobalAveragePooling2D()(x),
                       lambda L, o, x: L.Flatten()(L.GlobalAveragePooling2D(keepdims=True)(x))),
    "reshape there and back": (lambda L, o, x: x, lambda L, o, x: L.Reshape((16, 16, 8))(L.Reshape((256, 8))(x))),
    "addition turned": (lambda L, o, x: L.Add()([x, L.Conv2D(8, 1, name="c")(x)]),
                        lambda L, o, x: L.Add()([L.Conv2D(8, 1, name="c")(x), x])),
    "nested concatenation": (
        lambda L, o, x: L.Concatenate()([x, L.Activation("tanh")(x), L.Activation("exponential")(x)]),
        lambda L, o, x: L.Concatenate()([L.Concatenate()([x, L.Activation("tanh")(x)]), L.Activation("exponential")(x)])),
}  # fmt: skip


@pytest.mark.parametrize("name", KERAS)
def test_keras(name):
    result = diff(*(keras_model(body) for body in KERAS[name]))
    assert result.verdict in ("identical", "benign"), result.findings


def onnx_network(nodes, stored):
    from zoodata.graph import onnx_reader

    helper = onnx.helper
    rng = np.random.default_rng(0)
    tensors = [
        onnx.numpy_helper.from_array(
            value if isinstance(value, np.ndarray) else rng.standard_normal(value).astype("float32"), name
        )
        for name, value in stored.items()
    ]
    graph = helper.make_graph(
        [helper.make_node(kind, inputs.split(), outputs.split(), **own) for kind, inputs, outputs, own in nodes],
        "g",
        [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, (1, 3, 8, 8))],
        [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, None)],
        tensors,
    )
    return onnx_reader.read(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])).network


def ints(*values):
    return np.asarray(values, dtype=np.int64)


def number(value):
    return np.asarray(value, dtype=np.float32)


C = ("Conv", "x w", "c", {"pads": [1, 1, 1, 1]})
W = {"w": (4, 3, 3, 3)}
BN = {"s": (4,), "t": (4,), "m": (4,), "v": np.full(4, 0.5, dtype=np.float32)}
ONNX = {
    "split batch norm": (
        ([C, ("BatchNormalization", "c s t m v", "y", {})], W | BN),
        ([C, ("Sub", "c m4", "d", {}), ("Add", "v4 e", "f", {}), ("Sqrt", "f", "g", {}), ("Div", "d g", "h", {}),
          ("Mul", "h s4", "i", {}), ("Add", "i t4", "y", {})],
         W | {"m4": (4, 1, 1), "v4": np.full((4, 1, 1), 0.5, dtype=np.float32), "s4": (4, 1, 1), "t4": (4, 1, 1), "e": number(1e-5)})),
    "pad node": (([C, ("Relu", "c", "y", {})], W),
                 ([("Pad", "x p", "q", {}), ("Conv", "q w", "c", {}), ("Relu", "c", "y", {})], W | {"p": ints(0, 0, 1, 1, 0, 0, 1, 1)})),
    "auto pad": (([C], W), ([("Conv", "x w", "c", {"auto_pad": "SAME_UPPER"})], W)),
    "bias added": (([("Conv", "x w b", "y", {})], W | {"b": (4,)}),
                   ([("Conv", "x w", "c", {}), ("Add", "c b", "y", {})], W | {"b": (4, 1, 1)})),
    "gemm as matmul": (([("Flatten", "x", "f", {}), ("Gemm", "f u b", "y", {"transB": 1})], {"u": (5, 192), "b": (5,)}),
                       ([("Flatten", "x", "f", {}), ("MatMul", "f u", "z", {}), ("Add", "z b", "y", {})], {"u": (192, 5), "b": (5,)})),
    "flatten as reshape": (([("Flatten", "x", "f", {}), ("Gemm", "f u", "y", {"transB": 1})], {"u": (5, 192)}),
                           ([("Reshape", "x r", "f", {}), ("Gemm", "f u", "y", {"transB": 1})], {"u": (5, 192), "r": ints(1, -1)})),
    "mean as global pool": (([C, ("GlobalAveragePool", "c", "y", {})], W), ([C, ("ReduceMean", "c", "y", {"axes": [2, 3]})], W)),
    "mean as a full window": (([C, ("GlobalAveragePool", "c", "y", {})], W), ([C, ("AveragePool", "c", "y", {"kernel_shape": [8, 8]})], W)),
    "dropout": (([C, ("Relu", "c", "y", {})], W), ([C, ("Relu", "c", "d", {}), ("Dropout", "d", "y", {})], W)),
    "relu as clip": (([C, ("Relu", "c", "y", {})], W), ([C, ("Clip", "c z", "y", {})], W | {"z": number(0.0)})),
    "silu in pieces": (([C, ("Sigmoid", "c", "g", {}), ("Mul", "c g", "y", {})], W), ([C, ("Sigmoid", "c", "g", {}), ("Mul", "g c", "y", {})], W)),
    "transposed there and back": (
        ([C, ("Relu", "c", "y", {})], W),
        ([C, ("Transpose", "c", "n", {"perm": [0, 2, 3, 1]}), ("Relu", "n", "r", {}), ("Transpose", "r", "y", {"perm": [0, 3, 1, 2]})], W)),
    "shape computed": (
        ([("Flatten", "x", "f", {}), ("Gemm", "f u", "y", {"transB": 1})], {"u": (5, 192)}),
        ([("Shape", "x", "h", {}), ("Gather", "h zero", "n", {}), ("Unsqueeze", "n ax", "o", {}), ("Concat", "o rest", "r", {"axis": 0}),
          ("Reshape", "x r", "f", {}), ("Gemm", "f u", "y", {"transB": 1})],
         {"u": (5, 192), "zero": np.asarray(0, dtype=np.int64), "ax": ints(0), "rest": ints(-1)})),
}  # fmt: skip


@pytest.mark.parametrize("name", ONNX)
def test_onnx(name):
    one, other = ONNX[name]
    fixed = []
    for nodes, stored in (one, other):
        last = nodes[-1]
        fixed.append(onnx_network([*nodes[:-1], (last[0], last[1], "y", last[3])], stored))
    result = diff(*fixed)
    assert result.verdict in ("identical", "benign"), result.findings


def test_there_are_fifty():
    assert len(TORCH) + len(KERAS) + len(ONNX) >= 50


def test_three_frameworks_write_one_network():
    """The same small network in torch, Keras and ONNX has one digest."""
    from zoodata.graph import torch_reader
    from zoodata.graph.digest import digest

    module = nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(4, 5),
    )
    marks = {digest(torch_reader.read(module, (1, 3, 8, 8)))}
    marks.add(
        digest(
            onnx_network(
                [("Conv", "x w b", "c", {"pads": [1, 1, 1, 1]}), ("BatchNormalization", "c s t m v", "n", {}),
                 ("Relu", "n", "r", {}), ("GlobalAveragePool", "r", "g", {}), ("Flatten", "g", "f", {}),
                 ("Gemm", "f u h", "y", {"transB": 1})],
                W | BN | {"b": (4,), "u": (5, 4), "h": (5,)},
            )
        )
    )  # fmt: skip

    from zoodata.records.measurement import InputShape
    from zoodata.runtimes.tensorflow import KerasModel

    import keras

    layers = keras.layers
    model = keras.Sequential(
        [keras.Input((8, 8, 3)), layers.Conv2D(4, 3, padding="same"), layers.BatchNormalization(epsilon=1e-5), layers.ReLU(),
         layers.GlobalAveragePooling2D(), layers.Dense(5)]
    )  # fmt: skip
    shape = InputShape(channels=3, height=8, width=8, layout="NHWC")
    marks.add(digest(KerasModel(model, shape).network()))
    assert len(marks) == 1
