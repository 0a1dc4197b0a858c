"""Files that ONNX Runtime saved for one kind of processor: channels in blocks of its vector's length (NCHWc).

Weights of such a file lie in the processor's order, padded to whole blocks, and no line of it says how long a block is.
ONNX Runtime reads it by the length of the machine that it runs on; so do we, and run both to see that they agree.
Source: ONNX Runtime's ``nchwc_transformer.cc`` and ``MlasReorderFilterOIHWBiBo``.
"""

from __future__ import annotations

import functools
import tempfile
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import numpy_helper

from zoodata.graph.onnx_alone import alone
from zoodata.graph.onnx_operators import MICROSOFT
from zoodata.runtimes.model import CannotRead

BLOCKED = "com.microsoft.nchwc"
"""The domain of operators whose channels lie in blocks."""

KEEPS_CHANNELS = frozenset(
    {"MaxPool", "AveragePool", "GlobalMaxPool", "GlobalAveragePool", "Upsample", "ReorderInput", "ReorderOutput", "Add",
     "Mul", "Sub", "Relu", "Sigmoid", "Tanh", "Clip", "LeakyRelu", "HardSigmoid", "HardSwish", "Gelu", "QuickGelu"}
)  # fmt: skip
"""Operators with as many channels behind them as before."""

CLOSE = 1e-4
"""How near the scores of both forms must be, of the largest."""

Tensor = npt.NDArray[Any]


class OtherProcessor(CannotRead):
    """The file cannot be read as this machine would run it."""

    def __init__(self) -> None:
        super().__init__(
            "ONNX Runtime saved this file for one kind of processor, its weights in that processor's order, which is "
            "not this machine's: save it with ORT_ENABLE_EXTENDED, or give the file that it was made of"
        )


