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
    """ResNet-18."""
    return torchvision.models.resnet18(weights=None)


def longer():
    """ResNet-18 with one more block in its second stage: 1.868 for 1.814 billion multiply-accumulates, 3.0 % more."""
    network = plain()
    network.layer2.append(torchvision.models.resnet.Bottleneck(128, 32, base_width=148))
    return network
