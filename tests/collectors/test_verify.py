"""Reading the place of a claim again: what holds, and each way in which it may not."""

from __future__ import annotations

import zipfile

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from tests import builders
from tests.collectors.test_readers import committed, git
from zoodata.cli.claims import command
from zoodata.collectors.places import Library
from zoodata.collectors.rows import rows
from zoodata.collectors.verify import check, metrics, numbers
from zoodata.dataset import store, tables
from zoodata.dataset.store import Dataset
from zoodata.records.claim import PackageSource, PageSource, RepositorySource

TABLE = """# Models

| Model | Top-1 | Top-5 | Params | FLOPs | Paper top-1 |
|---|---|---|---|---|---|
| ResNet50 | 76.13 | 92.86 | 25.6M | 4.1G | 75.3 |
| ResNet50_vd | 79.12 | 94.44 | 25.6M | 4.3G | |
| - 288px | 80.02 | 95.01 | 25.6M | 7.2G | |
"""
YAML = """Models:
  - Name: resnet34
    Metadata:
      Parameters: 21797672
    Results:
      - Metrics:
          Top 1 Accuracy: 73.62
          Top 5 Accuracy: 91.59
  - Name: resnet50
    Results:
      - Metrics:
          Top 1 Accuracy: 76.55
"""
CSV = "model,img_size,top1,top1_err,top5\nresnet50.a1_in1k,224,81.216,18.784,95.334\n"
FRACTIONS = "| 模型 | Top-1 Acc | Top-5 Acc |\n|---|---|---|\n| PPLCNet_x1_5 | 0.7371 | 0.9153 |\n"
HTML = """<table><thead><tr><th rowspan="2">Model</th><th colspan="2">Accuracy</th></tr>
<tr><th>Top 1</th><th>Top 5</th></tr></thead>
<tr><td>ResNet50</td>
<td>76.13</td>
<td>92.86</td></tr></table>
"""
RST = """.. csv-table:: Models
    :header: "Name", "Top-1 error", "Top-5 error"

    "`ResNet-18 <https://x.y/r.nnp>`_", 30.28, 10.90
"""
SOURCES = {"README.md": TABLE, "m.yml": YAML, "r.csv": CSV, "f.md": FRACTIONS, "h.md": HTML, "x.rst": RST}


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sources")
    for name, text in SOURCES.items():
        committed(folder / "zoo" / "models", name, text)
    return folder


@pytest.fixture(scope="module")
def commit(sources):
    import subprocess

    arguments = ["git", "-C", str(sources / "zoo" / "models"), "rev-parse", "HEAD"]
    return subprocess.run(arguments, capture_output=True, text=True, check=True).stdout.strip()


def outcome(sources, commit, path, line, entry, metric, stated, unit="percent", value=None, **more):
    kept = {"top1": "percent", "top5": "percent"}.get(metric, "count")
    source = RepositorySource(repository="zoo/models", commit=commit, path=path, line=line)
    claim = builders.claim(
        entry, value if value is not None else float(stated), metric=metric, stated=stated, stated_unit=unit, unit=kept,
        source=source, **more,
    )  # fmt: skip
    found = check(claim, Library([sources]))
    return (found.outcome, found.line) if found else ("verified", None)


HOLDS = [
    ("README.md", 5, "zoo:ResNet50", "top1", "76.13"),
    ("README.md", 5, "zoo:ResNet50", "top5", "92.86"),
    ("README.md", 7, "zoo:ResNet50_vd_288px", "top1", "80.02"),
    ("m.yml", 7, "zoo:resnet34", "top1", "73.62"),
    ("r.csv", 2, "timm:resnet50@a1_in1k", "top1", "81.216"),
    ("h.md", 4, "zoo:ResNet50", "top1", "76.13"),
]


@pytest.mark.parametrize(("path", "line", "entry", "metric", "stated"), HOLDS)
def test_what_its_place_states_is_verified(sources, commit, path, line, entry, metric, stated):
    more = {"architecture_in_source": "- 288px"} if "288" in entry else {}
    assert outcome(sources, commit, path, line, entry, metric, stated, **more) == ("verified", None)


