"""TensorFlow graphs: Keras models (Keras 3 or tf-keras) and TF1-style functions (TF-Slim)."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# The Model Garden and TF-Slim need Keras 2 behind tf.keras; Keras 3 is imported under its own name.
os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import numpy as np
import tensorflow as tf

from zoodata.graph import tensorflow_reader
from zoodata.graph.network import Network
from zoodata.records.measurement import InputShape
from zoodata.runtimes.model import (
    Array,
    CannotRead,
    ForwardPass,
    Scorer,
    Weights,
    WeightsDoNotFit,
    filled,
    in_brief,
    in_layout,
    random_image,
)

tf.get_logger().setLevel("ERROR")


class KerasModel:
    """A Keras model of either generation, run as one traced function. Of several outputs the first is taken."""

    runtime = "tensorflow"

    @property
    def formats(self) -> tuple[str, ...]:
        """See :class:`zoodata.runtimes.model.Saves`. A Model Garden model knows the parts of its checkpoint."""
        return (".ckpt",) if hasattr(self._model, "checkpoint_items") else (".weights.h5", ".keras")

    _xla = False

    def __init__(self, model: Any, image: InputShape) -> None:
        self._model = model
        self.input = image
        self.classes = int(tf.nest.flatten(self._trace(1).structured_outputs)[0].shape[-1])

    @classmethod
    def of(cls, model: Any, size: tuple[int, int] | None = None) -> KerasModel:
        """A model that says itself what image it takes; where it leaves the size open, of this (height, width).

        Raises:
            CannotRead: when that is not one image of a fixed size.
        """
        shape = model.input_shape
        if isinstance(shape, (list, dict)):
            raise CannotRead(f"{model.name} takes {len(shape)} inputs, not one image")
        if len(shape) != 4:
            raise CannotRead(f"{model.name} takes {shape}, not an image of (batch, height, width, channels)")
        _, height, width, channels = shape
        if size is not None:
            if height not in (None, size[0]) or width not in (None, size[1]):
                raise CannotRead(f"{model.name} is made for {height}x{width} pixels only")
            height, width = size
        if not (height and width and channels):
            raise CannotRead(f"{model.name} leaves its input size open, {shape}: give one, for instance --size 224")
        return cls(model, InputShape(channels=channels, height=height, width=width, layout="NHWC"))

    def network(self) -> Network:
        """See :class:`zoodata.runtimes.model.Model`."""
        try:
            function = self._trace(1)
            graph = function.graph
            by_handle = {id(_handle(v)): tensorflow_reader.variable_name(v) for v in self._variables()}
            handles = {
                inside.name: by_handle[id(outside)] for outside, inside in graph.captures if id(outside) in by_handle
            }
            tables = {
                inside.name: np.asarray(outside.numpy())
                for outside, inside in graph.captures
                if outside.dtype != tf.resource and hasattr(outside, "numpy")
            }
            return tensorflow_reader.read(
                graph, function.inputs[0], function.outputs[0], self._variables(), handles, self._layers(), tables
            )
        except Exception as error:  # a model's call may raise anything
            raise CannotRead(in_brief(error)) from error

    def _layers(self) -> frozenset[str]:
        return frozenset(layer.name for layer in self._model._flatten_layers())

    def _variables(self) -> list[Any]:
        """The model's stored variables; Keras 3's bookkeeping (seeds) left out."""
        return [v for v in self._model.weights if "seed_generator" not in tensorflow_reader.variable_name(v)]

    def at(self, height: int, width: int) -> KerasModel:
        """See :class:`zoodata.runtimes.model.Model`."""
        raise CannotRead(f"a Keras model is built for one image size, here {self.input.height}x{self.input.width}")

    def stored(self) -> Weights:
        """See :class:`zoodata.runtimes.model.Model`."""
        return {tensorflow_reader.variable_name(v): np.asarray(v.numpy()) for v in self._variables()}

    def forward(self, image: Array, weights: Weights, precise: bool = False) -> Array:
        """See :class:`zoodata.runtimes.model.Model`. The model keeps the weights."""
        variables = {tensorflow_reader.variable_name(variable): variable for variable in self._variables()}
        for name, array in weights.items():
            variables[name].assign(array)
        output = self._trace(1)(tf.constant(in_layout(image[None], self.input)))
        return np.asarray(tf.nest.flatten(output)[0]).ravel()

    def save(self, weights: Weights, path: Path) -> None:
        """See :class:`zoodata.runtimes.model.Saves`."""
        variables = {tensorflow_reader.variable_name(variable): variable for variable in self._variables()}
        for name, array in weights.items():
            variables[name].assign(np.asarray(array, dtype=np.float32).reshape(variables[name].shape))
        if path.suffix == ".ckpt":
            tf.train.Checkpoint(model=self._model, **self._model.checkpoint_items).write(str(path))
        elif path.name.endswith(".weights.h5"):
            self._model.save_weights(path)
        else:
            self._model.save(path)

    def inside(self, image: Array, weights: Weights, places: Sequence[str]) -> Weights:
        """See :class:`zoodata.graph.faithful.ShowsInside`."""
        self.forward(image, weights)  # which puts the weights in
        function = self._trace(1)
        known = {tensor.name: tensor for operation in function.graph.get_operations() for tensor in operation.outputs}
        wanted = [name for name in places if name in known and known[name].dtype.is_floating]
        inner = function.prune([function.inputs[0].name], wanted)
        values = inner(tf.constant(in_layout(image[None], self.input)))
        return {name: np.asarray(value) for name, value in zip(wanted, values, strict=True)}

    def scorer(self, batch: int, device: str, threads: int) -> Scorer:
        """See :class:`zoodata.runtimes.model.Model`."""
        _require(device)
        with tf.device("/CPU:0" if device == "cpu" else "/GPU:0"):
            function = self._trace(batch)

        def scores(images: Array) -> Array:
            output = tf.nest.flatten(function(tf.constant(filled(images, batch))))[0]
            return np.asarray(output.numpy()[: len(images)], dtype=np.float32).reshape(len(images), -1)

        return scores

    def prepare(self, batch: int, device: str, threads: int, seed: int) -> ForwardPass:
        """See :class:`zoodata.runtimes.model.Model`."""
        _require(device)
        with tf.device("/CPU:0" if device == "cpu" else "/GPU:0"):
            image = tf.constant(random_image(self.input, batch, seed))
            function = self._trace(batch)

        def run() -> None:
            output = function(image)
            (next(iter(output.values())) if isinstance(output, Mapping) else output).numpy()

        return run

    def with_xla(self) -> KerasModel:
        """The same model compiled by XLA; it compiles in the first forward pass."""
        model = KerasModel(self._model, self.input)
        model._xla = True
        return model

    def as_tflite(self, path: Path) -> None:
        """Write the model with its weights as a TFLite file, by TensorFlow's own converter.

        Raises:
            ValueError: when the converter cannot.
        """
        from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

        try:
            # The converter leaves variables of a Keras 3 model out: its file answers with numbers that are none.
            frozen = convert_variables_to_constants_v2(self._trace(1))
            path.write_bytes(tf.lite.TFLiteConverter.from_concrete_functions([frozen]).convert())
        except Exception as error:  # the converter raises whatever its passes raise
            raise ValueError(f"TensorFlow's converter: {in_brief(error)}") from error

    def _trace(self, batch: int) -> Any:
        size = (batch, self.input.height, self.input.width, self.input.channels)
        call = tf.function(
            lambda image: self._model(image, training=False), autograph=False, jit_compile=self._xla or None
        )
        return call.get_concrete_function(tf.TensorSpec(size, tf.float32))


class GraphModel:
    """A TF1-style function that adds a network to a graph and returns its output."""

    runtime = "tensorflow-v1"
    formats = (".ckpt",)

    def __init__(self, define: Callable[[Any], Any], image: InputShape, classes: int) -> None:
        self._define = define
        self.input = image
        self.classes = classes
        self.checkpoint: Path | None = None

    def network(self) -> Network:
        """See :class:`zoodata.runtimes.model.Model`."""
        try:
            graph, image, output = self._build(1)
            with graph.as_default():
                variables = tf.compat.v1.global_variables()
            handles = {v.handle.name if hasattr(v, "handle") else v.name: _plain(v.name) for v in variables}
            return tensorflow_reader.read(graph, image, output, variables, handles)
        except Exception as error:
            raise CannotRead(in_brief(error)) from error

    def at(self, height: int, width: int) -> GraphModel:
        """See :class:`zoodata.runtimes.model.Model`. Whether the function bears the size shows when it is read."""
        image = self.input.model_copy(update={"height": height, "width": width})
        return GraphModel(self._define, image, self.classes)

    def stored(self) -> Weights:
        """See :class:`zoodata.runtimes.model.Model`."""
        graph, _, _ = self._build(1)
        with graph.as_default(), tf.compat.v1.Session(graph=graph) as session:
            if self.checkpoint is None:
                return {}
            restore(session, self.checkpoint)
            variables = tf.compat.v1.global_variables()
            return dict(zip([_plain(v.name) for v in variables], session.run(variables), strict=True))

    def forward(self, image: Array, weights: Weights, precise: bool = False) -> Array:
        """See :class:`zoodata.runtimes.model.Model`."""
        graph, placeholder, output = self._build(1)
        with graph.as_default(), tf.compat.v1.Session(graph=graph) as session:
            for variable in tf.compat.v1.global_variables():
                if (array := weights.get(_plain(variable.name))) is not None:
                    variable.load(array, session)
            return np.asarray(session.run(output, {placeholder: in_layout(image[None], self.input)})).ravel()

    def save(self, weights: Weights, path: Path) -> None:
        """See :class:`zoodata.runtimes.model.Saves`."""
        graph, _, _ = self._build(1)
        with graph.as_default(), tf.compat.v1.Session(graph=graph) as session:
            session.run(tf.compat.v1.global_variables_initializer())
            for variable in tf.compat.v1.global_variables():
                if (array := weights.get(_plain(variable.name))) is not None:
                    variable.load(np.asarray(array, dtype=np.float32).reshape(variable.shape), session)
            tf.compat.v1.train.Saver().save(session, str(path), write_meta_graph=False, write_state=False)

    def scorer(self, batch: int, device: str, threads: int) -> Scorer:
        """See :class:`zoodata.runtimes.model.Model`."""
        call = self._callable(batch, device, threads, seed=0)

        def scores(images: Array) -> Array:
            output = call(filled(images, batch))[0][: len(images)]
            return np.asarray(output, dtype=np.float32).reshape(len(images), -1)

        return scores

    def prepare(self, batch: int, device: str, threads: int, seed: int) -> ForwardPass:
        """See :class:`zoodata.runtimes.model.Model`."""
        call = self._callable(batch, device, threads, seed)
        picture = random_image(self.input, batch, seed)
        return lambda: call(picture) and None

    def _callable(self, batch: int, device: str, threads: int, seed: int) -> Any:
        """A session with the checkpoint's or random weights, as a function of a batch of images."""
        _require(device)
        graph, image, output = self._build(batch)
        config = tf.compat.v1.ConfigProto(
            intra_op_parallelism_threads=threads,
            inter_op_parallelism_threads=1,
            device_count={"GPU": 0} if device == "cpu" else None,
        )
        session = tf.compat.v1.Session(graph=graph, config=config)
        with graph.as_default():
            tf.compat.v1.set_random_seed(seed)
            if self.checkpoint is None:
                session.run(tf.compat.v1.global_variables_initializer())
            else:
                restore(session, self.checkpoint)
        # A callable skips the per-call work of Session.run, which is not the network's.
        return session._make_callable_from_options(_callable_options(image, output))

    def _build(self, batch: int) -> tuple[tf.Graph, Any, Any]:
        graph = tf.Graph()
        with graph.as_default():
            size = (batch, self.input.height, self.input.width, self.input.channels)
            image = tf.compat.v1.placeholder(tf.float32, size, name="image")
            return graph, image, self._define(image)


def _require(device: str) -> None:
    if device != "cpu" and not tf.config.list_physical_devices("GPU"):
        raise ValueError(f"TensorFlow finds no {device} here")


def restore(session: Any, checkpoint: Path) -> None:
    """Restore a TF1 checkpoint into the session's default graph.

    Raises:
        WeightsDoNotFit: when the checkpoint is unreadable or lacks a variable of the graph.
    """
    try:
        tf.compat.v1.train.Saver().restore(session, str(checkpoint))
    except (ValueError, tf.errors.OpError) as error:
        raise WeightsDoNotFit(f"{checkpoint.name} does not fit: {in_brief(error)}") from error


def _callable_options(image: Any, output: Any) -> Any:
    from tensorflow.core.protobuf import config_pb2

    options = config_pb2.CallableOptions()
    options.feed.append(image.name)
    options.fetch.append(output.name)
    return options


def _plain(name: str) -> str:
    return name.removesuffix(":0")


def _handle(variable: Any) -> Any:
    """The resource handle by which a traced function captures a variable."""
    return getattr(variable, "value", variable).handle if _is_keras3(variable) else variable.handle


def _is_keras3(variable: Any) -> bool:
    return type(variable).__module__.startswith("keras.")
