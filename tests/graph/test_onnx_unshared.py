"""Untrained models, whose equal tensors an exporter stores once, are read with a tensor for each layer."""

from __future__ import annotations

import io

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from zoodata.graph.counter import count
from zoodata.graph.onnx_unshared import unshared

torch = pytest.importorskip("torch")


class Plain(torch.nn.Module):
    """Every bias zeros, every scale one, every layer scale the same small number."""

    def __init__(self):
        super().__init__()
        self.layers = torch.nn.ModuleList(torch.nn.Conv2d(width, 8, 3) for width in (3, 8, 8))
        self.norms = torch.nn.ModuleList(torch.nn.GroupNorm(2, 8) for _ in self.layers)
        self.scales = torch.nn.ParameterList(torch.full((8, 1, 1), 1e-6) for _ in self.layers)
        self.head = torch.nn.Linear(8, 10)
        for layer in [*self.layers, self.head]:
            torch.nn.init.zeros_(layer.bias)

    def forward(self, x):
        for layer, norm, scale in zip(self.layers, self.norms, self.scales, strict=True):
            x = torch.relu(norm(layer(x)) * scale)
        return self.head(x.mean((2, 3)))


@pytest.mark.parametrize("dynamo", [False, True])
def test_an_untrained_model_has_all_its_parameters(dynamo):
    from zoodata.runtimes.onnx import OnnxModel

    module = Plain().eval()
    stream = io.BytesIO()
    if dynamo:
        torch.onnx.export(module, (torch.randn(1, 3, 16, 16),), dynamo=True, verbose=False).save(stream)
    else:
        torch.onnx.export(module, (torch.randn(1, 3, 16, 16),), stream, dynamo=False, opset_version=17)
    model = OnnxModel(onnx.load_from_string(stream.getvalue()))
    # The newer exporter leaves biases of zeros out.
    gone = sum(layer.bias.numel() for layer in [*module.layers, module.head]) if dynamo else 0
    assert count(model.network()).parameters == sum(each.numel() for each in module.parameters()) - gone
    image = np.random.default_rng(0).standard_normal((3, 16, 16)).astype(np.float32)
    with torch.inference_mode():
        expected = module(torch.from_numpy(image)[None]).numpy().ravel()
    assert np.allclose(model.forward(image, model.stored()), expected, atol=1e-5)


def graph(bias, nodes):
    kernel = numpy_helper.from_array(np.random.default_rng(0).standard_normal((3, 3, 1, 1)).astype(np.float32), "w")
    stored = [kernel, numpy_helper.from_array(np.asarray(bias, np.float32), "b")]
    image = helper.make_tensor_value_info("x", TensorProto.FLOAT, (1, 3, 8, 8))
    end = helper.make_tensor_value_info("y", TensorProto.FLOAT, (1, 3, 8, 8))
    return helper.make_model(helper.make_graph(nodes, "g", [image], [end], stored))


TWICE = [helper.make_node("Conv", ["x", "w", "b"], ["z"]), helper.make_node("Conv", ["z", "w", "b"], ["y"])]


def test_what_is_shared_with_other_numbers_stays_shared():
    model = graph([1, 2, 3], TWICE)
    assert unshared(model) is model


def test_a_repeated_number_is_parted_and_the_kernel_is_not():
    names = {tensor.name for tensor in unshared(graph([0, 0, 0], TWICE)).graph.initializer}
    assert names == {"w", "b", "b:y"}


def test_copies_that_an_exporter_made_of_one_tensor_are_tensors():
    nodes = [helper.make_node("Identity", ["b"], ["c"]), TWICE[0], helper.make_node("Conv", ["z", "w", "c"], ["y"])]
    parted = unshared(graph([1, 1, 1], nodes))
    assert {tensor.name for tensor in parted.graph.initializer} == {"w", "b", "c"}
    onnx.checker.check_model(parted)


def test_a_layer_that_reads_one_tensor_in_several_places_has_several():
    def norm(reads, writes):
        return helper.make_node("BatchNormalization", [reads, "b", "c", "c", "b"], [writes])

    model = graph([1, 1, 1], [norm("x", "z"), norm("z", "y")])
    model.graph.initializer.append(numpy_helper.from_array(np.zeros(3, np.float32), "c"))
    parted = unshared(model)
    names = [tensor.name for tensor in parted.graph.initializer]
    read = [name for node in parted.graph.node for name in node.input[1:]]
    assert len(set(names)) == len(names)
    assert len(set(read)) == len(read) == 8
    onnx.checker.check_model(parted)
