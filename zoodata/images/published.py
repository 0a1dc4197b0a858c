"""Published image sets on this machine: fetched image by image, each believed only for its hash.

A set lies in a folder of its own in the cache (``ZOODATA_IMAGES`` names another): ``images/`` and ``labels.csv``, as
any folder of labelled images, so that whatever takes a folder takes it too.
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from zoodata.dataset.store import write_bytes
from zoodata.images.sets import root_of
from zoodata.records.image_set import ImageSetRecord, LabelledImage

AT_ONCE = 8
"""Images that are fetched at a time."""

Done = Callable[[str], None]


class State(NamedTuple):
    """How much of a set a folder holds."""

    whole: tuple[str, ...]
    missing: tuple[str, ...]
    other: tuple[str, ...]
    """Files of a name of the set that hold something else."""

    @property
    def is_whole(self) -> bool:
        """Whether every image is there and is what it should be."""
        return not self.missing and not self.other


class NotFetched(OSError):
    """Images could not be fetched; the message names the first, and says how many."""


def folder_of(name: str) -> Path:
    """Where a set lies, or would lie, on this machine."""
    if given := os.environ.get("ZOODATA_IMAGES"):
        return Path(given) / name
    import pooch

    return Path(pooch.os_cache("zoodata")) / "images" / name


def state(record: ImageSetRecord, folder: Path) -> State:
    """Compare a folder's images with the set's hashes."""
    whole, missing, other = [], [], []
    for image in record.images:
        path = root_of(folder) / image.file
        if not path.is_file():
            missing.append(image.file)
        elif hashlib.sha256(path.read_bytes()).hexdigest() == image.digest:
            whole.append(image.file)
        else:
            other.append(image.file)
    return State(tuple(whole), tuple(missing), tuple(other))


def fetch(record: ImageSetRecord, folder: Path, source: Path | None = None, done: Done = lambda name: None) -> int:
    """Bring a set into a folder; images that are there already are not fetched again. Returns how many were.

    Args:
        source: a folder with the images, instead of where they are published.

    Raises:
        NotFetched: when an image cannot be had or is not the one that the set names. What was fetched stays.
    """
    there = set(state(record, folder).whole)
    wanted = [image for image in record.images if image.file not in there]
    target = folder / "images"
    problems: list[str] = []

    def bring(image: LabelledImage) -> None:
        try:
            data = _read(image, source) if source is not None else _download(record, image)
        except OSError as error:
            problems.append(f"{image.file}: {error}")
            return
        if hashlib.sha256(data).hexdigest() != image.digest:
            problems.append(f"{image.file}: it is not the image that the set names (another SHA-256)")
            return
        write_bytes(target / image.file, data)
        done(image.file)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(bring, wanted))
    write_bytes(folder / "labels.csv", _labels(record).encode())
    if problems:
        more = f" (nor could {len(problems) - 1} others)" if len(problems) > 1 else ""
        raise NotFetched(f"{sorted(problems)[0]}{more}")
    return len(wanted)


def address(record: ImageSetRecord, image: LabelledImage) -> str:
    """Where an image is published. ``ZOODATA_IMAGES_HOST`` names a mirror of the repository's raw files."""
    host = os.environ.get("ZOODATA_IMAGES_HOST", "https://raw.githubusercontent.com").rstrip("/")
    source = record.published
    return f"{host}/{source.repository}/{source.commit}/{source.path}/{image.file}"


def _read(image: LabelledImage, source: Path) -> bytes:
    candidates: Iterator[Path] = (path for path in (root_of(source) / image.file, source / image.file))
    path = next((each for each in candidates if each.is_file()), None)
    if path is None:
        raise FileNotFoundError("it is not in the folder")
    return path.read_bytes()


def _download(record: ImageSetRecord, image: LabelledImage) -> bytes:
    import requests

    answer = requests.get(address(record, image), timeout=60)
    if answer.status_code != requests.codes.ok:
        raise OSError(f"the server answers {answer.status_code}")
    return bytes(answer.content)


def _labels(record: ImageSetRecord) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["filename", "class_index", "author", "license", "source_url"])
    writer.writerows([image.file, image.label, image.author, record.licence, image.page] for image in record.images)
    return text.getvalue()
