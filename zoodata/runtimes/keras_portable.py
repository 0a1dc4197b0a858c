"""Keras 3 on JAX or torch: to be timed and run where TensorFlow is not, as on most GPU machines.

Networks are read on the TensorFlow backend; on another one a model only runs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from zoodata.graph.network import Network
from zoodata.records.measurement import InputShape
from zoodata.runtimes.model import Array, CannotRead, ForwardPass, Scorer, Weights, filled, random_image

NOT_READ = "a Keras model is read on the TensorFlow backend; this is KERAS_BACKEND={}"


class PortableKerasModel:
    """A Keras model on the backend that Keras was started with."""

    def __init__(self, model: Any, image: InputShape) -> None:
        self._model = model
        self.backend = keras.backend.backend()
        self.runtime = f"keras-{self.backend}"
        self.input = image
        self.classes = int(model.output_shape[-1])

    def network(self) -> Network:
        """See :class:`zoodata.runtimes.model.Model`."""
        raise CannotRead(NOT_READ.format(self.backend))

    def at(self, height: int, width: int) -> PortableKerasModel:
        """See :class:`zoodata.runtimes.model.Model`."""
        raise CannotRead(NOT_READ.format(self.backend))

    def stored(self) -> Weights:
        """See :class:`zoodata.runtimes.model.Model`."""
        return {v.path: np.asarray(keras.ops.convert_to_numpy(v)) for v in self._model.weights}

    def forward(self, image: Array, weights: Weights, precise: bool = False) -> Array:
        """See :class:`zoodata.runtimes.model.Model`."""
        raise CannotRead(NOT_READ.format(self.backend))

    def scorer(self, batch: int, device: str, threads: int) -> Scorer:
        """See :class:`zoodata.runtimes.model.Model`."""
        place = self._placer(device, threads)
        run = self._function(device)

        def scores(images: Array) -> Array:
            batch_scores = keras.ops.convert_to_numpy(run(place(filled(images, batch))))
            return np.asarray(batch_scores, dtype=np.float32)[: len(images)].reshape(len(images), -1)

        return scores

    def prepare(self, batch: int, device: str, threads: int, seed: int) -> ForwardPass:
        """See :class:`zoodata.runtimes.model.Model`."""
        image = self._placer(device, threads)(random_image(self.input, batch, seed))
        run = self._function(device)
        if self.backend == "torch":
            from zoodata.runtimes.torch import TorchPass, place

            return TorchPass(lambda: run(image), place(device))

        def once() -> None:
            run(image).block_until_ready()

        return once

    def _placer(self, device: str, threads: int) -> Callable[[Array], Any]:
        """How images come to the device; the model goes there too.

        Raises:
            ValueError: when the backend does not find the device.
        """
        if self.backend == "torch":
            import torch

            from zoodata.runtimes.torch import place

            where = place(device)
            torch.set_num_threads(threads)
            self._model.to(where)
            return lambda images: torch.from_numpy(images).to(where)
        import jax

        chosen = _jax_device(device)
        return lambda images: jax.device_put(images, chosen)

    def _function(self, device: str) -> Callable[[Any], Any]:
        """The forward pass: compiled by JAX, eager in torch."""
        if self.backend == "torch":
            return lambda image: self._model(image, training=False)
        import jax

        trained = [v.value for v in self._model.trainable_variables]
        others = [v.value for v in self._model.non_trainable_variables]
        chosen = _jax_device(device)
        trained, others = jax.device_put(trained, chosen), jax.device_put(others, chosen)
        call = jax.jit(lambda t, o, image: self._model.stateless_call(t, o, image, training=False)[0])
        return lambda image: call(trained, others, image)


def _jax_device(device: str) -> Any:
    """JAX's device of this name.

    Raises:
        ValueError: where it does not find it.
    """
    import jax

    kind, _, number = device.replace("cuda", "gpu").partition(":")
    try:
        return jax.devices(kind)[int(number or 0)]
    except (RuntimeError, IndexError) as error:
        raise ValueError(f"JAX finds no {device} here") from error
