"""The downloads: the whole dataset at a stable path, the same in one file at a path that names its version."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from pathlib import Path
from typing import Literal

from zoodata.dataset import store, version
from zoodata.dataset.export import export
from zoodata.dataset.schema import schemas, write_schemas
from zoodata.dataset.store import Dataset
from zoodata_site.publish import documents
from zoodata_site.views.figures import PACKED
from zoodata_site.views.site import Site

FOLDER = Path("download")
LARGE = ("networks",)
"""Kinds of records that only the archive holds: nothing on a page links to a single one."""

BULKY = ("claims", "measurements", "verifications", "catalogue", "releases")
"""Kinds of files that are published without indentation, a fifth to a half of them: they are most of the site."""

ARCHIVE = "zoodata.tar.xz"
"""Less than half of what a zip is: networks repeat each other."""
PRESET: Literal[5] = 5
"""Of xz: half as long again as 3 for a quarter less bytes."""


def write(dataset: Dataset, site: Site, folder: Path, address: str) -> None:
    """Write records, tables, metadata, schemas and the versioned archive below a folder."""
    _copy_records(dataset, folder / "data")
    write_schemas(folder / "data" / "schemas")
    schema = json.dumps(documents.schema(), indent=1)
    (folder / "data" / "schemas" / "api.schema.json").write_text(schema, encoding="utf-8", newline="\n")
    export(dataset, folder / FOLDER, packed=True, site=address)
    _archive(dataset, folder / FOLDER / site.version)


def _copy_records(dataset: Dataset, folder: Path) -> None:
    """The files' own words: a record of an older schema, lifted and written anew, would not be what its id names."""
    for place, path in _files(dataset).items():
        if place.parts[0] not in LARGE:
            target = folder / place
            target.parent.mkdir(parents=True, exist_ok=True)
            content = _narrow(path.read_bytes()) if place.parts[0] in BULKY else path.read_bytes()
            if place.parts[0] in PACKED:
                target, content = target.with_name(f"{target.name}.gz"), gzip.compress(content, mtime=0)
            target.write_bytes(content)


def _files(dataset: Dataset) -> dict[Path, Path]:
    """Each record's place in the dataset to its file, once: measurements of one's own may share an environment or a
    network with what is published."""
    return {path.relative_to(root): path for root in dataset.roots for path in store.files(root)}


def _narrow(content: bytes) -> bytes:
    """The same JSON without the line breaks that make its changes readable."""
    return json.dumps(json.loads(content), separators=(",", ":"), ensure_ascii=False).encode()


def _archive(dataset: Dataset, folder: Path) -> None:
    """Every record and schema of this version in one file, with its checksum beside it. Its files carry no time and
    no owner, so that the same records make the same archive."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / ARCHIVE
    with tarfile.open(target, "w:xz", preset=PRESET) as archive:
        for place, path in _files(dataset).items():
            _add(archive, place.as_posix(), path.read_bytes())
        if (day := version.released_on(dataset.roots[0])) is not None:
            _add(archive, version.FILE, f"{day}\n".encode())
        for name, schema in schemas().items():
            _add(archive, f"schemas/{name}", json.dumps(schema, indent=1, sort_keys=True).encode())
    digest = hashlib.sha256(target.read_bytes()).hexdigest()
    (folder / "SHA256SUMS").write_text(f"{digest}  {ARCHIVE}\n", encoding="utf-8", newline="\n")


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(f"zoodata/{name}")
    entry.size = len(content)
    archive.addfile(entry, io.BytesIO(content))
