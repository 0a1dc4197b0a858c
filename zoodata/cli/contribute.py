"""``zoodata contribute``: take this machine's measurements into a checkout, ready for a pull request."""

from __future__ import annotations

from pathlib import Path

import click

from zoodata.cli.common import data_option
from zoodata.cli.validate import as_text
from zoodata.dataset import store
from zoodata.dataset.validate import validate
from zoodata.records import (
    PERSONAL_ZOOS,
    AccuracyMeasurement,
    ArchitectureMeasurement,
    ComparisonMeasurement,
    Environment,
    LatencyMeasurement,
    StoredNetwork,
    entry_zoo,
)

Run = AccuracyMeasurement | ArchitectureMeasurement | ComparisonMeasurement | LatencyMeasurement


def run(data: Path, target: Path) -> list[Path]:
    """Copy the publishable measurements, their environments and networks; returns the new files.

    Raises:
        click.ClickException: when the local records are not valid.
    """
    report = validate([target, data], [data], [data])
    if report.errors:
        raise click.ClickException("\n".join(as_text(issue) for issue in report.errors[:10]))
    records = [store.read(path) for path in store.files(data)]
    environments = {record.id: record for record in records if isinstance(record, Environment)}
    networks = {record.digest: record for record in records if isinstance(record, StoredNetwork)}
    written = []
    for record in records:
        if not isinstance(record, Run):
            continue
        if _is_personal(record) or _says_nothing(record):
            continue
        environment = environments.get(record.environment)
        is_count = isinstance(record, ArchitectureMeasurement) and record.result is not None
        network = networks.get(record.result.digest or "") if is_count else None  # type: ignore[union-attr]
        for item in (environment, network, record):
            if item is not None and not (target / store.path_of(item)).exists():
                written.append(store.write(item, target))
    return written


def _is_personal(record: Run) -> bool:
    if isinstance(record, ComparisonMeasurement):
        return bool({entry_zoo(record.a), entry_zoo(record.b)} & PERSONAL_ZOOS)
    if isinstance(record, AccuracyMeasurement | ArchitectureMeasurement):
        return entry_zoo(record.entry) in PERSONAL_ZOOS
    asked = [item.entry for item in record.participants] + [item.entry for item in record.missing]
    return any(entry_zoo(entry) in PERSONAL_ZOOS for entry in asked)


def _says_nothing(record: Run) -> bool:
    """A misspelt entry, or a run in which nothing was timed: news for the one who ran it only."""
    if isinstance(record, AccuracyMeasurement | ArchitectureMeasurement | ComparisonMeasurement):
        return record.missing is not None and record.missing.reason == "not_in_package"
    return not record.samples


@click.command("contribute")
@click.option(
    "--to",
    "target",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=Path("zoodata/data"),
    show_default=True,
    help="The dataset in your checkout.",
)
@data_option
def command(target: Path, data: Path) -> None:
    """Copy this machine's measurements into the dataset of your checkout, checked, ready to commit.

    Measurements of your own models (file:, python:), misspelt entries and runs that timed nothing stay where they are.
    """
    if not data.is_dir():
        raise click.UsageError(f"there are no measurements in {data}: run `zoodata bench` first")
    written = run(data, target)
    click.echo(f"{len(written)} files copied to {target}.")
    if written:
        click.echo(f"Next: git add {target} && git commit, then open a pull request.")
