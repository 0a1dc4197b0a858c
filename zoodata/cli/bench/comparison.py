"""``zoodata bench comparison``: compare and prove the pairs of the catalogue."""

from __future__ import annotations

from pathlib import Path

import click

from zoodata.cli.bench.common import architecture_option, force_option, run_shown, usable
from zoodata.cli.common import data_option, format_option, read_dataset, show
from zoodata.cores import usable_cores
from zoodata.sweep import plan
from zoodata.sweep.kinds.comparison import all_pairs


@click.command("comparison")
@architecture_option
@click.option("--jobs", type=click.IntRange(1), default=usable_cores, show_default="cores", help="Pairs at a time.")
@force_option
@data_option
@format_option
def comparison_command(architecture: str | None, jobs: int, force: bool, data: Path, style: str) -> None:
    """Compare and prove every pair of entries of an architecture, or of the whole catalogue.

    What `zoodata diff A B --prove` answers for two entries, as records.
    """
    dataset = read_dataset(data)
    here = set(usable(plan.catalogue_entries(dataset, architecture)))
    tasks = [task for task in all_pairs(dataset, architecture) if {task.a, task.b} <= here]
    run_shown("comparisons", tasks if force else plan.outstanding(tasks, dataset), data, jobs)
    comparisons = read_dataset(data).comparisons
    rows = []
    for task in tasks:
        record = comparisons.get((task.a, task.b))
        result = record.result if record else None
        row: dict[str, object] = {"architecture": task.architecture, "a": task.a, "b": task.b}
        if result is not None:
            row |= {"verdict": result.verdict, "proof": result.proof.status if result.proof else None}
        elif record is not None and record.missing is not None:
            row |= {"verdict": f"{record.missing.reason}: {record.missing.message}"}
        rows.append(row)
    columns = {"architecture": "architecture", "a": "a", "b": "b", "verdict": "verdict", "proof": "proof"}
    show(rows, columns, style)
    if tasks and not any(row.get("proof") for row in rows):
        raise SystemExit(1)
