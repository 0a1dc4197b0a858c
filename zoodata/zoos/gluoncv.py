"""GluonCV: image classifiers of Apache MXNet, in an interpreter of their own."""

from __future__ import annotations

import math
from typing import Any

from zoodata.records import Preprocessing
from zoodata.zoos.exported import Exported
from zoodata.zoos.package import IMAGENET_SIDE

SIDES = {
    "inceptionv3": 299,
    "xception": 299,
    "xception71": 299,
    "resnest101": 256,
    "resnest200": 320,
    "resnest269": 416,
}
"""Other image sizes than 224; ResNeSt's are its paper's (arXiv 2004.08955), which the package does not state."""
CROP_RATIO = 0.875


class GluonCV(Exported):
    """``gluoncv.model_zoo``."""

    name = "gluoncv"
    title = "GluonCV"
    homepage = "https://github.com/dmlc/gluon-cv"
    modules = ("mxnet", "gluoncv")
    packages = ("onnx", "onnxruntime", "mxnet", "gluoncv")

    def size(self, own: str, made: Any) -> tuple[int, int]:
        """See :class:`zoodata.zoos.package.Package`."""
        side = SIDES.get(own, IMAGENET_SIDE)
        return side, side

    def preprocessing(self, entry: str, weights: str | None = None) -> Preprocessing:
        """See :class:`zoodata.zoos.base.Zoo`. As the repository verifies its checkpoints; MXNet decodes with OpenCV."""
        side, _ = self.size(self.own_name(entry), None)
        return Preprocessing(
            resize=math.ceil(side / CROP_RATIO),
            crop=(side, side),
            interpolation="bilinear",
            antialias=False,
            decoder="opencv",
            resizer="opencv",
            scale=1 / 255,
            mean=(0.485, 0.456, 0.406),
            std=(0.229, 0.224, 0.225),
            channel_order="RGB",
            layout="NCHW",
            source="GluonCV 56777561 scripts/classification/imagenet/verify_pretrained.py",
        )
