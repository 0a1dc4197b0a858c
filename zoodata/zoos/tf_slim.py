"""TF-Slim (``tf_slim.nets``): the networks of 2016 that the paper calls TFMG.

tf-slim 1.1 was last released for TensorFlow 2.2. Under TensorFlow 2.20 it runs once two names that moved
are given back and batch norm is told not to collect its updates; both are done here, nothing is changed
in what the networks compute.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
import sys
import warnings
from pathlib import Path
from typing import Any, NamedTuple

from zoodata.records import Preprocessing
from zoodata.records.measurement import InputShape
from zoodata.runtimes.model import Model
from zoodata.zoos.base import NeedsDownload, Pipeline, Statements, building, known


class Net(NamedTuple):
    """A network function with the settings its published checkpoint was trained and evaluated with."""

    module: str
    function: str
    scope: str
    classes: int
    size: int
    preprocessing: str


def _resnet(version: int, depth: int) -> Net:
    # Published ResNet V2 checkpoints have a background class, Inception preprocessing and 299 pixels;
    # V1's have neither and VGG preprocessing (research/slim/README.md, notes under the table).
    module = f"resnet_v{version}"
    if version == 2:
        return Net(module, f"{module}_{depth}", "resnet_arg_scope", 1001, 299, "inception")
    return Net(module, f"{module}_{depth}", "resnet_arg_scope", 1000, 224, "vgg")


NETS: dict[str, Net] = {
    "alexnet_v2": Net("alexnet", "alexnet_v2", "alexnet_v2_arg_scope", 1000, 224, "vgg"),
    "inception_v1": Net("inception_v1", "inception_v1", "inception_v1_arg_scope", 1001, 224, "inception"),
    "inception_v2": Net("inception_v2", "inception_v2", "inception_v2_arg_scope", 1001, 224, "inception"),
    "inception_v3": Net("inception_v3", "inception_v3", "inception_v3_arg_scope", 1001, 299, "inception"),
    "overfeat": Net("overfeat", "overfeat", "overfeat_arg_scope", 1000, 231, "vgg"),
    **{f"resnet_v1_{depth}": _resnet(1, depth) for depth in (50, 101, 152, 200)},
    **{f"resnet_v2_{depth}": _resnet(2, depth) for depth in (50, 101, 152, 200)},
    "vgg_a": Net("vgg", "vgg_a", "vgg_arg_scope", 1000, 224, "vgg"),
    "vgg_16": Net("vgg", "vgg_16", "vgg_arg_scope", 1000, 224, "vgg"),
    "vgg_19": Net("vgg", "vgg_19", "vgg_arg_scope", 1000, 224, "vgg"),
}


class Slim:
    """``tf_slim.nets``."""

    name = "tf_slim"
    title = "TF-Slim"
    homepage = "https://github.com/tensorflow/models/tree/master/research/slim"
    extra = "tensorflow"
    modules = ("tensorflow", "tf_keras", "tf_slim")
    packages = ("tensorflow", "tf_keras", "tf-slim")

    def entries(self) -> list[str]:
        """See :class:`zoodata.zoos.base.Zoo`."""
        return list(NETS)

    def weights(self, entry: str) -> list[str]:
        """See :class:`zoodata.zoos.base.Zoo`. Checkpoints are files to download, not names in the package."""
        known(entry, NETS, self.name)
        return []

    def build(
        self, entry: str, weights: str | None = None, path: Path | None = None, meta_device: bool = False
    ) -> Model:
        """See :class:`zoodata.zoos.base.Zoo`. A local checkpoint is restored when the model is made ready to run."""
        known(entry, NETS, self.name)
        if weights is not None and path is None:
            raise NeedsDownload(
                f"{self.name}:{entry}@{weights}: download the checkpoint from {self.homepage}, then --weights"
            )
        from zoodata.runtimes.tensorflow import GraphModel

        net = NETS[entry]
        building(f"{self.name}:{entry}", lambda: _module(net))
        image = InputShape(channels=3, height=net.size, width=net.size, layout="NHWC")
        model = GraphModel(functools.partial(_define, net), image, net.classes)
        model.checkpoint = path
        return model

    def preprocessing(self, entry: str, weights: str | None = None) -> Preprocessing:
        """See :class:`zoodata.zoos.base.Zoo`. From research/slim/preprocessing, evaluation branches."""
        known(entry, NETS, self.name)
        net = NETS[entry]
        source = f"tensorflow/models research/slim/preprocessing/{net.preprocessing}_preprocessing.py"
        if net.preprocessing == "inception":
            return Preprocessing(
                central_fraction=0.875,
                resize=(net.size, net.size),
                interpolation="bilinear",
                antialias=False,
                decoder="tensorflow",
                resizer="tensorflow",
                scale=1 / 255,
                mean=(0.5, 0.5, 0.5),
                std=(0.5, 0.5, 0.5),
                channel_order="RGB",
                layout="NHWC",
                label_offset=net.classes - 1000,
                source=source,
            )
        return Preprocessing(
            resize=256,
            crop=(net.size, net.size),
            interpolation="bilinear",
            antialias=False,
            decoder="tensorflow",
            resizer="tensorflow",
            scale=1.0,
            mean=(123.68, 116.78, 103.94),
            std=(1.0, 1.0, 1.0),
            channel_order="RGB",
            layout="NHWC",
            label_offset=net.classes - 1000,
            source=source,
        )

    def pipeline(self, entry: str, weights: str | None = None) -> Pipeline | None:
        """See :class:`zoodata.zoos.base.Zoo`."""
        return None

    def claims(self) -> Statements:
        """None: the package states no numbers; research/slim's README does."""
        return Statements()


def _module(net: Net) -> Any:
    _give_back_moved_names()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return importlib.import_module(f"tf_slim.nets.{net.module}")


def _define(net: Net, image: Any) -> Any:
    """Add the network to the default graph; returns its class probabilities or logits, (batch, classes)."""
    module = _module(net)
    import tensorflow as tf
    import tf_slim as slim

    scope = getattr(module, net.scope)()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with slim.arg_scope(scope), slim.arg_scope([slim.batch_norm], updates_collections=None):
            logits, _ = getattr(module, net.function)(image, num_classes=net.classes, is_training=False)
    # The ResNet functions leave a 1x1 map; squeezing it is what their users do.
    return tf.reshape(logits, (image.shape[0], net.classes))


@functools.cache
def _give_back_moved_names() -> None:
    import tensorflow as tf
    import tf_keras.src.legacy_tf_layers as layers
    from tensorflow.python.framework import ops

    sys.modules.setdefault("tf_keras.legacy_tf_layers", layers)
    for module in pkgutil.iter_modules(layers.__path__):
        if not module.name.endswith("_test"):
            moved = importlib.import_module(f"{layers.__name__}.{module.name}")
            sys.modules.setdefault(f"tf_keras.legacy_tf_layers.{module.name}", moved)
    if not hasattr(ops, "Tensor"):
        ops.Tensor = tf.Tensor
