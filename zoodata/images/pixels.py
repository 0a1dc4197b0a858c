"""From an encoded image to a network's input, as a preprocessing says: decode, resize, crop, scale, normalise.

One specification can be carried out by several libraries, which do not agree: decoders differ in how they
upsample colour, resizers in whether they filter before they shrink. Which one is meant is part of the
specification; Pillow where it does not say.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from zoodata.records import Preprocessing

Array = npt.NDArray[Any]

FILTERS = {"nearest": "NEAREST", "bilinear": "BILINEAR", "bicubic": "BICUBIC", "lanczos": "LANCZOS", "area": "BOX"}
"""Pillow's own names."""


class CannotDecode(ValueError):
    """The file is no image that the decoder can read."""


def decode(data: bytes, decoder: str = "pillow") -> Array:
    """Encoded bytes to uint8 of (height, width, 3), RGB.

    Raises:
        CannotDecode: in one sentence.
    """
    try:
        return _DECODE[decoder](data)
    except ModuleNotFoundError:
        raise
    except Exception as error:
        raise CannotDecode(f"{decoder} cannot decode it: {' '.join(str(error).split())[:200]}") from error


def apply(spec: Preprocessing, image: Array, out: Array | None = None) -> Array:
    """A decoded image (height, width, 3) to the float32 input of one forward pass, in the specification's layout.

    Args:
        out: write the result here.
    """
    image = _central_part(spec, image)
    if spec.resize is not None:
        image = resize(image, target_size(spec, image.shape[:2]), spec)
    if spec.crop is not None:
        image = centre_crop(image, spec.crop, spec)
    return normalise(spec, image, out)


def normalise(spec: Preprocessing, image: Array, out: Array | None = None) -> Array:
    """Channel order, scale, mean and standard deviation, layout."""
    if spec.channel_order == "BGR":
        image = image[..., ::-1]
    # Plane by plane and in place: a few times faster than over the last axis, and without holding Python's lock.
    shape = (image.shape[2], *image.shape[:2])
    if out is not None and out.shape != (shape if spec.layout == "NCHW" else image.shape):
        raise ValueError(f"the image becomes {image.shape[0]}x{image.shape[1]}, the buffer holds {out.shape}")
    planes = out if out is not None and spec.layout == "NCHW" else np.empty(shape, dtype=np.float32)
    for channel, plane in enumerate(planes):
        plane[...] = image[..., channel]
        if spec.scale is not None:
            plane *= np.float32(spec.scale)
        if spec.mean is not None:
            plane -= np.float32(spec.mean[channel])
        if spec.std is not None:
            plane /= np.float32(spec.std[channel])
    if spec.layout == "NCHW":
        return planes
    if out is None:
        return np.ascontiguousarray(planes.transpose(1, 2, 0))
    out[...] = planes.transpose(1, 2, 0)
    return out


def target_size(spec: Preprocessing, size: tuple[int, int]) -> tuple[int, int]:
    """(height, width) after resizing an image of (height, width)."""
    if isinstance(spec.resize, tuple):
        return spec.resize
    assert spec.resize is not None
    height, width = size
    reference = min(size) if spec.resize_side == "short" else max(size)
    # The other side is cut off, not rounded, as torchvision does; the named side is exact.
    sides = [spec.resize if side == reference else int(spec.resize * side / reference) for side in (height, width)]
    return sides[0], sides[1]


def resize(image: Array, size: tuple[int, int], spec: Preprocessing) -> Array:
    """Resize to (height, width) by the specification's library and filter."""
    if image.shape[:2] == size:
        return image
    return _RESIZE[spec.resizer or "pillow"](image, size, spec.interpolation or "bilinear", spec.antialias is not False)


