"""The counter on nodes whose cost is known by hand."""

from __future__ import annotations

import pytest

from zoodata.graph.canonical import activation, contraction, reduction
from zoodata.graph.canonical.builder import Builder, View
from zoodata.graph.canonical.finish import finish
from zoodata.graph.counter import count
from zoodata.graph.network import Parameter


def counted(make, image=(3, 224, 224)):
    b = Builder()
    made = make(b, b.image(*image))
    stored = [Parameter(n.name, n.shape, n.attributes["role"]) for n in b.nodes if n.operator == "parameter"]
    stored.append(Parameter("head", (5, 5), "parameter"))
    return count(finish(b, "torch", image, made, stored))


def convolution(outputs, inputs, kernel, **more):
    def make(b, x):
        settings = {"stride": (1, 1), "padding": [(0, 0)] * 2, "dilation": (1, 1)} | more
        return contraction.convolution(b, x, b.parameter("w", (outputs, inputs, kernel, kernel)), **settings)

    return make


@pytest.mark.parametrize(
    ("make", "image", "macs"),
    [
        # 7x7 stem of a ResNet: 112*112*64 outputs of 3*7*7 products.
        (convolution(64, 3, 7, stride=(2, 2), padding=[(3, 3)] * 2), (3, 224, 224), 118_013_952),
        # depthwise: one input channel a group
        (convolution(32, 1, 3, padding=[(1, 1)] * 2, groups=32), (32, 10, 10), 28_800),
        # transposed: products are per input
        (convolution(2, 4, 2, stride=(2, 2), transposed=(0, 0)), (2, 4, 4), 2 * 16 * 4 * 4),
        # a kernel that covers the image is a dense layer
        (convolution(4096, 512, 7), (512, 7, 7), 4096 * 512 * 49),
        (lambda b, x: activation.activation(b, "relu", x), (3, 224, 224), 0),
        (lambda b, x: contraction.matmul(b, x, x), (8, 20, 20), 8 * 20 * 20 * 20),
        (lambda b, x: reduction.mean(b, x, [2, 3], keep=False), (3, 8, 8), 0),
    ],
)
def test_macs(make, image, macs):
    assert counted(make, image).macs == macs


def test_counts_keep_roles_apart():
    def make(b, x):
        b.parameter("never read", (3,))
        flat = b.reshaped(x, (1, 192))
        made = contraction.linear(b, flat, b.parameter("w", (10, 192)))
        table = b.parameter("table", (10,), "constant")
        return View(
            b.add("add", [b.edge("input", made, made.axes[1:]), b.edge("other", table)], (10,)), ((), *made.axes[1:])
        )

    counts = counted(make, (3, 8, 8))
    assert counts.macs == 1920
    assert (counts.parameters, counts.auxiliary_parameters) == (1920 + 3 + 25, 28)
    assert (counts.statistics, counts.constants) == (0, 10)
    assert counts.layers == {"add": 1, "linear": 1}


def test_what_a_pass_computes_from_weights_alone_counts_too():
    def make(b, x):
        table = contraction.linear(b, b.parameter("t", (8, 6)), b.parameter("m", (3, 6)))  # 8 * 3 * 6
        weight = View(table.node, (*table.axes, (), ()))
        return contraction.convolution(b, x, weight, stride=(2, 2), padding=[(1, 1)] * 2, dilation=(1, 1))

    assert counted(make, (3, 8, 8)).macs == 8 * 3 * 6 + 8 * 25 * 3
