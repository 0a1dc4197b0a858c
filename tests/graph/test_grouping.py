"""A convolution in groups is one, however it is written: whole, or as slices, a layer on each, and a concatenation."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("tensorflow")
pytestmark = [pytest.mark.zoos, pytest.mark.xdist_group("graph")]

from torch import nn  # noqa: E402

from zoodata.graph import torch_reader  # noqa: E402
from zoodata.graph.counter import count, shares  # noqa: E402
from zoodata.graph.diff.compare import Comparison  # noqa: E402
from zoodata.graph.diff.transplant import prove  # noqa: E402
from zoodata.graph.digest import digest  # noqa: E402
from zoodata.records.measurement import InputShape  # noqa: E402
from zoodata.runtimes.tensorflow import KerasModel  # noqa: E402
from zoodata.runtimes.torch import TorchModel  # noqa: E402

SHAPE = InputShape(channels=3, height=9, width=9, layout="NCHW")


class Net(nn.Module):
    """A stem of 12 channels, a convolution in three groups to 18, and a head."""

    def __init__(self, kernel, bias, stride=1, squeezed=False, groups=None, order=(0, 1, 2), own=None):
        super().__init__()
        torch.manual_seed(0)
        self.stem, self.norm, self.head = nn.Conv2d(3, 12, 3), nn.BatchNorm2d(18), nn.Linear(18, 5)
        self.squeezed, self.order = squeezed, order
        options = {"padding": kernel // 2, "bias": bias, "stride": stride}
        if groups:
            self.layer = nn.Conv2d(12, 18, kernel, groups=groups, **options)
        else:
            self.layer = nn.ModuleList(nn.Conv2d(4, 6, own or kernel, **options) for _ in range(3))

    def forward(self, x):
        x = torch.relu(self.stem(x))
        x = x.mean((2, 3), keepdim=True) if self.squeezed else x
        if isinstance(self.layer, nn.ModuleList):
            parts = x.chunk(3, 1)
            x = torch.cat([part(parts[place]) for part, place in zip(self.layer, self.order, strict=True)], 1)
        else:
            x = self.layer(x)
        return self.head(torch.relu(self.norm(x)).mean((2, 3)))


CASES = [
    (3, True, 1, False), (3, False, 2, False), (1, True, 1, False), (1, False, 1, False), (1, True, 1, True),
    (1, False, 2, False), (5, True, 1, False),
]  # fmt: skip


def keras_model(kernel, bias, stride, in_pieces):
    import keras

    layers = keras.layers
    image = keras.Input((9, 9, 3))
    x = layers.ReLU()(layers.Conv2D(12, 3)(image))
    x = layers.ZeroPadding2D(kernel // 2)(x) if kernel > 1 else x
    if in_pieces:
        cut = [layers.Lambda(lambda y, start=start: y[..., start : start + 4])(x) for start in (0, 4, 8)]
        x = layers.Concatenate()([layers.Conv2D(6, kernel, strides=stride, use_bias=bias)(part) for part in cut])
    else:
        x = layers.Conv2D(18, kernel, strides=stride, use_bias=bias, groups=3)(x)
    x = layers.ReLU()(layers.BatchNormalization(epsilon=1e-5)(x))
    model = keras.Model(image, layers.Dense(5)(layers.GlobalAveragePooling2D()(x)))
    return KerasModel(model, InputShape(channels=3, height=9, width=9, layout="NHWC"))


@pytest.mark.parametrize(("kernel", "bias", "stride", "squeezed"), CASES)
def test_torch_in_pieces_is_torch_whole(kernel, bias, stride, squeezed):
    whole, pieces = (TorchModel(Net(kernel, bias, stride, squeezed, groups), SHAPE, 5) for groups in (3, None))
    a, b = whole.network(), pieces.network()
    assert digest(a) == digest(b)
    assert count(a) == count(b)
    assert sum(share.parameters for share in shares(b)[0].values()) == count(b).parameters
    for one, other in ((a, b), (b, a)):
        models = (whole, pieces) if one is a else (pieces, whole)
        proved = prove(one, other, Comparison(one, other), natives=models)
        assert proved.status == "equivalent", proved
        assert proved.max_relative_error < 1e-5


@pytest.mark.parametrize(("kernel", "bias", "stride", "squeezed"), [case for case in CASES if not case[3]])
def test_keras_in_pieces_is_keras_whole_and_torch_whole(kernel, bias, stride, squeezed):
    torchs = TorchModel(Net(kernel, bias, stride, squeezed, 3), SHAPE, 5)
    whole, pieces = (keras_model(kernel, bias, stride, in_pieces) for in_pieces in (False, True))
    a, b, c = torchs.network(), whole.network(), pieces.network()
    assert digest(b) == digest(c)
    for one, other, models in ((a, c, (torchs, pieces)), (c, a, (pieces, torchs))):
        proved = prove(one, other, Comparison(one, other), natives=models)
        assert proved.status == "equivalent", proved


def test_a_file_written_from_pieces_reads_as_the_whole(tmp_path):
    from zoodata.graph import onnx_reader, onnx_writer

    model = TorchModel(Net(3, True), SHAPE, 5)
    network = model.network()
    weights = {name: value.detach().numpy() for name, value in model._module.state_dict().items()}
    again = onnx_reader.read(onnx_writer.model(network, "pieces", weights)).network
    assert digest(again) == digest(network)


@pytest.mark.parametrize(
    "change",
    [{"order": (1, 0, 2)}, {"order": (0, 0, 2)}, {"own": 3, "kernel": 5}],
    ids=["in another order", "one twice", "another kernel"],
)
def test_what_is_no_convolution_in_groups_is_none(change):
    given = {"kernel": 3, "bias": True} | change
    network = torch_reader.read(Net(**given), (1, 3, 9, 9))
    whole = torch_reader.read(Net(given["kernel"], True, groups=3), (1, 3, 9, 9))
    assert digest(network) != digest(whole)
    assert ("concatenate" in {node.operator for node in network.nodes}) == ("own" not in change)
