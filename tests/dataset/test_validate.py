"""The validator: each thing it must refuse, with its code, its file, its field and a sentence."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import builders
from zoodata.dataset import store, strict_json
from zoodata.dataset.issues import CODES, Issue
from zoodata.dataset.validate import check_content, validate
from zoodata.records import content_hash

SMALL = {"W110", "W115"}
"""Marks of a dataset without networks and readings of its sources."""


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


def issues(root: Path, **arguments: Any) -> list[Issue]:
    """All but what every small dataset is told."""
    return [issue for issue in validate([root], **arguments).issues if issue.code not in SMALL]


def codes(root: Path) -> set[str]:
    return {issue.code for issue in issues(root)}


def only(root: Path) -> Issue:
    told = [issue for issue in issues(root) if issue.code != "E012"]
    assert len(told) == 1, told
    return told[0]


def test_a_valid_dataset_has_no_issue(dataset):
    report = validate([dataset])
    assert issues(dataset) == []
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
    assert only(dataset).code == "W101"
    assert "timm:resnet51" in only(dataset).message


def test_a_missing_environment(dataset):
    next((dataset / "environments").iterdir()).unlink()
    assert codes(dataset) == {"E015"}


def test_other_peoples_models_are_not_published_but_allowed_at_home(dataset):
    store.write(builders.architecture("file:secret.onnx"), dataset)
    assert codes(dataset) == {"E019"}
    assert issues(dataset, private=[dataset]) == []


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
    assert issues(dataset, only=[other]) == []
    assert {issue.code for issue in issues(dataset, only=[dataset / "measurements"])} == {"E001"}


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


# What a stranger's review of the validator found: each of these once passed, or brought something down.


@pytest.mark.slow
def test_a_copy_of_the_whole_dataset_is_valid_by_itself(tmp_path):
    """What the check of a data pull request does."""
    import shutil

    from zoodata.cli.validate import run

    shutil.copytree(store.PACKAGED, tmp_path / "data")
    report = run([tmp_path / "data"], tmp_path / "none")
    assert report.records > 3000
    assert not report.errors


@pytest.mark.parametrize("name", [".json", ".hidden.json", "readme.txt", "no_suffix"])
def test_files_that_are_no_records_are_refused_and_never_loaded(dataset, name):
    honest = measurement(dataset)
    false = json.loads(honest.read_text()) | {"seconds": 0.0}
    folder = dataset / "measurements" / "zz"
    folder.mkdir()
    (folder / name).write_text(json.dumps(false))
    assert codes(dataset) == {"E020"}
    records = store.Dataset.open(packaged=dataset).architecture_measurements
    assert [record.seconds for record in records] == [0.5]


def test_an_unfinished_file_is_a_warning_and_never_loaded(dataset):
    (dataset / "measurements" / ".writing-x.json").write_text("{")
    assert codes(dataset) == {"W104"}
    assert store.Dataset.open(packaged=dataset).architecture_measurements


def test_a_record_in_a_wrong_place_is_not_loaded(dataset):
    path = measurement(dataset)
    wrong = path.with_name("zz.json")
    wrong.write_bytes(path.read_bytes())
    assert codes(dataset) == {"E012"}
    with pytest.raises(ValueError, match="does not lie where it belongs"):
        _ = store.Dataset.open(packaged=dataset).records


def test_stray_files_and_folders_at_the_top(dataset):
    (dataset / "notes").mkdir()
    (dataset / "notes" / "a.json").write_text("{}")
    (dataset / "stray.json").write_text("{}")
    (dataset / "more").symlink_to(dataset / "claims")
    (dataset / "LICENSE").write_text("CC BY 4.0")
    (dataset / "VERSION").write_text("2026-11-29\n")
    told = {(Path(issue.file).name, issue.code) for issue in issues(dataset)}
    assert told == {("notes", "E020"), ("stray.json", "E020"), ("more", "E018")}


def test_a_folder_called_like_a_record(dataset):
    (dataset / "claims" / "foo.json").mkdir()
    (dataset / "claims" / "foo.json" / "a.txt").write_text("x")
    assert codes(dataset) == {"E020"}
    assert store.Dataset.open(packaged=dataset).claims


def test_a_claim_has_no_file_of_its_own(dataset):
    claim = builders.claim("timm:resnet50")
    (dataset / "claims" / "one.json").write_text(strict_json.dumps(claim.model_dump(mode="json")))
    assert only(dataset).code == "E013"


@pytest.mark.parametrize(
    "data",
    [b'{"kind": "architecture", "seconds": 1e400}', b'{"\\ud800": 1, "\\ud800": 2}', b'{"a":' * 60 + b"1" + b"}" * 60],
)
def test_odd_numbers_keys_and_depth_are_issues(dataset, data):
    measurement(dataset).write_bytes(data)
    issue = only(dataset)
    json.dumps(issue.as_dict()).encode("utf-8")
    assert issue.code in {"E001", "E002", "E003"}


@pytest.mark.parametrize("change_to", [{"schema_version": None}, {"seconds": 1}])
def test_a_record_is_written_as_zoodata_writes_it(dataset, change_to):
    """Else its published form would carry an id that its content does not hash to."""
    path = measurement(dataset)
    content = json.loads(path.read_text()) | change_to
    if content["schema_version"] is None:
        del content["schema_version"]
    content["id"] = content_hash(content)
    path.write_text(json.dumps(content))
    assert only(dataset).code == "E023"


def test_a_claim_of_another_version_inside_a_collection(dataset):
    path = next((dataset / "claims").iterdir())
    content = json.loads(path.read_text())
    content["claims"][0]["schema_version"] = 99
    content["claims"][0]["id"] = content_hash(content["claims"][0])
    path.write_text(json.dumps(content))
    assert only(dataset).field == "claims[0].schema_version"


def test_a_run_is_of_the_architecture_it_says(dataset):
    path = next((dataset / "measurements" / "latency").rglob("*.json"))
    content = json.loads(path.read_text())
    content["participants"][1]["entry"] = "timm:vgg16"
    content["id"] = content_hash(content)
    path.unlink()
    path.with_name(f"{content['id'][:16]}.json").write_text(json.dumps(content))
    assert codes(dataset) == {"E021", "W101"}


def test_the_future_is_refused(dataset):
    later = builders.architecture("timm:resnet50", started_at=builders.WHEN.replace(year=9998))
    store.write(later, dataset)
    assert codes(dataset) == {"E022"}


def test_a_model_of_ones_own_that_failed_is_not_published_either(dataset):
    gone = {"entry": "file:secret.onnx", "missing": {"reason": "crashed", "message": "x"}}
    store.write(builders.latency(missing=(gone,)), dataset)
    assert "E019" in codes(dataset)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, None),
        ({"collection": "elsewhere"}, "E015"),
        ({"claims_hash": "0" * 64}, "E011"),  # of other claims
        ({"claims": 7}, "E011"),
        ({"read_on": "2999-01-01T00:00:00Z"}, "E022"),
        ({"checks": ({"claim": "0" * 64, "outcome": "not_there"},)}, "E015"),
    ],
)
def test_a_verification_is_of_its_collections_very_claims(dataset, changes, code):
    collection = builders.collection(builders.claim("timm:resnet50"), name="made")
    store.write(collection, dataset)
    store.write(builders.verification(collection, **changes), dataset)
    assert codes(dataset) == ({code} if code else set())


def test_a_lineage_is_of_its_own_zoo(dataset):
    content = builders.lineage("torchvision").model_dump(mode="json")
    content["statements"][0]["entries"] = ["timm:*"]
    (dataset / "lineage").mkdir()
    (dataset / "lineage" / "torchvision.json").write_text(json.dumps(content))
    assert codes(dataset) == {"E008"}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such file names")
def test_no_issue_speaks_to_a_terminal_or_a_workflow(dataset):
    path = measurement(dataset)
    content = json.loads(path.read_text()) | {"\n::error::owned\x1b[31m": 1}
    path.write_text(json.dumps(content))
    (dataset / "measurements" / "x\n::error::owned").write_text("x")
    from zoodata.cli.validate import as_github, as_text

    for issue in validate([dataset]).issues:
        for line in (as_text(issue) + "\n" + as_github(issue)).splitlines():
            assert not line.startswith("::error::owned")
            assert "\x1b" not in line


def test_a_path_without_records_is_an_error(dataset, tmp_path_factory):
    empty = tmp_path_factory.mktemp("empty")
    (empty / "bad.txt").write_text("x")
    report = validate([dataset], only=[empty])
    assert [issue.code for issue in report.issues] == ["E024"]


@pytest.mark.parametrize(
    ("day", "code"), [("2026-02-31", "E026"), ("2026-11", "E026"), ("2020-01-01", "E026"), ("2999-01-01", "E022")]
)
def test_a_version_is_a_day_that_there_was(dataset, day, code):
    (dataset / "VERSION").write_text(f"{day}\n")
    assert codes(dataset) == {code}
