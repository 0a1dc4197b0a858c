"""Accuracy runs: what is recorded, what is refused, and what survives a kill."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

from tests.accuracy import colours
from zoodata.dataset import store
from zoodata.records.accuracy import unpack_bits

pytestmark = [pytest.mark.zoos, pytest.mark.xdist_group("accuracy")]

ZOODATA = [sys.executable, "-W", "ignore", "-c", "from zoodata.cli.main import main; main()"]
ENTRY = "python:tests.accuracy.colours:model"


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    return colours.write(tmp_path_factory.mktemp("set"))


def spec(tmp_path, **changes):
    path = tmp_path / "spec.json"
    path.write_text(json.dumps({**colours.SPEC, **changes}))
    return str(path)


def bench(tmp_path, images, *more, entry=ENTRY, **changes):
    return subprocess.run(
        [*ZOODATA, "bench", "accuracy", entry, "--images", str(images), "--data", str(tmp_path / "data"),
         "--preprocessing", spec(tmp_path, **changes), *more],
        capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip


def records(tmp_path):
    return [store.read(path) for path in (tmp_path / "data" / "measurements").rglob("*.json")]


def test_a_record_says_which_images_were_right_and_what_was_checked(tmp_path, images):
    done = bench(tmp_path, images, "--format", "json")
    assert done.returncode == 0, done.stderr
    (row,) = json.loads(done.stdout)
    (record,) = records(tmp_path)
    assert (record.images.images, record.images.classes, record.images.left_out) == (192, 24, {})
    assert record.result.top1_hits == row["top1_hits"] >= 150
    assert sum(unpack_bits(record.result.top1, 192)) == record.result.top1_hits
    codes = [check.code for check in record.result.checks]
    assert codes == ["label_range", "other_preprocessing", "other_network", "class_order"]
    assert all(check.passed for check in record.result.checks)
    assert not (tmp_path / "data" / ".writing-accuracy").exists()  # the journal is a record now
    assert str(tmp_path) not in record.model_dump_json()


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"channel_order": "BGR"}, "channels in the order RGB"),
        ({"mean": None, "std": None}, "ImageNet's mean and standard deviation"),
        ({"scale": None, "mean": None, "std": None}, "ImageNet's mean and standard deviation"),
    ],
)
def test_images_preprocessed_wrongly_are_named_and_nothing_is_recorded(tmp_path, images, changes, named):
    done = bench(tmp_path, images, **changes)
    assert done.returncode == 1
    assert named in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "data" / "measurements").exists()


def test_labels_off_by_one_are_named(tmp_path):
    shifted = colours.write(tmp_path / "shifted", shift=1)
    done = bench(tmp_path, shifted)
    assert done.returncode == 1
    assert "off by one" in done.stderr or "surer" in done.stderr
    believed = bench(tmp_path, shifted, "--believe")
    assert believed.returncode == 0, believed.stderr
    (record,) = records(tmp_path)
    assert "class_shift" in [check.code for check in record.result.checks if not check.passed]


def test_a_background_class_needs_its_offset(tmp_path, images):
    entry = "python:tests.accuracy.colours:with_background"
    wrong = bench(tmp_path, images, entry=entry)
    assert wrong.returncode == 1
    assert "label offset 1" in wrong.stderr
    right = bench(tmp_path, images, entry=entry, label_offset=1)
    assert right.returncode == 0, right.stderr


def test_what_a_zoo_declares_is_not_departed_from_unnoticed(tmp_path, images):
    """A wrong resize and a wrong crop cost too little to show in a few answers; they show in the pixels."""
    declared = {**colours.SPEC, "resize": 256, "crop": [224, 224]}
    for changes, named in (
        ({"resize": [224, 224]}, "resized straight to the crop's size"),
        ({"resize": 224}, "the short side resized to the crop's size"),
        ({"resize": None}, "no resize before the crop"),
        ({"interpolation": "bicubic"}, "interpolation bicubic"),
        ({"interpolation": "nearest", "channel_order": "BGR"}, "channels in the order BGR and interpolation nearest"),
    ):
        done = bench(tmp_path, images, entry="torchvision:squeezenet1_1", **{**declared, **changes})
        assert done.returncode == 1
        assert named in done.stderr, done.stderr


def test_bad_images_and_missing_labels_are_counted_and_left_out(tmp_path, images):
    bad = tmp_path / "bad"
    shutil.copytree(images, bad)
    (bad / "images" / "0-00.png").write_bytes(b"no image at all")
    data = (bad / "images" / "0-01.png").read_bytes()
    (bad / "images" / "0-01.png").write_bytes(data[: len(data) // 2])
    (bad / "images" / "stray.png").write_bytes(data)
    lines = (bad / "labels.csv").read_text().splitlines()
    (bad / "labels.csv").write_text("\n".join([*(line for line in lines if "1-05" not in line), "absent.png,3"]))
    done = bench(tmp_path, bad)
    assert done.returncode == 0, done.stderr
    (record,) = records(tmp_path)
    assert record.images.images == 192 - 3
    assert record.images.left_out == {"undecodable": 2, "unlabelled": 2, "listed_but_absent": 1}


@pytest.mark.parametrize(
    ("make", "code", "named"),
    [
        (lambda folder: (folder / "x").mkdir(), 2, "no labelled image"),
        (lambda folder: (folder / "x.jpg").write_bytes(b""), 2, "nothing that labels them"),
        (lambda folder: (folder / "labels.csv").write_text("filename,class_index\nx.png,cat\n"), 2, "no class number"),
        (lambda folder: (folder / "labels.csv").write_text("a,b\n1,2\n"), 2, "needs a column"),
        (lambda folder: (folder / "val.txt").write_text("490\n361\n"), 2, "ILSVRC's own class numbers"),
    ],
)
def test_a_folder_that_is_no_labelled_set(tmp_path, make, code, named):
    folder = tmp_path / "folder"
    folder.mkdir()
    make(folder)
    done = bench(tmp_path, folder)
    assert (done.returncode, named in done.stderr) == (code, True), done.stderr
    assert "Traceback" not in done.stderr


def test_too_few_classes_a_wrong_specification_and_a_hostile_checkpoint(tmp_path, images):
    import pickle

    class Evil:
        def __reduce__(self):
            return os.system, (f"touch {tmp_path / 'ran'}",)

    (tmp_path / "evil.pth").write_bytes(pickle.dumps(Evil()))
    refused = bench(tmp_path, images, "--weights", str(tmp_path / "evil.pth"))
    assert refused.returncode == 1
    assert "not a plain torch checkpoint" in refused.stderr
    assert not (tmp_path / "ran").exists()
    wrong = bench(tmp_path, images, layout="NWHC")
    assert (wrong.returncode, "layout" in wrong.stderr) == (2, True)
    lines = (images / "labels.csv").read_text().splitlines()
    (tmp_path / "far.csv").write_text("\n".join([lines[0], "0-00.png,999"]))
    few = bench(tmp_path, images, "--labels", str(tmp_path / "far.csv"))
    assert (few.returncode, "the labels go up to 999 and the model has 24 classes" in few.stderr) == (1, True)


def test_a_killed_run_goes_on_and_ends_with_the_same_bits(tmp_path):
    """Kill -9 in the middle of a run, several times; the journal carries on."""
    images = colours.write(tmp_path / "set", each=40)
    arguments = [
        *ZOODATA, "bench", "accuracy", "python:tests.accuracy.slow:model", "--images", str(images),
        "--data", str(tmp_path / "data"), "--preprocessing", spec(tmp_path),
    ]  # fmt: skip
    journal = tmp_path / "data" / ".writing-accuracy"
    lengths = []
    for _ in range(2):
        run = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        before, deadline = (lengths or [0])[-1], time.monotonic() + 120
        while time.monotonic() < deadline and _answered(journal) <= before:
            time.sleep(0.02)
        run.send_signal(signal.SIGKILL)
        run.wait()
        lengths.append(_answered(journal))
    assert 0 < lengths[0] < lengths[1] < 960
    whole = subprocess.run(arguments, capture_output=True, text=True, timeout=600, check=False)
    assert whole.returncode == 0, whole.stderr
    resumed = records(tmp_path)[0] if len(records(tmp_path)) == 1 else None
    shutil.rmtree(tmp_path / "data")
    assert subprocess.run(arguments, capture_output=True, timeout=600, check=False).returncode == 0
    (uninterrupted,) = records(tmp_path)
    assert resumed is not None
    assert (resumed.result.top1, resumed.result.top5) == (uninterrupted.result.top1, uninterrupted.result.top5)
    assert resumed.images == uninterrupted.images


def _answered(journal):
    return sum(
        line.startswith("{") and line.endswith("}")
        for path in journal.glob("*.jsonl")
        for line in path.read_text().splitlines()
    )


def test_answers_of_an_interrupted_run_are_of_these_weights_and_these_images(tmp_path):
    """A journal left by another model, or of files that were replaced meanwhile, is not believed."""
    from zoodata.images.sets import find, read_bytes
    from zoodata.measure.accuracy import Answer, Journal, _answers
    from zoodata.measure.evaluator import Classified

    images = colours.write(tmp_path / "set", each=2)
    items = find(images).items

    class Asked:
        def __init__(self, answer):
            self.answer, self.names = answer, []

        def call(self, seconds, method, chunk, ahead):
            self.names += [item.name for item in chunk]
            import hashlib

            digests = (hashlib.sha256(read_bytes(item)).hexdigest() for item in chunk)
            return [Classified(digest, (self.answer,) * 5, None) for digest in digests]

    journal = Journal(tmp_path / "journals", "x")
    first = Asked(1)
    answers, _ = _answers(first, items[:10], journal, {}, lambda done, total: None)
    again = Asked(2)
    kept, rate = _answers(again, items[:10], journal, {}, lambda done, total: None)
    assert (kept, again.names, rate) == (answers, [], None)
    (images / "images" / items[3].name).write_bytes((images / "images" / items[4].name).read_bytes())
    _answers(again, items[:10], journal, {}, lambda done, total: None)
    assert again.names == [items[3].name]
    other = Answer(items[0].name, answers[0].digest, (2, 2, 2, 2, 2), None)
    renewed, _ = _answers(again, items[:10], journal, {items[0].name: other}, lambda done, total: None)
    assert {answer.classes[0] for answer in renewed} == {2}


def test_the_dataset_stays_valid_after_a_run(tmp_path, images):
    assert bench(tmp_path, images).returncode == 0
    checked = subprocess.run(
        [*ZOODATA, "validate", "--data", str(tmp_path / "data")],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert "0 errors" in checked.stdout + checked.stderr


@pytest.mark.parametrize(
    ("changes", "code", "named"),
    [
        ({"std": [0, 0, 0]}, 2, "std"),
        ({"crop": [0, 0]}, 2, "crop"),
        ({"crop": None}, 1, "several sizes"),
    ],
)
def test_a_preprocessing_that_cannot_be(tmp_path, images, changes, code, named):
    done = bench(tmp_path, images, **changes)
    assert (done.returncode, named in done.stderr) == (code, True), done.stderr
    assert not list((tmp_path / "data").rglob("measurements/accuracy/*/*.json")) or code == 1


def test_a_checkpoint_beside_a_file_is_not_silently_ignored(tmp_path, images):
    from zoodata.zoos.onnx_model_zoo import light_path

    (tmp_path / "any.pth").write_bytes(b"x")
    done = bench(tmp_path, images, "--weights", str(tmp_path / "any.pth"), entry=f"file:{light_path('squeezenet')}")
    assert (done.returncode, "holds its own weights" in done.stderr) == (1, True), done.stderr
