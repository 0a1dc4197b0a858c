"""Resizing of one axis as a matrix, by ONNX's definitions of where positions fall and how values between are found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt


def interpolation(size: int, to: int, scale: float, own: Mapping[str, Any]) -> npt.NDArray[np.float64]:
    """(to, size): how much each position of a map counts for each of its resized form. By ONNX's definitions."""
    i = np.arange(to, dtype=np.float64)
    at = {
        "half_pixel": lambda: (i + 0.5) / scale - 0.5,
        "pytorch_half_pixel": lambda: (i + 0.5) / scale - 0.5 if to > 1 else np.zeros(1),
        "align_corners": lambda: i * (size - 1) / max(scale * size - 1, 1.0),
        "asymmetric": lambda: i / scale,
        "tf_half_pixel_for_nn": lambda: (i + 0.5) / scale,
        "half_pixel_symmetric": lambda: size / 2 * (1 - to / (size * scale)) + (i + 0.5) / scale - 0.5,
    }[own["coordinates"]]()
    table = np.zeros((to, size))
    if own["mode"] == "nearest":
        rounded = {
            "round_prefer_floor": lambda: np.ceil(at - 0.5), "round_prefer_ceil": lambda: np.floor(at + 0.5),
            "floor": lambda: np.floor(at), "ceil": lambda: np.ceil(at),
        }[own["rounding"]]()  # fmt: skip
        table[np.arange(to), np.clip(rounded, 0, size - 1).astype(int)] = 1.0
        return table
    stretch = max(1.0, 1 / scale) if own.get("antialias") else 1.0
    reach = (1.0 if own["mode"] == "linear" else 2.0) * stretch
    for row, centre in enumerate(at):
        places = np.arange(int(np.floor(centre - reach)), int(np.ceil(centre + reach)) + 1)
        weights = _kernel((places - centre) / stretch, own)
        if own.get("exclude_outside"):
            weights = np.where((places >= 0) & (places < size), weights, 0.0)
        weights = weights / weights.sum()
        np.add.at(table[row], np.clip(places, 0, size - 1), weights)
    return table


def _kernel(distance: npt.NDArray[np.float64], own: Mapping[str, Any]) -> npt.NDArray[np.float64]:
    x = np.abs(distance)
    if own["mode"] == "linear":
        return np.asarray(np.maximum(1 - x, 0.0))
    a = own["cubic"]
    near = (a + 2) * x**3 - (a + 3) * x**2 + 1
    far = a * x**3 - 5 * a * x**2 + 8 * a * x - 4 * a
    return np.asarray(np.where(x <= 1, near, np.where(x < 2, far, 0.0)))
