"""A network as an ONNX model: netron draws it, ONNX Runtime runs it.

Weights stand as placeholders unless they are given: a shape and an operator that fills it, so the file stays
small. Views become the Reshape, Transpose and Expand nodes that they stand for. Maps carry the batch axis that
ONNX's own operators want from node to node, so that a runtime fuses and lays out what it would in any model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from zoodata.graph import view
from zoodata.graph.network import CONSTANT, INPUT, PARAMETER, Edge, Network, Node, sequence_sizes

OPSET = 20
Array = npt.NDArray[Any]


class CannotWrite(ValueError):
    """An operator that ONNX has no word for."""


def model(network: Network, title: str, weights: Mapping[str, Array] | None = None) -> onnx.ModelProto:
    """The network at batch 1, image (1, channels, height, width) in, (1, classes) out.

    Operators that run only by another framework's name become nodes of the domain ``zoodata``, which netron
    shows and no runtime executes.
    """
    writer = _Writer(network, weights)
    for node in network.nodes:
        writer.node(node)
    output = writer.reshaped(writer.names[network.output], (1, int(np.prod(network.nodes[network.output].shape))))
    graph = helper.make_graph(
        _used([*writer.nodes, helper.make_node("Identity", [output], ["scores"])]),
        title,
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, *network.input_shape])],
        [
            helper.make_tensor_value_info(
                "scores", TensorProto.FLOAT, [1, int(np.prod(network.nodes[network.output].shape))]
            )
        ],
        initializer=writer.initializers,
    )
    opsets = [helper.make_opsetid("", OPSET), *([helper.make_opsetid("zoodata", 1)] if writer.has_foreign else [])]
    return helper.make_model(graph, opset_imports=opsets, ir_version=9, producer_name="zoodata")


def _used(nodes: list[onnx.NodeProto]) -> list[onnx.NodeProto]:
    """Nodes that the last one needs, in order."""
    wanted, kept = set(nodes[-1].output) - {""}, []
    for node in reversed(nodes):
        if wanted & set(node.output):
            wanted |= set(node.input) - {""}
            kept.append(node)
    return kept[::-1]


class _Writer:
    def __init__(self, network: Network, weights: Mapping[str, Array] | None) -> None:
        self.network = network
        self.weights = weights
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []
        self.names: dict[int, str] = {}
        self.has_foreign = False
        self._stored: dict[str, str] = {}
        self._shapes: dict[str, tuple[int, ...]] = {"image": (1, *network.input_shape)}
        self._sources: dict[str, str] = {}
        """What a reshaped name is a reshape of."""
        self._reshaped: dict[tuple[str, tuple[int, ...]], str] = {}
        self._count = 0

    def node(self, node: Node) -> None:
        """Write one node; its value has the node's own shape."""
        if node.operator == INPUT:
            name = self.reshaped("image", node.shape)
        elif node.operator == PARAMETER:
            name = self._parameter(node)
        elif node.operator == CONSTANT:
            data = np.asarray(self.network.constants[node.attributes["constant"]])
            name = self.constant(data.astype(np.float32) if data.dtype.kind == "f" else data)
        elif "call" in node.attributes or node.operator not in WRITERS:
            self.has_foreign = True
            text = {key: str(value) for key, value in node.attributes.items()}
            name = self.op(
                node.operator.replace(".", "_"), [self.operand(e) for e in node.inputs], domain="zoodata", **text
            )
        else:
            made = WRITERS[node.operator](self, node)
            if node.operator in FRAMED and len(node.shape) == 3:
                self.map(made, node)
            name = self.reshaped(made, node.shape)
        self.names[node.number] = name

    def op(self, kind: str, inputs: Sequence[str], **attributes: Any) -> str:
        """Add an ONNX node; returns the name of its result, the first one unless ``place`` says another."""
        self._count += 1
        name = f"v{self._count}"
        domain, before = attributes.pop("domain", None), [""] * attributes.pop("place", 0)
        self.nodes.append(
            helper.make_node(
                kind, list(inputs), [*before, name], name=f"{kind}_{self._count}", domain=domain, **attributes
            )
        )
        return name

    def constant(self, data: Any) -> str:
        """Store numbers in the file."""
        self._count += 1
        name = f"c{self._count}"
        self.initializers.append(numpy_helper.from_array(np.asarray(data), name))
        return name

    def number(self, value: float) -> str:
        """One float32."""
        return self.constant(np.float32(value))

    def reshaped(self, name: str, shape: Sequence[int]) -> str:
        """A value under another shape; a value that had this shape once is taken as it was."""
        wanted, source = tuple(shape), self._sources.get(name, name)
        for known in (name, source):
            if self._shapes.get(known) == wanted:
                return known
        if (source, wanted) not in self._reshaped:
            made = self.op("Reshape", [source, self.constant(np.asarray(list(shape), dtype=np.int64))])
            self._reshaped[source, wanted] = made
            self._sources[made] = source
            if -1 not in wanted:
                self._shapes[made] = wanted
        return self._reshaped[source, wanted]

    def map(self, name: str, node: Node) -> str:
        """A node's result that has the batch axis."""
        self._shapes[name] = (1, *node.shape)
        return name

    def framed(self, edge: Edge) -> str:
        """An operand; a map of (channels, height, width) with a batch axis before it."""
        name, shape = self.operand(edge), self.network.operand_shape(edge)
        return self.reshaped(name, (1, *shape)) if len(shape) == 3 else name

    def transposed(self, name: str, order: Sequence[int]) -> str:
        """A value with its axes in another order."""
        return name if list(order) == sorted(order) else self.op("Transpose", [name], perm=list(order))

    def operand(self, edge: Edge) -> str:
        """An operand under its view."""
        name, shape = self.names[edge.source], self.network.nodes[edge.source].shape
        return name if edge.axes is None else self._look(name, shape, edge.axes)

    def all(self, node: Node) -> list[str]:
        """All operands."""
        return [self.operand(edge) for edge in node.inputs]

    def role(self, node: Node, role: str) -> str | None:
        """The operand with a role, if there is one."""
        edge = node.edge(role)
        return None if edge is None else self.operand(edge)

    def _look(self, name: str, shape: view.Shape, axes: view.Axes) -> str:
        how = view.steps(axes, len(shape))
        if tuple(how.cut) != tuple(shape):
            name = self.reshaped(name, how.cut)
        name = self.transposed(name, how.order)
        if how.repeats:
            full = self.constant(np.asarray(how.full, dtype=np.int64))
            name = self.op("Expand", [self.reshaped(name, how.slots), full])
        return self.reshaped(name, view.shape_of(axes))

    def _parameter(self, node: Node) -> str:
        stored, own = node.attributes["parameter"], node.attributes
        full = next((p.shape for p in self.network.parameters if p.name == stored), node.shape)
        joined = node.joined
        if joined is not None:  # one tensor of the file
            stored, full = f"{stored}:joined", node.shape
        if stored not in self._stored:
            if self.weights is not None:
                if joined is None:
                    data = np.asarray(self.weights[stored])
                else:
                    parts = [np.asarray(self.weights[name]).reshape(joined.part) for name in joined.names]
                    data = np.concatenate(parts, joined.axis)
                self.initializers.append(numpy_helper.from_array(data.astype(np.float32), stored))
            else:
                zero = numpy_helper.from_array(np.zeros(1, dtype=np.float32))
                sizes = self.constant(np.asarray(full, dtype=np.int64))
                self.nodes.append(helper.make_node("ConstantOfShape", [sizes], [stored], name=stored, value=zero))
            self._stored[stored] = self.reshaped(stored, view.without_ones(full))
        name = self._stored[stored]
        if "part" in own:
            axis, start, stop = own["part"]
            if "seen" in own:
                name = self.reshaped(name, own["seen"])
            return self._slice(name, axis, start, stop, 1)
        return name

    def _slice(self, name: str, axis: int, start: int, stop: int, step: int) -> str:
        ends = [self.constant(np.asarray([value], dtype=np.int64)) for value in (start, stop, axis, step)]
        return self.op("Slice", [name, *ends])

    def along(self, vector: str, channel: int | None, rank: int) -> str:
        """A vector beside one axis of a value."""
        if channel is None:
            return vector
        return self.reshaped(vector, [-1 if axis == channel else 1 for axis in range(rank)])


