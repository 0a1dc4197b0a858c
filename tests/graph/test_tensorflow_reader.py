"""The TensorFlow reader: Keras 3, tf-keras and TF1 graphs against what their publishers state."""

from __future__ import annotations

import pytest

from zoodata.graph.counter import count

pytest.importorskip("tensorflow")
pytestmark = [pytest.mark.zoos, pytest.mark.xdist_group("tensorflow")]

KERAS = {  # parameters, statistics, constants, MACs
    "ResNet50": (25_583_592, 53_120, 0, 3_857_973_248),
    "VGG16": (138_357_544, 0, 0, 15_470_264_320),
    "MobileNetV2": (3_504_872, 34_112, 0, 300_774_272),
    "EfficientNetB0": (5_288_548, 42_016, 7, 385_814_752),
    "ConvNeXtTiny": (28_589_128, 0, 0, 4_455_531_264),
}

SLIM = {  # trainable parameters as the field notes of this project list them
    "resnet_v1_50": (25_557_032, 53_120, 1000),
    "vgg_16": (138_357_544, 0, 1000),
    "inception_v1": (6_617_624 + 1025, 14_560, 1001),
}


@pytest.mark.parametrize("name", KERAS)
def test_keras(name):
    from zoodata.zoos.keras_applications import KerasApplications

    model = KerasApplications().build(name, meta_device=True)
    counts = count(model.network())
    assert (counts.parameters, counts.statistics, counts.constants, counts.macs) == KERAS[name]
    assert counts.unknown_operators == ()
    assert counts.auxiliary_parameters == 0


@pytest.mark.parametrize("name", SLIM)
def test_slim(name):
    from zoodata.zoos.tf_slim import Slim

    model = Slim().build(name)
    counts = count(model.network())
    assert (counts.parameters, counts.statistics, model.classes) == SLIM[name]
    assert counts.unknown_operators == ()
    assert counts.auxiliary_parameters == 0


@pytest.mark.parametrize(
    ("name", "parameters", "macs"),
    # torchvision's counts plus one class: 2,048 + 1, 1,280 + 1, 768 + 1 more numbers in the last layer
    [
        ("resnet_50", 25_557_032 + 2049, 4_089_184_256 + 2048),
        ("mobilenet_v3_large", 5_483_032 + 1281, 216_589_760 + 1280),
        ("vit_b16", 86_567_656 + 769, None),
    ],
)
def test_model_garden(name, parameters, macs):
    from zoodata.zoos.tf_model_garden import ModelGarden

    counts = count(ModelGarden().build(name).network())
    assert counts.parameters == parameters
    assert macs is None or counts.macs == macs
    assert counts.unknown_operators == ()
    assert counts.auxiliary_parameters == 0


def test_attention_by_einsum_counts_as_attention_by_matmul():
    """ViT-B/16 of the Model Garden (einsum) against torchvision's published MACs; one class more."""
    from zoodata.zoos.tf_model_garden import ModelGarden

    assert count(ModelGarden().build("vit_b16").network()).macs == pytest.approx(17.564e9, rel=1e-4)


def test_a_table_that_is_gathered_from_a_variable_runs_and_is_proved():
    """A position table indexed by pairs, as layers of Keras 2 have it."""
    import numpy as np
    import tensorflow as tf
    import tf_keras as keras

    from zoodata.graph import faithful
    from zoodata.graph.diff.compare import Comparison
    from zoodata.graph.diff.transplant import prove
    from zoodata.records.measurement import InputShape
    from zoodata.runtimes.tensorflow import KerasModel

    class Positions(keras.layers.Layer):
        def build(self, shape):
            self.table = self.add_weight(shape=(5, 4), initializer="ones")

        def call(self, x):
            return x + tf.gather(self.table, np.asarray([[0, 3], [4, 1]]))

    image = keras.Input((2, 2, 3))
    x = Positions()(keras.layers.Conv2D(4, 1)(image))
    keras_model = keras.Model(image, keras.layers.Dense(5)(keras.layers.GlobalAveragePooling2D()(x)))
    model = KerasModel(keras_model, InputShape(channels=3, height=2, width=2, layout="NHWC"))
    network = model.network()
    assert "gather" in {node.operator for node in network.nodes}
    assert faithful.error(network, model.forward, 0) < 1e-5
    proved = prove(network, network, Comparison(network, network), natives=(model, model))
    assert proved.status == "equivalent", proved


def _of_keras_2(body, size=8):
    """A network of tf_keras (Keras 2): a convolution, the body's layers, a mean and a head."""
    import tf_keras as keras

    from zoodata.records.measurement import InputShape
    from zoodata.runtimes.tensorflow import KerasModel

    image = keras.Input((size, size, 3))
    x = body(keras.layers, keras.layers.Conv2D(8, 3, padding="same")(image))
    model = keras.Model(image, keras.layers.Dense(5)(keras.layers.GlobalAveragePooling2D()(x)))
    return KerasModel(model, InputShape(channels=3, height=size, width=size, layout="NHWC"))


@pytest.mark.parametrize("groups", [1, 2, 4, 8])
@pytest.mark.parametrize("affine", [True, False])
def test_keras_2_group_norm_is_torch_s(groups, affine):
    """It divides weighted sums by the sum of the weights, unless that is zero."""
    from torch import nn

    from zoodata.graph import faithful
    from zoodata.graph.diff.findings import diff
    from zoodata.records.measurement import InputShape
    from zoodata.runtimes.torch import TorchModel

    def norm(layers, x):
        return layers.GroupNormalization(groups, epsilon=1e-5, center=affine, scale=affine)(x)

    class OfTorch(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem, self.norm = nn.Conv2d(3, 8, 3, padding=1), nn.GroupNorm(groups, 8, 1e-5, affine)
            self.head = nn.Linear(8, 5)

        def forward(self, x):
            return self.head(self.norm(self.stem(x)).mean((2, 3)))

    keras_2 = _of_keras_2(norm)
    network = keras_2.network()
    assert faithful.error(network, keras_2.forward, 0) < 1e-5
    image = InputShape(channels=3, height=8, width=8, layout="NCHW")
    other = TorchModel(OfTorch(), image, 5).network()
    assert [node.operator for node in network.nodes].count("group_norm") == 1
    assert str(diff(network, other).verdict) in ("identical", "benign"), diff(network, other)


def test_sizes_that_a_model_computes_are_numbers():
    """A class token repeated for each image, positions counted out of a shape, a mask cast from whole numbers."""
    import tensorflow as tf
    import tf_keras as keras

    class Token(keras.layers.Layer):
        def build(self, shape):
            self.token = self.add_weight(shape=(1, 1, 8), initializer="ones")

        def call(self, x):
            batch, height, width, channels = tf.unstack(tf.shape(x))
            places = tf.reshape(x, (batch, height * width, channels))
            token = tf.repeat(self.token, repeats=batch, axis=0)
            whole = tf.concat([tf.tile(token, [1, tf.cast(height / height, tf.int32), 1]), places], 1)
            scale = tf.cast(height, tf.float32) ** -0.5
            return tf.reshape(whole[:, 1:] * scale + whole[:, :1], (batch, height, width, channels))

    from zoodata.graph import faithful

    model = _of_keras_2(lambda layers, x: Token()(x))
    network = model.network()
    assert not {node.operator for node in network.nodes if "." in node.operator}
    assert faithful.error(network, model.forward, 0) < 1e-5