def centre_crop(image: Array, crop: tuple[int, int], spec: Preprocessing) -> Array:
    """The middle (height, width); what the image lacks is filled with the mean where it is resized by its long
    side, and with black elsewhere."""
    height, width = image.shape[:2]
    missing = [max(want - have, 0) for want, have in zip(crop, (height, width), strict=True)]
    if any(missing):
        before = [amount // 2 for amount in missing]
        fill = np.zeros(3) if spec.resize_side == "short" else np.round(np.asarray(spec.mean or (0, 0, 0)) * 255)
        padded = np.empty((height + missing[0], width + missing[1], 3), dtype=image.dtype)
        padded[...] = fill.astype(image.dtype)
        padded[before[0] : before[0] + height, before[1] : before[1] + width] = image
        image, (height, width) = padded, padded.shape[:2]
    top, left = round((height - crop[0]) / 2.0), round((width - crop[1]) / 2.0)
    return image[top : top + crop[0], left : left + crop[1]]


def _central_part(spec: Preprocessing, image: Array) -> Array:
    """The middle as ``tf.image.central_crop`` takes it, or the Model Garden's ``center_crop_image``."""
    fraction, (height, width) = spec.central_fraction, image.shape[:2]
    if fraction is None:
        return image
    if spec.central_shape == "square":
        side = np.float32(fraction) * np.float32(min(height, width))
        top, left = (int((np.float32(size) - side) / np.float32(2)) for size in (height, width))
        return image[top : top + int(side), left : left + int(side)]
    top, left = int((height - height * fraction) / 2), int((width - width * fraction) / 2)
    return image[top : height - top, left : width - left]


def _pillow_decode(data: bytes) -> Array:
    from PIL import Image  # no part of the light install, which imports this module

    with Image.open(io.BytesIO(data)) as image:
        if image.mode.startswith("I") or image.mode == "F":
            raise ValueError(f"more than 8 bits a channel (mode {image.mode}), which Pillow would cut off")
        return np.asarray(image.convert("RGB"))


def _opencv_decode(data: bytes) -> Array:
    import cv2

    decoded = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), cv2.IMREAD_COLOR)
    if decoded is None:
        raise ValueError("not an image")
    return np.ascontiguousarray(decoded[..., ::-1])


def _tensorflow_decode(data: bytes) -> Array:
    import tensorflow as tf

    return np.asarray(tf.io.decode_image(data, channels=3, expand_animations=False).numpy())


def _torchvision_decode(data: bytes) -> Array:
    import torch
    from torchvision.io import ImageReadMode, decode_image

    tensor = decode_image(torch.frombuffer(bytearray(data), dtype=torch.uint8), mode=ImageReadMode.RGB)
    return np.ascontiguousarray(tensor.numpy().transpose(1, 2, 0))


def _pillow_resize(image: Array, size: tuple[int, int], interpolation: str, antialias: bool) -> Array:
    """Pillow always filters as widely as it shrinks."""
    from PIL import Image

    return np.asarray(Image.fromarray(image).resize((size[1], size[0]), Image.Resampling[FILTERS[interpolation]]))


def _opencv_resize(image: Array, size: tuple[int, int], interpolation: str, antialias: bool) -> Array:
    """OpenCV filters only with INTER_AREA."""
    import cv2

    flags = {"nearest": cv2.INTER_NEAREST, "bilinear": cv2.INTER_LINEAR, "bicubic": cv2.INTER_CUBIC,
             "lanczos": cv2.INTER_LANCZOS4, "area": cv2.INTER_AREA}  # fmt: skip
    return np.asarray(cv2.resize(image, (size[1], size[0]), interpolation=flags[interpolation]))


def _tensorflow_resize(image: Array, size: tuple[int, int], interpolation: str, antialias: bool) -> Array:
    import tensorflow as tf

    method = {"lanczos": "lanczos5"}.get(interpolation, interpolation)
    return np.asarray(tf.image.resize(image, size, method=method, antialias=antialias).numpy())


def _torchvision_resize(image: Array, size: tuple[int, int], interpolation: str, antialias: bool) -> Array:
    import torch
    from torchvision.transforms import InterpolationMode
    from torchvision.transforms import functional as F

    tensor = torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1)))
    mode = InterpolationMode(interpolation)
    return np.asarray(F.resize(tensor, list(size), mode, antialias=antialias).numpy().transpose(1, 2, 0))


_DECODE: dict[str, Callable[[bytes], Array]] = {
    "pillow": _pillow_decode,
    "opencv": _opencv_decode,
    "tensorflow": _tensorflow_decode,
    "torchvision": _torchvision_decode,
}
_RESIZE: dict[str, Callable[[Array, tuple[int, int], str, bool], Array]] = {
    "pillow": _pillow_resize,
    "opencv": _opencv_resize,
    "tensorflow": _tensorflow_resize,
    "torchvision": _torchvision_resize,
}
