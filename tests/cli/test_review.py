"""Reviewing a contribution: no record changes, nothing but data, and no ranking moves unseen."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests import builders
from tests.dataset import honest, impossible
from zoodata.cli.contribute import run, tried
from zoodata.cli.main import cli
from zoodata.cli.review import review, summary
from zoodata.dataset import store
from zoodata.records import Supersession
from zoodata.records.claim import RepositorySource


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A checkout with a small dataset in which everything agrees."""
    root = tmp_path / "base"
    for record in honest.records():
        store.write(record, root / "zoodata" / "data")
    (root / "README.md").write_text("Read me.\n")
    return root


@pytest.fixture
def proposed(base: Path) -> Path:
    """A copy of it, to be changed."""
    return Path(shutil.copytree(base, base.with_name("proposed")))


def add(root: Path, *records: Any) -> None:
    for record in records:
        store.write(record, root / "zoodata" / "data")


def line(number: int) -> RepositorySource:
    return RepositorySource(repository="huggingface/pytorch-image-models", commit="b" * 40, path="r.csv", line=number)


def claimed(**changes: Any) -> Any:
    return builders.collection(builders.claim(**({"source": line(3)} | changes)), name="timm-extra")


NEW = "onnx_model_zoo:resnet50-v1-7"
WIDE = builders.network(width=40, stride=1)
ONNX = honest.environment(packages={"onnx": "1.23.2", "torch": "2.15.0", "torchvision": "0.29.2", "timm": "1.0.31"})

POISON: dict[str, Callable[[], tuple[Any, ...]]] = {
    "claimed top-1": lambda: (claimed(entry="timm:resnet50@a2", value=93.0),),
    "claimed top-5": lambda: (
        claimed(entry="timm:resnet50@a2", value=98.0, metric="top5"),
    ),
    "MACs ratio": lambda: (ONNX, WIDE, honest.architecture(NEW, WIDE, environment=ONNX.id)),
    "difference of parameters": lambda: (ONNX, WIDE, honest.architecture(NEW, WIDE, environment=ONNX.id)),
    "MACs of an entry": lambda: (ONNX, WIDE, honest.architecture(NEW, WIDE, environment=ONNX.id)),
    "ratio of times": lambda: (honest.latency(samples=faster(1.4), started_at=builders.WHEN.replace(hour=13)),),
    "comparison of networks": lambda: (
        ONNX, WIDE, honest.architecture(NEW, WIDE, environment=ONNX.id), comparison_with_wide(),
    ),
    "measured accuracy": lambda: (
        builders.accuracy("timm:resnet50@a1_in1k", environment=ONNX.id, seconds=6.0, result=all_wrong()), ONNX,
    ),
    "audit": lambda: (
        claimed(metric="parameters", unit="count", stated="99", stated_unit="million", value=99e6,
                entry="timm:resnet50@a1_in1k"),
    ),
}  # fmt: skip


def faster(factor: float) -> Any:
    rounds = honest.latency().samples
    return tuple((a, tuple(round(ns / factor) for ns in b), c) for a, b, c in rounds)


def comparison_with_wide() -> Any:
    from zoodata.graph import storage
    from zoodata.graph.diff.findings import as_record, diff

    one, wide = storage.unpack(honest.networks()[0]), storage.unpack(WIDE)
    result = as_record(diff(one, wide), None)
    return honest.comparison(a="torchvision:resnet50", b=NEW, environment=ONNX.id, result=result)


def all_wrong() -> Any:
    result = honest.accuracy().result
    assert result is not None
    return result.model_copy(update={"top1": "AA==", "top1_hits": 0, "top5": "AA==", "top5_hits": 0})


@pytest.mark.parametrize("ranking", list(POISON))
def test_no_ranking_moves_unseen(base, proposed, ranking):
    add(proposed, *POISON[ranking]())
    reviewed = review(base, proposed)
    assert not reviewed.report.errors, reviewed.report.errors
    assert f"| {ranking} |" in summary(reviewed, False)


def test_a_supersession_needs_a_maintainer_and_shows_what_it_ends(base, proposed):
    old = honest.architecture("timm:resnet50", honest.networks()[1])
    add(proposed, Supersession.seal(superseded=(old.id,), reason="invalid", text="Gone.", said_on="2026-11-29"))
    reviewed = review(base, proposed)
    assert [issue.code for issue in reviewed.to_approve] == ["W111"]
    assert "not there |" in summary(reviewed, False)
    run = CliRunner().invoke
    assert run(cli, ["review", str(base), str(proposed)]).exit_code == 1
    assert run(cli, ["review", str(base), str(proposed), "--approved"]).exit_code == 0


def test_nothing_changes_nothing(base, proposed):
    reviewed = review(base, proposed)
    assert not reviewed.report.issues
    assert "No line of a ranking changes." in summary(reviewed, False)


def test_records_are_never_changed_or_deleted(base, proposed):
    data = proposed / "zoodata" / "data"
    claims = next((data / "claims").iterdir())
    claims.write_text(claims.read_text().replace("76.13", "77.13"))
    next((data / "measurements" / "latency").rglob("*.json")).unlink()
    codes = [issue.code for issue in review(base, proposed).report.errors]
    assert codes.count("E040") == 2


