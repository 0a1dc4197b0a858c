"""Position tables that are looked up by known numbers: one form, however a framework or a zoo writes it."""

from __future__ import annotations

import io

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("tensorflow")
onnx = pytest.importorskip("onnx")
pytestmark = [pytest.mark.zoos, pytest.mark.xdist_group("graph")]

from torch import nn  # noqa: E402

from zoodata.graph import faithful  # noqa: E402
from zoodata.graph.diff.compare import Comparison  # noqa: E402
from zoodata.graph.diff.findings import diff  # noqa: E402
from zoodata.graph.diff.transplant import prove  # noqa: E402
from zoodata.graph.digest import digest  # noqa: E402
from zoodata.records.measurement import InputShape  # noqa: E402
from zoodata.runtimes.onnx import OnnxModel  # noqa: E402
from zoodata.runtimes.tensorflow import KerasModel  # noqa: E402
from zoodata.runtimes.torch import TorchModel  # noqa: E402

PLACES, HEADS, ROWS = 16, 2, 7
INDEX = np.random.default_rng(3).integers(0, ROWS, (PLACES, PLACES))


class Attention(nn.Module):
    """A stem, scores of each head with a position table added to them, and a head."""

    def __init__(self, table, look_up):
        super().__init__()
        self.stem, self.table = nn.Conv2d(3, 8, 4, 4), nn.Parameter(torch.randn(table))
        self.register_buffer("index", torch.from_numpy(INDEX), persistent=False)
        self.look_up, self.head = look_up, nn.Linear(8, 5)

    def forward(self, x):
        x = self.stem(x).flatten(2).transpose(1, 2)
        q = x.reshape(-1, PLACES, HEADS, 4).transpose(1, 2)
        scores = q @ q.transpose(-2, -1) * 0.5 + self.look_up(self.table, self.index)
        x = (scores.softmax(-1) @ q).transpose(1, 2).reshape(-1, PLACES, 8)
        return self.head(x.mean(1))


class TableAtEvaluation(Attention):
    """As LeViT's: the table is looked up once, when the module is told to evaluate."""

    def train(self, mode=True):
        super().train(mode)
        with torch.no_grad():
            self.looked_up = None if mode else self.look_up(self.table, self.index)
        return self

    def forward(self, x):
        kept, self.look_up = self.look_up, lambda table, index: self.looked_up
        try:
            return super().forward(x)
        finally:
            self.look_up = kept


TORCH = {
    "rows of the table": ((ROWS, HEADS), lambda t, i: t[i.view(-1)].view(PLACES, PLACES, HEADS).permute(2, 0, 1)),
    "rows, not flattened": ((ROWS, HEADS), lambda t, i: t[i].permute(2, 0, 1)),
    "columns": ((HEADS, ROWS), lambda t, i: t[:, i]),
    "counted from the end": ((HEADS, ROWS), lambda t, i: t[:, i - ROWS]),
}  # fmt: skip
IMAGE = InputShape(channels=3, height=16, width=16, layout="NCHW")


def of_torch(name, kind=Attention):
    return TorchModel(kind(*TORCH[name]), IMAGE, 5)


def of_keras(axis):
    import tensorflow as tf
    import tf_keras as keras

    class Layer(keras.layers.Layer):
        def build(self, shape):
            sizes = (ROWS, HEADS) if axis == 0 else (HEADS, ROWS)
            self.table = self.add_weight(shape=sizes, initializer="random_normal", name="table")

        def call(self, x):
            x = tf.reshape(x, (-1, PLACES, 8))
            q = tf.transpose(tf.reshape(x, (-1, PLACES, HEADS, 4)), (0, 2, 1, 3))
            looked_up = tf.gather(self.table, INDEX, axis=axis)
            looked_up = tf.transpose(looked_up, (2, 0, 1)) if axis == 0 else looked_up
            scores = tf.matmul(q, q, transpose_b=True) * 0.5 + looked_up
            x = tf.transpose(tf.matmul(tf.nn.softmax(scores), q), (0, 2, 1, 3))
            return tf.reduce_mean(tf.reshape(x, (-1, PLACES, 8)), 1)

    image = keras.Input((16, 16, 3))
    model = keras.Model(image, keras.layers.Dense(5)(Layer()(keras.layers.Conv2D(8, 4, 4)(image))))
    return KerasModel(model, InputShape(channels=3, height=16, width=16, layout="NHWC"))


