"""Files that publishers put on the web: named by their checksum, fetched once, kept in a cache.

``ZOODATA_FILES`` names folders with files that are on this machine already (separated as in ``PATH``); a file there is
taken for its checksum, whatever it is called. ``ZOODATA_FILES_HOST`` names a mirror of the repositories' raw files.
"""

from __future__ import annotations

import functools
import hashlib
import os
from pathlib import Path
from typing import NamedTuple

from zoodata.zoos.base import NeedsDownload, downloading

RAW = "https://raw.githubusercontent.com"


class PublishedFile(NamedTuple):
    """One file as its publisher offers it."""

    zoo: str
    path: str
    """Inside the repository; its last part is the file's name."""
    size: int
    """Bytes."""
    sha256: str
    repository: str
    commit: str | None
    """None where the repository only links to the file: then it is fetched by hand."""

    @property
    def name(self) -> str:
        """The file's own name."""
        return self.path.rpartition("/")[2]

    @property
    def address(self) -> str | None:
        """Where it is fetched from."""
        if self.commit is None:
            return None
        host = os.environ.get("ZOODATA_FILES_HOST", RAW).rstrip("/")
        return f"{host}/{self.repository}/{self.commit}/{self.path}"


def here(file: PublishedFile) -> Path | None:
    """The file, if it is on this machine: in a folder of ``ZOODATA_FILES``, or in the cache."""
    import pooch

    given = [Path(place) for place in os.environ.get("ZOODATA_FILES", "").split(os.pathsep) if place]
    cached = Path(pooch.os_cache("zoodata")) / file.zoo / file.name
    found = [path for place in given if place.is_dir() for path in sorted(place.iterdir())]
    for path in [*found, cached]:
        if path.is_file() and path.stat().st_size == file.size and _digest(path) == file.sha256:
            return path
    return None


def fetch(file: PublishedFile) -> Path:
    """The file on this machine; fetched if it is not here yet.

    Raises:
        NeedsDownload: when it cannot be had; the message says where it belongs.
    """
    found = here(file)
    if found is not None:
        return found
    if file.address is None:
        raise NeedsDownload(
            f"{file.name} is linked from github.com/{file.repository} and has no address of its own: "
            "fetch it there and name its folder in ZOODATA_FILES"
        )
    import pooch

    address = file.address
    return Path(
        downloading(
            f"{file.zoo}'s {file.name}",
            lambda: pooch.retrieve(
                address, known_hash=f"sha256:{file.sha256}", path=pooch.os_cache("zoodata") / file.zoo, fname=file.name
            ),
        )
    )


@functools.cache
def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
