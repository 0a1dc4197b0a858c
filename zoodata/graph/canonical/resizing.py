"""Resizing of a map, in one form: how positions of the result fall on positions of the map, and how values between
positions are found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from zoodata.graph import view
from zoodata.graph.canonical.builder import Builder, View
from zoodata.graph.canonical.pooling import image_axes
from zoodata.graph.network import INPUT

Coordinates = Literal["half_pixel", "align_corners", "asymmetric", "half_pixel_symmetric", "tf_half_pixel_for_nn"]
"""ONNX's words for how a result's position falls on the map's."""


def resize(
    b: Builder,
    x: View,
    sizes: Sequence[int],
    mode: Literal["nearest", "linear", "cubic"],
    coordinates: str = "half_pixel",
    rounding: str | None = None,
    cubic: float = -0.75,
    exclude_outside: bool = False,
    antialias: bool = False,
    scales: Sequence[float] | None = None,
) -> View:
    """(batch, channels, *positions) with other numbers of positions.

    Args:
        sizes: of the result's positions.
        mode: between positions; ``nearest`` takes one of them, by ``rounding``.
        coordinates: see :data:`Coordinates`.
        rounding: ONNX's word: round_prefer_floor, round_prefer_ceil, floor, ceil.
        cubic: the cubic kernel's parameter.
        exclude_outside: whether positions outside of the map have no weight, and those inside all.
        antialias: whether the kernel grows with the map where it shrinks.
        scales: of the result over the map, where they are not the quotient of the sizes.
    """
    have = list(x.shape[2:])
    if have == list(sizes) and coordinates != "tf_half_pixel_for_nn":
        return x
    factors = (
        [float(scale) for scale in scales] if scales else [to / size for to, size in zip(sizes, have, strict=True)]
    )
    whole = all(to % size == 0 and abs(f - to // size) < 1e-6 for to, size, f in zip(sizes, have, factors, strict=True))
    own: dict[str, object] = {"mode": mode, "scales": tuple(factors)}
    if mode == "nearest":
        rounding = rounding or "round_prefer_floor"
        if coordinates in ("asymmetric", "tf_half_pixel_for_nn") and rounding == "floor" and whole:
            coordinates, rounding = "half_pixel", "round_prefer_floor"  # the same for whole factors
        if whole and coordinates == "half_pixel" and rounding.startswith("round"):
            rounding = "round_prefer_floor"
        own["rounding"] = rounding
    if coordinates == "pytorch_half_pixel":  # another word, but for results of one position
        coordinates = "half_pixel" if all(size > 1 for size in sizes) else coordinates
    own["coordinates"] = coordinates
    if mode == "cubic":
        own["cubic"] = cubic
    for word, value in (("exclude_outside", exclude_outside), ("antialias", antialias)):
        if value and mode != "nearest":
            own[word] = True
    shape = (*x.shape[:2], *sizes)
    node = b.add("resize", [b.edge(INPUT, x, image_axes(x))], view.without_ones(shape), sizes=tuple(sizes), **own)
    return b.value(node, shape)
