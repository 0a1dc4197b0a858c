"""What must happen to an image before an entry's network sees it, as the zoo declares it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from zoodata.records.base import Count, Line, Record

Channels = tuple[float, float, float]


class Preprocessing(Record):
    """One pipeline, decode to tensor. None means the zoo does not say, which is a finding of its own."""

    central_fraction: Annotated[float, Field(gt=0, le=1)] | None = None
    """Central part of the image that is cut out before resizing (TensorFlow's way)."""
    resize: Count | tuple[Count, Count] | None = None
    """Short side in pixels, or (height, width)."""
    crop: tuple[Count, Count] | None = None
    """Centre crop (height, width) in pixels."""
    interpolation: Literal["nearest", "bilinear", "bicubic", "lanczos", "area"] | None = None
    antialias: bool | None = None
    scale: float | None = None
    """Multiplies the 0 to 255 values first (1/255 gives 0 to 1)."""
    mean: Channels | None = None
    """Subtracted after scaling, in the channel order of the network's input."""
    std: Channels | None = None
    channel_order: Literal["RGB", "BGR"] | None = None
    layout: Literal["NCHW", "NHWC"]
    label_offset: Annotated[int, Field(ge=0, le=1)] = 0
    """1 where class 0 is the background and ImageNet's first class is 1."""
    embedded: bool = False
    """Whether scaling and normalisation are done inside the network."""
    source: Line
    """The symbol or document that declares it."""
