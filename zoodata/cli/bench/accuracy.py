"""``zoodata bench accuracy``: run an entry's weights over labelled images, and check before believing."""

from __future__ import annotations

from pathlib import Path

import click
from pydantic import ValidationError

from zoodata.cli.bench.common import (
    check_device,
    images_option,
    labels_option,
    preprocessing_option,
    weights_option,
)
from zoodata.cli.common import (
    check_entries,
    data_option,
    format_option,
    measuring_into,
    no_images,
    note_unconfined,
    opening,
    read_dataset,
    show,
    step,
)
from zoodata.cores import usable_cores
from zoodata.dataset import store
from zoodata.images.sets import NoImages, find
from zoodata.measure import accuracy
from zoodata.measure.evaluator import Evaluator
from zoodata.measure.host import worker_environment
from zoodata.records import AccuracyMeasurement, Preprocessing
from zoodata.records.base import foreign_files
from zoodata.stats import wilson_interval
from zoodata.sweep.kinds.accuracy import image_environment
from zoodata.wording.checks import LEFT_OUT, assumed, left_out
from zoodata.wording.checks import check as check_words
from zoodata.zoos import registry

UNFINISHED = ".writing-accuracy"
"""Folder below --data in which runs keep what they have, until they are records; no reader looks into it."""


def bench_accuracy(
    entry: str, images: Path, labels: Path | None, data: Path, settings: accuracy.Settings
) -> AccuracyMeasurement:
    """Evaluate one entry and write its record.

    Raises:
        NoImages: when the folder is no labelled set.
        zoodata.measure.accuracy.Unbelievable: when a check fails.
        zoodata.measure.accuracy.NothingUsable: when no image can be evaluated.
    """
    image_set = find(images, labels)
    if entry.partition(":")[0] in registry.PERSONAL and settings.preprocessing is None:
        raise click.UsageError(f"{entry} declares no preprocessing: give one with --preprocessing")
    environment = image_environment([entry])
    variables = worker_environment(settings.device, settings.threads) | accuracy.PASSIVE
    with measuring_into(data), step("accuracy", len(image_set.items)) as shown:
        state = {"done": 0}

        def progress(done: int, total: int) -> None:
            for _ in range(done - state["done"]):
                shown.advance(entry)
            state["done"] = done

        files = foreign_files([entry], [settings.weights_path])
        note_unconfined(files)
        with opening([entry], files, Evaluator, variables) as worker:
            record = accuracy.measure(worker, entry, image_set, environment, settings, data / UNFINISHED, progress)
    if record.missing is not None and record.missing.reason == "not_in_package":
        raise click.UsageError(record.missing.message)
    store.write(environment, data)
    store.write(record, data)
    return record


@click.command("accuracy")
@click.argument("entry")
@images_option
@labels_option
@weights_option
@preprocessing_option
@click.option("--batch", type=click.IntRange(1), default=16, show_default=True, help="Images per forward pass.")
@click.option("--device", default="cpu", show_default=True, callback=check_device, help="cpu, or cuda.")
@click.option("--threads", type=click.IntRange(1), default=usable_cores, show_default="cores", help="Of the model.")
@click.option("--believe", is_flag=True, help="Record the result although a check fails; the record says so.")
@data_option
@format_option
def accuracy_command(
    entry: str,
    images: Path,
    labels: Path | None,
    weights: str | None,
    preprocessing: Path | None,
    batch: int,
    device: str,
    threads: int,
    believe: bool,
    data: Path,
    style: str,
) -> None:
    """Evaluate ENTRY (or ENTRY@WEIGHTS) on labelled images, with its zoo's own preprocessing.

    Class order, label offset and preprocessing are checked before a result is written. A run that
    was interrupted goes on where it stopped.

    \b
    Examples:
      zoodata bench accuracy torchvision:resnet50@IMAGENET1K_V2 --images imagenet/val
      zoodata bench accuracy timm:resnet50 --weights resnet50.pth --images imagenet/val
      zoodata bench accuracy file:model.tflite --preprocessing model.json --images photos
    """
    check_entries([entry])
    settings = accuracy.Settings(weights, preprocessing_file(preprocessing), batch, device, threads, believe)
    _ = read_dataset(data).accuracy_measurements  # a broken one is named before the work, not after
    try:
        record = bench_accuracy(entry, images, labels, data, settings)
    except NoImages as error:
        raise no_images(error) from None
    except accuracy.NothingUsable as error:
        why = LEFT_OUT[error.problem] if error.problem else "no answer"
        raise click.UsageError(f"none of {error.images} images can be used: {why}") from None
    except accuracy.Unbelievable as error:
        refused = check_words(error.check)
        raise click.ClickException(f"{refused}. Nothing was recorded; --believe records it regardless.") from None
    if record.missing is not None:
        raise click.ClickException(f"{entry}: {record.missing.message}")
    show([_row(record)], COLUMNS, style)
    click.echo(f"Record: {data / store.path_of(record)}", err=True)


def preprocessing_file(path: Path | None) -> Preprocessing | None:
    """Preprocessing from a user's file.

    Raises:
        click.UsageError: naming the field that is wrong.
    """
    if path is None:
        return None
    try:
        return Preprocessing.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        raise click.UsageError(f"{path.name} is no preprocessing: {place}: {first['msg']}") from None


COLUMNS = {"entry": "entry", "images": "images", "top1": "top-1", "top1_interval": "95 %", "top5": "top-5",
           "left_out": "left out", "rate": "images/s"}  # fmt: skip


def _row(record: AccuracyMeasurement) -> dict[str, object]:
    assert record.result is not None and record.images is not None and record.conditions is not None
    count = record.images.images
    interval = wilson_interval(record.result.top1_hits, count)
    return {
        "entry": record.entry,
        "images": count,
        "image_set": record.images.hash,
        "top1": f"{100 * record.result.top1_hits / count:.2f} %",
        "top1_interval": f"{100 * interval.low:.2f} to {100 * interval.high:.2f}",
        "top5": f"{100 * record.result.top5_hits / count:.2f} %",
        "top1_hits": record.result.top1_hits,
        "top5_hits": record.result.top5_hits,
        "left_out": left_out(record.images.left_out) or "none",
        "rate": record.result.images_per_second,
        "checks": [check_words(each) for each in record.result.checks],
        "assumed": None if record.conditions.assumed is None else assumed(record.conditions.assumed),
        "id": record.id,
    }
