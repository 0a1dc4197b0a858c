"""Small models of one Keras layer or one torch module each, for the table of what is read and run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from zoodata.records.measurement import InputShape

SIZE = 8


def torch_modules() -> dict[str, Callable[[], Any]]:
    """A model by the name of the module that it is made around."""
    from torch import nn

    return {
        name: _torch(layer)
        for name, layer in {
            "AdaptiveAvgPool2d(1)": lambda: nn.AdaptiveAvgPool2d(1),
            "AdaptiveAvgPool2d(3)": lambda: nn.AdaptiveAvgPool2d(3),
            "AdaptiveMaxPool2d(1)": lambda: nn.AdaptiveMaxPool2d(1),
            "AdaptiveMaxPool2d(3)": lambda: nn.AdaptiveMaxPool2d(3),
            "AlphaDropout": nn.AlphaDropout,
            "AvgPool2d": lambda: nn.AvgPool2d(3, 2, 1),
            "BatchNorm2d": lambda: nn.BatchNorm2d(8),
            "BatchNorm2d without statistics": lambda: nn.BatchNorm2d(8, track_running_stats=False),
            "CELU": lambda: nn.CELU(0.7),
            "ChannelShuffle": lambda: nn.ChannelShuffle(2),
            "CircularPad2d": lambda: nn.CircularPad2d(2),
            "ConstantPad2d": lambda: nn.ConstantPad2d(1, 0.5),
            "Conv2d": lambda: nn.Conv2d(8, 4, 3, padding=1),
            "Conv2d, circular": lambda: nn.Conv2d(8, 4, 3, padding=1, padding_mode="circular"),
            "Conv2d, dilated": lambda: nn.Conv2d(8, 4, 3, dilation=2),
            "Conv2d, groups": lambda: nn.Conv2d(8, 4, 3, groups=2),
            "ConvTranspose2d": lambda: nn.ConvTranspose2d(8, 4, 3, 2, 1, output_padding=1),
            "CosineSimilarity": lambda: _Function(lambda x: nn.CosineSimilarity()(x, x.flip(1))),
            "Dropout": nn.Dropout,
            "Dropout2d": nn.Dropout2d,
            "ELU": nn.ELU,
            "Flatten": nn.Flatten,
            "Fold and Unfold": lambda: nn.Sequential(nn.Unfold(2, stride=2), nn.Fold((8, 8), 2, stride=2)),
            "FractionalMaxPool2d": lambda: nn.FractionalMaxPool2d(2, output_size=3),
            "GELU": nn.GELU,
            "GELU, tanh": lambda: nn.GELU("tanh"),
            "GLU": lambda: nn.GLU(1),
            "GRU": lambda: _Sequence(nn.GRU(8, 6, batch_first=True)),
            "GroupNorm": lambda: nn.GroupNorm(2, 8),
            "Hardshrink": nn.Hardshrink,
            "Hardsigmoid": nn.Hardsigmoid,
            "Hardswish": nn.Hardswish,
            "Hardtanh": nn.Hardtanh,
            "Identity": nn.Identity,
            "InstanceNorm2d": lambda: nn.InstanceNorm2d(8, affine=True),
            "LPPool2d": lambda: nn.LPPool2d(2, 2),
            "LSTM": lambda: _Sequence(nn.LSTM(8, 6, batch_first=True)),
            "LayerNorm": lambda: nn.LayerNorm([8, 8, 8]),
            "LeakyReLU": nn.LeakyReLU,
            "Linear": lambda: nn.Sequential(nn.Flatten(), nn.Linear(512, 6)),
            "LocalResponseNorm": lambda: nn.LocalResponseNorm(3),
            "LogSigmoid": nn.LogSigmoid,
            "LogSoftmax": lambda: nn.LogSoftmax(1),
            "MaxPool2d": lambda: nn.MaxPool2d(3, 2, 1),
            "Mish": nn.Mish,
            "MultiheadAttention": lambda: _Attention(nn.MultiheadAttention(8, 2, batch_first=True)),
            "PReLU": lambda: nn.PReLU(8),
            "PixelShuffle": lambda: nn.PixelShuffle(2),
            "PixelUnshuffle": lambda: nn.PixelUnshuffle(2),
            "RMSNorm": lambda: nn.RMSNorm([8, 8, 8]),
            "RNN": lambda: _Sequence(nn.RNN(8, 6, batch_first=True)),
            "RReLU": nn.RReLU,
            "ReLU": nn.ReLU,
            "ReLU6": nn.ReLU6,
            "ReflectionPad2d": lambda: nn.ReflectionPad2d(2),
            "ReplicationPad2d": lambda: nn.ReplicationPad2d(2),
            "SELU": nn.SELU,
            "SiLU": nn.SiLU,
            "Sigmoid": nn.Sigmoid,
            "Softmax": lambda: nn.Softmax(1),
            "Softmax2d": nn.Softmax2d,
            "Softmin": lambda: nn.Softmin(1),
            "Softplus": lambda: nn.Softplus(2.0),
            "Softshrink": nn.Softshrink,
            "Softsign": nn.Softsign,
            "Tanh": nn.Tanh,
            "Tanhshrink": nn.Tanhshrink,
            "Threshold": lambda: nn.Threshold(0.1, 0.5),
            "TransformerEncoderLayer": lambda: _Tokens(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)),
            "Unflatten": lambda: nn.Unflatten(1, (2, 4)),
            "Upsample, bicubic": lambda: nn.Upsample(scale_factor=2, mode="bicubic"),
            "Upsample, bilinear": lambda: nn.Upsample(scale_factor=2, mode="bilinear"),
            "Upsample, corners": lambda: nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True),
            "Upsample, nearest": lambda: nn.Upsample(scale_factor=3),
            "ZeroPad2d": lambda: nn.ZeroPad2d((1, 0, 2, 1)),
        }.items()
    }


def _torch(layer: Callable[[], Any]) -> Callable[[], Any]:
    def build() -> Any:
        import torch
        from torch import nn

        from zoodata.runtimes.torch import TorchModel

        torch.manual_seed(0)
        module = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), layer()).eval()
        return TorchModel(module, InputShape(channels=3, height=SIZE, width=SIZE, layout="NCHW"), 1)

    return build


def _modules() -> tuple[type, ...]:
    from torch import nn

    class Function(nn.Module):
        def __init__(self, function: Any) -> None:
            super().__init__()
            self.function = function

        def forward(self, x: Any) -> Any:
            return self.function(x)

    class Sequence(nn.Module):
        """A recurrent layer over the rows of the map's mean."""

        def __init__(self, inner: nn.Module) -> None:
            super().__init__()
            self.inner = inner

        def forward(self, x: Any) -> Any:
            return self.inner(x.mean(2).transpose(1, 2))[0]

    class Tokens(nn.Module):
        def __init__(self, inner: nn.Module) -> None:
            super().__init__()
            self.inner = inner

        def forward(self, x: Any) -> Any:
            return self.inner(x.flatten(2).transpose(1, 2))

    class Attention(Tokens):
        def forward(self, x: Any) -> Any:
            tokens = x.flatten(2).transpose(1, 2)
            return self.inner(tokens, tokens, tokens, need_weights=False)[0]

    return Function, Sequence, Tokens, Attention


