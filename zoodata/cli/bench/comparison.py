"""``zoodata bench comparison``: compare and prove the pairs of the catalogue."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from zoodata.cli.bench.common import architecture_option, force_option
from zoodata.cli.common import data_option, format_option, read_dataset, show, step
from zoodata.dataset.store import Dataset
from zoodata.measure.environment import usable_cores
from zoodata.records import ComparisonMeasurement, Environment
from zoodata.sweep import plan
from zoodata.sweep.run import run_comparisons


def bench_comparisons(
    dataset: Dataset, tasks: Sequence[plan.ComparisonTask], data: Path, jobs: int, force: bool = False
) -> list[ComparisonMeasurement]:
    """Compare pairs that are not compared yet in this environment; returns the new records."""
    known: dict[frozenset[str], Environment] = {}

    def environment(task: plan.ComparisonTask) -> Environment:
        zoos = frozenset((task.a.partition(":")[0], task.b.partition(":")[0]))
        if zoos not in known:
            known[zoos] = plan.shared_environment((task.a, task.b))
        return known[zoos]

    wanted = [task for task in tasks if force or not task.is_done(dataset, environment(task))]
    records: list[ComparisonMeasurement] = []
    with step("comparisons", len(wanted)) as shown:

        def done(record: ComparisonMeasurement) -> None:
            records.append(record)
            shown.advance(f"{record.a} {record.b}: {record.result.verdict if record.result else 'no'}")

        run_comparisons(wanted, environment, data, jobs=jobs, done=done)
    return records


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
    tasks = plan.comparisons(dataset, architecture)
    bench_comparisons(dataset, tasks, data, jobs, force)
    found = read_dataset(data).comparisons
    rows = []
    for task in tasks:
        record = found.get((task.a, task.b))
        result = record.result if record else None
        row: dict[str, Any] = {"architecture": task.architecture, "a": task.a, "b": task.b}
        if result is not None:
            row |= {"verdict": result.verdict, "proof": result.proof.status if result.proof else None}
        elif record is not None and record.missing is not None:
            row |= {"verdict": f"{record.missing.reason}: {record.missing.message}"}
        rows.append(row)
    columns = {"architecture": "architecture", "a": "a", "b": "b", "verdict": "verdict", "proof": "proof"}
    show(rows, columns, style)
    if tasks and not any(row.get("proof") for row in rows):
        raise SystemExit(1)
