"""The store: one place a record, written wholly or not at all, read in layers."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from tests import builders
from zoodata.dataset import store
from zoodata.dataset.store import PACKAGED, Dataset


def test_each_record_has_its_place(tmp_path):
    for record in (
        builders.environment(),
        builders.architecture("torchvision:resnet50@IMAGENET1K_V2"),
        builders.latency(),
        builders.collection(builders.claim()),
        builders.family(),
    ):
        path = store.write(record, tmp_path)
        assert path == tmp_path / store.path_of(record)
        assert tmp_path in path.resolve().parents
        assert store.read(path) == record


def test_a_full_disk_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "a.json"
    store.write_bytes(path, b"old")

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        store.write_bytes(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_kill_9_while_writing_leaves_whole_files_only(tmp_path):
    program = (
        "import sys; from pathlib import Path; from zoodata.dataset import store\n"
        "print('ready', flush=True)\n"
        "for n in range(5000):  # not for ever: nothing is left running where the tests are interrupted\n"
        f"    store.write_bytes(Path({str(tmp_path)!r}) / 'measurements' / f'{{n % 7}}.json', b'x' * 300_000)\n"
    )
    for moment in (0.02, 0.05, 0.11):
        process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(moment)
        process.kill()
        process.wait()
        assert all(path.stat().st_size == 300_000 for path in store.files(tmp_path))
    store.sweep_leftovers(tmp_path)
    assert not list(tmp_path.rglob(".writing-*"))


def test_local_measurements_lie_on_top(tmp_path):
    packaged, local = tmp_path / "packaged", tmp_path / "local"
    store.write(builders.family(), packaged)
    store.write(builders.environment(), local)
    store.write(builders.architecture(), local)
    dataset = Dataset.open(local, packaged)
    assert [record.entry for record in dataset.architecture_measurements] == ["torchvision:resnet50"]
    result = dataset.architecture_of("torchvision:resnet50@IMAGENET1K_V2")
    assert result is not None
    assert result.id == "resnet50"
    assert Dataset.open(tmp_path / "absent", packaged).roots == (packaged,)


def test_the_packaged_dataset_reads():
    dataset = Dataset.open()
    assert dataset.roots == (PACKAGED,)
    names = [a.name_in_2022 for a in dataset.architectures.values() if a.name_in_2022]
    assert len(names) == len(set(names)) == 36


def test_a_thing_without_a_file_has_no_path():
    with pytest.raises(TypeError):
        store.path_of(builders.claim())


def test_a_newer_reason_does_not_hide_a_count(tmp_path):
    later = builders.WHEN.replace(hour=13)
    missing = {"reason": "not_installed", "message": "x"}
    for record in (
        builders.architecture(),
        builders.architecture(result=None, missing=missing, started_at=later),
        builders.architecture("timm:resnet50", result=None, missing=missing),
    ):
        store.write(record, tmp_path)
    outcomes = Dataset.open(packaged=tmp_path).architecture_outcomes
    assert outcomes["torchvision:resnet50"].result is not None
    assert outcomes["timm:resnet50"].missing is not None
