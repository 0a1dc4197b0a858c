"""A whole zoo in a plugin: one tiny torch model. Installed by its entry point; touches nothing of zoodata."""

from __future__ import annotations

import io
import os
import urllib.request
from pathlib import Path

from zoodata.records import Preprocessing
from zoodata.records.measurement import InputShape
from zoodata.runtimes.model import Model
from zoodata.zoos.base import CannotBuild, Statements, downloading, known


def _fetched(weights: str) -> bytes:
    with urllib.request.urlopen(f"{os.environ['EXAMPLE_HOST']}/{weights}.pth", timeout=30) as answer:
        return bytes(answer.read())


class ExampleZoo:
    """One model, to show what a zoo needs."""

    name = "example"
    title = "Example Zoo"
    homepage = "https://example.org"
    extra = "torch"
    modules = ("torch",)
    packages = ("torch",)

    def entries(self) -> list[str]:
        return ["tiny"]

    def weights(self, entry: str) -> list[str]:
        return ["made"] if "EXAMPLE_HOST" in os.environ else []

    def build(
        self, entry: str, weights: str | None = None, path: Path | None = None, meta_device: bool = False
    ) -> Model:
        import torch

        from zoodata.runtimes.torch import TorchModel

        module = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.Flatten(), torch.nn.Linear(4 * 36, 10))
        if weights is not None:
            fetched = downloading(f"example:{entry}@{weights}", lambda: _fetched(weights))
            module.load_state_dict(torch.load(io.BytesIO(fetched), weights_only=True))
        return TorchModel(module, InputShape(channels=3, height=8, width=8, layout="NCHW"), 10)

    def preprocessing(self, entry: str, weights: str | None = None) -> Preprocessing | None:
        return Preprocessing(resize=8, crop=(8, 8), layout="NCHW", source="example_zoo.ExampleZoo")

    def pipeline(self, entry, weights=None):
        return None  # no code of its own preprocesses images

    def claims(self) -> Statements:
        return Statements()


class SlowZoo(ExampleZoo):
    """Models for sweeps: slow to build; some cannot be built, end their process, hang, or eat memory."""

    name = "slow"
    title = "Slow Zoo"

    def entries(self) -> list[str]:
        return [*(f"m{n}" for n in range(5)), "fails", "dies", "hangs", "eats"]

    def build(
        self, entry: str, weights: str | None = None, path: Path | None = None, meta_device: bool = False
    ) -> Model:
        import time

        known(entry, self.entries(), self.name)
        if marks := os.environ.get("SLOW_MARKS"):  # a test wants to know which process began what
            Path(marks, f"{entry}-{os.getpid()}").touch()
        time.sleep(float(os.environ.get("SLOW_SECONDS", "0.5")))
        if entry == "fails":
            raise CannotBuild("not today")
        if entry == "dies":
            os._exit(9)
        if entry == "hangs":
            time.sleep(3600)
        if entry == "eats":
            eaten = []
            while True:
                eaten.append(bytearray(b"x" * 10**8))
                time.sleep(0.02)
        return super().build("tiny")
