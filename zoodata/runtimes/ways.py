"""The ways to run a built model: itself, itself compiled or laid out otherwise, or a file of it in another runtime."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from zoodata.records.ways import Way
from zoodata.runtimes.model import CannotRead

OF_FILES: dict[Way, str] = {"onnxruntime": "network.onnx", "openvino": "network.onnx", "tflite": "model.tflite"}
"""Ways that run a file, and its name."""


class NoSuchWay(ValueError):
    """The model's framework does not have this way."""


def write(model: Any, way: Way, folder: Path) -> Path:
    """Write the file of a way, with the model's weights; what is there already is taken.

    Raises:
        NoSuchWay: when the model cannot be written for it.
        CannotRead: when its network cannot be read.
    """
    path = folder / OF_FILES[way]
    if path.exists():
        return path
    if way == "tflite":
        if not hasattr(model, "as_tflite"):
            raise NoSuchWay("only Keras models on TensorFlow are converted to TFLite")
        try:
            model.as_tflite(path)
        except ValueError as error:
            raise NoSuchWay(str(error)) from error
        return path
    from zoodata.runtimes import executed

    try:
        executed.write(model.network(), path, "onnxruntime", 0, model.stored())
    except executed.CannotExecute as error:
        raise NoSuchWay(str(error)) from error
    return path


def read(path: Path, way: Way) -> Any:
    """The model in a file of :func:`write`, in the runtime of its way.

    Raises:
        NoSuchWay: when the runtime cannot read it.
    """
    try:
        if way == "openvino":
            from zoodata.runtimes.openvino import OpenVinoModel

            return OpenVinoModel(path)
        if way == "tflite":
            from zoodata.runtimes.tflite import TfliteModel

            return TfliteModel(path)
    except CannotRead as error:
        raise NoSuchWay(str(error)) from error
    except ModuleNotFoundError as error:
        raise NoSuchWay(f"{error.name} is not installed: pip install 'zoodata[ways]'") from error
    from zoodata.runtimes import executed

    return executed.read(path, "onnxruntime")


def changed(model: Any, way: Way) -> Any:
    """The model itself in a way that needs no file. It may be laid out anew: the original is not to be used after it.

    Raises:
        NoSuchWay: when its framework does not have this way.
    """
    if way == "compiled" and hasattr(model, "compiled"):
        return model.compiled()
    if way == "compiled" and hasattr(model, "with_xla"):
        return model.with_xla()
    if way == "channels_last" and hasattr(model, "in_channels_last"):
        return model.in_channels_last()
    if way == "as_built":
        return model
    raise NoSuchWay(f"{model.runtime} has no {way.replace('_', ' ')} way")
