"""The backbone that RetinaFace's authors pre-trained on ImageNet: MobileNetV1 at a quarter of its width.

Written here after the description in biubug6/Pytorch_Retinaface, models/net.py, since that repository is no package:
leaky activations of slope 0.1, stages of six, six and two blocks, global pooling, one linear layer. Its checkpoint is
linked from the repository's README and fetched by hand.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from zoodata.records import Preprocessing
from zoodata.zoos.fetched import PublishedFile, fetch
from zoodata.zoos.package import TorchPackage

SLOPE = 0.1
CHECKPOINT = PublishedFile(
    zoo="retinaface",
    path="weights/mobilenetV1X0.25_pretrain.tar",
    size=3_827_150,
    sha256="1a73859ca67b1d1753f5e01af050d660880dc6a97b4b346905356d65f3ee8755",
    repository="biubug6/Pytorch_Retinaface",
    commit=None,
)
PRETRAINED = "pretrained"


class RetinaFace(TorchPackage):
    """One network and its checkpoint."""

    name = "retinaface"
    title = "Pytorch_Retinaface"
    homepage = "https://github.com/biubug6/Pytorch_Retinaface"
    modules = ("torch",)
    packages = ("torch",)

    def listed(self) -> list[str]:
        """See :class:`zoodata.zoos.package.Package`."""
        return ["mobilenetV1X0.25"]

    def tags(self, own: str) -> list[str]:
        """See :class:`zoodata.zoos.package.Package`."""
        return [PRETRAINED]

    def make(self, own: str, weights: str | None) -> Any:
        """See :class:`zoodata.zoos.package.Package`."""
        from zoodata.runtimes.torch import load_state

        network = _network()
        if weights is not None:
            load_state(network, Path(fetch(CHECKPOINT)))
        return network

    def preprocessing(self, entry: str, weights: str | None = None) -> Preprocessing:
        """See :class:`zoodata.zoos.base.Zoo`. Not documented; no other way suits the weights better."""
        self.own_name(entry)
        return Preprocessing(
            resize=256,
            crop=(224, 224),
            interpolation="bilinear",
            antialias=True,
            scale=1 / 255,
            mean=(0.485, 0.456, 0.406),
            std=(0.229, 0.224, 0.225),
            channel_order="RGB",
            layout="NCHW",
            source="not documented; the usual recipe of torch for ImageNet",
        )


def _convolution(inputs: int, outputs: int, stride: int, groups: int = 1, kernel: int = 3) -> list[Any]:
    from torch import nn

    return [
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
        nn.LeakyReLU(SLOPE, inplace=True),
    ]


def _network() -> Any:
    """The network, its stages named as in the checkpoint."""
    import torch
    from torch import nn

    def separable(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
        return nn.Sequential(*_convolution(inputs, inputs, stride, inputs), *_convolution(inputs, outputs, 1, kernel=1))

    class MobileNetV1(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.stage1 = nn.Sequential(
                nn.Sequential(*_convolution(3, 8, 2)), separable(8, 16), separable(16, 32, 2), separable(32, 32),
                separable(32, 64, 2), separable(64, 64),
            )  # fmt: skip
            self.stage2 = nn.Sequential(separable(64, 128, 2), *(separable(128, 128) for _ in range(5)))
            self.stage3 = nn.Sequential(separable(128, 256, 2), separable(256, 256))
            self.fc = nn.Linear(256, 1000)

        def forward(self, image: torch.Tensor) -> torch.Tensor:
            features = self.stage3(self.stage2(self.stage1(image)))
            return self.fc(torch.flatten(nn.functional.adaptive_avg_pool2d(features, 1), 1))

    return MobileNetV1()
