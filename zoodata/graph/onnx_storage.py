"""What an ONNX file stores: which of its tensors are weights, decided by what reads them.

A file does not say it: weights stand in initialisers or in Constant nodes, as floats, as placeholders, or as integers
with a scale; so do the constants of formulas, buffers and the scales of a resize. The operator that reads a tensor
tells them apart: a convolution's second input is a weight whatever its shape, a Clip's is a limit.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import onnx
from onnx import numpy_helper

from zoodata.graph.network import Role
from zoodata.graph.view import Shape

Array = npt.NDArray[Any]

P: Role = "parameter"
S: Role = "statistic"
WEIGHTS: dict[str, dict[int, Role]] = {
    "Conv": {1: P, 2: P}, "ConvTranspose": {1: P, 2: P}, "DeformConv": {1: P, 3: P}, "Gemm": {1: P, 2: P},
    "MatMul": {0: P, 1: P}, "Einsum": {0: P, 1: P, 2: P}, "BatchNormalization": {1: P, 2: P, 3: S, 4: S},
    "InstanceNormalization": {1: P, 2: P}, "LayerNormalization": {1: P, 2: P}, "GroupNormalization": {1: P, 2: P},
    "RMSNormalization": {1: P}, "PRelu": {1: P}, "LSTM": {1: P, 2: P, 3: P, 7: P}, "GRU": {1: P, 2: P, 3: P},
    "RNN": {1: P, 2: P, 3: P}, "ConvInteger": {1: P}, "MatMulInteger": {0: P, 1: P}, "QLinearConv": {3: P, 8: P},
    "QLinearMatMul": {0: P, 3: P}, "FusedConv": {1: P, 2: P}, "FusedMatMul": {0: P, 1: P}, "FusedGemm": {1: P, 2: P},
    "QGemm": {3: P, 6: P}, "BiasGelu": {1: P}, "FastGelu": {1: P}, "SkipLayerNormalization": {2: P, 3: P, 4: P},
}  # fmt: skip
"""Operator type to the inputs that are weights, whatever they look like."""

BESIDE = frozenset({"Add", "Sub", "Mul", "Sum", "Concat", "Expand", "Gather", "Tile", "Max", "Min"})
"""Operators of which a stored vector or table may be a weight (a bias, a gamma, a class token) or a constant."""

VIEWS = frozenset({"Unsqueeze", "Squeeze", "Reshape", "Transpose", "Identity", "Cast", "Flatten", "Slice", "Split",
                   "Expand", "Tile"})  # fmt: skip
QUANTISING = frozenset({"QuantizeLinear", "DequantizeLinear"})
FLOATS = {onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16, onnx.TensorProto.DOUBLE, onnx.TensorProto.BFLOAT16}
INTEGERS = {getattr(onnx.TensorProto, name) for name in ("INT4", "UINT4", "INT8", "UINT8", "INT16", "UINT16", "INT32")}
ARITHMETIC = frozenset({"Add", "Sub", "Mul", "Div", "Cast", "Transpose", "Identity", "Clip", "QuantizeLinear",
                        "DequantizeLinear"})  # fmt: skip
MASKING = -50.0
"""A table of zeros and one number below this is a mask."""


@dataclass(frozen=True)
class Stored:
    """One weight of a file."""

    shape: Shape
    role: Role
    numbers: Array | None
    """What it holds, as real numbers; None for a placeholder."""
    quantised: bool = False
    """Whether it is kept as integers, so that it cannot hold other numbers than a few hundred."""


def stored(graph: onnx.GraphProto, image: str, trainable: Collection[str] = ()) -> dict[str, Stored]:
    """The weights of a graph by the names of their tensors, in the order of the file.

    Args:
        graph: of a file.
        image: the name of its input.
        trainable: tensors that are known to be trained, whatever reads them: a scale of one number looks like a
            constant.
    """
    nodes = list(every_node(graph))
    shapes = placeholders(graph)
    held = {tensor.name: tensor for tensor in graph.initializer}
    for node in nodes:
        if node.op_type == "Constant" and (value := _tensor_of(node)) is not None:
            held[node.output[0]] = value
    candidates = {name: tensor for name, tensor in held.items() if tensor.data_type in FLOATS | INTEGERS}
    uses = _Uses(nodes, {*candidates, *shapes}, held, image)
    for name in candidates.keys() & set(trainable):
        uses.definite.setdefault(name, "parameter")
    found: dict[str, Stored] = {}
    for name, shape in shapes.items():
        found[name] = Stored(shape, uses.definite.get(name, "parameter"), None)
    for name, tensor in candidates.items():
        role = uses.role(name, tensor)
        if role is None:
            continue
        scaling = uses.scaling.get(name)
        if tensor.data_type in FLOATS:
            found[name] = Stored(tuple(tensor.dims), role, numpy_helper.to_array(tensor).astype(np.float32))
        elif scaling is not None:
            numbers = dequantised(
                numpy_helper.to_array(tensor), _product(held, scaling.scales), _held(held, scaling.zero), scaling.axis
            )
            found[name] = Stored(tuple(tensor.dims), role, numbers, quantised=True)
    # The order of the file, so that names and digests do not depend on how its nodes are sorted.
    order = {name: number for number, name in enumerate([*held, *shapes])}
    return dict(sorted(found.items(), key=lambda item: order[item[0]]))


def dequantised(whole: Array, scale: Array | None, zero: Array | None, axis: int | None) -> Array:
    """The real numbers that integers stand for: ``(whole - zero) * scale``, along an axis where there are several."""
    numbers = whole.astype(np.float32)
    for each, operation in ((zero, np.subtract), (scale, np.multiply)):
        if each is None:
            continue
        beside = each.astype(np.float32)
        if beside.size > 1 and axis is not None:
            beside = beside.reshape([-1 if number == axis % whole.ndim else 1 for number in range(whole.ndim)])
        elif beside.size == 1:
            beside = beside.reshape(())
        numbers = operation(numbers, beside)
    return np.asarray(numbers, dtype=np.float32)


def placeholders(graph: onnx.GraphProto) -> dict[str, Shape]:
    """Weights that are only a shape: outputs of ConstantOfShape over a stored shape."""
    shapes = {tensor.name: tensor for tensor in graph.initializer}
    return {
        node.output[0]: tuple(int(size) for size in numpy_helper.to_array(shapes[node.input[0]]))
        for node in graph.node
        if node.op_type == "ConstantOfShape" and node.input[0] in shapes
    }


def every_node(graph: onnx.GraphProto) -> Iterator[onnx.NodeProto]:
    """All nodes of a graph, those of its branches included."""
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                yield from every_node(attribute.g)


class _Scaling(NamedTuple):
    """How integers are read as numbers."""

    scales: tuple[str, ...]
    """Names of tensors whose product is the scale; none where it is applied later."""
    zero: str | None
    axis: int
    """Along which scale and zero stand, where there are several."""


class _Uses:
    """What reads each candidate, seen through what only changes its shape or scale."""

    def __init__(
        self,
        nodes: Sequence[onnx.NodeProto],
        candidates: set[str],
        held: Mapping[str, onnx.TensorProto],
        image: str,
    ) -> None:
        self.definite: dict[str, Role] = {}
        """Read as a weight."""
        self.scaling: dict[str, _Scaling] = {}
        """Of integers."""
        self._beside: set[str] = set()
        """Read where a weight or a constant may stand."""
        self._bias: set[str] = set()
        """Added to what a stored matrix gave."""
        self._made = {name for node in nodes if node.op_type == "Constant" for name in node.output}
        origin = {name: name for name in candidates}
        fixed = {image}  # the image, and what only arithmetic made of it
        products: set[str] = set()
        from_reshape: set[str] = set()
        for node in nodes:
            kind, inputs = node.op_type, list(node.input)
            sources = [origin.get(name) for name in inputs]
            if kind in VIEWS | QUANTISING and sources and sources[0] is not None:
                origin.update(dict.fromkeys(node.output, sources[0]))
            if kind == "Reshape":
                from_reshape.update(node.output)
            self._scaled(node, sources)
            neutral = kind == "InstanceNormalization" and inputs[0] in from_reshape and _is_neutral(inputs[1:], held)
            roles = {} if neutral else WEIGHTS.get(kind, {})
            for position, role in roles.items():
                if position < len(sources) and (name := sources[position]) is not None:
                    self.definite[name] = role
            if kind in BESIDE:
                raw = any(name in fixed for name in inputs)
                for place, name in enumerate(sources):
                    if name is not None and not raw:
                        self._beside.add(name)
                        if kind == "Add" and any(other in products for other in inputs[:place] + inputs[place + 1 :]):
                            self._bias.add(name)
            if kind in ("MatMul", "Gemm", "FusedMatMul", "MatMulInteger", "ConvInteger") and any(sources):
                products.update(node.output)
            if kind in ("Cast", "Mul") and any(name in products for name in inputs):  # as integer products are scaled
                products.update(node.output)
            if kind in ARITHMETIC and any(name in fixed for name in inputs):
                known = (name in fixed or not name or name in held for name in inputs)
                if all(known):
                    fixed.update(node.output)

    def role(self, name: str, tensor: onnx.TensorProto) -> Role | None:
        """What a tensor is; None for a constant."""
        if name in self.definite:
            return self.definite[name]
        if name in self._bias and prod(tensor.dims) > 0 and len(tensor.dims) > 0:
            return "parameter"
        if name not in self._beside or prod(tensor.dims) <= 1 or tensor.data_type not in FLOATS:
            return None
        numbers = numpy_helper.to_array(tensor)
        # A node of one number everywhere fills a shape; a weight that has just been made so is an initialiser.
        is_filling = name in self._made and bool((numbers == numbers.flat[0]).all())
        return None if is_filling or _is_mask(numbers) else "parameter"

    def _scaled(self, node: onnx.NodeProto, sources: list[str | None]) -> None:
        inputs = [*node.input, *[""] * 9]
        axis = next((a.i for a in node.attribute if a.name == "axis"), 1)
        rows: tuple[tuple[int, tuple[int, ...], int | None, int], ...] = {
            "DequantizeLinear": ((0, (1,), 2, axis),), "QLinearConv": ((3, (4,), 5, 0), (8, (1, 4), None, 0)),
            "QLinearMatMul": ((0, (1,), 2, -2), (3, (4,), 5, -1)), "QGemm": ((3, (4,), 5, -1), (6, (1, 4), None, 0)),
            "ConvInteger": ((1, (), 3, 0),), "MatMulInteger": ((0, (), 2, -2), (1, (), 3, -1)),
        }.get(node.op_type, ())  # fmt: skip
        for place, scales, zero, along in rows:
            if place < len(sources) and (name := sources[place]) is not None:
                named = tuple(inputs[each] for each in scales)
                self.scaling.setdefault(name, _Scaling(named, inputs[zero] or None if zero else None, along))


def _tensor_of(node: onnx.NodeProto) -> onnx.TensorProto | None:
    return next((a.t for a in node.attribute if a.name == "value"), None)


def _held(held: Mapping[str, onnx.TensorProto], name: str | None) -> Array | None:
    return None if name is None or name not in held else numpy_helper.to_array(held[name])


def _product(held: Mapping[str, onnx.TensorProto], names: tuple[str, ...]) -> Array | None:
    factors = [each for name in names if (each := _held(held, name)) is not None]
    return np.prod(np.broadcast_arrays(*factors), axis=0) if factors else None


def _is_neutral(names: list[str], held: Mapping[str, onnx.TensorProto]) -> bool:
    """Whether a scale and a shift change nothing: how exporters write the groups of a group norm."""
    scale, shift = (_held(held, name) for name in names)
    return scale is not None and shift is not None and bool((scale == 1).all() and (shift == 0).all())


def _is_mask(numbers: Array) -> bool:
    different = np.unique(numbers)
    return len(different) == 2 and different[1] == 0 and different[0] <= MASKING
