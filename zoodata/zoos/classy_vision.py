"""Classy Vision: Meta's training framework, with the networks it registers by name."""

from __future__ import annotations

from typing import Any

from zoodata.zoos.package import IMAGENET_CLASSES, IMAGENET_SIDE, TorchPackage

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
        if own.startswith("vit"):
            config |= {"image_size": IMAGENET_SIDE}
        if own.startswith("efficientnet"):
            config |= {"num_classes": IMAGENET_CLASSES}
        model = build_model(config)
        kind = "vision_transformer_head" if own.startswith("vit") else "fully_connected"
        width = getattr(model, "head_dims", None) or getattr(model, "output_shape", (0, 0))[-1]
        head = {"name": kind, "unique_id": "default_head", "num_classes": IMAGENET_CLASSES, "in_plane": width}
        if own.startswith("efficientnet"):
            return model
        if own.startswith("vit"):
            head["hidden_dim"] = None
            model.set_heads({"encoder": [build_head(head)]})
            return model
        block = model._heads.keys() if hasattr(model, "_heads") and model._heads else None
        model.set_heads({self._last_block(model) if block is None else next(iter(block)): [build_head(head)]})
        return model

    def size(self, own: str, made: Any) -> tuple[int, int]:
        """See :class:`zoodata.zoos.package.Package`."""
        side = SIDES.get(own, IMAGENET_SIDE)
        return side, side

    @staticmethod
    def _last_block(model: Any) -> str:
        """The block that a head is attached to: the last that can take one."""
        return str(list(model._attachable_block_names)[-1])
