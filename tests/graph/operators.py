"""Which operators, layers and modules are read, and whether what is read computes the same: found by running them.

ONNX's own test data (in its wheel) has a model, inputs and outputs for every operator; each becomes a small network
whose image is the operator's first real input. Keras layers and torch modules are built small and run beside their
networks.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper
from onnx.backend.test.case.node import collect_testcases

from zoodata.graph import executor, faithful, onnx_reader, onnx_writer
from zoodata.graph.counter import uncounted
from zoodata.graph.network import Network

TOLERANCE = 1e-3

NO_FUNCTION = frozenset({"Loop", "Scan", "SequenceMap"})
"""Loops: no network without them."""
RANDOM = frozenset(
    {"RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Bernoulli", "Multinomial"}
)


@dataclass
class Row:
    """One operator: in how many of its tests it was read, and in how many the result was right."""

    name: str
    since: int
    tested: int = 0
    read: int = 0
    right: int = 0
    by_name: bool = False
    counted: bool = True
    written: bool = False
    """Whether our own ONNX form of it has ONNX's operators only."""
    problems: list[str] = field(default_factory=list)


def onnx_rows() -> list[Row]:
    """A row for each operator of the newest opset that takes a tensor of real numbers."""
    newest = {schema.name: schema for schema in onnx.defs.get_all_schemas() if schema.domain == ""}
    rows = {name: Row(name, _first(name)) for name, schema in newest.items() if not schema.deprecated}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cases = collect_testcases(None)
    for case in cases:
        _try_case(case, rows)
    return sorted(rows.values(), key=lambda row: row.name)


def _first(name: str) -> int:
    versions = [s.since_version for s in onnx.defs.get_all_schemas_with_history() if s.name == name and s.domain == ""]
    return int(min(versions))


def _try_case(case: Any, rows: dict[str, Row]) -> None:
    model = case.model
    if model is None or not case.data_sets or model.graph.node[0].domain not in ("", "ai.onnx"):
        return
    if len(model.graph.node) != 1 or model.graph.node[0].op_type not in rows or model.functions:
        return
    row = rows[model.graph.node[0].op_type]
    inputs, outputs = case.data_sets[0]
    given, wanted = _arrays(inputs, model.graph.input), _arrays(outputs, model.graph.output)
    if given is None or not wanted or row.name in NO_FUNCTION | RANDOM:
        return
    image = next((n for n, a in given.items() if a.dtype == np.float32 and 1 < a.size < 1 << 14), None)
    expected = next(iter(wanted.values()))
    if image is None or expected.dtype not in (np.float32, np.bool_, np.int64, np.int32) or 0 in expected.shape:
        return
    row.tested += 1
    try:
        read = onnx_reader.read(_network(model, given, image))
    except Exception as error:
        row.problems.append(f"{case.name}: {type(error).__name__}: {error}"[:200])
        return
    row.read += 1
    network = read.network
    row.by_name = row.by_name or any("call" in node.attributes for node in network.nodes)
    row.counted = row.counted and not uncounted(network)
    row.written = row.written or _is_written(network)
    try:
        result = _run(read, given[image])
    except Exception as error:
        row.problems.append(f"{case.name}: {type(error).__name__}: {error}"[:200])
        return
    same = result.size == expected.size and np.allclose(
        result.ravel(), expected.ravel(), 1e-3, TOLERANCE, equal_nan=True
    )
    row.right += bool(same)
    if not same:
        row.problems.append(f"{case.name}: another result")


def _is_written(network: Network) -> bool:
    try:
        model = onnx_writer.model(network, "one")
    except onnx_writer.CannotWrite:
        return False
    return all(node.domain != "zoodata" for node in model.graph.node)


def _arrays(values: Any, declared: Any) -> dict[str, Any] | None:
    if any(not isinstance(value, (np.ndarray, np.generic)) for value in values):
        return None
    return {info.name: np.asarray(value) for info, value in zip(declared, values, strict=False)}


