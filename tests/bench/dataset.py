"""The dataset: validating many files, the packaged records, and very many claims."""

from __future__ import annotations

import json
import tempfile
from datetime import timedelta
from pathlib import Path

from tests import builders
from tests.bench.clock import paired, seconds
from zoodata.dataset import store
from zoodata.dataset.validate import validate


def validating(files: int = 2000) -> None:
    """Validating measurement files, against only parsing them as JSON."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        store.write(builders.family(), root)
        store.write(builders.environment(), root)
        for number in range(files):
            moment = builders.WHEN + timedelta(seconds=number)
            record = builders.architecture(started_at=moment)
            path = root / store.path_of(record)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(record.model_dump(mode="json")))

        def parse() -> None:
            for path in store.files(root):
                json.loads(path.read_bytes())

        a, b, ratio = paired(lambda: validate([root]), parse, rounds=3)
        print(
            f"validate {files} files      zoodata {a:6.3f} s   json.loads {b:6.3f} s   {1 / ratio:5.1f} times as long"
        )


def many_claims(collections: int = 20, each: int = 5000) -> None:
    """The packaged dataset, and 100,000 made-up claims."""
    took = seconds(lambda: validate([store.PACKAGED]))
    print(f"validate the packaged dataset: {took:.1f} s")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for number in range(collections):
            claims = tuple(builders.claim(stated=f"{number}.{n}") for n in range(each))
            store.write(builders.collection(*claims, name=f"made-{number}"), root)
        took = seconds(lambda: validate([root]))
    print(f"validate {collections * each:,} claims: {took:.1f} s")
