"""Labelled images as people have them: class folders, a flat folder with a list of labels, or parquet.

Labels are class numbers from 0, in the order of the sorted class folders (for ImageNet: of the WordNet ids).
"""

from __future__ import annotations

import csv
import hashlib
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zoodata.records.accuracy import ImageSetIdentity, LeftOutReason
from zoodata.records.image_set import identity

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp"})
LABEL_FILES = ("labels.csv", "labels.txt", "val.txt", "val.csv", "images.csv")
IMAGE_FOLDERS = ("images", "val", "validation")
NAME_COLUMNS = ("filename", "file", "image", "name", "path", "ImageId")
LABEL_COLUMNS = ("class_index", "label", "class", "target", "TrueLabel")
FROM_ONE = frozenset({"TrueLabel"})
"""Columns whose class numbers are counted from one."""
IMAGENET_CLASSES = 1000


class NoImages(ValueError):
    """The folder is no labelled set of images; the message says what to do."""

    def __init__(self, message: str, left_out: Mapping[LeftOutReason, int] | None = None) -> None:
        super().__init__(message)
        self.left_out = left_out
        """What is in it that was not taken, by reason; None where that is not what is wrong."""


@dataclass(frozen=True)
class Item:
    """One image: where its bytes are, what it is called in its set, and what it shows."""

    name: str
    label: int
    location: tuple[str, int] | str
    """A file's path; of a row of a parquet file its path and number."""


@dataclass(frozen=True)
class ImageSet:
    """Labelled images in the order of their names, and what had to be left out."""

    items: tuple[Item, ...]
    left_out: dict[LeftOutReason, int]
    """Reason to number of files."""
    layout: str

    @property
    def classes(self) -> int:
        """One more than the largest label."""
        return max(item.label for item in self.items) + 1


def known_as(images: ImageSet, used: Sequence[Item], digests: Sequence[str] | None = None) -> ImageSetIdentity:
    """The images that a measurement used, as its record names them.

    Args:
        digests: SHA-256 of their bytes, where they are known already.
    """
    digests = digests or [hashlib.sha256(read_bytes(item)).hexdigest() for item in used]
    named = [(item.name, digest, item.label) for item, digest in zip(used, digests, strict=True)]
    return ImageSetIdentity(
        hash=identity(named), images=len(used), classes=images.classes, layout=images.layout, left_out=images.left_out
    )


def find(folder: Path, labels: Path | None = None) -> ImageSet:
    """Read a folder's layout; image files are not opened.

    Raises:
        NoImages: when it holds none, or their labels cannot be told.
    """
    if not folder.is_dir():
        raise NoImages(f"there is no folder {folder}")
    folder = folder.resolve()
    tables = sorted(path for path in folder.rglob("*.parquet") if path.is_file())
    listed = labels or next((folder / name for name in LABEL_FILES if (folder / name).is_file()), None)
    if listed is not None:
        image_set = _listed(folder, listed)
    elif tables:
        image_set = _parquet(folder, tables)
    else:
        image_set = _class_folders(folder)
    if not image_set.items:
        raise NoImages(f"{folder} holds no labelled image", image_set.left_out)
    names = {item.name for item in image_set.items}
    if len(names) != len(image_set.items):
        raise NoImages(f"{folder} lists {len(image_set.items) - len(names)} images twice")
    return image_set


def root_of(folder: Path) -> Path:
    """Where a folder's images lie: in one of the usual folders inside it, or in itself."""
    return next((folder / name for name in IMAGE_FOLDERS if (folder / name).is_dir()), folder)


def held_apart(items: Sequence[Item], used: Sequence[Item], most: int) -> list[Item]:
    """At most so many images that were not used: to check what the used ones suggested."""
    names = {item.name for item in used}
    return sample([item for item in items if item.name not in names], most)


