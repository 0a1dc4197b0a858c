"""Pavel Yakubovskiy's Keras packages: image-classifiers, and the EfficientNets beside it."""

from __future__ import annotations

from typing import Any

from zoodata.records import Preprocessing
from zoodata.zoos.package import IMAGENET_CLASSES, IMAGENET_SIDE, KerasPackage
from zoodata.zoos.probe import probe

SIDES = {"inceptionv3": 299, "inceptionresnetv2": 299, "xception": 299, "nasnetlarge": 331}
"""What weights of these are trained for (README, "Specification"; the package holds no sizes)."""


class Qubvel(KerasPackage):
    """``classification_models.tfkeras.Classifiers``."""

    name = "qubvel"
    title = "image-classifiers (qubvel)"
    homepage = "https://github.com/qubvel/classification_models"
    modules = ("tensorflow", "tf_keras", "classification_models")
    packages = ("tensorflow", "tf-keras", "image-classifiers")

    def listed(self) -> list[str]:
        """See :class:`zoodata.zoos.package.Package`."""
        return sorted(self._classifiers().models_names())

    def make(self, own: str, weights: str | None) -> Any:
        """See :class:`zoodata.zoos.package.Package`."""
        side = SIDES.get(own, IMAGENET_SIDE)
        build, _ = self._classifiers().get(own)
        return build((side, side, 3), classes=IMAGENET_CLASSES, weights=weights)

    def tags(self, own: str) -> list[str]:
        """See :class:`zoodata.zoos.package.Package`."""
        return ["imagenet"]

    def preprocessing(self, entry: str, weights: str | None = None) -> Preprocessing | None:
        """See :class:`zoodata.zoos.base.Zoo`. The scaling, by running its own function; sizes are not in the code."""
        own = self.own_name(entry)
        _, function = self._classifiers().get(own)
        scale, mean, std, order = probe(function)
        return Preprocessing(
            scale=scale, mean=mean, std=std, channel_order=order, layout="NHWC",
            source=f"classification_models.tfkeras.Classifiers.get({own!r})[1]",
        )  # fmt: skip

    def _classifiers(self) -> Any:
        from zoodata.runtimes import tensorflow  # noqa: F401  (sets the environment before Keras starts)

        from classification_models.tfkeras import Classifiers  # isort: skip

        return Classifiers


class QubvelEfficientNet(KerasPackage):
    """``efficientnet.tfkeras``."""

    name = "qubvel_efficientnet"
    title = "efficientnet (qubvel)"
    homepage = "https://github.com/qubvel/efficientnet"
    modules = ("tensorflow", "tf_keras", "efficientnet")
    packages = ("tensorflow", "tf-keras", "efficientnet")

    def listed(self) -> list[str]:
        """See :class:`zoodata.zoos.package.Package`."""
        return [*(f"EfficientNetB{number}" for number in range(8)), "EfficientNetL2"]

    def make(self, own: str, weights: str | None) -> Any:
        """See :class:`zoodata.zoos.package.Package`."""
        return getattr(self._module(), own)(weights=weights)

    def tags(self, own: str) -> list[str]:
        """See :class:`zoodata.zoos.package.Package`."""
        return ["noisy-student"] if own == "EfficientNetL2" else ["imagenet", "noisy-student"]

    def preprocessing(self, entry: str, weights: str | None = None) -> Preprocessing | None:
        """See :class:`zoodata.zoos.base.Zoo`."""
        self.own_name(entry)
        scale, mean, std, order = probe(self._module().preprocess_input)
        return Preprocessing(
            scale=scale, mean=mean, std=std, channel_order=order, layout="NHWC",
            source="efficientnet.tfkeras.preprocess_input",
        )  # fmt: skip

    def _module(self) -> Any:
        from zoodata.runtimes import tensorflow  # noqa: F401  (sets the environment before Keras starts)

        import efficientnet.tfkeras  # isort: skip

        return efficientnet.tfkeras
