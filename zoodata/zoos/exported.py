"""Zoos of frameworks that cannot live beside ours: their own interpreter exports to ONNX, and that is read.

The export is not believed: what the framework makes of a random image is compared with what the file makes of it.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import zoodata
from zoodata.environments import folders
from zoodata.graph.network import Network
from zoodata.runtimes.model import Array, CannotRead, ForwardPass, Model, Scorer, Weights
from zoodata.stats import relative_error
from zoodata.zoos.base import CannotBuild, NeedsDownload, NotInstalled, building
from zoodata.zoos.package import Package

if TYPE_CHECKING:
    from zoodata.runtimes.onnx import OnnxModel

ANSWER = Path(__file__).parent / "exporters" / "answer.py"
NAMES = f"models-{zoodata.__version__}.json"
"""In an environment's folder: what its zoo lists to this zoodata, once asked. The environment does not change."""
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
        height, width = size
        answer = self._ask(ask="export", name=own, height=height, width=width, weights=weights)
        folder, trainable = Path(answer["folder"]), frozenset(answer["trainable"])
        try:
            graph = load(folder / "model.onnx")
            model = building(label, lambda: OnnxModel(graph, output=graph.graph.output[0].name, trainable=trainable))
            image, scores = np.load(folder / "image.npy"), np.load(folder / "scores.npy")
        finally:
            shutil.rmtree(folder, ignore_errors=True)
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
        models = dict(self._ask(ask="list")["models"])
        with suppress(OSError):
            kept.write_text(json.dumps(models), encoding="utf-8")
        return models

    def _lock(self) -> folders.Lock:
        lock = folders.lock_of(self.name, None)
        if lock is None or not lock.is_added:
            raise NotInstalled(f"{self.title} needs an environment of its own: zoodata env add {self.name}")
        return lock

    def exporter(self) -> Exporter:
        """The process of its interpreter, started where none runs.

        Raises:
            NotInstalled: when its environment is not here.
        """
        python = self._lock().python
        running = _RUNNING.get(self.name)
        if running is None or not running.runs(python):
            running = _RUNNING[self.name] = Exporter(self.name, python)
        return running

    def _ask(self, **question: Any) -> dict[str, Any]:
        """What the exporter says.

        Raises:
            ZooError: of the kind that it names.
        """
        answer = self.exporter().ask(question)
        if "error" in answer:
            kind = NeedsDownload if answer["kind"] == "download" else CannotBuild
            raise kind(f"{self.title}: {answer['error']}")
        return answer


class Exporter:
    """``answer.py`` in the interpreter of a zoo's own environment: a question a line, an answer a line.

    It ends when we do. A worker that is confined later starts it before.
    """

    def __init__(self, zoo: str, python: Path) -> None:
        self._python, self._errors = python, tempfile.TemporaryFile()  # noqa: SIM115  (open as long as it runs)
        self._process = subprocess.Popen(
            [str(python), "-I", str(ANSWER), zoo],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, text=True, encoding="utf-8",
        )  # fmt: skip

    def runs(self, python: Path) -> bool:
        """Whether it is alive, and of that interpreter."""
        return self._python == python and self._process.poll() is None

    def ask(self, question: dict[str, Any]) -> dict[str, Any]:
        """Its answer; one that died says its last words."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        line = ""
        with suppress(OSError):
            self._process.stdin.write(json.dumps(question) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        if line:
            answer: dict[str, Any] = json.loads(line)
            return answer
        code = self._process.wait()
        self._errors.seek(0)
        said = self._errors.read().decode("utf-8", errors="replace").strip().splitlines() or ["it said nothing"]
        return {"error": f"its exporter ended with exit code {code}: {said[-1][:300]}", "kind": "failed"}


_RUNNING: dict[str, Exporter] = {}
