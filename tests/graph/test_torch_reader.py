"""The torch reader against torch's own counts and torchvision's published ones."""

from __future__ import annotations

import pytest

from zoodata.graph.counter import count

torch = pytest.importorskip("torch")
pytestmark = [pytest.mark.zoos, pytest.mark.xdist_group("torch")]


def read(module, size=32):
    from zoodata.graph import torch_reader

    return torch_reader.read(module, (1, 3, size, size))


class Everything(torch.nn.Module):
    """Convolutions of every kind, attention, an unused head, statistics and a table."""

    def __init__(self):
        super().__init__()
        self.stem = torch.nn.Conv2d(3, 8, 3, stride=2, padding=1, bias=False)
        self.norm = torch.nn.BatchNorm2d(8)
        self.grouped = torch.nn.Conv2d(8, 8, 3, groups=4, dilation=2, padding=2)
        self.up = torch.nn.ConvTranspose2d(8, 4, 2, stride=2)
        self.head = torch.nn.Linear(4, 10, bias=False)
        self.unused = torch.nn.Linear(4, 3)
        self.register_buffer("table", torch.arange(4))

    def forward(self, x):
        x = torch.relu(self.norm(self.stem(x)))
        x = self.up(self.grouped(x)).flatten(2).transpose(1, 2)
        x = torch.nn.functional.scaled_dot_product_attention(x, x, x)
        return self.head(x.mean(1))


def test_counts_agree_with_torchs_flop_counter():
    from torch.utils.flop_counter import FlopCounterMode

    module = Everything().eval()
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        module(torch.zeros(1, 3, 32, 32))
    counts = count(read(Everything()))
    assert counts.macs * 2 == counter.get_total_flops()
    assert counts.parameters == sum(p.numel() for p in module.parameters())
    assert counts.auxiliary_parameters == 15
    assert (counts.statistics, counts.constants) == (16, 4)
    assert counts.unknown_operators == ()


def test_edges_lead_from_the_image_to_the_output():
    network = read(torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.ReLU(inplace=True), torch.nn.Flatten()))
    image, _, _, first, second = network.nodes
    assert first.inputs[0].source == image.number
    assert [edge.role for edge in first.inputs] == ["input", "weight", "bias"]
    assert second.inputs[0].source == first.number
    # A flatten that only the output sees computes nothing: the value keeps its own shape.
    assert [node.operator for node in network.operations] == ["convolution", "activation"]
    assert network.nodes[network.output].shape == (4, 30, 30)


def test_a_weight_without_bias_or_in_three_dimensions_is_still_linear():
    class Rows(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = torch.nn.Linear(32, 7, bias=False)

        def forward(self, x):
            return self.layer(x)

    counts = count(read(Rows()))
    assert counts.layers["linear"] == 1
    assert counts.macs == 3 * 32 * 7 * 32
    assert counts.auxiliary_parameters == 0


def test_an_operator_outside_the_vocabulary_is_named():
    class Odd(torch.nn.Module):
        def forward(self, x):
            return torch.special.bessel_j0(x)

    assert count(read(Odd())).unknown_operators == ("torch.special_bessel_j0",)


def test_all_of_torchvision_counts_as_its_metadata_says():
    """80 of 80: parameters exactly, MACs to the last digit that torchvision prints."""
    import torchvision

    from zoodata.zoos.torchvision import Torchvision

    zoo = Torchvision()
    wrong = []
    for entry in zoo.entries():
        meta = torchvision.models.get_model_weights(entry).DEFAULT.meta
        counts = count(zoo.build(entry, meta_device=True).network())
        if counts.parameters != meta["num_params"] or abs(counts.macs / 1e9 - meta["_ops"]) > 0.00051:
            wrong.append((entry, counts.parameters, meta["num_params"], counts.macs, meta["_ops"]))
        if counts.unknown_operators:
            wrong.append((entry, counts.unknown_operators))
    assert len(zoo.entries()) == 80
    assert not wrong


FVCORE = (
    "torchvision:alexnet", "torchvision:vgg11_bn", "torchvision:resnet50", "torchvision:densenet121",
    "torchvision:googlenet", "torchvision:inception_v3", "torchvision:mobilenet_v2", "torchvision:mobilenet_v3_small",
    "torchvision:efficientnet_b0", "torchvision:shufflenet_v2_x1_0", "torchvision:squeezenet1_1",
    "torchvision:regnet_y_400mf", "torchvision:convnext_tiny", "timm:dla34", "timm:repvgg_a0", "timm:ghostnet_100",
    "timm:hardcorenas_a", "timm:resnet26t", "timm:cspresnet50", "timm:dpn48b",
)  # fmt: skip


@pytest.mark.parametrize("entry", FVCORE)
def test_macs_agree_with_fvcore_on_convolutional_nets(entry):
    """Within 0.1 %. fvcore's count of its operators that multiply; it also counts what norms and poolings cost."""
    from fvcore.nn import FlopCountAnalysis

    from zoodata.zoos import registry

    zoo, _, name = entry.partition(":")
    model = registry.get(zoo).build(name)
    image = torch.zeros(1, model.input.channels, model.input.height, model.input.width)
    theirs = FlopCountAnalysis(model._module, image)
    theirs.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
    kinds = theirs.by_operator()
    counted = sum(kinds[kind] for kind in ("conv", "linear", "addmm", "matmul", "bmm", "einsum"))
    assert count(model.network()).macs == pytest.approx(counted, rel=1e-3)
