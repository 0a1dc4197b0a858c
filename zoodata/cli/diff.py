"""``zoodata diff``: what differs between two networks, where, how much it matters, and proof."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from zoodata.cli.common import asked, check_entries
from zoodata.cli.preparation import preparation, show_preparation
from zoodata.discrepancy.networks import MEANING, proof_sentence


def diff(a: str, b: str, prove: bool) -> dict[str, Any]:
    """The diff of two entries, in the form that ``--format json`` prints.

    Raises:
        click.ClickException: when an entry cannot be built or read.
    """
    return {"a": a, "b": b, **asked("compare", a, b, prove)}


def as_text(answer: dict[str, Any]) -> str:
    """The diff for a terminal: verdict, findings gravest first, proof."""
    lines = [f"a  {answer['a']}  {answer['digest_a'][:12]}", f"b  {answer['b']}  {answer['digest_b'][:12]}", ""]
    lines.append(f"{answer['verdict'].upper()}: {MEANING[answer['verdict']]}")
    for finding in answer["findings"]:
        lines += ["", f"  [{finding['severity']}] {finding['text']}"]
    if proof := proof_sentence(answer):
        lines += ["", proof]
    return "\n".join(lines)


@click.command("diff")
@click.argument("a")
@click.argument("b")
@click.option("--preprocessing", is_flag=True, help="Compare how images are prepared, not the networks.")
@click.option(
    "--images", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="With --preprocessing: prepare these images, not generated ones.",
)  # fmt: skip
@click.option(
    "--picture", type=click.Path(dir_okay=False, path_type=Path),
    help="With --preprocessing: write where the prepared images differ as a PNG.",
)  # fmt: skip
@click.option("--prove", is_flag=True, help="Also carry the weights of A into B and run both.")
@click.option(
    "--format",
    "style",
    type=click.Choice(["text", "json", "html"]),
    default="text",
    show_default=True,
    help="Output format.",
)
def command(
    a: str, b: str, preprocessing: bool, images: Path | None, picture: Path | None, prove: bool, style: str
) -> None:
    """Say what differs between the networks of A and B, where, and how much it matters.

    \b
    identical    one network
    benign       no effect on the function, or under a stated tolerance
    parametric   the weights fit, the scores differ
    structural   the weights do not fit

    \b
    Examples:
      zoodata diff torchvision:resnet50 keras_applications:ResNet50 --prove
      zoodata diff torchvision:resnet50 file:exported.onnx
      zoodata diff timm:resnet50 python:mine.models:build --format html > diff.html
      zoodata diff torchvision:resnet50 keras_applications:ResNet50 --preprocessing
    """
    check_entries([a, b])
    if (images or picture) and not preprocessing:
        raise click.UsageError("--images and --picture go with --preprocessing")
    if preprocessing and (prove or style == "html"):
        raise click.UsageError("--preprocessing goes neither with --prove nor with --format html")
    if preprocessing:
        show_preparation(preparation(a, b, images), style, picture)
        return
    answer = diff(a, b, prove)
    if style == "json":
        click.echo(json.dumps(answer, indent=1, ensure_ascii=False))
    elif style == "html":
        from generator.render import diff_page

        click.echo(diff_page(answer, MEANING[answer["verdict"]], proof_sentence(answer)))
    else:
        click.echo(as_text(answer))
