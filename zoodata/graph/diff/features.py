"""What a node is, for comparison: attributes that a designer chose, in one convention for related operators.

A linear layer over an image's channels is a convolution with a kernel of 1x1 here, so that a kernel that
grew from 1 to 3 is a changed kernel and not another operator. What follows from something else (how many
inputs a layer has, how many channels a depthwise convolution gives) is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

from zoodata.graph.digest import text
from zoodata.graph.network import CONSTANT, CONVOLUTION, LAYERS, LINEAR, PARAMETER, Network, Node
from zoodata.graph.view import identity

FAMILIES: dict[str, str] = {
    CONVOLUTION: "layer", LINEAR: "layer", "max_pool": "pool", "average_pool": "pool",
    "batch_norm": "norm", "layer_norm": "norm", "rms_norm": "norm", "group_norm": "norm",
}  # fmt: skip
"""Operators that can stand for one another; any other is a family of its own."""

NORMS = frozenset({"group_norm", "layer_norm"})
"""Operators that bring values to mean 0 and deviation 1 and then multiply and shift them by stored vectors."""

REGROUPING = frozenset({CONVOLUTION, "matmul", "concatenate", "flatten", "max_pool", "average_pool"})
"""Operators that read values regrouped where regrouping is part of the design (heads, windows, shuffles)."""

WHOLE_IMAGE = "whole image"
"""The kernel of a linear layer over all channels and positions."""

HIDDEN = frozenset({"channel", "axes", "axis", "free", "batch", "parameter", "role", "sizes"})
"""Attributes that follow from how values happen to be laid out."""


def family(node: Node) -> str:
    """The word under which a node may be matched."""
    if node.operator in ("multiply", "add") and "scalar" in node.attributes:
        return f"{node.operator} number"
    return FAMILIES.get(node.operator, node.operator)


def label(network: Network, node: Node) -> str:
    """The operator as people call it: a linear layer over the channels of an image is a convolution."""
    if node.operator == LINEAR and len(network.operand_shape(node.inputs[0])) > 2:
        return CONVOLUTION
    return node.operator


def features(network: Network, node: Node) -> dict[str, Any]:
    """A node's own attributes in comparable form, and which stored vectors it has."""
    if node.operator in (CONVOLUTION, LINEAR):
        values = _layer(network, node)
    else:
        values = {name: value for name, value in node.attributes.items() if name not in HIDDEN}
        if node.operator in ("mean", "maximum", "minimum", "softmax") and "axes" in node.attributes:
            values["over"] = _over(network, node)
    if node.operator == "matmul":
        values["groups"] = prod(node.shape[: node.attributes["batch"]])
    if node.operator == "slice":
        length = network.operand_shape(node.inputs[0])[node.attributes["axis"]]
        part = (node.attributes["start"] / length, node.attributes["stop"] / length)
        values = {"part": part, "step": node.attributes["step"]}
    if node.operator in REGROUPING:
        values["view"] = "; ".join(_pattern(edge.axes) for edge in node.inputs if network.nodes[edge.source].dynamic)
    for role, edge in node.operands.items():
        if network.nodes[edge.source].operator == CONSTANT:
            values[f"{role} table"] = network.nodes[edge.source].attributes["constant"]
    present = {edge.role for edge in node.inputs if network.nodes[edge.source].operator == PARAMETER}
    for role in ("bias", "scale", "shift"):
        if role in present or node.edge(role) is not None:
            values[role] = True
    return values


AXES = ("channels", "height", "width")


def _over(network: Network, node: Node) -> Any:
    """Which axes an operator works over: of an image by their names, of other values how many."""
    axes = node.attributes["axes"]
    if node.operator == "softmax" and len(network.operand_shape(node.inputs[0])) == len(AXES):
        return tuple(AXES[axis] for axis in axes)
    return len(axes) or 2  # a mean over the one position that is left


