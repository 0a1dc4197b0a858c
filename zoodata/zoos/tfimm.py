"""tfimm: timm's networks in TensorFlow 2, with timm's weights."""

from __future__ import annotations

from typing import Any

from zoodata.records import Preprocessing
from zoodata.zoos.package import KerasPackage

INTERPOLATIONS = {"bilinear", "bicubic", "nearest", "lanczos", "area"}


class Tfimm(KerasPackage):
    """``tfimm.list_models``."""

    name = "tfimm"
    title = "tfimm"
    homepage = "https://github.com/martinsbruveris/tensorflow-image-models"
    modules = ("tensorflow", "tf_keras", "tfimm")
    packages = ("tensorflow", "tf-keras", "tfimm")

    def listed(self) -> list[str]:
        """See :class:`zoodata.zoos.package.Package`."""
        return sorted(self._package().list_models())

    def make(self, own: str, weights: str | None) -> Any:
        """See :class:`zoodata.zoos.package.Package`."""
        import tensorflow

        model = self._package().create_model(own, pretrained=weights is not None)
        height, width = model.cfg.input_size
        model(tensorflow.zeros((1, height, width, model.cfg.in_channels)), training=False)
        return model

    def tags(self, own: str) -> list[str]:
        """See :class:`zoodata.zoos.package.Package`."""
        return ["pretrained"] if self._package().models.model_config(own).url else []

    def size(self, own: str, made: Any) -> tuple[int, int]:
        """See :class:`zoodata.zoos.package.Package`."""
        height, width = made.cfg.input_size
        return int(height), int(width)

    def preprocessing(self, entry: str, weights: str | None = None) -> Preprocessing | None:
        """See :class:`zoodata.zoos.base.Zoo`."""
        own = self.own_name(entry)
        config = self._package().models.model_config(own)
        height, width = config.input_size
        return Preprocessing(
            resize=int(height / config.crop_pct),
            crop=(height, width),
            interpolation=config.interpolation if config.interpolation in INTERPOLATIONS else None,
            scale=1 / 255,
            mean=tuple(config.mean),
            std=tuple(config.std),
            channel_order="RGB",
            layout="NHWC",
            source=f"tfimm.models.model_config({own!r})",
        )

    def _package(self) -> Any:
        from zoodata.runtimes import tensorflow  # noqa: F401  (sets the environment before Keras starts)

        import tfimm  # isort: skip

        return tfimm
