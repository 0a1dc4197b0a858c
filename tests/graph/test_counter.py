"""The counter on nodes whose cost is known by hand."""

from __future__ import annotations

import pytest

from zoodata.graph.counter import count, node_macs
from zoodata.graph.network import Network, Node, Parameter


def node(operator, shape, parameters=(), **attributes):
    return Node(operator, operator, (), (), shape, attributes, parameters)


@pytest.mark.parametrize(
    ("made", "macs"),
    [
        # 7x7 stem of a ResNet: 112*112*64 outputs of 3*7*7 products.
        (node("convolution", (1, 64, 112, 112), weight_shape=(64, 3, 7, 7), input_shape=(1, 3, 224, 224)), 118_013_952),
        # depthwise: one input channel a group
        (node("convolution", (1, 32, 10, 10), weight_shape=(32, 1, 3, 3), input_shape=(1, 32, 10, 10)), 28_800),
        # transposed: products are per input
        (
            node("convolution", (1, 4, 8, 8), weight_shape=(2, 4, 2, 2), input_shape=(1, 2, 4, 4), transposed=True),
            2 * 16 * 4 * 4,
        ),
        (node("linear", (1, 1000), in_features=2048), 2_048_000),
        (node("matmul", (8, 197, 197), inner=64), 8 * 197 * 197 * 64),
        (node("activation", (1, 64, 112, 112)), 0),
        (node("framework.surprise", (1, 64)), 0),
    ],
)
def test_node_macs(made, macs):
    assert node_macs(made) == macs


def test_counts_keep_roles_apart_and_are_per_image():
    network = Network(
        framework="torch",
        input_shape=(2, 3, 8, 8),
        layout="NCHW",
        output_shape=(2, 10),
        nodes=(
            node("linear", (2, 10), ("used",), in_features=192),
            node("torch.surprise", (2, 10)),
        ),
        parameters=(
            Parameter("used", (10, 192), "parameter"),
            Parameter("head", (5, 5), "parameter"),
            Parameter("bn.running_mean", (7,), "statistic"),
            Parameter("table", (2, 3), "constant"),
        ),
    )
    counts = count(network)
    assert counts.macs == 1920
    assert counts.parameters == 1945
    assert counts.auxiliary_parameters == 25
    assert (counts.statistics, counts.constants) == (7, 6)
    assert counts.layers == {"linear": 1}
    assert counts.unknown_operators == ("torch.surprise",)
