"""What a TorchScript archive would call, found in its text before torch loads it: loading runs code of the archive.

An operator is allowed by its signature: one that takes no text names no file, no address and no program. Text is
allowed where the argument's name says that it is a word of a calculation (how to pad, how to round). The rest is
refused by its name. The archive is read by torch's own reader, so that nothing else is inspected than what is run.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import torch

from zoodata.runtimes.model import CannotRead

NAMESPACES = frozenset({"aten", "prim", "quantized", "_quantized", "torchvision", "torchaudio", "sparse", "mkldnn"})
"""Namespaces of operators that torch and its companions bring."""

CLASSES = frozenset({"quantized", "sparse", "xnnpack", "mkldnn", "mkldnn_prepacked"})
"""Namespaces of the classes, written in C++, that hold packed weights."""

WORDS = frozenset({
    "UPLO", "a", "activation", "algorithm", "approximate", "assert_msg", "attr", "b", "binary_attr", "chars", "cls",
    "device_type", "dict", "driver", "el", "equation", "fillchar", "idx", "ind", "indexing", "input", "inputs",
    "interpolation", "item", "key", "l", "message", "mode", "msg", "new", "norm", "old", "ord", "p", "pad_mode",
    "padding", "padding_side", "reduce", "rounding_mode", "s", "self", "separator", "side", "string", "substr", "t",
    "to_add", "type", "unary_algorithm", "unary_attr", "values",
})  # fmt: skip
"""Names of arguments that take a word and name nothing outside the model; ``filename`` is none of them."""

BUILT_IN = frozenset({
    "annotate", "uninitialized", "unchecked_cast", "getattr", "isinstance", "int", "float", "bool", "str", "len",
    "range", "min", "max", "abs", "round", "list", "dict", "tuple", "ord", "chr", "hasattr", "sorted", "enumerate",
    "zip", "all", "any", "sum", "hex", "oct", "bin", "hash", "divmod", "pow", "super", "print", "unwrap_optional",
    "ValueError", "AssertionError", "RuntimeError", "NotImplementedError", "Exception", "IndexError", "KeyError",
    "TypeError", "Device", "complex", "type", "reversed", "unchecked_unwrap_optional", "id", "map", "filter",
    "set", "slice", "iter", "next",
})  # fmt: skip
"""Names of TorchScript's own language that may be called."""

MOST_SOURCE = 64 * 2**20
"""Bytes of an archive's code."""


def inspect(path: Path) -> None:
    """Read an archive's code, without loading it.

    Raises:
        CannotRead: when it is no such archive, or would call what a model has no use for; it is named.
    """
    try:
        reader = torch._C.PyTorchFileReader(str(path))
        length = 0
        for name in reader.get_all_records():
            if not name.lower().startswith("code/") or name.lower().endswith(".debug_pkl"):
                continue
            length += reader.get_record_size(name)
            if length > MOST_SOURCE:
                raise _refused("its code is too large to be inspected")
            for called in _called(reader.get_record(name).decode("utf-8"), name):
                _check(called)
    except (UnicodeDecodeError, RuntimeError) as error:
        raise CannotRead("not a TorchScript file that can be inspected") from error


def _called(source: str, name: str) -> Iterator[str]:
    """Every operator, class and function that a file of TorchScript names."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise _refused(f"{name[:60]} cannot be inspected ({type(error).__name__})") from error
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and (called := _dotted(node.func)) is not None:
            yield called
        elif isinstance(node, ast.Attribute) and (dotted := _dotted(node)) is not None:
            yield dotted
        elif isinstance(node, ast.ImportFrom) or (isinstance(node, ast.Import) and not _is_of_archive(node)):
            raise _refused(f"{name[:60]} imports something")


def _is_of_archive(node: ast.Import) -> bool:
    return all(alias.name.startswith("__torch__") for alias in node.names)


def _dotted(node: ast.expr) -> str | None:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None  # a method of some value: of the archive's own classes, which are inspected too
    return ".".join([node.id, *reversed(parts)])


def _check(called: str) -> None:
    """Refuse a name that leads out of the archive. A shorter part of a longer name (``ops.aten``) leads nowhere."""
    root, *parts = called.split(".")
    if root == "ops":
        if len(parts) >= 2:
            _check_operator(parts[0], parts[1])
    elif root == "torch":
        if len(parts) == 1:
            _check_operator("aten", parts[0])
        elif parts and parts[0] not in ("device", "dtype"):
            _check_operator("aten", parts[-1])
    elif root == "__torch__" and parts[:2] == ["torch", "classes"]:
        if len(parts) > 2 and parts[2] not in CLASSES:
            raise _refused(f"it makes an object of {parts[2][:40]}, which is not for a model's weights")
    elif not parts and root not in BUILT_IN and not root.startswith("_"):
        raise _refused(f"it calls {root[:60]}, which is not a word of TorchScript that is known")


def _check_operator(namespace: str, name: str) -> None:
    if namespace not in NAMESPACES:
        raise _refused(f"it calls an operator of {namespace[:40]}, which is not torch's")
    full = f"{namespace}::{name}"
    known = _operators()
    if full not in known and namespace == "aten" and f"prim::{name}" in known:
        full = f"prim::{name}"
    if full not in known:
        raise _refused(f"it calls {full[:80]}, which torch does not know here")
    if not known[full] <= WORDS:
        raise _refused(f"it calls {full[:80]}, which can name a file or something else outside the model")


@cache
def _operators() -> dict[str, frozenset[str]]:
    """Every operator that torch has here, to the names of its arguments that take text, in any of its forms."""
    known: dict[str, frozenset[str]] = {}
    for schema in torch._C._jit_get_all_schemas():
        takes_text = {argument.name for argument in schema.arguments if "str" in str(argument.type)}
        known[schema.name] = known.get(schema.name, frozenset()) | takes_text
    return known


def _refused(why: str) -> CannotRead:
    return CannotRead(f"it is not run: {why}")
