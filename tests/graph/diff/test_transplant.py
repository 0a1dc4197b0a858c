"""Proof: the weights of one in the other, both run."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")
pytestmark = [pytest.mark.zoos, pytest.mark.xdist_group("graph")]


def proof(a, b):
    from zoodata.graph.diff.compare import Comparison
    from zoodata.graph.diff.transplant import prove
    from zoodata.zoos import registry

    one, other = (
        registry.get(zoo).build(name, meta_device=True).network() for zoo, _, name in (e.partition(":") for e in (a, b))
    )
    return prove(one, other, Comparison(one, other))


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("torchvision:resnet50", "timm:resnet50"),
        ("keras_applications:VGG16", "torchvision:vgg16"),
        ("keras_applications:DenseNet121", "torchvision:densenet121"),
        ("torchvision:densenet121", "keras_applications:DenseNet121"),
        ("onnx_model_zoo:densenet121", "torchvision:densenet121"),  # per-channel product and sum folded
        ("torchvision:swin_t", "timm:swin_tiny_patch4_window7_224"),  # windows cut another way
        ("tf_slim:vgg_16", "torchvision:vgg16"),
    ],
)
def test_equivalent(a, b):
    proved = proof(a, b)
    assert proved.status == "equivalent", proved
    assert proved.max_relative_error < 1e-5


def made(*parts):
    from zoodata.graph import torch_reader

    return torch_reader.read(torch.nn.Sequential(*parts), (1, 3, 8, 8))


def body(stride=2, classes=10):
    torch.manual_seed(0)
    return (torch.nn.Conv2d(3, 8, 3, stride=stride, padding=1), torch.nn.ReLU(), torch.nn.AdaptiveAvgPool2d(1),
            torch.nn.Flatten(), torch.nn.Linear(8, classes))  # fmt: skip


@pytest.mark.parametrize(("mine", "theirs"), [(10, 11), (11, 10)])
def test_another_number_of_classes_is_proved_on_the_body(mine, theirs):
    from zoodata.graph.diff.compare import Comparison
    from zoodata.graph.diff.findings import diff
    from zoodata.graph.diff.transplant import prove

    a, b = made(*body(classes=mine)), made(*body(classes=theirs))
    assert diff(a, b).verdict == "other_head"
    assert prove(a, b, Comparison(a, b)).status == "equivalent"
    other = made(*body(stride=1, classes=theirs))
    assert diff(a, other).verdict == "parametric"
    parted = prove(a, other, Comparison(a, other))
    assert parted.status == "parted"
    assert parted.first_difference.a == "0"


def test_classes_of_real_zoos_with_a_background_class():
    """1,000 classes against 1,001: the body of Keras' and the Model Garden's MobileNet is one."""
    proved = proof("keras_applications:MobileNet", "tf_model_garden:mobilenet_v1")
    assert proved.status == "equivalent", proved


def test_a_wider_hidden_layer_is_no_other_head():
    from zoodata.graph.diff.findings import diff

    def two(width):
        return made(torch.nn.Flatten(), torch.nn.Linear(192, width), torch.nn.ReLU(), torch.nn.Linear(width, 10))

    assert diff(two(16), two(24)).verdict == "structural"


def test_resnet_parts_at_the_moved_stride():
    proved = proof("keras_applications:ResNet50", "torchvision:resnet50")
    assert proved.status == "parted"
    assert proved.first_difference.a.startswith("conv3_block1_1_")
    assert proved.first_difference.b in ("layer2.0.conv1", "layer2.0.bn1")


def test_alexnets_weights_do_not_fit():
    proved = proof("torchvision:alexnet", "onnx_model_zoo:bvlc_alexnet")
    assert proved.status == "not_transferable"
    assert any("64x3x11x11 against 96x3x11x11" in layer for layer in proved.misfits)


def test_a_folded_batch_norm_is_proved():
    from zoodata.graph import torch_reader
    from zoodata.graph.diff.compare import Comparison
    from zoodata.graph.diff.transplant import prove

    def made(*parts):
        return torch_reader.read(torch.nn.Sequential(*parts, torch.nn.ReLU(), torch.nn.Flatten()), (1, 3, 8, 8))

    normed = made(torch.nn.Conv2d(3, 4, 3, bias=False), torch.nn.BatchNorm2d(4))
    folded = made(torch.nn.Conv2d(3, 4, 3))
    for one, other in ((normed, folded), (folded, normed)):
        assert prove(one, other, Comparison(one, other)).status == "equivalent"


class Residual(torch.nn.Module):
    """Pre-activation: what the last convolution of the branch adds is normalised only after the sum."""

    def __init__(self, bias):
        super().__init__()
        self.stem = torch.nn.Conv2d(3, 4, 3, padding=1, bias=bias)
        self.branch = torch.nn.Conv2d(4, 4, 3, stride=2, padding=1, bias=bias)
        self.skip = torch.nn.MaxPool2d(1, 2)
        self.inner, self.after = torch.nn.BatchNorm2d(4), torch.nn.BatchNorm2d(4)

    def forward(self, x):
        x = self.stem(x)
        return torch.relu(self.after(self.skip(x) + self.branch(torch.relu(self.inner(x))))).flatten(1)


class Bare(Residual):
    """The same, ending without the batch norm: now the bias shows."""

    def forward(self, x):
        x = self.stem(x)
        return torch.relu(self.skip(x) + self.branch(torch.relu(self.inner(x)))).flatten(1)


@pytest.mark.parametrize(("first", "second"), [(True, False), (False, True)])
def test_a_bias_that_reaches_only_batch_norms_is_carried_into_their_means(first, second):
    from zoodata.graph import torch_reader
    from zoodata.graph.diff.compare import Comparison
    from zoodata.graph.diff.findings import diff
    from zoodata.graph.diff.transplant import prove

    one, other = (torch_reader.read(Residual(bias).eval(), (1, 3, 8, 8)) for bias in (first, second))
    result = diff(one, other).findings
    assert [(f.attribute, f.severity, len(f.places)) for f in result] == [("bias", "benign", 2)]
    assert prove(one, other, Comparison(one, other)).status == "equivalent"
    one, other = (torch_reader.read(Bare(bias).eval(), (1, 3, 8, 8)) for bias in (first, second))
    assert diff(one, other).verdict == "structural"


def test_entries_that_read_other_image_sizes_are_run_at_one():
    from zoodata.measure.host import Host

    result = Host().compare("torchvision:efficientnet_b2", "timm:efficientnet_b2")
    assert result.verdict == "benign"
    assert [finding.attribute for finding in result.findings] == ["size"]
    assert result.proof is not None
    assert result.proof.status == "equivalent"


@pytest.mark.parametrize("is_first", [True, False])
def test_an_encoder_is_compared_with_the_body_of_a_classifier(is_first):
    from zoodata.graph.diff.compare import Comparison
    from zoodata.graph.diff.findings import diff
    from zoodata.graph.diff.transplant import prove

    def pair(stride):
        whole, encoder = made(*body()), made(*body(stride)[:2])
        return (encoder, whole) if is_first else (whole, encoder)

    a, b = pair(stride=2)
    found, proved = diff(a, b), prove(a, b, Comparison(a, b))
    assert found.verdict == "other_head"
    assert proved.status == "equivalent"
    a, b = pair(stride=1)
    assert diff(a, b).verdict == "parametric"
    assert prove(a, b, Comparison(a, b)).status == "parted"


class Distilled(torch.nn.Module):
    """A body and a head, or two heads whose scores are averaged."""

    def __init__(self, heads, stride=2, softmax=False):
        super().__init__()
        self.softmax = softmax
        torch.manual_seed(0)
        self.body = torch.nn.Sequential(*body(stride)[:4])
        self.heads = torch.nn.ModuleList(
            torch.nn.Sequential(torch.nn.BatchNorm1d(8), torch.nn.Linear(8, 10)) for _ in range(heads)
        )

    def forward(self, x):
        features = self.body(x)
        scores = [head(features) for head in self.heads]
        mean = scores[0] if len(scores) == 1 else (scores[0] + scores[1]) / 2
        return mean.softmax(-1) if self.softmax else mean


@pytest.mark.parametrize("softmax", [True, False])
@pytest.mark.parametrize("is_first", [True, False])
def test_a_second_head_is_another_head(is_first, softmax):
    from zoodata.graph.diff.compare import Comparison
    from zoodata.graph.diff.findings import diff
    from zoodata.graph.diff.transplant import prove

    def pair(stride):
        one, two = made(Distilled(1, softmax=softmax)), made(Distilled(2, stride))
        return (two, one) if is_first else (one, two)

    a, b = pair(stride=2)
    found, proved = diff(a, b), prove(a, b, Comparison(a, b))
    assert found.verdict == "other_head", found.findings
    assert proved.status == "equivalent", proved
    a, b = pair(stride=1)
    assert diff(a, b).verdict == "parametric"
    assert prove(a, b, Comparison(a, b)).status == "parted"


def test_heads_of_as_many_layers_are_compared_layer_by_layer():
    from zoodata.graph.diff.compare import Comparison
    from zoodata.graph.diff.findings import diff

    def headed(*head):
        return made(*body()[:4], *head)

    a = headed(torch.nn.Linear(8, 16), torch.nn.ReLU(), torch.nn.Linear(16, 10))
    b = headed(torch.nn.Linear(8, 24), torch.nn.ReLU(), torch.nn.Linear(24, 10))
    assert diff(a, b).verdict == "structural"
    deeper = headed(torch.nn.Linear(8, 10)), headed(torch.nn.Linear(8, 16), torch.nn.ReLU(), torch.nn.Linear(16, 10))
    for compared in (Comparison(a, b), Comparison(*deeper), Comparison(*reversed(deeper))):
        assert not compared.head_a
        assert not compared.head_b


def test_a_head_that_is_replaced_is_no_missing_head():
    from zoodata.graph.diff.findings import diff

    stem, classifier = body()[:2], body()[2:]
    a = made(*stem, *classifier)
    b = made(*stem, torch.nn.Conv2d(8, 8, 3), torch.nn.ReLU())
    assert diff(a, b).verdict == "structural"


class Branches(torch.nn.Module):
    """A block of RepVGG as it is trained: three branches and their sum, in an order and with brackets."""

    def __init__(self, order, nested):
        super().__init__()
        torch.manual_seed(0)
        self.stem, self.head = torch.nn.Conv2d(3, 8, 3), torch.nn.Linear(8, 5)
        self.wide = torch.nn.Sequential(torch.nn.Conv2d(8, 8, 3, padding=1, bias=False), torch.nn.BatchNorm2d(8))
        self.point = torch.nn.Sequential(torch.nn.Conv2d(8, 8, 1, bias=False), torch.nn.BatchNorm2d(8))
        self.same = torch.nn.BatchNorm2d(8)
        self.order, self.nested = order, nested

    def forward(self, x):
        x = torch.relu(self.stem(x))
        for _ in range(2):
            first, second, third = (getattr(self, name)(x) for name in self.order)
            x = torch.relu(first + (second + third) if self.nested else first + second + third)
        return self.head(x.mean((2, 3)))


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("order", ["wide point same", "point wide same", "same point wide", "point same wide"])
def test_branches_of_a_sum_find_each_other_in_any_order(order, nested):
    from zoodata.graph.diff.compare import Comparison
    from zoodata.graph.diff.findings import diff, settled
    from zoodata.graph.diff.transplant import prove

    a, b = made(Branches(("wide", "point", "same"), False)), made(Branches(order.split(), nested))
    found = diff(a, b)
    assert found.verdict in ("identical", "parametric")
    assert {finding.kind for finding in found.findings} <= {"rewired", "changed"}
    proved = prove(a, b, Comparison(a, b))
    assert proved.status == "equivalent", proved
    assert settled(found, proved).verdict in ("identical", "benign")


@pytest.mark.parametrize("doubled", [False, True])
def test_a_long_chain_of_sums_is_aligned(doubled):
    """Neither as deep as it is long nor twice as wide at each step: any file may hold one."""
    from zoodata.graph.diff.findings import diff
    from zoodata.graph.network import Edge, Network, Node

    def chain(operator):
        nodes = [Node(0, "input", (), (3, 2, 2), {}, "image", True, 0)]
        nodes.append(Node(1, "function", (Edge("input", 0),), (3, 2, 2), {"kind": operator}, "f", True, 1))
        for number in range(2, 1502):
            other = number - 1 if doubled else 0
            edges = (Edge("input", number - 1), Edge("other", other))
            nodes.append(Node(number, "add", edges, (3, 2, 2), {}, f"add:{number}", True, number))
        return Network("torch", (3, 2, 2), tuple(nodes), 1501, ())

    found = diff(chain("sine"), chain("cosine"))
    assert found.verdict == "parametric"
    assert len(found.findings) == 1


@pytest.mark.parametrize("is_first", [True, False])
def test_a_norm_before_the_mean_and_one_after_it_share_their_weights(is_first):
    """PoolFormer's last norm: over all positions before the mean, or over the channels of the mean after it."""
    from zoodata.graph.diff.compare import Comparison
    from zoodata.graph.diff.findings import diff
    from zoodata.graph.diff.transplant import prove

    stem, pool, flat, head = body()[:2], *body()[2:]
    before = made(*stem, torch.nn.GroupNorm(1, 8), pool, flat, head)
    after = made(*stem, pool, flat, torch.nn.LayerNorm(8), head)
    a, b = (before, after) if is_first else (after, before)
    compared = diff(a, b)
    assert compared.verdict == "parametric"
    assert [(each.kind, each.severity) for each in compared.findings] == [("replaced", "parametric")]
    assert prove(a, b, Comparison(a, b)).status == "parted"


