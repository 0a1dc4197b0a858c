"""The diff on real networks: documented causes found, same designs silent, single mutations located."""

# ruff: noqa: E501  (tables of entries)
from __future__ import annotations

import functools

import pytest

from zoodata.graph.diff.findings import diff

torch = pytest.importorskip("torch")
pytestmark = [pytest.mark.zoos, pytest.mark.xdist_group("graph")]


@functools.lru_cache(maxsize=12)
def network(entry):
    from zoodata.zoos import registry

    zoo, _, name = entry.partition(":")
    return registry.get(zoo).build(name, meta_device=True).network()


def findings(a, b):
    return diff(network(a), network(b)).findings


def the(result, **wanted):
    hits = [f for f in result if all(getattr(f, name) == value for name, value in wanted.items())]
    assert len(hits) == 1, result
    return hits[0]


@pytest.mark.parametrize("depth", [50, 101, 152])
def test_keras_resnet_has_its_stride_on_the_first_convolution(depth):
    """pytorch/vision#191: three places, and what it costs."""
    listed = findings(f"torchvision:resnet{depth}", f"keras_applications:ResNet{depth}")
    moved = the(listed, kind="moved", attribute="stride", severity="parametric")
    assert [(p.a, p.b) for p in moved.places] == [
        (f"layer{stage}.0.conv2", f"conv{stage + 1}_block1_1_conv") for stage in (2, 3, 4)
    ]
    assert moved.a == (2, 2)
    assert moved.macs is not None
    assert [round(each / 1e9, 3) for each in moved.macs] == [0.655, 0.424]  # 4.089 - 3.858 of the whole network
    bias = the(listed, attribute="bias", severity="benign")  # tensorflow#37365
    assert len(bias.places) == {50: 53, 101: 104, 152: 155}[depth]
    assert the(listed, attribute="epsilon").severity == "benign"  # 1.001e-5
    assert {f.severity for f in listed if f is not moved} == {"benign"}


def test_keras_resnet_v2_pools_its_skip():
    """keras-team/keras#14953: a pooled skip and stride 2 in each stack's last block, where timm has the next's first."""
    listed = findings("timm:resnetv2_50", "keras_applications:ResNet50V2")
    pools = the(listed, kind="inserted", operator="max_pool", severity="parametric")
    assert len(pools.places) == 3
    last = the(listed, attribute="stride", a=(1, 1), b=(2, 2), severity="parametric")
    assert [(p.a, p.b) for p in last.places] == [
        (f"stages.{stage}.blocks.{block - 1}.conv2", f"conv{stage + 2}_block{block}_2_conv")
        for stage, block in ((0, 3), (1, 4), (2, 6))
    ]
    first = the(listed, attribute="stride", a=(2, 2), b=(1, 1), severity="parametric")
    assert {p.b for p in first.places} == {
        f"conv{stage}_block1_{layer}_conv" for stage in (3, 4, 5) for layer in (0, 2)
    }
    # A bias that reaches only batch norms is harmless; the stem's is padded with zeros before it is pooled.
    assert len(the(listed, attribute="bias", severity="benign").places) == 20
    assert [p.b for p in the(listed, attribute="bias", severity="structural").places] == ["conv1_conv"]


def test_alexnets_differ_in_filters_groups_and_lrn():
    """pytorch/vision#185, #549"""
    listed = findings("torchvision:alexnet", "onnx_model_zoo:bvlc_alexnet")
    outputs = {(f.a, f.b) for f in listed if f.attribute == "outputs" and f.severity == "structural"}
    assert {(64, 96), (192, 256), (256, 384)} <= outputs
    groups = the(listed, attribute="groups", severity="structural")
    assert (groups.a, groups.b, len(groups.places)) == (1, 2, 3)
    assert len(the(listed, kind="inserted", operator="local_response_norm").places) == 2


def test_the_onnx_squeezenet_1_0_is_1_1():
    """onnx/models#578: the same as torchvision's 1.1, unlike its 1.0."""
    right = diff(network("torchvision:squeezenet1_1"), network("onnx_model_zoo:squeezenet"))
    wrong = diff(network("torchvision:squeezenet1_0"), network("onnx_model_zoo:squeezenet"))
    assert {f.severity for f in right.findings} <= {"benign", "parametric"}
    assert all(f.attribute == "padding" or f.severity == "benign" for f in right.findings), right.findings
    assert wrong.verdict == "structural"


@pytest.mark.parametrize(
    ("a", "b", "places"),
    [
        ("torchvision:mobilenet_v2", "keras_applications:MobileNetV2", 5),
        ("timm:efficientnet_b0", "timm:tf_efficientnet_b0", 5),
        ("torchvision:resnet50", "tf_model_garden:resnet_50", 3),
    ],
)
def test_same_padding_shifts_the_grid(a, b, places):
    """keras-team/keras#16363: (0, 1) against (1, 1) on 3x3 with stride 2."""
    listed = findings(a, b)
    shifted = [
        f for f in listed if f.attribute == "padding" and f.b == ((0, 1), (0, 1)) and f.operator == "convolution"
    ]
    assert len(shifted) == 1
    assert shifted[0].severity == "parametric"
    assert len(shifted[0].places) >= 3
    assert len(shifted[0].places) <= places


