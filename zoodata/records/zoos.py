"""Which distribution each zoo comes in: a measurement of a zoo's entry names the release that it measured."""

from __future__ import annotations

import re
from collections.abc import Mapping

PACKAGES: Mapping[str, str] = {
    "torchvision": "torchvision",
    "timm": "timm",
    "keras_applications": "keras",
    "tf_model_garden": "tf-models-official",
    "tf_slim": "tf-slim",
    "onnx_model_zoo": "onnx",
}


def release_key(version: str) -> tuple[int, ...]:
    """A version as numbers that sort as releases do: 1.0.31 after 1.0.9. What follows the numbers does not count."""
    return tuple(int(number) for number in re.findall(r"\d+", version)[:4])
