"""A plan of accuracies: what it lists, what is done already, and that a cell that cannot be had ends nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests import builders
from zoodata.dataset.store import Dataset
from zoodata.sweep import planfile
from zoodata.sweep.kinds import AccuracyTask

pytestmark = [pytest.mark.zoos, pytest.mark.xdist_group("sweep")]
ZOODATA = [sys.executable, "-W", "ignore", "-c", "from zoodata.cli.main import main; main()"]


@pytest.fixture(scope="module")
def dataset():
    return Dataset.open()


def test_it_lists_entries_whose_file_holds_network_and_weights_too(dataset):
    chosen = planfile.read(planfile.find("accuracy"))
    tasks = planfile.tasks(chosen, dataset, ["coral", "torchvision"])
    entries = {task.entry for task in tasks}
    assert {"coral:mobilenet_v1_0.25_128_quant", "torchvision:resnet50"} <= entries
    assert {task.identity for task in tasks} == {dataset.image_sets["nips2017_dev"].identity}


def test_what_is_measured_on_any_machine_is_done(dataset):
    set_hash = "c" * 64
    record = builders.accuracy("torchvision:resnet50@IMAGENET1K_V1")

    class Holding:
        accuracy_measurements = (record,)

    assert AccuracyTask("torchvision:resnet50", "made", set_hash, 16).is_done(Holding, None)
    assert not AccuracyTask("torchvision:resnet50", "made", "d" * 64, 16).is_done(Holding, None)
    assert not AccuracyTask("torchvision:resnet18", "made", set_hash, 16).is_done(Holding, None)


def test_without_the_images_each_cell_says_what_to_do(tmp_path):
    plan = tmp_path / "plan.yaml"
    part = "{measure: accuracy, images: nips2017_dev, zoos: [torchvision], architectures: [resnet18]}"
    plan.write_text(f"title: t\nsweep: [{part}]\n")
    done = subprocess.run(
        [*ZOODATA, "bench", "--plan", str(plan), "--data", str(tmp_path / "data")],
        capture_output=True, text=True, timeout=300, env=os.environ | {"ZOODATA_IMAGES": str(tmp_path / "none")},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    records = [json.loads(path.read_text()) for path in (tmp_path / "data" / "measurements").rglob("*.json")]
    assert records
    assert {record["missing"]["reason"] for record in records} == {"needs_download"}
    assert all("zoodata images fetch nips2017_dev" in record["missing"]["message"] for record in records)
