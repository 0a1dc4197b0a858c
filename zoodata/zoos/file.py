"""The user's own model in a file: ``file:model.onnx`` or ``file:model.keras``. Nothing in it is executed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from zoodata.records import Preprocessing
from zoodata.runtimes.model import CannotRead, Model, in_brief
from zoodata.zoos.base import CannotBuild, Statements, UnknownEntry, building


class File:
    """Models in files, by path."""

    name = "file"
    title = "Your file"
    homepage = ""
    extra = "zoos"
    modules: tuple[str, ...] = ()
    packages = ("onnx", "onnxruntime", "keras", "tensorflow")

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
        if file.suffix == ".keras":
            return _keras(file)
        raise UnknownEntry(f"{file.name} is neither .onnx nor .keras; for torch code use python:MODULE:FACTORY")

    def preprocessing(self, entry: str, weights: str | None = None) -> Preprocessing | None:
        """See :class:`zoodata.zoos.base.Zoo`."""
        return None

    def claims(self) -> Statements:
        """See :class:`zoodata.zoos.base.Zoo`."""
        return Statements()


def _keras(file: Path) -> Any:
    from zoodata.runtimes.tensorflow import KerasModel  # sets the environment before Keras starts

    import keras  # isort: skip

    try:
        model = keras.saving.load_model(file, compile=False, safe_mode=True)
    except Exception as error:
        raise CannotBuild(f"{file.name} is not a readable Keras image model: {in_brief(error)}") from error
    return building(file.name, lambda: KerasModel.of(model))
