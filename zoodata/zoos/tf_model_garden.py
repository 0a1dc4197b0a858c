"""TensorFlow Model Garden (``official.vision``): image classifiers by published configuration.

An entry is a published configuration, not a backbone class with its defaults: the classes' defaults are
not what was trained (EfficientNet's has no squeeze-and-excite). The configurations are the experiment
files under ``official/vision/configs/experiments/image_classification`` of tensorflow/models, which the
package does not carry; what each of them sets on top of the package's registered experiment is in
``CONFIGURATIONS``.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import numpy as np

from zoodata.records import Preprocessing
from zoodata.records.measurement import InputShape
from zoodata.runtimes.model import Model, in_brief
from zoodata.zoos.base import CannotBuild, NeedsDownload, Pipeline, Statements, building, known

CLASSES = 1001


def _resnet(depth: int, **more: Any) -> dict[str, Any]:
    return {
        "experiment": "resnet_imagenet",
        "backbone": {"type": "resnet", "resnet": {"model_id": depth, **more}},
    }


def _resnet_rs(depth: int, size: int) -> dict[str, Any]:
    block = {
        "model_id": depth, "stem_type": "v1", "resnetd_shortcut": True, "replace_stem_max_pool": True, "se_ratio": 0.25,
    }  # fmt: skip
    return {
        "experiment": "resnet_rs_imagenet",
        "size": size,
        "backbone": {"type": "resnet", "resnet": block},
    }


def _mobilenet(model: str, **more: Any) -> dict[str, Any]:
    backbone = {"type": "mobilenet", "mobilenet": {"model_id": model, "filter_size_scale": 1.0}}
    return {"experiment": "mobilenet_imagenet", "backbone": backbone, **more}


def _vit(model: str, patch: int, size: int) -> dict[str, Any]:
    block = {"model_name": model, "patch_size": patch, "original_init": False, "representation_size": 0}
    return {"experiment": "deit_imagenet_pretrain", "size": size, "backbone": {"type": "vit", "vit": block}}


CONFIGURATIONS: dict[str, dict[str, Any]] = {
    "resnet_50": _resnet(50),
    "resnet_101": _resnet(101),
    "resnet_152": _resnet(152),
    **{
        f"resnet_rs_{depth}_i{size}": _resnet_rs(depth, size)
        for depth, size in (
            (50, 160), (101, 160), (101, 192), (152, 192), (152, 224), (152, 256), (200, 256), (270, 256),
            (350, 256), (350, 320), (420, 320),
        )
    },
    "revnet_56": {"experiment": "revnet_imagenet", "backbone": {"type": "revnet", "revnet": {"model_id": 56}}},
    "mobilenet_v1": _mobilenet("MobileNetV1"),
    "mobilenet_v2": _mobilenet("MobileNetV2"),
    "mobilenet_v3_large": _mobilenet("MobileNetV3Large"),
    "mobilenet_v3_small": _mobilenet("MobileNetV3Small"),
    "mobilenet_multi_avg": _mobilenet("MobileNetMultiAVG"),
    "mobilenet_v4_conv_small": _mobilenet("MobileNetV4ConvSmall"),
    "mobilenet_v4_conv_medium": _mobilenet("MobileNetV4ConvMedium", size=256),
    "mobilenet_v4_conv_large": _mobilenet("MobileNetV4ConvLarge", size=384),
    "mobilenet_v4_hybrid_medium": _mobilenet("MobileNetV4HybridMedium", size=256),
    "mobilenet_v4_hybrid_large": _mobilenet("MobileNetV4HybridLarge", size=384),
    "vit_ti16": _vit("vit-ti16", 16, 224),
    "vit_s16": _vit("vit-s16", 16, 224),
    "vit_b16": _vit("vit-b16", 16, 224),
    "vit_b16_i384": _vit("vit-b16", 16, 384),
    "vit_l16": _vit("vit-l16", 16, 224),
    "vit_l16_i384": _vit("vit-l16", 16, 384),
    "vit_h14_i384": _vit("vit-h14", 14, 384),
}  # fmt: skip


class ModelGarden:
    """Classification models of the Model Garden's vision package."""

    name = "tf_model_garden"
    title = "TensorFlow Model Garden"
    homepage = "https://github.com/tensorflow/models/tree/master/official/vision"
    extra = "tensorflow"
    modules = ("tensorflow", "tf_keras", "official")
    packages = ("tensorflow", "tf_keras", "tf-models-official")

    def entries(self) -> list[str]:
        """See :class:`zoodata.zoos.base.Zoo`."""
        return list(CONFIGURATIONS)

    def weights(self, entry: str) -> list[str]:
        """See :class:`zoodata.zoos.base.Zoo`. Checkpoints are files to download, not names in the package."""
        known(entry, CONFIGURATIONS, self.name)
        return []

    def build(
        self, entry: str, weights: str | None = None, path: Path | None = None, meta_device: bool = False
    ) -> Model:
        """See :class:`zoodata.zoos.base.Zoo`."""
        known(entry, CONFIGURATIONS, self.name)
        if weights is not None and path is None:
            raise NeedsDownload(
                f"{self.name}:{entry}@{weights}: download the checkpoint from {self.homepage}, then --weights"
            )
        from zoodata.runtimes.tensorflow import KerasModel

        model, size = building(f"{self.name}:{entry}", lambda: _build(CONFIGURATIONS[entry]))
        if path is not None:
            _restore(model, path)
        return KerasModel(model, InputShape(channels=3, height=size, width=size, layout="NHWC"))

    def preprocessing(self, entry: str, weights: str | None = None) -> Preprocessing:
        """See :class:`zoodata.zoos.base.Zoo`. From the evaluation branch of the package's input parser."""
        known(entry, CONFIGURATIONS, self.name)
        from zoodata.runtimes import tensorflow  # noqa: F401  (sets the environment before TensorFlow starts)

        preprocess = _official("ops.preprocess_ops")
        size = _size(CONFIGURATIONS[entry])
        return Preprocessing(
            central_fraction=preprocess.CENTER_CROP_FRACTION,
            resize=(size, size),
            central_shape="square",
            interpolation="bilinear",
            decoder="tensorflow",
            resizer="tensorflow",
            antialias=False,
            scale=1.0,
            mean=preprocess.MEAN_RGB,
            std=preprocess.STDDEV_RGB,
            channel_order="RGB",
            layout="NHWC",
            label_offset=1,
            source="official.vision.dataloaders.classification_input.Parser._parse_eval_image",
        )

    def pipeline(self, entry: str, weights: str | None = None) -> Pipeline:
        """See :class:`zoodata.zoos.base.Zoo`. The evaluation branch of the Garden's own parser."""
        from zoodata.runtimes import tensorflow  # noqa: F401  (sets the environment before TensorFlow starts)

        import tensorflow as tf  # isort: skip
        from official.vision.dataloaders import classification_input

        height, width = self.preprocessing(entry, weights).resize  # type: ignore[misc]
        parser = classification_input.Parser(output_size=[height, width], num_classes=CLASSES)
        key = parser._image_field_key
        return lambda image: np.asarray(parser._parse_eval_image({key: tf.constant(np.asarray(image))}).numpy())

    def claims(self) -> Statements:
        """None: the package states no numbers about its models."""
        return Statements()


