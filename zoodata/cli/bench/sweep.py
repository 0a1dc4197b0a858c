"""``zoodata bench --plan``: every outstanding task of a plan, here or on a cluster."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import click

from zoodata.cli.bench.common import run_shown, zoos_here
from zoodata.cli.common import read_dataset
from zoodata.dataset.store import Dataset
from zoodata.records.base import Measurement
from zoodata.sweep import plan, planfile
from zoodata.sweep.task import Task

SHOWN = 20
"""Tasks that a dry run names."""


def run(name: str, data: Path, jobs: int, ray: str | None, dry_run: bool) -> None:
    """Do what is outstanding of a plan.

    Raises:
        click.UsageError: for a file that is no plan.
        click.ClickException: for a cluster that does not answer.
    """
    dataset = read_dataset(data)
    try:
        chosen = planfile.read(planfile.find(name))
        tasks = planfile.tasks(chosen, dataset, zoos_here())
    except planfile.BadPlan as error:
        raise click.UsageError(str(error)) from None
    # Whose machine a cluster's task will run on is not known yet: there a cell is filled once, by whichever node.
    held = Dataset((data,)) if ray else dataset
    todo = plan.outstanding(tasks, held, anywhere=ray is not None)
    counts = Counter(task.kind for task in todo)
    parts = ", ".join(f"{count} of {kind}" for kind, count in counts.items())
    click.echo(f"{chosen.title}: {len(tasks)} tasks, {len(tasks) - len(todo)} done, to do: {parts or 'none'}", err=True)
    if dry_run:
        _list(todo)
        return
    try:
        records = run_shown("sweep", todo, data, jobs, chosen.bounds(), ray)
    except RuntimeError as error:  # NoCluster, whose module needs Ray only when it is used
        raise click.ClickException(str(error)) from None
    _summarise(records, data)


def _list(todo: list[Task]) -> None:
    for task in todo[:SHOWN]:
        click.echo(f"{task.kind}: {task.label}")
    if len(todo) > SHOWN:
        click.echo(f"and {len(todo) - SHOWN} more")


def _summarise(records: list[Measurement], data: Path) -> None:
    missing = Counter(reason for record in records for reason in record.reasons)
    cells = ", ".join(f"{count} {reason}" for reason, count in sorted(missing.items()))
    click.echo(f"{len(records)} tasks done{'; missing cells: ' + cells if cells else ''}. Records: {data}")
