"""One ONNX node as a model of its own: to be run, or to have its shapes inferred."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import numpy_helper


def alone(
    node: onnx.NodeProto,
    given: Mapping[str, tuple[npt.DTypeLike, Sequence[int]]],
    versions: Mapping[str, int],
    constants: Mapping[str, npt.NDArray[Any]] | None = None,
    ir_version: int | None = None,
) -> onnx.ModelProto:
    """A model of one node.

    Args:
        node: with the names of its inputs and outputs.
        given: (dtype, shape) of each input that is fed.
        versions: of the operator sets, by domain.
        constants: inputs that the model stores.
        ir_version: of the file; None for the newest.
    """
    declared = [
        onnx.helper.make_tensor_value_info(name, onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype)), list(shape))
        for name, (dtype, shape) in given.items()
    ]
    outputs = [onnx.helper.make_value_info(name, onnx.TypeProto()) for name in node.output if name]
    stored = [numpy_helper.from_array(array, name) for name, array in (constants or {}).items()]
    graph = onnx.helper.make_graph([node], "one", declared, outputs, initializer=stored)
    imports = [onnx.helper.make_opsetid("" if domain == "ai.onnx" else domain, n) for domain, n in versions.items()]
    own = {} if ir_version is None else {"ir_version": ir_version}
    return onnx.helper.make_model(graph, opset_imports=imports, **own)
