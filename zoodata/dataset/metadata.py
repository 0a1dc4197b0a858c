"""What the exported tables are, for programs: Croissant (MLCommons) and Frictionless Data Package."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pandas as pd

TITLE = "zoodata: discrepancies between pre-trained model zoos"
DESCRIPTION = (
    "Claims of model zoos about their pre-trained models with the place that states each, counts of their networks by "
    "one counter, latencies measured in interleaved rounds, comparisons of networks with proofs, and the "
    "environments behind them."
)
LICENCE = "https://creativecommons.org/licenses/by/4.0/"

TABLES = {
    "catalogue": "Entries of zoos and the architectures they are mapped to",
    "claims": "What zoos state about their models, with the place that states it",
    "architecture": "Counts of networks, or the reason there are none",
    "latency": "Times of participants of runs; they hold for one machine",
    "environments": "Machines and versions behind measurements",
}
"""What each table holds, a sentence a table."""


def croissant(frames: dict[str, pd.DataFrame], folder: Path, version: str, day: str, site: str) -> dict[str, Any]:
    """Croissant 1.0 over the CSV files of a folder (mlcommons.org/croissant).

    Args:
        frames: the tables as they are exported.
        folder: where their files lie; they are hashed.
        version: of the dataset.
        day: of its newest record, YYYY-MM-DD.
        site: address of the site with a slash at its end; empty where it has none.
    """
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": "zoodata",
        "description": DESCRIPTION,
        "license": LICENCE,
        "url": site or "./",
        "version": version if version.count(".") == 2 else "0.0.0",
        "datePublished": day,
        "citeAs": citation(version),
        "creator": {"@type": "sc:Organization", "name": "The zoodata contributors"},
        "distribution": [
            {
                "@type": "cr:FileObject",
                "@id": _table(folder, name).name,
                "name": _table(folder, name).name,
                "description": TABLES[name],
                "contentUrl": f"{site}download/{_table(folder, name).name}" if site else _table(folder, name).name,
                "encodingFormat": "text/csv",
                "sha256": _sha256(_table(folder, name)),
            }
            for name in frames
        ],
        "recordSet": [
            {
                "@type": "cr:RecordSet",
                "@id": name,
                "name": name,
                "description": TABLES[name],
                "field": [
                    {
                        "@type": "cr:Field",
                        "@id": f"{name}/{column}",
                        "name": column,
                        "dataType": _schema_org(frame[column]),
                        "source": {
                            "fileObject": {"@id": _table(folder, name).name},
                            "extract": {"column": column},
                        },
                    }
                    for column in frame.columns
                ],
            }
            for name, frame in frames.items()
        ],
    }


def _table(folder: Path, name: str) -> Path:
    """A table's file, compressed or not."""
    packed = folder / f"{name}.csv.gz"
    return packed if packed.is_file() else folder / f"{name}.csv"


def data_package(frames: dict[str, pd.DataFrame], folder: Path, version: str) -> dict[str, Any]:
    """A Frictionless Data Package over the CSV files of a folder (specs.frictionlessdata.io)."""
    return {
        "name": "zoodata",
        "title": TITLE,
        "description": DESCRIPTION,
        "version": version,
        "licenses": [{"name": "CC-BY-4.0", "path": LICENCE}],
        "resources": [
            {
                "name": name,
                "path": _table(folder, name).name,
                "title": TABLES[name],
                "format": "csv",
                "mediatype": "text/csv",
                "encoding": "utf-8",
                "bytes": _table(folder, name).stat().st_size,
                "hash": f"sha256:{_sha256(_table(folder, name))}",
                "profile": "tabular-data-resource",
                "schema": {"fields": [{"name": c, "type": _kind(frame[c])} for c in frame.columns]},
            }
            for name, frame in frames.items()
        ],
    }


def citation(version: str) -> str:
    """The dataset's BibTeX entry."""
    return (
        "@misc{zoodata,\n  title = {zoodata: discrepancies between pre-trained model zoos},\n"
        f"  author = {{{{The zoodata contributors}}}},\n  version = {{{version}}},\n"
        f"  year = {{{version.partition('.')[0]}}},\n  note = {{Dataset, CC BY 4.0}}\n}}"
    )


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _kind(column: pd.Series) -> str:
    if pd.api.types.is_bool_dtype(column):
        return "boolean"
    if pd.api.types.is_integer_dtype(column):
        return "integer"
    if pd.api.types.is_float_dtype(column):
        return "number"
    values = column.dropna()
    if len(values) and values.map(lambda value: isinstance(value, bool)).all():
        return "boolean"
    numbers = len(values) and values.map(lambda value: isinstance(value, int | float)).all()
    return "number" if numbers else "string"


def _schema_org(column: pd.Series) -> str:
    return {"boolean": "sc:Boolean", "integer": "sc:Integer", "number": "sc:Float", "string": "sc:Text"}[_kind(column)]


CONTEXT: dict[str, Any] = {
    "@language": "en", "@vocab": "https://schema.org/", "citeAs": "cr:citeAs", "column": "cr:column",
    "conformsTo": "dct:conformsTo", "cr": "http://mlcommons.org/croissant/", "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"}, "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/", "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract", "field": "cr:field", "fileProperty": "cr:fileProperty", "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet", "format": "cr:format", "includes": "cr:includes", "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath", "key": "cr:key", "md5": "cr:md5", "parentField": "cr:parentField", "path": "cr:path",
    "recordSet": "cr:recordSet", "references": "cr:references", "regex": "cr:regex", "repeated": "cr:repeated",
    "replace": "cr:replace", "sc": "https://schema.org/", "separator": "cr:separator", "source": "cr:source",
    "subField": "cr:subField", "transform": "cr:transform",
}  # fmt: skip
"""The context that Croissant 1.0 prescribes."""
