"""``zoodata attribute``: what the gap between two entries' accuracies is made of."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import click

from zoodata.cli.bench.accuracy import preprocessing_file
from zoodata.cli.bench.common import images_option, labels_option
from zoodata.cli.common import check_entries, data_option, keep, no_images, note_unconfined, opening, step
from zoodata.cores import usable_cores
from zoodata.images.sets import NoImages, find
from zoodata.isolation import WorkerFailed
from zoodata.measure.accuracy import PASSIVE
from zoodata.measure.architecture import public_name
from zoodata.measure.attribution import Attribution, Attributor, Side, Step, as_record, attribute
from zoodata.measure.host import worker_environment
from zoodata.records import is_personal
from zoodata.records.base import foreign_files
from zoodata.sweep.kinds.accuracy import image_environment

checkpoint = click.Path(exists=True, dir_okay=False)
json_file = click.Path(exists=True, dir_okay=False, path_type=Path)


def as_text(attribution: Attribution) -> str:
    """The waterfall for a terminal."""
    width = max(len(part.factor) for part in (*attribution.steps, attribution.preprocessing_on_a))
    lines = [f"a  {attribution.a}  {attribution.top1_a:.2f} %", f"b  {attribution.b}  {attribution.top1_b:.2f} %", ""]
    points = attribution.top1_b - attribution.top1_a
    lines.append(f"b is {points:+.2f} points from a, over {attribution.images} images:")
    lines += [_line(part, width) for part in attribution.steps]
    lines += ["", "Beside it:", _line(attribution.preprocessing_on_a, width)]
    lines.append(
        f"  {'acting together':{width}}  {attribution.together:+7.2f}  (effect of preprocessing on b less that on a)"
    )
    return "\n".join([*lines, *(f"Note: {note}" for note in attribution.notes)])


def _line(part: Step, width: int) -> str:
    p_value = "" if part.probability >= 0.05 else f", p = {part.probability:.1g}"
    bar = ("+" if part.points > 0 else "-") * round(abs(part.points))
    return f"  {part.factor:{width}}  {part.points:+7.2f}  ({part.gained} gained, {part.lost} lost{p_value})  {bar}"


@click.command("attribute")
@click.argument("a")
@click.argument("b")
@images_option
@labels_option
@click.option("--weights-a", type=checkpoint, help="A local checkpoint of A.")
@click.option("--weights-b", type=checkpoint, help="A local checkpoint of B.")
@click.option("--preprocessing-a", type=json_file, help="Preprocessing of A, where its zoo declares none.")
@click.option("--preprocessing-b", type=json_file, help="Preprocessing of B, where its zoo declares none.")
@click.option("--threads", type=click.IntRange(1), default=usable_cores, show_default="cores")
@click.option(
    "--format", "style", type=click.Choice(["text", "json", "svg"]), default="text", show_default=True,
    help="svg is the waterfall as a picture.",
)  # fmt: skip
@click.option("--record", is_flag=True, help="Store it below --data, as a record that can be contributed.")
@data_option
def command(
    a: str,
    b: str,
    images: Path,
    labels: Path | None,
    weights_a: str | None,
    weights_b: str | None,
    preprocessing_a: Path | None,
    preprocessing_b: Path | None,
    threads: int,
    style: str,
    record: bool,
    data: Path,
) -> None:
    """Split the gap between A and B by swapping runtime, architecture, weights and preprocessing one at a time.

    \b
    Example:
      zoodata attribute torchvision:resnet50 keras_applications:ResNet50 --images imagenet/val
    """
    check_entries([a, b])
    sides = (
        Side(a, weights_a, preprocessing_file(preprocessing_a)),
        Side(b, weights_b, preprocessing_file(preprocessing_b)),
    )
    if record and (any(map(is_personal, (a, b))) or weights_a or weights_b):
        raise click.UsageError("only entries of zoos with their own weights are recorded")
    files = foreign_files([a, b], [weights_a, weights_b])
    note_unconfined(files)
    started, clock = datetime.now(UTC), time.perf_counter()
    try:
        image_set = find(images, labels)
        items = image_set.items
        with (
            opening([a, b], files, Attributor, worker_environment("cpu", threads) | PASSIVE) as worker,
            step("attribution", 7 * -(-len(items) // 50)) as shown,
        ):
            attribution = attribute(worker, *sides, items, threads, shown.advance)
    except NoImages as error:
        raise no_images(error) from None
    except WorkerFailed as error:
        raise click.ClickException(error.message) from None
    if record:
        environment = image_environment([a, b])
        made = as_record(attribution, image_set, environment, started, time.perf_counter() - clock)
        keep(made, environment, data)
    if style == "json":
        plain = asdict(attribution)
        plain.pop("used")
        plain["preprocessings"] = [
            side.model_dump(mode="json", exclude_none=True) for side in attribution.preprocessings
        ]
        click.echo(json.dumps(plain | {"gap": attribution.top1_b - attribution.top1_a}, indent=1))
    elif style == "svg":
        from zoodata_site.charts import standalone, waterfall

        rows = [(part.factor, part.points) for part in attribution.steps]
        title = f"From {public_name(attribution.a)} to {public_name(attribution.b)}"
        click.echo(standalone(waterfall(title, attribution.top1_a, rows, attribution.top1_b)))
    else:
        click.echo(as_text(attribution))