def test_a_curated_file_that_is_edited_needs_a_maintainer(base, proposed):
    path = proposed / "zoodata" / "data" / "catalogue" / "resnet.json"
    path.write_text(path.read_text().replace("Deep Residual Learning", "Deep residual learning"))
    reviewed = review(base, proposed)
    assert not reviewed.report.errors
    assert [issue.code for issue in reviewed.to_approve] == ["W114"]


@pytest.mark.parametrize("name", ["README.md", "setup.py", ".github/workflows/x.yml", "zoodata/data/VERSION"])
def test_only_data_is_touched(base, proposed, name):
    (proposed / name).parent.mkdir(parents=True, exist_ok=True)
    (proposed / name).write_text("import os\n")
    assert [issue.code for issue in review(base, proposed).report.errors] == ["E041"]


def test_too_much_at_once(base, proposed, monkeypatch):
    monkeypatch.setattr("zoodata.dataset.incoming.MOST_FILES", 2)
    for minute in range(3):
        add(proposed, honest.architecture("timm:resnet50", honest.networks()[1], seconds=1.0 + minute))
    assert "E042" in [issue.code for issue in review(base, proposed).report.errors]


def test_a_link_is_neither_followed_nor_merged(base, proposed):
    (proposed / "zoodata" / "data" / "claims" / "x.json").symlink_to("/etc/passwd")
    assert {issue.code for issue in review(base, proposed).report.errors} == {"E018"}


def test_an_impossible_record_fails_before_any_ranking(base, proposed):
    bad = impossible.sealed(impossible.changed(honest.claims(), id="timm-bad", claims__0__value=99.0))
    (proposed / "zoodata" / "data" / "claims" / "timm-bad.json").write_text(json.dumps(bad))
    done = CliRunner().invoke(cli, ["review", str(base), str(proposed)])
    assert done.exit_code == 1
    assert "E027" in done.output
    assert "once there are no errors" in done.output


def test_the_summary_is_text_whatever_a_record_says(base, proposed, tmp_path):
    hostile = "<img src=x> [a](javascript:x) @everyone `| --- |` **b**"
    note = builders.claim(entry="timm:resnet50@a2", value=93.0, source=line(3), note="x", checkpoint=hostile)
    add(proposed, builders.collection(note, name="timm-extra"))
    target = tmp_path / "summary.md"
    CliRunner().invoke(cli, ["review", str(base), str(proposed), "--summary", str(target)])
    text = target.read_text()
    assert not any(piece in text for piece in ("<img", "](", "@everyone", "**b**", "javascript:"))
    assert "timm&#58;resnet50&#64;a2" in text


def test_json_has_files_issues_and_rankings(base, proposed):
    add(proposed, *POISON["claimed top-1"]())
    done = CliRunner().invoke(cli, ["review", str(base), str(proposed), "--format", "json"])
    content = json.loads(done.stdout)
    assert content["added"] == ["claims/timm-extra.json"]
    assert {change["ranking"] for change in content["rankings"]} >= {"top1"}


def test_contribute_check_changes_nothing_and_says_the_same(base, tmp_path):
    local = tmp_path / "local"
    for record in (honest.environment(), honest.latency(samples=faster(1.4))):
        store.write(record, local)
    target = base / "zoodata" / "data"
    before = sorted(path.read_bytes() for path in target.rglob("*.json"))
    reviewed = tried(local, target)
    assert [path.parts[:2] for path in reviewed.brought.added] == [("measurements", "latency")]
    assert any(change.ranking == "latency" and change.moves for change in reviewed.moved)
    assert sorted(path.read_bytes() for path in target.rglob("*.json")) == before


def test_what_contradicts_stays_at_home_until_it_is_said_why(base, tmp_path):
    """One's own measurement counts at home; to publish it, the record that it contradicts has to be superseded."""
    local, target = tmp_path / "local", base / "zoodata" / "data"
    other = honest.architecture("timm:resnet50", WIDE)
    for record in (honest.environment(), WIDE, other):
        store.write(record, local)
    assert store.Dataset((target, local)).architecture_outcomes["timm:resnet50"].id == other.id
    assert "E028" in {issue.code for issue in tried(local, target).report.errors}
    with pytest.raises(Exception, match="W112"):
        run(local, target)
    old = honest.architecture("timm:resnet50", honest.networks()[1])
    why = Supersession.seal(
        superseded=(old.id,), by=(other.id,), reason="reading_corrected", text="Read anew.", said_on="2026-11-29"
    )
    store.write(why, local)
    # The comparison of what was counted before no longer fits either.
    comparison = honest.comparison()
    store.write(
        Supersession.seal(
            superseded=(comparison.id,), reason="reading_corrected", text="Read anew.", said_on="2026-11-29"
        ),
        local,
    )
    reviewed = tried(local, target)
    assert not reviewed.report.errors
    assert any(change.ranking == "counts" for change in reviewed.moved)
