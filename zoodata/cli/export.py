"""``zoodata export``: the dataset as JSON, CSV and Parquet."""

from __future__ import annotations

from pathlib import Path

import click

from zoodata.cli.common import data_option, read_dataset
from zoodata.dataset.export import export


@click.command("export")
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@data_option
def command(folder: Path, data: Path) -> None:
    """Write the dataset into DIR: zoodata.json (records whole), a CSV and a Parquet file a table, checksums.

    \b
    Example:
      zoodata export build/export
    """
    for path in export(read_dataset(data), folder):
        click.echo(f"{path}  {path.stat().st_size:,} bytes")
