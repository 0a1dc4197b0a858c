"""What must happen to an image before an entry's network sees it, as the zoo declares it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from zoodata.records.base import Line, Record

Channels = tuple[float, float, float]
Spread = Annotated[float, Field(gt=0)]
Side = Annotated[int, Field(ge=1, le=100_000)]
Library = Literal["pillow", "opencv", "tensorflow", "torchvision"]
Interpolation = Literal["nearest", "bilinear", "bicubic", "lanczos", "area"]


class Preprocessing(Record):
    """One pipeline, decode to tensor. None means the zoo does not say, which is a finding of its own."""

    central_fraction: Annotated[float, Field(gt=0, le=1)] | None = None
    """Central part of the image that is cut out before resizing (TensorFlow's way)."""
    central_shape: Literal["image", "square"] = "image"
    """Whether that part has the image's proportions, or is a square of so much of the short side."""
    resize: Side | tuple[Side, Side] | None = None
    """One side in pixels, or (height, width)."""
    resize_side: Literal["short", "long"] = "short"
    """Which side a single number is; by the long side, what the crop lacks is filled with the mean."""
    crop: tuple[Side, Side] | None = None
    """Centre crop (height, width) in pixels."""
    interpolation: Interpolation | None = None
    antialias: bool | None = None
    decoder: Library | None = None
    """Whose decoder is meant; Pillow's where nobody says."""
    resizer: Library | None = None
    """Whose resize is meant; Pillow's where nobody says."""
    scale: float | None = None
    """Multiplies the 0 to 255 values first (1/255 gives 0 to 1)."""
    mean: Channels | None = None
    """Subtracted after scaling, in the channel order of the network's input."""
    std: tuple[Spread, Spread, Spread] | None = None
    channel_order: Literal["RGB", "BGR"] | None = None
    layout: Literal["NCHW", "NHWC"]
    label_offset: Annotated[int, Field(ge=0, le=1)] = 0
    """1 where class 0 is the background and ImageNet's first class is 1."""
    embedded: bool = False
    """Whether scaling and normalisation are done inside the network."""
    source: Line
    """The symbol or document that declares it."""

    @model_serializer(mode="wrap")
    def _without_later_fields(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Fields that older records do not have are written only where they say something, so that the hash of
        an older record stays what it was."""
        later = {"central_shape": "image", "resize_side": "short", "decoder": None, "resizer": None}
        return {name: value for name, value in write(self).items() if name not in later or value != later[name]}
