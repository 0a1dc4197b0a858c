"""ncnn models: a network in text (``.param``) beside its weights (``.bin``), for their answers, not for their graph."""

from __future__ import annotations

from pathlib import Path

import ncnn
import numpy as np

from zoodata.graph.network import Network
from zoodata.records.measurement import InputShape
from zoodata.runtimes.model import Array, CannotRead, ForwardPass, Scorer, Weights, forward_pass


class NcnnModel:
    """One ncnn model of one input and one output, run in single precision."""

    runtime = "ncnn"

    def __init__(self, path: Path, weights: Path, side: int) -> None:
        """Load the model.

        Args:
            path: the ``.param`` file.
            weights: the ``.bin`` file.
            side: height and width of the image, which the file need not state.

        Raises:
            CannotRead: when ncnn cannot load or run it.
        """
        self._net = ncnn.Net()
        options = self._net.opt
        options.use_vulkan_compute = False
        options.use_fp16_packed = options.use_fp16_storage = options.use_fp16_arithmetic = False
        if self._net.load_param(str(path)) or self._net.load_model(str(weights)):
            raise CannotRead(f"{path.name} and {weights.name} are not a readable ncnn model")
        inputs, outputs = self._net.input_names(), self._net.output_names()
        if len(inputs) != 1 or len(outputs) != 1:
            raise CannotRead(f"{path.name} has {len(inputs)} inputs and {len(outputs)} outputs, not one of each")
        self._input, self._output = inputs[0], outputs[0]
        self.input = InputShape(channels=3, height=side, width=side, layout="NCHW")
        self.classes = len(self._scores(np.zeros((3, side, side), dtype=np.float32)))

    def network(self) -> Network:
        """See :class:`zoodata.runtimes.model.Model`."""
        raise CannotRead("graphs of ncnn files are not read, only run")

    def at(self, height: int, width: int) -> NcnnModel:
        """See :class:`zoodata.runtimes.model.Model`."""
        raise CannotRead(f"an ncnn file is run at one image size, {self.input.height}x{self.input.width}")

    def stored(self) -> Weights:
        """See :class:`zoodata.runtimes.model.Model`."""
        return {}

    def forward(self, image: Array, weights: Weights, precise: bool = False) -> Array:
        """See :class:`zoodata.runtimes.model.Model`."""
        raise CannotRead("an ncnn file runs with its own weights only")

    def scorer(self, batch: int, device: str, threads: int) -> Scorer:
        """See :class:`zoodata.runtimes.model.Model`."""
        if device != "cpu":
            raise ValueError("ncnn files run on the CPU only here")
        self._net.opt.num_threads = threads
        return lambda images: np.stack([self._scores(image) for image in images])

    def prepare(self, batch: int, device: str, threads: int, seed: int) -> ForwardPass:
        """See :class:`zoodata.runtimes.model.Model`."""
        return forward_pass(self.scorer(batch, device, threads), self.input, batch, seed)

    def _scores(self, image: Array) -> Array:
        run = self._net.create_extractor()
        run.input(self._input, ncnn.Mat(np.ascontiguousarray(image, dtype=np.float32)).clone())
        failed, scores = run.extract(self._output)
        if failed:
            raise CannotRead("ncnn stopped in the middle of the network")
        return np.array(scores, dtype=np.float32).ravel()
