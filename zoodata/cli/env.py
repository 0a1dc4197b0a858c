"""``zoodata env``: the environments of zoos and releases that are not among the installed packages."""

from __future__ import annotations

import click

from zoodata.cli.common import format_option, show
from zoodata.environments import folders, manage
from zoodata.environments.folders import Lock


def rows() -> list[dict[str, object]]:
    """A row for each environment that there is or that a lock file describes."""
    known = {lock.name: lock for lock in [*folders.locks(), *folders.added()]}
    return [
        {
            "environment": lock.name,
            "zoo": lock.zoo,
            "release": lock.release,
            "added": lock.is_added,
            "mib": round(manage.size(lock.folder) / 2**20, 1) if lock.is_added else None,
            "kind": "its own interpreter" if lock.has_interpreter else "before the installed packages",
            "requirements": list(lock.requirements),
        }
        for _, lock in sorted(known.items())
    ]


def lock_named(name: str) -> Lock:
    """The environment that ``ZOO`` or ``ZOO==RELEASE`` names.

    Raises:
        click.UsageError: when nothing is known of it.
    """
    zoo, _, release = name.partition("==")
    lock = folders.lock_of(zoo, release or None)
    if lock is None:
        described = ", ".join(dict.fromkeys(lock.zoo for lock in folders.locks()))
        raise click.UsageError(
            f"{name!r} names no environment: write ZOO==RELEASE (timm==0.9.16), or one of the zoos {described}"
        )
    return lock


@click.group("env")
def command() -> None:
    """Environments of zoos and releases that are not among the installed packages.

    One holds a zoo's own packages, of some 10 MB, and is put before the installed ones where that zoo is read; that of
    another framework (PaddleClas, GluonCV) is an interpreter of its own, of up to a gigabyte. Nothing is installed
    unless asked for; once added, everything works offline.

    \b
    Examples:
      zoodata env add pytorchcv
      zoodata env add timm==0.9.16
      zoodata diff timm==0.9.16:resnet50 timm:resnet50
    """


@command.command("list")
@format_option
def list_command(style: str) -> None:
    """List environments: those that are here, with their sizes, and those that can be added."""
    columns = {"environment": "environment", "added": "here", "mib": "MiB", "kind": "kind"}
    show(rows(), columns, style)


@command.command("add")
@click.argument("names", metavar="ZOO[==RELEASE]...", nargs=-1, required=False)
@click.option("--all", "everything", is_flag=True, help="Every zoo that a lock file describes.")
def add_command(names: tuple[str, ...], everything: bool) -> None:
    """Add environments. Downloads packages; what is here as its lock file has it is left so."""
    if everything == bool(names):
        raise click.UsageError("name environments, or give --all")
    chosen = folders.locks() if everything else [lock_named(name) for name in names]
    failed = 0
    for lock in chosen:
        if lock.is_current:
            click.echo(f"{lock.name}: here already")
            continue
        try:
            folder = manage.add(lock)
        except manage.CannotAdd as error:
            click.echo(f"{lock.name}: not added: {error}", err=True)
            failed += 1
            continue
        click.echo(f"{lock.name}: added, {manage.size(folder) / 2**20:.1f} MiB")
    if failed:
        raise SystemExit(1)


@command.command("remove")
@click.argument("names", metavar="ZOO[==RELEASE]...", nargs=-1, required=True)
def remove_command(names: tuple[str, ...]) -> None:
    """Remove environments."""
    for lock in [lock_named(name) for name in names]:
        if not lock.is_added:
            raise click.ClickException(f"{lock.name} is not here: zoodata env list")
        manage.remove(lock)
        click.echo(f"{lock.name}: removed")