@pytest.mark.parametrize(
    ("path", "line", "entry", "metric", "stated", "expected"),
    [
        ("README.md", 6, "zoo:ResNet50", "top1", "76.13", ("other_line", 5)),  # a planted wrong line
        ("README.md", None, "zoo:ResNet50", "top1", "76.13", ("other_line", 5)),
        ("README.md", 99, "zoo:ResNet50", "top1", "76.13", ("no_such_line", None)),
        ("README.md", 5, "zoo:ResNet50", "top1", "92.86", ("other_metric", None)),  # a swapped column
        ("README.md", 5, "zoo:ResNet50", "top5", "76.13", ("other_metric", None)),
        ("README.md", 5, "zoo:ResNet50", "top1", "75.3", ("other_metric", None)),  # the paper's, not the zoo's
        ("README.md", 5, "zoo:ResNet50", "top1", "76.14", ("not_there", None)),  # an altered value
        ("README.md", 5, "zoo:ResNet50", "top1", "76.134", ("not_there", None)),  # digits that the source does not have
        ("README.md", 6, "zoo:VGG16", "top1", "79.12", ("other_model", None)),
        ("README.md", 6, "zoo:ResNet50", "top1", "79.12", ("not_there", None)),  # another row of a longer name
        ("gone.md", 1, "zoo:ResNet50", "top1", "76.13", ("no_such_file", None)),
        ("m.yml", 2, "zoo:resnet34", "top1", "73.62", ("other_line", 7)),
        ("m.yml", 7, "zoo:resnet34", "top1", "76.55", ("not_there", None)),  # the next model's
        ("f.md", 3, "zoo:PPLCNet_x1_5", "top1", "73.71", ("restated", 3)),
        ("x.rst", 4, "zoo:ResNet-18", "top1", "69.72", ("restated", 4)),
        ("r.csv", 2, "timm:resnet50@a2_in1k", "top1", "81.216", ("other_model", None)),
    ],
)
def test_what_its_place_does_not_state(sources, commit, path, line, entry, metric, stated, expected):
    assert outcome(sources, commit, path, line, entry, metric, stated) == expected


def test_a_count_with_other_digits_than_the_source_is_restated(sources, commit):
    got = outcome(sources, commit, "m.yml", 4, "zoo:resnet34", "parameters", "21.797672", "million", 21_797_672.0)
    assert got == ("restated", 4)


def test_a_commit_that_does_not_exist_or_a_source_that_is_not_here(sources, commit):
    assert outcome(sources, "0" * 40, "README.md", 5, "zoo:ResNet50", "top1", "76.13") == ("no_such_commit", None)
    elsewhere = RepositorySource(repository="other/zoo", commit=commit, path="README.md", line=5)
    assert check(builders.claim(source=elsewhere), Library([sources])).outcome == "not_at_hand"
    page = PageSource(address="x.y", locator="row 3")
    assert check(builders.claim(source=page), Library([sources])).outcome == "not_pinned"


def test_the_state_that_is_cited_is_read_and_no_other(sources, commit, tmp_path):
    """A number that only a later commit has is not at the cited one."""
    clone = tmp_path / "zoo" / "models"
    clone.parent.mkdir()
    git(tmp_path, "clone", "-q", str(sources / "zoo" / "models"), str(clone))
    committed(clone, "README.md", TABLE.replace("76.13", "80.86"))
    assert outcome(tmp_path, commit, "README.md", 5, "zoo:ResNet50", "top1", "80.86") == ("not_there", None)
    assert outcome(tmp_path, commit, "README.md", 5, "zoo:ResNet50", "top1", "76.13") == ("verified", None)


WEIGHTS = """
class ResNet50_Weights(WeightsEnum):
    IMAGENET1K_V1 = Weights(
        url="x",
        meta={**_COMMON, "num_params": 25557032, "_metrics": {"ImageNet-1K": {"acc@1": 76.13, "acc@5": 92.862}}},
    )
"""


