"""torchvision: 80 classification models; weights, preprocessing and claims in one enum a model."""

from __future__ import annotations

import contextlib
import functools
import importlib
import math
import sys
import warnings
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from zoodata.records import Claim, NotStated, Preprocessing
from zoodata.records.claim import ClaimConditions, Metric, PackageSource
from zoodata.records.measurement import InputShape
from zoodata.runtimes.model import Model
from zoodata.zoos.base import Address, Pipeline, Statements, UnknownEntry, building, downloading, known


class Torchvision:
    """``torchvision.models``, classification."""

    name = "torchvision"
    title = "Torchvision"
    homepage = "https://pytorch.org/vision/stable/models.html"
    extra = "torch"
    modules = ("torch", "torchvision")
    packages = ("torch", "torchvision")

    def entries(self) -> list[str]:
        """See :class:`zoodata.zoos.base.Zoo`."""
        torchvision = _imported()
        return sorted(torchvision.models.list_models(module=torchvision.models))

    def weights(self, entry: str) -> list[str]:
        """See :class:`zoodata.zoos.base.Zoo`."""
        enum = self._enum(entry)
        default = enum.DEFAULT.name
        return [default, *(member.name for member in enum if member.name != default)]

    def build(
        self, entry: str, weights: str | None = None, path: Path | None = None, meta_device: bool = False
    ) -> Model:
        """See :class:`zoodata.zoos.base.Zoo`."""
        from zoodata.runtimes.torch import TorchModel, load_state, parameters_on_meta

        enum = self._enum(entry)
        member = self._member(entry, weights)
        if weights is not None and path is None:
            module = downloading(f"torchvision:{entry}@{weights}", lambda: _construct(entry, member))
        else:
            with parameters_on_meta() if meta_device else contextlib.nullcontext(), _without_loading(enum):
                module = building(f"torchvision:{entry}", lambda: _construct(entry, member))
        if path is not None:
            building(path.name, lambda: load_state(module, path))
        size = member.transforms().crop_size[0]
        image = InputShape(channels=3, height=size, width=size, layout="NCHW")
        return TorchModel(module, image, len(member.meta["categories"]))

    def preprocessing(self, entry: str, weights: str | None = None) -> Preprocessing:
        """See :class:`zoodata.zoos.base.Zoo`."""
        member = self._member(entry, weights)
        transforms = member.transforms()
        return Preprocessing(
            resize=transforms.resize_size[0],
            crop=(transforms.crop_size[0], transforms.crop_size[0]),
            interpolation=transforms.interpolation.value,
            antialias=bool(transforms.antialias),
            scale=1 / 255,
            mean=tuple(transforms.mean),
            std=tuple(transforms.std),
            channel_order="RGB",
            layout="NCHW",
            source=f"torchvision.models.{member}.transforms()",
        )

    def pipeline(self, entry: str, weights: str | None = None) -> Pipeline:
        """See :class:`zoodata.zoos.base.Zoo`."""
        transform = self._member(entry, weights).transforms()
        return lambda image: np.asarray(transform(image).numpy())

    def claims(self) -> Statements:
        """Accuracy, parameters, compute and file size of every checkpoint's metadata."""
        claims = [item for entry in self.entries() for member in self._enum(entry) for item in _claims(entry, member)]
        return Statements(
            [item for item in claims if isinstance(item, Claim)],
            [item for item in claims if isinstance(item, NotStated)],
        )

    def addresses(self, entry: str) -> list[Address]:
        """See :class:`zoodata.zoos.base.Addressed`."""
        enum = self._enum(entry)
        stated = {name: enum[name].meta.get("_metrics", {}).get("ImageNet-1K", {}) for name in enum.__members__}
        return [
            Address(name, enum[name].url, top1 if (top1 := stated[name].get("acc@1")) == top1 else None)
            for name in self.weights(entry)
        ]

    def _enum(self, entry: str) -> Any:
        known(entry, self.entries(), self.name)
        return _imported().models.get_model_weights(entry)

    def _member(self, entry: str, weights: str | None) -> Any:
        enum = self._enum(entry)
        if weights is not None and weights not in enum.__members__:
            raise UnknownEntry(f"torchvision:{entry} has no weights {weights}; it has {', '.join(enum.__members__)}")
        return enum[weights] if weights else enum.DEFAULT


def _imported() -> Any:
    """The package. One that is no companion of this torch lacks operators of its own; nobody here runs them."""
    import torch

    try:
        return importlib.import_module("torchvision")
    except RuntimeError:
        for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
            del sys.modules[name]
        library = torch.library.Library("torchvision", "DEF")
        for name in ("nms", "qnms"):
            library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        _KEPT.append(library)
        return importlib.import_module("torchvision")


_KEPT: list[Any] = []
"""Operators are declared as long as their library lives."""


def _construct(entry: str, member: Any) -> Any:
    torchvision = _imported()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torchvision.models.get_model(entry, weights=member)


@contextlib.contextmanager
def _without_loading(enum: Any) -> Iterator[None]:
    """Let a builder run as with weights, but fetch and load none.

    Builders choose their arguments by the weights: GoogLeNet drops its auxiliary heads and rescales its
    input only then. The network that belongs to the weights is only built by going the same way.
    """
    import torch

    fetch, load = enum.get_state_dict, torch.nn.Module.load_state_dict
    enum.get_state_dict = lambda self, *args, **kwargs: {}
    torch.nn.Module.load_state_dict = lambda self, *args, **kwargs: None
    try:
        yield
    finally:
        enum.get_state_dict = fetch
        torch.nn.Module.load_state_dict = load


@functools.cache
def _version() -> str:
    return metadata.version("torchvision")


def _claims(entry: str, member: Any) -> Iterator[Claim | NotStated]:
    symbol = f"torchvision.models.{type(member).__name__}.{member.name}"
    size = member.transforms().crop_size[0]
    accuracy = member.meta["_metrics"]["ImageNet-1K"]
    # torchvision calls "GFLOPS" what is a count of multiply-accumulates, and "MB" what is mebibytes.
    parameters, gigamacs, mebibytes = (member.meta[key] for key in ("num_params", "_ops", "_file_size"))
    top1, top5 = accuracy["acc@1"], accuracy["acc@5"]
    values: list[tuple[Metric, float, str, float, str, str]] = [
        ("top1", top1, "percent", top1, "percent", "meta['_metrics']['ImageNet-1K']['acc@1']"),
        ("top5", top5, "percent", top5, "percent", "meta['_metrics']['ImageNet-1K']['acc@5']"),
        ("parameters", parameters, "count", parameters, "count", "meta['num_params']"),
        ("macs", gigamacs, "GFLOPS", round(gigamacs * 1e9), "count", "meta['_ops']"),
        ("file_size", mebibytes, "MB", round(mebibytes * 2**20), "bytes", "meta['_file_size']"),
    ]
    for metric, value, stated_unit, normalised, unit, place in values:
        if math.isnan(value):  # VGG16's features-only weights have no classifier
            yield NotStated(
                entry=f"torchvision:{entry}@{member.name}", metric=metric, reason=f"{symbol}.{place} is NaN"
            )
            continue
        yield Claim.seal(
            entry=f"torchvision:{entry}@{member.name}",
            metric=metric,
            stated=str(value),
            stated_unit=stated_unit,
            value=float(normalised),
            unit=unit,
            conditions=ClaimConditions(dataset="ImageNet-1K", input_size=size),
            source=PackageSource(package="torchvision", version=_version(), symbol=f"{symbol}.{place}"),
        )
