"""TensorFlow SavedModels: the folder that ``model.export`` and ``tf.saved_model.save`` write.

A SavedModel's graph may name operators that touch files or run code; one that holds any with a state, but for those
that hold variables, is refused before it is loaded.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from zoodata.runtimes.tensorflow import KerasModel  # sets the environment before TensorFlow starts

import tensorflow as tf  # isort: skip
from tensorflow.core.protobuf import saved_model_pb2  # isort: skip
from tensorflow.python.framework import op_def_registry  # isort: skip

from zoodata.records.measurement import InputShape
from zoodata.runtimes.model import CannotRead, in_brief

ALLOWED = frozenset({
    "VarHandleOp", "ReadVariableOp", "AssignVariableOp", "VarIsInitializedOp", "StatefulPartitionedCall",
    "PartitionedCall", "Placeholder", "PlaceholderWithDefault", "SaveV2", "RestoreV2", "MergeV2Checkpoints",
    "ShardedFilename", "NoOp", "DisableCopyOnRead",
})  # fmt: skip
"""Operators with a state that any SavedModel has: variables, calls, and those that save and restore."""
FILES = frozenset({"SaveV2", "RestoreV2", "MergeV2Checkpoints", "ShardedFilename"})
"""Those that save and restore: any SavedModel holds them, and none calls them for an answer."""


def load(folder: Path, size: tuple[int, int] | None = None) -> SavedModel:
    """A SavedModel whose signature takes one image.

    Raises:
        CannotRead: when it holds operators that are not run, or no such signature.
    """
    proto = saved_model_pb2.SavedModel()
    try:
        proto.ParseFromString((folder / "saved_model.pb").read_bytes())
    except Exception as error:
        raise CannotRead(f"not a readable SavedModel: {in_brief(error)}") from error
    if refused := sorted(set(_refused(proto))):
        raise CannotRead(f"its graph holds operators that are not run ({', '.join(refused[:5])})")
    try:
        loaded = tf.saved_model.load(str(folder))
    except Exception as error:
        raise CannotRead(f"not a readable SavedModel: {in_brief(error)}") from error
    signatures = getattr(loaded, "signatures", {})
    for name in ("serving_default", *signatures):
        if name in signatures and _takes_image(signatures[name]):
            if touched := sorted(FILES & set(_called(signatures[name]))):
                raise CannotRead(f"its answer would touch files ({', '.join(touched)}), which is not run")
            return SavedModel(loaded, signatures[name], size)
    raise CannotRead("none of its signatures takes one image of four axes")


def _refused(proto: Any) -> Iterator[str]:
    for meta in proto.meta_graphs:
        functions = (node for function in meta.graph_def.library.function for node in function.node_def)
        for node in (*meta.graph_def.node, *functions):
            definition = op_def_registry.get(node.op)
            if definition is None or (definition.is_stateful and node.op not in ALLOWED):
                yield node.op


def _called(function: Any) -> Iterator[str]:
    """Every operator that a function may run, in the functions that it calls too."""
    graph = function.graph.as_graph_def()
    yield from (node.op for node in graph.node)
    yield from (node.op for called in graph.library.function for node in called.node_def)


def _takes_image(function: Any) -> bool:
    inputs = list(function.structured_input_signature[1].values())
    return len(inputs) == 1 and inputs[0].shape.rank == 4


class SavedModel(KerasModel):
    """One signature of a SavedModel, run as a function of its image."""

    def __init__(self, loaded: Any, signature: Any, size: tuple[int, int] | None) -> None:
        self._loaded, self._signature = loaded, signature
        ((self._argument, spec),) = signature.structured_input_signature[1].items()
        _, height, width, channels = spec.shape
        if size is not None:
            if height not in (None, size[0]) or width not in (None, size[1]):
                raise CannotRead(f"it is made for {height}x{width} pixels only")
            height, width = size
        if not (height and width and channels):
            raise CannotRead("it leaves its input size open: give one, for instance --size 224")
        self.input = InputShape(channels=channels, height=height, width=width, layout="NHWC")
        self.classes = int(tf.nest.flatten(self._trace(1).structured_outputs)[0].shape[-1])

    def _layers(self) -> frozenset[str]:
        return frozenset()

    def _variables(self) -> list[Any]:
        return list(self._signature.variables)

    def at(self, height: int, width: int) -> SavedModel:
        """See :class:`zoodata.runtimes.model.Model`."""
        return SavedModel(self._loaded, self._signature, (height, width))

    def _trace(self, batch: int) -> Any:
        size = (batch, self.input.height, self.input.width, self.input.channels)
        call = tf.function(lambda image: self._signature(**{self._argument: image}), autograph=False)
        return call.get_concrete_function(tf.TensorSpec(size, tf.float32))
