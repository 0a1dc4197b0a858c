"""Every command that opens a user's model file opens it confined, whatever the command does with it."""

from __future__ import annotations

import pytest
from click.testing import CliRunner
from PIL import Image

from zoodata.cli.main import cli
from zoodata.isolation import Worker
from zoodata.records import Preprocessing

pytestmark = pytest.mark.zoos

COMMANDS = [
    ("network", "FILE"),
    ("diff", "FILE", "torchvision:resnet18"),
    ("diff", "torchvision:resnet18", "FILE", "--prove"),
    ("diagnose", "FILE", "--images", "IMAGES"),
    ("transplant", "FILE", "torchvision:resnet18", "--out", "out.pth"),
    ("attribute", "FILE", "torchvision:resnet18", "--images", "IMAGES"),
    ("attribute", "torchvision:resnet18", "FILE", "--images", "IMAGES"),
    ("attribute", "torchvision:resnet18", "timm:resnet18", "--weights-b", "CHECKPOINT", "--images", "IMAGES"),
    ("bench", "accuracy", "FILE", "--images", "IMAGES", "--preprocessing", "SPEC"),
    ("bench", "sensitivity", "FILE", "--images", "IMAGES"),
    ("bench", "architecture", "FILE", "--data", "data"),
    ("bench", "latency", "FILE", "torchvision:resnet18", "--data", "data"),
    ("bench", "ways", "FILE", "--data", "data"),
]


class Asked(Exception):
    """Raised in place of starting a worker."""


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_file_is_opened_confined(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.onnx").write_bytes(b"\x08\x07")
    (tmp_path / "own.safetensors").write_bytes(b"\x00" * 16)
    (tmp_path / "images" / "0").mkdir(parents=True)
    Image.new("RGB", (8, 8)).save(tmp_path / "images" / "0" / "a.png")
    spec = Preprocessing(
        resize=8, crop=(8, 8), interpolation="bilinear", scale=1.0, mean=(0, 0, 0), std=(1, 1, 1), layout="NCHW",
        source="tests",
    )  # fmt: skip
    (tmp_path / "spec.json").write_text(spec.model_dump_json())
    asked = []

    def started(worker, handler, environment=None, memory=None, shift=None, writable=None, paths=(), before=None):
        asked.append(writable)
        raise Asked

    monkeypatch.setattr(Worker, "__init__", started)
    given = {"FILE": "file:model.onnx", "CHECKPOINT": "own.safetensors", "IMAGES": "images", "SPEC": "spec.json"}
    said = CliRunner().invoke(cli, [given.get(word, word) for word in command])
    assert asked, said.output
    assert None not in asked, "a worker that may do what it likes was asked for"
