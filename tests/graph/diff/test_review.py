"""Cases that a stranger's review broke: what looked identical or harmless and was not, and the reverse."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402

from zoodata.graph import torch_reader  # noqa: E402
from zoodata.graph.diff.compare import Comparison  # noqa: E402
from zoodata.graph.diff.findings import diff, settled  # noqa: E402
from zoodata.graph.diff.transplant import prove  # noqa: E402

pytestmark = [pytest.mark.zoos, pytest.mark.xdist_group("graph")]


class Net(nn.Module):
    """A convolution, something that a case gives, a head."""

    def __init__(self, inside=None, before=None, **parts):
        super().__init__()
        self.conv, self.head = nn.Conv2d(3, 8, 3, padding=1), nn.Linear(8, 5)
        self.parts = nn.ModuleDict({name: part for name, part in parts.items() if isinstance(part, nn.Module)})
        for name, part in parts.items():
            if isinstance(part, torch.Tensor):
                self.register_buffer(name, part)
        self.inside, self.before = inside or (lambda self, x: x), before or (lambda self, x: x)

    def forward(self, x):
        x = torch.relu(self.conv(self.before(self, x)))
        return self.head(self.inside(self, x).mean((2, 3)))


def read(*arguments, **parts):
    return torch_reader.read(Net(*arguments, **parts).eval(), (1, 3, 16, 16))


def judged(a, b):
    comparison = Comparison(a, b)
    proof = prove(a, b, comparison)
    return settled(diff(a, b, comparison), proof), proof


def normalised(mean, std):
    return read(
        None, lambda self, x: (x - self.mean) / self.std,
        mean=torch.tensor(mean).reshape(1, 3, 1, 1), std=torch.tensor(std).reshape(1, 3, 1, 1),
    )  # fmt: skip


def test_other_preprocessing_numbers_are_no_benign_difference():
    judgement, _ = judged(
        normalised((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)), normalised((0.48, 0.45, 0.40), (0.26, 0.26, 0.27))
    )
    assert judgement.verdict == "parametric"
    (only,) = judgement.findings
    assert only.kind == "preprocessing"
    assert "0.485, 0.456, 0.406" in only.a + only.b
    assert "0.48, 0.45, 0.4" in only.a + only.b


def test_other_constants_are_a_finding_at_their_place():
    def with_table(values):
        return read(lambda self, x: x * self.table, table=torch.tensor(values).reshape(1, 8, 1, 1))

    judgement, proof = judged(with_table([1.0, 2, 3, 4, 5, 6, 7, 8]), with_table([8.0, 7, 6, 5, 4, 3, 2, 1]))
    assert (judgement.verdict, proof.status) == ("parametric", "parted")
    assert judgement.findings[0].attribute.endswith(" table")
    assert len(judgement.findings[0].places) == 1


def test_small_numbers_beside_a_mask_count():
    def masked(slope):
        return read(lambda self, x: x + self.table, table=torch.tensor([slope, -1e9] * 4).reshape(1, 8, 1, 1))

    assert diff(masked(0.5), masked(0.25)).verdict == "parametric"
    assert diff(masked(0.5), masked(0.5 + 1e-9)).verdict == "identical"


@pytest.mark.parametrize(
    "inside",
    [
        lambda self, x: nn.functional.dropout(x, 0.5, training=True),
        lambda self, x: nn.functional.dropout2d(x, 0.5, training=True),
        lambda self, x: x + torch.randn_like(x),
        lambda self, x: x * torch.rand(8, 1, 1),
    ],
)
def test_a_pass_that_draws_random_numbers_is_refused(inside):
    with pytest.raises(torch_reader.Unreadable, match="random"):
        read(inside)


def test_dropout_that_is_off_is_nothing():
    assert diff(read(lambda self, x: nn.functional.dropout(x, 0.5, training=False)), read()).verdict == "identical"


def test_a_product_after_a_batch_norm_that_others_read_is_not_harmless():
    def inside(self, x):
        y = self.parts["bn"](x)
        scaled = y * self.parts["g"].weight.reshape(1, 8, 1, 1) if "g" in self.parts else y
        return torch.relu(y) + scaled

    def made(scaled):
        return read(inside, bn=nn.BatchNorm2d(8), **({"g": nn.LayerNorm(8)} if scaled else {}))

    judgement, proof = judged(made(True), made(False))
    assert judgement.verdict != "benign"
    assert proof.status != "equivalent"


def test_a_batch_norm_used_twice_cannot_take_one_uses_bias():
    def made(bias):
        return read(
            lambda self, x: self.parts["bn"](self.parts["q"](x)) + torch.tanh(self.parts["bn"](self.parts["r"](x))),
            bn=nn.BatchNorm2d(8), q=nn.Conv2d(8, 8, 1, bias=bias), r=nn.Conv2d(8, 8, 3, padding=1, bias=False),
        )  # fmt: skip

    assert diff(made(True), made(False)).verdict == "structural"


def test_a_tensor_shared_in_one_and_two_in_the_other():
    def made(tied):
        one, other = nn.Conv2d(8, 8, 3, padding=1), nn.Conv2d(8, 8, 3, padding=1)
        return read(
            lambda self, x: self.parts["a"](torch.tanh(self.parts["b"](x))), a=one, b=one if tied else other
        )  # fmt: skip

    for first, second in ((True, False), (False, True)):
        result = diff(made(first), made(second))
        assert result.verdict == "structural"
        assert any(f.attribute == "sharing" and "one tensor" in (f.a, f.b) for f in result.findings)


def test_a_scale_that_may_be_negative_is_not_taken_by_statistics():
    def made(affine):
        return read(lambda self, x: self.parts["bn"](x), bn=nn.BatchNorm2d(8, affine=affine))

    (scale,) = [f for f in diff(made(True), made(False)).findings if f.attribute == "scale"]
    assert scale.severity == "parametric"


def test_weights_without_a_place_are_not_transferable():
    _, proof = judged(read(lambda self, x: self.parts["more"](x), more=nn.Conv2d(8, 8, 3, padding=1)), read())
    assert proof.status == "not_transferable"
    assert any("no counterpart in b" in misfit for misfit in proof.misfits)


def test_comparisons_do_not_break_the_proof():
    judgement, proof = judged(read(lambda self, x: x * (x > 0)), read(lambda self, x: x * (x > 0.5)))
    assert judgement.verdict == "parametric"
    assert proof.status == "parted"


def test_layer_norm_after_global_pooling_is_layer_norm():
    """Keras writes it in pieces, and the mean of a mean is one mean."""
    pytest.importorskip("tensorflow")
    from zoodata.zoos import registry

    network = registry.get("keras_applications").build("ConvNeXtTiny", meta_device=True).network()
    words = [node.operator for node in network.operations]
    assert "layer_norm" in words[-4:]
    assert "power" not in words


def test_names_cannot_speak_to_a_terminal():
    network = read(lambda self, x: self.parts["a\x1b]0;pwn\x07\nIDENTICAL"](x), **{
        "a\x1b]0;pwn\x07\nIDENTICAL": nn.Conv2d(8, 8, 3, padding=1)
    })  # fmt: skip
    assert all(node.name.isprintable() for node in network.nodes)


class Flat(nn.Module):
    """Two convolutions and a layer over the whole image, whose weight knows the image's size."""

    def __init__(self, padding, width, side):
        super().__init__()
        self.one, self.two = nn.Conv2d(3, 8, 3, padding=padding), nn.Conv2d(8, width, 3, padding=1)
        self.head = nn.Linear(width * side * side, 5)

    def forward(self, x):
        return self.head(torch.relu(self.two(torch.relu(self.one(x)))).flatten(1))


