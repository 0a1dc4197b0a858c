"""Classy Vision: Meta's training framework, with the networks it registers by name."""

from __future__ import annotations

import re
from typing import Any

from zoodata.zoos.package import IMAGENET_CLASSES, IMAGENET_SIDE, TorchPackage

BLOCK = re.compile(r"block\d+-\d+")
TRUNK = "trunk_output"

FAMILIES = frozenset(
    {"anynet", "densenet", "efficientnet", "mlp", "regnet", "resnet", "resnext", "resnext3d", "vision_transformer"}
)
"""Names of the registry that are no network until their numbers are given."""

SIDES = {"efficientnet_b0": 224, "efficientnet_b1": 240, "efficientnet_b2": 260, "efficientnet_b3": 300,
         "efficientnet_b4": 380, "efficientnet_b5": 456, "efficientnet_b6": 528, "efficientnet_b7": 600}  # fmt: skip
"""``classy_vision.models.efficientnet.MODEL_PARAMS``: the fourth number of each."""


class ClassyVision(TorchPackage):
    """``classy_vision.models.MODEL_REGISTRY``."""

    name = "classy_vision"
    title = "Classy Vision"
    homepage = "https://github.com/facebookresearch/ClassyVision"
    modules = ("torch", "classy_vision")
    packages = ("torch", "classy-vision")

    def listed(self) -> list[str]:
        """See :class:`zoodata.zoos.package.Package`."""
        from classy_vision.models import MODEL_REGISTRY

        return sorted(set(MODEL_REGISTRY) - FAMILIES)

    def make(self, own: str, weights: str | None) -> Any:
        """See :class:`zoodata.zoos.package.Package`. With the head that its ImageNet configurations attach."""
        from classy_vision.heads import build_head
        from classy_vision.models import build_model

        config: dict[str, Any] = {"name": own}
        if own.startswith("efficientnet"):  # it has its classifier
            return build_model(config | {"num_classes": IMAGENET_CLASSES})
        head: dict[str, Any] = {"unique_id": "default_head", "num_classes": IMAGENET_CLASSES}
        if own.startswith("vit"):
            model = build_model(config | {"image_size": IMAGENET_SIDE})
            head |= {"name": "vision_transformer_head", "in_plane": model.hidden_dim, "hidden_dim": None}
        else:
            model = build_model(config)
            head |= {"name": "fully_connected", "in_plane": _last_width(model)}
        model.set_heads({_end_of_body(model): [build_head(head)]})
        return model

    def size(self, own: str, made: Any) -> tuple[int, int]:
        """See :class:`zoodata.zoos.package.Package`."""
        side = SIDES.get(own, IMAGENET_SIDE)
        return side, side


def _last_width(model: Any) -> int:
    """Channels that the last convolution of a body gives."""
    import torch

    return int([module.out_channels for module in model.modules() if isinstance(module, torch.nn.Conv2d)][-1])


def _end_of_body(model: Any) -> str:
    """The module whose value a head takes: trunk_output where a body has one, else its last block (block3-2, say)."""
    names = [name.rpartition(".")[2] for name, _ in model.named_modules()]
    ends = [name for name in names if name == TRUNK] or [name for name in names if BLOCK.fullmatch(name)]
    return str(ends[-1])
