"""``zoodata zoos``: which zoos there are, which are installed, how many entries each has."""

from __future__ import annotations

from importlib import metadata
from typing import Any

import click

from zoodata.cli.common import format_option, show
from zoodata.zoos import registry
from zoodata.zoos.base import Zoo, ZooError, first_line, require


def run() -> list[dict[str, Any]]:
    """A row for each zoo; one that cannot be used says why and disturbs no other."""
    return [_row(zoo) for zoo in registry.all_zoos().values()]


def _row(zoo: Zoo) -> dict[str, Any]:
    row: dict[str, Any] = {
        "zoo": zoo.name,
        "title": zoo.title,
        "installed": True,
        "entries": None,
        "versions": {},
        "reason": None,
        "homepage": zoo.homepage,
    }
    try:
        require(zoo)
        row["entries"] = len(zoo.entries())
    except ZooError as error:
        row |= {"installed": False, "reason": str(error)}
    except Exception as error:  # a broken installation of one framework is that zoo's news only
        row |= {"installed": False, "reason": f"{zoo.title} does not start: {first_line(error)}"}
    for package in zoo.packages:
        try:
            row["versions"][package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return row


@click.command("zoos")
@format_option
def command(style: str) -> None:
    """List the zoos: ours and those of installed plugins, with the number of models each offers.

    \b
    Example:
      zoodata zoos --format json
    """
    rows = run()
    if style == "text":
        rows = [
            row
            | {
                "versions": ", ".join(f"{name} {version}" for name, version in row["versions"].items()),
                "entries": row["reason"] or row["entries"],
            }
            for row in rows
        ]
    show(rows, {"zoo": "zoo", "title": "name", "entries": "models", "versions": "versions"}, style)
