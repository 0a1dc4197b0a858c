"""Zoos of frameworks that cannot live beside ours: their own interpreter exports to ONNX, and that is read.

The export is not believed: what the framework makes of a random image is compared with what the file makes of it.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zoodata.environments import folders
from zoodata.graph.network import Network
from zoodata.runtimes.model import Array, CannotRead, ForwardPass, Model, Scorer, Weights
from zoodata.stats import relative_error
from zoodata.zoos.base import CannotBuild, NeedsDownload, NotInstalled, building
from zoodata.zoos.package import Package

if TYPE_CHECKING:
    from zoodata.runtimes.onnx import OnnxModel

ANSWER = Path(__file__).parent / "exporters" / "answer.py"
NAMES = "models.json"
"""In an environment's folder: what its zoo lists, once it has been asked. The environment does not change."""
TOLERANCE = 1e-4
"""Relative error of the exported file's scores above which it is not the model."""


class ExportedModel:
    """A model of another framework as its own export to ONNX: it is read and scored, and not timed.

    Args:
        model: the export.
        title: of its zoo.
        again: exports it for an image of another (height, width).
    """

    def __init__(self, model: OnnxModel, title: str, again: Callable[[int, int], Model]) -> None:
        self._model, self._title, self._again = model, title, again
        self.runtime, self.input, self.classes = model.runtime, model.input, model.classes

    def network(self) -> Network:
        """See :class:`zoodata.runtimes.model.Model`."""
        return self._model.network()

    def at(self, height: int, width: int) -> Model:
        """See :class:`zoodata.runtimes.model.Model`. Exported once more."""
        try:
            return self._again(height, width)
        except CannotBuild as error:
            raise CannotRead(str(error)) from error

    def stored(self) -> Weights:
        """See :class:`zoodata.runtimes.model.Model`."""
        return self._model.stored()

    def forward(self, image: Array, weights: Weights, precise: bool = False) -> Array:
        """See :class:`zoodata.runtimes.model.Model`."""
        return self._model.forward(image, weights, precise)

    def inside(self, image: Array, weights: Weights, places: Sequence[str]) -> Weights:
        """See :class:`zoodata.graph.faithful.ShowsInside`."""
        return self._model.inside(image, weights, places)

    def scorer(self, batch: int, device: str, threads: int) -> Scorer:
        """See :class:`zoodata.runtimes.model.Model`."""
        return self._model.scorer(batch, device, threads)

    def prepare(self, batch: int, device: str, threads: int, seed: int) -> ForwardPass:
        """Not done: ONNX Runtime's time of an export says nothing of the framework.

        Raises:
            ValueError: always.
        """
        raise ValueError(f"{self._title} is read through its export to ONNX, and its framework is not timed here")


class Exported(Package):
    """A zoo with an interpreter of its own and a file in ``zoodata/zoos/exporters``."""

    extra = "zoos"

    def listed(self) -> list[str]:
        """See :class:`zoodata.zoos.package.Package`."""
        return list(self._models())

    def tags(self, own: str) -> list[str]:
        """See :class:`zoodata.zoos.package.Package`."""
        return self._models()[own]

    def build(
        self, entry: str, weights: str | None = None, path: Path | None = None, meta_device: bool = False
    ) -> Model:
        """See :class:`zoodata.zoos.base.Zoo`."""
        own = self.own_name(entry)
        self.checked_weights(entry, own, weights)
        if path is not None:
            raise CannotBuild(
                f"{self.name}:{entry} takes no local checkpoint: {self.title}'s are pickles, which run code"
            )
        return self._exported(entry, own, weights, self.size(own, None))

    def _exported(self, entry: str, own: str, weights: str | None, size: tuple[int, int]) -> Model:
        from zoodata.runtimes.onnx import OnnxModel, load

        label = f"{self.name}:{entry}" + (f"@{weights}" if weights else "")
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            self._ask("export", name, own, *map(str, size), *([weights] if weights else []))
            graph = load(folder / "model.onnx")
            model = building(label, lambda: OnnxModel(graph, output=graph.graph.output[0].name))
            image, scores = np.load(folder / "image.npy"), np.load(folder / "scores.npy")
        error = relative_error(scores, model.scorer(1, "cpu", 1)(image).ravel())
        if not error < TOLERANCE:
            raise CannotBuild(f"{label}: its export to ONNX is another function, by {error:.1e} of its scores")
        return ExportedModel(
            model, self.title, lambda height, width: self._exported(entry, own, weights, (height, width))
        )

    def _models(self) -> dict[str, list[str]]:
        """Names with those of their checkpoints; asked once an environment."""
        kept = self._lock().folder / NAMES
        with suppress(OSError, ValueError):
            return dict(json.loads(kept.read_text(encoding="utf-8")))
        models = dict(self._ask("list")["models"])
        with suppress(OSError):
            kept.write_text(json.dumps(models), encoding="utf-8")
        return models

    def _lock(self) -> folders.Lock:
        lock = folders.lock_of(self.name, None)
        if lock is None or not lock.is_added:
            raise NotInstalled(f"{self.title} needs an environment of its own: zoodata env add {self.name}")
        return lock

    def _ask(self, *question: str) -> dict[str, Any]:
        """What the exporter says.

        Raises:
            ZooError: of the kind that it names.
        """
        command = [str(self._lock().python), "-I", str(ANSWER), self.name, *question]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode or not done.stdout:
            last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
            raise CannotBuild(f"{self.title}: its exporter ended with exit code {done.returncode}: {last[:300]}")
        answer: dict[str, Any] = json.loads(done.stdout)
        if "error" in answer:
            kind = NeedsDownload if answer["kind"] == "download" else CannotBuild
            raise kind(f"{self.title}: {answer['error']}")
        return answer
