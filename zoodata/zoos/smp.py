"""segmentation_models_pytorch: encoders, which are classifiers without their heads. Their deepest features are read.

What an image must be like is on the hub beside each checkpoint, not in the package.
"""

from __future__ import annotations

from typing import Any

from zoodata.zoos.package import TorchPackage


class SegmentationModels(TorchPackage):
    """``segmentation_models_pytorch.encoders``."""

    name = "smp"
    title = "segmentation_models_pytorch encoders"
    homepage = "https://github.com/qubvel-org/segmentation_models.pytorch"
    modules = ("torch", "segmentation_models_pytorch")
    packages = ("torch", "timm", "segmentation-models-pytorch")

    def listed(self) -> list[str]:
        """See :class:`zoodata.zoos.package.Package`."""
        import segmentation_models_pytorch

        return sorted(segmentation_models_pytorch.encoders.get_encoder_names())

    def make(self, own: str, weights: str | None) -> Any:
        """See :class:`zoodata.zoos.package.Package`."""
        import segmentation_models_pytorch as package
        import torch

        class Deepest(torch.nn.Module):  # type: ignore[misc]
            """The last of the feature maps that a decoder would get."""

            def __init__(self) -> None:
                super().__init__()
                self.encoder = package.encoders.get_encoder(own, weights=weights)

            def forward(self, image: Any) -> Any:
                return self.encoder(image)[-1]

        return Deepest()

    def tags(self, own: str) -> list[str]:
        """See :class:`zoodata.zoos.package.Package`."""
        import segmentation_models_pytorch

        settings = segmentation_models_pytorch.encoders.encoders.get(own, {}).get("pretrained_settings", {})
        return sorted(settings, key=lambda tag: tag != "imagenet")

    def classes(self, own: str, made: Any) -> int:
        """See :class:`zoodata.zoos.package.Package`."""
        return 0
