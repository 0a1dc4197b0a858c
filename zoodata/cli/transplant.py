"""``zoodata transplant``: weights of one zoo as a checkpoint that another zoo's loader reads, with proof."""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict, replace
from pathlib import Path

import click

from zoodata.cli.common import check_entries, no_images, note_unconfined, opening
from zoodata.cli.images import ImagesType
from zoodata.cores import usable_cores
from zoodata.images.sets import Item, NoImages, find, sample
from zoodata.isolation import WorkerFailed, time_limit
from zoodata.measure.accuracy import PASSIVE
from zoodata.measure.host import worker_environment
from zoodata.measure.transplant import TOLERANCE, Transplanted, Transplanter
from zoodata.records.base import foreign_files

SECONDS = 1800.0
MOST_IMAGES = 200
"""Images that both models answer."""


@click.command("transplant")
@click.argument("a")
@click.argument("b")
@click.option(
    "--out", required=True, type=click.Path(dir_okay=False, path_type=Path),
    help="The checkpoint: .safetensors or .pth for torch, .weights.h5 or .keras for Keras, .ckpt for TF-Slim and the "
    "Model Garden, .onnx for ONNX.",
)  # fmt: skip
@click.option("--weights", type=click.Path(exists=True, dir_okay=False), help="A local checkpoint of A.")
@click.option("--images", metavar="DIR|NAME", type=ImagesType(), help="Images on which to compare the answers.")
@click.option("--tolerance", type=click.FloatRange(0, min_open=True), default=TOLERANCE, show_default=True,
              help="Error, over the largest score, up to which B reproduces A.")  # fmt: skip
@click.option("--keep", is_flag=True, help="Write the file although B does not reproduce A; it says so.")
@click.option("--format", "style", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(
    a: str, b: str, out: Path, weights: str | None, images: Path | None, tolerance: float, keep: bool, style: str
) -> None:
    """Write the weights of A as a checkpoint of B, load it with B's own zoo, and run both.

    What B has otherwise is folded into stored tensors where that is exact: batch norms, biases, epsilons, where the
    classes begin. A file is written only if B's model then gives A's scores; a report lies beside it.

    \b
    Examples:
      zoodata transplant efficientnet_lite:efficientnet-lite0@pretrained timm:tf_efficientnet_lite0 --out lite0.pth
      zoodata transplant torchvision:resnet50@IMAGENET1K_V2 timm:resnet50 --out resnet50.safetensors
      zoodata transplant tf_slim:vgg_16 keras_applications:VGG16 --weights vgg_16.ckpt --out vgg16.weights.h5
    """
    check_entries([a, b])
    if a == b:
        raise click.UsageError("A and B are one entry")
    files = foreign_files([a, b], [weights])
    note_unconfined(files)
    items: list[Item] = []
    if images is not None:
        try:
            items = sample(find(images).items, MOST_IMAGES)
        except NoImages as error:
            raise no_images(error) from None
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".transplant-") as folder:
        made = Path(folder) / out.name
        try:
            variables = worker_environment("cpu", usable_cores()) | PASSIVE
            with opening([a, b], files, Transplanter, variables, (Path(folder),)) as worker:
                found = worker.call(
                    time_limit(SECONDS, files), Transplanter.carry, a, weights, b, str(made), tolerance, items,
                    usable_cores(),
                )  # fmt: skip
        except WorkerFailed as error:
            if error.reason == "not_in_package":
                raise click.UsageError(error.message) from None
            raise click.ClickException(error.message) from None
        found = replace(found, file=out.name)
        if found.reproduces or keep:
            for path in sorted(Path(folder).iterdir()):
                path.replace(out.parent / path.name)
            report = json.dumps(asdict(found), indent=1)
            out.with_name(out.name + ".json").write_text(report + "\n", encoding="utf-8")
    click.echo(json.dumps(asdict(found), indent=1) if style == "json" else as_text(found, keep))
    if not found.reproduces:
        raise SystemExit(1)


def as_text(found: Transplanted, kept: bool) -> str:
    """What came of it, for a terminal."""
    lines = [
        f"{found.a} in {found.b}: the networks are {found.verdict}.",
        f"Both models as their zoos run them: scores differ by {found.error_random:.1e} of the largest on random "
        f"images, {found.error_images:.1e} on {found.images} others, on {found.agreed} with one first answer.",
    ]
    lines += [f"Folded: {words}" for words in found.folded]
    lines += [f"Differs: {words}" for words in found.differences]
    if found.reproduces:
        lines.append(f"Written: {found.file}, report {found.file}.json")
    else:
        told = f"written all the same: {found.file}" if kept else "nothing is written; --keep writes it"
        lines.append(f"That is not the same model (tolerance {found.tolerance:g}): {told}")
    return "\n".join(lines)
