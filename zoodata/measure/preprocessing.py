"""How two entries preprocess the same images: field by field, and by the pixels that come out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import JsonValue

from zoodata.images import pixels
from zoodata.images.diagnose import probes
from zoodata.measure.evaluator import declared_by, pipeline_of
from zoodata.records import Preprocessing
from zoodata.runtimes.model import Array

UNDOCUMENTED = ("resize", "crop", "interpolation", "mean", "std", "channel_order")
"""Fields without which nobody can preprocess an image as the zoo did."""


@dataclass(frozen=True)
class FieldDifference:
    """One field that is not the same on either side."""

    field: str
    a: JsonValue
    b: JsonValue


@dataclass(frozen=True)
class PixelDifference:
    """How much the preprocessed images differ, in levels of 255."""

    images: int
    same_size: bool
    mean: float | None = None
    """None where no image has one size on both sides."""
    largest: float | None = None
    differing: float | None = None
    """Part of the pixels that differ by more than the threshold."""


@dataclass(frozen=True)
class PreprocessingComparison:
    """What differs between the preprocessing of two entries."""

    a: Preprocessing | None
    """As declared; None where the zoo declares none."""
    b: Preprocessing | None
    undocumented_a: tuple[str, ...]
    """Fields that a does not declare."""
    undocumented_b: tuple[str, ...]
    declares_nothing: tuple[Literal["a", "b"], ...]
    fields: tuple[FieldDifference, ...]
    pixels: PixelDifference | None
    picture: tuple[tuple[int, ...], ...] | None
    """Where the images differ, brighter where more; None where they have no common size."""
    borrowed: Literal["a", "b"] | None
    """The side that declares no size and was given the other's."""
    unreadable: tuple[str, ...]
    """Names of files that cannot be decoded."""


class Preprocessor:
    """Answers about preprocessing; no model is built."""

    def compare(self, a: str, b: str, files: Sequence[str], threshold: float = 1.0) -> PreprocessingComparison:
        """What differs between the preprocessing of two entries.

        Args:
            a: an entry.
            b: another.
            files: images to preprocess; none for generated ones.
            threshold: levels of 255 above which a pixel counts as different.

        Raises:
            ZooError: for an entry that is not there.
        """
        one, other = declared_by(a), declared_by(b)
        sized = None if one is None or other is None else (_sized(one, other), _sized(other, one))
        borrowed: Literal["a", "b"] | None = None
        difference, picture, unreadable = None, None, []
        if sized is not None and sized[0] is not None and sized[1] is not None:
            borrowed = "a" if sized[0] != one else "b" if sized[1] != other else None
            images = [] if files else probes()
            for file in files:
                try:
                    images.append(pixels.decode(Path(file).read_bytes()))
                except (OSError, pixels.CannotDecode):
                    unreadable.append(Path(file).name)
            if images:
                difference, picture = _pixels(a, b, sized[0], sized[1], images, threshold)
        sides: tuple[tuple[Literal["a", "b"], Preprocessing | None], ...] = (("a", one), ("b", other))
        return PreprocessingComparison(
            a=one,
            b=other,
            undocumented_a=_undocumented(one),
            undocumented_b=_undocumented(other),
            declares_nothing=tuple(side for side, spec in sides if spec is None),
            fields=() if one is None or other is None else _fields(one, other),
            pixels=difference,
            picture=picture,
            borrowed=borrowed,
            unreadable=tuple(unreadable),
        )


def _pixels(
    a: str, b: str, one: Preprocessing, other: Preprocessing, images: Sequence[Array], threshold: float
) -> tuple[PixelDifference, tuple[tuple[int, ...], ...] | None]:
    """How much the outputs differ, and a picture of where."""
    differences = [_difference(a, b, one, other, image) for image in images]
    whole = [each for each in differences if each is not None]
    same_size = len(whole) == len(images)
    if not whole:
        return PixelDifference(len(images), same_size), None
    stacked = np.stack([each.mean(axis=-1) for each in whole])
    levels = np.clip(stacked.mean(axis=0) * 8, 0, 255).astype(np.uint8).tolist()
    difference = PixelDifference(
        len(images), same_size,
        mean=float(np.mean([each.mean() for each in whole])),
        largest=float(max(each.max() for each in whole)),
        differing=float(np.mean([(each.max(axis=-1) > threshold).mean() for each in whole])),
    )  # fmt: skip
    return difference, tuple(map(tuple, levels))


def _difference(a: str, b: str, one: Preprocessing, other: Preprocessing, image: Array) -> Array | None:
    """Absolute difference of the two outputs in levels of 255; None where their sizes differ."""
    first, second = (_as_picture(pipeline_of(entry, spec)(image), spec) for entry, spec in ((a, one), (b, other)))
    return None if first.shape != second.shape else np.abs(first - second)


def _undocumented(spec: Preprocessing | None) -> tuple[str, ...]:
    if spec is None:
        return UNDOCUMENTED
    skipped = ("mean", "std") if spec.embedded else ()
    return tuple(name for name in UNDOCUMENTED if getattr(spec, name) is None and name not in skipped)


def _fields(one: Preprocessing, other: Preprocessing) -> tuple[FieldDifference, ...]:
    a, b = (spec.model_dump(mode="json") for spec in (one, other))
    names = [name for name in {**a, **b} if name != "source" and a.get(name) != b.get(name)]
    return tuple(FieldDifference(name, a.get(name), b.get(name)) for name in names)


def _sized(spec: Preprocessing, other: Preprocessing) -> Preprocessing | None:
    """A preprocessing that ends in some size: its own, or the other's where it declares none."""
    if spec.resize is not None or spec.crop is not None:
        return spec
    if other.crop is None and other.resize is None:
        return None
    borrowed = {"resize": other.resize, "crop": other.crop, "interpolation": other.interpolation}
    return spec.model_copy(update=borrowed)


def _as_picture(preprocessed: Array, spec: Preprocessing) -> Array:
    """A network's input as the picture it is of: (height, width, RGB), 0 to 255."""
    picture = preprocessed.transpose(1, 2, 0) if spec.layout == "NCHW" else preprocessed
    if spec.std is not None:
        picture = picture * np.asarray(spec.std)
    if spec.mean is not None:
        picture = picture + np.asarray(spec.mean)
    if spec.scale is not None:
        picture = picture / spec.scale
    return np.asarray(picture[..., ::-1] if spec.channel_order == "BGR" else picture)
