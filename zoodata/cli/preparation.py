"""``zoodata diff --preprocessing``: how two entries prepare the same images."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from zoodata.cli.common import asked, show
from zoodata.images.sets import SUFFIXES

LARGEST_SAMPLE = 32
"""Images that are prepared in both ways."""


def preparation(a: str, b: str, images: Path | None) -> dict[str, Any]:
    """What differs, in the form that ``--format json`` prints.

    Raises:
        click.ClickException: when an entry is not there.
    """
    from zoodata.measure.preparation import HANDLER

    files = [] if images is None else sorted(path for path in images.rglob("*") if path.suffix.lower() in SUFFIXES)
    if images is not None and not files:
        raise click.UsageError(f"{images} holds no images")
    count = min(LARGEST_SAMPLE, len(files))
    sample = [str(files[number * len(files) // count]) for number in range(count)]
    found: dict[str, Any] = asked("compare", a, b, sample, handler=HANDLER)
    return {"entries": [a, b], **found}


def show_preparation(found: dict[str, Any], style: str, picture: Path | None) -> None:
    """Print it; the picture goes into a file, lighter where the prepared images differ more."""
    levels = found.pop("picture")
    if style == "json":
        click.echo(json.dumps(found, indent=1))
    else:
        _as_text(found)
    if picture is not None:
        _draw(levels, picture)


def _draw(levels: Any, picture: Path) -> None:
    if levels is None:
        raise click.ClickException("the prepared images cannot be laid over each other: there is no picture")
    import numpy as np
    from PIL import Image

    Image.fromarray(np.asarray(levels, dtype=np.uint8)).save(picture, format="PNG")


def _as_text(found: dict[str, Any]) -> None:
    a, b = found["entries"]
    click.echo(f"a  {a}\nb  {b}\n")
    for side, gaps in found["undocumented"].items():
        if gaps:
            click.echo(f"{side} does not say: {', '.join(gaps)}. Whoever uses it must guess.")
    if found["borrowed"]:
        click.echo(f"Where {found['borrowed']} names no size, the other's resize and crop were taken below.")
    if found["fields"]:
        show([{**row, "a": str(row["a"]), "b": str(row["b"])} for row in found["fields"]],
             {"field": "field", "a": "a", "b": "b"}, "text")  # fmt: skip
    elif found["a"] and found["b"]:
        click.echo("Every field is the same.")
    for name in found["unreadable"]:
        click.echo(f"{name} cannot be decoded and was left out.")
    pixels = found["pixels"]
    if pixels is None:
        return
    if "mean" not in pixels:
        click.echo("The prepared images have other sizes.")
        return
    click.echo(
        f"On {pixels['images']} images, as pictures of 0 to 255: {pixels['mean']:.2f} levels apart on average, "
        f"{pixels['largest']:.0f} at most; {pixels['differing']:.1%} of the pixels by more than one level."
    )
