"""``zoodata supersede``: say that records no longer count, what replaces them, and why."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import click

from zoodata.cli.common import data_option
from zoodata.dataset import checks, store
from zoodata.dataset.checks.contradictions import outdated
from zoodata.records import ClaimCollection, Supersession
from zoodata.records.base import HashedRecord
from zoodata.records.supersession import SupersessionReason


@click.command("supersede")
@click.argument("ids", metavar="[ID]...", nargs=-1)
@click.option("--by", "successors", metavar="ID", multiple=True, help="What stands in their place; may be given often.")
@click.option(
    "--contradicted", is_flag=True, help="Every record that a newer one contradicts; one's own count as newer."
)
@click.option("--reason", type=click.Choice(get_args(SupersessionReason)), required=True, help="Why, in a word.")
@click.option("--text", required=True, help="Why, in a sentence that is shown beside each.")
@click.option(
    "--in", "target", type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The dataset to write into, as zoodata/data of a checkout. This machine's measurements else.",
)  # fmt: skip
@data_option
def command(
    ids: tuple[str, ...], successors: tuple[str, ...], contradicted: bool, reason: SupersessionReason, text: str,
    target: Path | None, data: Path,
) -> None:  # fmt: skip
    """Say that records no longer count: they stay in the dataset as history, and enter no ranking.

    IDs are of measurements, verifications or claims; their first characters suffice.

    \b
    Examples:
      zoodata supersede 3fa0c1 --by 77b2e9 --reason source_corrected --text "The line names another model."
      zoodata supersede --contradicted --reason reading_corrected --text "Swin's shift is read since 0.2."
    """
    if bool(ids) == contradicted:
        raise click.UsageError("name the ids of records, or ask for --contradicted ones")
    read = _read(data)
    if contradicted:
        old = outdated(read, checks.World(read))
        superseded, by = sorted(old), sorted(set(old.values()))
        if not superseded:
            click.echo("No record contradicts a newer one.")
            return
    else:
        known = _ids(read)
        superseded, by = [_one(id, known) for id in ids], [_one(id, known) for id in successors]
    record = Supersession.seal(
        superseded=tuple(superseded), by=tuple(by), reason=reason, text=text,
        said_on=datetime.now(UTC).date().isoformat(),
    )  # fmt: skip
    path = store.write(record, target or data)
    click.echo(f"{len(superseded)} records no longer count: {path}")


def _read(data: Path) -> list[checks.Read]:
    roots = [store.PACKAGED, *([data] if data.is_dir() else [])]
    with store.uncollected():
        return [
            checks.Read(str(path), store.read(path), root is not store.PACKAGED)
            for root in roots
            for path in store.files(root)
        ]


def _ids(read: list[checks.Read]) -> list[str]:
    ids = [item.record.id for item in read if isinstance(item.record, HashedRecord)]
    collections = [item.record for item in read if isinstance(item.record, ClaimCollection)]
    return ids + [claim.id for collection in collections for claim in collection.claims]


def _one(text: str, known: list[str]) -> str:
    found = [id for id in known if id.startswith(text.lower())] if len(text) >= 6 else []
    if len(found) != 1:
        raise click.UsageError(f"{text!r} is the beginning of {len(found)} ids; give six characters or more of one")
    return found[0]
