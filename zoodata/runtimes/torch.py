"""Torch, eager: modules of torchvision, timm and of users."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from zoodata.graph import torch_reader
from zoodata.graph.network import Network
from zoodata.records.measurement import InputShape
from zoodata.runtimes.model import CannotRead, Pass, WeightsDoNotFit, random_image


@contextlib.contextmanager
def parameters_on_meta() -> Iterator[None]:
    """Build modules whose parameters have shapes and no storage, so that building costs nothing.

    Only parameters go to the meta device; everything a constructor computes with (torchvision's RegNet
    takes its widths from ``torch.arange``) stays real.
    """
    original = torch.nn.Module.register_parameter

    def register(self: torch.nn.Module, name: str, parameter: torch.nn.Parameter | None) -> None:
        if parameter is not None:
            parameter = torch.nn.Parameter(parameter.detach().to("meta"), parameter.requires_grad)
        original(self, name, parameter)

    torch.nn.Module.register_parameter = register
    try:
        yield
    finally:
        torch.nn.Module.register_parameter = original


class TorchModel:
    """A torch module in evaluation mode."""

    runtime = "torch"

    def __init__(self, module: torch.nn.Module, image: InputShape, classes: int) -> None:
        self._module = module.eval()
        self.input = image
        self.classes = classes

    def network(self) -> Network:
        """See :class:`zoodata.runtimes.model.Model`."""
        try:
            return torch_reader.read(self._module, (1, self.input.channels, self.input.height, self.input.width))
        except Exception as error:  # a model's forward may raise anything
            raise CannotRead(f"{type(error).__name__}: {error}") from error

    def prepare(self, batch: int, device: str, threads: int, seed: int) -> Pass:
        """See :class:`zoodata.runtimes.model.Model`."""
        torch.set_num_threads(threads)
        place = torch.device(device)
        if place.type == "cuda" and not torch.cuda.is_available():
            raise ValueError(f"torch finds no {device} here")
        module = self._module.to(place)
        image = torch.from_numpy(random_image(self.input, batch, seed)).to(place)

        def run() -> None:
            with torch.inference_mode():
                module(image)
                if place.type == "cuda":
                    torch.cuda.synchronize(place)

        return run


def load_state(module: torch.nn.Module, path: Path) -> None:
    """Load a local checkpoint into a module; nothing in the file is executed.

    Raises:
        WeightsDoNotFit: when it is no checkpoint, or not one for this module.
    """
    try:
        state: Any = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise WeightsDoNotFit(f"{path.name} is not a plain torch checkpoint: {str(error).splitlines()[0]}") from error
    for key in ("state_dict", "model", "model_state_dict"):
        if isinstance(state, dict) and isinstance(state.get(key), dict):
            state = state[key]
    if not isinstance(state, dict):
        raise WeightsDoNotFit(f"{path.name} holds a {type(state).__name__}, not a state dict")
    try:
        module.load_state_dict({name.removeprefix("module."): tensor for name, tensor in state.items()})
    except RuntimeError as error:
        raise WeightsDoNotFit(f"{path.name} does not fit: {str(error).splitlines()[1].strip()}") from error
