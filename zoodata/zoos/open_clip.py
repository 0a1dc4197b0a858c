"""OpenCLIP: the image towers of its contrastive models. They have no classifier; their embedding is what they give."""

from __future__ import annotations

from typing import Any

from zoodata.records import Preprocessing
from zoodata.zoos.package import TorchPackage


class OpenClip(TorchPackage):
    """``open_clip.list_models``, the image half of each."""

    name = "open_clip"
    title = "OpenCLIP"
    homepage = "https://github.com/mlfoundations/open_clip"
    modules = ("torch", "open_clip")
    packages = ("torch", "timm", "open-clip-torch")

    def listed(self) -> list[str]:
        """See :class:`zoodata.zoos.package.Package`."""
        import open_clip

        return sorted(name for name in open_clip.list_models() if "/" not in name)

    def make(self, own: str, weights: str | None) -> Any:
        """See :class:`zoodata.zoos.package.Package`. Only the image tower is built, unless weights are loaded."""
        import open_clip
        from open_clip.model import CLIPVisionCfg, _build_vision_tower

        if weights is not None:
            return open_clip.create_model(own, pretrained=weights).visual
        config = open_clip.get_model_config(own)
        vision = {**config["vision_cfg"], "timm_model_pretrained": False}
        return _build_vision_tower(
            config.get("multimodal_cfg", {}).get("embed_dim") or config["embed_dim"],
            CLIPVisionCfg(**vision),
            quick_gelu=config.get("quick_gelu", False),
        )

    def tags(self, own: str) -> list[str]:
        """See :class:`zoodata.zoos.package.Package`."""
        import open_clip

        return list(open_clip.list_pretrained_tags_by_model(own))

    def size(self, own: str, made: Any) -> tuple[int, int]:
        """See :class:`zoodata.zoos.package.Package`."""
        import open_clip

        side = open_clip.get_model_config(own)["vision_cfg"].get("image_size", 224)
        return (side, side) if isinstance(side, int) else (int(side[0]), int(side[1]))

    def classes(self, own: str, made: Any) -> int:
        """See :class:`zoodata.zoos.package.Package`."""
        return 0

    def preprocessing(self, entry: str, weights: str | None = None) -> Preprocessing | None:
        """See :class:`zoodata.zoos.base.Zoo`. Of the checkpoint; none without one."""
        import open_clip

        own = self.own_name(entry)
        tag = weights or next(iter(self.tags(own)), None)
        found = open_clip.get_pretrained_cfg(own, tag) if tag else {}
        if not found.get("mean"):
            return None
        height, width = self.size(own, None)
        squash = found.get("resize_mode") == "squash"
        return Preprocessing(
            resize=(height, width) if squash else height,
            crop=(height, width),
            interpolation=found.get("interpolation", "bicubic"),
            antialias=True,
            scale=1 / 255,
            mean=tuple(found["mean"]),
            std=tuple(found["std"]),
            channel_order="RGB",
            layout="NCHW",
            source=f"open_clip.get_pretrained_cfg({own!r}, {tag!r})",
        )
