"""Each zoo that has an environment of its own, with one small entry: where it is here, or all are asked for.

``ZOODATA_ALL_ZOOS=1`` adds those that are not (a weekly workflow does).
"""

from __future__ import annotations

import os

import pytest
from click.testing import CliRunner

from zoodata.cli.main import cli
from zoodata.dataset.store import Dataset
from zoodata.environments import folders, manage
from zoodata.isolation import Worker
from zoodata.measure.host import Host, worker_environment
from zoodata.measure.release import ReleaseReader
from zoodata.runtimes.model import Saves
from zoodata.zoos import registry

pytestmark = [pytest.mark.zoos, pytest.mark.xdist_group("tensorflow")]

SMALL = {
    "cadene": ("SqueezeNet1_1", 1_235_496),
    "classy_vision": ("resnet18", 11_689_512),
    "efficientnet_lite": ("efficientnet-lite0", 4_652_008),
    "geffnet": ("mobilenetv3_small_075", 2_041_872),
    "gluoncv": ("SqueezeNet1.1", 1_235_496),
    "keras_cv_attention_models": ("mobilenetv3_family_MobileNetV3Small050", None),
    "lukemelas": ("efficientnet-b0", 5_288_548),
    "mmpretrain": ("mobilenet-v2_8xb32_in1k", 3_504_872),
    "ncnn_assets": ("squeezenet_v1.1", None),
    "open_clip": ("ViT-S-32", None),
    "paddleclas": ("SqueezeNet1_1", 1_235_496),
    "pytorchcv": ("SqueezeNet_v1.1", 1_235_496),
    "qubvel": ("mobilenetv2", None),
    "qubvel_efficientnet": ("EfficientNetB0", 5_288_548),
    "smp": ("resnet18", 11_176_512),
    "tf2cv": ("squeezenet_v1_1", 1_235_496),
    "tfimm": ("deit_tiny_patch16_224", 5_717_416),
    "transformers": ("mobilenet_v2", None),
    "ultralytics": ("yolov8n-cls", None),
}


RUN_ONLY = {"ncnn_assets"}
"""Zoos of files that are run and not read, and have to be fetched first."""


def test_every_environment_has_a_small_entry():
    assert set(SMALL) == {lock.zoo for lock in folders.locks()}


@pytest.mark.parametrize("zoo", SMALL)
def test_a_zoo_in_its_environment(zoo):
    lock = folders.lock_of(zoo, None)
    assert lock is not None
    if not lock.is_added:
        if not os.environ.get("ZOODATA_ALL_ZOOS"):
            pytest.skip("its environment is not here; ZOODATA_ALL_ZOOS=1 adds it")
        manage.add(lock)
    entry, parameters = SMALL[zoo]
    with Worker(Host, worker_environment("cpu", 2), paths=registry.folders_of([f"{zoo}:{entry}"])) as worker:
        entries = worker.call(300, Host.entries, zoo)
        assert entry in entries
        assert len(set(entries)) == len(entries)
        if zoo in RUN_ONLY:
            return
        counted = worker.call(300, Host.architecture, f"{zoo}:{entry}")
    assert parameters in (None, counted.result.parameters)
    assert counted.result.relative_error is not None
    assert counted.result.relative_error < 1e-4
    mapped = {name.partition(":")[2] for name in Dataset.open().catalogue_entries if name.startswith(f"{zoo}:")}
    unavailable = {
        name.partition(":")[2]
        for name, (_, item) in Dataset.open().catalogue_entries.items()
        if name.startswith(f"{zoo}:") and item.unavailable is not None
    }
    assert mapped - unavailable <= set(entries)


def test_two_readings_of_one_release_agree():
    """The same digests whoever asks, and the same scores for the same weights."""
    with Worker(ReleaseReader, worker_environment("cpu", 2)) as one, Worker(
        ReleaseReader, worker_environment("cpu", 1)
    ) as other:  # fmt: skip
        first, second = (w.call(200, ReleaseReader.built, "torchvision", "squeezenet1_1") for w in (one, other))
        assert (first.digest, first.preprocessing, first.weights) == (
            second.digest, second.preprocessing, second.weights
        )  # fmt: skip
        network = one.call(200, ReleaseReader.network, "torchvision", "squeezenet1_1")
        compared = other.call(200, ReleaseReader.against, "torchvision", "squeezenet1_1", network)
        assert compared.result.verdict == "identical"
        scores = one.call(200, ReleaseReader.scores, "torchvision", "squeezenet1_1")
        assert abs(scores - compared.scores).max() <= 1e-5 * abs(scores).max()


def test_weights_that_do_not_fit_are_not_transferable():
    with Worker(ReleaseReader, worker_environment("cpu", 2)) as worker:
        network = worker.call(200, ReleaseReader.network, "torchvision", "squeezenet1_0")
        compared = worker.call(200, ReleaseReader.against, "torchvision", "squeezenet1_1", network)
        assert compared.result.verdict == "structural"
        assert compared.result.proof.status == "not_transferable"
        assert compared.scores is None


@pytest.mark.parametrize("zoo", [lock.zoo for lock in folders.locks() if lock.has_interpreter])
def test_a_users_file_is_compared_with_a_zoo_of_another_framework(zoo, tmp_path):
    """The worker that opens the file is confined and starts no program; the zoo's interpreter is started before."""
    lock = folders.lock_of(zoo, None)
    if lock is None or not lock.is_added:
        pytest.skip("its environment is not here")
    entry = SMALL[zoo][0]
    model = registry.get(zoo).build(entry)
    path = tmp_path / "mine.onnx"
    assert isinstance(model._model, Saves)
    model._model.save(model.stored(), path)
    done = CliRunner().invoke(cli, ["diff", f"file:{path}", f"{zoo}:{entry}"])
    assert done.exit_code == 0, done.output
    assert "IDENTICAL" in done.output


def test_two_models_that_name_their_parameters_alike_come_from_one_process():
    """Paddle takes a parameter's name once a process; PaddleClas' AlexNet and SqueezeNet both have conv1_weights."""
    lock = folders.lock_of("paddleclas", None)
    if lock is None or not lock.is_added:
        pytest.skip("its environment is not here")
    zoo = registry.get("paddleclas")
    assert [len(zoo.build(entry).stored()) for entry in ("SqueezeNet1_0", "SqueezeNet1_1")] == [52, 52]
