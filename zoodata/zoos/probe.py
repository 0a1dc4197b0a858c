"""What a zoo's own ``preprocess_input`` does, found by running it."""

from __future__ import annotations

from typing import Any, Literal

from zoodata.records.preprocessing import Channels

Order = Literal["RGB", "BGR"]


def probe(function: Any) -> tuple[float, Channels, Channels, Order]:
    """Scale, mean, standard deviation and channel order of an affine ``preprocess_input``."""
    import numpy as np

    black = np.zeros((1, 1, 1, 3), dtype="float32")
    offset = np.asarray(function(black.copy()), dtype="float64").ravel()
    red = black.copy()
    red[..., 0] = 255.0
    response = np.asarray(function(red), dtype="float64").ravel() - offset
    order: Order = "RGB" if abs(response[0]) > abs(response[2]) else "BGR"
    white = np.asarray(function(black + 255.0), dtype="float64").ravel() - offset
    slope = white / 255.0
    if np.allclose(slope, 1.0):  # caffe: mean subtracted, nothing scaled
        return 1.0, _channels(-offset), (1.0, 1.0, 1.0), order
    scale = 1 / 255
    std = scale / slope
    return scale, _channels(-offset * std), _channels(std), order


def _channels(values: Any) -> Channels:
    """To four digits, which is what float32 arithmetic on 0 to 255 leaves; no negative zero."""
    first, second, third = (round(float(value), 4) + 0.0 for value in values)
    return first, second, third
