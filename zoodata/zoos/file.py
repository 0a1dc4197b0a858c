"""The user's own model in a file: ONNX, Keras, TFLite or TorchScript. No Python in it is executed.

Graphs of ONNX and Keras files are read; TFLite and TorchScript files are only run.
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

from zoodata.records import Preprocessing
from zoodata.runtimes.model import CannotRead, Model, in_brief
from zoodata.zoos.base import CannotBuild, Pipeline, Statements, UnknownEntry, building

SUFFIXES = ".onnx, .keras, .h5, .tflite, .pt (TorchScript)"


class File:
    """Models in files, by path."""

    name = "file"
    title = "Your file"
    homepage = ""
    extra = "zoos"
    modules: tuple[str, ...] = ()
    packages = ("onnx", "onnxruntime", "keras", "tensorflow", "ai-edge-litert", "torch")

    def entries(self) -> list[str]:
        """See :class:`zoodata.zoos.base.Zoo`. Files are named, not listed."""
        return []

    def weights(self, entry: str) -> list[str]:
        """See :class:`zoodata.zoos.base.Zoo`."""
        return []

    def build(
        self, entry: str, weights: str | None = None, path: Path | None = None, meta_device: bool = False
    ) -> Model:
        """See :class:`zoodata.zoos.base.Zoo`. ``entry`` is a path."""
        file = Path(entry)
        if not file.is_file():
            raise UnknownEntry(f"there is no file {entry}")
        if path is not None:
            raise CannotBuild(f"{file.name} holds its own weights; a checkpoint beside it would not be used")
        if file.suffix == ".onnx":
            from zoodata.runtimes.onnx import OnnxModel, load

            try:
                return OnnxModel(load(file))
            except CannotRead as error:
                raise CannotBuild(f"{file.name}: {error}") from error
        if file.suffix in (".keras", ".h5"):
            return _keras(file)
        if file.suffix == ".tflite":
            return building(file.name, lambda: _tflite(file))
        if file.suffix in (".pt", ".ptl", ".torchscript"):
            return building(file.name, lambda: _torchscript(file))
        raise UnknownEntry(f"{file.name} is none of {SUFFIXES}; for torch code use python:MODULE:FACTORY")

    def preprocessing(self, entry: str, weights: str | None = None) -> Preprocessing | None:
        """See :class:`zoodata.zoos.base.Zoo`."""
        return None

    def pipeline(self, entry: str, weights: str | None = None) -> Pipeline | None:
        """See :class:`zoodata.zoos.base.Zoo`."""
        return None

    def claims(self) -> Statements:
        """See :class:`zoodata.zoos.base.Zoo`."""
        return Statements()


def _tflite(file: Path) -> Model:
    from zoodata.runtimes.tflite import TfliteModel

    return TfliteModel(file)


def _torchscript(file: Path) -> Model:
    from zoodata.runtimes.torchscript import TorchScriptModel

    return TorchScriptModel(file)


CARRIES_CODE = frozenset(
    {"Lambda", "TFOpLambda", "SlicingOpLambda", "ClassMethod", "InstanceMethod", "InstanceProperty", "__lambda__"}
)
"""Layers whose configuration is code, or names code to be called."""
OWN_MODULES = ("keras", "tf_keras", "builtins")


def _configuration(file: Path) -> tuple[str, Any]:
    """The Keras version that wrote a file, and its model's configuration as plain JSON.

    Raises:
        CannotBuild: when there is none.
    """
    import h5py

    try:
        if file.suffix == ".h5":
            with h5py.File(file, "r") as content:
                return str(content.attrs.get("keras_version", "2")), json.loads(content.attrs["model_config"])
        with zipfile.ZipFile(file) as archive:
            return "3", json.loads(archive.read("config.json"))
    except Exception as error:
        raise CannotBuild(f"{file.name} is not a readable Keras image model: {in_brief(error)}") from error


def _refuse_code(file: Path, configuration: Any) -> None:
    """Refuse a model that carries code: Keras' own safe mode does not hold for the older format.

    Raises:
        CannotBuild: naming the layer.
    """
    waiting = [configuration]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            name, module = item.get("class_name"), item.get("module")
            foreign = isinstance(module, str) and module.partition(".")[0] not in OWN_MODULES
            if name in CARRIES_CODE or foreign or item.get("function_type") == "lambda":
                what = f"{module}.{name}" if foreign else str(name or "a lambda")
                raise CannotBuild(f"{file.name} carries code ({what}), which is not run: build it with python:")
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)


def _keras(file: Path) -> Model:
    version, configuration = _configuration(file)
    _refuse_code(file, configuration)
    from zoodata.runtimes.tensorflow import KerasModel  # sets the environment before Keras starts

    import keras  # isort: skip
    import tf_keras  # isort: skip

    # Keras 3 does not read all of Keras 2's layers.
    saving = keras.saving if version.startswith("3") else tf_keras.models
    try:
        model = saving.load_model(file, compile=False, safe_mode=True)
    except Exception as error:
        raise CannotBuild(f"{file.name} is not a readable Keras image model: {in_brief(error)}") from error
    return building(file.name, lambda: KerasModel.of(model))
