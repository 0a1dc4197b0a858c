"""Some two hundred damaged and odd files: each ends in one sentence, none in a traceback or a crash."""

from __future__ import annotations

import random
import shutil

import pytest

pytest.importorskip("torch")
pytest.importorskip("tensorflow")

from zoodata.isolation import Worker, WorkerFailed
from zoodata.measure.host import Host, worker_environment

pytestmark = [pytest.mark.zoos, pytest.mark.xdist_group("files")]

SECONDS = 60


def sound(folder):
    """A sound file of each form."""
    import torch
    from torch import nn

    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 5)).eval()
    image = torch.zeros(1, 3, 16, 16)
    torch.onnx.export(module, (image,), str(folder / "m.onnx"), dynamo=False, opset_version=17)
    torch.export.save(torch.export.export(module, (image,)), folder / "m.pt2")
    torch.jit.trace(module, image).save(str(folder / "m.pt"))
    torch.save(module.state_dict(), folder / "m.pth")
    import zoodata.runtimes.tensorflow  # noqa: F401  (sets the environment)

    import keras  # isort: skip
    import tensorflow as tf  # isort: skip
    import tf_keras  # isort: skip

    for library, name in ((keras, "m.keras"), (tf_keras, "m.h5")):
        given = library.Input((16, 16, 3))
        x = library.layers.GlobalAveragePooling2D()(library.layers.Conv2D(4, 3)(given))
        model = library.Model(given, library.layers.Dense(5)(x))
        model.save(folder / name)
    (folder / "m.tflite").write_bytes(tf.lite.TFLiteConverter.from_keras_model(model).convert())
    return sorted(path for path in folder.iterdir() if path.is_file())


def damaged(folder, files):
    """Names of the files that are wrong."""
    chance = random.Random(0)
    for path in files:
        data = path.read_bytes()
        for number, part in enumerate((0.0, 0.001, 0.05, 0.3, 0.6, 0.9, 0.99)):
            (folder / f"cut{number}_{path.name}").write_bytes(data[: int(len(data) * part)])
        for number in range(8):
            changed = bytearray(data)
            for _ in range(1 + len(data) // 40):
                changed[chance.randrange(len(data))] = chance.randrange(256)
            (folder / f"flip{number}_{path.name}").write_bytes(bytes(changed))
        for other in files:
            if other != path:
                shutil.copy(path, folder / f"as_{path.suffix[1:]}_{other.name}")
        (folder / f"text_{path.name}").write_text("not a model at all\n" * 50)
        (folder / f"html_{path.name}").write_text("<!DOCTYPE html><html>404</html>")
        (folder / f"pointer_{path.name}").write_text(
            "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"
        )
    return sorted(p for p in folder.iterdir() if p not in files)


def test_each_says_one_sentence(tmp_path):
    bad = damaged(tmp_path, sound(tmp_path))
    assert len(bad) >= 150
    faults, worker = [], Worker(Host, worker_environment("cpu", 2), 8 << 30)
    for path in bad:
        if not worker.alive:
            worker = Worker(Host, worker_environment("cpu", 2), 8 << 30)
        try:
            worker.call(SECONDS, Host.network, f"file:{path}", "text")
        except WorkerFailed as failure:
            text = failure.message
            if failure.reason in ("crashed", "timed_out", "out_of_memory") or "Traceback" in text or len(text) > 700:
                faults.append((path.name, failure.reason, text[:200]))
    worker.close()
    assert not faults, faults
