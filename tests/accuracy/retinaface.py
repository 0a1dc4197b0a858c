"""MobileNetV1 at a quarter of its width as RetinaFace's authors pre-trained it, for their checkpoint.

Written after the description in biubug6/Pytorch_Retinaface, models/net.py: leaky activations of slope 0.1,
stages of six, six and two blocks, global pooling and one linear layer.
"""

from __future__ import annotations

import torch
from torch import nn

SLOPE = 0.1


def convolution(inputs, outputs, stride, groups=1, kernel=3):
    return [
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
        nn.LeakyReLU(SLOPE, inplace=True),
    ]


def separable(inputs, outputs, stride=1):
    return nn.Sequential(*convolution(inputs, inputs, stride, inputs), *convolution(inputs, outputs, 1, kernel=1))


class MobileNetV1(nn.Module):
    """The names of the stages are the checkpoint's."""

    def __init__(self):
        super().__init__()
        self.stage1 = nn.Sequential(
            nn.Sequential(*convolution(3, 8, 2)), separable(8, 16), separable(16, 32, 2), separable(32, 32),
            separable(32, 64, 2), separable(64, 64),
        )  # fmt: skip
        self.stage2 = nn.Sequential(separable(64, 128, 2), *(separable(128, 128) for _ in range(5)))
        self.stage3 = nn.Sequential(separable(128, 256, 2), separable(256, 256))
        self.fc = nn.Linear(256, 1000)

    def forward(self, image):
        features = self.stage3(self.stage2(self.stage1(image)))
        return self.fc(torch.flatten(nn.functional.adaptive_avg_pool2d(features, 1), 1))


def mobilenet_v1_025():
    return MobileNetV1()
