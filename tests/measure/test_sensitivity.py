"""What other decoders and resizers change, counted image by image, and as a record."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from tests.dataset import honest
from zoodata.images.sets import ImageSet, Item
from zoodata.isolation import WorkerFailed
from zoodata.measure import sensitivity
from zoodata.measure.accuracy import Settings
from zoodata.measure.evaluator import Evaluator
from zoodata.records import Preprocessing

SPEC = Preprocessing(resize=8, crop=(8, 8), interpolation="bilinear", layout="NCHW", source="tests")
ITEMS = tuple(Item(f"{number}.png", number % 3, "") for number in range(6))


class Table:
    """A worker whose answers are right by Pillow, wrong for the first two images by OpenCV; TensorFlow is not here."""

    def call(self, seconds, function, *arguments):
        if function is Evaluator.open:
            return SimpleNamespace(preprocessing=SPEC, weights="made")
        _, decoder, resizer, chunk = arguments
        if "tensorflow" in (decoder, resizer):
            raise WorkerFailed("not_installed", "tensorflow is not installed")
        own = [item.label for item in chunk]
        if resizer == "opencv":
            own[:2] = [7, 7]
        return [None if decoder == "torchvision" and item.name == "5.png" else label
                for item, label in zip(chunk, own, strict=True)]  # fmt: skip


def measured():
    left_out = []
    found = sensitivity.measure(
        Table(), "example:tiny", ITEMS, Settings(), skipped=lambda name, reason: left_out.append(name)
    )
    return found, left_out


def test_each_way_is_counted_on_the_images_that_all_can_decode():
    found, left_out = measured()
    assert found.entry == "example:tiny@made"
    assert [item.name for item in found.usable] == ["0.png", "1.png", "2.png", "3.png", "4.png"]
    own, *others = found.effects
    assert (own.changed, own.right, own.images) == (0, 5, 5)
    by_opencv = [each for each in others if each.variant.resizer == "opencv"]
    assert by_opencv
    assert {(each.changed, each.gained, each.lost, each.right) for each in by_opencv} == {(2, 0, 2, 3)}
    assert all("TensorFlow" in name for name in left_out)
    assert left_out


def test_the_record_says_the_same(monkeypatch):
    found, _ = measured()
    monkeypatch.setattr("zoodata.images.sets.read_bytes", lambda item: item.name.encode())
    images = ImageSet(ITEMS, {}, "list")
    record = sensitivity.as_record(found, images, honest.environment(), datetime(2026, 11, 29, tzinfo=UTC), 1.0)
    assert (record.hits, record.images.images, len(record.others)) == (5, 5, len(found.effects) - 1)
    assert {(o.changed, o.lost) for o in record.others if o.resizer == "opencv"} == {(2, 2)}


def test_a_model_of_ones_own_is_not_recorded(tmp_path):
    from zoodata.cli.main import cli

    given = ["bench", "sensitivity", "file:mine.onnx", "--images", str(tmp_path), "--record"]
    done = CliRunner().invoke(cli, given)
    assert done.exit_code == 2
    assert "own weights" in done.output or "no file" in done.output


@pytest.mark.zoos
def test_the_command_runs_every_way_on_real_images(tmp_path):
    pytest.importorskip("torch")
    from tests.accuracy import colours
    from zoodata.cli.main import cli

    folder = colours.write(tmp_path / "set", each=2)
    (tmp_path / "spec.json").write_text(json.dumps(colours.SPEC))
    done = CliRunner().invoke(
        cli,
        ["bench", "sensitivity", "python:tests.accuracy.colours:model", "--images", str(folder),
         "--preprocessing", str(tmp_path / "spec.json"), "--format", "json"],
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    rows = json.loads(done.stdout)
    assert rows[0]["changed"] == 0
    assert rows[0]["top1"] > 80
    assert len(rows) > 10