def sample(items: Sequence[Item], most: int) -> list[Item]:
    """At most so many images, from all over the set."""
    count = min(most, len(items))
    return [items[number * len(items) // count] for number in range(count)]


def read_bytes(item: Item) -> bytes:
    """The encoded image.

    Raises:
        OSError: when the file cannot be read.
    """
    if isinstance(item.location, str):
        return Path(item.location).read_bytes()
    return _row(*item.location)


def _listed(folder: Path, labels: Path) -> ImageSet:
    stated, counted_from = _stated(labels)
    root = root_of(folder)
    items, unlabelled = [], 0
    seen: set[str] = set()
    for path in _image_files(root):
        name = path.relative_to(root).as_posix()
        called = (name, path.relative_to(folder).as_posix(), path.name, path.stem)
        known = next((each for each in called if each in stated), None)
        if known is None:
            unlabelled += 1
            continue
        if known in seen:
            raise NoImages(f"{labels.name} names {known} once, and there are several images of that name")
        label = stated[known]
        seen.add(known)
        items.append(Item(name, label, str(path)))
    absent = len(stated.keys() - seen)
    left_out: dict[LeftOutReason, int] = {"unlabelled": unlabelled, "listed_but_absent": absent}
    layout = "list" if counted_from == 0 else "list counted from one"
    return ImageSet(tuple(items), {why: count for why, count in left_out.items() if count}, layout)


def _stated(path: Path) -> tuple[dict[str, int], int]:
    """File name to class number from 0, and the number that the list counts from.

    Raises:
        NoImages: when the list cannot be read, or says two things of one image.
    """
    labels: dict[str, int] = {}
    try:
        column, pairs = _labels(path)
        for name, label in pairs:
            if labels.setdefault(name, label) != label:
                raise NoImages(f"{path.name} gives {ascii(name)[:80]} two labels, {labels[name]} and {label}")
    except (UnicodeError, csv.Error) as error:
        raise NoImages(f"{path.name} is no list in UTF-8: {error}") from None
    first = _counted_from(column, labels.values())
    return {name: label - first for name, label in labels.items()}, first


def _counted_from(column: str | None, labels: Iterable[int]) -> int:
    """Whether a list counts its classes from 0 or from 1: by its column's name, or because it reaches a thousand."""
    numbers = set(labels)
    is_from_one = column in FROM_ONE or max(numbers, default=0) == IMAGENET_CLASSES
    return int(is_from_one and 0 not in numbers)


def _number(text: str | None) -> int | None:
    """A class number, or None where it is none."""
    plain = (text or "").strip()
    return int(plain) if plain.isascii() and plain.isdecimal() and len(plain) < 8 else None


def _labels(path: Path) -> tuple[str | None, list[tuple[str, int]]]:
    """The column of labels, and (file name, class number) of a list: CSV with a header, or lines of both."""
    content = path.read_text(encoding="utf-8-sig")
    label = None
    if path.suffix == ".csv":
        rows = list(csv.DictReader(content.splitlines()))
        header = list(rows[0]) if rows else []
        name = next((column for column in NAME_COLUMNS if column in header), None)
        label = next((column for column in LABEL_COLUMNS if column in header), None)
        if name is None or label is None:
            raise NoImages(f"{path.name} needs a column of {NAME_COLUMNS} and one of {LABEL_COLUMNS}; it has {header}")
        pairs = [(number, row[name], row[label]) for number, row in enumerate(rows, 2)]
    else:
        lines = [line.rsplit(None, 1) for line in content.splitlines()]
        if lines and all(len(words) == 1 and _number(words[0]) is not None for words in lines if words):
            raise NoImages(
                f"{path.name} has one number a line; those are ILSVRC's own class numbers, in another order than the "
                "zoos'. Make a list of `NAME NUMBER` lines with numbers from 0 in the order of the WordNet ids"
            )
        pairs = [(number, words[0], words[-1]) for number, words in enumerate(lines, 1) if words]
    stated = []
    for number, image, text in pairs:
        if (value := _number(text)) is None:
            raise NoImages(f"{path.name}, line {number}: {ascii(text)[:40]} is no class number from 0")
        stated.append((image, value))
    return label, stated


def _class_folders(folder: Path) -> ImageSet:
    root = root_of(folder)
    folders = sorted(path for path in root.iterdir() if path.is_dir() and not path.name.startswith("."))
    loose = sum(1 for path in root.iterdir() if path.suffix.lower() in SUFFIXES)
    if not folders:
        raise NoImages(
            f"{folder} has {loose} images and nothing that labels them: put a labels.csv (filename,class_index) "
            "beside them, or name one with --labels"
        )
    numbered = all(_number(path.name) is not None for path in folders)
    items = [
        Item(path.relative_to(root).as_posix(), int(place.name) if numbered else number, str(path))
        for number, place in enumerate(folders)
        for path in _image_files(place)
    ]
    left_out: dict[LeftOutReason, int] = {"outside_class_folders": loose} if loose else {}
    return ImageSet(tuple(sorted(items, key=lambda item: item.name)), left_out, "class folders")


def _parquet(folder: Path, tables: Sequence[Path]) -> ImageSet:
    items: list[Item] = []
    unlabelled = 0
    for path in tables:
        table = _table(path)
        if not {"image", "label"} <= set(table.column_names):
            raise NoImages(f"{path.name} needs the columns image and label; it has {table.column_names}")
        for row, label in enumerate(table.column("label").to_pylist()):
            if label is not None and not isinstance(label, int):
                raise NoImages(f"{path.name}, row {row}: {ascii(label)[:40]} is no class number from 0")
            if label is None or label < 0:
                unlabelled += 1
            else:
                items.append(Item(f"{path.relative_to(folder).as_posix()}#{row}", label, (str(path), row)))
    return ImageSet(tuple(items), {"unlabelled": unlabelled} if unlabelled else {}, "parquet")


_OPEN: dict[str, Any] = {}
"""The parquet file that was read last: its rows are asked for in order."""
_OPENING = threading.Lock()


def _table(path: Path | str) -> Any:
    try:
        import pyarrow.parquet as parquet
    except ModuleNotFoundError:
        raise NoImages("reading parquet needs pyarrow: pip install 'zoodata[parquet]'") from None
    key = str(path)
    with _OPENING:  # several threads decode
        if key not in _OPEN:
            _OPEN.clear()
            try:
                _OPEN[key] = parquet.read_table(key)
            except (OSError, ValueError) as error:  # pyarrow's own errors are ValueErrors
                raise NoImages(f"{Path(key).name} is no readable parquet file: {error}") from error
        return _OPEN[key]


def _row(path: str, row: int) -> bytes:
    image = _table(path).column("image")[row].as_py()
    data = image.get("bytes") if isinstance(image, dict) else image
    if not isinstance(data, bytes):
        raise OSError("the row holds no image bytes")
    return data


def _image_files(root: Path) -> list[Path]:
    paths = [path for path in root.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file()]
    return sorted(paths, key=lambda path: path.relative_to(root).as_posix())