def test_a_head_that_no_longer_fits_is_blamed_on_what_changed_the_image():
    a = torch_reader.read(Flat(1, 8, 16).eval(), (1, 3, 16, 16))
    b = torch_reader.read(Flat(0, 8, 14).eval(), (1, 3, 16, 16))
    (only,) = judged(a, b)[0].findings
    assert (only.attribute, only.severity) == ("padding", "structural")
    assert only.misfit is not None
    assert "head" in only.misfit.layer


def test_a_graver_difference_elsewhere_does_not_hide_it():
    a = torch_reader.read(Flat(1, 8, 16).eval(), (1, 3, 16, 16))
    b = torch_reader.read(Flat(0, 12, 14).eval(), (1, 3, 16, 16))
    judgement = {finding.attribute: finding.severity for finding in judged(a, b)[0].findings}
    assert judgement == {"outputs": "structural", "padding": "structural"}


class Parts(nn.Module):
    """A bias put together of two stored parts, as attention with a query and a value bias has it."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(12, 3))
        self.first, self.last = nn.Parameter(torch.zeros(4)), nn.Parameter(torch.zeros(4))
        self.register_buffer("none", torch.zeros(4))

    def forward(self, x):
        return nn.functional.linear(x.mean((2, 3)), self.weight, torch.cat((self.first, self.none, self.last)))


def test_each_part_of_a_bias_goes_to_its_own_place():
    a, b = (torch_reader.read(Parts().eval(), (1, 3, 8, 8)) for _ in range(2))
    assert judged(a, b)[1].status == "equivalent"


class Recurrent(nn.Module):
    """Rows of the image as a sequence, through an operator we have no word for."""

    def __init__(self):
        super().__init__()
        self.lstm, self.head = nn.LSTM(48, 8, batch_first=True), nn.Linear(8, 5)

    def forward(self, x):
        return self.head(self.lstm(x.permute(0, 2, 1, 3).flatten(2))[0][:, -1])


def test_an_operator_with_several_weights_of_one_role_is_proved_against_itself():
    a, b = (torch_reader.read(Recurrent().eval(), (1, 3, 16, 16)) for _ in range(2))
    judgement, proof = judged(a, b)
    assert (judgement.verdict, proof.status) == ("identical", "equivalent")