def test_chaotic_attention_is_proved_with_calm_queries_and_keys():
    """Of LeViT-384's random weights rounding at the image is all of the scores: one model's two runs do not agree."""
    from zoodata.graph.diff.compare import Comparison
    from zoodata.graph.diff.transplant import prove
    from zoodata.zoos import registry

    model = registry.get("timm").build("levit_384", meta_device=True)
    network = model.network()
    same = Comparison(network, network)
    proved = prove(network, network, same, natives=(model, model))
    assert proved.status == "equivalent", proved
    assert proved.native_error < 1e-5


@pytest.mark.parametrize("name", ["levit_128s", "vit_tiny_patch16_224"])
def test_calm_attention_still_shows_another_scale(name):
    from zoodata.graph.diff.compare import Comparison
    from zoodata.graph.diff.transplant import CALM, attending, prove
    from zoodata.graph.edits import edits
    from zoodata.graph.random_weights import random_weights
    from zoodata.zoos import registry

    network = registry.get("timm").build(name, meta_device=True).network()
    assert all("qkv" in stored or ".q." in stored or ".kv." in stored for stored in attending(network))
    others = [each.network for each in edits(network, random_weights(network, 0)) if each.code == "attention_scale"]
    assert others
    for other in others:
        assert prove(network, other, Comparison(network, other), attention=CALM).status == "parted"
