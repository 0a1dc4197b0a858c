"""A network as zoodata sees it: a small graph that is the same whatever framework it was read from.

Plain data, no framework. Readers make it through :mod:`zoodata.graph.canonical`; the counter, the digest,
the diff and the executor read it.

One network computes one image's class scores. Values have no batch axis and no axes of size 1, images are
channels, height, width; how an operator sees a value otherwise is a view on its edge
(:mod:`zoodata.graph.view`), so there are no nodes for transposes and reshapes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, NamedTuple

import numpy.typing as npt

from zoodata.graph.view import Axes, Shape, shape_of

Role = Literal["parameter", "statistic", "constant"]

INPUT, PARAMETER, CONSTANT = "input", "parameter", "constant"
LEAVES = frozenset({INPUT, PARAMETER, CONSTANT})
CONVOLUTION, LINEAR, MATMUL, RECURRENT = "convolution", "linear", "matmul", "recurrent"
LAYERS = (CONVOLUTION, LINEAR)
"""What has a weight and may have a bias."""

Cell = Literal["lstm", "gru", "rnn_tanh", "rnn_relu"]
GATES: dict[Cell, str] = {"lstm": "ifgo", "gru": "rzn", "rnn_tanh": "h", "rnn_relu": "h"}
"""The gates of a recurrent layer: input, forget, cell and output of an LSTM, reset, update and new of a GRU."""


def sequence_sizes(sizes: Sequence[str], shape: Sequence[int]) -> tuple[int, int, int]:
    """Steps, batch and inputs of what a recurrent layer reads, whose axes of size 1 are left out."""
    known = dict(zip(sizes, shape, strict=True))
    return known.get("t", 1), known.get("n", 1), known.get("i", 1)


VOCABULARY = LEAVES | {
    CONVOLUTION, LINEAR, MATMUL, "batch_norm", "layer_norm", "rms_norm", "group_norm", "local_response_norm",
    "activation", "softmax", "max_pool", "average_pool", "mean", "sum", "maximum", "minimum", "add", "subtract",
    "multiply", "divide", "power", "function", "concatenate", "slice", "pad", "flatten", "resize", "roll", "gather",
    RECURRENT, "lstm", "norm", "compare", "select", "item", "unfold", "quantize",
}  # fmt: skip


class Edge(NamedTuple):
    """One operand of a node: which value it reads, for what, and how it regroups the value's axes."""

    role: str
    source: int
    """Number of the node that makes the value."""
    axes: Axes | None = None
    """None: as it is."""


class Joined(NamedTuple):
    """Stored tensors of one shape that are read as one."""

    axis: int
    """Along which they stand one after the other."""
    names: tuple[str, ...]
    part: Shape
    """Of each, without axes of size 1."""


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One operation. It makes one value; its number names both."""

    number: int
    operator: str
    """A word of the vocabulary, or ``FRAMEWORK.OPERATOR`` for one outside it, which runs by that name."""
    inputs: tuple[Edge, ...]
    shape: Shape
    """Of its value: no batch, no axes of size 1."""
    attributes: Mapping[str, Any]
    name: str
    """Where it stands in the model, in the model's own words."""
    dynamic: bool
    """Whether its value depends on the image."""
    depth: int
    """Length of the longest path from the image."""

    @property
    def is_known(self) -> bool:
        """Whether the operator is a word of the vocabulary."""
        return self.operator in VOCABULARY

    @property
    def is_leaf(self) -> bool:
        """Whether it reads nothing: the image, a stored tensor, a constant."""
        return self.operator in LEAVES

    def edge(self, role: str) -> Edge | None:
        """The operand with this role, if it has one."""
        return next((edge for edge in self.inputs if edge.role == role), None)

    @property
    def stored(self) -> tuple[str, ...]:
        """Names of the stored tensors that a parameter leaf is: one, or several that are joined along an axis."""
        if self.operator != PARAMETER:
            return ()
        return (str(self.attributes["parameter"]),) if self.joined is None else self.joined.names

    @property
    def joined(self) -> Joined | None:
        """How a parameter leaf is made of several stored tensors; None where it is one, or a part of one."""
        if "joined" not in self.attributes:
            return None
        axis, names = self.attributes["joined"]
        part = tuple(size // len(names) if number == axis else size for number, size in enumerate(self.shape))
        return Joined(axis, names, part)

    @property
    def operands(self) -> dict[str, Edge]:
        """Operands by role; where a role repeats (what is concatenated), ``input``, ``input:2``, ``input:3``."""
        edges: dict[str, Edge] = {}
        for edge in self.inputs:
            count = sum(1 for known in edges.values() if known.role == edge.role)
            edges[f"{edge.role}:{count + 1}" if count else edge.role] = edge
        return edges


@dataclass(frozen=True)
class Parameter:
    """One stored tensor of a model, in the model's own name and shape."""

    name: str
    shape: Shape
    role: Role

    @property
    def elements(self) -> int:
        """The number of its elements."""
        return math.prod(self.shape)


@dataclass(frozen=True)
class Network:
    """One forward pass of one model."""

    framework: Literal["torch", "tensorflow", "onnx"]
    input_shape: Shape
    """(channels, height, width)"""
    nodes: tuple[Node, ...]
    """In an order in which each follows what it reads; ``nodes[i].number == i``. All lead to the output."""
    output: int
    """Number of the node that makes the class scores."""
    parameters: tuple[Parameter, ...]
    """Every stored tensor of the model, read by a node or not."""
    constants: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)
    """Fingerprint to contents of the constant leaves; empty in a network that was read from a file."""
    marks: Mapping[str, tuple[int, Axes]] = field(default_factory=dict)
    """Which value (its node, and how it is seen there) the model's own places have: modules in torch, tensors in ONNX
    and TensorFlow. By them a model that was read wrongly shows where; empty in a stored network."""

    @cached_property
    def operations(self) -> tuple[Node, ...]:
        """The nodes that compute something with the image."""
        return tuple(node for node in self.nodes if node.dynamic and not node.is_leaf)

    @cached_property
    def consumers(self) -> dict[int, list[Node]]:
        """Node number to the nodes that read it."""
        readers: dict[int, list[Node]] = {node.number: [] for node in self.nodes}
        for node in self.nodes:
            for source in dict.fromkeys(edge.source for edge in node.inputs):
                readers[source].append(node)
        return readers

    def operand_shape(self, edge: Edge) -> Shape:
        """Shape of an operand as its node sees it."""
        return self.nodes[edge.source].shape if edge.axes is None else shape_of(edge.axes)

    def stored_in(self, edge: Edge | None) -> tuple[str, ...]:
        """Names of the stored tensors that an operand is: mostly one; none for a value that is computed."""
        return () if edge is None else self.nodes[edge.source].stored
