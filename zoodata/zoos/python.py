"""The user's own torch or Keras model: ``python:package.module:factory``. Naming it runs it."""

from __future__ import annotations

import importlib
import sys
from math import prod
from pathlib import Path
from typing import Any

from zoodata.records.measurement import InputShape
from zoodata.runtimes.model import Model
from zoodata.zoos.base import CannotBuild, DeclaresNothing, Reading, UnknownEntry, building

DEFAULT_SIZE = 224


class Python(DeclaresNothing):
    """Models made by a function without arguments that the user can import."""

    name = "python"
    title = "Your code"
    homepage = ""
    extra = "zoos"
    modules: tuple[str, ...] = ()
    packages = ("torch", "keras", "tensorflow")

    def entries(self) -> list[str]:
        """See :class:`zoodata.zoos.base.Zoo`. Code is named, not listed."""
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
        """See :class:`zoodata.zoos.base.Zoo`. ``entry`` is ``package.module:factory``.

        A model is fed 3x224x224 unless it has an ``input_size`` of (channels, height, width) or, as Keras
        models do, says what it takes. Of several outputs the first is taken.
        """
        module_name, _, attribute = entry.partition(":")
        reading = reading or Reading()
        if reading.output is not None:
            raise CannotBuild(f"python:{entry}: an output can be chosen of ONNX files only")
        here = str(Path.cwd())
        if here not in sys.path:  # a module beside the user, as with python -m
            sys.path.insert(0, here)
        try:
            factory = getattr(importlib.import_module(module_name), attribute)
        except (ImportError, AttributeError, ValueError) as error:
            raise UnknownEntry(f"python:{entry} cannot be imported: {error}") from error
        model = building(f"python:{entry}", factory)
        made_by = {base.__module__.partition(".")[0] for base in type(model).__mro__}
        if "torch" in made_by:
            return _torch(f"python:{entry}", model, path, reading)
        if {"keras", "tf_keras"} & made_by:
            from zoodata.runtimes.tensorflow import KerasModel

            if path is not None:
                building(path.name, lambda: model.load_weights(path))

            if not hasattr(model, "input_shape"):  # a subclassed model says nothing about its input
                channels, height, width = _input_size(f"python:{entry}", model, reading)
                image = InputShape(channels=channels, height=height, width=width, layout="NHWC")
                return building(f"python:{entry}", lambda: KerasModel(model, image))
            return building(f"python:{entry}", lambda: KerasModel.of(model, reading.size))
        raise CannotBuild(f"python:{entry} made a {type(model).__name__}, which is neither torch nor Keras")


def _input_size(entry: str, model: Any, reading: Reading) -> tuple[int, int, int]:
    size = getattr(model, "input_size", (3, DEFAULT_SIZE, DEFAULT_SIZE))
    is_shape = isinstance(size, (tuple, list)) and len(size) == 3
    if not is_shape or not all(isinstance(length, int) and length > 0 for length in size):
        raise CannotBuild(f"{entry} has input_size = {size!r}; it must be (channels, height, width), whole numbers")
    height, width = reading.size or (size[1], size[2])
    return size[0], height, width


def _torch(entry: str, module: Any, path: Path | None, reading: Reading) -> Model:
    import torch

    from zoodata.graph.torch_reader import real_type
    from zoodata.runtimes.torch import TorchModel, first_tensor, load_state

    if path is not None:
        building(path.name, lambda: load_state(module, path))
    channels, height, width = _input_size(entry, module, reading)
    image = InputShape(channels=channels, height=height, width=width, layout="NCHW")
    with torch.no_grad():
        zeros = torch.zeros(1, channels, height, width, dtype=real_type(module))
        output = building(f"{entry}, run once", lambda: module.eval()(zeros))
    scores = first_tensor(output)
    if scores is None:
        raise CannotBuild(f"{entry} returns a {type(output).__name__} without a tensor in it")
    return TorchModel(module, image, prod(scores.shape[1:2]))
