"""What a built model can do, whatever its framework. No framework object is visible from outside."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from zoodata.graph.network import Network
from zoodata.records.measurement import InputShape

Array = npt.NDArray[Any]
Weights = Mapping[str, Array]
"""Stored tensors by name, as the framework shapes them."""


class CannotRead(Exception):
    """The model was built, but its network could not be read."""


class WeightsDoNotFit(Exception):
    """The file holds weights, but not for this network."""


def in_brief(error: BaseException) -> str:
    """The error's type and message on one line, short enough for a record."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}"[:300] if text else type(error).__name__


ForwardPass = Callable[[], None]
"""One forward pass over a fixed input; returns when the result is there."""


@runtime_checkable
class OnDevice(Protocol):
    """A forward pass of a framework that has the device's own clock and counts its memory."""

    def __call__(self) -> None:
        """As any forward pass."""

    def device_ns(self, iterations: int) -> list[int] | None:
        """Nanoseconds of each iteration on the device itself; None on a CPU."""

    def device_mib(self) -> int | None:
        """Most device memory since the last question; None on a CPU."""


Scorer = Callable[[Array], Array]
"""A batch of inputs in the model's layout to class scores of (batch, classes), in float32."""


class Model(Protocol):
    """One entry, built, in evaluation mode."""

    runtime: str
    """Name of the runtime that executes it: torch, tensorflow, tensorflow-v1, onnxruntime."""
    input: InputShape
    classes: int

    def network(self) -> Network:
        """The model's graph.

        Raises:
            CannotRead: with the framework's own message.
        """

    def at(self, height: int, width: int) -> Model:
        """The same model for images of another size.

        Raises:
            CannotRead: where its size is fixed.
        """

    def stored(self) -> Weights:
        """The model's tensors as they are now. Empty for a model on the meta device."""

    def forward(self, image: Array, weights: Weights, precise: bool = False) -> Array:
        """One forward pass in the framework with these stored tensors.

        Args:
            image: (channels, height, width), float32.
            weights: every tensor that the network reads.
            precise: calculate in float64 where the framework can.

        Returns:
            The class scores, flat.
        """

    def scorer(self, batch: int, device: str, threads: int) -> Scorer:
        """The model with its own weights as a function of up to so many images at a time.

        Raises:
            ValueError: when the runtime cannot use the device.
        """

    def prepare(self, batch: int, device: str, threads: int, seed: int) -> ForwardPass:
        """Fix the runtime's threads and device, put a random input there, and return the forward pass to time.

        Raises:
            ValueError: when the runtime cannot use the device.
        """


@runtime_checkable
class Saves(Protocol):
    """A model whose weights can be written in its framework's own format."""

    formats: tuple[str, ...]
    """Endings of the files that it writes, the usual one first."""

    def save(self, weights: Weights, path: Path) -> None:
        """Write a checkpoint of these stored tensors, that the zoo's own loader reads.

        Args:
            weights: tensors that the network reads; what else the model stores is written as it is.
            path: with one of the endings.
        """


@runtime_checkable
class HasOutputs(Protocol):
    """A model that may have several outputs, of which one is read."""

    outputs: tuple[str, ...]
    output: str


def forward_pass(scorer: Scorer, shape: InputShape, batch: int, seed: int) -> ForwardPass:
    """The forward pass to time of a model that can only be run, over one batch of random images."""
    images = random_image(shape, batch, seed)

    def once() -> None:
        scorer(images)

    return once


def filled(images: Array, batch: int) -> Array:
    """Images repeated up to the batch that a graph was made for."""
    return images if len(images) == batch else np.resize(images, (batch, *images.shape[1:]))


def random_image(shape: InputShape, batch: int, seed: int) -> npt.NDArray[np.float32]:
    """A batch of standard-normal images as float32, in the model's layout, the same for every runtime."""
    nchw = np.random.default_rng(seed).standard_normal(
        (batch, shape.channels, shape.height, shape.width), dtype=np.float32
    )
    return in_layout(nchw, shape)


def in_layout(nchw: Array, shape: InputShape) -> Array:
    """Images of (batch, channels, height, width) in the model's layout."""
    return nchw if shape.layout == "NCHW" else np.ascontiguousarray(nchw.transpose(0, 2, 3, 1))
