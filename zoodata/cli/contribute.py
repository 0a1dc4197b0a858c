"""``zoodata contribute``: take this machine's measurements into a checkout, ready for a pull request."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

import click

from zoodata.cli.common import data_option
from zoodata.cli.review import Review, review, show
from zoodata.cli.validate import as_text
from zoodata.dataset import store
from zoodata.dataset.issues import Issue
from zoodata.dataset.validate import check_file, validate
from zoodata.records import (
    ArchitectureMeasurement,
    Environment,
    Release,
    ReleaseChanges,
    StoredNetwork,
    Supersession,
    is_personal,
)
from zoodata.records.base import Measurement, StoredRecord


def run(data: Path, target: Path) -> list[Path]:
    """Copy the publishable measurements, their environments and networks; returns the new files.

    Raises:
        click.ClickException: when the local records are not valid.
    """
    report = validate([target, data], [data], [data])
    _refuse(issue for issue in report.issues if issue.is_error or issue.code == "W112")
    return _copied(data, target)


def _refuse(issues: Iterable[Issue]) -> None:
    if first := list(islice(issues, 10)):
        raise click.ClickException("\n".join(map(as_text, first)))


def _copied(data: Path, target: Path) -> list[Path]:
    records = [store.read(path) for path in store.files(data)]
    environments = {record.id: record for record in records if isinstance(record, Environment)}
    networks = {record.digest: record for record in records if isinstance(record, StoredNetwork)}
    written = [
        store.write(record, target)
        for record in records
        if isinstance(record, Supersession) and not (target / store.path_of(record)).exists()
    ]
    for record in records:
        if isinstance(record, Release | ReleaseChanges):
            changes = record.changes if isinstance(record, ReleaseChanges) else ()
            digests = sorted({digest for change in changes for digest in (change.earlier, change.later)})
            beside = [environments.get(record.environment), *(networks.get(digest) for digest in digests)]
            written += _written((*beside, record), target)
            continue
        if not isinstance(record, Measurement) or record.is_empty or any(map(is_personal, record.entries)):
            continue
        environment = environments.get(record.environment)
        result = record.result if isinstance(record, ArchitectureMeasurement) else None
        network = networks.get(result.digest or "") if result is not None else None
        written += _written((environment, network, record), target)
    return written


def _written(records: Iterable[StoredRecord | None], target: Path) -> list[Path]:
    """Write those of the records that are not there yet."""
    fresh = [record for record in records if record is not None and not (target / store.path_of(record)).exists()]
    return [store.write(record, target) for record in fresh]


def tried(data: Path, target: Path) -> Review:
    """What a contribution would do, tried on a copy of the dataset.

    Local files are checked one by one here; how they fit the dataset is the review's, as in the pull request.

    Raises:
        click.ClickException: when one of the local files is not valid by itself.
    """
    _refuse(issue for path in store.files(data) for issue in check_file(path, data)[0])
    with tempfile.TemporaryDirectory(prefix="zoodata-") as folder:
        copy = Path(folder, "data")
        shutil.copytree(target, copy)
        _copied(data, copy)
        return review(target, copy)


@click.command("contribute")
@click.option(
    "--to",
    "target",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=Path("zoodata/data"),
    show_default=True,
    help="The dataset in your checkout.",
)
@click.option(
    "--check", is_flag=True, help="Change nothing: say what the pull request's check would, rankings included."
)
@data_option
def command(target: Path, check: bool, data: Path) -> None:
    """Copy this machine's measurements into the dataset of your checkout, checked, ready to commit.

    Measurements of your own models (file:, python:), misspelt entries and runs that timed nothing stay where they are.
    """
    if not data.is_dir():
        raise click.UsageError(f"there are no measurements in {data}: run `zoodata bench` first")
    if check:
        reviewed = tried(data, target)
        show(reviewed, "text")
        if reviewed.report.errors:
            raise SystemExit(1)
        return
    written = run(data, target)
    click.echo(f"{len(written)} files copied to {target}.")
    if written:
        click.echo(f"Next: git add {target} && git commit, then open a pull request.")
