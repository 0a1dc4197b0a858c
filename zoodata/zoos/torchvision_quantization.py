"""torchvision.models.quantization: the networks that torchvision makes quantizable, in their float form."""

from __future__ import annotations

from typing import Any

from zoodata.zoos.package import TorchPackage

AUXILIARY = frozenset({"quantized_googlenet", "quantized_inception_v3"})
"""They have heads for training, which their weights are loaded without."""


class TorchvisionQuantization(TorchPackage):
    """``torchvision.models.quantization`` before quantisation."""

    name = "torchvision_quantization"
    title = "Torchvision quantizable"
    homepage = "https://pytorch.org/vision/stable/models.html#quantized-models"
    modules = ("torch", "torchvision")
    packages = ("torch", "torchvision")

    def listed(self) -> list[str]:
        """See :class:`zoodata.zoos.package.Package`."""
        import torchvision

        return sorted(torchvision.models.list_models(module=torchvision.models.quantization))

    def make(self, own: str, weights: str | None) -> Any:
        """See :class:`zoodata.zoos.package.Package`."""
        import torchvision

        with_weights = {"aux_logits": False, "init_weights": False, "transform_input": True}
        settings = with_weights if own in AUXILIARY else {}
        return torchvision.models.get_model(own, weights=None, quantize=False, **settings)

    def size(self, own: str, made: Any) -> tuple[int, int]:
        """See :class:`zoodata.zoos.package.Package`. The crop that its weights' transforms have."""
        import torchvision

        side = int(torchvision.models.get_model_weights(own).DEFAULT.transforms().crop_size[0])
        return side, side
