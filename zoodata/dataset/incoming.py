"""What a contribution brings: which files it adds, changes and deletes, and whether it may.

Records are never changed: a number that was wrong is superseded by a record that says why.
"""

from __future__ import annotations

import filecmp
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from zoodata.dataset import store
from zoodata.dataset.issues import Issue

DATA = Path("zoodata", "data")
"""Where the dataset lies in a checkout."""

CURATED = ("catalogue", "lineage")
"""Folders whose files are edited: each change of one is read by a maintainer."""

NOT_CODE = (".git", ".venv", "__pycache__")
MOST_FILES, MOST_BYTES = 5_000, 60 * 2**20
"""Of one contribution."""


@dataclass(frozen=True)
class Incoming:
    """The files in which two datasets, and the checkouts around them, differ; paths inside each."""

    added: tuple[Path, ...]
    changed: tuple[Path, ...]
    deleted: tuple[Path, ...]
    outside: tuple[Path, ...] = ()
    """Files of the checkout that are no data and differ."""
    size: int = 0
    """Bytes of what is added and changed."""

    @property
    def touched(self) -> tuple[Path, ...]:
        """What is added or changed."""
        return (*self.added, *self.changed)


def between(base: Path, proposed: Path) -> Incoming:
    """What a proposed checkout, or dataset, changes in another."""
    inside = [root / DATA if (root / DATA).is_dir() else root for root in (base, proposed)]
    old, new = (_files(root) for root in inside)
    changed = [path for path in old.keys() & new.keys() if not _same(old[path], new[path])]
    added = new.keys() - old.keys()
    outside: set[Path] = set()
    if inside != [base, proposed]:
        ours, theirs = (
            {path: file for path, file in _files(root).items() if DATA not in path.parents} for root in (base, proposed)
        )
        outside = ours.keys() ^ theirs.keys()
        outside |= {path for path in ours.keys() & theirs.keys() if not _same(ours[path], theirs[path])}
    size = sum(new[path].lstat().st_size for path in [*added, *changed])
    return Incoming(
        tuple(sorted(added)),
        tuple(sorted(changed)),
        tuple(sorted(old.keys() - new.keys())),
        tuple(sorted(outside)),
        size,
    )


def issues(incoming: Incoming) -> Iterator[Issue]:
    """What a contribution may not do, and what a maintainer must look at."""
    for path in incoming.deleted:
        yield Issue(path.as_posix(), "E040", "", "is deleted")
    for path in incoming.changed:
        top = path.parts[0]
        if top in CURATED:
            yield Issue(path.as_posix(), "W114", "", "is edited")
        elif top in store.FOLDERS:
            yield Issue(path.as_posix(), "E040", "", "is changed")
    for path in incoming.added:
        if path.parts[0] == "supersessions":
            yield Issue(path.as_posix(), "W111", "", "supersedes records that stand")
        if path.parts[0] == "image_sets":
            yield Issue(path.as_posix(), "W116", "", "is new")
    for path in incoming.touched:
        if path.parts[0] not in store.FOLDERS:
            yield Issue(path.as_posix(), "E041", "", "is no record")
    for path in incoming.outside:
        yield Issue(path.as_posix(), "E041", "", "is no data")
    if len(incoming.touched) > MOST_FILES or incoming.size > MOST_BYTES:
        size = f"{len(incoming.touched):,} files of {incoming.size / 2**20:,.1f} MiB"
        yield Issue("", "E042", "", f"{size}; {MOST_FILES:,} files and {MOST_BYTES // 2**20} MiB are allowed")


def _files(root: Path) -> dict[Path, Path]:
    """Every file below a folder, links included and not followed, by its path inside."""
    found = {}
    for folder, inner, names in os.walk(root):
        linked = [name for name in inner if (Path(folder) / name).is_symlink()]
        inner[:] = sorted(name for name in inner if name not in NOT_CODE and name not in linked)
        for name in [*names, *linked]:
            path = Path(folder, name)
            found[path.relative_to(root)] = path
    return found


def _same(one: Path, other: Path) -> bool:
    if one.is_symlink() or other.is_symlink():
        return one.is_symlink() and other.is_symlink() and one.readlink() == other.readlink()
    return filecmp.cmp(one, other, shallow=False)
