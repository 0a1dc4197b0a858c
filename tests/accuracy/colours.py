"""A set of images and a model that knows them: classes are colours, and the weights say which.

Good enough to be right for a reason, so that a wrong label, channel order or normalisation makes it wrong.
"""

from __future__ import annotations

import csv

import numpy as np
import torch
from PIL import Image
from torch import nn

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
COLOURS = np.random.default_rng(7).integers(20, 236, (24, 3))
SPEC = {
    "resize": 40, "crop": [32, 32], "interpolation": "bilinear", "scale": 1 / 255, "mean": list(MEAN),
    "std": list(STD), "channel_order": "RGB", "layout": "NCHW", "source": "tests",
}  # fmt: skip


class Colours(nn.Module):
    """The nearest colour to the image's mean, as a linear layer: 2 c.x - c.c is largest where |c - x| is least."""

    input_size = (3, 32, 32)

    def __init__(self):
        super().__init__()
        normal = (torch.tensor(COLOURS) / 255 - torch.tensor(MEAN)) / torch.tensor(STD)
        self.head = nn.Linear(3, len(COLOURS))
        self.head.weight.data = 2 * normal.float() * 20
        self.head.bias.data = -(normal**2).sum(1).float() * 20

    def forward(self, image):
        return self.head(image.mean((2, 3)))


def model():
    return Colours()


class WithBackground(Colours):
    def forward(self, image):
        scores = super().forward(image)
        return torch.cat((scores[:, :1] * 0 - 1e3, scores), 1)


def with_background():
    return WithBackground()


def write(folder, each=8, shift=0, size=(48, 60), hide=()):
    """Noisy images of every colour, with a list of labels."""
    random = np.random.default_rng(0)
    (folder / "images").mkdir(parents=True)
    rows = []
    for number, colour in enumerate(COLOURS):
        for copy in range(each):
            noise = random.normal(0, 12, (*size, 3))
            pixels = np.clip(colour + noise, 0, 255).astype(np.uint8)
            name = f"{copy}-{number:02}.png"
            Image.fromarray(pixels).save(folder / "images" / name)
            if name not in hide:
                rows.append((name, (number + shift) % len(COLOURS)))
    with (folder / "labels.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([("filename", "class_index"), *rows])
    return folder