def _looked_up(network):
    return [node.shape for node in network.nodes if node.operator == "gather" and "call" in node.attributes]


@pytest.fixture(scope="module")
def usual():
    return of_torch("rows of the table")


@pytest.mark.parametrize("name", [*TORCH])
@pytest.mark.parametrize("kind", [Attention, TableAtEvaluation])
def test_torch_s_ways_are_one(usual, name, kind):
    model = of_torch(name, kind)
    network = model.network()
    assert digest(network) == digest(usual.network())
    assert faithful.error(network, model.forward, 0) < 1e-5
    proved = prove(network, usual.network(), Comparison(network, usual.network()), natives=(model, usual))
    assert proved.status == "equivalent", proved


@pytest.mark.parametrize("axis", [0, 1])
def test_tensorflow_s_ways_are_the_same(usual, axis):
    model = of_keras(axis)
    network = model.network()
    assert faithful.error(network, model.forward, 0) < 1e-5
    assert str(diff(network, usual.network()).verdict) in ("identical", "benign")
    proved = prove(network, usual.network(), Comparison(network, usual.network()), natives=(model, usual))
    assert proved.status == "equivalent", proved


def test_an_export_to_onnx_is_the_same(usual):
    made = io.BytesIO()
    torch.onnx.export(usual._module, (torch.zeros(1, 3, 16, 16),), made, dynamo=False, do_constant_folding=False)
    model = OnnxModel(onnx.load_from_string(made.getvalue()))
    network = model.network()
    assert len(_looked_up(network)) == 1
    proved = prove(network, usual.network(), Comparison(network, usual.network()), natives=(model, usual))
    assert proved.status == "equivalent", proved


def test_another_table_of_numbers_is_another_function(usual, monkeypatch):
    monkeypatch.setattr("tests.graph.test_look_up.INDEX", INDEX[::-1].copy())
    other = of_torch("columns").network()
    assert digest(other) != digest(usual.network())
    assert str(diff(other, usual.network()).verdict) not in ("identical", "benign")


def test_a_module_is_as_it_was_after_reading():
    model = of_torch("columns", TableAtEvaluation)
    before = model._module.looked_up.clone()
    model.network()
    model.forward(np.zeros((3, 16, 16), np.float32), {"table": np.ones((HEADS, ROWS), np.float32)})
    assert torch.equal(model._module.looked_up, before)


def test_one_head_of_what_was_looked_up_is_looked_up_in_its_part_of_the_table():
    """EfficientViT-M: one table for all heads in timm, one for each head in Keras."""

    class Apart(nn.Module):
        def __init__(self, whole):
            super().__init__()
            self.stem, self.head = nn.Conv2d(3, HEADS, 4, 4), nn.Linear(PLACES, 5)
            self.tables = nn.ParameterList([nn.Parameter(torch.randn(HEADS, ROWS))] if whole else [
                nn.Parameter(torch.randn(ROWS)) for _ in range(HEADS)
            ])  # fmt: skip
            self.register_buffer("index", torch.from_numpy(INDEX), persistent=False)

        def forward(self, x):
            x = self.stem(x).flatten(2)
            for head in range(HEADS):
                table = self.tables[0][:, self.index][head] if len(self.tables) == 1 else self.tables[head][self.index]
                x = x @ table
            return self.head(x.mean(1))

    models = [TorchModel(Apart(whole), IMAGE, 5) for whole in (True, False)]
    a, b = (model.network() for model in models)
    assert _looked_up(a) == _looked_up(b) == [(PLACES**2,)] * HEADS
    assert prove(a, b, Comparison(a, b), natives=tuple(models)).status == "equivalent"