def test_epsilon_by_two_orders_is_material():
    """nn-transfer#3: 1e-3 against 1e-5."""
    listed = findings("torchvision:mobilenet_v2", "keras_applications:MobileNetV2")
    epsilon = the(listed, attribute="epsilon")
    assert (epsilon.severity, epsilon.a, epsilon.b, len(epsilon.places)) == ("parametric", 1e-05, 1e-03, 52)


def test_a_dense_head_and_a_convolution_head_are_one():
    """keras-applications#18: TF-Slim and timm end VGG in 7x7 and 1x1 convolutions, the others in dense layers: one sum
    at the size of the training, and no more than that at another."""
    (listed,) = findings("torchvision:vgg16", "tf_slim:vgg_16")
    assert (listed.attribute, listed.severity, listed.reason) == ("kernel", "benign", "whole_image")
    (listed,) = findings("timm:vgg16", "tf_slim:vgg_16")
    assert (listed.operator, listed.severity, listed.reason) == ("mean", "benign", "one_position")
    listed = findings("tf_slim:vgg_16", "keras_applications:VGG16")
    assert {(f.kind, f.operator, f.severity) for f in listed} == {
        ("inserted", "softmax", "benign"), ("changed", "convolution", "benign")
    }  # fmt: skip


def test_embedded_preprocessing_is_marked():
    """tensorflow#46105, pytorch/vision#5376"""
    for a, b in (("torchvision:googlenet", "timm:inception_v3"), ("timm:inception_v3", "torchvision:inception_v3")):
        listed = the(findings(a, b), kind="preprocessing")
        assert listed.severity == "parametric"
        assert "nothing" in (listed.a, listed.b)


SAME = [
    *((f"torchvision:resnet{depth}", f"timm:resnet{depth}") for depth in (18, 34, 50, 101, 152)),
    *((f"torchvision:densenet{depth}", f"timm:densenet{depth}") for depth in (121, 161, 169, 201)),
    *((f"torchvision:efficientnet_b{n}", f"timm:efficientnet_b{n}") for n in range(5)),
    *((f"torchvision:convnext_{size}", f"timm:convnext_{size}") for size in ("tiny", "small", "base", "large")),
    ("torchvision:wide_resnet50_2", "timm:wide_resnet50_2"), ("torchvision:wide_resnet101_2", "timm:wide_resnet101_2"),
    ("torchvision:resnext50_32x4d", "timm:resnext50_32x4d"), ("torchvision:resnext101_32x8d", "timm:resnext101_32x8d"),
    ("torchvision:mobilenet_v2", "timm:mobilenetv2_100"), ("torchvision:mnasnet1_0", "timm:mnasnet_100"),
    ("torchvision:vit_b_16", "timm:vit_base_patch16_224"), ("torchvision:vit_b_32", "timm:vit_base_patch32_224"),
    ("torchvision:vit_l_16", "timm:vit_large_patch16_224"),
    *((f"torchvision:regnet_{tv}", f"timm:regnet{timm}") for tv, timm in (
        ("x_800mf", "x_008"), ("x_1_6gf", "x_016"), ("x_3_2gf", "x_032"), ("x_8gf", "x_080"), ("x_16gf", "x_160"),
        ("x_32gf", "x_320"), ("y_400mf", "y_004"), ("y_1_6gf", "y_016"), ("y_3_2gf", "y_032"), ("y_16gf", "y_160"))),
]  # fmt: skip


def test_there_are_many_pairs():
    assert len(SAME) >= 35


@pytest.mark.parametrize(("a", "b"), SAME)
def test_the_same_design_is_silent(a, b):
    result = diff(network(a), network(b))
    assert result.verdict in ("identical", "benign"), result.findings


MUTATED = (
    "torchvision:resnet18",
    "timm:vit_tiny_patch16_224",
    "keras_applications:MobileNetV2",
    "onnx_model_zoo:squeezenet",
)


@pytest.mark.parametrize("entry", MUTATED)
def test_a_single_mutation_is_one_finding_at_its_node(entry):
    """A sample; ``make bench`` prints the score over all of them."""
    from tests.graph import mutations

    family = {"keras_applications": mutations.keras_mutants, "onnx_model_zoo": mutations.onnx_mutants}
    mutants = list(family.get(entry.partition(":")[0], mutations.torch_mutants)(entry, 7))
    assert len(mutants) >= 5
    for mutant in mutants:
        result = diff(mutant.original, mutant.mutated)
        if result.verdict == "identical":
            continue  # a ceil mode or a stride that this image size does not feel
        assert len(result.findings) == 1, (mutant.kind, mutant.place, result.findings)
        places = [name for place in result.findings[0].places for name in (place.a, place.b) if name]
        assert any(mutant.place in name for name in places), (mutant.kind, mutant.place, places)
