"""Adding and removing environments. Installing is asked for, never silent; afterwards everything works offline."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from zoodata.environments.folders import DONE, Lock, home


class CannotAdd(RuntimeError):
    """An environment could not be made; the message is the installer's last words."""


def add(lock: Lock) -> Path:
    """Make an environment: uv downloads once and links from its cache afterwards.

    Raises:
        CannotAdd: when uv is not here, or a package does not install.
    """
    uv = _uv()
    beside = home() / f".adding-{lock.name}"
    shutil.rmtree(beside, ignore_errors=True)
    beside.parent.mkdir(parents=True, exist_ok=True)
    try:
        if lock.has_interpreter:
            _run(uv, "venv", "--quiet", "--python", sys.executable, str(beside))
            python = beside / lock.python.relative_to(lock.folder)
            # The lock file names every package, and what zoos of other frameworks ask for is often years old.
            _run(uv, "pip", "install", "--quiet", "--python", str(python), "--no-deps", *lock.requirements)
        else:
            _run(uv, "pip", "install", "--quiet", "--python", sys.executable, "--no-deps", "--target", str(beside),
                 *lock.requirements)  # fmt: skip
        (beside / DONE).write_text("\n".join(lock.requirements), encoding="utf-8")
        shutil.rmtree(lock.folder, ignore_errors=True)
        beside.replace(lock.folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return lock.folder


def remove(lock: Lock) -> None:
    """Remove an environment."""
    shutil.rmtree(lock.folder)


def size(folder: Path) -> int:
    """Bytes of a folder; files that are linked from uv's cache count too."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def _uv() -> str:
    beside = Path(sys.executable).parent / "uv"
    found = str(beside) if beside.is_file() else shutil.which("uv")
    if found is None:
        raise CannotAdd("uv is not installed: pip install uv")
    return found


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        raise CannotAdd(" ".join(lines[-3:])[:600] or f"uv ended with exit code {done.returncode}")
