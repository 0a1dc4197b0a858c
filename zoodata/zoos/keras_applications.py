"""Keras Applications: 40 models of Keras 3, on its TensorFlow backend unless KERAS_BACKEND says otherwise."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import os
import re
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from zoodata.records import Claim, Preprocessing
from zoodata.records.claim import ClaimConditions, PackageSource
from zoodata.records.measurement import InputShape
from zoodata.runtimes.model import Model, in_brief
from zoodata.zoos.base import CannotBuild, Pipeline, Statements, UnknownEntry, building, downloading, known
from zoodata.zoos.probe import probe

# MobileNetV3 leaves its input size open; 224 is what its weights are trained for (its docstring's table).
OPEN_INPUT = 224

BACKEND = os.environ.get("KERAS_BACKEND", "tensorflow")
"""What Keras runs on. Networks are read on TensorFlow; JAX and torch are for timing, as on a GPU."""


class KerasApplications:
    """``keras.applications``."""

    name = "keras_applications"
    title = "Keras Applications"
    homepage = "https://keras.io/api/applications/"
    extra = "tensorflow"

    @property
    def modules(self) -> tuple[str, ...]:
        """Keras and what it runs on."""
        return ("keras", BACKEND)

    @property
    def packages(self) -> tuple[str, ...]:
        """As the modules; JAX keeps its compiled half in another package."""
        return ("keras", BACKEND, *(("jaxlib",) if BACKEND == "jax" else ()))

    def entries(self) -> list[str]:
        """See :class:`zoodata.zoos.base.Zoo`."""
        applications = self._applications()
        functions = inspect.getmembers(applications, inspect.isfunction)
        return [name for name, function in functions if "include_top" in inspect.signature(function).parameters]

    def weights(self, entry: str) -> list[str]:
        """See :class:`zoodata.zoos.base.Zoo`."""
        known(entry, self.entries(), self.name)
        return ["imagenet"]

    def build(
        self, entry: str, weights: str | None = None, path: Path | None = None, meta_device: bool = False
    ) -> Model:
        """See :class:`zoodata.zoos.base.Zoo`."""
        known(entry, self.entries(), self.name)
        if weights not in (None, "imagenet"):
            raise UnknownEntry(f"keras_applications:{entry} has no weights {weights}; it has imagenet")
        make = getattr(self._applications(), entry)
        _forget_earlier_models()
        if weights is not None and path is None:
            model = downloading(f"keras_applications:{entry}@imagenet", lambda: make(weights="imagenet"))
        else:
            with _without_loading():
                model = building(f"keras_applications:{entry}", lambda: make(weights="imagenet"))
        if path is not None:
            try:
                model.load_weights(path)
            except Exception as error:
                raise CannotBuild(f"{path.name} does not fit keras_applications:{entry}: {in_brief(error)}") from error
        _, height, width, channels = model.input_shape
        size = InputShape(channels=channels, height=height or OPEN_INPUT, width=width or OPEN_INPUT, layout="NHWC")
        if BACKEND != "tensorflow":
            from zoodata.runtimes.keras_portable import PortableKerasModel

            return PortableKerasModel(model, size)
        from zoodata.runtimes.tensorflow import KerasModel

        return KerasModel(model, size)

    def preprocessing(self, entry: str, weights: str | None = None) -> Preprocessing:
        """See :class:`zoodata.zoos.base.Zoo`.

        Scaling is read off the zoo's own ``preprocess_input``; how the image comes to its size is not
        declared anywhere in the package, so those fields are None.
        """
        known(entry, self.entries(), self.name)
        module = self._module(entry)
        scale, mean, std, order = probe(module.preprocess_input)
        identity = scale == 1 and not any(mean)
        return Preprocessing(
            scale=scale,
            mean=mean,
            std=std,
            channel_order=order,
            layout="NHWC",
            embedded=identity,
            source=f"{module.__name__.replace('.src', '')}.preprocess_input",
        )

    def pipeline(self, entry: str, weights: str | None = None) -> Pipeline:
        """See :class:`zoodata.zoos.base.Zoo`. ``preprocess_input`` of an image that has the network's size already."""
        known(entry, self.entries(), self.name)
        function = self._module(entry).preprocess_input
        return lambda image: np.asarray(function(np.asarray(image, dtype="float32")), dtype="float32")

    def claims(self) -> Statements:
        """The tables in the package's own docstrings: MobileNetV3's; the others are on keras.io."""
        self._applications()  # sets the environment before Keras starts
        source = importlib.import_module("keras.src.applications.mobilenet_v3")
        path = "keras/src/applications/mobilenet_v3.py"
        return Statements(list(_table_claims(Path(str(source.__file__)).read_text(encoding="utf-8"), path)))

    def _applications(self) -> Any:
        if BACKEND == "tensorflow":
            from zoodata.runtimes import tensorflow  # noqa: F401  (sets the environment before Keras starts)

        return importlib.import_module("keras.applications")

    def _module(self, entry: str) -> Any:
        """The public module that belongs to an entry: the one with the same function and preprocess_input."""
        applications = self._applications()
        function = getattr(applications, entry)
        for _, module in inspect.getmembers(applications, inspect.ismodule):
            if getattr(module, entry, None) is function and hasattr(module, "preprocess_input"):
                return module
        return importlib.import_module(function.__module__)


def _forget_earlier_models() -> None:
    """Keras keeps every model's names and layers; a sweep over many would grow without end."""
    import keras

    keras.utils.clear_session()


@contextlib.contextmanager
def _without_loading() -> Iterator[None]:
    """Build as with ImageNet weights, but fetch and load none.

    The graph depends on the argument: EfficientNet adds a rescaling layer only for ``weights="imagenet"``.
    """
    import keras
    from keras.src.utils import file_utils

    fetch, load = file_utils.get_file, keras.Model.load_weights
    file_utils.get_file = lambda *args, **kwargs: "not fetched"
    keras.Model.load_weights = lambda self, *args, **kwargs: None
    try:
        yield
    finally:
        file_utils.get_file = fetch
        keras.Model.load_weights = load


ROW = re.compile(
    r"^\|\s*mobilenet_v3_(?P<size>large|small)_(?P<minimal>minimalistic_)?(?P<alpha>[\d.]+)_(?P<pixels>\d+)\s*"
    r"\|\s*(?P<macs>[\d.]+)\s*\|\s*(?P<parameters>[\d.]+)\s*\|\s*(?P<top1>[\d.]+)\s*\|"
)


def _table_claims(text: str, path: str) -> Iterator[Claim]:
    version = metadata.version("keras")
    for number, line in enumerate(text.splitlines(), 1):
        match = ROW.match(line)
        # The entry is the function with its defaults; other widths and the minimal kind are other models.
        if not match or match["minimal"] or float(match["alpha"]) != 1.0:
            continue
        claims = [
            ("top1", match["top1"], "percent", float(match["top1"]), "percent"),
            ("parameters", match["parameters"], "M", float(match["parameters"]) * 1e6, "count"),
            ("macs", match["macs"], "M", float(match["macs"]) * 1e6, "count"),
        ]
        for metric, stated, stated_unit, value, unit in claims:
            yield Claim.seal(
                entry=f"keras_applications:MobileNetV3{match['size'].title()}",
                metric=metric,
                stated=stated,
                stated_unit=stated_unit,
                value=value,
                unit=unit,
                conditions=ClaimConditions(dataset="ImageNet-1K", input_size=int(match["pixels"])),
                source=PackageSource(package="keras", version=version, symbol=f"{path}#L{number}"),
            )
