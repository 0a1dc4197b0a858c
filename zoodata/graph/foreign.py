"""Operators outside the vocabulary, run by their own framework: what a proof needs where torch has no such operator."""

from __future__ import annotations

import ast
import base64
import functools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


class CannotRun(ValueError):
    """The framework cannot run it either."""


def run(call: str, arguments: str, operands: Sequence[Array]) -> list[Array]:
    """The results of one operator.

    Args:
        call: ``onnx.TYPE`` or ``tensorflow.TYPE``.
        arguments: as the reader wrote them beside it.
        operands: its inputs, in the shapes in which the framework showed them.

    Raises:
        CannotRun: with the framework's message.
    """
    family = call.partition(".")[0]
    runs = {"onnx": _onnx, "tensorflow": _tensorflow}
    if family not in runs:
        raise CannotRun(f"{call} has no framework to run it")
    try:
        return runs[family](call, arguments, operands)
    except CannotRun:
        raise
    except Exception as error:  # a framework may raise anything
        text = " ".join(str(error).split())
        raise CannotRun(f"{call}: {type(error).__name__}: {text}"[:300]) from error


def _onnx(call: str, arguments: str, operands: Sequence[Array]) -> list[Array]:
    _, _, types = ast.literal_eval(arguments)
    given = [np.asarray(array).astype(kind) for array, kind in zip(operands, types, strict=True)]
    feeds = {f"in{n}": array for n, array in enumerate(given)}
    try:
        session = _session(arguments, tuple(array.shape for array in given))
        return [np.asarray(out) for out in session.run(None, feeds)]
    except Exception:  # it has not every operator in every type; ONNX's own reference has
        from onnx.reference import ReferenceEvaluator

        model = _model(arguments, tuple(array.shape for array in given))
        return [np.asarray(out) for out in ReferenceEvaluator(model).run(None, feeds)]


@functools.lru_cache(maxsize=256)
def _session(arguments: str, shapes: tuple[tuple[int, ...], ...]) -> Any:
    """ONNX Runtime with this one operator as its model."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    model = _model(arguments, shapes)
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def _model(arguments: str, shapes: tuple[tuple[int, ...], ...]) -> Any:
    """This one operator as a model."""
    import onnx

    from zoodata.graph.onnx_alone import alone

    encoded, version, types = ast.literal_eval(arguments)
    node = onnx.NodeProto.FromString(base64.b64decode(encoded))
    names = [name for name in node.input if name]
    given = {name: (kind, shape) for name, kind, shape in zip(names, types, shapes, strict=True)}
    versions = {node.domain: version} | ({} if node.domain in ("", "ai.onnx") else {"": 17})
    return alone(node, given, versions, ir_version=9)


def _batch_dims(text: Mapping[str, str]) -> int:
    """How many axes of a gather's variable are batches; it gathers along the next."""
    from tensorflow.core.framework import attr_value_pb2

    return int(attr_value_pb2.AttrValue.FromString(base64.b64decode(text["batch_dims"])).i)


def _tensorflow(call: str, arguments: str, operands: Sequence[Array]) -> list[Array]:
    import tensorflow as tf

    text, types = ast.literal_eval(arguments)
    node = tf.compat.v1.NodeDef()
    node.op, node.name = call.partition(".")[2], "one"
    if node.op == "ResourceGather":  # of a variable, whose contents we have: an ordinary gather
        node.op, types = "GatherV2", [tf.as_dtype(operands[0].dtype).name, types[1], "int32"]
        text = {"Tindices": text["Tindices"], "batch_dims": text["batch_dims"]}
        for name, number in (("Tparams", 0), ("Taxis", 2)):
            node.attr[name].type = tf.as_dtype(types[number]).as_datatype_enum
        operands = [*operands, np.asarray(_batch_dims(text), dtype=np.int32)]
    from tensorflow.python.framework import op_def_registry

    definition = op_def_registry.get(node.op)
    if definition is None or definition.is_stateful:  # files, sockets, random numbers
        raise CannotRun(f"{call} is an operator with a state or an effect")
    for name, encoded in text.items():
        node.attr[name].ParseFromString(base64.b64decode(encoded))
    from zoodata.graph import tensorflow_operators

    kinds = [tf.as_dtype(kind).as_numpy_dtype for kind in types]
    given = [np.asarray(array).astype(kind) for array, kind in zip(operands, kinds, strict=True)]
    return tensorflow_operators.evaluate(node, given)