def is_on_whole_image(a: Network, b: Network, x: Node, y: Node) -> bool:
    """Whether one of two layers is a convolution that covers its image and the other linear over all of it."""
    if {x.operator, y.operator} != set(LAYERS):
        return False
    network, layer = (a, x) if x.operator == CONVOLUTION else (b, y)
    own = layer.attributes
    if "extra" in own or own["groups"] != 1 or any(map(any, own["padding"])):
        return False
    return tuple(network.operand_shape(layer.inputs[0])[-len(own["kernel"]) :]) == tuple(own["kernel"])


def regroupings(network: Network, node: Node) -> tuple[str, ...]:
    """How a node's operands that depend on the image are cut and ordered, in steps: ``channels 3x4 turned``."""
    found = []
    for edge in node.inputs:
        source = network.nodes[edge.source]
        if not source.dynamic or edge.axes is None:
            continue
        atoms = [atom for axis in edge.axes for atom in axis if atom[0] >= 0]
        for base in sorted({a for a, _, _ in atoms}):
            mine = [(inner, size) for a, inner, size in atoms if a == base]
            if len(mine) < 2:
                continue
            ordered = sorted(mine, reverse=True)
            name = AXES[base] if len(source.shape) == len(AXES) else f"axis {base}"
            turned = "" if mine == ordered else " turned"
            found.append(f"{name} {'x'.join(str(size) for _, size in ordered)}{turned}")
    return tuple(found)


def _pattern(axes: Any) -> str:
    """How a view orders and cuts axes, sizes left out."""
    if axes is None:
        return "as it is"
    named = [" ".join("repeat" if a < 0 else f"{a}{'' if i == 1 else '+'}" for a, i, _ in axis) for axis in axes]
    return ", ".join(word for word in named if word)


def _layer(network: Network, node: Node) -> dict[str, Any]:
    weight = node.edge("weight")
    assert weight is not None
    shape = network.operand_shape(weight)
    if node.operator == CONVOLUTION:
        values = {
            name: node.attributes[name] for name in ("kernel", "stride", "padding", "dilation", "groups", "outputs")
        }
        inputs = shape[1] * values["groups"]
        if values["groups"] == inputs > 1 and "extra" not in node.attributes:
            values["outputs"] = f"{values['outputs'] // inputs} per channel"
            values["groups"] = "depthwise"
        return values | ({"transposed": True} if "extra" in node.attributes else {})
    operand = network.operand_shape(node.inputs[0])
    axes = node.attributes["axes"]
    return {
        "kernel": WHOLE_IMAGE if len(axes) == len(operand) > 1 else (1, 1),
        "stride": (1, 1),
        "padding": ((0, 0), (0, 0)),
        "dilation": (1, 1),
        "groups": 1,
        "outputs": node.attributes["outputs"],
        "view": "as it is",
    }


def signature(own: Mapping[str, Any]) -> str:
    """Features as text."""
    return ",".join(f"{name}={text(own[name])}" for name in sorted(own))


def last_layer(network: Network) -> Node | None:
    """The layer that gives the scores; None in a network without layers."""
    return next((node for node in reversed(network.nodes) if node.operator in LAYERS and node.dynamic), None)


def stored_shapes(network: Network, node: Node) -> dict[str, tuple[int, ...]]:
    """Shape by role of the stored tensors a node reads, in the canonical order of axes."""
    shapes = {}
    for role, edge in node.operands.items():
        if network.nodes[edge.source].operator == PARAMETER:
            shapes[role] = tuple(size for size in network.operand_shape(edge) if size != 1)
    return shapes


def is_affine(network: Network, node: Node) -> bool:
    """A product or sum with one stored vector along the channels."""
    if node.operator == "batch_norm":
        return True
    if node.operator not in ("multiply", "add") or "scalar" in node.attributes or len(node.inputs) != 2:
        return False
    other = network.nodes[node.inputs[1].source]
    return other.operator == PARAMETER and len(other.shape) == 1


def passes_constants(node: Node) -> bool:
    """Whether a constant per channel added to one operand comes out of it as it went in.

    True of a sum of two values laid out alike, and of max pooling, whose frame never wins.
    """
    alike = all(edge.axes is None or edge.axes == identity(node.shape) for edge in node.inputs)
    if node.operator == "add":
        return alike and "scalar" not in node.attributes
    return node.operator == "max_pool"
