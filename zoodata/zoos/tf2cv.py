"""tf2cv: pytorchcv's networks written again for TensorFlow 2 by the same author."""

from __future__ import annotations

from typing import Any

from zoodata.zoos.package import IMAGENET_CLASSES, KerasPackage
from zoodata.zoos.pytorchcv import is_imagenet_classifier


class Tf2cv(KerasPackage):
    """``tf2cv.model_provider``."""

    name = "tf2cv"
    title = "tf2cv"
    homepage = "https://github.com/osmr/tf2cv"
    modules = ("tensorflow", "tf_keras", "tf2cv")
    packages = ("tensorflow", "tf-keras", "tf2cv")

    def listed(self) -> list[str]:
        """See :class:`zoodata.zoos.package.Package`."""
        return sorted(filter(is_imagenet_classifier, self._provider()._models))

    def make(self, own: str, weights: str | None) -> Any:
        """See :class:`zoodata.zoos.package.Package`."""
        import tensorflow

        model = self._provider().get_model(own, pretrained=weights is not None, data_format="channels_last")
        height, width = model.in_size
        model(tensorflow.zeros((1, height, width, 3)), training=False)  # its variables are made by the first call
        return model

    def tags(self, own: str) -> list[str]:
        """See :class:`zoodata.zoos.package.Package`."""
        self._provider()
        from tf2cv.models.model_store import _model_sha1

        return ["imagenet1k"] if own in _model_sha1 else []

    def size(self, own: str, made: Any) -> tuple[int, int]:
        """See :class:`zoodata.zoos.package.Package`."""
        height, width = made.in_size
        return int(height), int(width)

    def classes(self, own: str, made: Any) -> int:
        """See :class:`zoodata.zoos.package.Package`."""
        return int(getattr(made, "classes", IMAGENET_CLASSES))

    def _provider(self) -> Any:
        from zoodata.runtimes import tensorflow  # noqa: F401  (sets the environment before Keras starts)

        import tf2cv.model_provider  # isort: skip

        return tf2cv.model_provider