def _official(module: str) -> Any:
    import importlib

    return importlib.import_module(f"official.vision.{module}")


@functools.cache
def _experiment(name: str) -> Any:
    _official("configs.image_classification")  # registers the experiments
    from official.core import exp_factory

    return exp_factory.get_exp_config(name)


def _size(configuration: dict[str, Any]) -> int:
    return int(configuration.get("size") or _experiment(configuration["experiment"]).task.model.input_size[0])


def _build(configuration: dict[str, Any]) -> tuple[Any, int]:
    import tf_keras

    task = _experiment(configuration["experiment"]).task
    size = _size(configuration)
    # A fresh copy: the registered experiment is shared.
    model_config = type(task.model)(**task.model.as_dict())
    model_config.override(
        {"num_classes": CLASSES, "input_size": [size, size, 3], "backbone": configuration["backbone"]}
    )
    model = _official("modeling.factory").build_classification_model(
        tf_keras.layers.InputSpec(shape=[None, size, size, 3]), model_config
    )
    return model, size


def _restore(model: Any, path: Path) -> None:
    """Load a Model Garden checkpoint (``ckpt-N`` prefix) as its own tasks do: model and backbone by name."""
    import tensorflow as tf

    try:
        checkpoint = tf.train.Checkpoint(model=model, **model.checkpoint_items)
        checkpoint.read(str(path)).expect_partial().assert_existing_objects_matched()
    except Exception as error:
        raise CannotBuild(f"{path.name} does not fit: {in_brief(error)}") from error
