"""The user's own model in a file: ONNX, Keras, TFLite or TorchScript. No Python in it is executed.

Graphs of ONNX and Keras files are read; TFLite and TorchScript files are only run.
"""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path
from typing import Any

from zoodata.runtimes.archives import check_expansion, check_hdf5
from zoodata.runtimes.model import CannotRead, Model, in_brief
from zoodata.zoos.base import CannotBuild, DeclaresNothing, Reading, UnknownEntry, building

SUFFIXES = ".onnx, .keras, .h5, .tflite, .pt (TorchScript), .pt2 (torch.export), a SavedModel's folder"
WITH_WEIGHTS = "give it with --weights to the entry that builds the network, for instance python:MODULE:FACTORY"


class File(DeclaresNothing):
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
        self,
        entry: str,
        weights: str | None = None,
        path: Path | None = None,
        meta_device: bool = False,
        reading: Reading | None = None,
    ) -> Model:
        """See :class:`zoodata.zoos.base.Zoo`. ``entry`` is a path; ``reading`` what the file leaves open."""
        file, reading = Path(entry), reading or Reading()
        if path is not None:
            raise CannotBuild(f"{file.name} holds its own weights; a checkpoint beside it would not be used")
        if file.is_dir() and (file / "saved_model.pb").is_file():
            return building(file.name, lambda: _saved_model(file, reading))
        if not file.is_file():
            what = "a folder without a SavedModel in it" if file.is_dir() else "no file"
            raise UnknownEntry(f"there is {what} at {entry}")
        if reading.output is not None and file.suffix != ".onnx":
            raise CannotBuild(f"{file.name}: an output can be chosen of ONNX files only")
        building(file.name, lambda: check_expansion(file))
        if file.suffix == ".onnx":
            from zoodata.runtimes.onnx import OnnxModel, load

            try:
                return OnnxModel(load(file), reading.size, reading.output)
            except CannotRead as error:
                raise CannotBuild(f"{file.name}: {error}") from error
        if file.name.endswith(".weights.h5"):
            raise CannotBuild(f"{file.name} holds weights and no network: {WITH_WEIGHTS}")
        if file.suffix in (".keras", ".h5"):
            return _keras(file, reading)
        if file.suffix == ".tflite":
            return building(file.name, lambda: _tflite(file))
        if file.suffix == ".pt2":
            return building(file.name, lambda: _exported_program(file))
        if file.suffix in (".pt", ".ptl", ".torchscript", ".pth"):
            return building(file.name, lambda: _torchscript(file, reading))
        if file.suffix in (".safetensors", ".ckpt", ".bin", ".npz"):
            raise CannotBuild(f"{file.name} holds weights and no network: {WITH_WEIGHTS}")
        raise UnknownEntry(f"{file.name} is none of {SUFFIXES}; for torch code use python:MODULE:FACTORY")


def _tflite(file: Path) -> Model:
    from zoodata.runtimes.tflite import TfliteModel

    return TfliteModel(file)


def _torchscript(file: Path, reading: Reading) -> Model:
    from zoodata.runtimes.torchscript import TorchScriptModel, holds_weights_only

    if holds_weights_only(file):
        raise CannotRead(f"it holds weights and no network (a state dict): {WITH_WEIGHTS}")
    return TorchScriptModel(file, reading.size[0]) if reading.size else TorchScriptModel(file)


def _exported_program(file: Path) -> Model:
    from zoodata.runtimes.torch_export import load

    return load(file)


def _saved_model(folder: Path, reading: Reading) -> Model:
    from zoodata.runtimes.saved_model import load

    return load(folder, reading.size)


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
            names = archive.namelist()
            about = json.loads(archive.read("metadata.json")) if "metadata.json" in names else {}
            return str(about.get("keras_version", "3")), json.loads(archive.read("config.json"))
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


def _keras(file: Path, reading: Reading) -> Model:
    version, configuration = _configuration(file)
    _refuse_code(file, configuration)
    building(file.name, lambda: check_hdf5(file))
    is_old = not version.startswith("3")
    backend = os.environ.get("KERAS_BACKEND", "tensorflow")
    if backend != "tensorflow":
        if is_old:
            raise CannotBuild(f"{file.name} was written by Keras {version}, which runs on TensorFlow only")
        return building(file.name, lambda: _portable(file))
    from zoodata.runtimes.tensorflow import KerasModel  # sets the environment before Keras starts

    import keras  # isort: skip
    import tf_keras  # isort: skip

    # Keras 3 does not read all of Keras 2's layers.
    saving = tf_keras.models if is_old else keras.saving
    try:
        model = saving.load_model(file, compile=False, safe_mode=True)
    except Exception as error:
        raise CannotBuild(f"{file.name} is not a readable Keras image model: {in_brief(error)}") from error
    return building(file.name, lambda: KerasModel.of(model, reading.size))


def _portable(file: Path) -> Model:
    """A Keras 3 file on another backend than TensorFlow, to be run and not read."""
    import keras

    from zoodata.records.measurement import InputShape
    from zoodata.runtimes.keras_portable import PortableKerasModel

    model = keras.saving.load_model(file, compile=False, safe_mode=True)
    _, height, width, channels = model.input_shape
    if not (height and width and channels):
        raise CannotRead("it leaves its input size open")
    return PortableKerasModel(model, InputShape(channels=channels, height=height, width=width, layout="NHWC"))
