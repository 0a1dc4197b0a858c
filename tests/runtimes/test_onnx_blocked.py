"""Files that ONNX Runtime saved for this machine's processor are the networks that they were made of."""

from __future__ import annotations

import onnx
import pytest

from zoodata.graph.counter import count
from zoodata.runtimes import onnx_blocked
from zoodata.runtimes.model import CannotRead

torch = pytest.importorskip("torch")
nn = torch.nn
from tests.graph.test_brought import judged, saved_by_onnx_runtime  # noqa: E402
from zoodata.runtimes.onnx import OnnxModel  # noqa: E402

pytestmark = pytest.mark.zoos


class Residual(nn.Module):
    """A body beside a way around it."""

    def __init__(self, *body):
        super().__init__()
        self.body = nn.Sequential(*body)

    def forward(self, x):
        return torch.relu(x + self.body(x))


class Gate(nn.Module):
    """Squeeze and excitation."""

    def __init__(self, channels, narrow):
        super().__init__()
        self.narrow, self.wide = nn.Conv2d(channels, narrow, 1), nn.Conv2d(narrow, channels, 1)

    def forward(self, x):
        return x * torch.sigmoid(self.wide(torch.relu(self.narrow(x.mean((2, 3), keepdim=True)))))


class Joined(nn.Module):
    """Two branches side by side."""

    def __init__(self, *branches):
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, x):
        return torch.cat([branch(x) for branch in self.branches], 1)


def zeroed(layer):
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


BODIES = {
    "whole_blocks": lambda: [nn.Conv2d(3, 32, 3), nn.ReLU(), nn.Conv2d(32, 16, 1)],
    "padded": lambda: [nn.Conv2d(3, 20, 3), nn.ReLU(), nn.Conv2d(20, 24, 3, padding=1), nn.Sigmoid(),
                       nn.Conv2d(24, 12, 1)],
    "depthwise": lambda: [nn.Conv2d(3, 40, 1), nn.Conv2d(40, 40, 3, groups=40, stride=2), nn.ReLU6(),
                          nn.Conv2d(40, 24, 1)],
    "grouped": lambda: [nn.Conv2d(3, 64, 3), nn.ReLU(), nn.Conv2d(64, 64, 3, groups=2, dilation=2)],
    "residual": lambda: [nn.Conv2d(3, 24, 3), Residual(nn.Conv2d(24, 24, 3, padding=1)), nn.MaxPool2d(3, 2, 1)],
    "zero_residual": lambda: [nn.Conv2d(3, 24, 3), Residual(zeroed(nn.Conv2d(24, 24, 1))), nn.Conv2d(24, 8, 1)],
    "gated": lambda: [nn.Conv2d(3, 40, 3), nn.SiLU(), Gate(40, 12), nn.Conv2d(40, 20, 1), nn.Hardswish()],
    "joined": lambda: [nn.Conv2d(3, 16, 3), Joined(nn.Conv2d(16, 32, 1), nn.Conv2d(16, 16, 3, padding=1)),
                       nn.Conv2d(48, 8, 1)],
    "upsampled": lambda: [nn.Conv2d(3, 16, 3), nn.Upsample(scale_factor=2), nn.Conv2d(16, 16, 3), nn.AvgPool2d(2)],
}  # fmt: skip


def pair(body, folder):
    """The model as torch exports it, and as ONNX Runtime saves that."""
    torch.manual_seed(0)
    module = nn.Sequential(*BODIES[body](), nn.AdaptiveAvgPool2d(1), nn.Flatten()).eval()
    torch.onnx.export(module, (torch.rand(1, 3, 24, 24),), folder / "plain.onnx", dynamo=False, opset_version=17)
    plain = onnx.load(folder / "plain.onnx")
    saved = saved_by_onnx_runtime(plain, folder, "ORT_ENABLE_ALL")
    if not any(node.domain == onnx_blocked.BLOCKED for node in saved.graph.node):
        pytest.skip("this processor has no order of its own")
    return plain, saved


@pytest.mark.parametrize("body", BODIES)
def test_it_is_the_network_that_it_was_made_of(body, tmp_path):
    plain, saved = map(OnnxModel, pair(body, tmp_path))
    found, proof = judged(plain, saved)
    assert (found.verdict, proof.status) == ("identical", "equivalent")
    assert count(saved.network()).parameters == count(plain.network()).parameters


def test_another_order_is_refused(tmp_path, monkeypatch):
    _, saved = pair("whole_blocks", tmp_path)
    monkeypatch.setattr(onnx_blocked, "block", lambda: 4)
    with pytest.raises(CannotRead, match="for one kind of processor"):
        OnnxModel(saved)


@pytest.mark.parametrize("size", [1, 7])
def test_a_processor_without_blocks_or_with_others_refuses(size, tmp_path, monkeypatch):
    _, saved = pair("padded", tmp_path)
    monkeypatch.setattr(onnx_blocked, "block", lambda: size)
    with pytest.raises(CannotRead, match="for one kind of processor"):
        OnnxModel(saved)


def test_a_block_is_what_a_processor_works_on_at_once():
    assert onnx_blocked.block() in (1, 4, 8, 16)


def test_what_has_no_blocks_is_left_alone():
    graph = onnx.helper.make_graph([onnx.helper.make_node("Relu", ["x"], ["y"])], "g", [], [])
    model = onnx.helper.make_model(graph)
    assert onnx_blocked.unblocked(model) is model
