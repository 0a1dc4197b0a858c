"""Run a network in torch from its own description.

So every reader is checked the hard way: the model as its zoo built it, and the network as we read it, with
the same weights and the same image, must give the same scores.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from zoodata.graph import foreign, view
from zoodata.graph.interpolation import interpolation
from zoodata.graph.network import CONSTANT, GATES, INPUT, PARAMETER, Edge, Network, Node, sequence_sizes


class CannotExecute(ValueError):
    """An operator that neither torch nor its own framework can run here."""

    def __init__(self, node: Node, why: str) -> None:
        super().__init__(f"{node.operator} at {node.name} cannot be run: {why}")
        self.operator, self.place = node.operator, node.name
        self.network: Network | None = None


class Operands:
    """What a node sees: its operands by role, regrouped as its edges say."""

    def __init__(self, node: Node, values: Mapping[int, Any]) -> None:
        self.node = node
        self.attributes = node.attributes
        self._values = values

    def __call__(self, role: str = INPUT) -> Any:
        """The operand with a role; None if there is none."""
        edge = self.node.edge(role)
        return None if edge is None else self.look(edge)

    def all(self) -> list[Any]:
        """All operands in order."""
        return [self.look(edge) for edge in self.node.inputs]

    def look(self, edge: Edge) -> Any:
        """One operand."""
        value = self._values[edge.source]
        return value if edge.axes is None else look(value, edge.axes)


Run = Callable[[Operands], Any]


def look(value: Tensor, axes: view.Axes) -> Tensor:
    """A tensor under a view of it."""
    how = view.steps(axes, value.dim())
    seen = value.reshape(how.cut).permute(how.order)
    if how.repeats:
        seen = seen.reshape(how.slots).expand(how.full)
    return seen.reshape(view.shape_of(axes))


Watch = Callable[[Node, dict[int, Any]], None]
"""Sees a node and the values at hand just before it runs, and may change them."""


def execute(network: Network, stored: Mapping[str, Tensor], image: Tensor) -> Tensor:
    """Class scores of one image.

    Args:
        network: what to run; it must have its constants.
        stored: the model's tensors by name, in the shapes the model stores them in.
        image: (channels, height, width), of the type to calculate in.

    Raises:
        CannotExecute: naming the operator.
        KeyError: when a stored tensor is missing.
    """
    return next(value for node, value in steps(network, stored, image) if node.number == network.output)


def steps(
    network: Network,
    stored: Mapping[str, Tensor],
    image: Tensor,
    given: Mapping[int, Tensor] | None = None,
    before: Watch | None = None,
) -> Iterator[tuple[Node, Any]]:
    """Run a network node by node. A value is let go once its last reader has run, so large networks fit.

    Args:
        network, stored, image: see :func:`execute`.
        given: values of some nodes by number, which are then not computed.
        before: called before each node.
    """
    given = given or {}
    values: dict[int, Any] = {}
    last = {edge.source: node.number for node in network.nodes for edge in node.inputs}
    for node in network.nodes:
        if before is not None:
            before(node, values)
        known = given.get(node.number)
        try:
            value = compute(node, network, stored, image, values) if known is None else known
        except CannotExecute as error:
            error.network = network
            raise
        values[node.number] = value
        for edge in node.inputs:
            if last[edge.source] == node.number:
                values.pop(edge.source, None)
        yield node, value


def compute(
    node: Node, network: Network, stored: Mapping[str, Tensor], image: Tensor, values: Mapping[int, Any]
) -> Any:
    """The value of one node, from those of the nodes it reads."""
    operands = Operands(node, values)
    if node.operator == INPUT:
        return image.reshape(node.shape)
    if node.operator == PARAMETER:
        return stored_value(node, stored)
    if node.operator == CONSTANT:
        return _constant(network.constants[node.attributes["constant"]], image.dtype)
    if "call" in node.attributes:
        value = _call(node, operands)
    elif node.operator in RUNS:
        value = RUNS[node.operator](operands)
    else:
        raise CannotExecute(node, "there is nothing that runs it")
    return value.reshape(node.shape) if isinstance(value, Tensor) else value


def stored_value(node: Node, stored: Mapping[str, Tensor]) -> Tensor:
    """The value of a parameter leaf: a stored tensor without axes of size 1, a part of one, or several joined."""
    joined = node.joined
    if joined is None:
        return stored_part(node, stored[node.attributes["parameter"]])
    return torch.cat([stored[name].reshape(joined.part) for name in joined.names], joined.axis)


def stored_part(node: Node, tensor: Tensor) -> Tensor:
    """A stored tensor without axes of size 1, or the part of it that a node is."""
    if "part" in node.attributes:
        axis, start, stop = node.attributes["part"]
        whole = node.attributes.get("seen", [size for size in tensor.shape if size != 1])
        tensor = tensor.reshape(whole).narrow(axis, start, stop - start)
    return tensor.reshape(node.shape)


def tensor_of(array: Any) -> Tensor:
    """The array itself where it may be written to, else a copy: torch has no tensors that may not."""
    return torch.from_numpy(np.require(array, requirements="W"))


def _constant(data: Any, dtype: torch.dtype) -> Tensor:
    tensor = data if isinstance(data, Tensor) else tensor_of(data)
    return tensor.to(dtype) if tensor.is_floating_point() else tensor


def _call(node: Node, operands: Operands) -> Any:
    """An operator by the name its framework knows it by."""
    call = node.attributes["call"]
    family, _, rest = call.partition(".")
    if family == "aten":
        word, _, overload = rest.partition(".")
        return _aten(getattr(getattr(torch.ops.aten, word), overload or "default"), node, operands)
    try:
        results = foreign.run(call, node.attributes["arguments"], [value.cpu().numpy() for value in operands.all()])
    except foreign.CannotRun as error:
        raise CannotExecute(node, str(error)) from error
    like = next((value.dtype for value in operands.all() if value.is_floating_point()), torch.float32)
    tensors = [torch.from_numpy(np.array(result)) for result in results]
    made = [tensor.to(like) if tensor.is_floating_point() else tensor for tensor in tensors]
    return made[0] if len(made) == 1 else made


def _aten(function: Any, node: Node, operands: Operands) -> Any:
    values = [value.clone() if function._schema.is_mutable else value for value in operands.all()]

    def filled(item: Any) -> Any:
        if isinstance(item, str):
            if item.startswith("$"):
                return values[int(item[1:])]
            if item.startswith("torch."):
                return getattr(torch, item.removeprefix("torch."))
            if item in ("inf", "-inf", "nan"):
                return float(item)
        return [filled(part) for part in item] if isinstance(item, list) else item

    arguments, named = json.loads(node.attributes["arguments"])
    given = {name: filled(item) for name, item in named.items()}
    if given.get("dtype") == torch.float32:
        given["dtype"] = next((value.dtype for value in values if value.is_floating_point()), torch.float32)
    return function(*[filled(item) for item in arguments], **given)


def _convolution(o: Operands) -> Tensor:
    a, x, weight, bias = o.attributes, o(), o("weight"), o("bias")
    rank = len(a["kernel"])
    if x.dim() == rank + 1:
        x = x[None]
    if "extra" in a:
        result = _transposed(a, x, weight, rank)
    else:
        if any(before != after for before, after in a["padding"]):
            x, padding = F.pad(x, [amount for pair in a["padding"][::-1] for amount in pair]), [0] * rank
        else:
            padding = [before for before, _ in a["padding"]]
        function = (F.conv1d, F.conv2d, F.conv3d)[rank - 1]
        result = function(x, weight, None, a["stride"], padding, a["dilation"], a["groups"])
    return result if bias is None else result + bias.reshape(-1, *[1] * rank)


def _transposed(a: Mapping[str, Any], x: Tensor, weight: Tensor, rank: int) -> Tensor:
    function = (F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d)[rank - 1]
    full = function(x, weight, None, a["stride"], 0, a["extra"], a["groups"], a["dilation"])
    for axis, (before, after) in enumerate(a["padding"], 2):
        full = full.narrow(axis, before, full.shape[axis] - before - after)
    return full


def _linear(o: Operands) -> Tensor:
    x, weight, bias = o(), o("weight"), o("bias")
    axes, channel = o.attributes["axes"], o.attributes["channel"]
    weight = weight.reshape(o.attributes["outputs"], -1)
    rest = [axis for axis in range(x.dim()) if axis not in axes]
    rows = x.permute(*rest, *axes).reshape(*[x.shape[axis] for axis in rest], -1)
    result = F.linear(rows, weight, bias)
    return result if channel is None else result.movedim(-1, channel)


def _matmul(o: Operands) -> Tensor:
    x, y = o(), o("other")
    batch, (first, second) = o.attributes["batch"], o.attributes["free"]
    heads = x.shape[:batch]
    left = x.reshape(*heads, int(np.prod(x.shape[batch : batch + first])), -1)
    right = y.reshape(*heads, int(np.prod(y.shape[batch : batch + second])), -1)
    return left @ right.transpose(-1, -2)


def _beside(vector: Tensor | None, channel: int | None, rank: int) -> Tensor | None:
    """A vector along one axis of a value."""
    if vector is None or channel is None:
        return vector
    return vector.reshape([-1 if axis == channel else 1 for axis in range(rank)])


def _batch_norm(o: Operands) -> Tensor:
    x, channel = o(), o.attributes["channel"]
    scale, shift, mean, variance = (
        _beside(o(role), channel, x.dim()) for role in ("scale", "shift", "mean", "variance")
    )
    factor = torch.rsqrt(variance + o.attributes["epsilon"])
    factor = factor if scale is None else factor * scale
    return (x - mean) * factor if shift is None else torch.addcmul(shift, x - mean, factor)


def _layer_norm(o: Operands) -> Tensor:
    x, axes = o(), list(o.attributes["axes"])
    if o.node.operator == "layer_norm":
        x = x - x.mean(axes, keepdim=True)
    result = x * torch.rsqrt(x.square().mean(axes, keepdim=True) + o.attributes["epsilon"])
    shape = [x.shape[axis] if axis in axes else 1 for axis in range(x.dim())]
    scale, shift = o("scale"), o("shift")
    result = result if scale is None else result * scale.reshape(shape)
    return result if shift is None else result + shift.reshape(shape)


def _group_norm(o: Operands) -> Tensor:
    x = o() if o.attributes["batch"] else o()[None]
    return F.group_norm(x, o.attributes["groups"], o("scale"), o("shift"), o.attributes["epsilon"])


def _local_response_norm(o: Operands) -> Tensor:
    a, x = o.attributes, o()
    squares = x.square().movedim(a["channel"], 0)
    padded = F.pad(squares.flatten(1).T[:, None], [(a["size"] - 1) // 2, a["size"] // 2])
    total = F.avg_pool1d(padded, a["size"], 1)[:, 0].T.reshape(squares.shape) * a["size"]
    return x / (a["bias"] + a["alpha"] * total).pow(a["beta"]).movedim(0, a["channel"])


def _activation(o: Operands) -> Tensor:
    a, x = o.attributes, o()
    kind = a["kind"]
    if kind == "clip":
        return x.clamp(a["low"], a["high"])
    if kind in ("hard_sigmoid", "hard_swish"):
        gate = _hard_sigmoid(a, x)
        return gate if kind == "hard_sigmoid" else x * gate
    if kind == "quick_gelu":
        return x * torch.sigmoid(a["slope"] * x)
    if kind == "prelu":
        return torch.where(x >= 0, x, x * o("slope"))
    return ACTIVATIONS[kind](x) if "slope" not in a else ACTIVATIONS[kind](x, a["slope"])


def _hard_sigmoid(a: Mapping[str, Any], x: Tensor) -> Tensor:
    if "scale" in a:
        return F.relu6(x + 3) * a["scale"]
    return (x * a.get("slope", 1 / 6) + a.get("offset", 0.5)).clamp(0, 1)


ACTIVATIONS: dict[str, Callable[..., Tensor]] = {
    "relu": F.relu, "relu6": F.relu6, "sigmoid": torch.sigmoid, "silu": F.silu, "tanh": torch.tanh, "mish": F.mish,
    "gelu": F.gelu, "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"), "leaky_relu": F.leaky_relu, "elu": F.elu,
    "selu": F.selu, "softplus": F.softplus, "softsign": F.softsign, "log_sigmoid": F.logsigmoid,
}  # fmt: skip

FUNCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "exp": torch.exp, "log": torch.log, "sin": torch.sin, "cos": torch.cos, "square_root": torch.sqrt, "abs": torch.abs,
    "inverse_square_root": torch.rsqrt, "reciprocal": torch.reciprocal, "erf": torch.erf, "erfc": torch.erfc,
    "sign": torch.sign, "floor": torch.floor, "ceil": torch.ceil, "round": torch.round, "tan": torch.tan,
    "atan": torch.atan, "asin": torch.asin, "acos": torch.acos, "sinh": torch.sinh, "cosh": torch.cosh,
    "asinh": torch.asinh, "acosh": torch.acosh, "atanh": torch.atanh, "log1p": torch.log1p, "expm1": torch.expm1,
    "is_nan": torch.isnan, "is_inf": torch.isinf, "not": torch.logical_not,
}  # fmt: skip


def _pool(o: Operands) -> Tensor:
    a, x = o.attributes, o()
    if "adaptive" in a:
        return F.adaptive_avg_pool2d(x, a["adaptive"])
    rank = len(a["kernel"])
    x = x[None] if x.dim() == rank + 1 else x
    frame = [amount for pair in a["padding"][::-1] for amount in pair]
    if o.node.operator == "max_pool":
        x = F.pad(x, frame, value=-torch.inf) if any(frame) else x
        return (F.max_pool1d, F.max_pool2d, F.max_pool3d)[rank - 1](x, a["kernel"], a["stride"], 0, a["dilation"])
    return _average_pool(a, x, rank, frame)


def _average_pool(a: Mapping[str, Any], x: Tensor, rank: int, frame: list[int]) -> Tensor:
    pool = (F.avg_pool1d, F.avg_pool2d, F.avg_pool3d)[rank - 1]
    over = [amount for more in a.get("over", (0,) * rank)[::-1] for amount in (0, more)]
    window = float(np.prod(a["kernel"]))
    ones = torch.ones(1, 1, *x.shape[2:], dtype=x.dtype, device=x.device)
    # What hangs over the frame never counts; the frame itself counts if it is to.
    counted = F.pad(ones, frame, value=1.0 if a.get("count_padding", True) else 0.0)
    total = pool(F.pad(F.pad(x, frame), over), a["kernel"], a["stride"]) * window
    if "divisor" in a:
        return total / a["divisor"]
    return total / (pool(F.pad(counted, over), a["kernel"], a["stride"]) * window)


def _pad(o: Operands) -> Tensor:
    a, x = o.attributes, o()
    mode = a.get("mode")
    if mode is None:
        amounts = [amount for pair in a["amounts"][::-1] for amount in pair]
        if not x.is_floating_point():
            return F.pad(x.to(torch.float64), amounts, value=a["number"]).to(x.dtype)
        return F.pad(x, amounts, value=a["number"])
    for axis, (before, after) in enumerate(a["amounts"]):
        if before or after:
            x = x.index_select(axis, _mirrored(x.shape[axis], before, after, mode))
    return x


def _mirrored(size: int, before: int, after: int, mode: str) -> Tensor:
    """Which element stands where, beyond the ends of an axis too."""
    places = np.pad(np.arange(size), (before, after), mode=mode)  # type: ignore[call-overload]
    return torch.from_numpy(np.asarray(places, dtype=np.int64))


def _resize(o: Operands) -> Tensor:
    a, x = o.attributes, o()
    for axis, (to, scale) in enumerate(zip(a["sizes"], a["scales"], strict=True), x.dim() - len(a["sizes"])):
        table = torch.from_numpy(interpolation(x.shape[axis], to, scale, a)).to(x.dtype)
        x = torch.matmul(x.movedim(axis, -1), table.T).movedim(-1, axis)
    return x


def _quantize(o: Operands) -> Tensor:
    a, x = o.attributes, o()
    if a.get("dynamic"):  # zero must be a step, by ONNX's DynamicQuantizeLinear
        low, high = x.min().clamp(max=0), x.max().clamp(min=0)
        scale = (high - low) / 255
        zero = torch.round((-low / scale).clamp(0, 255))
        return (torch.clamp(torch.round(x / scale) + zero, 0, 255) - zero) * scale
    whole = torch.clamp(torch.round(x / a["scale"]) + a["zero"], a["low"], a["high"])
    return (whole - a["zero"]) * a["scale"]


def _compare(o: Operands) -> Tensor:
    relation = {
        "equal": torch.eq, "less": torch.lt, "less_or_equal": torch.le, "greater": torch.gt,
        "greater_or_equal": torch.ge,
    }[o.attributes["kind"]]  # fmt: skip
    scalar = o.attributes.get("scalar")
    result: Tensor = relation(o(), o("other") if scalar is None else scalar)
    return result


def _recurrent(o: Operands) -> Tensor:
    """All steps of one direction, or its last cell state."""
    own, x, hidden = o.attributes, o(), o.attributes["hidden"]
    x = x.reshape(sequence_sizes(own["sizes"], x.shape))
    batch, gates = x.shape[1], GATES[own["cell"]]

    def of(name: str, shape: tuple[int, ...]) -> dict[str, Any]:
        found = {gate: o(f"{name}_{gate}") for gate in gates}
        return {gate: None if each is None else each.reshape(shape) for gate, each in found.items()}

    weight, bias = of("weight", (hidden, x.shape[2])), of("bias", (hidden,))
    matrix, shift = of("state_weight", (hidden, hidden)), of("state_bias", (hidden,))
    given = {gate: F.linear(x, weight[gate], bias[gate]) for gate in gates}
    first = [None if state is None else state.reshape(batch, hidden) for state in (o("state"), o("cell"))]
    h, c = (x.new_zeros(batch, hidden) if state is None else state for state in first)
    values: list[Tensor] = [h] * len(x)
    for place in reversed(range(len(x))) if own["reverse"] else range(len(x)):
        seen = {gate: F.linear(h, matrix[gate], shift[gate]) for gate in gates}
        total = {gate: given[gate][place] + seen[gate] for gate in gates}
        if own["cell"] == "lstm":
            c = total["f"].sigmoid() * c + total["i"].sigmoid() * total["g"].tanh()
            h = total["o"].sigmoid() * c.tanh()
        elif own["cell"] == "gru":
            reset, update = total["r"].sigmoid(), total["z"].sigmoid()
            inner = reset * seen["n"] if own["resets_after"] else F.linear(reset * h, matrix["n"], shift["n"])
            new = (given["n"][place] + inner).tanh()
            h = new + update * (h - new)
        else:
            h = total["h"].tanh() if own["cell"] == "rnn_tanh" else total["h"].relu()
        values[place] = h
    return c if own.get("gives") == "cell" else torch.stack(values)


def _select(o: Operands) -> Tensor:
    return torch.where(o("condition").bool(), o(), o("other"))


def _gather(o: Operands) -> Tensor:
    x: Tensor = o()
    return x.index_select(o.attributes["axis"], torch.tensor(o.attributes["places"], device=x.device))


def _softmax(o: Operands) -> Tensor:
    (x, axes) = o(), o.attributes["axes"]
    if not axes:
        return torch.zeros_like(x) if o.attributes.get("logarithm") else torch.ones_like(x)
    if len(axes) > 1:
        order = [axis for axis in range(x.dim()) if axis not in axes] + list(axes)
        flat = x.permute(order).flatten(x.dim() - len(axes))
        back = flat.softmax(-1).reshape([x.shape[axis] for axis in order])
        return back.permute([order.index(axis) for axis in range(x.dim())])
    return x.log_softmax(axes[0]) if o.attributes.get("logarithm") else x.softmax(axes[0])


def _binary(function: Callable[[Tensor, Any], Tensor]) -> Run:
    def run(o: Operands) -> Tensor:
        scalar = o.attributes.get("scalar")
        return function(o(), o("other") if scalar is None else scalar)

    return run


def _slice(o: Operands) -> Tensor:
    a, x = o.attributes, o()
    return x[(slice(None),) * a["axis"] + (slice(a["start"], a["stop"], a["step"]),)]


def _extreme(o: Operands) -> Tensor:
    largest = o.node.operator == "maximum"
    if o.node.edge("other") is not None:
        return (torch.maximum if largest else torch.minimum)(o(), o("other"))
    return (torch.amax if largest else torch.amin)(o(), list(o.attributes["axes"]))


RUNS: dict[str, Run] = {
    "convolution": _convolution, "linear": _linear, "matmul": _matmul, "batch_norm": _batch_norm,
    "layer_norm": _layer_norm, "rms_norm": _layer_norm, "group_norm": _group_norm,
    "local_response_norm": _local_response_norm, "activation": _activation, "max_pool": _pool, "average_pool": _pool,
    "pad": _pad, "softmax": _softmax, "slice": _slice, "maximum": _extreme, "minimum": _extreme,
    "function": lambda o: FUNCTIONS[o.attributes["kind"]](o()),
    "mean": lambda o: o().mean(list(o.attributes["axes"])) if o.attributes["axes"] else o(),
    "concatenate": lambda o: torch.cat(o.all(), o.attributes["axis"]),
    "flatten": lambda o: o().reshape(-1),
    "resize": _resize, "quantize": _quantize, "compare": _compare, "select": _select, "gather": _gather,
    "item": lambda o: o()[o.attributes["index"]], "recurrent": _recurrent,
    "add": _binary(torch.add), "subtract": _binary(torch.sub), "multiply": _binary(torch.mul),
    "divide": _binary(torch.div), "power": _binary(torch.pow),
}  # fmt: skip
