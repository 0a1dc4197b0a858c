"""MMPretrain's test pipelines, as its configurations write them."""

from __future__ import annotations

import pytest

from zoodata.zoos.mmpretrain import geometry

LOAD, PACK = {"type": "LoadImageFromFile"}, {"type": "PackInputs"}


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        (
            [{"type": "ResizeEdge", "scale": 256, "edge": "short"}, {"type": "CenterCrop", "crop_size": 224}],
            {"crop": (224, 224), "resize": 256, "resize_side": "short", "interpolation": "bilinear"},
        ),
        (
            [{"type": "Resize", "scale": (384, 320), "interpolation": "bicubic"}],
            {"crop": (320, 384), "resize": (320, 384), "resize_side": "short", "interpolation": "bicubic"},
        ),
        (
            [{"type": "ResizeEdge", "scale": 64, "edge": "long", "interpolation": "unheard"}],
            {"crop": (64, 64), "resize": 64, "resize_side": "long", "interpolation": None},
        ),
        (
            [{"type": "EfficientNetCenterCrop", "crop_size": 380}],
            {"crop": None, "resize": (380, 380), "interpolation": "bicubic", "central_fraction": 380 / 412,
             "central_shape": "square"},
        ),
        (
            [{"type": "EfficientNetCenterCrop", "crop_size": 480, "crop_padding": 0, "interpolation": "bilinear"}],
            {"crop": None, "resize": (480, 480), "interpolation": "bilinear", "central_fraction": 1.0,
             "central_shape": "square"},
        ),
        ([], {"crop": None, "interpolation": None}),
    ],
)  # fmt: skip
def test_what_a_pipeline_does_to_an_image(steps, expected):
    assert geometry([LOAD, *steps, PACK]) == expected
