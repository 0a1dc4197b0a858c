"""``zoodata bench release``: read whole releases of a zoo, and prove what changed between them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import click

from zoodata.cli.bench.common import force_option
from zoodata.cli.common import Step, data_option, measuring_into, read_dataset, step
from zoodata.cores import usable_cores
from zoodata.dataset.store import Dataset
from zoodata.discrepancy.history import REAL
from zoodata.environments import folders
from zoodata.isolation import WorkerFailed
from zoodata.records import Release
from zoodata.records.zoos import PACKAGES, release_key
from zoodata.sweep import releases
from zoodata.sweep.releases import ZooRelease


def chosen_releases(names: tuple[str, ...]) -> list[ZooRelease]:
    """What ``ZOO==RELEASE`` and ``ZOO`` (the one that is installed) name.

    Raises:
        click.UsageError: for what is no zoo.
        click.ClickException: for a release that is not here.
    """
    chosen = []
    for name in names:
        zoo, _, release = name.partition("==")
        if zoo not in PACKAGES:
            raise click.UsageError(f"there is no zoo {zoo!r} that comes in releases: `zoodata zoos` lists the zoos")
        lock = folders.lock_of(zoo, None)
        release = release or folders.installed_release(zoo) or (lock.release if lock else "")
        if not release:
            raise click.ClickException(f"{zoo} is not installed: name a release, as {zoo}==1.0")
        one = ZooRelease(zoo, release)
        try:
            _ = one.paths
        except folders.NotAdded as error:
            raise click.ClickException(str(error)) from None
        chosen.append(one)
    return sorted(chosen, key=lambda each: (each.zoo, release_key(each.release)))


@click.command("release")
@click.argument("names", metavar="ZOO[==RELEASE]...", nargs=-1, required=True)
@click.option("--jobs", type=click.IntRange(1), default=usable_cores, show_default="cores", help="Releases at a time.")
@force_option
@data_option
def release_command(names: tuple[str, ...], jobs: int, force: bool, data: Path) -> None:
    """Read whole releases: every entry's network, preprocessing and checkpoints, by name.

    Then each network whose digest changed from one known release to the next is compared, and both releases' models
    are run on the same weights. Interrupted, it goes on where it stopped.

    \b
    Examples:
      zoodata env add timm==0.9.16 timm==1.0.15
      zoodata bench release timm==0.9.16 timm==1.0.15 timm
      zoodata history timm
    """
    chosen = chosen_releases(names)
    dataset = read_dataset(data)
    known = {(each.zoo, each.release) for found in dataset.releases.values() for each in found}
    todo = [each for each in chosen if force or (each.zoo, each.release) not in known]
    failed: list[str] = []
    with measuring_into(data):
        listed: dict[ZooRelease, list[str]] = {}
        for each in todo:
            try:
                listed[each] = releases.entries(each)
            except WorkerFailed as error:
                click.echo(f"{each.zoo} {each.release}: does not list its entries: {error.message}", err=True)
                failed.append(each.release)
        with step("entries", sum(map(len, listed.values()))) as shown, ThreadPoolExecutor(jobs) as pool:
            waiting = [
                pool.submit(releases.read, each, entries, data, _saying(shown, f"{each.zoo} {each.release}"))
                for each, entries in listed.items()
            ]
            for future in waiting:
                record = future.result()
                missing = sum(entry.missing is not None for entry in record.entries)
                click.echo(f"{record.zoo} {record.release}: {len(record.entries)} entries, {missing} not read")
        _compare(read_dataset(data), {each.zoo for each in chosen}, data, force)
    if failed:
        raise SystemExit(1)


def _saying(shown: Step, label: str) -> Callable[[str], None]:
    """Advance the progress by one entry, under a label."""
    return lambda name: shown.advance(f"{label} {name}")


def _compare(dataset: Dataset, zoos: set[str], data: Path, force: bool) -> None:
    """Prove what changed between neighbouring releases that no record tells of yet."""
    todo: list[tuple[Release, Release]] = [
        pair
        for zoo in sorted(zoos)
        for pair in pairwise(dataset.releases.get(zoo, []))
        if force or (zoo, pair[0].release, pair[1].release) not in dataset.release_changes
    ]
    with step("changed networks", sum(len(releases.changed(*pair)) for pair in todo)) as shown:
        for earlier, later in todo:
            label = f"{later.zoo} {earlier.release} to {later.release}"
            try:
                record = releases.compare(earlier, later, data, _saying(shown, label))
            except folders.NotAdded as error:
                click.echo(f"{label}: not compared: {error}", err=True)
                continue
            real = sum(change.outcome in REAL for change in record.changes)
            unknown = sum(change.outcome == "not_run" for change in record.changes)
            click.echo(
                f"{label}: {len(record.changes)} networks have another digest, {real} are another function"
                + (f", {unknown} were not run in both" if unknown else "")
            )
