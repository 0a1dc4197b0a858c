"""Weights of an earlier release in a later one, whose layers are written otherwise."""

from __future__ import annotations

import numpy as np
import pytest

from zoodata.measure.release import SEED, taken

torch = pytest.importorskip("torch")


class Norm(torch.nn.Module):
    def __init__(self, width=8):
        super().__init__()
        self.stem = torch.nn.Conv2d(3, width, 3)
        self.weight, self.bias = torch.nn.Parameter(torch.ones(width)), torch.nn.Parameter(torch.zeros(width))
        self.head = torch.nn.Linear(width, 10)

    def norm(self, x):
        return torch.nn.functional.layer_norm(x.permute(0, 2, 3, 1), self.weight.shape, self.weight, self.bias)

    def forward(self, image):
        return self.head(self.norm(self.stem(image)).mean((1, 2)))


class ByHand(Norm):
    def norm(self, x):
        spread, mean = torch.var_mean(x, dim=1, unbiased=False, keepdim=True)
        x = (x - mean) * torch.rsqrt(spread + 1e-5)
        return (x * self.weight[:, None, None] + self.bias[:, None, None]).permute(0, 2, 3, 1)


class Other(ByHand):
    def norm(self, x):
        return super().norm(torch.relu(x) + x)


def read(module):
    from zoodata.records.measurement import InputShape
    from zoodata.runtimes.torch import TorchModel

    return TorchModel(module, InputShape(channels=3, height=12, width=12, layout="NCHW"), 10)


def apart(earlier, later):
    """How far the scores of both are from each other, with the earlier one's drawn weights."""
    from zoodata.graph.random_weights import random_weights
    from zoodata.stats import relative_error

    weights = taken(earlier.network(), later.network())
    if weights is None:
        return None
    image = np.random.default_rng(1).standard_normal((3, 12, 12)).astype(np.float32)
    own = random_weights(earlier.network(), SEED)
    return relative_error(earlier.forward(image, own), later.forward(image, weights))


def test_a_layer_that_is_written_otherwise_takes_the_weights_by_name():
    assert apart(read(Norm()), read(ByHand())) < 1e-5
    assert apart(read(ByHand()), read(Norm())) < 1e-5


def test_what_is_another_function_shows():
    assert apart(read(Norm()), read(Other())) > 0.01


def test_another_shape_takes_none():
    assert apart(read(Norm()), read(ByHand(16))) is None
