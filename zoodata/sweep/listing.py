"""Listing what zoos offer, each in a process of its own.

Frameworks do not always share a process (TensorFlow and torch's compiler each carry an LLVM, and one of
the two import orders aborts), and a broken installation of one zoo must not hide the others.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import zoodata
from zoodata.cores import usable_cores
from zoodata.environments import folders
from zoodata.isolation import Worker, WorkerFailed
from zoodata.measure.host import Host, worker_environment
from zoodata.zoos import registry
from zoodata.zoos.base import ZooError, require

LISTING_SECONDS = 180.0


@dataclass(frozen=True)
class Listing:
    """What one zoo offers, or why that cannot be said."""

    zoo: str
    entries: tuple[str, ...] = ()
    reason: str | None = None
    """A sentence; None when the zoo is usable."""


def cache_folder() -> Path:
    """Where listings are kept between commands."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "zoodata" / "listings"


def _versions(name: str) -> dict[str, str] | None:
    """What a listing depends on: our version and those of its packages. None for a zoo whose listing is not kept."""
    if name not in registry.OWN:  # a plugin under development changes without a version
        return None
    versions = {"zoodata": zoodata.__version__, "python": platform.python_version()}
    own = registry.folders_of([f"{name}:"])
    for package in registry.get(name).packages:
        versions[package] = folders.version(package, own) or "none"
    return versions


def _kept(name: str, versions: dict[str, str] | None) -> Listing | None:
    """The listing of a zoo of which nothing has changed since it was listed."""
    if versions is None:
        return None
    try:
        content = json.loads((cache_folder() / f"{name}.json").read_text(encoding="utf-8"))
        entries = content["entries"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if content.get("versions") != versions or not all(isinstance(entry, str) for entry in entries):
        return None
    return Listing(name, tuple(entries))


def _keep(listing: Listing, versions: dict[str, str] | None) -> None:
    if versions is None or listing.reason is not None:
        return
    with contextlib.suppress(OSError):  # a listing that cannot be kept is made again
        cache_folder().mkdir(parents=True, exist_ok=True)
        path = cache_folder() / f"{listing.zoo}.json"
        beside = path.with_suffix(f".{os.getpid()}")
        beside.write_text(json.dumps({"versions": versions, "entries": listing.entries}), encoding="utf-8")
        beside.replace(path)


def list_zoos(names: Sequence[str]) -> list[Listing]:
    """The entries of each zoo, in the order asked for; as kept where no package of it has changed since."""

    def ask(name: str) -> Listing:
        try:
            require(registry.get(name))
        except ZooError as error:
            return Listing(name, reason=str(error))
        versions = _versions(name)
        if (kept := _kept(name, versions)) is not None:
            return kept
        listing = fresh(name)
        _keep(listing, versions)
        return listing

    def fresh(name: str) -> Listing:
        # The worker lives and dies in this thread: Linux ends a child when the thread that made it ends.
        with Worker(Host, worker_environment("cpu", 1), paths=registry.folders_of([f"{name}:"])) as worker:
            try:
                return Listing(name, tuple(worker.call(LISTING_SECONDS, Host.entries, name)))
            except WorkerFailed as error:
                return Listing(name, reason=error.message)

    with ThreadPoolExecutor(usable_cores()) as pool:
        return list(pool.map(ask, names))
