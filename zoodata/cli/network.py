"""``zoodata network``: one entry's canonical network, to look at."""

from __future__ import annotations

import base64
import sys
from pathlib import Path

import click

from zoodata.cli.common import check_entries, in_worker, output_option, reading_of, size_option


@click.command("network")
@click.argument("entry")
@click.option(
    "--format",
    "style",
    type=click.Choice(["text", "json", "dot", "onnx"]),
    default="text",
    show_default=True,
    help="onnx writes a file without weights that netron opens.",
)
@size_option
@output_option
@click.option("-o", "--out", type=click.Path(dir_okay=False, writable=True), help="Write here instead of the screen.")
def command(entry: str, style: str, size: tuple[int, int] | None, output: str | None, out: str | None) -> None:
    """Show the network of ENTRY as we read it: every operation with its shape, parameters and MACs.

    \b
    Examples:
      zoodata network keras_applications:ResNet50
      zoodata network file:dynamic.onnx --size 224
      zoodata network timm:convnext_tiny --format dot | dot -Tsvg > convnext.svg
      zoodata network torchvision:resnet50 --format onnx -o resnet50.onnx
    """
    check_entries([entry])
    if style == "onnx" and out is None and sys.stdout.isatty():
        raise click.UsageError("an ONNX file is no text: give it a name with --out FILE.onnx")
    from zoodata.measure.host import Host

    drawn = in_worker([entry], (), Host, Host.network, entry, style, reading_of(size, output))
    if drawn.outputs:
        read, *others = drawn.outputs
        click.echo(
            f"{entry} has {len(others) + 1} outputs: {read} is read; --output NAME reads {', '.join(others)}", err=True
        )
    data = base64.b64decode(drawn.text) if style == "onnx" else (drawn.text + "\n").encode()
    if out is None:
        sys.stdout.buffer.write(data)
    else:
        Path(out).write_bytes(data)
        click.echo(f"{out}: {len(data):,} bytes", err=True)
