"""TensorFlow Lite flatbuffers, by Google's LiteRT: for their answers, not for their graph."""

from __future__ import annotations

from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from zoodata.graph.network import Network
from zoodata.records.measurement import InputShape
from zoodata.runtimes.model import Array, CannotRead, ForwardPass, Scorer, Weights, forward_pass, in_brief


class TfliteModel:
    """One TFLite file. Quantised inputs and outputs are converted by the scale and zero point that it states."""

    runtime = "litert"

    def __init__(self, path: Path) -> None:
        """Read the file.

        Raises:
            CannotRead: when it is no TFLite model of one image.
        """
        self._path = path
        try:
            interpreter = Interpreter(model_path=str(path))
            self._input = interpreter.get_input_details()[0]
            self._output = interpreter.get_output_details()[0]
        except Exception as error:
            raise CannotRead(f"not a readable TFLite model: {in_brief(error)}") from error
        shape = tuple(int(size) for size in self._input["shape"])
        if len(shape) != 4 or shape[0] != 1:
            raise CannotRead(f"it takes {shape}, not one image of (1, height, width, channels)")
        self.input = InputShape(channels=shape[3], height=shape[1], width=shape[2], layout="NHWC")
        self.classes = int(prod(self._output["shape"]))

    def network(self) -> Network:
        """See :class:`zoodata.runtimes.model.Model`."""
        raise CannotRead("graphs of TFLite files are not read, only run")

    def at(self, height: int, width: int) -> TfliteModel:
        """See :class:`zoodata.runtimes.model.Model`."""
        raise CannotRead(f"a TFLite file is for one image size, {self.input.height}x{self.input.width}")

    def stored(self) -> Weights:
        """See :class:`zoodata.runtimes.model.Model`."""
        return {}

    def forward(self, image: Array, weights: Weights, precise: bool = False) -> Array:
        """See :class:`zoodata.runtimes.model.Model`."""
        raise CannotRead("a TFLite file runs with its own weights only")

    def scorer(self, batch: int, device: str, threads: int) -> Scorer:
        """See :class:`zoodata.runtimes.model.Model`."""
        if device != "cpu":
            raise ValueError("TFLite files run on the CPU only here")
        interpreter = Interpreter(model_path=str(self._path), num_threads=threads)
        interpreter.allocate_tensors()

        def scores(images: Array) -> Array:
            rows = []
            for image in images:
                interpreter.set_tensor(self._input["index"], _quantised(image[None], self._input))
                interpreter.invoke()
                rows.append(_real(interpreter.get_tensor(self._output["index"]), self._output).ravel())
            return np.stack(rows)

        return scores

    def prepare(self, batch: int, device: str, threads: int, seed: int) -> ForwardPass:
        """See :class:`zoodata.runtimes.model.Model`."""
        return forward_pass(self.scorer(batch, device, threads), self.input, batch, seed)


def _quantised(values: Array, details: dict[str, Any]) -> Array:
    scale, zero = details["quantization"]
    if not scale:
        return values.astype(details["dtype"])
    limits = np.iinfo(details["dtype"])
    quantised: Array = np.clip(np.round(values / scale + zero), limits.min, limits.max).astype(details["dtype"])
    return quantised


def _real(values: Array, details: dict[str, Any]) -> Array:
    scale, zero = details["quantization"]
    return (values.astype(np.float32) - zero) * scale if scale else values.astype(np.float32)