def _convolution(w: _Writer, node: Node) -> str:
    own, x = node.attributes, w.operand(node.inputs[0])
    shape = w.network.operand_shape(node.inputs[0])
    rank = len(own["kernel"])
    if len(shape) == rank + 1:
        x = w.reshaped(x, (1, *shape))
    inputs = [x, w.role(node, "weight"), w.role(node, "bias")]
    pads = [before for before, _ in own["padding"]] + [after for _, after in own["padding"]]
    more = {"output_padding": list(own["extra"])} if "extra" in own else {}
    return w.op(
        "ConvTranspose" if "extra" in own else "Conv", [name for name in inputs if name],
        kernel_shape=list(own["kernel"]), strides=list(own["stride"]), pads=pads, dilations=list(own["dilation"]),
        group=own["groups"], **more,
    )  # fmt: skip


def _linear(w: _Writer, node: Node) -> str:
    x, own = w.operand(node.inputs[0]), node.attributes
    shape = w.network.operand_shape(node.inputs[0])
    axes = own["axes"]
    rest = [axis for axis in range(len(shape)) if axis not in axes]
    inputs = int(np.prod([shape[axis] for axis in axes]))
    weight, bias = w.role(node, "weight"), w.role(node, "bias")
    assert weight is not None
    if len(shape) == 3 and list(axes) == [0] and own["channel"] == 0:  # a convolution of 1x1
        given = [w.framed(node.inputs[0]), w.reshaped(weight, (own["outputs"], inputs, 1, 1))]
        given += [w.reshaped(bias, (own["outputs"],))] if bias else []
        return w.map(w.op("Conv", given, kernel_shape=[1, 1]), node)
    rows = w.transposed(x, [*rest, *axes])
    flat, flat_weight = w.reshaped(rows, (-1, inputs)), w.reshaped(weight, (own["outputs"], inputs))
    vector = [w.reshaped(bias, (own["outputs"],))] if bias else []
    if not rest:
        return w.op("Gemm", [w.reshaped(rows, (1, inputs)), flat_weight, *vector], transB=1)
    made = w.op("MatMul", [flat, w.op("Transpose", [flat_weight], perm=[1, 0])])
    if vector:
        made = w.op("Add", [made, *vector])
    if own["channel"] is None:
        return made
    full = w.reshaped(made, (*(shape[axis] for axis in rest), own["outputs"]))
    order = list(range(len(rest)))
    order.insert(own["channel"], len(rest))
    return w.op("Transpose", [full], perm=order)


