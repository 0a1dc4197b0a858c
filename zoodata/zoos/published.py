"""Publishers of model files in a repository: a table each, with checksums, in ``zoos/files``.

Their files hold network and weights and are opened as the user's own are (:mod:`zoodata.zoos.file`).
"""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import NotRequired, TypedDict

from zoodata.records import Preprocessing
from zoodata.runtimes.model import Model
from zoodata.zoos.base import Address, DeclaresNothing, UnknownEntry, building, known
from zoodata.zoos.fetched import PublishedFile, fetch
from zoodata.zoos.file import File

TABLES = Path(__file__).parent / "files"

PUBLISHED = "published"
"""What the one checkpoint of a file is called here."""


class PublishedFiles(DeclaresNothing):
    """A zoo whose entries are files of one repository."""

    name: str
    title: str
    homepage: str
    extra: str
    modules: tuple[str, ...]
    packages: tuple[str, ...]

    def entries(self) -> list[str]:
        """See :class:`zoodata.zoos.base.Zoo`."""
        return list(_table(self.name)["models"])

    def weights(self, entry: str) -> list[str]:
        """See :class:`zoodata.zoos.base.Zoo`."""
        known(entry, self.entries(), self.name)
        return [PUBLISHED]

    def addresses(self, entry: str) -> list[Address]:
        """See :class:`zoodata.zoos.base.Addressed`."""
        return [Address(weights, self.files(entry)[0].address) for weights in self.weights(entry)]

    def files(self, entry: str) -> list[PublishedFile]:
        """An entry's files, the one to open first."""
        document = _table(self.name)
        known(entry, document["models"], self.name)
        model = document["models"][entry]
        return [
            PublishedFile(self.name, **file, repository=document["repository"], commit=document["commit"])
            for file in model["files"]
        ]

    def build(
        self, entry: str, weights: str | None = None, path: Path | None = None, meta_device: bool = False
    ) -> Model:
        """See :class:`zoodata.zoos.base.Zoo`. The file is needed even for the network: it is in nothing else."""
        if weights not in (None, PUBLISHED):
            raise UnknownEntry(f"{self.name}:{entry} has no weights {weights}; it has {PUBLISHED}")
        return self.opened(entry, [fetch(file) for file in self.files(entry)], path)

    def opened(self, entry: str, files: Sequence[Path], path: Path | None) -> Model:
        """The model in an entry's files, with a local checkpoint instead of its own where one is given."""
        return File().build(str(files[0]), path=path)

    def preprocessing(self, entry: str, weights: str | None = None) -> Preprocessing | None:
        """See :class:`zoodata.zoos.base.Zoo`. As the table states it, with the place that says so."""
        document = _table(self.name)
        known(entry, document["models"], self.name)
        stated = document["models"][entry].get("preprocessing")
        return Preprocessing.model_validate_json(json.dumps(stated)) if stated else None


class _File(TypedDict):
    path: str
    size: int
    sha256: str


class _Model(TypedDict):
    files: list[_File]
    preprocessing: NotRequired[dict[str, object]]


class _Table(TypedDict):
    repository: str
    commit: str | None
    models: dict[str, _Model]


@functools.cache
def _table(zoo: str) -> _Table:
    """A publisher's repository, commit and files: facts with their source."""
    document: _Table = json.loads((TABLES / f"{zoo}.json").read_text(encoding="utf-8"))
    return document


class Coral(PublishedFiles):
    """Quantised TFLite models for the Edge TPU, as Google's Coral publishes them for tests."""

    name = "coral"
    title = "Coral"
    homepage = "https://github.com/google-coral/test_data"
    extra = "lite"
    modules = ("ai_edge_litert",)
    packages = ("ai-edge-litert",)


class Stm32(PublishedFiles):
    """STMicroelectronics' model zoo for microcontrollers."""

    name = "stm32"
    title = "STM32 model zoo"
    homepage = "https://github.com/STMicroelectronics/stm32ai-modelzoo"
    extra = "tensorflow"
    modules = ("tensorflow", "tf_keras")
    packages = ("tensorflow", "tf-keras")


class PytorchIos(PublishedFiles):
    """The quantised TorchScript model of PyTorch's demo for iOS."""

    name = "pytorch_ios"
    title = "PyTorch iOS demo"
    homepage = "https://github.com/pytorch/ios-demo-app"
    extra = "torch"
    modules = ("torch",)
    packages = ("torch",)


class NcnnAssets(PublishedFiles):
    """Models that ncnn's examples run; in an environment of its own."""

    name = "ncnn_assets"
    title = "ncnn examples"
    homepage = "https://github.com/nihui/ncnn-assets"
    extra = "environments"
    modules = ("ncnn",)
    packages = ("ncnn",)

    def opened(self, entry: str, files: Sequence[Path], path: Path | None) -> Model:
        """See :class:`PublishedFiles`."""
        from zoodata.runtimes.ncnn import NcnnModel

        stated = self.preprocessing(entry)
        assert stated is not None and isinstance(stated.resize, tuple), "the table says how large its image is"
        side, (network, weights) = stated.resize[0], files
        return building(f"{self.name}:{entry}", lambda: NcnnModel(network, path or weights, side))
