"""Finding zoos by name: ours, those of installed plugins, and the user's own models.

A third party adds a zoo by an entry point of the group ``zoodata.zoos`` that names a class or function
without arguments; see CONTRIBUTING.md. A plugin that fails to load is reported and harms no other.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import warnings
from collections.abc import Callable, Iterable, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any, Protocol

from zoodata.environments import folders
from zoodata.records.base import entry_zoo, parse_entry, split_release
from zoodata.runtimes.model import Model, in_brief
from zoodata.zoos.base import Reading, UnknownEntry, Zoo, ZooError, require
from zoodata.zoos.exported import Exported

GROUP = "zoodata.zoos"

OWN = {
    "torchvision": "zoodata.zoos.torchvision:Torchvision",
    "timm": "zoodata.zoos.timm:Timm",
    "keras_applications": "zoodata.zoos.keras_applications:KerasApplications",
    "tf_model_garden": "zoodata.zoos.tf_model_garden:ModelGarden",
    "tf_slim": "zoodata.zoos.tf_slim:Slim",
    "onnx_model_zoo": "zoodata.zoos.onnx_model_zoo:OnnxModelZoo",
    "torchvision_quantization": "zoodata.zoos.torchvision_quantization:TorchvisionQuantization",
    "coral": "zoodata.zoos.published:Coral",
    "efficientnet_lite": "zoodata.zoos.efficientnet_lite:EfficientNetLite",
    "ncnn_assets": "zoodata.zoos.published:NcnnAssets",
    "pytorch_ios": "zoodata.zoos.published:PytorchIos",
    "retinaface": "zoodata.zoos.retinaface:RetinaFace",
    "stm32": "zoodata.zoos.published:Stm32",
    "cadene": "zoodata.zoos.cadene:Cadene",
    "classy_vision": "zoodata.zoos.classy_vision:ClassyVision",
    "geffnet": "zoodata.zoos.geffnet:Geffnet",
    "gluoncv": "zoodata.zoos.gluoncv:GluonCV",
    "keras_cv_attention_models": "zoodata.zoos.keras_cv_attention_models:KerasCvAttentionModels",
    "lukemelas": "zoodata.zoos.lukemelas:LukeMelas",
    "mmpretrain": "zoodata.zoos.mmpretrain:MMPretrain",
    "open_clip": "zoodata.zoos.open_clip:OpenClip",
    "paddleclas": "zoodata.zoos.paddleclas:PaddleClas",
    "pytorchcv": "zoodata.zoos.pytorchcv:PyTorchCV",
    "qubvel": "zoodata.zoos.qubvel:Qubvel",
    "qubvel_efficientnet": "zoodata.zoos.qubvel:QubvelEfficientNet",
    "smp": "zoodata.zoos.smp:SegmentationModels",
    "tf2cv": "zoodata.zoos.tf2cv:Tf2cv",
    "tfimm": "zoodata.zoos.tfimm:Tfimm",
    "transformers": "zoodata.zoos.transformers:Transformers",
    "ultralytics": "zoodata.zoos.ultralytics:Ultralytics",
}

PERSONAL = {
    "file": "zoodata.zoos.file:File",
    "python": "zoodata.zoos.python:Python",
}


class Personal(Protocol):
    """A user's own models, which may leave open what a zoo's do not."""

    def build(
        self,
        entry: str,
        weights: str | None = None,
        path: Path | None = None,
        meta_device: bool = False,
        reading: Reading | None = None,
    ) -> Model:
        """See :class:`zoodata.zoos.base.Zoo`."""


def personal(name: str) -> Personal | None:
    """The zoo of that name, if it is of a user's own models."""
    return _made(PERSONAL[name]) if name in PERSONAL else None


def names() -> list[str]:
    """Names of all published zoos: ours first, then plugins'."""
    return [*OWN, *sorted(point.name for point in _plugins() if point.name not in {**OWN, **PERSONAL})]


