"""PaddleClas: image classifiers of PaddlePaddle, in an interpreter of their own."""

from __future__ import annotations

import csv
import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from zoodata.records import Preprocessing
from zoodata.zoos.exported import Exported
from zoodata.zoos.package import IMAGENET_SIDE

EVALUATION = Path(__file__).parent / "files" / "paddleclas.csv"
"""What each model's configuration of PaddleClas' repository evaluates it with; the package leaves them out."""
SIDES = {"EfficientNetV2_S": 384}
"""Image sizes of models whose configuration cuts otherwise than a pipeline here can say."""
SSLD = "_ssld"
"""Ending under which its tables publish a model with weights that were distilled."""


class PaddleClas(Exported):
    """``ppcls.arch.backbone``."""

    name = "paddleclas"
    title = "PaddleClas"
    homepage = "https://github.com/PaddlePaddle/PaddleClas"
    modules = ("paddle", "paddleclas")
    packages = ("onnx", "onnxruntime", "paddlepaddle", "paddle2onnx", "paddleclas")
    publishes_own_names = True

    def weights(self, entry: str) -> list[str]:
        """See :class:`zoodata.zoos.base.Zoo`."""
        self.own_name(entry)
        return ["ssld" if SSLD in entry else "pretrained"]

    def size(self, own: str, made: Any) -> tuple[int, int]:
        """See :class:`zoodata.zoos.package.Package`. As its configuration evaluates it."""
        row = evaluations().get(own)
        side = int(row["crop"]) if row else SIDES.get(own, IMAGENET_SIDE)
        return side, side

    def preprocessing(self, entry: str, weights: str | None = None) -> Preprocessing | None:
        """See :class:`zoodata.zoos.base.Zoo`. None for a model without a configuration."""
        row = evaluations().get(self.own_name(entry))
        if row is None:
            return None
        crop, resize = int(row["crop"]), int(row["resize"])
        pipeline = {
            "resize": resize if row["resize_side"] == "short" else (resize, resize),
            "crop": (crop, crop),
            "interpolation": row["interpolation"],
            "antialias": row["resizer"] == "pillow",
            "decoder": row["decoder"],
            "resizer": row["resizer"],
            "scale": float(row["scale"]),
            "mean": tuple(map(float, row["mean"].split())),
            "std": tuple(map(float, row["std"].split())),
            "channel_order": row["channels"],
            "layout": "NCHW",
            "source": f"PaddleClas d178931f ppcls/configs/ImageNet/{row['configuration']}, DataLoader.Eval",
        }
        return Preprocessing.model_validate(pipeline)


@functools.cache
def evaluations() -> Mapping[str, Mapping[str, str]]:
    """The row of each model that has a configuration."""
    with EVALUATION.open(encoding="utf-8", newline="") as stream:
        return {row["model"]: row for row in csv.DictReader(stream)}