def _matmul(w: _Writer, node: Node) -> str:
    batch, (first, second) = node.attributes["batch"], node.attributes["free"]
    sides = []
    for edge, free in zip(node.inputs, (first, second), strict=True):
        shape = w.network.operand_shape(edge)
        heads = int(np.prod(shape[:batch]))
        rows = int(np.prod(shape[batch : batch + free]))
        sides.append(w.reshaped(w.operand(edge), (heads, rows, -1)))
    return w.op("MatMul", [sides[0], w.op("Transpose", [sides[1]], perm=[0, 2, 1])])


def _batch_norm(w: _Writer, node: Node) -> str:
    channel, rank = node.attributes["channel"], len(node.shape)
    variance, mean = w.role(node, "variance"), w.role(node, "mean")
    assert variance is not None and mean is not None
    if rank == 3 and channel == 0:
        size = (node.shape[0],)
        scale, shift = (
            w.constant(np.full(size, neutral, dtype=np.float32)) if vector is None else w.reshaped(vector, size)
            for vector, neutral in ((w.role(node, "scale"), 1.0), (w.role(node, "shift"), 0.0))
        )
        given = [w.framed(node.inputs[0]), scale, shift, w.reshaped(mean, size), w.reshaped(variance, size)]
        return w.map(w.op("BatchNormalization", given, epsilon=node.attributes["epsilon"]), node)
    x = w.operand(node.inputs[0])
    deviation = w.op("Sqrt", [w.op("Add", [variance, w.number(node.attributes["epsilon"])])])
    made = w.op("Div", [w.op("Sub", [x, w.along(mean, channel, rank)]), w.along(deviation, channel, rank)])
    return _scaled(w, node, made, [channel] if channel is not None else [])


