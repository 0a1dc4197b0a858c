"""pytorchcv (imgclsmob): the networks of many papers, written and trained anew by one author."""

from __future__ import annotations

from typing import Any

from zoodata.zoos.package import IMAGENET_CLASSES, IMAGENET_SIDE, TorchPackage

NOT_CLASSIFIERS = (
    "jasper", "quartznet", "nvpattexp", "prnet", "pfpcnet", "propainter", "raft", "superpointnet", "visemenet",
    "voca8flame",
)  # fmt: skip
OTHER_DATA = (
    "_cifar", "_svhn", "_cub", "_voc", "_coco", "_cityscapes", "_ade20k", "_camvid", "_celeba", "_widerface",
)  # fmt: skip


def is_imagenet_classifier(name: str) -> bool:
    """Whether a model of this author's packages is trained on ImageNet-1K, by its name."""
    return not any(mark in name for mark in OTHER_DATA) and not name.startswith(NOT_CLASSIFIERS)


class PyTorchCV(TorchPackage):
    """``pytorchcv.model_provider``."""

    name = "pytorchcv"
    title = "pytorchcv"
    homepage = "https://github.com/osmr/pytorchcv"
    modules = ("torch", "pytorchcv")
    packages = ("torch", "pytorchcv")

    def listed(self) -> list[str]:
        """See :class:`zoodata.zoos.package.Package`. Of those that are trained on ImageNet-1K, by their name."""
        from pytorchcv.model_provider import _models

        return sorted(filter(is_imagenet_classifier, _models))

    def make(self, own: str, weights: str | None) -> Any:
        """See :class:`zoodata.zoos.package.Package`."""
        from pytorchcv.model_provider import get_model

        return get_model(own, pretrained=weights is not None)

    def tags(self, own: str) -> list[str]:
        """See :class:`zoodata.zoos.package.Package`. One checkpoint a model that the store has a hash of."""
        from pytorchcv.models.common.model_store import get_model_metainfo_dict

        return ["imagenet1k"] if own in get_model_metainfo_dict() else []

    def size(self, own: str, made: Any) -> tuple[int, int]:
        """See :class:`zoodata.zoos.package.Package`."""
        height, width = getattr(made, "in_size", (IMAGENET_SIDE, IMAGENET_SIDE))
        return int(height), int(width)

    def classes(self, own: str, made: Any) -> int:
        """See :class:`zoodata.zoos.package.Package`."""
        return int(getattr(made, "num_classes", IMAGENET_CLASSES))
