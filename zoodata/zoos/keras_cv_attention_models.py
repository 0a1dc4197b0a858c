"""keras_cv_attention_models (kecam): attention networks and many others in Keras, with converted weights."""

from __future__ import annotations

import inspect
from typing import Any

from zoodata.zoos.package import KerasPackage

NOT_CLASSIFIERS = frozenset(
    {"yolov8", "yolox", "yolor", "yolov7", "yolo_nas", "efficientdet", "clip", "stable_diffusion", "gpt2", "llama2",
     "segment_anything", "text_training", "backend", "models", "layers", "attention_layers", "plot_func", "coco",
     "imagenet", "common_layers", "download_and_load", "model_surgery", "visualizing", "pytorch_backend"}
)  # fmt: skip


class KerasCvAttentionModels(KerasPackage):
    """Every function of the package that builds one published network."""

    name = "keras_cv_attention_models"
    title = "keras_cv_attention_models"
    homepage = "https://github.com/leondgarse/keras_cv_attention_models"
    modules = ("tensorflow", "tf_keras", "keras_cv_attention_models")
    packages = ("tensorflow", "tf-keras", "keras-cv-attention-models")
    publishes_own_names = True

    def listed(self) -> list[str]:
        """See :class:`zoodata.zoos.package.Package`. ``MODULE_FUNCTION``."""
        return sorted(self._functions())

    def make(self, own: str, weights: str | None) -> Any:
        """See :class:`zoodata.zoos.package.Package`."""
        return self._functions()[own](pretrained=weights)

    def tags(self, own: str) -> list[str]:
        """See :class:`zoodata.zoos.package.Package`. Only the default of each: the package does not list the others."""
        return [str(inspect.signature(self._functions()[own]).parameters["pretrained"].default)]

    def classes(self, own: str, made: Any) -> int:
        """See :class:`zoodata.zoos.package.Package`."""
        return int(made.output_shape[-1])

    def _functions(self) -> dict[str, Any]:
        from zoodata.runtimes import tensorflow  # noqa: F401  (sets the environment before Keras starts)

        import keras_cv_attention_models as package  # isort: skip

        found: dict[str, Any] = {}
        for module_name, module in inspect.getmembers(package, inspect.ismodule):
            if module_name in NOT_CLASSIFIERS:
                continue
            for name, function in inspect.getmembers(module, inspect.isfunction):
                parameters = inspect.signature(function).parameters
                if not name[0].isupper() or not {"pretrained", "num_classes"} <= set(parameters):
                    continue
                if parameters["pretrained"].default is not None:  # a published network, not a family's general function
                    found.setdefault(f"{module_name}_{name}", function)
        return found