def _scaled(w: _Writer, node: Node, made: str, axes: Sequence[int]) -> str:
    shape = [node.shape[axis] if axis in axes else 1 for axis in range(len(node.shape))]
    for role, kind in (("scale", "Mul"), ("shift", "Add")):
        if (vector := w.role(node, role)) is not None:
            made = w.op(kind, [made, w.reshaped(vector, shape)])
    return made


def _layer_norm(w: _Writer, node: Node) -> str:
    x, own = w.operand(node.inputs[0]), sorted(node.attributes["axes"])
    first = len(node.shape) - len(own)
    if node.operator == "layer_norm" and own == list(range(first, len(node.shape))):
        size = tuple(node.shape[first:])
        scale, shift = w.role(node, "scale"), w.role(node, "shift")
        scale = w.constant(np.ones(size, dtype=np.float32)) if scale is None else w.reshaped(scale, size)
        vectors = [scale, *([w.reshaped(shift, size)] if shift else [])]
        return w.op("LayerNormalization", [x, *vectors], axis=first, epsilon=node.attributes["epsilon"])
    axes = w.constant(np.asarray(node.attributes["axes"], dtype=np.int64))
    if node.operator == "layer_norm":
        x = w.op("Sub", [x, w.op("ReduceMean", [x, axes], keepdims=1)])
    spread = w.op("ReduceMean", [w.op("Mul", [x, x]), axes], keepdims=1)
    deviation = w.op("Sqrt", [w.op("Add", [spread, w.number(node.attributes["epsilon"])])])
    return _scaled(w, node, w.op("Div", [x, deviation]), node.attributes["axes"])


def _group_norm(w: _Writer, node: Node) -> str:
    own, shape = node.attributes, w.network.operand_shape(node.inputs[0])
    full = shape if own["batch"] else (1, *shape)
    grouped = w.reshaped(w.operand(node.inputs[0]), (full[0], own["groups"], -1))
    ones, zeros = (w.constant(np.full(own["groups"], number, dtype=np.float32)) for number in (1.0, 0.0))
    made = w.op("InstanceNormalization", [grouped, ones, zeros], epsilon=own["epsilon"])
    return _scaled(w, node, w.reshaped(made, node.shape), [1 if own["batch"] else 0])


def _local_response_norm(w: _Writer, node: Node) -> str:
    own, shape = node.attributes, node.shape
    order = [own["channel"], *(axis for axis in range(len(shape)) if axis != own["channel"])]
    x = w.op("Transpose", [w.operand(node.inputs[0])], perm=order)
    x = w.reshaped(x, (1, *(shape[axis] for axis in order)))
    made = w.op("LRN", [x], size=own["size"], alpha=own["alpha"] * own["size"], beta=own["beta"], bias=own["bias"])
    made = w.reshaped(made, [shape[axis] for axis in order])
    return w.op("Transpose", [made], perm=[order.index(axis) for axis in range(len(shape))])


PLAIN = {
    "relu": "Relu", "sigmoid": "Sigmoid", "tanh": "Tanh", "softplus": "Softplus", "softsign": "Softsign",
    "mish": "Mish", "selu": "Selu",
}  # fmt: skip


def _hard_sigmoid(w: _Writer, own: Mapping[str, Any], x: str) -> str:
    if "scale" in own:
        clipped = w.op("Clip", [w.op("Add", [x, w.number(3.0)]), w.number(0.0), w.number(6.0)])
        return w.op("Mul", [clipped, w.number(own["scale"])])
    return w.op("HardSigmoid", [x], alpha=own.get("slope", 1 / 6), beta=own.get("offset", 0.5))


