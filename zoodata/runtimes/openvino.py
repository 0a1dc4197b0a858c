"""OpenVINO: an ONNX file on the processor, for its time and its answers."""

from __future__ import annotations

from math import prod
from pathlib import Path

import numpy as np
import openvino

from zoodata.records.measurement import InputShape
from zoodata.runtimes.model import Array, CannotRead, ForwardPass, Scorer, forward_pass, in_brief


class OpenVinoModel:
    """An ONNX file for one image of a fixed size, compiled for the processor."""

    runtime = "openvino"

    def __init__(self, path: Path) -> None:
        """Read the file.

        Raises:
            CannotRead: when OpenVINO cannot, or its image is open.
        """
        try:
            self._model = openvino.Core().read_model(str(path))
            _, channels, height, width = (int(size) for size in self._model.inputs[0].shape)
            self.classes = prod(int(size) for size in self._model.outputs[0].shape)
        except Exception as error:  # RuntimeError of its parser, ValueError of an open shape
            raise CannotRead(f"OpenVINO does not read it: {in_brief(error)}") from error
        self.input = InputShape(channels=channels, height=height, width=width, layout="NCHW")

    def scorer(self, batch: int, device: str, threads: int) -> Scorer:
        """See :class:`zoodata.runtimes.model.Model`."""
        if device != "cpu" or batch != 1:
            raise ValueError("OpenVINO is run for one image on the CPU here")
        settings = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": threads}
        try:
            compiled = openvino.Core().compile_model(self._model, "CPU", settings)
        except RuntimeError as error:
            raise ValueError(f"OpenVINO does not compile it: {in_brief(error)}") from error
        request = compiled.create_infer_request()

        def scores(images: Array) -> Array:
            (found,) = request.infer({0: images}).values()
            return np.asarray(found, dtype=np.float32).reshape(1, -1)

        return scores

    def prepare(self, batch: int, device: str, threads: int, seed: int) -> ForwardPass:
        """See :class:`zoodata.runtimes.model.Model`."""
        return forward_pass(self.scorer(batch, device, threads), self.input, batch, seed)
