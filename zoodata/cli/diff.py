"""``zoodata diff``: what differs between two networks, where, how much it matters, and proof."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import click

from zoodata.cli.common import check_entries, in_worker, output_option, reading_of, size_option
from zoodata.cli.images import ImagesType
from zoodata.cli.preprocessing import compare_preprocessing, show_comparison
from zoodata.records import ComparisonResult, entry_zoo, parse_entry
from zoodata.records.base import split_release
from zoodata.wording.findings import sentence
from zoodata.wording.networks import MEANING, proof

if TYPE_CHECKING:
    from zoodata.zoos.base import Reading


def diff(a: str, b: str, prove: bool, reading: Reading | None = None) -> ComparisonResult:
    """The diff of two entries.

    Raises:
        click.ClickException: when an entry cannot be built or read.
    """
    from zoodata.measure.host import Host

    releases = any(split_release(entry)[0] for entry in (a, b))
    if releases and entry_zoo(split_release(a)[1]) == entry_zoo(split_release(b)[1]):
        return _between_releases(a, b, prove)
    plain = [split_release(entry)[1] for entry in (a, b)]
    if not (prove or releases or reading) and (found := _side_by_side(a, b)) is not None:
        return found
    return in_worker([a, b], (), Host, Host.compare, plain[0], plain[1], prove, reading)


def _side_by_side(a: str, b: str) -> ComparisonResult | None:
    """The diff of two entries whose frameworks are imported at the same time, which takes most of it; None where they
    have one framework, or images of two sizes."""
    from zoodata.cores import usable_cores
    from zoodata.measure.host import Host, compared
    from zoodata.zoos import registry

    zoos = [entry_zoo(entry) for entry in (a, b)]
    if usable_cores() < 2 or set(zoos) & set(registry.PERSONAL) or len({registry.get(zoo).extra for zoo in zoos}) < 2:
        return None
    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(lambda entry: in_worker([entry], (), Host, Host.whole, entry), (a, b))
    return compared(one, other, None) if one.input_shape == other.input_shape else None


def _between_releases(a: str, b: str, prove: bool) -> ComparisonResult:
    """The diff of entries of two releases of one zoo, which no process can hold at once: each is read in its own."""
    from zoodata.measure.release import ReleaseReader

    (zoo, name, _), (_, other, _) = (parse_entry(split_release(entry)[1]) for entry in (a, b))
    network = in_worker([a], (), ReleaseReader, ReleaseReader.network, zoo, name)
    return in_worker([b], (), ReleaseReader, ReleaseReader.against, zoo, other, network, prove).result


def as_json(a: str, b: str, result: ComparisonResult) -> str:
    """The diff for programs: the result's fields, and a sentence for each finding."""
    content = result.model_dump(mode="json")
    for finding, record in zip(content["findings"], result.findings, strict=True):
        finding["text"] = sentence(record)
    return json.dumps({"a": a, "b": b, **content}, indent=1, ensure_ascii=False)


def as_text(a: str, b: str, result: ComparisonResult) -> str:
    """The diff for a terminal: verdict, findings gravest first, proof."""
    lines = [f"a  {a}  {result.digest_a[:12]}", f"b  {b}  {result.digest_b[:12]}", ""]
    lines.append(f"{result.verdict.upper()}: {MEANING[result.verdict]}")
    for finding in result.findings:
        lines += ["", f"  [{finding.severity}] {sentence(finding)}"]
    if proven := proof(result.proof, result.findings):
        lines += ["", proven]
    return "\n".join(lines)


def _show_declared(a: str, b: str, style: str) -> None:
    """What two releases declare of preprocessing, field by field."""
    from zoodata.discrepancy.history import differing_fields
    from zoodata.measure.release import ReleaseReader
    from zoodata.wording.history import field

    declared = []
    for entry in (a, b):
        zoo, name, weights = parse_entry(split_release(entry)[1])
        declared.append(in_worker([entry], (), ReleaseReader, ReleaseReader.preprocessing, zoo, name, weights))
    one, other = declared
    if one is None or other is None:
        raise click.ClickException(f"{a if one is None else b} declares no preprocessing")
    fields = differing_fields(one, other)
    if style == "json":
        click.echo(json.dumps([{"field": each.field, "a": each.before, "b": each.after} for each in fields], indent=1))
        return
    click.echo("\n".join(f"{field(each)}." for each in fields) or "Both declare the same preprocessing.")


@click.command("diff")
@click.argument("a")
@click.argument("b")
@click.option("--preprocessing", is_flag=True, help="Compare how images are preprocessed, not the networks.")
@click.option(
    "--images", metavar="DIR|NAME", type=ImagesType(),
    help="With --preprocessing: on these images, not on generated ones.",
)  # fmt: skip
@click.option(
    "--picture", type=click.Path(dir_okay=False, path_type=Path),
    help="With --preprocessing: write where the preprocessed images differ as a PNG.",
)  # fmt: skip
@click.option("--prove", is_flag=True, help="Also carry the weights of A into B and run both.")
@size_option
@output_option
@click.option(
    "--format",
    "style",
    type=click.Choice(["text", "json", "html"]),
    default="text",
    show_default=True,
    help="Output format.",
)
def command(
    a: str,
    b: str,
    preprocessing: bool,
    images: Path | None,
    picture: Path | None,
    prove: bool,
    size: tuple[int, int] | None,
    output: str | None,
    style: str,
) -> None:
    """Say what differs between the networks of A and B, where, and how much it matters.

    \b
    identical    one network
    benign       no effect on the function, or under a stated tolerance
    other_head   same body, another number of classes, a second head, or none
    parametric   weights load, outputs differ
    structural   weights do not load

    \b
    Examples:
      zoodata diff torchvision:resnet50 keras_applications:ResNet50 --prove
      zoodata diff torchvision:resnet50 file:exported.onnx
      zoodata diff timm:resnet50 python:mine.models:build --format html > diff.html
      zoodata diff torchvision:resnet50 keras_applications:ResNet50 --preprocessing
      zoodata diff timm==0.9.16:efficientnet_b1 timm:efficientnet_b1 --prove
    """
    check_entries([a, b], releases=True)
    if (images or picture) and not preprocessing:
        raise click.UsageError("--images and --picture go with --preprocessing")
    if preprocessing and (prove or style == "html"):
        raise click.UsageError("--preprocessing goes neither with --prove nor with --format html")
    if preprocessing:
        if any(split_release(entry)[0] for entry in (a, b)):
            _show_declared(a, b, style)
            return
        show_comparison(a, b, compare_preprocessing(a, b, images), style, picture)
        return
    result = diff(a, b, prove, reading_of(size, output))
    if style == "json":
        click.echo(as_json(a, b, result))
    elif style == "html":
        from zoodata_site.render import diff_page

        click.echo(diff_page(a, b, result))
    else:
        click.echo(as_text(a, b, result))
    if result.proof is not None and result.proof.obstacle is not None and result.proof.obstacle.code == "unfaithful":
        raise SystemExit(1)
