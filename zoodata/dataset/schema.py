"""JSON Schema 2020-12, generated from the pydantic models and committed beside the data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from zoodata.records import KINDS

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schemas() -> dict[str, dict[str, Any]]:
    """File name to schema, for every kind of record that has a file."""
    made = {}
    for kind, model in KINDS.items():
        schema = TypeAdapter(model).json_schema(mode="validation")
        made[f"{kind}.schema.json"] = {"$schema": DIALECT, **schema}
    return made


def write_schemas(folder: Path) -> list[Path]:
    """Write every schema into a folder; returns the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, schema in schemas().items():
        path = folder / name
        path.write_text(json.dumps(schema, indent=1, sort_keys=True) + "\n", encoding="utf-8", newline="\n")
        paths.append(path)
    return paths


def stale(folder: Path) -> list[str]:
    """The schemas in a folder that no longer say what the models say."""
    return [
        name
        for name, schema in schemas().items()
        if not (folder / name).is_file() or json.loads((folder / name).read_text(encoding="utf-8")) != schema
    ]


if __name__ == "__main__":
    write_schemas(Path(__file__).parent.parent / "data" / "schemas")
