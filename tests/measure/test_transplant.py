"""Weights of one zoo as a checkpoint of another: loaded by the other zoo's own code, and run natively."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from tests.measure.carrying import carried
from zoodata.isolation import WorkerFailed

pytestmark = [pytest.mark.zoos, pytest.mark.xdist_group("tensorflow")]


PAIRS = [
    ("torchvision:densenet121", ".safetensors", "timm:densenet121", ".pth"),
    ("timm:densenet121", ".pth", "keras_applications:DenseNet121", ".weights.h5"),
    ("keras_applications:DenseNet121", ".weights.h5", "torchvision:densenet121", ".safetensors"),
    ("onnx_model_zoo:densenet121", ".onnx", "timm:densenet121", ".safetensors"),
    ("torchvision:densenet121", ".pth", "onnx_model_zoo:densenet121", ".onnx"),
    ("tf_model_garden:mobilenet_v2", ".ckpt", "keras_applications:MobileNetV2", ".weights.h5"),
]


@pytest.mark.parametrize(("a", "ending_a", "b", "ending_b"), PAIRS)
def test_the_other_zoos_model_gives_the_same_scores(tmp_path, a, ending_a, b, ending_b):
    found = carried(tmp_path, a, ending_a, b, ending_b)
    assert found.reproduces, found
    assert max(found.error_random, found.error_images) < 1e-4
    assert found.agreed == found.images


def test_another_padding_is_no_reproduction_and_is_named(tmp_path):
    found = carried(tmp_path, "timm:mobilenetv2_100", ".pth", "tf_model_garden:mobilenet_v2", ".ckpt")
    assert not found.reproduces
    assert found.differences


def test_what_does_not_fit_is_refused_with_the_layer(tmp_path):
    with pytest.raises(WorkerFailed, match="do not fit"):
        carried(tmp_path, "torchvision:squeezenet1_1", ".pth", "torchvision:mobilenet_v2", ".pth")
    assert not (tmp_path / "b.pth").exists()


def test_the_command_writes_a_report_or_nothing(tmp_path):
    import torch
    import torchvision

    from zoodata.cli.main import cli

    checkpoint = tmp_path / "resnet18.pth"
    torch.save(torchvision.models.resnet18().state_dict(), checkpoint)
    out = tmp_path / "out" / "resnet18.safetensors"
    run = CliRunner().invoke
    done = run(
        cli, ["transplant", "torchvision:resnet18", "timm:resnet18", "--weights", str(checkpoint), "--out", str(out)]
    )
    assert done.exit_code == 0, done.output
    report = json.loads(out.with_name(out.name + ".json").read_text())
    assert report["reproduces"] is True
    assert report["error_random"] < 1e-4
    other = tmp_path / "out" / "other.safetensors"
    refused = run(
        cli, ["transplant", "torchvision:resnet18", "timm:resnet34", "--weights", str(checkpoint), "--out", str(other)]
    )
    assert refused.exit_code == 1
    assert "do not fit" in refused.output
    assert sorted(path.name for path in out.parent.iterdir()) == [out.name, out.name + ".json"]
    wrong = run(
        cli,
        [
            "transplant",
            "torchvision:resnet18",
            "timm:resnet18",
            "--weights",
            str(checkpoint),
            "--out",
            str(tmp_path / "x.onnx"),
        ],
    )
    assert wrong.exit_code == 1
    assert ".safetensors" in wrong.output


def test_a_model_in_a_file_is_written_whole(tmp_path):
    import torch
    import torchvision

    from zoodata.cli.main import cli

    torch.manual_seed(0)
    source = torchvision.models.squeezenet1_1().eval()
    torch.save(source.state_dict(), tmp_path / "a.pth")
    torch.manual_seed(1)
    image = torch.randn(1, 3, 224, 224)
    torch.onnx.export(torchvision.models.squeezenet1_1().eval(), (image,), tmp_path / "b.onnx", dynamo=False)
    given = ["torchvision:squeezenet1_1", f"file:{tmp_path}/b.onnx", "--weights", str(tmp_path / "a.pth"), "--out"]
    done = CliRunner().invoke(cli, ["transplant", *given, str(tmp_path / "c.onnx")])
    assert done.exit_code == 0, done.output
    import onnxruntime

    session = onnxruntime.InferenceSession(tmp_path / "c.onnx", providers=["CPUExecutionProvider"])
    (scores,) = session.run(None, {session.get_inputs()[0].name: image.numpy()})
    with torch.inference_mode():
        assert torch.allclose(source(image), torch.from_numpy(scores), atol=1e-4)
    refused = CliRunner().invoke(cli, ["transplant", *given, str(tmp_path / "c.keras")])
    assert refused.exit_code == 1
    assert "loads .onnx" in refused.output


def test_a_checkpoint_that_would_run_code_is_refused(tmp_path):
    import pickle

    from zoodata.cli.main import cli

    class Harm:
        def __reduce__(self):
            return (open, (str(tmp_path / "harm"), "w"))

    hostile = tmp_path / "hostile.pth"
    hostile.write_bytes(pickle.dumps({"state_dict": Harm()}))
    done = CliRunner().invoke(
        cli,
        [
            "transplant",
            "torchvision:resnet18",
            "timm:resnet18",
            "--weights",
            str(hostile),
            "--out",
            str(tmp_path / "o.pth"),
        ],
    )
    assert done.exit_code == 1
    assert "Traceback" not in done.output
    assert not (tmp_path / "harm").exists()
    assert not (tmp_path / "o.pth").exists()