def _activation(w: _Writer, node: Node) -> str:
    own, kind = node.attributes, node.attributes["kind"]
    x = w.framed(node.inputs[0])
    if kind in PLAIN:
        return w.op(PLAIN[kind], [x])
    if kind == "relu6":
        return w.op("Clip", [x, w.number(0.0), w.number(6.0)])
    if kind == "clip":
        low, high = ("" if own[name] is None else w.number(own[name]) for name in ("low", "high"))
        return w.op("Clip", [x, low, high])
    if kind in ("silu", "quick_gelu"):
        inner = x if kind == "silu" else w.op("Mul", [x, w.number(own["slope"])])
        return w.op("Mul", [x, w.op("Sigmoid", [inner])])
    if kind in ("hard_sigmoid", "hard_swish"):
        gate = _hard_sigmoid(w, own, x)
        return gate if kind == "hard_sigmoid" else w.op("Mul", [x, gate])
    if kind in ("gelu", "gelu_tanh"):
        return w.op("Gelu", [x], approximate="tanh" if kind == "gelu_tanh" else "none")
    if kind == "leaky_relu":
        return w.op("LeakyRelu", [x], alpha=own["slope"])
    if kind == "elu":
        return w.op("Elu", [x], alpha=own["slope"])
    if kind == "prelu":
        return w.op("PRelu", [x, w.role(node, "slope") or ""])
    if kind == "log_sigmoid":
        return w.op("Neg", [w.op("Softplus", [w.op("Neg", [x])])])
    raise CannotWrite(f"the activation {kind} at {node.name}")


def _function(w: _Writer, node: Node) -> str:
    kind, x = node.attributes["kind"], w.operand(node.inputs[0])
    if kind == "inverse_square_root":
        return w.op("Reciprocal", [w.op("Sqrt", [x])])
    if kind == "erfc":
        return w.op("Sub", [w.number(1.0), w.op("Erf", [x])])
    if kind == "log1p":
        return w.op("Log", [w.op("Add", [x, w.number(1.0)])])
    if kind == "expm1":
        return w.op("Sub", [w.op("Exp", [x]), w.number(1.0)])
    return w.op(FUNCTIONS[kind], [x])


FUNCTIONS = {
    "square_root": "Sqrt", "exp": "Exp", "log": "Log", "sin": "Sin", "cos": "Cos", "abs": "Abs", "erf": "Erf",
    "reciprocal": "Reciprocal", "sign": "Sign", "floor": "Floor", "ceil": "Ceil", "round": "Round", "tan": "Tan",
    "atan": "Atan", "asin": "Asin", "acos": "Acos", "sinh": "Sinh", "cosh": "Cosh", "asinh": "Asinh",
    "acosh": "Acosh", "atanh": "Atanh", "is_nan": "IsNaN", "is_inf": "IsInf", "not": "Not",
}  # fmt: skip


def _pool(w: _Writer, node: Node) -> str:
    own, x = node.attributes, w.operand(node.inputs[0])
    shape = w.network.operand_shape(node.inputs[0])
    if "adaptive" in own or "divisor" in own or own.get("over"):
        raise CannotWrite(f"this kind of average pooling at {node.name}")
    rank = len(own["kernel"])
    x = w.reshaped(x, (1, *shape)) if len(shape) == rank + 1 else x
    pads = [before for before, _ in own["padding"]] + [after for _, after in own["padding"]]
    more: dict[str, Any] = {"kernel_shape": list(own["kernel"]), "strides": list(own["stride"])}
    if node.operator == "max_pool" and any(pad >= size for pad, size in zip(pads, own["kernel"] * 2, strict=True)):
        # A frame of its own: ONNX Runtime refuses frames as wide as the window.
        framed = [0, 0, *pads[:rank], 0, 0, *pads[rank:]]
        x = w.op("Pad", [x, w.constant(np.asarray(framed, dtype=np.int64)), w.number(-np.inf)])
        pads = [0] * len(pads)
    if node.operator == "max_pool":
        return w.op("MaxPool", [x], pads=pads, dilations=list(own["dilation"]), **more)
    counted = bool(own.get("count_padding", True))
    if counted and any(pad >= size for pad, size in zip(pads, own["kernel"] * 2, strict=True)):
        framed = [0, 0, *pads[:rank], 0, 0, *pads[rank:]]
        x = w.op("Pad", [x, w.constant(np.asarray(framed, dtype=np.int64)), w.number(0.0)])
        pads = [0] * len(pads)
    return w.op("AveragePool", [x], pads=pads, count_include_pad=int(counted), **more)


