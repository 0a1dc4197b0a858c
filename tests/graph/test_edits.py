"""Each edit is another network that runs, changes what it says it changes, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from zoodata.graph import faithful, torch_reader
from zoodata.graph.edits import edits
from zoodata.graph.random_weights import random_weights

pytestmark = [pytest.mark.zoos, pytest.mark.xdist_group("graph")]


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv, self.head = nn.Linear(12, 36), nn.Linear(12, 5)

    def forward(self, image):
        tokens = image.flatten(2).transpose(1, 2)  # (1, 64, 3)
        tokens = tokens.repeat(1, 1, 4)
        q, k, v = self.qkv(tokens).reshape(1, 64, 3, 2, 6).permute(2, 0, 3, 1, 4)
        weights = ((q @ k.transpose(-2, -1)) * 6**-0.5).softmax(-1)
        return self.head((weights @ v).transpose(1, 2).reshape(1, 64, 12).mean(1))


class Convolutional(nn.Sequential):
    def __init__(self):
        super().__init__(
            nn.Conv2d(3, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.ReLU6(), nn.MaxPool2d(3, 2, 1),
            nn.Conv2d(8, 8, 3, padding=1), nn.AvgPool2d(3, 1, 1), nn.SiLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
            nn.Linear(8, 5),
        )  # fmt: skip


def made(module, size):
    network = torch_reader.read(module.eval(), (1, 3, size, size))
    image = np.random.default_rng(1).standard_normal(network.input_shape).astype(np.float32)
    return network, faithful.calibrated(network, random_weights(network, 0), image), image


def test_the_edits_of_a_convolutional_network():
    network, weights, image = made(Convolutional(), 32)
    own = faithful.scores(network, weights, image)
    found = list(edits(network, weights))
    kinds = {(each.code, each.was) for each in found}
    assert {code for code, _ in kinds} == {"activation", "epsilon", "padding", "pooling", "statistics", "bias"}
    assert {was for code, was in kinds if code == "activation"} == {"relu6", "silu"}
    assert ("epsilon", "batch norm with 1e-05") in kinds
    assert {was for code, was in kinds if code == "padding"} == {"strided convolutions", "strided pools"}
    changed = 0
    for each in found:
        scores = faithful.scores(each.network, each.weights, image)
        assert scores.shape == own.shape
        assert np.isfinite(scores).all(), each
        changed += not np.allclose(scores, own, rtol=1e-6, atol=1e-7)
    assert changed >= len(found) - 3  # nothing in this image reaches six, say


def test_the_scale_of_an_attention():
    network, weights, image = made(Attention(), 8)
    found = [each for each in edits(network, weights) if each.code == "attention_scale"]
    assert {each.becomes.split(",")[1] for each in found} == {" of the whole width", " none"}
    own = faithful.scores(network, weights, image)
    for each in found:
        assert not np.allclose(faithful.scores(each.network, each.weights, image), own)


def test_a_ceil_mode_that_changes_sizes_is_followed_through_the_network():
    module = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.MaxPool2d(2, 2), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3)
    )
    network, weights, image = made(module, 9)  # 7 x 7 before the pool: a last window hangs over
    (ceil,) = [each for each in edits(network, weights) if each.becomes.startswith("last window kept")]
    with_ceil = nn.Sequential(
        module[0], nn.MaxPool2d(2, 2, ceil_mode=True), module[2], module[3], module[4]
    )  # fmt: skip
    with torch.no_grad():
        state = {name: torch.from_numpy(np.asarray(array)) for name, array in weights.items()}
        expected = torch.func.functional_call(with_ceil, state, (torch.from_numpy(image)[None],)).numpy().ravel()
    assert np.allclose(faithful.scores(ceil.network, ceil.weights, image), expected, atol=1e-5)
