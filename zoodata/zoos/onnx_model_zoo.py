"""ONNX Model Zoo: nine graphs that travel in the ``onnx`` wheel, and the full zoo by download.

The wheel's graphs have placeholder weights: the architecture without a download. The full zoo's files are
listed in ``onnx_manifest.json`` (facts from the zoo's own manifest, with checksums); they are fetched from
where the zoo lives today, only when weights are asked for with ``@pretrained``.
"""

from __future__ import annotations

import functools
import json
import os
from pathlib import Path
from typing import Any, TypedDict

from zoodata.records import Claim, Preprocessing
from zoodata.records.claim import RepositorySource
from zoodata.runtimes.model import CannotRead, Model
from zoodata.zoos.base import CannotBuild, NeedsDownload, Pipeline, Statements, UnknownEntry, downloading, known

HOST = "https://huggingface.co/onnxmodelzoo"
"""Since the repository's LFS downloads ended on 2025-07-01. ``ZOODATA_ONNX_HOST`` names another mirror."""

LIGHT = (
    "bvlc_alexnet", "densenet121", "inception_v1", "inception_v2", "resnet50", "shufflenet", "squeezenet", "vgg19",
    "zfnet512",
)  # fmt: skip

PRETRAINED = "pretrained"

# Families whose page in onnx/models states the usual torch normalisation; the Caffe2-derived ones state none.
DOCUMENTED = (
    "mobilenet", "resnet18", "resnet34", "resnet50-v", "resnet101", "resnet152", "shufflenet-v2", "squeezenet1",
    "vgg16", "vgg19-7", "vgg19-bn",
)  # fmt: skip


class OnnxModelZoo:
    """Image classifiers of onnx/models."""

    name = "onnx_model_zoo"
    title = "ONNX Model Zoo"
    homepage = "https://github.com/onnx/models"
    extra = "onnx"
    modules = ("onnx", "onnxruntime")
    packages = ("onnx", "onnxruntime")

    def entries(self) -> list[str]:
        """See :class:`zoodata.zoos.base.Zoo`. The wheel's nine first."""
        return [*LIGHT, *manifest()]

    def weights(self, entry: str) -> list[str]:
        """See :class:`zoodata.zoos.base.Zoo`."""
        known(entry, self.entries(), self.name)
        return [] if entry in LIGHT else [PRETRAINED]

    def build(
        self, entry: str, weights: str | None = None, path: Path | None = None, meta_device: bool = False
    ) -> Model:
        """See :class:`zoodata.zoos.base.Zoo`."""
        from zoodata.runtimes.onnx import OnnxModel, load

        known(entry, self.entries(), self.name)
        if weights is not None and weights not in self.weights(entry):
            raise UnknownEntry(f"onnx_model_zoo:{entry} has no weights {weights}")
        if path is None:
            path = light_path(entry) if entry in LIGHT else self._fetch(entry, weights)
        try:
            return OnnxModel(load(path))
        except CannotRead as error:
            raise CannotBuild(str(error)) from error

    def preprocessing(self, entry: str, weights: str | None = None) -> Preprocessing | None:
        """See :class:`zoodata.zoos.base.Zoo`. None for the entries whose documentation states nothing."""
        known(entry, self.entries(), self.name)
        if entry in LIGHT or not entry.startswith(DOCUMENTED):
            return None
        return Preprocessing(
            resize=256,
            crop=(224, 224),
            scale=1 / 255,
            mean=(0.485, 0.456, 0.406),
            std=(0.229, 0.224, 0.225),
            channel_order="RGB",
            layout="NCHW",
            source=f"onnx/models {Path(manifest()[entry]['path']).parent.parent.as_posix()}/README.md",
        )

    def pipeline(self, entry: str, weights: str | None = None) -> Pipeline | None:
        """See :class:`zoodata.zoos.base.Zoo`."""
        return None

    def claims(self) -> Statements:
        """File sizes, from the zoo's manifest."""
        source = RepositorySource(**_document()["source"])
        claims = [
            Claim.seal(
                entry=f"onnx_model_zoo:{entry}@{PRETRAINED}",
                metric="file_size",
                stated=str(model["bytes"]),
                stated_unit="bytes",
                value=float(model["bytes"]),
                unit="bytes",
                source=source,
            )
            for entry, model in manifest().items()
        ]
        return Statements(claims)

    def _fetch(self, entry: str, weights: str | None) -> Path:
        model = manifest()[entry]
        if weights is None:
            raise NeedsDownload(
                f"onnx_model_zoo:{entry} is a file of {model['bytes'] / 2**20:.0f} MiB: "
                f"ask for onnx_model_zoo:{entry}@{PRETRAINED} to download it"
            )
        import pooch

        host = os.environ.get("ZOODATA_ONNX_HOST", HOST).rstrip("/")
        fetched = downloading(
            f"onnx_model_zoo:{entry}",
            lambda: pooch.retrieve(
                f"{host}/{entry}/resolve/main/{entry}.onnx",
                known_hash=f"sha256:{model['sha256']}",
                path=pooch.os_cache("zoodata") / "onnx_model_zoo",
                fname=f"{entry}.onnx",
            ),
        )
        return Path(fetched)


def light_path(entry: str) -> Path:
    """The file of one of the wheel's graphs."""
    import onnx

    return Path(onnx.__file__).parent / "backend" / "test" / "data" / "light" / f"light_{entry}.onnx"


class Listed(TypedDict):
    """A classifier in the zoo's manifest."""

    entry: str
    title: str
    opset: int
    path: str
    sha256: str
    bytes: int


class _Document(TypedDict):
    source: dict[str, Any]
    models: list[Listed]


def manifest() -> dict[str, Listed]:
    """Entry name to path, checksum, size and opset of every classifier in the zoo's manifest."""
    return {model["entry"]: model for model in _document()["models"]}


@functools.cache
def _document() -> _Document:
    path = Path(__file__).with_name("onnx_manifest.json")
    document: _Document = json.loads(path.read_text(encoding="utf-8"))
    return document
