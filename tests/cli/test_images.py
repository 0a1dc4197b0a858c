"""``zoodata images``, and ``--images NAME`` wherever a folder is taken."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from zoodata.cli.main import cli
from zoodata.dataset.store import Dataset


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("ZOODATA_IMAGES", str(tmp_path / "sets"))
    monkeypatch.setenv("ZOODATA_DATA", str(tmp_path / "data"))
    return lambda *arguments: CliRunner().invoke(cli, arguments)


def test_the_sets_are_listed_with_what_to_mind(run):
    (row,) = json.loads(run("images", "list", "--format", "json").stdout)
    assert (row["name"], row["images"], row["here"]) == ("nips2017_dev", 1000, 0)
    assert "never with what a zoo states" in row["caution"]


def test_every_image_has_an_author_and_a_class_name():
    record = Dataset.open().image_sets["nips2017_dev"]
    assert len({image.digest for image in record.images}) == 1000
    assert all(image.author for image in record.images)
    assert record.class_names[388] == "giant panda"


def test_a_folder_without_the_images_is_refused(run, tmp_path):
    (tmp_path / "empty").mkdir()
    done = run("images", "fetch", "nips2017_dev", "--from", str(tmp_path / "empty"))
    assert done.exit_code == 1
    assert "not in the folder (nor could 999 others)" in done.output
    assert run("images", "verify", str(tmp_path / "empty")).exit_code == 1


def test_wrong_names_are_wrong_use(run):
    assert run("images", "fetch", "nothing").exit_code == 2
    done = run("bench", "accuracy", "timm:resnet50", "--images", "nips2017_dev")
    assert done.exit_code == 2
    assert "zoodata images fetch nips2017_dev" in done.output
    assert run("bench", "accuracy", "timm:resnet50", "--images", "nothing").exit_code == 2
