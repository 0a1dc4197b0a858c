"""``zoodata claims``: bring what zoos state about themselves into the dataset."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from zoodata.cli.common import data_option
from zoodata.collectors import table
from zoodata.dataset import store
from zoodata.records import ClaimCollection
from zoodata.zoos import registry
from zoodata.zoos.base import Zoo, require

LICENCES = {
    "torchvision": "BSD-3-Clause (package)",
    "timm": "Apache-2.0 (package)",
    "keras_applications": "Apache-2.0 (package)",
    "onnx_model_zoo": "Apache-2.0 (repository)",
}


def collect(zoo: Zoo, root: Path) -> tuple[Path, int] | None:
    """Write the claims of a zoo's installed package; returns the file and their number, None without any.

    A version has a file of its own, so collecting again changes nothing and a new release is history's
    next page.
    """
    require(zoo)
    claims, not_stated = zoo.claims()
    if not claims:
        return None
    source = claims[0].source
    version = source.version if source.type == "package" else getattr(source, "commit", "")[:12]
    collection = ClaimCollection(
        id=f"{zoo.name}-{version.partition('+')[0]}",
        title=f"What {zoo.title} {version} states",
        licence=LICENCES.get(zoo.name, "unknown"),
        claims=tuple(claims),
        not_stated=tuple(not_stated),
    )
    return store.write(collection, root), len(claims)


@click.group("claims")
def command() -> None:
    """Claims: the numbers that zoos publish about their own models."""


@command.command("collect")
@click.argument("zoos", metavar="[ZOO]...", nargs=-1)
@data_option
def collect_command(zoos: tuple[str, ...], data: Path) -> None:
    """Read what installed packages state (all zoos, or those named) into claim records.

    \b
    Example:
      zoodata claims collect torchvision --data zoodata/data
    """
    for name in zoos or registry.names():
        zoo = registry.get(name)
        found = collect(zoo, data)
        if found is None:
            click.echo(f"{zoo.title}: the package states no numbers about its models")
        else:
            click.echo(f"{zoo.title}: {found[1]} claims in {found[0]}")


@command.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--on", "day", type=click.DateTime(["%Y-%m-%d"]), required=True, help="The day on which the table was finished."
)
@data_option
def import_command(file: Path, day: datetime, data: Path) -> None:
    """Bring a curated table of claims (CSV) into the dataset, a collection for each zoo and version in it.

    For zoos whose numbers stand in prose pages. Each row names the line that states it; rows that cannot
    become claims are listed in the collection with the reason.

    \b
    Example:
      zoodata claims import claims.csv --on 2026-11-24 --data zoodata/data
    """
    try:
        found = table.collections(file, f"{day:%Y-%m-%d}")
    except (table.NotAClaimTable, UnicodeDecodeError) as error:
        raise click.UsageError(f"{file.name} is no table of claims: {error}") from error
    for collection in found:
        store.write(collection, data)
        click.echo(f"{collection.id}: {len(collection.claims)} claims, {len(collection.left_out)} rows left out")
