"""``zoodata models``: the entries of the zoos and the architectures they are mapped to."""

from __future__ import annotations

from pathlib import Path

import click

from zoodata.cli.common import data_option, format_option, read_dataset, show
from zoodata.dataset.store import Dataset
from zoodata.records import entry_zoo
from zoodata.sweep.listing import list_zoos
from zoodata.sweep.plan import architecture_named
from zoodata.zoos import registry


def run(dataset: Dataset, zoo: str | None, architecture: str | None) -> list[dict[str, object]]:
    """A row for each entry, filtered. With an architecture only the catalogue is read, and no framework."""
    if architecture is not None:
        rows = [_row(dataset, item.entry) for item in architecture_named(dataset, architecture).entries]
        return [row for row in rows if zoo is None or row["zoo"] == zoo]
    if zoo is not None:
        registry.get(zoo)  # refuses an unknown name
    listings = list_zoos([zoo] if zoo else list(registry.all_zoos()))
    for listing in listings:
        if listing.reason is not None:
            click.echo(f"left out: {listing.reason}", err=True)
    return [_row(dataset, f"{listing.zoo}:{entry}") for listing in listings for entry in listing.entries]


def _row(dataset: Dataset, entry: str) -> dict[str, object]:
    mapped = dataset.catalogue_entries.get(entry)
    item = mapped[1] if mapped else None
    return {
        "entry": entry,
        "zoo": entry_zoo(entry),
        "architecture": mapped[0].id if mapped else None,
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
