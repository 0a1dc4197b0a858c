"""``zoodata bench sensitivity``: what the choice of a decoder and a resizer costs an entry."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import click

from zoodata.cli.bench.accuracy import preprocessing_file
from zoodata.cli.bench.common import images_option, labels_option, preprocessing_option, weights_option
from zoodata.cli.common import (
    check_entries,
    data_option,
    format_option,
    keep,
    no_images,
    note_unconfined,
    opening,
    show,
    step,
)
from zoodata.cores import usable_cores
from zoodata.images.sets import NoImages, find
from zoodata.images.sets import sample as spread
from zoodata.isolation import WorkerFailed
from zoodata.measure import sensitivity
from zoodata.measure.accuracy import PASSIVE, Settings
from zoodata.measure.host import worker_environment
from zoodata.records.base import foreign_files, is_personal
from zoodata.sweep.kinds.accuracy import image_environment

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
@click.option("--record", is_flag=True, help="Take all images, and store a record below --data to contribute.")
@data_option
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
    record: bool,
    data: Path,
    style: str,
) -> None:
    """Run ENTRY with every decoder, resizer and interpolation a user might meet, and count changed answers.

    \b
    Examples:
      zoodata bench sensitivity timm:resnet50 --images imagenet/val
      zoodata bench sensitivity coral:mobilenet_v1_0.25_128_quant --images nips2017_dev --record
    """
    check_entries([entry])
    if record and (is_personal(entry) or weights):
        raise click.UsageError("only entries of zoos with their own weights are recorded")
    files = foreign_files([entry], [weights])
    note_unconfined(files)
    started, clock = datetime.now(UTC), time.perf_counter()
    settings = Settings(weights, preprocessing_file(preprocessing), batch, "cpu", threads)
    try:
        image_set = find(images, labels)
        sample = image_set.items if record else spread(image_set.items, limit)
        with (
            opening([entry], files, sensitivity.Sensitive, worker_environment("cpu", threads) | PASSIVE) as worker,
            step("sensitivity", VARIANTS) as shown,
        ):
            found = sensitivity.measure(
                worker,
                entry,
                sample,
                settings,
                shown.advance,
                lambda name, reason: click.echo(f"left out: {name}: {reason}", err=True),
            )
    except NoImages as error:
        raise no_images(error) from None
    except WorkerFailed as error:
        raise click.ClickException(error.message) from None
    if record:
        environment = image_environment([entry], "tensorflow", "torchvision")
        made = sensitivity.as_record(found, image_set, environment, started, time.perf_counter() - clock)
        keep(made, environment, data)
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
        for effect in found.effects
    ]
    columns = {"variant": "images are", "top1": "top-1 %", "changed": "answers changed", "gained": "became right",
               "lost": "became wrong", "significant": "p < 0.05"}  # fmt: skip
    show(rows, columns, style)
