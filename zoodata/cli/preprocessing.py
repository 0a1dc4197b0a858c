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
    return in_worker(Preprocessor, Preprocessor.compare, a, b, sample)


def show_comparison(a: str, b: str, found: PreprocessingComparison, style: str, picture: Path | None) -> None:
    """Print it; the picture goes into a file, lighter where the images differ more."""
    if style == "json":
        click.echo(json.dumps(_as_json(a, b, found), indent=1))
    else:
        _as_text(a, b, found)
    if picture is not None:
        _draw(found, picture)


def _as_json(a: str, b: str, found: PreprocessingComparison) -> dict[str, object]:
    measured = None if found.pixels is None else {k: v for k, v in asdict(found.pixels).items() if v is not None}
    return {
        "entries": [a, b],
        "a": None if found.a is None else found.a.model_dump(mode="json"),
        "b": None if found.b is None else found.b.model_dump(mode="json"),
        "undocumented": {"a": list(found.undocumented_a), "b": list(found.undocumented_b)},
        "declares_nothing": list(found.declares_nothing),
        "fields": [asdict(each) for each in found.fields],
        "pixels": measured,
        "borrowed": found.borrowed,
        "unreadable": list(found.unreadable),
    }


def _draw(found: PreprocessingComparison, picture: Path) -> None:
    if found.picture is None:
        raise click.ClickException("the preprocessed images have no common size: there is no picture")
    import numpy as np
    from PIL import Image

    Image.fromarray(np.asarray(found.picture, dtype=np.uint8)).save(picture, format="PNG")


def _as_text(a: str, b: str, found: PreprocessingComparison) -> None:
    click.echo(f"a  {a}\nb  {b}\n")
    for side, gaps in (("a", found.undocumented_a), ("b", found.undocumented_b)):
        if side in found.declares_nothing:
            click.echo(f"{side} declares no preprocessing. Whoever uses it must guess.")
        elif gaps:
            click.echo(f"{side} does not declare: {', '.join(gaps)}. Whoever uses it must guess.")
    if found.borrowed:
        click.echo(f"Where {found.borrowed} declares no size, the other's resize and crop were taken below.")
    if found.fields:
        show([{**asdict(row), "a": str(row.a), "b": str(row.b)} for row in found.fields],
             {"field": "field", "a": "a", "b": "b"}, "text")  # fmt: skip
    elif found.a and found.b:
        click.echo("Every field is the same.")
    for name in found.unreadable:
        click.echo(f"{name} cannot be decoded and was left out.")
    if found.pixels is not None:
        click.echo(_pixels(found.pixels))


def _pixels(found: PixelDifference) -> str:
    if found.mean is None:
        return "The preprocessed images have other sizes."
    return (
        f"On {found.images} images, as pictures of 0 to 255: a mean difference of {found.mean:.2f} levels, "
        f"{found.largest:.0f} at most; {found.differing:.1%} of the pixels differ by more than one level."
    )
