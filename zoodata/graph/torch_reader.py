"""Read a torch module: one pass over meta tensors, every aten operation written down.

Meta tensors have shapes and no storage, so a network of any size is read without its weights, without
arithmetic and in little memory. What is recorded is what eager torch runs after its own composite
operators are taken apart (``linear`` becomes ``t`` and ``addmm``), which is the same for every model.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from zoodata.graph.network import CONVOLUTION, LINEAR, MATMUL, Network, Node, Parameter, Shape

STATISTICS = {"running_mean", "running_var"}

OPERATORS: dict[str, str] = {
    "native_batch_norm": "batch_normalization", "_native_batch_norm_legit_no_training": "batch_normalization",
    "cudnn_batch_norm": "batch_normalization", "native_layer_norm": "layer_normalization",
    "_fused_rms_norm": "layer_normalization", "native_group_norm": "group_normalization",
    "relu": "activation", "gelu": "activation", "sigmoid": "activation", "silu": "activation",
    "hardswish": "activation", "hardsigmoid": "activation", "hardtanh": "activation", "tanh": "activation",
    "leaky_relu": "activation", "elu": "activation", "mish": "activation", "softplus": "activation",
    "_softmax": "softmax", "_safe_softmax": "softmax",
    "max_pool2d_with_indices": "max_pool", "avg_pool2d": "average_pool", "avg_pool1d": "average_pool",
    "_adaptive_avg_pool2d": "global_pool", "adaptive_max_pool2d": "global_pool",
    "mean": "mean", "sum": "sum", "amax": "maximum", "max": "maximum", "maximum": "maximum",
    "clamp": "minimum", "clamp_min": "maximum", "clamp_max": "minimum", "minimum": "minimum",
    "constant_pad_nd": "pad", "reflection_pad2d": "pad", "replication_pad2d": "pad",
    "add": "add", "addcmul": "add", "sub": "subtract", "rsub": "subtract", "neg": "subtract",
    "mul": "multiply", "div": "divide", "reciprocal": "divide", "remainder": "divide", "floor_divide": "divide",
    "cat": "concatenate", "stack": "concatenate",
    "split": "split", "split_with_sizes": "split", "unbind": "split", "chunk": "split",
    "slice": "slice", "select": "slice", "narrow": "slice",
    "view": "reshape", "_unsafe_view": "reshape", "reshape": "reshape", "unsqueeze": "reshape",
    "squeeze": "reshape", "expand": "reshape", "repeat": "reshape", "flatten": "reshape", "unfold": "unfold",
    "_reshape_alias": "reshape", "as_strided": "reshape",
    "permute": "transpose", "transpose": "transpose", "t": "transpose", "flip": "transpose", "roll": "roll",
    "pow": "power", "sqrt": "square_root", "rsqrt": "square_root", "exp": "exponential", "log": "exponential",
    "sin": "exponential", "cos": "exponential", "linalg_vector_norm": "norm", "var": "norm", "var_mean": "norm",
    "upsample_nearest2d": "resize", "upsample_bilinear2d": "resize", "upsample_bicubic2d": "resize",
    "_upsample_bicubic2d_aa": "resize", "_upsample_bilinear2d_aa": "resize",
    "im2col": "unfold", "col2im": "unfold", "index": "gather", "embedding": "gather", "gather": "gather",
    "arange": "constant", "zeros": "constant", "ones": "constant", "full": "constant", "eye": "constant",
    "empty": "constant", "zeros_like": "constant", "ones_like": "constant", "new_zeros": "constant",
    "new_ones": "constant", "scalar_tensor": "constant", "linspace": "constant", "full_like": "constant",
    "new_full": "constant", "new_empty": "constant", "empty_like": "constant",
    "clone": "identity", "alias": "identity", "detach": "identity", "lift_fresh": "identity", "copy": "identity",
    "_to_copy": "identity", "fill": "constant", "zero": "constant",
    "eq": "compare", "ne": "compare", "lt": "compare", "gt": "compare",
    "ge": "compare", "le": "compare", "where": "select", "masked_fill": "select", "cumsum": "sum",
}  # fmt: skip


def read(module: torch.nn.Module, input_shape: Shape) -> Network:
    """Trace one inference pass.

    Args:
        module: any module; it is moved to the meta device, so hand over one that is not needed afterwards.
        input_shape: (batch, channels, height, width).

    Raises:
        Exception: whatever the model's own forward raises on meta tensors (data-dependent control flow).
    """
    module = module.eval().to("meta")
    recorder = _Recorder(_stored(module))
    image = torch.empty(input_shape, device="meta")
    recorder.name(image, "input")
    with torch.no_grad(), recorder:
        output = module(image)
    outputs = [leaf for leaf in tree_leaves(output) if isinstance(leaf, torch.Tensor)]
    return Network(
        framework="torch",
        input_shape=tuple(input_shape),
        layout="NCHW",
        output_shape=tuple(outputs[0].shape),
        nodes=tuple(recorder.nodes),
        parameters=tuple(parameter for _, parameter in recorder.stored),
    )


def _stored(module: torch.nn.Module) -> list[tuple[torch.Tensor, Parameter]]:
    """Every parameter and buffer once, with its role. Counters of seen batches are bookkeeping, not state."""
    found = []
    for name, tensor in module.named_parameters():
        found.append((tensor, Parameter(name, tuple(tensor.shape), "parameter")))
    for name, tensor in module.named_buffers():
        leaf = name.rpartition(".")[2]
        if leaf == "num_batches_tracked":
            continue
        role = "statistic" if leaf in STATISTICS else "constant"
        found.append((tensor, Parameter(name, tuple(tensor.shape), role)))  # type: ignore[arg-type]
    return found


class _Recorder(TorchDispatchMode):
    """Writes down each aten call. Tensors are kept alive so that an id names one tensor only."""

    def __init__(self, stored: list[tuple[torch.Tensor, Parameter]]) -> None:
        super().__init__()
        self.stored = stored
        self.nodes: list[Node] = []
        self._alive: list[torch.Tensor] = [tensor for tensor, _ in stored]
        self._names = {id(tensor): parameter.name for tensor, parameter in stored}
        # Values that are a stored tensor seen another way (transposed, reshaped, cast): their parameter.
        self._parameter_of = {id(tensor): parameter.name for tensor, parameter in stored}

    def name(self, tensor: torch.Tensor, name: str) -> None:
        """Call this tensor by a name from now on."""
        self._alive.append(tensor)
        self._names[id(tensor)] = name

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        word = str(func.overloadpacket.__name__)
        inputs = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, torch.Tensor)]
        outputs = [leaf for leaf in tree_leaves(result) if isinstance(leaf, torch.Tensor)]
        if outputs:
            self._record(word, inputs, outputs, args)
        return result

    def _record(
        self, word: str, inputs: list[torch.Tensor], outputs: list[torch.Tensor], args: tuple[Any, ...]
    ) -> None:
        parameters = tuple(dict.fromkeys(self._parameters(inputs)))
        operator, attributes = _canonical(word, inputs, args, self._parameter_of)
        name = f"{operator}_{len(self.nodes)}"
        node_inputs = tuple(self._names.get(id(tensor), "constant") for tensor in inputs)
        for number, tensor in enumerate(outputs):
            self.name(tensor, name if number == 0 else f"{name}:{number}")
            if len(inputs) == 1 and parameters and operator in {"transpose", "reshape", "identity"}:
                self._parameter_of[id(tensor)] = parameters[0]
        shape = tuple(outputs[0].shape)
        names = tuple(self._names[id(tensor)] for tensor in outputs)
        self.nodes.append(Node(name, operator, node_inputs, names, shape, attributes, parameters))

    def _parameters(self, tensors: Iterable[torch.Tensor]) -> Iterator[str]:
        return (self._parameter_of[id(tensor)] for tensor in tensors if id(tensor) in self._parameter_of)


def _canonical(
    word: str, inputs: list[torch.Tensor], args: tuple[Any, ...], parameter_of: dict[int, str]
) -> tuple[str, dict[str, Any]]:
    """An aten call in our vocabulary, with the attributes the counter needs."""
    if word in {"convolution", "_convolution"}:
        return CONVOLUTION, {
            "weight_shape": tuple(inputs[1].shape),
            "input_shape": tuple(inputs[0].shape),
            "stride": tuple(args[3]),
            "padding": tuple(args[4]),
            "dilation": tuple(args[5]),
            "transposed": bool(args[6]),
            "groups": int(args[8]),
        }
    if word in {"addmm", "mm", "bmm", "baddbmm"}:
        left, right = inputs[-2], inputs[-1]
        inner = int(left.shape[-1])
        if id(right) in parameter_of or id(left) in parameter_of:
            return LINEAR, {"in_features": inner}
        return MATMUL, {"inner": inner}
    base = word.removesuffix("_") if word.removesuffix("_") in OPERATORS else word
    return OPERATORS.get(base, f"torch.{word}"), {}
