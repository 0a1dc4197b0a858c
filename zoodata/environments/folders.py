"""Which folders hold the packages of a zoo, or of another release of it. Nothing is installed or imported here."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import metadata
from importlib.machinery import PathFinder
from importlib.util import find_spec
from pathlib import Path

from zoodata.records.zoos import PACKAGES, release_key

LOCKS = Path(__file__).parent
"""Where the lock files lie: ``NAME-RELEASE.txt``."""

OWN_INTERPRETER = "# interpreter"
"""First line of the lock file of an environment that shares nothing with ours: another framework."""


class NotAdded(LookupError):
    """An environment that is asked for and is not here; says the command that adds it."""


@dataclass(frozen=True)
class Lock:
    """What an environment consists of."""

    zoo: str
    release: str
    path: Path | None = None
    """The lock file; None for a release that needs nothing but its own package."""

    @property
    def name(self) -> str:
        """As its folder is called."""
        return f"{self.zoo}-{self.release}"

    @cached_property
    def requirements(self) -> tuple[str, ...]:
        """Each a distribution and its one version."""
        if self.path is None:
            return (f"{PACKAGES[self.zoo]}=={self.release}",)
        lines = (line.strip() for line in self.path.read_text(encoding="utf-8").splitlines())
        return tuple(line for line in lines if line and not line.startswith("#"))

    @property
    def has_interpreter(self) -> bool:
        """Whether it is a virtual environment, with its dependencies, rather than a folder before ours."""
        return self.path is not None and self.path.read_text(encoding="utf-8").startswith(OWN_INTERPRETER)

    @property
    def folder(self) -> Path:
        """Where it is, once added."""
        return home() / self.name

    @property
    def python(self) -> Path:
        """Its own interpreter, where it has one."""
        return self.folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

    @property
    def is_added(self) -> bool:
        """Whether it is here, whole."""
        return (self.folder / DONE).is_file()

    @property
    def is_current(self) -> bool:
        """Whether it was made of what the lock file names today."""
        return self.is_added and (self.folder / DONE).read_text(encoding="utf-8").split() == [*self.requirements]


DONE = ".added"
"""Written last, so that what an interrupted command left is not taken for an environment."""


def home() -> Path:
    """The folder of all environments of this user."""
    chosen = os.environ.get("ZOODATA_ENVIRONMENTS")
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(chosen) if chosen else Path(base) / "zoodata" / "environments"


def locks() -> list[Lock]:
    """The environments that lock files describe, by zoo and release."""
    found = (path.stem.rpartition("-") for path in LOCKS.glob("*.txt"))
    every = [Lock(zoo, release, LOCKS / f"{zoo}-{release}.txt") for zoo, _, release in found]
    return sorted(every, key=lambda lock: (lock.zoo, release_key(lock.release)))


def lock_of(zoo: str, release: str | None) -> Lock | None:
    """The environment of a zoo's release, or of its newest that a lock file describes; None where there is none."""
    described = [lock for lock in locks() if lock.zoo == zoo and release in (None, lock.release)]
    if described:
        return described[-1]
    return Lock(zoo, release) if release is not None and zoo in PACKAGES else None


def added() -> list[Lock]:
    """The environments that are here."""
    if not home().is_dir():
        return []
    names = (path.name.rpartition("-") for path in sorted(home().iterdir()) if (path / DONE).is_file())
    return [lock_of(zoo, release) or Lock(zoo, release) for zoo, _, release in names]


def of_zoo(zoo: str, modules: Sequence[str] = (), release: str | None = None) -> tuple[Path, ...]:
    """The folders that a worker puts before the installed packages to read a zoo: none where that is installed.

    That of an interpreter holds nothing to import; it says where the zoo's packages are.

    Args:
        zoo: its name.
        modules: what it imports.
        release: another release than the installed one.

    Raises:
        NotAdded: for a release whose environment is not here.
    """
    if release is None and all(find_spec(module) is not None for module in modules):
        return ()
    if release is not None and release == installed_release(zoo):
        return ()
    lock = lock_of(zoo, release)
    if lock is not None and lock.is_added:
        return (lock.folder,)
    if release is None:
        return ()  # whoever needs a module of it says that it is not installed
    raise NotAdded(f"{zoo} {release} is not here: zoodata env add {zoo}=={release}")


def has_module(module: str, folders: Sequence[Path]) -> bool:
    """Whether a module is in one of these folders or installed."""
    searched = list(map(str, _searched(folders)))
    return PathFinder.find_spec(module, searched) is not None or find_spec(module) is not None


def version(package: str, folders: Sequence[Path] = ()) -> str | None:
    """The version of a distribution in these folders, else of the installed one; None where there is none."""
    for found in _distributions(package, folders):
        return found.version
    return None


def _distributions(package: str, folders: Sequence[Path]) -> Iterator[metadata.Distribution]:
    if folders:
        yield from metadata.distributions(name=package, path=list(map(str, _searched(folders))))
    try:
        yield metadata.distribution(package)
    except metadata.PackageNotFoundError:
        return


def _searched(folders: Iterable[Path]) -> Iterator[Path]:
    """Where the packages of these folders lie: of an interpreter deeper inside."""
    for folder in folders:
        if (folder / "pyvenv.cfg").is_file():
            yield from (*folder.glob("lib/python*/site-packages"), folder / "Lib" / "site-packages")
        else:
            yield folder


def installed_release(zoo: str) -> str | None:
    """The release of a zoo that is among the installed packages."""
    return version(PACKAGES[zoo]) if zoo in PACKAGES else None
