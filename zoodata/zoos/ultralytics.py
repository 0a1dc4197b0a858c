"""Ultralytics: the classification networks of YOLO releases, built from the configurations in the package."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from zoodata.records import Preprocessing
from zoodata.zoos.package import IMAGENET_SIDE, TorchPackage

SCALES = "nsmlx"


class Ultralytics(TorchPackage):
    """``ultralytics.nn.tasks.ClassificationModel``."""

    name = "ultralytics"
    title = "Ultralytics YOLO classify"
    homepage = "https://github.com/ultralytics/ultralytics"
    modules = ("torch", "ultralytics")
    packages = ("torch", "ultralytics")

    def listed(self) -> list[str]:
        """See :class:`zoodata.zoos.package.Package`. Every scale of each configuration."""
        import ultralytics

        names = []
        for path in sorted((Path(ultralytics.__file__).parent / "cfg" / "models").rglob("*-cls*.yaml")):
            base, _, rest = path.stem.partition("-cls")
            scales = [""] if rest else list(SCALES)
            names += [f"{base}{scale}-cls{rest}" for scale in scales]
        return names

    def make(self, own: str, weights: str | None) -> Any:
        """See :class:`zoodata.zoos.package.Package`."""
        from ultralytics import YOLO
        from ultralytics.nn.tasks import ClassificationModel

        if weights is not None:
            return YOLO(f"{own}.pt").model.float().eval()
        return ClassificationModel(f"{own}.yaml", verbose=False).eval()

    def tags(self, own: str) -> list[str]:
        """See :class:`zoodata.zoos.package.Package`."""
        from ultralytics.utils.downloads import GITHUB_ASSETS_STEMS

        return ["imagenet"] if own in GITHUB_ASSETS_STEMS else []

    def preprocessing(self, entry: str, weights: str | None = None) -> Preprocessing:
        """See :class:`zoodata.zoos.base.Zoo`. Read off ``classify_transforms``."""
        from ultralytics.data import augment

        self.own_name(entry)
        mean, std = augment.DEFAULT_MEAN, augment.DEFAULT_STD
        return Preprocessing(
            resize=IMAGENET_SIDE,
            crop=(IMAGENET_SIDE, IMAGENET_SIDE),
            interpolation="bilinear",
            antialias=True,
            scale=1 / 255,
            mean=tuple(mean),
            std=tuple(std),
            channel_order="RGB",
            layout="NCHW",
            source="ultralytics.data.augment.classify_transforms",
        )
