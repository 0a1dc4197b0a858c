"""Handing the dataset out: JSON (the records), CSV and Parquet (the tables), what they are, and checksums."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from zoodata.dataset import metadata
from zoodata.dataset.store import Dataset
from zoodata.dataset.tables import TABLES
from zoodata.dataset.version import newest, version
from zoodata.records import StoredNetwork

LARGE = frozenset({"claims", "architecture", "catalogue"})
"""Tables that are compressed where files are published."""

FORMULA_STARTS = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t")


def export(dataset: Dataset, folder: Path, packed: bool = False, site: str = "") -> list[Path]:
    """Write every format into a folder; returns the files.

    The JSON file holds the records whole; CSV and Parquet hold a flat table a file; Croissant and Frictionless
    metadata describe them.

    Args:
        packed: compress what is large (gzip), and leave the networks to the archive.
        site: address that the metadata names for the files; relative to the folder where empty.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = [_write_json(dataset, folder / ("zoodata.json.gz" if packed else "zoodata.json"))]
    frames = {name: make(dataset) for name, make in TABLES.items()}
    # Every claim of a collection lies in one file, which the collection's name tells.
    frames["claims"] = frames["claims"].drop(columns="record", errors="ignore")
    for name, frame in frames.items():
        table = folder / (f"{name}.csv.gz" if packed and name in LARGE else f"{name}.csv")
        write_csv(harmless(frame), table)
        frame.to_parquet(folder / f"{name}.parquet", index=False, compression="zstd")
        written += [table, folder / f"{name}.parquet"]
    now, day = version(dataset), newest(dataset) or "1970-01-01"
    described = {
        "croissant.json": metadata.croissant(frames, folder, now, day, site),
        "datapackage.json": metadata.data_package(frames, folder, now),
    }
    for name, content in described.items():
        (folder / name).write_text(
            json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n"
        )
        written.append(folder / name)
    return [*written, write_checksums(folder, written)]


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """A table as CSV; its text is :func:`harmless` already."""
    text = frame.to_csv(index=False, lineterminator="\n").encode("utf-8")
    # Without a time in it, so that the same records make the same file.
    path.write_bytes(gzip.compress(text, 9, mtime=0) if path.suffix == ".gz" else text)


def write_checksums(folder: Path, files: list[Path]) -> Path:
    """A SHA256SUMS that ``sha256sum --check`` reads."""
    sums = "".join(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in sorted(files))
    (folder / "SHA256SUMS").write_text(sums, encoding="utf-8", newline="\n")
    return folder / "SHA256SUMS"


def harmless(frame: pd.DataFrame) -> pd.DataFrame:
    """The table with text cells that a spreadsheet would run as a formula made plain text."""

    def plain(value: object) -> object:
        return f"'{value}" if isinstance(value, str) and value.lstrip().startswith(FORMULA_STARTS) else value

    return frame.apply(lambda column: column.map(plain) if not pd.api.types.is_numeric_dtype(column) else column)


def _json(dataset: Dataset, networks: bool) -> Iterator[str]:
    """One JSON document, written record by record so that its size costs no memory."""
    yield '{"records": [\n'
    kept = (record for record in dataset.records if networks or not isinstance(record, StoredNetwork))
    for number, record in enumerate(kept):
        body = json.dumps(record.model_dump(mode="json"), ensure_ascii=False)
        yield f"{',' if number else ' '}{body}\n"
    yield "]}\n"


def _write_json(dataset: Dataset, path: Path) -> Path:
    if path.suffix == ".gz":
        # Without a time in it, so that the same records make the same file.
        with path.open("wb") as raw, gzip.GzipFile("", "wb", 6, raw, mtime=0) as packed:
            for part in _json(dataset, networks=False):
                packed.write(part.encode("utf-8"))
    else:
        with path.open("w", encoding="utf-8", newline="\n") as stream:
            stream.writelines(_json(dataset, networks=True))
    return path
