"""Tensors that an exporter stored once because they were equal, given back to each layer that has one.

Exporters of torch store equal tensors once. In a model that was never trained all biases are zeros and all scales
ones, so one tensor serves layers that have nothing to do with each other: the network would have fewer parameters
than the model, and could not take a trained checkpoint. Only tensors of one repeated number are parted; others that
are shared are meant so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from math import prod

import numpy as np
import onnx
from onnx import numpy_helper

from zoodata.graph.onnx_storage import FLOATS, WEIGHTS

SUMS = frozenset({"Add", "Sub", "Mul"})
"""Where a bias or a scale may stand by itself."""


def unshared(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model with a tensor for each layer; the model itself where nothing is to be parted."""
    uses = Counter(name for _, _, name in _uses(model.graph))
    copied = {node.input[0] for node in model.graph.node if node.op_type == "Identity"}
    plain = {
        tensor.name
        for tensor in model.graph.initializer
        if (uses[tensor.name] > 1 or tensor.name in copied) and _is_plain(tensor)
    }
    if not plain:
        return model
    parted = onnx.ModelProto()
    parted.CopyFrom(model)
    graph = parted.graph
    tensors = {tensor.name: tensor for tensor in model.graph.initializer if tensor.name in plain}
    for node in [node for node in graph.node if node.op_type == "Identity" and node.input[0] in plain]:
        tensors[node.output[0]] = _copy(graph, tensors[node.input[0]], node.output[0])
        graph.node.remove(node)
    met: set[str] = set()
    for node, place, name in list(_uses(graph)):
        if name in tensors and name in met:
            own = f"{name}:{node.output[0]}"
            own = f"{own}:{place}" if own in met else own  # a batch norm's shift and mean are two tensors
            node.input[place] = own
            _copy(graph, tensors[name], own)
            met.add(own)
        met.add(name)
    return parted


def _uses(graph: onnx.GraphProto) -> Iterator[tuple[onnx.NodeProto, int, str]]:
    """The places where a layer's tensor may stand: node, number of the input, name."""
    for node in graph.node:
        places = range(len(node.input)) if node.op_type in SUMS else WEIGHTS.get(node.op_type, ())
        for place in places:
            if place < len(node.input) and node.input[place]:
                yield node, place, node.input[place]


def _is_plain(tensor: onnx.TensorProto) -> bool:
    """Whether it is one number, repeated."""
    if tensor.data_type not in FLOATS or prod(tensor.dims) < 2 or tensor.data_location == onnx.TensorProto.EXTERNAL:
        return False
    numbers = numpy_helper.to_array(tensor)
    return bool(np.all(numbers == numbers.flat[0]))


def _copy(graph: onnx.GraphProto, tensor: onnx.TensorProto, name: str) -> onnx.TensorProto:
    own = graph.initializer.add()
    own.CopyFrom(tensor)
    own.name = name
    return own
