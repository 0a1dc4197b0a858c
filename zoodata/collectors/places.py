"""The places that claims cite, as text: a file of a repository at a commit, or of a release of a package."""

from __future__ import annotations

import re
import subprocess
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

from zoodata.records.claim import Claim, PackageSource, RepositorySource
from zoodata.records.verification import Outcome

PLACE = re.compile(r"(?P<path>[A-Za-z0-9_./()+-]+)(?:#L(?P<line>\d+)|:(?P<symbol>[A-Za-z0-9_.]+))?")
"""A place inside a package: ``path#L12`` or ``path:symbol``."""

WEIGHTS_MEMBER = re.compile(r"(?P<package>\w+)(?:\.\w+)*\.(?P<symbol>\w*Weights\.\w+)\b")
"""A member of an enumeration of weights, by its dotted name."""

DEEPEST = 3
"""Folders below the given ones in which repositories are looked for."""


@dataclass(frozen=True)
class Place:
    """One file that a claim cites, with what it says about where in it."""

    path: str
    text: str
    line: int | None = None
    symbol: str | None = None


class Unread(Exception):
    """A place that cannot be read; ``outcome`` says why."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome)
        self.outcome = outcome


@dataclass
class Library:
    """Checkouts and wheels in some folders, and the packages installed here."""

    folders: Sequence[Path] = ()
    given: Mapping[str, Path] = field(default_factory=dict)
    """Repositories whose folders are known."""
    read: set[str] = field(default_factory=set)
    """What was read since this was last emptied, by name and state."""
    _texts: dict[tuple[str, ...], str | Unread] = field(default_factory=dict)
    _repositories: dict[str, Path | None] = field(default_factory=dict)
    _names: dict[tuple[str, str], list[str]] = field(default_factory=dict)

    def places(self, claim: Claim) -> list[Place]:
        """The files that a claim cites, in its order.

        Raises:
            Unread: when one of them cannot be read.
        """
        source = claim.source
        if isinstance(source, RepositorySource):
            text = self._once(source.repository, source.commit, source.path)
            return [Place(source.path, text, source.line)]
        if isinstance(source, PackageSource):
            return list(self._in_package(source))
        raise Unread("not_pinned")

    def _in_package(self, source: PackageSource) -> Iterator[Place]:
        if member := WEIGHTS_MEMBER.match(source.symbol):
            name = member["symbol"].partition(".")[0]
            for path in self._package_files(source, ".py"):
                text = self._once(source.package, source.version, path)
                if f"class {name}(" in text:
                    yield Place(path, text, None, member["symbol"])
                    return
            raise Unread("no_such_line")
        parts = [part for words in source.symbol.split(" + ") if (part := PLACE.match(words))]
        if not parts or "." not in source.symbol or "(" in source.symbol.partition("#")[0].replace("(README)", ""):
            raise Unread("not_readable")
        for part in parts:
            path = part["path"].replace("METADATA(README)", "METADATA")
            files = [each for each in self._package_files(source, "") if each == path or each.endswith(f"/{path}")]
            if not files:
                raise Unread("no_such_file")
            text = self._once(source.package, source.version, files[0])
            yield Place(path, text, int(part["line"]) if part["line"] else None, part["symbol"])

    def _once(self, *key: str) -> str:
        if key not in self._texts:
            try:
                self._texts[key] = self._git(*key) if "/" in key[0] else self._wheel_text(*key)
            except Unread as error:
                self._texts[key] = error
        text = self._texts[key]
        if isinstance(text, Unread):
            raise Unread(text.outcome)
        name, state, _ = key
        self.read.add(f"{name}@{state[:12]}" if "/" in name else f"{name}=={state}")
        return text

    def _git(self, repository: str, commit: str, path: str) -> str:
        for folder in self.folders:  # single files that somebody fetched at a commit
            loose = folder / f"{repository}@{commit}"
            if loose.is_dir():
                file = loose / path
                if not file.is_file() or not file.resolve().is_relative_to(loose.resolve()):
                    raise Unread("not_at_hand")
                return file.read_text(encoding="utf-8", errors="replace")
        root = self._repository(repository)
        if root is None:
            raise Unread("not_at_hand")
        if _run(root, "cat-file", "-e", f"{commit}^{{commit}}") is None:
            raise Unread("no_such_commit")
        content = _run(root, "show", f"{commit}:{path}")
        if content is None:
            raise Unread("no_such_file")
        return content.decode("utf-8", "replace")

    def _repository(self, repository: str) -> Path | None:
        if repository in self.given:
            return self.given[repository]
        if repository not in self._repositories:
            wanted = {repository.lower(), repository.lower().replace("/", "+")}
            self._repositories[repository] = next(
                (path for name, path in self._all_repositories() if name in wanted), None
            )
        return self._repositories[repository]

    def _all_repositories(self) -> Iterator[tuple[str, Path]]:
        """Repositories by what their folders are called: ``owner/name`` or ``owner+name``."""
        for folder in self.folders:
            for depth in range(DEEPEST):
                for path in sorted(folder.glob("/".join(["*"] * (depth + 1)))):
                    if (path / ".git").exists() or ((path / "HEAD").is_file() and (path / "objects").is_dir()):
                        parts = path.relative_to(folder).parts
                        yield "/".join(parts).lower(), path
                        yield from ((part.lower(), path) for part in parts if "+" in part)

    def _wheel(self, package: str, version: str) -> Path | None:
        stem = package.lower().replace("-", "_")
        public = version.partition("+")[0]
        for folder in self.folders:
            for path in sorted(folder.glob("*.whl")):
                name, number = path.name.lower().split("-")[:2]
                if name.replace("-", "_") == stem and number.partition("+")[0] == public:
                    return path
        return None

    def _package_files(self, source: PackageSource, suffix: str) -> list[str]:
        key = source.package, source.version
        if key not in self._names:
            self._names[key] = self._all_files(source)
        return [name for name in self._names[key] if name.endswith(suffix)]

    def _all_files(self, source: PackageSource) -> list[str]:
        wheel = self._wheel(source.package, source.version)
        if wheel is not None:
            with zipfile.ZipFile(wheel) as archive:
                return archive.namelist()
        installed = _installed(source.package, source.version)
        if installed is None:
            raise Unread("not_at_hand")
        return [str(path) for path in installed.files or ()]

    def _wheel_text(self, package: str, version: str, path: str) -> str:
        wheel = self._wheel(package, version)
        if wheel is not None:
            with zipfile.ZipFile(wheel) as archive:
                return archive.read(path).decode("utf-8", "replace")
        installed = _installed(package, version)
        if installed is None:
            raise Unread("not_at_hand")
        return Path(str(installed.locate_file(path))).read_text(encoding="utf-8", errors="replace")


def _installed(package: str, version: str) -> metadata.Distribution | None:
    try:
        found = metadata.distribution(package)
    except metadata.PackageNotFoundError:
        return None
    return found if found.version.partition("+")[0] == version.partition("+")[0] else None


def _run(root: Path, *arguments: str) -> bytes | None:
    done = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, check=False)
    return done.stdout if done.returncode == 0 else None
