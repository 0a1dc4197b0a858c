"""Cadene's pretrainedmodels: networks ported from Caffe, Lua Torch and TensorFlow, with their weights."""

from __future__ import annotations

from typing import Any

from zoodata.records import Preprocessing
from zoodata.zoos.package import IMAGENET_CLASSES, IMAGENET_SIDE, TorchPackage

DEFAULT_SCALE = 0.875
"""Share of the resized image that its evaluation script crops (examples/imagenet_eval.py)."""


class Cadene(TorchPackage):
    """``pretrainedmodels.model_names``."""

    name = "cadene"
    title = "Cadene pretrainedmodels"
    homepage = "https://github.com/Cadene/pretrained-models.pytorch"
    modules = ("torch", "pretrainedmodels")
    packages = ("torch", "torchvision", "pretrainedmodels")

    def listed(self) -> list[str]:
        """See :class:`zoodata.zoos.package.Package`."""
        import pretrainedmodels

        return sorted(pretrainedmodels.model_names)

    def make(self, own: str, weights: str | None) -> Any:
        """See :class:`zoodata.zoos.package.Package`."""
        import pretrainedmodels

        classes = self._settings(own, weights).get("num_classes", IMAGENET_CLASSES)
        return pretrainedmodels.__dict__[own](num_classes=classes, pretrained=weights)

    def tags(self, own: str) -> list[str]:
        """See :class:`zoodata.zoos.package.Package`."""
        import pretrainedmodels

        return list(pretrainedmodels.pretrained_settings.get(own, {}))

    def size(self, own: str, made: Any) -> tuple[int, int]:
        """See :class:`zoodata.zoos.package.Package`."""
        _, height, width = self._settings(own, None).get("input_size", (3, IMAGENET_SIDE, IMAGENET_SIDE))
        return height, width

    def classes(self, own: str, made: Any) -> int:
        """See :class:`zoodata.zoos.package.Package`."""
        return int(self._settings(own, None).get("num_classes", IMAGENET_CLASSES))

    def preprocessing(self, entry: str, weights: str | None = None) -> Preprocessing | None:
        """See :class:`zoodata.zoos.base.Zoo`."""
        own = self.own_name(entry)
        found = self._settings(own, weights)
        if not found:
            return None
        _, height, width = found["input_size"]
        return Preprocessing(
            resize=int(height / DEFAULT_SCALE),
            crop=(height, width),
            interpolation="bilinear",
            antialias=True,
            scale=1 / 255 if max(found["input_range"]) == 1 else 1.0,
            mean=tuple(found["mean"]),
            std=tuple(found["std"]),
            channel_order=found["input_space"],
            layout="NCHW",
            source=f"pretrainedmodels.pretrained_settings[{own!r}] and pretrainedmodels.utils.TransformImage",
        )

    def _settings(self, own: str, weights: str | None) -> dict[str, Any]:
        """What the package says of a checkpoint: of those named, else of its default."""
        import pretrainedmodels

        found: dict[str, dict[str, Any]] = pretrainedmodels.pretrained_settings.get(own, {})
        return found.get(weights or "imagenet") or next(iter(found.values()), {})
