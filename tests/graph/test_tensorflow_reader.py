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
    assert "tensorflow.ResourceGather" in {node.operator for node in network.nodes}
    assert faithful.error(network, model.forward, 0) < 1e-5
    proved = prove(network, network, Comparison(network, network), natives=(model, model))
    assert proved.status == "equivalent", proved
