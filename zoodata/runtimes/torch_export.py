"""Programs that ``torch.export`` wrote (``.pt2``): a graph of aten operators with its weights.

torch's own loader unpickles what it finds and evaluates expressions of shapes. Here a file is refused unless its graph
names plain aten operators only, and is loaded with unpickling and evaluation barred.
"""

from __future__ import annotations

import contextlib
import json
import pickle
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sympy  # type: ignore[import-untyped]
import torch

from zoodata.records.measurement import InputShape
from zoodata.runtimes.model import CannotRead, in_brief
from zoodata.runtimes.torch import TorchModel, first_tensor

ALLOWED = re.compile(
    r"torch\.ops\.aten\.(?!.*(save|from_file|_print|_assert))[a-z0-9_]+\.[A-Za-z0-9_]+|_operator\.getitem"
)
"""What a graph may call."""


def load(path: Path) -> TorchModel:
    """A program that takes one image.

    Raises:
        CannotRead: when it is none, or names anything but plain operators.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            programs = [json.loads(archive.read(n)) for n in archive.namelist() if re.search(r"models/.*\.json$", n)]
    except Exception as error:
        raise CannotRead(f"not a readable torch.export archive: {in_brief(error)}") from error
    if not programs:
        raise CannotRead("it holds no exported program")
    calls = {str(target) for program in programs for target in _targets(program)}
    if refused := sorted(name for name in calls if not ALLOWED.fullmatch(name)):
        raise CannotRead(f"it calls what is not run ({', '.join(refused[:5])})")
    try:
        with _barred():
            program = torch.export.load(path)
    except Exception as error:
        raise CannotRead(f"torch cannot load it with unpickling barred: {in_brief(error)}") from error
    return _model(program)


def _targets(item: Any) -> Iterator[Any]:
    """Every name that a node of a serialised graph calls."""
    if isinstance(item, dict):
        if "target" in item and "inputs" in item:
            yield item["target"]
        for value in item.values():
            yield from _targets(value)
    elif isinstance(item, list):
        for value in item:
            yield from _targets(value)


@contextlib.contextmanager
def _barred() -> Iterator[None]:
    """Loading without unpickling of objects, and without expressions."""
    whole, loads, sympify, unpickle = torch.load, pickle.loads, sympy.sympify, torch._C._pickle_load_obj

    def plain(*args: Any, **kwargs: Any) -> Any:
        return whole(*args, **{**kwargs, "weights_only": True})

    def refuse(*_: Any, **__: Any) -> Any:
        raise CannotRead("it holds pickled objects, which are not unpacked")

    def number(value: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(value, str) and not re.fullmatch(r"-?[0-9]+", value):
            raise CannotRead("its sizes are open: export it for one size")
        return sympify(value, *args, **kwargs)

    torch.load, pickle.loads, sympy.sympify, torch._C._pickle_load_obj = plain, refuse, number, refuse
    try:
        yield
    finally:
        torch.load, pickle.loads, sympy.sympify, torch._C._pickle_load_obj = whole, loads, sympify, unpickle


def _model(program: Any) -> TorchModel:
    wanted = set(program.graph_signature.user_inputs)
    images = [node.meta["val"] for node in program.graph.nodes if node.op == "placeholder" and node.name in wanted]
    if len(images) != 1 or images[0].dim() != 4:
        raise CannotRead(f"it takes {len(images)} inputs, not one image of four axes")
    batch, channels, height, width = (int(size) for size in images[0].shape)
    if batch != 1:
        raise CannotRead(f"its batch is fixed at {batch}; one image at a time can be read")
    module = program.module()
    with torch.inference_mode():
        scores = first_tensor(module(torch.zeros(1, channels, height, width, dtype=images[0].dtype)))
    if scores is None:
        raise CannotRead("it returns no tensor")
    image = InputShape(channels=channels, height=height, width=width, layout="NCHW")
    # A program is in the mode in which it was exported, and says no to another.
    return _Exported(module, image, int(scores.shape[1]) if scores.dim() > 1 else 1)


class _Exported(TorchModel):
    def __init__(self, module: torch.nn.Module, image: InputShape, classes: int) -> None:
        module.eval = lambda: module
        super().__init__(module, image, classes)