def _network(model: onnx.ModelProto, given: dict[str, Any], image: str) -> onnx.ModelProto:
    """The operator behind an image that is reshaped to its first real input."""
    array = given[image]
    nodes = [helper.make_node("Reshape", ["zoodata_image", "zoodata_shape"], [image]), *model.graph.node]
    stored = [numpy_helper.from_array(np.asarray(a), name) for name, a in given.items() if name != image]
    stored.append(numpy_helper.from_array(np.asarray(array.shape, dtype=np.int64), "zoodata_shape"))
    declared = helper.make_tensor_value_info("zoodata_image", onnx.TensorProto.FLOAT, [1, 1, 1, array.size])
    graph = helper.make_graph(nodes, "one", [declared], model.graph.output, stored)
    return helper.make_model(graph, opset_imports=model.opset_import, ir_version=model.ir_version)


def _run(read: onnx_reader.Read, image: Any) -> Any:
    import torch

    stored = {name: torch.from_numpy(np.array(s.numbers)) for name, s in read.stored.items() if s.numbers is not None}
    picture = torch.from_numpy(np.array(image)).reshape(read.network.input_shape)
    with torch.inference_mode():
        return executor.execute(read.network, stored, picture).numpy()


def layer_rows(builders: dict[str, Callable[[], Any]]) -> Iterator[Row]:
    """A row for each layer or module: read, and run beside its network on random weights."""
    for name, build in builders.items():
        row = Row(name, 0, tested=1)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                model = build()
                network = model.network()
                row.read = 1
                row.by_name = any("call" in node.attributes for node in network.nodes)
                row.counted = not uncounted(network)
                row.written = _is_written(network)
                error = faithful.error(network, model.forward, 0)
                row.right = int(error < TOLERANCE)
                if not row.right:
                    row.problems.append(f"another result ({error:.0e})")
            except Exception as error:
                row.problems.append(f"{type(error).__name__}: {error}"[:200])
        yield row


HEAD = """# Operators

What zoodata reads of a model, and whether what it reads computes the same. The tables are made by running: each
operator's own test cases in the `onnx` package, and a small model of each layer and module, beside the network that
was read of it. `OPERATORS=write pytest tests/graph/test_operators.py` makes this page anew.

- **read**: the model becomes a network. **same result**: run, the network gives what the framework gives.
- **as**: a word of our own, which compares across frameworks, or the framework's own operator by its name.
- **counted**: its multiply-accumulates are in the total; where they are not, every output says so.
- **written**: our ONNX form of it (`zoodata network --format onnx`) has ONNX's operators only.
"""


def page(operators: list[Row], modules: list[Row], layers: list[Row]) -> str:
    """The page for the documentation."""
    tried = [row for row in operators if row.tested]
    left = [row.name for row in operators if not row.tested]
    run = sum(row.right > 0 for row in tried)
    names = ("operator", "since opset", "cases", "read", "same result", "as", "counted", "written")
    rows = [(r.name, r.since, r.tested, r.read, r.right, _as(r), _word(r.counted), _word(r.written)) for r in tried]
    parts = [
        HEAD,
        f"## ONNX\n\n{run} of {len(tried)} operators that take real numbers are read and run.\n",
        _table("ONNX operators", names, rows),
        f"Not tried, for want of a case with one real tensor in and one out: {', '.join(left)}.\n",
    ]
    names = ("model around", "read", "same result", "as", "counted", "written")
    for title, tried in (("Torch modules", modules), ("Keras layers", layers)):
        right = sum(row.right for row in tried)
        words = [(r.name, _word(r.read), _word(r.right), _as(r), _word(r.counted), _word(r.written)) for r in tried]
        parts.append(f"## {title}\n\n{right} of {len(tried)} are read and run.\n")
        parts.append(_table(title, names, words))
    return "\n".join(parts)


def _table(caption: str, names: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table as the site's other hand-written pages have them: with a caption, which Markdown has no way to write."""
    head = "".join(f'<th scope="col">{name}</th>' for name in names)
    lines = ["<table>", f"<caption>{caption}</caption>", f"<thead><tr>{head}</tr></thead>", "<tbody>"]
    for first, *others in rows:
        cells = "".join(f"<td>{other}</td>" for other in others)
        lines.append(f'<tr><th scope="row">{first}</th>{cells}</tr>')
    return "\n".join([*lines, "</tbody>", "</table>\n"])


def _as(row: Row) -> str:
    return "its name" if row.by_name else "a word"


def _word(value: object) -> str:
    return "yes" if value else "no"
