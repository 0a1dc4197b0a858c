"""geffnet (gen-efficientnet-pytorch): the mobile networks of timm's author, before they moved to timm."""

from __future__ import annotations

from typing import Any

from zoodata.zoos.package import IMAGENET_SIDE, TorchPackage

SIDES = {"b0": 224, "b1": 240, "b2": 260, "b3": 300, "b4": 380, "b5": 456, "b6": 528, "b7": 600, "b8": 672, "l2": 800,
         "lite0": 224, "lite1": 240, "lite2": 260, "lite3": 280, "lite4": 300}  # fmt: skip
"""Image sizes of EfficientNets by the last part of their name (README, "Models"; the package does not hold them)."""


class Geffnet(TorchPackage):
    """``geffnet.create_model``."""

    name = "geffnet"
    title = "geffnet"
    homepage = "https://github.com/rwightman/gen-efficientnet-pytorch"
    modules = ("torch", "geffnet")
    packages = ("torch", "geffnet")

    def listed(self) -> list[str]:
        """See :class:`zoodata.zoos.package.Package`."""
        from geffnet import gen_efficientnet, mobilenetv3

        return sorted(name for name in {*gen_efficientnet.__all__, *mobilenetv3.__all__} if name[0].islower())

    def make(self, own: str, weights: str | None) -> Any:
        """See :class:`zoodata.zoos.package.Package`."""
        import geffnet

        return geffnet.create_model(own, pretrained=weights is not None)

    def tags(self, own: str) -> list[str]:
        """See :class:`zoodata.zoos.package.Package`. One checkpoint a model that an address is known of."""
        from geffnet import gen_efficientnet, mobilenetv3

        return ["imagenet"] if (gen_efficientnet.model_urls | mobilenetv3.model_urls).get(own) else []

    def size(self, own: str, made: Any) -> tuple[int, int]:
        """See :class:`zoodata.zoos.package.Package`."""
        kind = next((part for part in own.split("_") if part in SIDES), None)
        side = SIDES[kind] if kind and "efficientnet" in own else IMAGENET_SIDE
        return side, side
