"""Whether a network computes what its model computes: the check that every reader must pass."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
import torch

from zoodata.graph.executor import Operands, execute, look, steps, tensor_of
from zoodata.graph.network import Network, Node
from zoodata.graph.random_weights import random_weights
from zoodata.stats import relative_error

Array = npt.NDArray[Any]
Forward = Callable[[Array, Mapping[str, Array], bool], Array]
"""Image, stored tensors, in double precision or not; the model's own class scores."""


ROUNDING = 3e-6
"""What single precision leaves of two ways to the same scores, in 97 of 100 networks."""


def scores(network: Network, weights: Mapping[str, Array], image: Array, precise: bool = False) -> Array:
    """Class scores of the executed network, flat."""
    dtype = torch.float64 if precise else torch.float32
    stored = {name: tensor_of(array).to(dtype) for name, array in weights.items()}
    with torch.inference_mode():
        result = execute(network, stored, torch.from_numpy(image).to(dtype))
    return np.asarray(result.numpy()).ravel()


def error(
    network: Network,
    forward: Forward,
    seed: int,
    as_fed: Callable[[Array], Array] | None = None,
    fixed: Mapping[str, Array] | None = None,
) -> float:
    """Relative error between a model and its network, on random weights and one random image.

    Args:
        network: as read from the model.
        forward: the model.
        seed: of weights and image.
        as_fed: an image as the model's input type holds it.
        fixed: tensors that can hold no other numbers than these.

    Hundreds of layers of random weights can amplify rounding, or drown a real difference in what the last layers add.
    Where the error is more than rounding, statistics are set to what the layers see, as training would, and both are
    calculated in double precision as far as the framework can. A wrong network stays wrong.
    """
    image, weights = _drawn(network, seed, as_fed, fixed)
    worst = relative_error(forward(image, weights, False), scores(network, weights, image))
    if worst < ROUNDING:
        return worst
    weights = calibrated(network, weights, image)
    return min(
        relative_error(forward(image, weights, precise), scores(network, weights, image, precise))
        for precise in (False, True)
    )


def parting(
    network: Network,
    native: object,
    seed: int,
    as_fed: Callable[[Array], Array] | None,
    fixed: Mapping[str, Array] | None,
) -> str | None:
    """Where the values of :func:`error` first part."""
    image, weights = _drawn(network, seed, as_fed, fixed)
    return first_parting(network, native, calibrated(network, weights, image), image)


def _drawn(
    network: Network, seed: int, as_fed: Callable[[Array], Array] | None, fixed: Mapping[str, Array] | None
) -> tuple[Array, dict[str, Array]]:
    """A random image and random weights, but for what can be no others."""
    image = np.random.default_rng(seed).standard_normal(network.input_shape).astype(np.float32)
    return image if as_fed is None else as_fed(image), random_weights(network, seed) | dict(fixed or {})


class Native(Protocol):
    """A model as its own framework runs it."""

    def forward(self, image: Array, weights: Mapping[str, Array], precise: bool = False) -> Array:
        """Class scores of one image with these stored tensors."""


@runtime_checkable
class TakesIntegers(Protocol):
    """A model whose image may be of whole numbers."""

    def as_fed(self, image: Array) -> Array:
        """A standard-normal image as the model's input type can hold it, in float32."""


@runtime_checkable
class HoldsIntegers(Protocol):
    """A model that may store weights as integers with a scale."""

    def fixed(self) -> Mapping[str, Array]:
        """The tensors that can hold no other numbers than they do, as the real numbers that they mean."""


@runtime_checkable
class HoldsWeights(Protocol):
    """A model that has weights of its own."""

    def stored(self) -> Mapping[str, Array]:
        """Its tensors as they are now, by name."""


@runtime_checkable
class ShowsInside(Protocol):
    """A model that can show values between its image and its scores."""

    def inside(self, image: Array, weights: Mapping[str, Array], places: Sequence[str]) -> Mapping[str, Array]:
        """The values at those of the places that it can show; see :attr:`zoodata.graph.network.Network.marks`."""


INSIDE_TOLERANCE = 1e-3
"""Values inside are of single precision, and some of them are small beside what they are made of."""


def first_parting(network: Network, native: object, weights: Mapping[str, Array], image: Array) -> str | None:
    """The first place whose value is another in the model than in its network; None where none is found."""
    if not isinstance(native, ShowsInside):
        return None
    try:
        shown = native.inside(image, weights, list(network.marks))
    except Exception:  # a model may raise anything, and this only looks for a better word
        return None
    marked: dict[int, list[str]] = {}
    for name, (number, _) in network.marks.items():
        marked.setdefault(number, []).append(name)
    stored = {name: tensor_of(array).to(torch.float32) for name, array in weights.items()}
    with torch.inference_mode():
        for node, value in steps(network, stored, torch.from_numpy(image).to(torch.float32)):
            for name in marked.get(node.number, ()):
                if name in shown and isinstance(value, torch.Tensor) and value.is_floating_point():
                    ours = look(value, network.marks[name][1]).numpy().ravel()
                    if relative_error(np.asarray(shown[name]).ravel(), ours) > INSIDE_TOLERANCE:
                        return name
    return None


def calibrated(network: Network, weights: Mapping[str, Array], image: Array) -> dict[str, Array]:
    """Weights whose batch norms hold the statistics of what reaches them, off by a tenth here and there."""
    tensors = dict(weights)
    if not any(node.operator == "batch_norm" for node in network.nodes):
        return tensors
    generator = np.random.default_rng(0)
    stored = {name: tensor_of(array).double() for name, array in tensors.items()}

    def observe(node: Node, values: dict[int, Any]) -> None:
        if node.operator == "batch_norm" and node.attributes["channel"] is not None:
            _observe(network, node, values, tensors, generator)

    with torch.inference_mode():
        for _ in steps(network, stored, torch.from_numpy(image).double(), before=observe):
            pass
    return tensors


def _observe(
    network: Network, node: Node, values: dict[int, Any], activations: dict[str, Array], generator: np.random.Generator
) -> None:
    x = Operands(node, values)()
    axes = [axis for axis in range(x.dim()) if axis != node.attributes["channel"]]
    spread = x.var(axes, unbiased=False) if axes else torch.ones_like(x)
    # A channel that hardly varies would blow up what another image, or rounding, makes of it.
    variance = spread.clamp_min(max(0.01 * float(spread.mean()), 1e-6))
    off = {role: torch.from_numpy(generator.uniform(-0.1, 0.1, spread.shape)) for role in ("mean", "variance")}
    middle = x.mean(axes) if axes else x
    seen = {"mean": middle + off["mean"] * variance.sqrt(), "variance": variance * (1 + off["variance"])}
    for role, vector in seen.items():
        edge = node.edge(role)
        names = network.stored_in(edge)
        if edge is None or len(names) != 1 or edge.axes is not None:
            continue
        (name,) = names
        activations[name] = vector.numpy().astype(np.float32).reshape(activations[name].shape)
        values[edge.source] = torch.from_numpy(activations[name]).double().reshape(vector.shape)
