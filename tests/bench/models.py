"""Models for benchmarks, with random weights: speed does not depend on what they hold."""

from __future__ import annotations

import torch
import torchvision


def resnet50():
    return torchvision.models.resnet50(weights=None)


def tiny():
    """So small that decoding dominates."""
    return torch.nn.Sequential(
        torch.nn.Conv2d(3, 8, 8, 8), torch.nn.ReLU(), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(),
        torch.nn.Linear(8, 1000),
    )  # fmt: skip


def plain():
    """A ResNet-83 of half the width within its blocks."""
    return _bottlenecks(3, 4, 17, 3)


def longer():
    """The same with one more block in its third stage: 2.79 for 2.70 billion multiply-accumulates, 3.0 % more."""
    return _bottlenecks(3, 4, 18, 3)


def _bottlenecks(*stages: int):
    return torchvision.models.ResNet(torchvision.models.resnet.Bottleneck, list(stages), width_per_group=32)
