"""A network to look at: as text, as JSON, as Graphviz, as an ONNX file that netron opens."""

from __future__ import annotations

import base64
import json
from typing import Any, TypedDict

from zoodata.graph.counter import Share, count, node_macs, shares
from zoodata.graph.diff.features import features, label
from zoodata.graph.digest import digest
from zoodata.graph.network import INPUT, Network, Node
from zoodata.graph.values import shown


def render(network: Network, title: str, style: str) -> str:
    """The network in one of the styles text, json, dot, onnx (the last as base64)."""
    if style == "onnx":
        from zoodata.graph import onnx_writer

        return base64.b64encode(onnx_writer.model(network, title).SerializeToString()).decode()
    return {"text": as_text, "json": as_json, "dot": as_dot}[style](network, title)


UNREAD = "not read by this forward pass"


class Row(TypedDict):
    """An operation of a network, or what no operation of this forward pass reads."""

    number: int | None
    """None for what nothing reads."""
    name: str
    operator: str
    shape: list[int]
    inputs: list[int]
    """Numbers of the operations whose values it reads."""
    parameters: int
    statistics: int
    macs: int
    attributes: dict[str, Any]


def rows(network: Network) -> list[Row]:
    """One row for each operation, in order, and what else holds weights or multiplies. They sum to the totals."""
    held, left = shares(network)
    listed: list[Row] = [
        {
            "number": node.number,
            "name": node.name,
            "operator": label(network, node),
            "shape": list(node.shape),
            "inputs": [edge.source for edge in node.inputs if network.nodes[edge.source].dynamic],
            "parameters": held.get(node.number, Share()).parameters,
            "statistics": held.get(node.number, Share()).statistics,
            "macs": node_macs(network, node),
            "attributes": {name: _plain(value) for name, value in features(network, node).items()},
        }
        for node in network.nodes
        if not node.is_leaf and (node.dynamic or node.number in held or node_macs(network, node))
    ]
    if left.parameters or left.statistics:
        listed.append({
            "number": None, "name": UNREAD, "operator": "", "shape": [], "inputs": [], "parameters": left.parameters,
            "statistics": left.statistics, "macs": 0, "attributes": {},
        })  # fmt: skip
    return listed


def as_text(network: Network, title: str) -> str:
    """A table by layer, totals below."""
    counts = count(network)
    lines = [f"{title}: network {digest(network)[:12]}, image {shown(network.input_shape)}", ""]
    table = [("name", "operator", "value", "parameters", "statistics", "MACs", "")]
    for row in rows(network):
        value = (shown(tuple(row["shape"])) or "1") if row["number"] is not None else ""
        table.append((
            row["name"], row["operator"], value, _number(row["parameters"]), _number(row["statistics"]),
            _number(row["macs"]), _brief(row["attributes"]),
        ))  # fmt: skip
    widths = [max(len(line[column]) for line in table) for column in range(6)]
    for line in table:
        cells = [
            cell.rjust(width) if n in (3, 4, 5) else cell.ljust(width)
            for n, (cell, width) in enumerate(zip(line, widths, strict=False))
        ]
        lines.append("  ".join([*cells, line[6]]).rstrip())
    bound = "at least " if counts.uncounted else ""
    lines += ["", f"{counts.parameters:,} parameters, {counts.statistics:,} statistics, {bound}{counts.macs:,} MACs"]
    if counts.uncounted:
        lines.append(f"not counted: {', '.join(counts.uncounted)} (they multiply; their MACs are not known)")
    if counts.unknown_operators:
        lines.append(f"outside the vocabulary, run by name: {', '.join(counts.unknown_operators)}")
    return "\n".join(lines)


def _number(value: int) -> str:
    return f"{value:,}" if value else ""


def as_json(network: Network, title: str) -> str:
    """Operations with counts, and the digest."""
    counts = count(network)
    document = {
        "entry": title,
        "digest": digest(network),
        "input": list(network.input_shape),
        "parameters": counts.parameters,
        "statistics": counts.statistics,
        "macs": counts.macs,
        "uncounted_operators": list(counts.uncounted),
        "unknown_operators": list(counts.unknown_operators),
        "nodes": rows(network),
    }
    return json.dumps(document, indent=1, ensure_ascii=False)


def as_dot(network: Network, title: str) -> str:
    """A Graphviz digraph."""
    shown = {node.number for node in network.operations} | {n.number for n in network.nodes if n.operator == INPUT}
    lines = [f"digraph {_quoted(title)} {{", "  node [shape=box, fontname=Helvetica];"]
    for node in network.nodes:
        if node.number in shown:
            lines.append(f"  n{node.number} [label={_quoted(_caption(network, node))}];")
    for node in network.operations:
        for edge in node.inputs:
            if edge.source in shown:
                lines.append(f"  n{edge.source} -> n{node.number};")
    return "\n".join([*lines, "}"])


def _caption(network: Network, node: Node) -> str:
    if node.operator == INPUT:
        return f"image {shown(network.input_shape)}"
    return f"{label(network, node)}\n{node.name}\n{shown(node.shape)}  {_brief(features(network, node))}".strip()


def _brief(own: dict[str, Any]) -> str:
    hidden = {"call", "arguments"}
    usual: dict[str, Any] = {
        "groups": 1,
        "dilation": (1, 1),
        "stride": (1, 1),
        "padding": ((0, 0), (0, 0)),
        "view": "as it is",
    }
    parts = []
    for name, value in own.items():
        plain = _frozen(value)
        if name in hidden or plain == usual.get(name, "") or (name == "view" and "+" not in str(value)):
            continue
        parts.append(name if value is True else f"{name} {shown(plain, name)}")
    return ", ".join(parts)


def _frozen(value: Any) -> Any:
    return tuple(_frozen(item) for item in value) if isinstance(value, (list, tuple)) else value


def _plain(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return str(value) if value in (float("inf"), float("-inf")) else value


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
