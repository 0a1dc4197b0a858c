"""Which distribution each zoo comes in: a measurement of a zoo's entry names the release that it measured."""

from __future__ import annotations

import re
from collections.abc import Mapping

PACKAGES: Mapping[str, str] = {
    "torchvision": "torchvision",
    "timm": "timm",
    "keras_applications": "keras",
    "tf_model_garden": "tf-models-official",
    "tf_slim": "tf-slim",
    "onnx_model_zoo": "onnx",
    "cadene": "pretrainedmodels",
    "torchvision_quantization": "torchvision",
    "classy_vision": "classy-vision",
    "coral": "ai-edge-litert",
    "efficientnet_lite": "efficientnet-lite-pytorch",
    "ncnn_assets": "ncnn",
    "pytorch_ios": "torch",
    "retinaface": "torch",
    "stm32": "tensorflow",
    "geffnet": "geffnet",
    "gluoncv": "gluoncv",
    "keras_cv_attention_models": "keras-cv-attention-models",
    "kerashub": "keras-hub",
    "lukemelas": "efficientnet-pytorch",
    "mindcv": "mindcv",
    "mmpretrain": "mmpretrain",
    "open_clip": "open-clip-torch",
    "paddleclas": "paddleclas",
    "pycls": "pycls",
    "pytorchcv": "pytorchcv",
    "qubvel": "image-classifiers",
    "qubvel_efficientnet": "efficientnet",
    "smp": "segmentation-models-pytorch",
    "tf2cv": "tf2cv",
    "tfimm": "tfimm",
    "transformers": "transformers",
    "ultralytics": "ultralytics",
    "vit_keras": "vit-keras",
}


CONFIGURATIONS: tuple[str, ...] = ("transformers:", "ultralytics:yolov8-cls-resnet")
"""How entries begin that are built from a configuration whose weights nobody publishes. The default of a class of
transformers can be another network than any checkpoint (LevitConfig, EfficientNetConfig: its conversion scripts set
what the checkpoints have); Ultralytics' ResNets are its detector's classification head on ResNet layers."""


def is_configuration(entry: str) -> bool:
    """Whether an entry is a configuration without published weights: read and compared, and no end of a ranking."""
    return entry.startswith(CONFIGURATIONS)


def release_key(version: str) -> tuple[int, ...]:
    """A version as numbers that sort as releases do: 1.0.31 after 1.0.9. What follows the numbers does not count."""
    return tuple(int(number) for number in re.findall(r"\d+", version)[:4])