def get(name: str) -> Zoo:
    """The zoo of that name. Its framework is not imported yet.

    Raises:
        UnknownEntry: when there is no such zoo, or its plugin does not load.
    """
    target = {**OWN, **PERSONAL}.get(name)
    if target is not None:
        zoo: Zoo = _made(target)
        return zoo
    for point in _plugins():
        if point.name == name:
            return _load(point)
    raise UnknownEntry(unknown(name))


def unknown(name: str) -> str:
    """That there is no zoo of that name, with the one that is meant, or all there are."""
    import difflib

    known = names()
    close = [each for each in known if each.startswith(name.lower())] if len(name) > 2 else []
    close = close or difflib.get_close_matches(name.lower(), known, 1, cutoff=0.7)
    hint = f"did you mean {' or '.join(close)}?" if close else f"there are {', '.join(known)}, file and python"
    return f"there is no zoo {name!r}; {hint}"


def _made(target: str) -> Any:
    module, _, attribute = target.partition(":")
    return getattr(importlib.import_module(module), attribute)()


def find(entry: str) -> tuple[Zoo, str, str | None]:
    """An entry's zoo, its name there, and the weights it names.

    Raises:
        ZooError: when there is no such zoo, or its packages are not here.
    """
    zoo_name, _, rest = entry.partition(":")
    zoo = get(zoo_name)
    if zoo_name in PERSONAL:
        return zoo, rest, None
    require(zoo)
    _, name, weights = parse_entry(entry)
    return zoo, name, weights


def folders_of(entries: Iterable[str]) -> tuple[Path, ...]:
    """The folders that a worker puts before the installed packages to read some entries: those of all their zoos, each
    named with its release where it is not the installed one.

    Raises:
        NotAdded: for a release whose environment is not here.
    """
    found: dict[Path, None] = {}
    for release, plain in dict.fromkeys(map(split_release, entries)):
        zoo = entry_zoo(plain)
        modules = () if zoo in PERSONAL else get(zoo).modules
        found |= dict.fromkeys(folders.of_zoo(zoo, modules, release))
    return tuple(found)


def exporters_of(entries: Iterable[str]) -> Callable[[], None] | None:
    """What a worker does before it is confined to read some entries: start the interpreters that export them.

    None where no entry's zoo has one.
    """
    names = {entry_zoo(split_release(entry)[1]) for entry in entries}
    exported = tuple(sorted(name for name in names - {*PERSONAL} if isinstance(get(name), Exported)))
    return functools.partial(start_exporters, exported) if exported else None


def start_exporters(names: Sequence[str]) -> None:
    """Start the interpreters of these zoos, where they are here."""
    for name in names:
        zoo = get(name)
        assert isinstance(zoo, Exported)
        with contextlib.suppress(ZooError):  # whoever asks it is told
            zoo.exporter()


def plugins() -> dict[str, Zoo]:
    """Zoos of installed plugins that load; one that does not warns in one line."""
    loaded = {}
    for point in _plugins():
        if point.name in {**OWN, **PERSONAL}:
            warnings.warn(f"the plugin {point.value} may not replace the zoo {point.name}", stacklevel=2)
            continue
        try:
            loaded[point.name] = _load(point)
        except UnknownEntry as error:
            warnings.warn(str(error), stacklevel=2)
    return loaded


def all_zoos() -> dict[str, Zoo]:
    """Every published zoo by name."""
    return {name: get(name) for name in OWN} | plugins()


def _plugins() -> list[metadata.EntryPoint]:
    return list(metadata.entry_points(group=GROUP))


def _load(point: metadata.EntryPoint) -> Zoo:
    try:
        zoo = point.load()()
    except Exception as error:  # a stranger's code may raise anything
        raise UnknownEntry(f"the plugin zoo {point.name} does not load: {in_brief(error)}") from error
    if not isinstance(zoo, Zoo) or zoo.name != point.name:
        raise UnknownEntry(f"the plugin {point.value} is not a zoo called {point.name}")
    return zoo
