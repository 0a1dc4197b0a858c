"""Read a TensorFlow function: the operations of its graph, library functions included.

Keras 3, tf-keras (Model Garden) and TF1-style graphs (TF-Slim) all end as a ``FuncGraph`` or ``Graph`` of
the same operations, so one reader serves the three. Images arrive NHWC; the network is NCHW.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from zoodata.graph import tensorflow_operators, view
from zoodata.graph.canonical.builder import Builder, View
from zoodata.graph.canonical.finish import finish
from zoodata.graph.network import Network, Parameter, Role

CALLS = {"StatefulPartitionedCall", "PartitionedCall"}
CONTROL_FLOW = {"If", "While", "StatelessIf", "StatelessWhile", "Case", "StatelessCase", "Switch", "Merge", "Enter"}
TRANSPARENT = {"ReadVariableOp", "Identity", "StopGradient", "EnsureShape", "IdentityN", "PreventGradient", "Snapshot"}
LARGEST_FOLD = 1 << 24
"""Elements of a constant that is computed while reading."""
STATISTICS = re.compile(r"(^|/)moving_(mean|variance)(:0)?$")

Value = View | npt.NDArray[Any]
"""Of a tensor: a value of the network, or values known beforehand."""


class Unreadable(ValueError):
    """A graph whose forward pass cannot be followed."""


def role_of(name: str, trainable: bool) -> Role:
    """What a variable is: a parameter, a batch-norm statistic, or a constant that is merely stored."""
    if STATISTICS.search(name):
        return "statistic"
    return "parameter" if trainable else "constant"


def variable_name(variable: Any) -> str:
    """The variable's full name: Keras 3 calls it path, TensorFlow name."""
    return str(getattr(variable, "path", None) or variable.name).removesuffix(":0")


def read(
    graph: tf.Graph,
    image: tf.Tensor,
    output: tf.Tensor,
    variables: Iterable[Any],
    handles: Mapping[str, str],
    layers: Collection[str] = (),
    tables: Mapping[str, npt.NDArray[Any]] | None = None,
) -> Network:
    """Read a graph between its image and its output.

    Args:
        graph: the graph or function graph.
        image: its input, (1, height, width, channels), all sizes known.
        output: its result.
        variables: everything the model stores.
        handles: name of a tensor that stands for a variable in this graph, to the variable's name.
        layers: names of the model's layers, where it has such; Keras opens a second scope of each, ``NAME_1``.
        tables: name of a tensor to its contents, where the model holds it outside its variables (position tables that a
            layer computes once).

    Raises:
        Unreadable: with control flow, or a shape that is not known beforehand.
    """
    stored = {}
    for variable in variables:
        name = variable_name(variable)
        stored[name] = Parameter(name, tuple(variable.shape), role_of(name, variable.trainable))
    builder = Builder()
    _, height, width, channels = image.shape
    picture = builder.image(channels, height, width)
    known: dict[str, Value] = {image.name: View(picture.node, view.permute(picture.axes, (0, 2, 3, 1)))}
    walker = _Walker(builder, stored, frozenset(layers))
    known.update(tables or {})
    for tensor, name in handles.items():
        if name in stored:
            parameter = stored[name]
            known[tensor] = builder.parameter(name, parameter.shape, parameter.role)
    walker.walk(graph, known, [output])
    result = known[output.name]
    if not isinstance(result, View):
        raise Unreadable("the output does not depend on the image")
    return finish(builder, "tensorflow", (channels, height, width), result, list(stored.values()))


