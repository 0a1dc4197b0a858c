"""How two entries prepare the same images: field by field, and by the pixels that come out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from zoodata.images import pixels
from zoodata.images.diagnose import probes
from zoodata.measure.evaluator import declared_by, pipeline_of
from zoodata.records import Preprocessing
from zoodata.runtimes.model import Array

HANDLER = "zoodata.measure.preparation:Preparer"
UNDOCUMENTED = ("resize", "crop", "interpolation", "mean", "std", "channel_order")
"""Fields without which nobody can prepare an image as the zoo did."""


class Preparer:
    """Answers about preparation; no model is built."""

    def compare(self, a: str, b: str, files: Sequence[str], threshold: float = 1.0) -> dict[str, Any]:
        """What differs between the preparations of two entries.

        Args:
            files: images to prepare; none for generated ones.
            threshold: levels of 255 above which a pixel counts as different.

        Raises:
            ZooError: for an entry that is not there.
        """
        specs = {side: declared_by(entry) for side, entry in (("a", a), ("b", b))}
        answer: dict[str, Any] = {
            side: None if spec is None else spec.model_dump(mode="json") for side, spec in specs.items()
        }
        answer["undocumented"] = {side: _gaps(spec) for side, spec in specs.items()}
        one, other = specs["a"], specs["b"]
        answer["fields"] = [] if one is None or other is None else _fields(one, other)
        answer |= {"pixels": None, "picture": None, "borrowed": None, "unreadable": []}
        if one is None or other is None:
            return answer
        ready = [each for each in (_sized(one, other), _sized(other, one)) if each is not None]
        if len(ready) < 2:
            return answer
        answer["borrowed"] = "a" if ready[0] != one else "b" if ready[1] != other else None
        images = [] if files else probes()
        for file in files:
            try:
                images.append(pixels.decode(Path(file).read_bytes()))
            except (OSError, pixels.CannotDecode):
                answer["unreadable"].append(Path(file).name)
        if not images:
            return answer
        differences = [self._difference(a, b, ready[0], ready[1], image) for image in images]
        whole = [each for each in differences if each is not None]
        answer["pixels"] = {"images": len(images), "same_size": len(whole) == len(images)}
        if whole:
            stacked = np.stack([each.mean(axis=-1) for each in whole])
            answer["pixels"] |= {
                "mean": float(np.mean([each.mean() for each in whole])),
                "largest": float(max(each.max() for each in whole)),
                "differing": float(np.mean([(each.max(axis=-1) > threshold).mean() for each in whole])),
            }
            answer["picture"] = np.clip(stacked.mean(axis=0) * 8, 0, 255).astype(np.uint8).tolist()
        return answer

    def _difference(self, a: str, b: str, one: Preprocessing, other: Preprocessing, image: Array) -> Array | None:
        """Absolute difference of the two prepared images in levels of 255; None where their sizes differ."""
        found = [_as_picture(pipeline_of(entry, spec)(image), spec) for entry, spec in ((a, one), (b, other))]
        return None if found[0].shape != found[1].shape else np.abs(found[0] - found[1])


def _gaps(spec: Preprocessing | None) -> list[str]:
    if spec is None:
        return ["everything"]
    skipped = ("mean", "std") if spec.embedded else ()
    return [name for name in UNDOCUMENTED if getattr(spec, name) is None and name not in skipped]


def _fields(one: Preprocessing, other: Preprocessing) -> list[dict[str, Any]]:
    a, b = (spec.model_dump(mode="json") for spec in (one, other))
    names = [name for name in {**a, **b} if name != "source" and a.get(name) != b.get(name)]
    return [{"field": name, "a": a.get(name), "b": b.get(name)} for name in names]


def _sized(spec: Preprocessing, other: Preprocessing) -> Preprocessing | None:
    """A preparation that ends in some size: its own, or the other's where it declares none."""
    if spec.resize is not None or spec.crop is not None:
        return spec
    if other.crop is None and other.resize is None:
        return None
    borrowed = {"resize": other.resize, "crop": other.crop, "interpolation": other.interpolation}
    return spec.model_copy(update=borrowed)


def _as_picture(prepared: Array, spec: Preprocessing) -> Array:
    """A network's input as the picture it is of: (height, width, RGB), 0 to 255."""
    found = prepared.transpose(1, 2, 0) if spec.layout == "NCHW" else prepared
    if spec.std is not None:
        found = found * np.asarray(spec.std)
    if spec.mean is not None:
        found = found + np.asarray(spec.mean)
    if spec.scale is not None:
        found = found / spec.scale
    return np.asarray(found[..., ::-1] if spec.channel_order == "BGR" else found)
