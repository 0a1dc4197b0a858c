"""What this copy of zoodata is: its version, its commit, its public address.

The public address is written once, in ``pyproject.toml``; a fork's CI publishes under its own address
because the CI environment wins.
"""

from __future__ import annotations

import functools
import os
import subprocess
import tomllib
from importlib import metadata
from pathlib import Path

import zoodata

PACKAGE = Path(zoodata.__file__).parent


def checkout() -> Path | None:
    """The root of the source checkout this package runs from, or None when it is installed."""
    root = PACKAGE.parent
    return root if (root / "pyproject.toml").is_file() and (root / "generator").is_dir() else None


@functools.cache
def commit() -> str | None:
    """The commit this code is at, with ``+dirty`` when tracked code files differ from it; None if unknown."""
    root = checkout()
    if root is None:
        return None
    try:
        head = _git(root, "rev-parse", "HEAD")
        changed = _git(root, "status", "--porcelain", "--untracked-files=no", "--", "*.py", "*.toml", "*.txt")
    except (OSError, subprocess.CalledProcessError):
        return None
    return head + ("+dirty" if changed else "")


def repository_url() -> str:
    """The repository's address: the one of the CI run if there is one, else the project's own."""
    server, name = os.environ.get("GITHUB_SERVER_URL"), os.environ.get("GITHUB_REPOSITORY")
    if server and name:
        return f"{server}/{name}"
    return _own_repository_url()


@functools.cache
def _own_repository_url() -> str:
    root = checkout()
    if root is not None:
        project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        return str(project["urls"]["Repository"])
    for line in metadata.metadata("zoodata").get_all("Project-URL") or []:
        label, _, url = line.partition(", ")
        if label == "Repository":
            return str(url)
    raise RuntimeError("the package metadata names no Repository address")


def _git(root: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()
