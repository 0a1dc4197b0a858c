"""``zoodata history``: what the releases of a zoo changed."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from zoodata.cli.common import data_option, format_option, read_dataset, show
from zoodata.discrepancy.history import Step, history
from zoodata.wording.history import sentences

SHOWN = 40
"""Lines of one step; JSON has all."""


def as_json(steps: list[Step]) -> str:
    """Every step whole, the diffs of its networks left to the records."""
    rows: list[dict[str, object]] = []
    for step in steps:
        row = asdict(step)
        row["networks"] = [
            {"name": each.name, "parameters": each.parameters, "outcome": each.outcome,
             "error": each.change.error if each.change else None}
            for each in step.networks
        ]  # fmt: skip
        rows.append(row)
    return json.dumps(rows, indent=1, ensure_ascii=False)


@click.command("history")
@click.argument("zoo")
@click.argument("entries", metavar="[ENTRY]...", nargs=-1)
@click.option("--from", "earliest", metavar="V", help="The first release to look at.")
@click.option("--to", "latest", metavar="V", help="The last.")
@data_option
@format_option
def command(
    zoo: str, entries: tuple[str, ...], earliest: str | None, latest: str | None, data: Path, style: str
) -> None:
    """Say what each release of ZOO changed: networks, preprocessing, default weights, files, names.

    A network counts as changed where the models of both releases gave other scores for the same weights, or where the
    weights do not fit. Releases are read by `zoodata bench release`.

    \b
    Examples:
      zoodata history timm --from 0.9.16 --to 1.0.31
      zoodata history timm efficientnet_b1
    """
    dataset = read_dataset(data)
    if zoo not in dataset.releases:
        known = ", ".join(sorted(dataset.releases)) or "none"
        raise click.UsageError(f"no releases of {zoo!r} were read; of these zoos some were: {known}")
    try:
        steps = history(dataset, zoo, earliest, latest)
    except KeyError as error:
        read = ", ".join(record.release for record in dataset.releases[zoo])
        raise click.UsageError(f"{zoo} {error.args[0]} was not read; these releases were: {read}") from None
    names = [entry.partition(":")[2] or entry for entry in entries]
    if style == "json":
        chosen = [step for step in steps if not names or any(map(step.about, names))]
        click.echo(as_json(chosen))
        return
    if not names:
        rows = [
            {
                "from": step.earlier, "to": step.later, "entries": step.entries, "added": len(step.added),
                "removed": len(step.removed), "renamed": len(step.renamed), "digests": len(step.networks),
                "functions": len(step.changed), "preprocessing": len(step.preprocessings),
                "defaults": len(step.defaults), "files": len(step.files),
            }
            for step in steps
        ]  # fmt: skip
        columns = {"from": "from", "to": "to", "entries": "entries", "added": "added", "removed": "removed",
                   "renamed": "renamed", "digests": "other digest", "functions": "other function",
                   "preprocessing": "preprocessing", "defaults": "default weights", "files": "files"}  # fmt: skip
        show(rows, columns, style)
    for step in steps:
        lines = [f"  {name}: {text}" for name, text in sentences(step, names) if not names or name in names]
        if lines:
            click.echo(f"\n{zoo} {step.earlier} (a) to {step.later} (b)")
            click.echo("\n".join(lines[:SHOWN]))
            if len(lines) > SHOWN:
                click.echo(f"  and {len(lines) - SHOWN} more: --format json")
