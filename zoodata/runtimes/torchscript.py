"""TorchScript archives, float or quantised: for their answers, not for their graph."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from zoodata.graph.network import Network
from zoodata.records.measurement import InputShape
from zoodata.runtimes import torchscript_inspection
from zoodata.runtimes.model import Array, CannotRead, ForwardPass, Scorer, Weights, forward_pass, in_brief

SIZE = 224
"""A TorchScript file does not say what image it takes."""


class TorchScriptModel:
    """One TorchScript file. Its code is TorchScript's own, run by torch's interpreter; no Python in it runs."""

    runtime = "torchscript"

    def __init__(self, path: Path, size: int = SIZE) -> None:
        """Load the archive.

        Raises:
            CannotRead: when torch cannot load or run it.
        """
        torchscript_inspection.inspect(path)
        try:
            _choose_engine(path)
            self._module = torch.jit.load(str(path), map_location="cpu").eval()
            with torch.inference_mode():
                output = self._module(torch.zeros(1, 3, size, size))
        except Exception as error:
            # The interpreter's own words end with what was raised, after where.
            said = (
                in_brief(error) if not isinstance(error, torch.jit.Error) else str(error).strip().splitlines()[-1][:300]
            )
            raise CannotRead(f"not a TorchScript file that torch can run on an image: {said}") from error
        if not isinstance(output, torch.Tensor):
            raise CannotRead(f"it returns a {type(output).__name__}, not one tensor of scores")
        self.input = InputShape(channels=3, height=size, width=size, layout="NCHW")
        self.classes = int(output.shape[-1])

    def network(self) -> Network:
        """See :class:`zoodata.runtimes.model.Model`."""
        raise CannotRead("graphs of TorchScript files are not read, only run")

    def at(self, height: int, width: int) -> TorchScriptModel:
        """See :class:`zoodata.runtimes.model.Model`."""
        raise CannotRead("a TorchScript file is run at the size it was asked for")

    def stored(self) -> Weights:
        """See :class:`zoodata.runtimes.model.Model`."""
        return {}

    def forward(self, image: Array, weights: Weights, precise: bool = False) -> Array:
        """See :class:`zoodata.runtimes.model.Model`."""
        raise CannotRead("a TorchScript file runs with its own weights only")

    def scorer(self, batch: int, device: str, threads: int) -> Scorer:
        """See :class:`zoodata.runtimes.model.Model`."""
        torch.set_num_threads(threads)
        module = self._module.to(torch.device(device))
        # Archives packed for QNNPACK crash the process on x86 when they are given more than one image.
        step = 1 if "quantized::" in str(module.inlined_graph) else batch

        def scores(images: Array) -> Array:
            with torch.inference_mode():
                parts = torch.from_numpy(images).to(device).split(step)
                return np.asarray(torch.cat([module(part).float().cpu() for part in parts]).numpy())

        return scores

    def prepare(self, batch: int, device: str, threads: int, seed: int) -> ForwardPass:
        """See :class:`zoodata.runtimes.model.Model`."""
        return forward_pass(self.scorer(batch, device, threads), self.input, batch, seed)


def holds_weights_only(path: Path) -> bool:
    """Whether a file is a checkpoint, by torch's own safe reader. Nothing in it is executed."""
    try:
        return isinstance(torch.load(path, map_location="meta", weights_only=True), dict)
    except Exception:  # a TorchScript archive, or damaged
        return False


def _choose_engine(path: Path) -> None:
    """A quantised archive is packed for one engine; the one it names in its file name, else torch's default."""
    wanted = next((name for name in torch.backends.quantized.supported_engines if name in path.name), None)
    if wanted is not None:
        torch.backends.quantized.engine = wanted
