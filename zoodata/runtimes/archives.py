"""Archives that expand, or lead elsewhere: refused before they are opened by a framework.

A few kilobytes can hold a disk full of zeros, and an HDF5 file can take its numbers from any other file.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from zoodata.runtimes.model import CannotRead

MOST_BYTES = 32 * 2**30
"""Of everything that a file holds: the largest models that people have."""

MOST_EXPANSION, FREE = 200, 256 * 2**20
"""How many times its own size a file may hold, beyond so many bytes that any may."""


class TooLarge(CannotRead):
    """A file would expand beyond all models."""


def check_expansion(path: Path) -> None:
    """Look into a zip archive's list; files that are none pass.

    Raises:
        TooLarge: when what it holds is too large, altogether or for its size.
        CannotRead: when its list cannot be read.
    """
    if not zipfile.is_zipfile(path):
        return
    try:
        with zipfile.ZipFile(path) as archive:
            held = sum(item.file_size for item in archive.infolist())
    except (zipfile.BadZipFile, NotImplementedError) as error:
        raise CannotRead(f"it is a damaged archive ({type(error).__name__})") from error
    _check_size(held, path.stat().st_size)


def check_hdf5(path: Path) -> None:
    """Look into an HDF5 file, or one inside a Keras archive.

    Raises:
        TooLarge: when what it holds is too large, altogether or for its size.
        CannotRead: when it cannot be read, or takes anything from another file.
    """
    import h5py

    try:
        if not zipfile.is_zipfile(path):
            with h5py.File(path, "r") as file:
                _check_size(sum(_bytes_held(file)), path.stat().st_size)
            return
        with zipfile.ZipFile(path) as archive:
            for item in archive.infolist():
                if item.filename.endswith(".h5"):
                    with archive.open(item) as inside, h5py.File(inside, "r") as file:
                        _check_size(sum(_bytes_held(file)), item.file_size)
    except CannotRead:
        raise
    except Exception as error:
        raise CannotRead(f"it is no HDF5 file that can be read ({type(error).__name__})") from error


def _bytes_held(file: Any) -> Iterator[int]:
    """Bytes of each dataset, unpacked."""
    import h5py

    found: list[tuple[str, Any]] = []
    file.visititems_links(lambda name, link: found.append((name, link)))
    for name, link in found:
        if isinstance(link, h5py.ExternalLink):
            raise CannotRead(f"{name[:80]} in it is taken from another file")
        item = file[name]
        if isinstance(item, h5py.Dataset):
            if item.external or item.is_virtual:
                raise CannotRead(f"{name[:80]} in it is taken from another file")
            yield int(item.nbytes)


def _check_size(held: int, size: int) -> None:
    if held > MOST_BYTES or held > FREE + MOST_EXPANSION * size:
        raise TooLarge(f"it expands to {held / 2**20:,.0f} MiB, from {size / 2**20:,.2f}")
