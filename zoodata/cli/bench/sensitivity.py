"""``zoodata bench sensitivity``: what the choice of a decoder and a resizer costs an entry."""

from __future__ import annotations

from pathlib import Path

import click

from zoodata.cli.bench.accuracy import preprocessing_file
from zoodata.cli.bench.common import images_option, labels_option, preprocessing_option, weights_option
from zoodata.cli.common import check_entries, format_option, no_images, show, step
from zoodata.images.sets import NoImages, find
from zoodata.images.sets import sample as spread
from zoodata.isolation import Worker, WorkerFailed, default_memory_limit
from zoodata.measure import sensitivity
from zoodata.measure.accuracy import Settings
from zoodata.measure.environment import usable_cores
from zoodata.measure.host import worker_environment

VARIANTS = 19
"""About how many ways there are; for the progress bar."""


@click.command("sensitivity")
@click.argument("entry")
@images_option
@labels_option
@weights_option
@preprocessing_option
@click.option("--limit", type=click.IntRange(1), default=500, show_default=True, help="Images, spread over the set.")
@click.option("--batch", type=click.IntRange(1), default=16, show_default=True, help="Images per forward pass.")
@click.option("--threads", type=click.IntRange(1), default=usable_cores, show_default="cores", help="Of the model.")
@format_option
def sensitivity_command(
    entry: str,
    images: Path,
    labels: Path | None,
    weights: str | None,
    preprocessing: Path | None,
    limit: int,
    batch: int,
    threads: int,
    style: str,
) -> None:
    """Run ENTRY with every decoder, resizer and interpolation a user might meet, and count changed answers.

    \b
    Example:
      zoodata bench sensitivity timm:resnet50 --images imagenet/val
    """
    check_entries([entry])
    settings = Settings(weights, preprocessing_file(preprocessing), batch, "cpu", threads)
    try:
        items = find(images, labels).items
        sample = spread(items, limit)
        with (
            Worker(sensitivity.Sensitive, worker_environment("cpu", threads), default_memory_limit()) as worker,
            step("sensitivity", VARIANTS) as shown,
        ):
            effects = sensitivity.measure(
                worker, entry, sample, settings, shown.advance,
                lambda name, reason: click.echo(f"left out: {name}: {reason}", err=True),
            )  # fmt: skip
    except NoImages as error:
        raise no_images(error) from None
    except WorkerFailed as error:
        raise click.ClickException(error.message) from None
    rows = [
        {
            "variant": effect.variant.name,
            "changed": effect.changed,
            "gained": effect.gained,
            "lost": effect.lost,
            "top1": round(effect.top1, 2),
            "images": effect.images,
            "probability": effect.probability,
            "significant": "yes" if effect.probability < 0.05 else "",
        }
        for effect in effects
    ]
    columns = {"variant": "images are", "top1": "top-1 %", "changed": "answers changed", "gained": "became right",
               "lost": "became wrong", "significant": "p < 0.05"}  # fmt: skip
    show(rows, columns, style)
