"""Recurrent layers: one form, however a framework stores gates and directions, and each as its runtime runs it."""

from __future__ import annotations

import io

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnxruntime")
onnx = pytest.importorskip("onnx")
pytestmark = [pytest.mark.zoos, pytest.mark.xdist_group("graph"), pytest.mark.filterwarnings("ignore")]

from onnx import TensorProto, helper, numpy_helper  # noqa: E402
from torch import nn  # noqa: E402

from tests.graph.test_brought import judged  # noqa: E402
from zoodata.graph import faithful, onnx_writer  # noqa: E402
from zoodata.graph.counter import count  # noqa: E402
from zoodata.records.measurement import InputShape  # noqa: E402
from zoodata.runtimes.onnx import OnnxModel  # noqa: E402
from zoodata.runtimes.torch import TorchModel  # noqa: E402

IMAGE = InputShape(channels=3, height=8, width=6, layout="NCHW")
FEATURES, HIDDEN = 24, 5


class Rows(nn.Module):
    """The columns of an image as a sequence through a recurrent layer, and a head."""

    def __init__(self, kind, state=None, **own):
        super().__init__()
        self.body = getattr(nn, kind)(FEATURES, HIDDEN, **own)
        self.head = nn.Linear(HIDDEN * (2 if own.get("bidirectional") else 1), 4)
        self.batch_first, self.state = own.get("batch_first", False), state

    def forward(self, x):
        x = x.permute(3, 0, 1, 2).flatten(2)  # (steps, batch, features)
        values, _ = self.body(x.transpose(0, 1) if self.batch_first else x, self.state)
        return self.head(values.mean(1 if self.batch_first else 0))


def in_torch(kind, state=None, **own):
    torch.manual_seed(0)
    return TorchModel(Rows(kind, state, **own).eval(), IMAGE, 4)


def in_onnx(model, dynamo):
    torch.manual_seed(0)
    file = io.BytesIO()
    torch.onnx.export(model, torch.rand(1, 3, 8, 6), file, dynamo=dynamo, opset_version=18, verbose=False)
    return OnnxModel(onnx.load_from_string(file.getvalue()))


LAYERS = {
    "LSTM": ("LSTM", {}),
    "LSTM, both ways": ("LSTM", {"bidirectional": True}),
    "LSTM, batch first, no bias": ("LSTM", {"batch_first": True, "bias": False}),
    "LSTM, two layers both ways": ("LSTM", {"num_layers": 2, "bidirectional": True}),
    "GRU": ("GRU", {}),
    "GRU, both ways, batch first": ("GRU", {"bidirectional": True, "batch_first": True}),
    "GRU, two layers": ("GRU", {"num_layers": 2}),
    "plain": ("RNN", {}),
    "plain, relu, both ways": ("RNN", {"nonlinearity": "relu", "bidirectional": True}),
}


@pytest.mark.parametrize("dynamo", [False, True], ids=["script exporter", "dynamo exporter"])
@pytest.mark.parametrize("name", LAYERS)
def test_torch_s_layers_and_their_exports_are_one(name, dynamo):
    kind, own = LAYERS[name]
    if kind == "RNN" and dynamo:
        pytest.skip("this exporter writes out the plain layer's steps itself, the first one without its state")
    one = in_torch(kind, **own)
    verdict, proof = judged(one, in_onnx(Rows(kind, **own).eval(), dynamo))
    assert (verdict.verdict, proof.status) == ("identical", "equivalent"), (verdict, proof)
    assert proof.native_error < 1e-5
    network = one.network()
    assert sum(each.elements for each in network.parameters) == sum(p.numel() for p in Rows(kind, **own).parameters())


@pytest.mark.parametrize(
    ("kind", "gates", "sides", "layers"),
    [("LSTM", 4, 1, 1), ("LSTM", 4, 2, 1), ("GRU", 3, 2, 1), ("GRU", 3, 1, 2), ("RNN", 1, 2, 1)],
)
def test_what_a_layer_costs(kind, gates, sides, layers):
    own = {"bidirectional": sides == 2, "num_layers": layers}
    inputs = FEATURES + HIDDEN + (layers - 1) * (sides * HIDDEN + HIDDEN)
    steps = IMAGE.width * sides * gates * HIDDEN * inputs
    assert count(in_torch(kind, **own).network()).macs == steps + sides * HIDDEN * 4


def test_another_direction_another_bias_and_another_state_are_found():
    usual = in_torch("LSTM")
    state = (torch.ones(1, 1, HIDDEN), torch.ones(1, 1, HIDDEN))
    for other in (in_torch("LSTM", state), in_torch("LSTM", bias=False), in_torch("LSTM", bidirectional=True)):
        verdict, proof = judged(usual, other)
        assert verdict.verdict in ("parametric", "structural"), verdict
        assert proof.status != "equivalent"


def made(kind, inputs, stored, **own):
    """An ONNX file of one recurrent layer between an image and a head."""
    draw = np.random.default_rng(0)
    tensors = {name: draw.standard_normal(shape).astype(np.float32) for name, shape in stored.items()}
    tensors["head"] = draw.standard_normal((HIDDEN, 4)).astype(np.float32)
    constants = {"flat": np.array([6, 1, FEATURES]), "last": np.array([1, HIDDEN]), "axes": np.array([0, 1])}
    nodes = [
        helper.make_node("Transpose", ["x"], ["t"], perm=[3, 0, 1, 2]),
        helper.make_node("Reshape", ["t", "flat"], ["s"]),
        helper.make_node(kind, ["s", *inputs], ["y"], hidden_size=HIDDEN, **own),
        helper.make_node("ReduceMean", ["y", "axes"], ["mean"], keepdims=0),
        helper.make_node("Reshape", ["mean", "last"], ["v"]),
        helper.make_node("MatMul", ["v", "head"], ["out"]),
    ]  # fmt: skip
    initial = [numpy_helper.from_array(array, name) for name, array in {**tensors, **constants}.items()]
    graph = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, (1, 3, 8, 6))],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, None)], initial,
    )  # fmt: skip
    return OnnxModel(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8))


