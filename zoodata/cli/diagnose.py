"""``zoodata diagnose``: whether weights are in the network, and fed in the way, that they were trained with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import get_args

import click

from zoodata.cli.bench.accuracy import preprocessing_file
from zoodata.cli.bench.common import images_option, labels_option, preprocessing_option, weights_option
from zoodata.cli.common import check_entries, format_option, no_images, note_unconfined, opening, read_dataset, step
from zoodata.cores import usable_cores
from zoodata.graph.edits import EditCode
from zoodata.images import sets
from zoodata.images.sets import NoImages, find
from zoodata.isolation import WorkerFailed
from zoodata.measure import accuracy, diagnosis
from zoodata.measure.diagnosis import Diagnosis
from zoodata.measure.evaluator import Evaluator
from zoodata.measure.host import worker_environment
from zoodata.records.base import foreign_files

NETWORK = frozenset(get_args(EditCode))


@click.command("diagnose")
@click.argument("entry")
@images_option
@labels_option
@weights_option
@preprocessing_option
@click.option("--threads", type=click.IntRange(1), default=usable_cores, show_default="cores", help="Of the model.")
@format_option
def command(
    entry: str,
    images: Path,
    labels: Path | None,
    weights: str | None,
    preprocessing: Path | None,
    threads: int,
    style: str,
) -> None:
    """Say whether the weights of ENTRY are run in the network that they were trained in.

    One thing is changed at a time: activation, epsilon, padding, pooling, stored statistics, biases, the scale of
    attention, preprocessing, the order of the classes. What makes the weights better on some images is tried on
    others; what is better there too is named. Exit code 1 if something is.

    \b
    Examples:
      zoodata diagnose retinaface:mobilenetV1X0.25@pretrained --images nips2017_dev
      zoodata diagnose python:my.models:resnet50 --weights mine.pth --images photos --preprocessing mine.json
    """
    check_entries([entry])
    settings = accuracy.Settings(weights, preprocessing_file(preprocessing), threads=threads, believe=True)
    files = foreign_files([entry], [weights])
    note_unconfined(files)
    try:
        items = find(images, labels).items
        with opening([entry], files, Evaluator, worker_environment("cpu", threads) | accuracy.PASSIVE) as worker:
            accuracy.open_model(worker, entry, settings)
            changes = worker.call(accuracy.START_SECONDS, Evaluator.changes, _class_names(items))
            if not any(change.code in NETWORK for change in changes[1:]):
                click.echo("Its network cannot be read here: only its images and classes are tried.", err=True)
            most = min(len(items), diagnosis.SUGGESTING + diagnosis.CONFIRMING)
            with step(f"{len(changes) - 1} changes", most) as shown:

                def progress(count: int) -> None:
                    for _ in range(count):
                        shown.advance(entry)

                found = diagnosis.diagnose(
                    changes,
                    lambda chunk, which: worker.call(
                        10 * accuracy.CHUNK_SECONDS, Evaluator.tried, list(chunk), list(which)
                    ),
                    items,
                    progress,
                )
    except NoImages as error:
        raise no_images(error) from None
    except WorkerFailed as error:
        if error.reason == "not_in_package":
            raise click.UsageError(error.message) from None
        raise click.ClickException(f"{entry}: {error.message}") from None
    click.echo(as_json(entry, found) if style == "json" else as_text(entry, found))
    if found.named:
        raise SystemExit(1)


def as_text(entry: str, found: Diagnosis) -> str:
    """What was found, for a terminal."""
    if not found.named:
        return f"{entry}: none of {found.tried} changes suits the weights better"
    own = 100 * found.right / found.images
    best = found.named[0]
    after = 100 * (found.right + best.gained - best.lost) / found.images
    lines = [
        f"{entry}: the weights are better with {best.words}.",
        f"Of {found.images} images that did not suggest it, {own:.1f} % are right as it is, {after:.1f} % so: "
        f"{best.gained} become right, {best.lost} wrong (p = {best.corrected:.1g}, corrected for {found.suspects}).",
    ]
    for other in found.named[1:]:
        points = 100 * (other.gained - other.lost) / found.images
        lines.append(f"Less: {other.words}, {points:+.1f} points (p = {other.corrected:.1g})")
    return "\n".join(lines)


def as_json(entry: str, found: Diagnosis) -> str:
    """What was found, for a program."""
    named = [
        {**vars(each.change), "gained": each.gained, "lost": each.lost, "corrected": each.corrected}
        for each in found.named
    ]
    document = {
        "entry": entry, "tried": found.tried, "suspects": found.suspects, "images": found.images, "right": found.right,
        "named": named,
    }  # fmt: skip
    return json.dumps(document, indent=1)


def _class_names(items: tuple[sets.Item, ...]) -> tuple[str, ...]:
    """The names of the classes, where the images are those of a published set."""
    names = {item.name for item in items}
    for record in read_dataset(None).image_sets.values():
        if names <= {image.file for image in record.images}:
            return record.class_names
    return ()