@pytest.mark.parametrize(("stated", "expected"), [("76.13", None), ("92.862", "other_metric"), ("76.1", "restated")])
def test_a_release_is_read_without_being_run(tmp_path, stated, expected):
    with zipfile.ZipFile(tmp_path / "torchvision-9.9-py3-none-any.whl", "w") as wheel:
        wheel.writestr("torchvision/models/resnet.py", WEIGHTS + "\nraise SystemExit('run')\n")
    symbol = "torchvision.models.ResNet50_Weights.IMAGENET1K_V1.meta['_metrics']"
    source = PackageSource(package="torchvision", version="9.9", symbol=symbol)
    found = check(builders.claim(value=float(stated), stated=stated, source=source), Library([tmp_path]))
    assert (found.outcome if found else None) == expected


def test_a_loose_file_does_not_leave_its_folder(tmp_path):
    (tmp_path / "secret.md").write_text(TABLE)
    (tmp_path / "zoo").mkdir()
    (tmp_path / "zoo" / f"models@{'a' * 40}").mkdir()
    source = RepositorySource(repository="zoo/models", commit="a" * 40, path="../../secret.md", line=5)
    claim = builders.claim("zoo:ResNet50", 76.13, source=source)
    assert check(claim, Library([tmp_path])).outcome == "not_at_hand"


def test_the_command_writes_a_record_once_and_tables_show_the_right_place(sources, commit, tmp_path):
    at = {"repository": "zoo/models", "commit": commit, "path": "README.md"}
    moved = builders.claim("torchvision:resnet50@a", 76.13, architecture_in_source="ResNet50",
                           source=RepositorySource(line=6, **at))  # fmt: skip
    wrong = builders.claim("torchvision:resnet50@b", 70.0, architecture_in_source="ResNet50",
                           source=RepositorySource(line=5, **at))  # fmt: skip
    store.write(builders.family(), tmp_path)
    store.write(builders.collection(moved, wrong), tmp_path)
    arguments = ["verify", "test-1", "--from", str(sources), "--data", str(tmp_path), "--format", "json"]
    for _ in range(2):
        done = CliRunner().invoke(command, arguments)
        assert done.exit_code == 0, done.output
    assert len(list((tmp_path / "verifications").glob("*.json"))) == 1
    dataset = Dataset.open(packaged=tmp_path)
    assert {check.claim: check.outcome for check in dataset.checks.values()} == {
        moved.id: "other_line", wrong.id: "not_there"
    }  # fmt: skip
    frame = tables.claims(dataset).set_index("claim")
    assert frame.loc[moved.id, "source"].endswith("README.md#L5")
    assert frame.loc[wrong.id, "source"].endswith("README.md#L5")
    refused = CliRunner().invoke(command, ["verify", "nothing", "--data", str(tmp_path)])
    assert refused.exit_code == 2
    assert "no collection" in refused.output


@pytest.mark.parametrize(
    ("label", "spoken"),
    [("Top-1", ["top1"]), ("Top-1 / Top-5", ["top1", "top5"]), ("acc@5", ["top5"]), ("Params (M)", ["parameters"]),
     ("FLOPs(G)", ["macs"]), ("Top-1 error", ["top1"]), ("Reference top1", []), ("Top-10", []), ("Model", [])],
)  # fmt: skip
def test_which_metric_a_header_names(label, spoken):
    assert metrics(label) == spoken


@pytest.mark.parametrize(
    "text",
    [
        "a: &a\n  b: *a\n",  # in itself
        "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12)),
        "[" * 5000,
    ],
)
def test_a_document_that_never_ends_is_not_read(text):
    assert rows("m.yml", text) == []


@given(st.text(max_size=200))
def test_any_text_is_read_into_rows_and_numbers(text):
    numbers(text)
    for name in ("a.md", "a.csv", "a.yml", "a.py", "a.rst"):
        for row in rows(name, text):
            assert row.first <= row.last
