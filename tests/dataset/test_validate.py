"""The validator: each thing it must refuse, with its code, its file, its field and a sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import builders
from zoodata.dataset import store, strict_json
from zoodata.dataset.issues import CODES, Issue
from zoodata.dataset.validate import check_content, validate
from zoodata.records import content_hash


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """A small valid dataset."""
    for record in (
        builders.family(),
        builders.environment(),
        builders.architecture(),
        builders.latency(),
        builders.collection(builders.claim()),
    ):
        store.write(record, tmp_path)
    return tmp_path


def measurement(root: Path) -> Path:
    return next((root / "measurements" / "architecture").rglob("*.json"))


def change(path: Path, reseal: bool = True, **changes: object) -> None:
    content = json.loads(path.read_text()) | changes
    if reseal:
        content["id"] = content_hash(content)
    path.write_text(json.dumps(content))


def codes(root: Path) -> set[str]:
    return {issue.code for issue in validate([root]).issues}


def only(root: Path) -> Issue:
    issues = [issue for issue in validate([root]).issues if issue.code != "E012"]
    assert len(issues) == 1, issues
    return issues[0]


def test_a_valid_dataset_has_no_issue(dataset):
    report = validate([dataset])
    assert report.issues == []
    assert (report.files, report.records) == (5, 5)


@pytest.mark.parametrize(
    ("data", "code", "field"),
    [
        (b"{not json", "E001", ""),
        (b"\xff\xfe", "E001", ""),
        (b'{"kind": "architecture", "kind": "latency"}', "E002", "kind"),
        (b'{"seconds": NaN}', "E003", ""),
        (b'{"seconds": Infinity}', "E003", ""),
        (b"[1, 2]", "E008", ""),
        (b'{"kind": "surprise"}', "E013", "kind"),
        (b'{"kind": ["architecture"]}', "E013", "kind"),
    ],
)
def test_bytes_that_are_no_record(dataset, data, code, field):
    measurement(dataset).write_bytes(data)
    issue = only(dataset)
    assert (issue.code, issue.field) == (code, field)
    assert issue.file.endswith(".json")
    assert issue.message
    assert issue.next_step


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"surprise": 1}, "E006", "surprise"),
        ({"environment": None}, "E008", "environment"),
        ({"seconds": -1.0}, "E010", "seconds"),
        ({"entry": "torchvision:../../secret"}, "E005", "entry"),
        ({"entry": "/etc/passwd"}, "E005", "entry"),
        ({"schema_version": 7}, "E013", "schema_version"),
        ({"seconds": "fast"}, "E008", "seconds"),
        ({"seconds": True}, "E008", "seconds"),
    ],
)
def test_fields_that_do_not_fit(dataset, changes, code, field):
    change(measurement(dataset), **changes)
    issue = only(dataset)
    assert (issue.code, issue.field) == (code, field)


def test_a_missing_field(dataset):
    path = measurement(dataset)
    content = json.loads(path.read_text())
    del content["conditions"]["device"]
    content["id"] = content_hash(content)
    path.write_text(json.dumps(content))
    assert (only(dataset).code, only(dataset).field) == ("E007", "conditions.device")


def test_units_and_times_of_latency(dataset):
    path = next((dataset / "measurements" / "latency").rglob("*.json"))
    change(path, unit="ms")
    assert (only(dataset).code, only(dataset).field) == ("E009", "unit")
    samples = json.loads(path.read_text())["samples"]
    samples[3][1][0] = -5
    change(path, unit="ns", samples=samples)
    assert (only(dataset).code, only(dataset).field) == ("E010", "samples[3][1][0]")


def test_units_of_claims(dataset):
    path = next((dataset / "claims").rglob("*.json"))
    content = json.loads(path.read_text())
    content["claims"][0]["unit"] = "fraction"
    content["claims"][0]["id"] = content_hash(content["claims"][0])
    path.write_text(json.dumps(content))
    issue = only(dataset)
    assert issue.code == "E009"
    assert issue.field == "claims[0]"


def test_a_changed_record_is_found_out(dataset):
    change(measurement(dataset), reseal=False, seconds=0.01)
    issue = only(dataset)
    assert (issue.code, issue.field) == ("E011", "id")


def test_a_changed_claim_is_found_out(dataset):
    path = next((dataset / "claims").rglob("*.json"))
    path.write_text(path.read_text().replace("76.13", "86.13"))
    assert (only(dataset).code, only(dataset).field) == ("E011", "claims[0].id")


def test_hidden_text(dataset):
    path = next((dataset / "claims").rglob("*.json"))
    content = json.loads(path.read_text())
    content["title"] = "safe\u202egnihton"
    path.write_text(json.dumps(content))
    assert only(dataset).code == "E014"


def test_files_that_leave_or_lie_wrong(dataset, tmp_path_factory):
    path = measurement(dataset)
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "a.json"
    path.rename(elsewhere)
    path.symlink_to(elsewhere)
    assert only(dataset).code == "E018"
    path.unlink()
    (dataset / "measurements" / "architecture" / "wrong.json").write_bytes(elsewhere.read_bytes())
    assert codes(dataset) == {"E012"}


def test_a_folder_that_is_a_link_out(dataset, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside")
    store.write(builders.architecture("timm:resnet50"), outside)
    (dataset / "measurements" / "more").symlink_to(outside / "measurements")
    assert codes(dataset) <= {"E018", "E005"}
    assert codes(dataset)


def test_too_large(dataset):
    measurement(dataset).write_bytes(b" " * (strict_json.SIZE_LIMIT + 1))
    assert only(dataset).code == "E004"


def test_unreadable(dataset, monkeypatch):
    path, read = measurement(dataset), Path.read_bytes

    def refuse(self):
        if self == path:
            raise PermissionError(13, "Permission denied")
        return read(self)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert only(dataset).code == "E016"
    assert "Permission denied" in only(dataset).message


def test_an_entry_outside_the_catalogue_is_a_warning(dataset):
    store.write(builders.architecture("timm:resnet51"), dataset)
    report = validate([dataset])
    assert [issue.code for issue in report.issues] == ["W101"]
    assert not report.errors
    assert "timm:resnet51" in report.issues[0].message


def test_a_missing_environment(dataset):
    next((dataset / "environments").iterdir()).unlink()
    assert codes(dataset) == {"E015"}


def test_other_peoples_models_are_not_published_but_allowed_at_home(dataset):
    store.write(builders.architecture("file:secret.onnx"), dataset)
    assert codes(dataset) == {"E019"}
    assert validate([dataset], private=[dataset]).issues == []


def test_measurements_of_changed_code_and_unfinished_runs_are_marked(dataset):
    dirty = builders.environment(zoodata_commit="b" * 40 + "+dirty")
    store.write(dirty, dataset)
    store.write(builders.architecture("timm:resnet50", environment=dirty.id), dataset)
    store.write(builders.latency(stopped="time"), dataset)
    assert codes(dataset) == {"W102", "W103"}


def test_one_entry_is_mapped_once(dataset):
    family = json.loads(strict_json.dumps(builders.family().model_dump(mode="json")))
    family["id"] = "again"
    (dataset / "catalogue" / "again.json").write_text(json.dumps(family))
    assert codes(dataset) == {"E017"}


def test_only_some_files_against_the_whole(dataset):
    measurement(dataset).write_bytes(b"{")
    other = next((dataset / "claims").iterdir())
    assert validate([dataset], only=[other]).issues == []
    assert {issue.code for issue in validate([dataset], only=[dataset / "measurements"]).issues} == {"E001"}


def test_nothing_is_written(dataset):
    before = {path: path.read_bytes() for path in dataset.rglob("*") if path.is_file()}
    measurement(dataset).write_bytes(b"{")
    validate([dataset])
    after = {path: path.read_bytes() for path in dataset.rglob("*") if path.is_file()}
    assert set(before) == set(after)


@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=5),
        lambda x: st.lists(x, max_size=3) | st.dictionaries(st.text(max_size=9), x, max_size=5),
        max_leaves=12,
    ),
    st.sampled_from(["architecture", "latency", "claims", "claim", "environment", "family"]),
)
def test_no_content_brings_the_validator_down(value, kind):
    content = value if isinstance(value, dict) else {"value": value}
    issues, record = check_content({**content, "kind": kind}, "f.json")
    assert record is None
    assert issues
    assert all(issue.code in CODES for issue in issues)


@given(st.data())
def test_no_mutation_of_a_valid_record_passes_unseen(data):
    content = builders.architecture().model_dump(mode="json")
    key = data.draw(st.sampled_from(sorted(set(content) - {"id"})))
    value = data.draw(st.none() | st.integers() | st.text(max_size=5) | st.lists(st.integers(), max_size=2))
    if content[key] == value:
        return
    issues, _ = check_content({**content, key: value}, "f.json")
    assert issues
