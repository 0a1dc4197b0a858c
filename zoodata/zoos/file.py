"""The user's own model in a file: ONNX, Keras, TFLite or TorchScript. No Python in it is executed.

Graphs of ONNX and Keras files are read; TFLite and TorchScript files are only run.
"""

from __future__ import annotations

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

    def build(self, entry: str, weights: str | None = None, path: Path | None = None, hollow: bool = False) -> Model:
        """See :class:`zoodata.zoos.base.Zoo`. ``entry`` is a path."""
        file = Path(entry)
        if not file.is_file():
            raise UnknownEntry(f"there is no file {entry}")
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


def _saved_by(file: Path) -> Any:
    """The generation of Keras whose file it is: Keras 3 does not read all of Keras 2's layers."""
    import h5py
    import keras
    import tf_keras

    if file.suffix != ".h5":
        return keras.saving
    with h5py.File(file, "r") as content:
        version = str(content.attrs.get("keras_version", "2"))
    return keras.saving if version.startswith("3") else tf_keras.models


def _keras(file: Path) -> Any:
    from zoodata.runtimes.tensorflow import KerasModel  # sets the environment before Keras starts

    try:
        model = _saved_by(file).load_model(file, compile=False, safe_mode=True)
    except Exception as error:
        raise CannotBuild(f"{file.name} is not a readable Keras image model: {in_brief(error)}") from error
    return building(file.name, lambda: KerasModel.of(model))
