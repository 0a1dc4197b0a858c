"""Which step of a preprocessing is not what was specified, told by the pixels that come out of it.

Whoever feeds a network may swap channels, forget to normalise, resize or crop another way, and still get an
accuracy, a wrong one. Each such mistake is tried on the specification; the one that gives the pixels that
were found is named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np

from zoodata.images.pixels import Array, apply
from zoodata.records import Preprocessing

TOLERANCE = 1e-3
"""Of the range of the values: what two implementations of one arithmetic may differ by."""

IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
CAFFE = (103.939, 116.779, 123.68)


class Step(NamedTuple):
    """One way in which a pipeline may depart from its specification."""

    name: str
    part: str
    """channels, values, resize or crop: mistakes in different parts may come together."""
    spec: Preprocessing


def mistakes(spec: Preprocessing) -> Iterator[Step]:
    """Every specification that one of the usual mistakes makes of this one."""
    swapped = "RGB" if spec.channel_order == "BGR" else "BGR"
    yield Step(f"channels in the order {swapped}", "channels", spec.model_copy(update={"channel_order": swapped}))
    identity = {"mean": None, "std": None}
    for name, values in (
        ("no normalisation: values of 0 to 255", {"scale": None, **identity}),
        ("no normalisation by mean and standard deviation: values of 0 to 1", {"scale": 1 / 255, **identity}),
        ("values of -1 to 1", {"scale": 1 / 127.5, "mean": (1.0, 1.0, 1.0), "std": None}),
        ("ImageNet's mean and standard deviation", {"scale": 1 / 255, "mean": IMAGENET[0], "std": IMAGENET[1]}),
        ("Caffe's mean, unscaled", {"scale": 1.0, "mean": CAFFE, "std": None}),
    ):
        changed = spec.model_copy(update=values)
        if not _same_values(changed, spec):
            yield Step(name, "values", changed)
    if spec.crop is not None:
        yield Step("resized straight to the crop's size, without a crop", "resize",
                   spec.model_copy(update={"resize": spec.crop}))  # fmt: skip
        side = spec.crop[0]
        if isinstance(spec.resize, int):
            yield Step("the short side resized to the crop's size", "resize", spec.model_copy(update={"resize": side}))
            for fraction in (0.875, 0.9, 0.95, 0.96, 0.98, 1.0):
                if (size := int(side / fraction)) != spec.resize:
                    yield Step(f"the short side resized to {size}", "resize", spec.model_copy(update={"resize": size}))
        else:
            size = round(side / 0.875)
            yield Step(f"the short side resized to {size}", "resize", spec.model_copy(update={"resize": size}))
        if spec.resize is not None:
            yield Step("no resize before the crop", "resize", spec.model_copy(update={"resize": None}))
    for filter_ in ("nearest", "bilinear", "bicubic", "lanczos"):
        if filter_ != (spec.interpolation or "bilinear") and spec.resize is not None:
            changed = spec.model_copy(update={"interpolation": filter_})
            yield Step(f"interpolation {filter_}", "interpolation", changed)


def _same_values(one: Preprocessing, other: Preprocessing) -> bool:
    levels = np.array([[[0, 0, 0], [255, 255, 255]]], dtype=np.uint8)
    plain = {"resize": None, "crop": None, "central_fraction": None}
    return bool(np.allclose(apply(one.model_copy(update=plain), levels), apply(other.model_copy(update=plain), levels)))


def departures(
    pipeline: Callable[[Array], Array], spec: Preprocessing, images: Sequence[Array]
) -> tuple[str, ...] | None:
    """What a pipeline does otherwise than the specification says.

    Args:
        pipeline: a decoded image (height, width, 3) to the input of one forward pass.
        images: uint8; sizes that differ from the crop's and are not square show the most.

    Returns:
        The names of the mistakes that explain it; none if it does as specified; None if it differs and no
        one or two of the usual mistakes explain it.
    """
    results = [pipeline(image) for image in images]
    if _agree(results, spec, images):
        return ()
    known = list(mistakes(spec))
    for step in known:
        if _agree(results, step.spec, images):
            return (step.name,)
    for first, second in combinations(known, 2):
        if first.part != second.part and _agree(results, _both(spec, first, second), images):
            return (first.name, second.name)
    return None


def _both(spec: Preprocessing, *steps: Step) -> Preprocessing:
    changes: dict[str, object] = {}
    for step in steps:
        changes |= {
            name: getattr(step.spec, name) for name, value in dict(step.spec).items() if value != dict(spec)[name]
        }
    return spec.model_copy(update=changes)


def _agree(results: Sequence[Array], spec: Preprocessing, images: Sequence[Array]) -> bool:
    for got, image in zip(results, images, strict=True):
        want = apply(spec, image)
        if got.shape != want.shape:
            return False
        span = float(want.max() - want.min()) or 1.0
        if float(np.abs(got - want).max()) > TOLERANCE * span:
            return False
    return True


def probes(seed: int = 0) -> list[Array]:
    """Smooth coloured images of several shapes on which pipelines show their differences."""
    from PIL import Image

    random = np.random.default_rng(seed)
    images = []
    for height, width in ((300, 400), (500, 333), (260, 260)):
        small = random.integers(0, 256, (height // 8 + 2, width // 8 + 2, 3), dtype=np.uint8)
        images.append(np.asarray(Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)))
    return images
