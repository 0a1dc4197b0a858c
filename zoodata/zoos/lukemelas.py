"""efficientnet_pytorch by Luke Melas-Kyriazi: the first EfficientNets in torch, ported from the authors' TensorFlow."""

from __future__ import annotations

from typing import Any

from zoodata.zoos.package import TorchPackage


class LukeMelas(TorchPackage):
    """``efficientnet_pytorch.EfficientNet``."""

    name = "lukemelas"
    title = "efficientnet_pytorch"
    homepage = "https://github.com/lukemelas/EfficientNet-PyTorch"
    modules = ("torch", "efficientnet_pytorch")
    packages = ("torch", "efficientnet-pytorch")

    def listed(self) -> list[str]:
        """See :class:`zoodata.zoos.package.Package`."""
        from efficientnet_pytorch.model import VALID_MODELS

        return list(VALID_MODELS)

    def make(self, own: str, weights: str | None) -> Any:
        """See :class:`zoodata.zoos.package.Package`."""
        from efficientnet_pytorch import EfficientNet

        if weights is None:
            return EfficientNet.from_name(own)
        return EfficientNet.from_pretrained(own, advprop=weights == "advprop")

    def tags(self, own: str) -> list[str]:
        """See :class:`zoodata.zoos.package.Package`."""
        from efficientnet_pytorch.utils import url_map, url_map_advprop

        return [tag for tag, urls in (("autoaugment", url_map), ("advprop", url_map_advprop)) if own in urls]

    def size(self, own: str, made: Any) -> tuple[int, int]:
        """See :class:`zoodata.zoos.package.Package`."""
        from efficientnet_pytorch import EfficientNet

        side = int(EfficientNet.get_image_size(own))
        return side, side