WEIGHTS = {"w": (1, 4 * HIDDEN, FEATURES), "r": (1, 4 * HIDDEN, HIDDEN), "b": (1, 8 * HIDDEN)}
GRU_WEIGHTS = {"w": (1, 3 * HIDDEN, FEATURES), "r": (1, 3 * HIDDEN, HIDDEN), "b": (1, 6 * HIDDEN)}
STATE = {"h": (1, 1, HIDDEN), "c": (1, 1, HIDDEN)}

OTHERS = {
    "reset before": ("GRU", ("w", "r", "b"), GRU_WEIGHTS, {}),
    "reset after": ("GRU", ("w", "r", "b"), GRU_WEIGHTS, {"linear_before_reset": 1}),
    "backwards": ("LSTM", ("w", "r", "b"), WEIGHTS, {"direction": "reverse"}),
    "no bias": ("LSTM", ("w", "r"), {name: WEIGHTS[name] for name in "wr"}, {}),
    "a first state": ("LSTM", ("w", "r", "b", "", "h", "c"), WEIGHTS | STATE, {}),
    "peepholes": ("LSTM", ("w", "r", "b", "", "", "", "p"), WEIGHTS | {"p": (1, 3 * HIDDEN)}, {}),
    "clipped": ("LSTM", ("w", "r", "b"), WEIGHTS, {"clip": 0.3}),
    "other activations": ("LSTM", ("w", "r", "b"), WEIGHTS, {"activations": ["HardSigmoid", "Tanh", "Tanh"]}),
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_onnx_alone_has_runs_as_its_runtime_runs_it(name):
    kind, inputs, stored, own = OTHERS[name]
    model = made(kind, inputs, stored, **own)
    network = model.network()
    image = np.random.default_rng(1).standard_normal(network.input_shape).astype(np.float32)
    stored = model.stored()
    scores = faithful.scores(network, stored, image)
    np.testing.assert_allclose(scores.ravel(), model.forward(image, stored).ravel(), rtol=1e-4, atol=1e-5)
    written_out = name not in ("peepholes", "clipped", "other activations")
    assert any(node.operator.startswith("onnx.") for node in network.nodes) != written_out


def test_a_gru_that_resets_before_is_not_one_that_resets_after():
    one, other = (made(*OTHERS[name][:3], **OTHERS[name][3]) for name in ("reset before", "reset after"))
    verdict, proof = judged(one, other)
    assert verdict.verdict in ("parametric", "structural") and proof.status != "equivalent", (verdict, proof)


def test_a_long_sequence_is_one_operator_too():
    class Long(nn.Module):
        def __init__(self):
            super().__init__()
            self.body = nn.GRU(3, HIDDEN)

        def forward(self, x):
            return self.body(x.flatten(2).permute(2, 0, 1))[0].mean(0)

    image = InputShape(channels=3, height=32, width=32, layout="NCHW")
    network = TorchModel(Long().eval(), image, HIDDEN).network()
    assert "recurrent" in {node.operator for node in network.nodes}
    assert count(network).macs == 32 * 32 * 3 * HIDDEN * (3 + HIDDEN)


class Ends(nn.Module):
    """The last states of a recurrent layer."""

    def __init__(self, which):
        super().__init__()
        self.body, self.which = nn.LSTM(FEATURES, HIDDEN, bidirectional=True), which

    def forward(self, x):
        values, (hidden, cell) = self.body(x.permute(3, 0, 1, 2).flatten(2))
        return {"hidden": hidden, "cell": cell, "all": values.mean(0) + hidden.sum(0).repeat(1, 2) * cell.sum()}[
            self.which
        ].flatten()[None]


@pytest.mark.parametrize("which", ["hidden", "cell", "all"])
def test_last_states_are_read_and_cost_once(which):
    torch.manual_seed(0)
    module = Ends(which).eval()
    model = TorchModel(module, IMAGE, 2 * HIDDEN)
    network = model.network()
    image = np.random.default_rng(1).standard_normal(network.input_shape).astype(np.float32)
    stored = model.stored()
    np.testing.assert_allclose(
        faithful.scores(network, stored, image).ravel(), model.forward(image, stored).ravel(), rtol=1e-4, atol=1e-6
    )
    assert count(network).macs == IMAGE.width * 2 * 4 * HIDDEN * (FEATURES + HIDDEN)
    other = in_onnx(module, dynamo=False)
    verdict, proof = judged(model, other)
    assert (verdict.verdict, proof.status) == ("identical", "equivalent")


@pytest.mark.parametrize("name", [*LAYERS, "a first state, GRU that resets before"])
def test_what_is_written_as_onnx_gives_the_same_scores(name):
    if name in LAYERS:
        model = in_torch(LAYERS[name][0], **LAYERS[name][1])
    else:
        model = made("GRU", ("w", "r", "b", "", "h"), GRU_WEIGHTS | {"h": (1, 1, HIDDEN)})
    network, stored = model.network(), model.stored()
    written = OnnxModel(onnx_writer.model(network, "recurrent", stored))
    image = np.random.default_rng(1).standard_normal(network.input_shape).astype(np.float32)
    np.testing.assert_allclose(
        written.forward(image, written.stored()).ravel(), model.forward(image, stored).ravel(), rtol=1e-4, atol=1e-5
    )
