"""A checkout of a zoo's repository, or an unpacked release, and the claims that a reader takes from it."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from zoodata.records import Claim
from zoodata.records.claim import UNITS, Inferred, PackageSource, RepositorySource, Source


class NotThisZoo(ValueError):
    """The folder does not hold what the reader looks for."""


@dataclass(frozen=True)
class Checkout:
    """Files, and what to call the state they are in."""

    root: Path
    repository: str
    """owner/name on GitHub; of a package release its name."""
    commit: str | None
    """None: a release, named by ``version``."""
    version: str

    @classmethod
    def of(cls, root: Path, repository: str, package: str | None = None) -> Checkout:
        """Look at a folder: a git checkout, or (for a package) an unpacked wheel.

        Raises:
            NotThisZoo: when it is neither, so that nothing could say which state was read.
        """
        if (root / ".git").exists():
            done = subprocess.run(["git", "-C", str(root), "rev-parse", "HEAD"], capture_output=True, text=True)
            if done.returncode == 0:
                commit = done.stdout.strip()
                return cls(root, repository, commit, commit[:12])
        releases = [*root.glob(f"{(package or repository).replace('-', '_')}-*.dist-info")] if package else []
        if len(releases) == 1:
            version = releases[0].name.removesuffix(".dist-info").rpartition("-")[2]
            return cls(root, package or repository, None, version)
        wanted = f"a git checkout of {repository}" + (f", or an unpacked wheel of {package}" if package else "")
        raise NotThisZoo(f"{root} is not {wanted}")

    def files(self, pattern: str) -> list[Path]:
        """Files below the root that match, in a stable order; links are not followed.

        Raises:
            NotThisZoo: when there are none.
        """
        paths = sorted(path for path in self.root.glob(pattern) if path.is_file() and not path.is_symlink())
        if not paths:
            raise NotThisZoo(f"{self.root} has no {pattern}: is it a checkout of {self.repository}?")
        return paths

    def place(self, path: Path, line: int) -> Source:
        """The source record of one line."""
        name = path.relative_to(self.root).as_posix()
        if self.commit is None:
            return PackageSource(package=self.repository, version=self.version, symbol=f"{name}#L{line}")
        return RepositorySource(repository=self.repository, commit=self.commit, path=name, line=line)


Reader = Callable[[Checkout], Iterator[Claim]]


def statement(entry: str, metric: str, stated: str, unit: str, value: float, source: Source, **more: Any) -> Claim:
    """A claim; ``value`` in the metric's own unit."""
    return Claim.seal(
        entry=entry, metric=metric, stated=stated, stated_unit=unit, value=value, unit=UNITS[metric], source=source,
        inferred=more.pop("inferred", Inferred(evaluation_images=50_000)), **more,
    )  # fmt: skip


def slug(text: str) -> str:
    """Any name as a part of an entry's name."""
    plain = re.sub(r"[^A-Za-z0-9_.+-]+", "_", text.strip())
    return re.sub(r"\.{2,}", ".", plain).strip("_.+-")[:120].rstrip("_.+-") or "unnamed"


@dataclass(frozen=True)
class Located:
    """A value of a YAML file and the line it stands in."""

    value: str
    line: int


def located(path: Path) -> Any:
    """A YAML file as dictionaries and lists whose scalars know their line. No tags are run.

    Raises:
        NotThisZoo: when it is not YAML.
    """
    try:
        return _plain(yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise NotThisZoo(f"{path.name} is not YAML: {str(error).splitlines()[0]}") from error


def _plain(node: Any) -> Any:
    if isinstance(node, yaml.MappingNode):
        return {key.value: _plain(value) for key, value in node.value if isinstance(key, yaml.ScalarNode)}
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item) for item in node.value]
    return Located(node.value, node.start_mark.line + 1) if node is not None else None


def within(record: Any, *keys: str) -> Any:
    """A value deep in nested dictionaries; None where one is missing."""
    for key in keys:
        if not isinstance(record, Mapping) or key not in record:
            return None
        record = record[key]
    return record


def text(record: Any, *keys: str) -> Located:
    """A scalar deep in nested dictionaries, with its line; an empty one where it is missing."""
    value = within(record, *keys)
    return value if isinstance(value, Located) else Located("", 0)


def items(record: Any, key: str) -> list[Any]:
    """The list under a key; empty where there is none."""
    value = within(record, key)
    return value if isinstance(value, list) else []
