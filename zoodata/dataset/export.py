"""Handing the dataset out: JSON (the records), CSV and Parquet (the tables), with checksums."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from zoodata.dataset.store import Dataset
from zoodata.dataset.tables import TABLES

FORMULA_STARTS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")


def export(dataset: Dataset, folder: Path) -> list[Path]:
    """Write every format into a folder; returns the files.

    The JSON file holds the records whole; CSV and Parquet hold a flat table a file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = [_write(folder / "zoodata.json", _json(dataset))]
    for name, make in TABLES.items():
        frame = make(dataset)
        (folder / f"{name}.csv").write_text(harmless(frame).to_csv(index=False), encoding="utf-8")
        frame.to_parquet(folder / f"{name}.parquet", index=False)
        written += [folder / f"{name}.csv", folder / f"{name}.parquet"]
    sums = "".join(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in sorted(written))
    return [*written, _write(folder / "SHA256SUMS", iter([sums]))]


def harmless(frame: pd.DataFrame) -> pd.DataFrame:
    """The table with text cells that a spreadsheet would run as a formula made plain text."""

    def plain(value: object) -> object:
        return f"'{value}" if isinstance(value, str) and value.lstrip().startswith(FORMULA_STARTS) else value

    return frame.apply(lambda column: column.map(plain) if not pd.api.types.is_numeric_dtype(column) else column)


def _json(dataset: Dataset) -> Iterator[str]:
    """One JSON document, written record by record so that its size costs no memory."""
    yield '{"records": [\n'
    for number, record in enumerate(dataset.records):
        body = json.dumps(record.model_dump(mode="json"), ensure_ascii=False)
        yield f"{',' if number else ' '}{body}\n"
    yield "]}\n"


def _write(path: Path, parts: Iterator[str]) -> Path:
    with path.open("w", encoding="utf-8") as stream:
        stream.writelines(parts)
    return path
