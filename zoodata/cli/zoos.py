"""``zoodata zoos``: which zoos there are, which are installed, how many entries each has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

import click

from zoodata.cli.common import format_option, show
from zoodata.environments import folders
from zoodata.sweep.listing import list_zoos
from zoodata.zoos import registry


class Row(TypedDict):
    """A zoo as the list shows it."""

    zoo: str
    title: str
    installed: bool
    entries: int | None
    versions: dict[str, str]
    reason: str | None
    homepage: str


def run() -> list[Row]:
    """A row for each zoo; one that cannot be used says why and disturbs no other."""
    zoos = registry.all_zoos()
    return [
        {
            "zoo": listing.zoo,
            "title": zoos[listing.zoo].title,
            "installed": listing.reason is None,
            "entries": len(listing.entries) if listing.reason is None else None,
            "versions": _versions(listing.zoo, zoos[listing.zoo].packages),
            "reason": listing.reason,
            "homepage": zoos[listing.zoo].homepage,
        }
        for listing in list_zoos(list(zoos))
    ]


def _versions(zoo: str, packages: Sequence[str]) -> dict[str, str]:
    own = registry.folders_of([f"{zoo}:"])
    found = {package: folders.version(package, own) for package in packages}
    return {package: version for package, version in found.items() if version is not None}


@click.command("zoos")
@format_option
def command(style: str) -> None:
    """List the zoos: ours and those of installed plugins, with the number of models each offers.

    \b
    Example:
      zoodata zoos --format json
    """
    rows = run()
    texts = [
        row
        | {
            "versions": ", ".join(f"{name} {version}" for name, version in row["versions"].items()),
            "entries": row["reason"] or row["entries"],
        }
        for row in rows
    ]
    columns = {"zoo": "zoo", "title": "name", "entries": "models", "versions": "versions"}
    show(rows if style == "json" else texts, columns, style)
