"""A network as zoodata sees it: nodes of a small vocabulary, with shapes and parameters by role.

Plain data, no framework. Readers (``*_reader.py``) make it; the counter reads it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Shape = tuple[int, ...]

# The operators that count. Their attributes follow one convention whatever the framework:
# convolution: weight is OIHW (I is input channels per group), ``groups``;  linear: ``in_features``;
# matmul: ``inner``, the length of the summed axis.
CONVOLUTION, LINEAR, MATMUL = "convolution", "linear", "matmul"

VOCABULARY = frozenset(
    {
        CONVOLUTION, LINEAR, MATMUL, "batch_normalization", "layer_normalization", "group_normalization",
        "local_response_normalization", "activation", "softmax", "max_pool", "average_pool", "global_pool",
        "pad", "add", "subtract", "multiply", "divide", "concatenate", "split", "slice", "reshape", "transpose",
        "mean", "sum", "power", "square_root", "exponential", "maximum", "minimum", "resize", "gather", "norm",
        "constant", "identity", "compare", "select", "roll", "unfold",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Parameter:
    """One stored tensor of a model."""

    name: str
    shape: Shape
    role: Literal["parameter", "statistic", "constant"]

    @property
    def numbers(self) -> int:
        """How many numbers it holds."""
        return math.prod(self.shape)


@dataclass(frozen=True)
class Node:
    """One operation: what it takes (value names), what it gives, and what it needs to know."""

    name: str
    operator: str
    """A word of the vocabulary, or ``FRAMEWORK.OPERATOR`` for one outside it."""
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    shape: Shape
    """Of the first output, batch included, in the framework's own layout."""
    attributes: Mapping[str, Any] = field(default_factory=dict)
    parameters: tuple[str, ...] = ()
    """Names of the stored tensors it uses."""

    @property
    def is_known(self) -> bool:
        """Whether the operator is a word of the vocabulary."""
        return self.operator in VOCABULARY


@dataclass(frozen=True)
class Network:
    """One inference pass of one model."""

    framework: Literal["torch", "tensorflow", "onnx"]
    input_shape: Shape
    """Batch included."""
    layout: Literal["NCHW", "NHWC"]
    output_shape: Shape
    nodes: tuple[Node, ...]
    parameters: tuple[Parameter, ...]
    """Every stored tensor of the model, used by a node or not."""