def _pad(w: _Writer, node: Node) -> str:
    own = node.attributes
    pairs = [*([(0, 0)] if len(node.shape) == 3 else []), *own["amounts"]]
    amounts = [before for before, _ in pairs] + [after for _, after in pairs]
    given = [w.framed(node.inputs[0]), w.constant(np.asarray(amounts, dtype=np.int64))]
    mode = own.get("mode")
    if mode is None:
        return w.op("Pad", [*given, w.number(own["number"])])
    if mode == "symmetric":
        raise CannotWrite(f"a pad that repeats the edge while it mirrors, at {node.name}")
    return w.op("Pad", given, mode=mode)


def _resize(w: _Writer, node: Node) -> str:
    own, shape = node.attributes, w.network.operand_shape(node.inputs[0])
    rank = len(own["sizes"])
    x = w.operand(node.inputs[0])
    x = w.reshaped(x, (1, *shape)) if len(shape) == rank + 1 else x
    to = [1, *([shape[0]] if len(shape) == rank + 1 else []), *own["sizes"]]
    more: dict[str, Any] = {"nearest_mode": own["rounding"]} if "rounding" in own else {}
    if own["mode"] == "cubic":
        more["cubic_coeff_a"] = own["cubic"]
    sizes = w.constant(np.asarray(to, dtype=np.int64))
    return w.op(
        "Resize", [x, "", "", sizes], mode=own["mode"], coordinate_transformation_mode=own["coordinates"],
        exclude_outside=int(bool(own.get("exclude_outside"))), antialias=int(bool(own.get("antialias"))), **more,
    )  # fmt: skip


def _quantize(w: _Writer, node: Node) -> str:
    own, x = node.attributes, w.operand(node.inputs[0])
    if own.get("dynamic"):
        raise CannotWrite(f"a rounding to the value's own range, at {node.name}")
    kind = np.int8 if own["low"] < 0 else np.uint8
    if (own["low"], own["high"]) != (np.iinfo(kind).min, np.iinfo(kind).max):
        raise CannotWrite(f"a rounding to {own['low']} to {own['high']}, at {node.name}")
    scale, zero = w.number(own["scale"]), w.constant(np.asarray(own["zero"], dtype=kind))
    return w.op("DequantizeLinear", [w.op("QuantizeLinear", [x, scale, zero]), scale, zero])


COMPARISONS = {"equal": "Equal", "less": "Less", "less_or_equal": "LessOrEqual", "greater": "Greater",
               "greater_or_equal": "GreaterOrEqual"}  # fmt: skip


def _select(w: _Writer, node: Node) -> str:
    condition, x, y = (w.role(node, role) for role in ("condition", "input", "other"))
    assert condition is not None and x is not None and y is not None
    return w.op("Where", [condition, x, y])


def _gather(w: _Writer, node: Node) -> str:
    places = w.constant(np.asarray(node.attributes["places"], dtype=np.int64))
    return w.op("Gather", [w.operand(node.inputs[0]), places], axis=node.attributes["axis"])


def _softmax(w: _Writer, node: Node) -> str:
    axes = node.attributes["axes"]
    if len(axes) != 1:
        raise CannotWrite(f"a softmax over {len(axes)} axes at {node.name}")
    return w.op(
        "LogSoftmax" if node.attributes.get("logarithm") else "Softmax", [w.operand(node.inputs[0])], axis=axes[0]
    )


def _binary(kind: str) -> Any:
    def write(w: _Writer, node: Node) -> str:
        scalar = node.attributes.get("scalar")
        if scalar is not None:
            return w.op(kind, [w.framed(node.inputs[0]), w.number(scalar)])
        # Shapes are aligned at their ends, so a batch axis before some of them changes nothing.
        return w.op(kind, [w.framed(edge) for edge in node.inputs])

    return write


def _reduce(kind: str) -> Any:
    def write(w: _Writer, node: Node) -> str:
        if node.edge("other") is not None:
            return w.op("Max" if kind == "ReduceMax" else "Min", w.all(node))
        shape = w.network.operand_shape(node.inputs[0])
        if kind == "ReduceMean" and len(shape) == 3 and list(node.attributes["axes"]) == [1, 2]:
            return w.op("GlobalAveragePool", [w.framed(node.inputs[0])])
        if not node.attributes["axes"]:  # of one position
            return w.op("Identity", [w.operand(node.inputs[0])])
        axes = w.constant(np.asarray(node.attributes["axes"], dtype=np.int64))
        return w.op(kind, [w.operand(node.inputs[0]), axes], keepdims=0)

    return write


