"""Read an ONNX graph: its own nodes in order, put into canonical form.

What a file stores, :mod:`zoodata.graph.onnx_storage` says; weights may also be placeholders, as in the light graphs of
the ``onnx`` wheel. Functions that a file brings along are written out first, branches whose condition is known are
taken.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import inliner, numpy_helper
from onnx.reference import ReferenceEvaluator

from zoodata.graph import onnx_fused, onnx_operators, onnx_quantised, onnx_recurrent, view
from zoodata.graph.canonical.builder import Builder, View
from zoodata.graph.canonical.finish import finish
from zoodata.graph.network import Network, Parameter
from zoodata.graph.onnx_alone import alone
from zoodata.graph.onnx_storage import FLOATS, Stored, every_node, stored
from zoodata.graph.onnx_unshared import unshared
from zoodata.graph.view import Shape

__all__ = ["Image", "Read", "UnreadableGraph", "image_of", "read", "written_out"]

LOOPS = {"Loop", "Scan"}
MAKE_SEQUENCES = {"SequenceConstruct", "SplitToSequence"}
LARGEST_FOLD = 1 << 24
LARGEST_SIDE = 1 << 14
"""Rows or columns of an image; more is damage or an attack."""

OPERATORS = (onnx_operators, onnx_quantised, onnx_fused, onnx_recurrent)
"""Where the operators' handlers are; each registers its own."""

COUNTED_NAME = re.compile(r"(n\d+)?")
"""Node names that say nothing: none, or a running number."""

Value = View | npt.NDArray[Any]


class UnreadableGraph(ValueError):
    """The file is an ONNX model, but not one whose forward pass can be read."""


@dataclass(frozen=True)
class Image:
    """The image that a graph takes."""

    name: str
    shape: Shape
    """Batch 1."""
    kind: int
    """ONNX's number of its element type."""

    @property
    def is_nhwc(self) -> bool:
        """Whether channels come last."""
        return self.shape[3] in (1, 3) and self.shape[1] not in (1, 3)


@dataclass(frozen=True)
class Read:
    """A graph as read."""

    network: Network
    image: Image
    stored: Mapping[str, Stored]
    outputs: tuple[str, ...]
    """Names of all outputs."""
    output: str
    """The one whose value is read."""


