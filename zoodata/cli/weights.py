"""``zoodata weights``: whether two checkpoints hold the same values."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from zoodata.cli.common import check_entries, in_worker
from zoodata.graph.identity import related

MEANING = {
    "identical": "the same tensors, bit for bit.",
    "converted": "the same values in another layout: one was made from the other.",
    "converted in half precision": "the same values once rounded to half precision: one was made from the other.",
    "partly the same": "some tensors are shared, others are not: fine-tuned, or with another head.",
    "independent": "no tensor is shared: trained independently.",
    "nothing to compare": "neither holds tensors that say anything.",
}


@click.command("weights")
@click.argument("a")
@click.argument("b")
@click.option("--weights-a", type=click.Path(exists=True, dir_okay=False), help="A local checkpoint of A.")
@click.option("--weights-b", type=click.Path(exists=True, dir_okay=False), help="A local checkpoint of B.")
@click.option("--format", "style", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(a: str, b: str, weights_a: str | None, weights_b: str | None, style: str) -> None:
    """Say whether the weights of A and B are the same, converted from one another, or independent.

    \b
    Examples:
      zoodata weights torchvision:resnet50@IMAGENET1K_V1 timm:resnet50@tv_in1k
      zoodata weights timm:resnet18 timm:resnet18 --weights-a mine.pth --weights-b theirs.pth
    """
    check_entries([a, b])
    from zoodata.measure.host import Host

    sides = ((a, weights_a), (b, weights_b))
    a_prints, b_prints = (in_worker([entry], [path], Host, Host.fingerprints, entry, path) for entry, path in sides)
    relation = related(a_prints, b_prints)
    if style == "json":
        click.echo(json.dumps({"a": a, "b": b} | asdict(relation), indent=1))
        return
    click.echo(f"{relation.verdict.upper()}: {MEANING[relation.verdict]}")
    click.echo(
        f"{relation.tensors_a} tensors in a, {relation.tensors_b} in b; {relation.exact} equal bit for bit, "
        f"{relation.sorted} with the same values, {relation.half} in half precision."
    )
    for side, names in (("a", relation.only_a), ("b", relation.only_b)):
        if names and relation.half:
            click.echo(f"Only {side}: {', '.join(names[:8])}{f' and {len(names) - 8} more' if len(names) > 8 else ''}")