def _recurrent(w: _Writer, node: Node) -> str:
    own, x = node.attributes, node.inputs[0]
    kind, order = RECURRENT_KINDS[own["cell"]]
    steps, batch, inputs = sequence_sizes(own["sizes"], w.network.operand_shape(x))
    hidden = own["hidden"]

    def stacked(name: str, columns: int) -> str:
        rows = [w.reshaped(str(w.role(node, f"{name}_{gate}")), (hidden, columns)) for gate in order]
        return w.reshaped(w.op("Concat", rows, axis=0), (1, hidden * len(order), columns))

    def biases(name: str) -> list[str]:
        if node.edge(f"{name}_{order[0]}") is None:
            return [w.constant(np.zeros(hidden * len(order), dtype=np.float32))]
        return [w.reshaped(str(w.role(node, f"{name}_{gate}")), (hidden,)) for gate in order]

    given = [
        w.reshaped(w.operand(x), (steps, batch, inputs)),
        stacked("weight", inputs),
        stacked("state_weight", hidden),
    ]
    joined = w.op("Concat", [*biases("bias"), *biases("state_bias")], axis=0)
    given.append(w.reshaped(joined, (1, 2 * hidden * len(order))))
    states = [w.role(node, role) for role in ("state", "cell")]
    if any(states):
        zero = w.constant(np.zeros((1, batch, hidden), dtype=np.float32))
        begun = [zero if each is None else w.reshaped(each, (1, batch, hidden)) for each in states]
        given += ["", *begun[: 2 if kind == "LSTM" else 1]]
    more: dict[str, Any] = {"hidden_size": hidden, "direction": "reverse" if own["reverse"] else "forward"}
    if kind == "GRU":
        more["linear_before_reset"] = int(own["resets_after"])
    if own["cell"] == "rnn_relu":
        more["activations"] = ["Relu"]
    return w.op(kind, given, place=2 if own.get("gives") == "cell" else 0, **more)


RECURRENT_KINDS = {"lstm": ("LSTM", "iofg"), "gru": ("GRU", "zrn"), "rnn_tanh": ("RNN", "h"), "rnn_relu": ("RNN", "h")}
"""ONNX's operator, and the order in which it has the gates."""


def _slice(w: _Writer, node: Node) -> str:
    own = node.attributes
    return w._slice(w.operand(node.inputs[0]), own["axis"], own["start"], own["stop"], own["step"])


WRITERS: dict[str, Any] = {
    "convolution": _convolution, "linear": _linear, "matmul": _matmul, "batch_norm": _batch_norm,
    "layer_norm": _layer_norm, "rms_norm": _layer_norm, "group_norm": _group_norm,
    "local_response_norm": _local_response_norm, "activation": _activation, "function": _function, "max_pool": _pool,
    "average_pool": _pool, "pad": _pad, "softmax": _softmax, "add": _binary("Add"), "subtract": _binary("Sub"),
    "multiply": _binary("Mul"), "divide": _binary("Div"), "power": _binary("Pow"), "mean": _reduce("ReduceMean"),
    "maximum": _reduce("ReduceMax"), "minimum": _reduce("ReduceMin"), "slice": _slice,
    "recurrent": _recurrent, "resize": _resize, "quantize": _quantize, "select": _select, "gather": _gather,
    "compare": lambda w, node: _binary(COMPARISONS[node.attributes["kind"]])(w, node),
    "flatten": lambda w, node: w.reshaped(w.operand(node.inputs[0]), (-1,)),
    "concatenate": lambda w, node: w.op(
        "Concat", [w.framed(e) for e in node.inputs], axis=node.attributes["axis"] + (len(node.shape) == 3)
    ),
}  # fmt: skip

FRAMED = {
    "convolution", "activation", "max_pool", "average_pool", "pad", "concatenate", "add",
    "subtract", "multiply", "divide", "power",
}  # fmt: skip
"""Operators whose writers always give a map with its batch axis."""