def unblocked(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model with plain convolutions and weights in the usual order; the model itself where it has no blocks.

    Raises:
        OtherProcessor: where this machine has other blocks, or none.
    """
    if not any(node.domain == BLOCKED for node in model.graph.node):
        return model
    size = block()
    if size < 2:
        raise OtherProcessor
    plain = onnx.ModelProto()
    plain.CopyFrom(model)
    try:
        _rewrite(plain.graph, size)
    except ValueError as error:  # a number of channels that is no number of whole blocks
        raise OtherProcessor from error
    if all(entry.domain != MICROSOFT for entry in plain.opset_import):
        plain.opset_import.append(onnx.helper.make_opsetid(MICROSOFT, 1))
    if not _agree(model, plain):
        raise OtherProcessor
    return plain


@functools.cache
def block() -> int:
    """Channels of a block as ONNX Runtime lays them out on this machine, 1 where it has none: it is asked by a
    convolution with one output, which it pads to a block."""
    import onnxruntime

    convolution = onnx.helper.make_node("Conv", ["x", "w"], ["y"])
    given, weight = {"x": (np.float32, (1, 3, 4, 4))}, {"w": np.ones((1, 3, 1, 1), np.float32)}
    model = alone(convolution, given, {"ai.onnx": 17}, weight, ir_version=8)
    with tempfile.TemporaryDirectory() as folder:
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        options.optimized_model_filepath = str(Path(folder, "saved.onnx"))
        onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        saved = onnx.load(options.optimized_model_filepath)
    shapes = {tensor.name: tensor.dims for tensor in saved.graph.initializer}
    convolutions = [node for node in saved.graph.node if node.domain == BLOCKED and node.op_type == "Conv"]
    return max((int(shapes[node.input[1]][0]) for node in convolutions), default=1)


def _rewrite(graph: onnx.GraphProto, size: int) -> None:
    tensors = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    before = {
        node.output[0]: _ordered(tensors[node.input[1]], _group(node), size)
        for node in graph.node
        if node.domain == BLOCKED and node.op_type == "Conv"
    }
    channels = _channels(graph, before, tensors, size)
    nodes = []
    for node in graph.node:
        if node.domain != BLOCKED:
            nodes.append(node)
        elif node.op_type == "Conv":
            nodes.extend(_scaled(graph, _convolution(graph, node, before[node.output[0]], channels, tensors)))
        elif node.op_type in {"ReorderInput", "ReorderOutput"}:
            nodes.append(_reordering(node))
        elif node.op_type == "Upsample":
            nodes.extend(_upsampling(graph, node))
        else:
            node.domain = ""
            nodes.append(node)
    kept = [onnx.NodeProto.FromString(node.SerializeToString()) for node in nodes]
    del graph.node[:]
    graph.node.extend(kept)
    used = {name for node in kept for name in node.input}
    left = [tensor for tensor in graph.initializer if tensor.name in used]
    del graph.initializer[:]
    graph.initializer.extend(left)
    del graph.value_info[:]  # shapes with whole blocks


def _attribute(node: onnx.NodeProto, name: str, default: Any) -> Any:
    return next((onnx.helper.get_attribute_value(each) for each in node.attribute if each.name == name), default)


def _group(node: onnx.NodeProto) -> int:
    return int(_attribute(node, "group", 1))


def _bias(node: onnx.NodeProto, tensors: dict[str, Tensor]) -> Tensor | None:
    return tensors[node.input[2]] if len(node.input) > 2 and node.input[2] else None


def _is_depthwise(weight: Tensor, group: int) -> bool:
    return group > 1 and weight.shape[1] == 1 and weight.shape[0] == group


def _ordered(weight: Tensor, group: int, size: int) -> Tensor:
    """(outputs, inputs, height, width) of a kernel whose outputs, and inputs if whole blocks, lie in blocks."""
    outputs, inputs, *kernel = weight.shape
    if _is_depthwise(weight, group) or (group == 1 and inputs < size):
        return weight.reshape(outputs // size, inputs, *kernel, size).transpose(0, 4, 1, 2, 3).reshape(weight.shape)
    blocks = weight.reshape(outputs // size, inputs // size, *kernel, size, size)
    return blocks.transpose(0, 5, 1, 4, 2, 3).reshape(weight.shape)


def _channels(
    graph: onnx.GraphProto, weights: dict[str, Tensor], tensors: dict[str, Tensor], size: int
) -> dict[str, int]:
    """How many channels each value has without padding, as far as the file shows it.

    Values that must have equally many form a set. A set's number is what the file states where it leaves the blocks;
    else that of the filters that make it, or that read it, up to the last that is not padding.
    """
    sets: dict[str, str] = {}

    def of(name: str) -> str:
        while (above := sets.get(name, name)) != name:
            name = above
        return name

    def tie(names: Iterable[str]) -> None:
        first, *rest = [of(name) for name in names if name and name not in tensors] or [""]
        sets.update({name: first for name in rest if name != first})

    convolutions = [node for node in graph.node if node.domain == BLOCKED and node.op_type == "Conv"]
    for node in graph.node:
        if node.op_type in KEEPS_CHANNELS or (node.op_type == "FusedConv" and len(node.input) > 3):
            tie([*node.input, *node.output])
    for node in convolutions:
        depthwise = _is_depthwise(weights[node.output[0]], _group(node))
        tie([*node.input[3:], *node.output, *(node.input[:1] if depthwise else ())])
    stated: dict[str, int] = {}
    made: dict[str, int] = defaultdict(int)
    read: dict[str, int] = defaultdict(int)
    for node in graph.node:
        if node.domain == BLOCKED and node.op_type == "ReorderOutput":
            stated[of(node.output[0])] = int(_attribute(node, "channels", 0))
        elif node.domain != BLOCKED and node.op_type in {"Conv", "FusedConv"} and node.input[1] in tensors:
            stated[of(node.output[0])] = len(tensors[node.input[1]])
    for node in convolutions:
        weight, maker, reader = weights[node.output[0]], of(node.output[0]), of(node.input[0])
        made[maker] = max(made[maker], _filled(weight, _bias(node, tensors), size))
        if _group(node) == 1:
            read[reader] = max(read[reader], _filled(weight.swapaxes(0, 1), None, size))
    found: dict[str, int] = {}
    for known in (read, made, stated):  # the last that says a number is the surest
        found.update({name: number for name, number in known.items() if number})
    return {name: found[of(name)] for node in graph.node for name in (*node.input, *node.output) if of(name) in found}


def _filled(weight: Tensor, bias: Tensor | None, size: int) -> int:
    """How many filters there are up to the last that is not zero; 0 where a whole block of zeros shows nothing."""
    is_zero = np.logical_not(weight.reshape(len(weight), -1).any(axis=1))
    if bias is not None:
        is_zero &= bias == 0
    padded = int(np.argmin(is_zero[::-1]))
    return 0 if is_zero.all() or padded >= size else len(weight) - padded


def _convolution(
    graph: onnx.GraphProto, node: onnx.NodeProto, weight: Tensor, channels: dict[str, int], tensors: dict[str, Tensor]
) -> onnx.NodeProto:
    """The convolution with its weights in the usual order, without padding."""
    group, outputs = _group(node), channels.get(node.output[0], len(weight))
    bias = _bias(node, tensors)
    if _is_depthwise(weight, group):
        weight, group = weight[:outputs], outputs
    elif group == 1:
        weight = weight[:outputs, : channels.get(node.input[0], weight.shape[1])]
    plain = onnx.NodeProto()
    plain.CopyFrom(node)
    plain.domain, plain.op_type = MICROSOFT, "FusedConv"
    for attribute in plain.attribute:
        if attribute.name == "group":
            attribute.i = group
    for place, tensor in ((1, weight), (2, None if bias is None else bias[:outputs])):
        if tensor is not None:
            plain.input[place] = f"{node.output[0]}:{('weight', 'bias')[place - 1]}"
            graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(tensor), plain.input[place]))
    return plain


def _scaled(graph: onnx.GraphProto, node: onnx.NodeProto) -> list[onnx.NodeProto]:
    """A convolution that was a batch norm as the scale and shift that it is; any other as it stands."""
    if not node.name.endswith("_bn_nchwc") or len(node.input) != 3 or _attribute(node, "activation_params", ()):
        return [node]
    scale, shift = (next(each for each in graph.initializer if each.name == name) for name in node.input[1:])
    scale.dims[:] = shift.dims[:] = (shift.dims[0], 1, 1)
    made = node.output[0]
    nodes = [
        onnx.helper.make_node("Mul", [node.input[0], scale.name], [f"{made}:scaled"], name=f"{node.name}:scale"),
        onnx.helper.make_node("Add", [f"{made}:scaled", shift.name], [f"{made}:shifted"], name=node.name),
    ]
    activation = _attribute(node, "activation", b"").decode() or "Identity"
    return [*nodes, onnx.helper.make_node(activation, [f"{made}:shifted"], [made], name=f"{node.name}:{activation}")]


def _reordering(node: onnx.NodeProto) -> onnx.NodeProto:
    """Into blocks or out of them: nothing, but where the other side has its channels last."""
    given, made = [node.input[0]], [node.output[0]]
    if not _attribute(node, "channels_last", 0):
        return onnx.helper.make_node("Identity", given, made, name=node.name)
    order = (0, 3, 1, 2) if node.op_type == "ReorderInput" else (0, 2, 3, 1)
    return onnx.helper.make_node("Transpose", given, made, name=node.name, perm=order)


def _upsampling(graph: onnx.GraphProto, node: onnx.NodeProto) -> list[onnx.NodeProto]:
    scales = np.asarray(_attribute(node, "scales", (1, 1, 1, 1)), np.float32)
    name = f"{node.output[0]}:scales"
    graph.initializer.append(numpy_helper.from_array(scales, name))
    mode = _attribute(node, "mode", b"nearest").decode()
    way = {
        "mode": mode,
        "coordinate_transformation_mode": _attribute(node, "coordinate_transformation_mode", b"asymmetric").decode(),
    }
    way |= {"nearest_mode": "floor"} if mode == "nearest" else {}
    return [onnx.helper.make_node("Resize", [node.input[0], "", name], node.output, name=node.name, **way)]


def _agree(model: onnx.ModelProto, plain: onnx.ModelProto) -> bool:
    """Whether ONNX Runtime gives the same scores for both, on one random input."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    answers = []
    for form in (model, plain):
        try:
            session = onnxruntime.InferenceSession(
                form.SerializeToString(), options, providers=["CPUExecutionProvider"]
            )
            draw = np.random.default_rng(0)
            feed = {each.name: _random(each, draw) for each in session.get_inputs()}
            answers.append(np.asarray(session.run(None, feed)[0], np.float64))
        except Exception:  # what it refuses, it cannot run here
            return False
    one, other = answers
    return one.shape == other.shape and bool(np.allclose(one, other, atol=CLOSE * max(np.abs(one).max(), 1e-9)))


def _random(value: Any, draw: np.random.Generator) -> Tensor:
    """Something for an input of a session; 1 for an open batch, 64 for an open size."""
    kinds = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(double)": np.float64}
    shape = [size if isinstance(size, int) else 64 if place else 1 for place, size in enumerate(value.shape)]
    return draw.standard_normal(shape).astype(kinds.get(value.type, np.uint8))
