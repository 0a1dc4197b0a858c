"""MMPretrain (OpenMMLab): configurations of some 400 checkpoints in its package."""

from __future__ import annotations

import importlib
from typing import Any

from zoodata.records import Preprocessing
from zoodata.zoos.package import IMAGENET_SIDE, TorchPackage

INTERPOLATIONS = {"bilinear", "bicubic", "nearest", "lanczos", "area"}


class MMPretrain(TorchPackage):
    """``mmpretrain.list_models``."""

    name = "mmpretrain"
    title = "MMPretrain"
    homepage = "https://github.com/open-mmlab/mmpretrain"
    modules = ("torch", "mmpretrain", "mmengine", "mmcv")
    packages = ("torch", "mmpretrain", "mmengine", "mmcv-lite")

    def listed(self) -> list[str]:
        """See :class:`zoodata.zoos.package.Package`."""
        return sorted(self._package().list_models(task="Image Classification"))

    def make(self, own: str, weights: str | None) -> Any:
        """See :class:`zoodata.zoos.package.Package`."""
        return self._package().get_model(own, pretrained=weights is not None, device="cpu")

    def tags(self, own: str) -> list[str]:
        """See :class:`zoodata.zoos.package.Package`. A name is a checkpoint's; it has no other."""
        from mmpretrain.apis.model import ModelHub

        return ["checkpoint"] if ModelHub.get(own).weights else []

    def size(self, own: str, made: Any) -> tuple[int, int]:
        """See :class:`zoodata.zoos.package.Package`. The crop of its test pipeline, or what it resizes to."""
        crop = _crop(self._steps(own))
        return crop or (IMAGENET_SIDE, IMAGENET_SIDE)

    def classes(self, own: str, made: Any) -> int:
        """See :class:`zoodata.zoos.package.Package`. VGG and Inception V3 have their classifier in the backbone."""
        head, backbone = getattr(made, "head", None), getattr(made, "backbone", None)
        known = getattr(head, "num_classes", 0) or getattr(backbone, "num_classes", 0) or 0
        last = getattr(backbone, "fc", None) if head is not None and not list(head.parameters()) else None
        return int(known) if known > 0 else int(getattr(last, "out_features", 0))

    def preprocessing(self, entry: str, weights: str | None = None) -> Preprocessing | None:
        """See :class:`zoodata.zoos.base.Zoo`. Of the configuration's test pipeline and data preprocessor."""
        own = self.own_name(entry)
        steps, config = self._steps(own), self._config(own)
        norm = (config.get("model") or {}).get("data_preprocessor") or config.get("data_preprocessor") or {}
        mean, std = norm.get("mean"), norm.get("std")
        return Preprocessing(
            **geometry(steps),
            resizer="pillow" if any(step.get("backend") == "pillow" for step in steps) else "opencv",
            decoder="opencv",
            scale=1.0,
            mean=None if mean is None else tuple(mean),
            std=None if std is None else tuple(std),
            channel_order="RGB" if norm.get("to_rgb") else "BGR",
            layout="NCHW",
            source=f"mmpretrain configuration of {own}: test_dataloader and data_preprocessor",
        )

    def _package(self) -> Any:
        """The package, without its language models: they need a transformers of another time."""
        package = importlib.import_module("mmpretrain")
        importlib.import_module("mmpretrain.utils.dependency").WITH_MULTIMODAL = False  # type: ignore[attr-defined]
        return package

    def _config(self, own: str) -> Any:
        self._package()
        from mmpretrain.apis.model import ModelHub

        return ModelHub.get(own).config

    def _steps(self, own: str) -> list[Any]:
        """The test pipeline, step by step."""
        config = self._config(own)
        for key in ("test_dataloader", "val_dataloader"):
            if loader := config.get(key):
                return list(loader["dataset"]["pipeline"])
        return []


EFFICIENTNET = "EfficientNetCenterCrop"
"""A square of the short side's middle, the larger the smaller the padding, resized to the size of the crop."""


def geometry(steps: list[Any]) -> dict[str, Any]:
    """What a test pipeline does to an image's size, as fields of :class:`Preprocessing`."""
    found: dict[str, Any] = {"crop": _crop(steps)}
    for step in steps:
        if step["type"] in ("ResizeEdge", "Resize"):
            scale = step["scale"]
            found["resize"] = scale if isinstance(scale, int) else (scale[1], scale[0])
            found["resize_side"] = "long" if step.get("edge") == "long" else "short"
            found["interpolation"] = step.get("interpolation", "bilinear")
        elif step["type"] == EFFICIENTNET:
            side = step["crop_size"]
            found |= {"crop": None, "resize": (side, side), "interpolation": step.get("interpolation", "bicubic")}
            found |= {"central_fraction": side / (side + step.get("crop_padding", 32)), "central_shape": "square"}
    if found.get("interpolation") not in INTERPOLATIONS:
        found["interpolation"] = None
    return found


def _crop(steps: list[Any]) -> tuple[int, int] | None:
    """(height, width) of the image that a pipeline ends with."""
    for step in reversed(steps):
        if step["type"] in ("CenterCrop", "Resize", "ResizeEdge", EFFICIENTNET):
            size = step.get("crop_size", step.get("scale"))
            return (size, size) if isinstance(size, int) else (size[1], size[0])
    return None
