"""Exports: the same rows in three formats, harmless in a spreadsheet, with sums that hold."""

from __future__ import annotations

import hashlib
import json

import pandas as pd
import pytest

from tests import builders
from zoodata.dataset import store
from zoodata.dataset.export import export
from zoodata.dataset.store import Dataset
from zoodata.dataset.tables import TABLES


@pytest.fixture
def dataset(tmp_path):
    for record in (
        builders.family(title='=HYPERLINK("http://x","y")', note="+1"),
        builders.environment(),
        builders.architecture(),
        builders.architecture("timm:resnet50", result=None, missing={"reason": "crashed", "message": "@SUM(1)"}),
        builders.latency(),
        builders.collection(builders.claim()),
    ):
        store.write(record, tmp_path / "data")
    return Dataset.open(packaged=tmp_path / "data")


def test_three_formats_agree(dataset, tmp_path):
    export(dataset, tmp_path / "out")
    for name, make in TABLES.items():
        table = make(dataset).drop(columns="record" if name == "claims" else [])
        parquet = pd.read_parquet(tmp_path / "out" / f"{name}.parquet")
        csv = pd.read_csv(tmp_path / "out" / f"{name}.csv")
        assert list(parquet.columns) == list(csv.columns) == list(table.columns)
        assert len(parquet) == len(csv) == len(table) > 0
    whole = json.loads((tmp_path / "out" / "zoodata.json").read_text())
    assert len(whole["records"]) == len(dataset.records)
    architecture = pd.read_parquet(tmp_path / "out" / "architecture.parquet").set_index("entry")
    assert architecture.loc["torchvision:resnet50", "macs"] == 4_089_184_256
    assert architecture.loc["timm:resnet50", "missing"] == "crashed"


def test_no_cell_is_a_formula(dataset, tmp_path):
    export(dataset, tmp_path / "out")
    for path in (tmp_path / "out").glob("*.csv"):
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
        cells = [value for column in frame for value in frame[column] if value]
        risky = [c for c in cells if c[0] in "=+@\t\r" or (c[0] == "-" and not c[1:2].isdigit())]
        assert not risky
    text = (tmp_path / "out" / "catalogue.csv").read_text()
    assert "'=HYPERLINK" in text


def test_sums_hold(dataset, tmp_path):
    export(dataset, tmp_path / "out")
    lines = (tmp_path / "out" / "SHA256SUMS").read_text().splitlines()
    assert len(lines) == 3 + 2 * len(TABLES)
    for line in lines:
        digest, name = line.split("  ")
        assert hashlib.sha256((tmp_path / "out" / name).read_bytes()).hexdigest() == digest


def test_an_empty_dataset_exports(tmp_path):
    export(Dataset.open(packaged=tmp_path / "nothing"), tmp_path / "out")
    assert list(pd.read_csv(tmp_path / "out" / "claims.csv").columns)