def _Function(function: Any) -> Any:
    return _modules()[0](function)


def _Sequence(inner: Any) -> Any:
    return _modules()[1](inner)


def _Tokens(inner: Any) -> Any:
    return _modules()[2](inner)


def _Attention(inner: Any) -> Any:
    return _modules()[3](inner)


def keras_layers() -> dict[str, Callable[[], Any]]:
    """A model by the name of the layer that it is made around."""
    from keras import layers as k

    return {
        name: _keras(layer)
        for name, layer in {
            "Activation": lambda: k.Activation("silu"),
            "ActivityRegularization": k.ActivityRegularization,
            "AlphaDropout": lambda: k.AlphaDropout(0.5),
            "AveragePooling2D": lambda: k.AveragePooling2D(3, 2, "same"),
            "BatchNormalization": k.BatchNormalization,
            "CenterCrop": lambda: k.CenterCrop(4, 4),
            "Conv2D": lambda: k.Conv2D(4, 3, padding="same"),
            "Conv2DTranspose": lambda: k.Conv2DTranspose(4, 3, 2, "same"),
            "Conv2DTranspose, valid": lambda: k.Conv2DTranspose(4, 4, 2),
            "Conv2D, dilated": lambda: k.Conv2D(4, 3, dilation_rate=2, padding="same"),
            "Conv2D, groups": lambda: k.Conv2D(4, 3, groups=2),
            "Cropping2D": lambda: k.Cropping2D(((1, 0), (0, 2))),
            "Dense": lambda: k.Dense(6),
            "DepthwiseConv2D": lambda: k.DepthwiseConv2D(3, padding="same"),
            "Dropout": lambda: k.Dropout(0.5),
            "ELU": lambda: k.ELU(0.7),
            "EinsumDense": lambda: k.EinsumDense("abcd,de->abce", output_shape=(None, None, 6)),
            "Flatten": k.Flatten,
            "GaussianDropout": lambda: k.GaussianDropout(0.5),
            "GaussianNoise": lambda: k.GaussianNoise(0.5),
            "GlobalAveragePooling2D": k.GlobalAveragePooling2D,
            "GlobalMaxPooling2D": k.GlobalMaxPooling2D,
            "GroupNormalization": lambda: k.GroupNormalization(2),
            "LayerNormalization": k.LayerNormalization,
            "LeakyReLU": k.LeakyReLU,
            "MaxPooling2D": lambda: k.MaxPooling2D(3, 2, "same"),
            "MultiHeadAttention": lambda: _twice(k.MultiHeadAttention(2, 4)),
            "Normalization": lambda: k.Normalization(mean=0.4, variance=0.2),
            "PReLU": lambda: k.PReLU(shared_axes=[1, 2]),
            "Permute": lambda: k.Permute((3, 1, 2)),
            "RMSNormalization": k.RMSNormalization,
            "ReLU": lambda: k.ReLU(6.0, 0.1, 0.2),
            "Rescaling": lambda: k.Rescaling(1 / 255, -1.0),
            "Reshape": lambda: k.Reshape((16, 32)),
            "Resizing": lambda: k.Resizing(12, 12),
            "SeparableConv2D": lambda: k.SeparableConv2D(4, 3),
            "Softmax": k.Softmax,
            "SpatialDropout2D": lambda: k.SpatialDropout2D(0.5),
            "SpectralNormalization": lambda: k.SpectralNormalization(k.Conv2D(4, 3)),
            "UnitNormalization": k.UnitNormalization,
            "UpSampling2D": lambda: k.UpSampling2D(2),
            "UpSampling2D, bilinear": lambda: k.UpSampling2D(2, interpolation="bilinear"),
            "ZeroPadding2D": lambda: k.ZeroPadding2D(((1, 0), (0, 2))),
            "Add": lambda: _pair(k.Add()),
            "Average": lambda: _pair(k.Average()),
            "Concatenate": lambda: _pair(k.Concatenate()),
            "Maximum": lambda: _pair(k.Maximum()),
            "Minimum": lambda: _pair(k.Minimum()),
            "Multiply": lambda: _pair(k.Multiply()),
            "Subtract": lambda: _pair(k.Subtract()),
            "LSTM": lambda: _rows(k.LSTM(6)),
            "LSTM, unrolled": lambda: _rows(k.LSTM(6, unroll=True)),
            "GRU": lambda: _rows(k.GRU(6)),
            **{
                name: (lambda name=name: k.Activation(name))
                for name in (
                    "celu",
                    "elu",
                    "exponential",
                    "gelu",
                    "glu",
                    "hard_shrink",
                    "hard_sigmoid",
                    "hard_silu",
                    "hard_tanh",
                    "leaky_relu",
                    "linear",
                    "log_sigmoid",
                    "log_softmax",
                    "mish",
                    "relu",
                    "relu6",
                    "selu",
                    "sigmoid",
                    "soft_shrink",
                    "softmax",
                    "softplus",
                    "softsign",
                    "sparse_plus",
                    "squareplus",
                    "swish",
                    "tanh",
                    "tanh_shrink",
                )
            },
        }.items()
    }


def _twice(layer: Any) -> Any:
    from keras import layers as k

    return lambda x: layer(k.Reshape((64, 8))(x), k.Reshape((64, 8))(x))


def _pair(layer: Any) -> Any:
    from keras import layers as k

    return lambda x: layer([x, k.Activation("tanh")(x)])


def _rows(layer: Any) -> Any:
    from keras import layers as k

    return lambda x: layer(k.Reshape((8, 64))(x))


def _keras(layer: Callable[[], Any]) -> Callable[[], Any]:
    def build() -> Any:
        import keras

        from zoodata.runtimes.tensorflow import KerasModel

        image = keras.Input((SIZE, SIZE, 3))
        return KerasModel.of(keras.Model(image, layer()(keras.layers.Conv2D(8, 3, padding="same")(image))))

    return build