def written_out(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model with its local functions written out, and a tensor for each layer."""
    return unshared(inliner.inline_local_functions(model) if model.functions else model)


def read(
    model: onnx.ModelProto, size: tuple[int, int] | None = None, output: str | None = None,
    trainable: Collection[str] = (),
) -> Read:  # fmt: skip
    """Read an image classifier's graph for one image.

    Args:
        model: with local functions written out.
        size: (height, width), for a graph that leaves them open.
        output: name of the output to read; else the first that has a row of scores, else the first.
        trainable: tensors that are known to be trained; see :func:`zoodata.graph.onnx_storage.stored`.

    Raises:
        UnreadableGraph: without one image input of known size, or with a loop.
    """
    graph = model.graph
    image = image_of(graph, size)
    weights = stored(graph, image.name, trainable)
    builder = Builder()
    channels, height, width = (image.shape[axis] for axis in ((3, 1, 2) if image.is_nhwc else (1, 2, 3)))
    picture = builder.image(channels, height, width)
    known: dict[str, Value] = {
        image.name: View(picture.node, view.permute(picture.axes, (0, 2, 3, 1))) if image.is_nhwc else picture
    }
    known.update(
        {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer if tensor.name not in weights}
    )
    for name, tensor in weights.items():
        known[name] = builder.parameter(name, tensor.shape, tensor.role)
    versions = {entry.domain or "ai.onnx": entry.version for entry in model.opset_import}
    reader = _Reader(builder, known, weights, versions, _kinds(model))
    reader.walk(graph.node)
    chosen = _chosen([value.name for value in graph.output], known, output)
    result = known[chosen]
    if not isinstance(result, View) or not result.node.dynamic:
        raise UnreadableGraph(f"the output {chosen} does not depend on the image")
    # What no node reads is export debris (dummy shapes, queue counters), not part of the model.
    used = {tensor for proto in every_node(graph) for tensor in proto.input}
    parameters = [Parameter(name, tensor.shape, tensor.role) for name, tensor in weights.items() if name in used]
    network = finish(builder, "onnx", (channels, height, width), result, parameters)
    return Read(network, image, weights, tuple(value.name for value in graph.output), chosen)


def _kinds(model: onnx.ModelProto) -> dict[str, int]:
    """Element types of values by name, as far as ONNX's inference tells them."""
    try:
        graph = onnx.shape_inference.infer_shapes(_light(model)).graph
    except Exception:  # what it cannot infer, it may refuse
        graph = model.graph
    values = [*graph.input, *graph.value_info, *graph.output]
    return {value.name: value.type.tensor_type.elem_type for value in values if value.type.HasField("tensor_type")}


def _light(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model without the contents of its large tensors, which say nothing about types."""
    light = onnx.ModelProto()
    light.CopyFrom(model)
    for tensor in light.graph.initializer:
        if len(tensor.raw_data) > 4096:
            value = onnx.helper.make_tensor_value_info(tensor.name, tensor.data_type, list(tensor.dims))
            light.graph.input.append(value)
    kept = [tensor for tensor in light.graph.initializer if len(tensor.raw_data) <= 4096]
    del light.graph.initializer[:]
    light.graph.initializer.extend(kept)
    return light


def _chosen(names: Sequence[str], known: Mapping[str, Value], wanted: str | None) -> str:
    if wanted is not None:
        if wanted not in names:
            raise UnreadableGraph(f"there is no output {wanted}; there are {', '.join(names)}")
        return wanted
    for name in names:
        value = known.get(name)
        if isinstance(value, View) and value.node.dynamic and len([size for size in value.shape if size != 1]) == 1:
            return name
    return names[0]


def image_of(graph: onnx.GraphProto, size: tuple[int, int] | None = None) -> Image:
    """The graph's image, batch 1.

    Raises:
        UnreadableGraph: when there is not exactly one, or its size is open and none is given.
    """
    held = {tensor.name for tensor in graph.initializer}
    inputs = [value for value in graph.input if value.name not in held]
    images = [value for value in inputs if len(value.type.tensor_type.shape.dim) == 4]
    if len(images) != 1:
        raise UnreadableGraph(f"the graph has {len(images)} image inputs (of four axes), not one")
    tensor = images[0].type.tensor_type
    sizes = [int(dimension.dim_value) for dimension in tensor.shape.dim]
    if any(length < 0 or length > LARGEST_SIDE for length in sizes):
        raise UnreadableGraph(f"the input {images[0].name} is {'x'.join(map(str, sizes))}, which is no image's size")
    channels_last = sizes[3] in (1, 3) and sizes[1] not in (1, 3)
    positions = (1, 2) if channels_last else (2, 3)
    if size is not None:
        for axis, length in zip(positions, size, strict=True):
            if sizes[axis] not in (0, length):
                raise UnreadableGraph(f"the graph is made for {sizes[positions[0]]}x{sizes[positions[1]]} pixels only")
            sizes[axis] = length
    if 0 in (sizes[axis] for axis in positions):
        raise UnreadableGraph("the input's height and width are open: give them, for instance --size 224")
    if 0 in sizes[1:]:
        raise UnreadableGraph("the input's number of channels is open")
    if sizes[0] > 1:
        raise UnreadableGraph(f"the graph's batch is fixed at {sizes[0]}; one image at a time can be read")
    return Image(images[0].name, (1, *sizes[1:]), tensor.elem_type)


class _Reader:
    def __init__(
        self,
        builder: Builder,
        known: dict[str, Value],
        weights: Mapping[str, Stored],
        versions: Mapping[str, int],
        kinds: Mapping[str, int],
    ) -> None:
        self.builder = builder
        self.known = known
        self.weights = weights
        self.versions = versions
        self.kinds = kinds
        self.sequences: dict[str, list[npt.NDArray[Any]]] = {}

    def walk(self, nodes: Sequence[onnx.NodeProto]) -> None:
        """The nodes of a graph or of a branch, in order."""
        for proto in nodes:
            if proto.output[0] not in self.weights:
                self.builder.place = proto.output[0] if COUNTED_NAME.fullmatch(proto.name) else proto.name
                self.step(proto)

    def step(self, proto: onnx.NodeProto) -> None:
        """One node of the graph."""
        where = proto.name or proto.op_type
        if self._of_sequence(proto):
            return
        if proto.op_type in LOOPS:
            raise UnreadableGraph(f"the graph has control flow ({proto.op_type} at {where})")
        inputs = [self.known[name] if name else None for name in proto.input]
        if proto.op_type == "If":
            self._branch(proto, inputs[0])
            return
        if proto.op_type == "Constant":
            results: list[Value] = [onnx_operators.constant_of(proto)]
        elif proto.op_type == "Shape":
            results = [_shape_of(proto, inputs[0])]
        elif all(given is None or isinstance(given, np.ndarray) for given in inputs):
            results = self._folded(proto, inputs)
        else:
            version = self.versions.get(proto.domain or "ai.onnx", 1)
            try:
                results = list(onnx_operators.build(self.builder, proto, inputs, version, self.kinds))
            except onnx_operators.CannotTell as error:
                raise UnreadableGraph(f"{where}: {error}") from error
        for name, value in zip(proto.output, results, strict=False):
            if name:
                self.known[name] = value
                if isinstance(value, View) and value.node.dynamic and self.kinds.get(name) in FLOATS:
                    self.builder.marks[name] = value

    def _of_sequence(self, proto: onnx.NodeProto) -> bool:
        """Whether a node made or read a sequence of numbers that are known beforehand: sizes that are taken apart."""
        if proto.op_type in MAKE_SEQUENCES and all(isinstance(self.known.get(n), np.ndarray) for n in proto.input if n):
            inputs = [np.asarray(self.known[name]) for name in proto.input if name]
            (self.sequences[proto.output[0]],) = run_alone(proto, inputs, self.versions)
            return True
        sequence = self.sequences.get(proto.input[0]) if proto.input else None
        if sequence is None:
            return False
        own = {attribute.name: attribute.i for attribute in proto.attribute}
        if proto.op_type == "SequenceAt":
            self.known[proto.output[0]] = np.asarray(sequence[int(np.asarray(self.known[proto.input[1]]).ravel()[0])])
        elif proto.op_type == "SequenceLength":
            self.known[proto.output[0]] = np.asarray(len(sequence))
        elif proto.op_type == "SequenceMap":
            body = next(attribute.g for attribute in proto.attribute if attribute.name == "body")
            rows = [self._mapped(body, proto.input, place) for place in range(len(sequence))]
            self.sequences.update({name: [row[number] for row in rows] for number, name in enumerate(proto.output)})
        elif proto.op_type == "ConcatFromSequence":
            join = np.stack if own.get("new_axis") else np.concatenate
            self.known[proto.output[0]] = join(sequence, axis=own["axis"])
        else:
            raise UnreadableGraph(f"{proto.name or proto.op_type}: the sequence {proto.input[0]} is read otherwise")
        return True

    def _mapped(self, body: onnx.GraphProto, names: Sequence[str], place: int) -> list[npt.NDArray[Any]]:
        """What a graph makes of one place of sequences, beside tensors that are the same for each.

        Its own names may be those of sequences outside.
        """
        given = [self.sequences[name][place] if name in self.sequences else self.known[name] for name in names]
        inside = {value.name: number for value, number in zip(body.input, given, strict=True)}
        outside, self.sequences = self.sequences, {n: s for n, s in self.sequences.items() if n not in inside}
        self.known.update(inside)
        self.walk(body.node)
        self.sequences = outside
        made = [self.known[value.name] for value in body.output]
        if not all(isinstance(value, np.ndarray) for value in made):
            raise UnreadableGraph(f"{body.name or 'SequenceMap'} makes a sequence of what is not known beforehand")
        return [np.asarray(value) for value in made]

    def _branch(self, proto: onnx.NodeProto, condition: Value | None) -> None:
        """Take the branch of a condition that is known beforehand."""
        if not isinstance(condition, np.ndarray):
            raise UnreadableGraph(f"the graph has control flow (If at {proto.name or proto.output[0]})")
        wanted = "then_branch" if bool(condition.ravel()[0]) else "else_branch"
        branch = next(attribute.g for attribute in proto.attribute if attribute.name == wanted)
        self.known.update({tensor.name: numpy_helper.to_array(tensor) for tensor in branch.initializer})
        self.walk(branch.node)
        for name, value in zip(proto.output, branch.output, strict=True):
            self.known[name] = self.known[value.name]

    def _folded(self, proto: onnx.NodeProto, inputs: list[Any]) -> list[Value]:
        results = run_alone(proto, [np.asarray(given) for given in inputs if given is not None], self.versions)
        if sum(array.size for array in results) > LARGEST_FOLD:
            raise UnreadableGraph(f"{proto.name or proto.op_type} is a very large constant")
        return list(results)


def run_alone(proto: onnx.NodeProto, inputs: list[Any], versions: Mapping[str, int]) -> list[Any]:
    """Run one node on numbers, by ONNX's own reference; each output is an array, or a list of arrays."""
    names = [name for name in proto.input if name]
    feeds = dict(zip(names, inputs, strict=True))
    model = alone(proto, {name: (array.dtype, array.shape) for name, array in feeds.items()}, versions)
    return list(ReferenceEvaluator(model).run(None, feeds))


def _shape_of(proto: onnx.NodeProto, given: Any) -> npt.NDArray[np.int64]:
    sizes = tuple(given.shape)
    own = {attribute.name: attribute.i for attribute in proto.attribute}
    return np.asarray(sizes[own.get("start", 0) : own.get("end", len(sizes))], dtype=np.int64)
