"""Native model against executed network, random weights, on real entries of every zoo."""

# ruff: noqa: E501  (tables of entries)
from __future__ import annotations

import pytest

from zoodata.records.measurement import FAITHFUL

torch = pytest.importorskip("torch")
pytestmark = [pytest.mark.zoos, pytest.mark.xdist_group("graph")]

ENTRIES = (
    "torchvision:mobilenet_v3_small", "torchvision:googlenet", "torchvision:shufflenet_v2_x0_5", "torchvision:swin_t",
    "timm:vit_tiny_patch16_224", "timm:convnext_atto", "timm:nf_resnet26", "timm:sequencer2d_s", "timm:xcit_nano_12_p16_224",
    "timm:halonet26t", "timm:levit_128s", "timm:starnet_s1", "timm:ghostnet_050", "timm:coat_lite_tiny",
    "keras_applications:MobileNetV3Small", "keras_applications:EfficientNetB0", "keras_applications:ConvNeXtTiny",
    "keras_applications:NASNetMobile",
    "tf_model_garden:mobilenet_v4_conv_small", "tf_model_garden:vit_ti16", "tf_model_garden:revnet_56",
    "tf_slim:inception_v1", "tf_slim:resnet_v2_50",
    "onnx_model_zoo:shufflenet", "onnx_model_zoo:densenet121", "onnx_model_zoo:squeezenet",
)  # fmt: skip


def built(entry):
    from zoodata.zoos import registry

    zoo, _, name = entry.partition(":")
    return registry.get(zoo).build(name, meta_device=True)


@pytest.mark.parametrize("entry", ENTRIES)
def test_the_network_computes_what_the_model_computes(entry):
    from zoodata.graph import faithful

    model = built(entry)
    assert faithful.error(model.network(), model.forward, seed=0) < FAITHFUL


def test_a_wrong_network_is_not_faithful():
    """The check can fail: one stride, one epsilon, one operand order."""
    from dataclasses import replace

    from zoodata.graph import faithful
    from zoodata.graph.network import Node

    model = built("torchvision:mobilenet_v3_small")
    network = model.network()
    for operator, attribute, value in (
        ("batch_norm", "epsilon", 0.5), ("convolution", "padding", ((2, 0), (2, 0))), ("activation", "kind", "tanh"),
    ):  # fmt: skip
        wrong = next(
            n for n in network.nodes if n.operator == operator and n.attributes.get(attribute) not in (None, value)
        )
        fields = {name: getattr(wrong, name) for name in Node.__slots__}
        changed = Node(**{**fields, "attributes": {**wrong.attributes, attribute: value}})
        nodes = tuple(changed if n.number == wrong.number else n for n in network.nodes)
        assert faithful.error(replace(network, nodes=nodes), model.forward, seed=0) > FAITHFUL


def test_an_unknown_operator_runs_by_its_name():
    from zoodata.graph import faithful, torch_reader
    from zoodata.graph.counter import count
    from zoodata.records.measurement import InputShape
    from zoodata.runtimes.torch import TorchModel

    class Odd(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = torch.nn.Linear(8, 4)

        def forward(self, x):
            return self.layer(torch.special.bessel_j0(x)).sum((1, 2))

    model = TorchModel(Odd(), InputShape(channels=3, height=8, width=8, layout="NCHW"), 4)
    network = torch_reader.read(Odd(), (1, 3, 8, 8))
    assert count(network).unknown_operators == ("torch.special_bessel_j0",)
    assert faithful.error(network, model.forward, seed=0) < FAITHFUL


def test_writing_in_place_through_a_slice_is_followed():
    from zoodata.graph import faithful, torch_reader
    from zoodata.records.measurement import InputShape
    from zoodata.runtimes.torch import TorchModel

    class Sliced(torch.nn.Module):
        def forward(self, x):
            y = x * 2
            y[:, :, 2:5].add_(1.0)
            y[:, 0] = 3.0
            return y.relu_().flatten(1)

    shape = InputShape(channels=3, height=8, width=8, layout="NCHW")
    network = torch_reader.read(Sliced(), (1, 3, 8, 8))
    assert faithful.error(network, TorchModel(Sliced(), shape, 192).forward, seed=0) < FAITHFUL


@pytest.mark.parametrize(
    "entry", ["torchvision:mobilenet_v3_small", "timm:vit_tiny_patch16_224", "keras_applications:MobileNetV2",
              "tf_slim:inception_v1", "onnx_model_zoo:shufflenet", "onnx_model_zoo:bvlc_alexnet"]
)  # fmt: skip
def test_the_onnx_form_runs_in_onnx_runtime(entry):
    import numpy as np
    import onnx
    import onnxruntime

    from zoodata.graph import faithful, onnx_writer
    from zoodata.graph.random_weights import random_weights

    network = built(entry).network()
    weights = random_weights(network, 0)
    image = np.random.default_rng(1).standard_normal(network.input_shape).astype(np.float32)
    written = onnx_writer.model(network, "written", weights)
    onnx.checker.check_model(written, full_check=True)
    session = onnxruntime.InferenceSession(written.SerializeToString(), providers=["CPUExecutionProvider"])
    result = session.run(None, {"image": image[None]})[0].ravel()
    assert faithful.relative_error(faithful.scores(network, weights, image), result) < FAITHFUL
    light = onnx_writer.model(network, "light")
    onnx.checker.check_model(light)
    assert light.ByteSize() < 600_000


def test_the_onnx_form_of_a_convolutional_network_is_what_a_runtime_fuses():
    """As a person would write it: no transposes, no matrix products, norms whole, every map with its batch axis."""
    from collections import Counter

    from zoodata.graph import onnx_writer
    from zoodata.graph.random_weights import random_weights

    network = built("torchvision:resnet18").network()
    written = onnx_writer.model(network, "written", random_weights(network, 0))
    kinds = Counter(node.op_type for node in written.graph.node)
    assert (kinds["Conv"], kinds["BatchNormalization"], kinds["Relu"], kinds["Gemm"]) == (20, 20, 17, 1)
    assert not {"Transpose", "MatMul", "Sub", "Div", "Sqrt"} & set(kinds)
    made = {node.output[0]: node for node in written.graph.node}
    before = [made[node.input[0]].op_type for node in written.graph.node if node.op_type == "Relu"]
    assert set(before) == {"BatchNormalization", "Add"}, "nothing stands between a norm and its activation"
