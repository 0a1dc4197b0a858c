"""Hugging Face transformers: its image classification classes, each with its default configuration.

The default is what the class builds where nothing is asked for; its docstring says which checkpoint that resembles.
Checkpoints on the hub have configurations of their own, which the package does not hold.
"""

from __future__ import annotations

from typing import Any

from zoodata.records import Preprocessing
from zoodata.zoos.package import IMAGENET_CLASSES, IMAGENET_SIDE, TorchPackage

RESAMPLES = {0: "nearest", 1: "lanczos", 2: "bilinear", 3: "bicubic"}
"""Pillow's numbers, which image processors keep."""


class Transformers(TorchPackage):
    """``MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING_NAMES``."""

    name = "transformers"
    title = "Transformers"
    homepage = "https://huggingface.co/docs/transformers"
    modules = ("torch", "transformers")
    packages = ("torch", "transformers")

    def listed(self) -> list[str]:
        """See :class:`zoodata.zoos.package.Package`."""
        return sorted(self._classes())

    def make(self, own: str, weights: str | None) -> Any:
        """See :class:`zoodata.zoos.package.Package`."""
        import transformers

        return getattr(transformers, self._classes()[own])._from_config(self._config(own))

    def size(self, own: str, made: Any) -> tuple[int, int]:
        """See :class:`zoodata.zoos.package.Package`. What the configuration says; 224 where it says nothing."""
        config = getattr(made.config, "vision_config", None) or made.config
        side = getattr(config, "image_size", None) or IMAGENET_SIDE
        return (side, side) if isinstance(side, int) else (int(side[0]), int(side[1]))

    def preprocessing(self, entry: str, weights: str | None = None) -> Preprocessing | None:
        """See :class:`zoodata.zoos.base.Zoo`. The defaults of the image processor that belongs to the configuration."""
        own = self.own_name(entry)
        processor = self._processor(own)
        if processor is None:
            return None
        size, crop = getattr(processor, "size", None) or {}, getattr(processor, "crop_size", None) or {}
        does_crop = bool(getattr(processor, "do_center_crop", False)) and "height" in crop
        mean, std = getattr(processor, "image_mean", None), getattr(processor, "image_std", None)
        if not getattr(processor, "do_normalize", False) or mean is None or std is None or len(mean) != 3:
            mean, std = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
        exact = (size["height"], size["width"]) if "height" in size else None
        return Preprocessing(
            resize=size.get("shortest_edge") or exact,
            crop=(crop["height"], crop["width"]) if does_crop else exact,
            interpolation=RESAMPLES.get(int(getattr(processor, "resample", -1) or 0)),  # type: ignore[arg-type]
            scale=float(processor.rescale_factor) if getattr(processor, "do_rescale", False) else 1.0,
            mean=tuple(mean),
            std=tuple(std),
            channel_order="RGB",
            layout="NCHW",
            source=f"defaults of transformers.{type(processor).__name__}",
        )

    def _classes(self) -> dict[str, str]:
        """Model type and, where a type has several classes, the class' own ending, to the class."""
        from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING_NAMES as mapping

        found: dict[str, str] = {}
        for kind, classes in mapping.items():
            names = (classes,) if isinstance(classes, str) else classes
            found[kind] = names[0]
            for name in names[1:]:
                found[f"{kind}-{name.partition('ForImageClassification')[2]}"] = name
        return found

    def _config(self, own: str) -> Any:
        import transformers

        config = transformers.AutoConfig.for_model(self._kind(own))
        config.num_labels = IMAGENET_CLASSES
        return config

    def _kind(self, own: str) -> str:
        """The model type of one of its classes."""
        from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING_NAMES as mapping

        return own if own in mapping else own.rpartition("-")[0]

    def _processor(self, own: str) -> Any:
        """The image processor of a model type with its defaults; None where there is none."""
        import transformers
        from transformers.models.auto import image_processing_auto

        try:
            named = image_processing_auto.IMAGE_PROCESSOR_MAPPING_NAMES[self._kind(own)]
            names = named.values() if isinstance(named, dict) else (named,) if isinstance(named, str) else named
            return next(getattr(transformers, name) for name in names if name)()
        except Exception:  # some need packages that are not here
            return None
