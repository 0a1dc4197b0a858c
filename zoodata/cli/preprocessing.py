"""``zoodata diff --preprocessing``: how two entries preprocess the same images."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from zoodata.cli.common import in_worker, show
from zoodata.images.sets import SUFFIXES

if TYPE_CHECKING:
    from zoodata.measure.preprocessing import PixelDifference, PreprocessingComparison

MAX_SAMPLE = 32
"""Images that are preprocessed in both ways."""


def compare_preprocessing(a: str, b: str, images: Path | None) -> PreprocessingComparison:
    """What differs.

    Raises:
        click.ClickException: when an entry is not there.
    """
    from zoodata.measure.preprocessing import Preprocessor

    files = [] if images is None else sorted(path for path in images.rglob("*") if path.suffix.lower() in SUFFIXES)
    if images is not None and not files:
        raise click.UsageError(f"{images} holds no images")
    count = min(MAX_SAMPLE, len(files))
    sample = [str(files[number * len(files) // count]) for number in range(count)]
    return in_worker([a, b], (), Preprocessor, Preprocessor.compare, a, b, sample)


def show_comparison(a: str, b: str, comparison: PreprocessingComparison, style: str, picture: Path | None) -> None:
    """Print it; the picture goes into a file, lighter where the images differ more."""
    if style == "json":
        click.echo(json.dumps(_as_json(a, b, comparison), indent=1))
    else:
        _as_text(a, b, comparison)
    if picture is not None:
        _draw(comparison, picture)


def _as_json(a: str, b: str, comparison: PreprocessingComparison) -> dict[str, object]:
    pixels = comparison.pixels
    measured = None if pixels is None else {k: v for k, v in asdict(pixels).items() if v is not None}
    return {
        "entries": [a, b],
        "a": None if comparison.a is None else comparison.a.model_dump(mode="json"),
        "b": None if comparison.b is None else comparison.b.model_dump(mode="json"),
        "undocumented": {"a": list(comparison.undocumented_a), "b": list(comparison.undocumented_b)},
        "declares_nothing": list(comparison.declares_nothing),
        "fields": [asdict(each) for each in comparison.fields],
        "pixels": measured,
        "borrowed": comparison.borrowed,
        "unreadable": list(comparison.unreadable),
    }


def _draw(comparison: PreprocessingComparison, picture: Path) -> None:
    if comparison.picture is None:
        raise click.ClickException("the preprocessed images have no common size: there is no picture")
    import numpy as np
    from PIL import Image

    Image.fromarray(np.asarray(comparison.picture, dtype=np.uint8)).save(picture, format="PNG")


def _as_text(a: str, b: str, comparison: PreprocessingComparison) -> None:
    click.echo(f"a  {a}\nb  {b}\n")
    for side, gaps in (("a", comparison.undocumented_a), ("b", comparison.undocumented_b)):
        if side in comparison.declares_nothing:
            click.echo(f"{side} declares no preprocessing. Whoever uses it must guess.")
        elif gaps:
            click.echo(f"{side} does not declare: {', '.join(gaps)}. Whoever uses it must guess.")
    if comparison.borrowed:
        click.echo(f"Where {comparison.borrowed} declares no size, the other's resize and crop were taken below.")
    if comparison.fields:
        show([{**asdict(row), "a": str(row.a), "b": str(row.b)} for row in comparison.fields],
             {"field": "field", "a": "a", "b": "b"}, "text")  # fmt: skip
    elif comparison.a and comparison.b:
        click.echo("Every field is the same.")
    for name in comparison.unreadable:
        click.echo(f"{name} cannot be decoded and was left out.")
    if comparison.pixels is not None:
        click.echo(_pixels(comparison.pixels))


def _pixels(pixels: PixelDifference) -> str:
    if pixels.mean is None:
        return "The preprocessed images have other sizes."
    return (
        f"On {pixels.images} images, as pictures of 0 to 255: a mean difference of {pixels.mean:.2f} levels, "
        f"{pixels.largest:.0f} at most; {pixels.differing:.1%} of the pixels differ by more than one level."
    )
