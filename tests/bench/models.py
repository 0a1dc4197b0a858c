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
    """ResNet-101."""
    return _bottlenecks(3, 4, 23, 3)


def longer():
    """ResNet-101 with one more block in its third stage: 8.02 for 7.80 billion multiply-accumulates, 2.8 % more."""
    return _bottlenecks(3, 4, 24, 3)


def _bottlenecks(*stages: int):
    return torchvision.models.ResNet(torchvision.models.resnet.Bottleneck, list(stages))
