"""Models for sweeps: small, slow to build, one that cannot be built and one that ends its process."""

from __future__ import annotations

import os
import time


def _small(width):
    import torch

    time.sleep(0.4)
    return torch.nn.Sequential(
        torch.nn.Conv2d(3, width, 7, stride=7), torch.nn.Flatten(), torch.nn.Linear(width * 1024, 10)
    )


def model_0():
    return _small(1)


def model_1():
    return _small(2)


def model_2():
    return _small(3)


def model_3():
    return _small(4)


def model_4():
    raise RuntimeError("cannot be built")


def model_5():
    return _small(5)


def dies():
    os._exit(9)
