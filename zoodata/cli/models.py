"""``zoodata models``: the entries of the zoos and the architectures they are mapped to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from zoodata.cli.common import data_option, format_option, read_dataset, show
from zoodata.dataset.store import Dataset
from zoodata.records import entry_zoo
from zoodata.sweep.plan import architecture_named
from zoodata.zoos import registry
from zoodata.zoos.base import NotInstalled, require


def run(dataset: Dataset, zoo: str | None, architecture: str | None) -> list[dict[str, Any]]:
    """A row for each entry, filtered. With an architecture only the catalogue is read, and no framework."""
    if architecture is not None:
        found = architecture_named(dataset, architecture)
        rows = [_row(dataset, item.entry) for item in found.entries]
        return [row for row in rows if zoo is None or row["zoo"] == zoo]
    rows = []
    for name in [zoo] if zoo else registry.names():
        chosen = registry.get(name)
        try:
            require(chosen)
        except NotInstalled:
            if zoo:
                raise
            continue
        rows += [_row(dataset, f"{name}:{entry}") for entry in chosen.entries()]
    return rows


def _row(dataset: Dataset, entry: str) -> dict[str, Any]:
    found = dataset.catalogue_entries.get(entry)
    item = found[1] if found else None
    return {
        "entry": entry,
        "zoo": entry_zoo(entry),
        "architecture": found[0].id if found else None,
        "variant": item.variant if item else None,
        "unavailable": item.unavailable.message if item and item.unavailable else None,
    }


@click.command("models")
@click.option("--zoo", help="Only this zoo's entries.")
@click.option("--architecture", help="Only entries that the catalogue maps to this architecture.")
@data_option
@format_option
def command(zoo: str | None, architecture: str | None, data: Path, style: str) -> None:
    """List models: every entry of the installed zoos, with the architecture it is mapped to.

    \b
    Examples:
      zoodata models --architecture resnet50     who has a ResNet-50
      zoodata models --zoo tf_slim               what TF-Slim has
    """
    columns = {
        "entry": "entry",
        "architecture": "architecture",
        "variant": "variant",
        "unavailable": "not here because",
    }
    show(run(read_dataset(data), zoo, architecture), columns, style)
