"""What the bench commands share: which entries, on what device."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import click

from zoodata.cli.common import check_entries, measuring_into, step
from zoodata.cli.images import ImagesType
from zoodata.dataset.store import Dataset
from zoodata.environments.folders import lock_of
from zoodata.records.base import Measurement, entry_zoo
from zoodata.records.latency import TimedRun
from zoodata.sweep import plan
from zoodata.sweep.listing import list_zoos
from zoodata.sweep.run import run_tasks
from zoodata.sweep.task import Limits, Outcome, Task
from zoodata.zoos import registry
from zoodata.zoos.base import NotInstalled, require

entries_argument = click.argument("entries", metavar="[ENTRY]...", nargs=-1)
architecture_option = click.option("--architecture", metavar="A", help="All entries of this architecture.")
images_option = click.option(
    "--images", required=True, metavar="DIR|NAME", type=ImagesType(),
    help="Labelled images: class folders, a folder with a list of labels, parquet, or a set of `zoodata images list`.",
)  # fmt: skip
labels_option = click.option(
    "--labels", type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="List of labels, where it is not DIR/labels.csv, labels.txt or val.txt.",
)  # fmt: skip
weights_option = click.option(
    "--weights", type=click.Path(exists=True, dir_okay=False), help="A local checkpoint; nothing in it runs."
)
preprocessing_option = click.option(
    "--preprocessing", type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Preprocessing (JSON), for your own model or instead of what the zoo declares.",
)  # fmt: skip
force_option = click.option("--force", is_flag=True, help="Measure again what is measured already.")


def chosen_entries(dataset: Dataset, entries: Sequence[str], architecture: str | None, everything: bool) -> list[str]:
    """The entries a user asked for; the catalogue's when they named none."""
    refuse_mixture(entries, architecture, everything)
    check_entries(entries)
    if entries:
        return list(entries)
    if everything:
        return _everything()
    return usable(plan.catalogue_entries(dataset, architecture))


def zoos_here(quiet: bool = False) -> list[str]:
    """The zoos that can be used here. Of those that are usually installed, says which are not, and why, unless quiet.

    Zoos with an environment of their own are added by who wants them.
    """
    here = []
    for name, zoo in registry.all_zoos().items():
        try:
            require(zoo)
            here.append(name)
        except NotInstalled as error:
            if not quiet and lock_of(name, None) is None:
                click.echo(f"left out: {error}", err=True)
    return here


def usable(entries: Sequence[str]) -> list[str]:
    """Those of the entries whose zoos are here; says how many are not, and what adds them."""
    here = set(zoos_here(quiet=True))
    absent = [entry for entry in entries if entry_zoo(entry) not in here]
    if absent:
        names = ", ".join(sorted({entry_zoo(entry) for entry in absent}))
        click.echo(
            f"left out: {len(absent)} entries of zoos that are not here ({names}): zoodata env add --all", err=True
        )
    return [entry for entry in entries if entry_zoo(entry) in here]


def run_shown(
    title: str,
    tasks: Sequence[Task],
    data: Path,
    jobs: int = 1,
    limits: Limits | None = None,
    ray: str | None = None,
) -> list[Measurement]:
    """Do tasks here, or on a Ray cluster, with progress; returns the new records."""
    records: list[Measurement] = []
    with measuring_into(data), step(title, len(tasks)) as shown:

        def done(finished: Outcome) -> None:
            records.append(finished.record)
            task = finished.task
            shown.advance(f"{task.label}: {task.summary(finished.record)}")

        if ray is None:
            run_tasks(tasks, data, jobs, limits, done, shown.note)
        else:
            from zoodata.sweep.cluster import run_on_ray

            run_on_ray(tasks, data, ray, limits, done)
    return records


def refuse_untimed(records: Iterable[TimedRun]) -> None:
    """End with an error where no run has timed anything."""
    if not any(record.samples for record in records):
        click.echo("Nothing could be timed: see the reasons above.", err=True)
        raise SystemExit(1)


def refuse_mixture(entries: Sequence[str], architecture: str | None, everything: bool) -> None:
    """Refuse more than one way to say which entries are meant."""
    if sum(map(bool, (entries, architecture, everything))) > 1:
        raise click.UsageError("give entries, or --architecture, or --all: one of them")


def check_device(context: click.Context, parameter: click.Parameter, value: str) -> str:
    """A device's name, checked before any framework starts."""
    if not re.fullmatch(r"cpu|cuda(:[0-9]+)?", value):
        raise click.BadParameter(f"{value!r} is not a device: cpu, cuda or cuda:N")
    return value


def _everything() -> list[str]:
    """Every entry of every zoo that is usable here; the others are named."""
    entries = []
    for listing in list_zoos(list(registry.all_zoos())):
        if listing.reason is not None:
            click.echo(f"left out: {listing.reason}", err=True)
        entries += [f"{listing.zoo}:{entry}" for entry in listing.entries]
    return entries