class _Walker:
    """Follows the operations in order, into library functions with the values handed to them."""

    def __init__(self, builder: Builder, stored: Mapping[str, Parameter], layers: frozenset[str]) -> None:
        self.builder = builder
        self.stored = stored
        self.layers = layers

    def walk(self, graph: tf.Graph, known: dict[str, Value], outputs: Iterable[tf.Tensor], prefix: str = "") -> None:
        wanted = _reachable(outputs, known)
        for operation in graph.get_operations():
            if operation.name in wanted:
                self.builder.place = _place(prefix + operation.name, self.layers)
                self._step(graph, operation, known, prefix)

    def _step(self, graph: tf.Graph, operation: tf.Operation, known: dict[str, Value], prefix: str) -> None:
        kind = operation.type
        if kind in CONTROL_FLOW or kind.startswith("TensorList"):
            raise Unreadable(
                f"the graph has control flow ({kind} at {operation.name}: a loop, as recurrent layers have)"
            )
        if operation.outputs and all(tensor.name in known for tensor in operation.outputs):
            return
        if kind == "Const":
            known[operation.outputs[0].name] = np.asarray(tf.make_ndarray(operation.get_attr("value")))
            return
        if kind in {"Placeholder", "VarHandleOp", "VariableV2"}:
            raise Unreadable(f"{operation.name} feeds the output and is neither the image nor a stored variable")
        inputs = [known[tensor.name] for tensor in operation.inputs]
        if kind in TRANSPARENT or (kind == "Cast" and not tensorflow_operators.changes_numbers(operation)):
            results: list[Value] = list(inputs)
        elif kind == "Shape":
            results = [np.asarray(_sizes(operation.inputs[0]), dtype=operation.outputs[0].dtype.as_numpy_dtype)]
        elif kind in CALLS:
            results = self._call(graph, operation, inputs, prefix)
        elif (inputs and all(isinstance(value, np.ndarray) for value in inputs)) or kind in {"Range", "Fill"}:
            results = self._folded(operation, inputs)
        else:
            results = list(tensorflow_operators.build(self.builder, operation, inputs))
        for tensor, value in zip(operation.outputs, results, strict=False):
            known[tensor.name] = value
            if isinstance(value, View) and value.node.dynamic and not prefix:
                self.builder.marks[tensor.name] = value
            if isinstance(value, View) and _is_sized(tensor) and tuple(value.shape) != _sizes(tensor):
                raise Unreadable(f"{operation.name}: our result is {value.shape}, TensorFlow's {_sizes(tensor)}")

    def _call(self, graph: tf.Graph, operation: tf.Operation, inputs: list[Value], prefix: str) -> list[Value]:
        inner = _library_graph(graph, operation.get_attr("f").name, operation.inputs)
        known = {inside.name: value for inside, value in zip(inner.inputs, inputs, strict=True)}
        self.walk(inner, known, inner.outputs, f"{prefix}{operation.name}/")
        return [known[tensor.name] for tensor in inner.outputs]

    def _folded(self, operation: tf.Operation, inputs: list[Value]) -> list[Value]:
        """Values computed from known values."""
        size = max(int(np.prod(_sizes(tensor))) for tensor in operation.outputs)
        if size > LARGEST_FOLD:
            raise Unreadable(f"{operation.name} is a constant of {size} elements")
        return list(tensorflow_operators.evaluate(operation.node_def, [np.asarray(value) for value in inputs]))


def _place(name: str, layers: frozenset[str]) -> str:
    """The layer an operation belongs to: without the model's own scope and the operation's last word."""
    parts = [part for part in name.split("/") if part not in ("StatefulPartitionedCall", "PartitionedCall")]
    parts = [part[:-2] if part[:-2] in layers and part not in layers and part[-2:] == "_1" else part for part in parts]
    return "/".join(parts[1:-1] if len(parts) > 2 else parts[-1:])


def _library_graph(graph: tf.Graph, name: str, given: Iterable[tf.Tensor]) -> Any:
    """The graph of a function that a graph's library holds; made anew for these inputs where it leaves sizes open, as a
    SavedModel's functions leave the batch."""
    inner = getattr(graph._get_function(name), "graph", None)
    if inner is not None and all(_is_sized(tensor) for tensor in inner.inputs):
        return inner
    from tensorflow.python.eager import context

    try:
        definition = context.context().get_function_def(name)
    except tf.errors.OpError as error:
        raise Unreadable(f"the library function {name} has no graph to read") from error
    return _made_for(definition, list(given))


def _made_for(definition: Any, given: Sequence[tf.Tensor]) -> Any:
    """A function's graph with the sizes of these inputs; what a resource holds is part of it."""
    from tensorflow.python.framework import func_graph, function_def_to_graph, importer
    from tensorflow.python.ops import handle_data_util

    made, names = function_def_to_graph.function_def_to_graph_def(definition, [tensor.shape for tensor in given])
    inner = func_graph.FuncGraph(definition.signature.name)
    with inner.as_default():
        inner.inputs = [tf.compat.v1.placeholder(tensor.dtype, tensor.shape) for tensor in given]
        for tensor, placeholder in zip(given, inner.inputs, strict=True):
            if tensor.dtype == tf.resource:
                handle_data_util.copy_handle_data(tensor, placeholder)
        arguments = [argument.name for argument in definition.signature.input_arg]
        inner.outputs = importer.import_graph_def(
            made, name="", input_map=dict(zip((f"{name}:0" for name in arguments), inner.inputs, strict=True)),
            return_elements=[names[definition.ret[output.name]] for output in definition.signature.output_arg],
        )  # fmt: skip
    return inner


def _is_sized(tensor: tf.Tensor) -> bool:
    return tensor.shape.rank is not None and None not in list(tensor.shape)


def _reachable(outputs: Iterable[tf.Tensor], known: Mapping[str, Any]) -> set[str]:
    """Names of the operations the outputs depend on: training-only branches fall away."""
    reached: set[str] = set()
    waiting = [tensor.op for tensor in outputs if tensor.name not in known]
    while waiting:
        operation = waiting.pop()
        if operation.name not in reached:
            reached.add(operation.name)
            waiting += [tensor.op for tensor in operation.inputs if tensor.name not in known]
    return reached


def _sizes(tensor: tf.Tensor) -> tuple[int, ...]:
    if tensor.shape.rank is None or any(size is None for size in tensor.shape):
        raise Unreadable(f"the shape of {tensor.name} is not known before it runs ({tensor.shape})")
    return tuple(tensor.shape)
