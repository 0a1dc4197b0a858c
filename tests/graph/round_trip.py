"""Generated networks through every exporter and back: what is read must be what was built."""

from __future__ import annotations

import contextlib
import io
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tests.graph import generated, generated_keras, generated_torch
from tests.graph.generated import SIZE, Plan
from zoodata.graph import onnx_writer
from zoodata.graph.counter import count
from zoodata.graph.diff import transplant
from zoodata.graph.diff.compare import Comparison
from zoodata.graph.diff.findings import diff, needs_settling, settled
from zoodata.graph.diff.proof import Proof
from zoodata.graph.network import Network
from zoodata.graph.random_weights import random_weights
from zoodata.records.measurement import InputShape


@dataclass(frozen=True)
class Outcome:
    """One pair of forms of one plan."""

    form: str
    verdict: str
    proof: str
    same_counts: bool
    detail: str = ""

    @property
    def is_right(self) -> bool:
        """One network or a benign variant, with the same counts, proved by both frameworks."""
        return self.verdict in ("identical", "benign") and self.proof == "equivalent" and self.same_counts


def torch_model(plan: Plan) -> Any:
    """The plan in torch, as a user's model."""
    from zoodata.runtimes.torch import TorchModel

    image = InputShape(channels=3, height=SIZE, width=SIZE, layout="NCHW")
    return TorchModel(generated_torch.build(plan), image, 10)


def keras_model(plan: Plan) -> Any:
    """The plan in Keras, as a user's model."""
    from zoodata.runtimes.tensorflow import KerasModel

    return KerasModel.of(generated_keras.build(plan))


def exported(model: Any, form: str) -> Any:
    """A model as an exporter writes it: ``torchscript`` and ``dynamo`` of torch, ``tf2onnx`` of Keras, ``ours``."""
    import onnx

    from zoodata.runtimes.onnx import OnnxModel

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        export(model, form, path)
        return OnnxModel(onnx.load(path))


def export(model: Any, form: str, path: Path) -> None:
    """Write a model with one of those exporters.

    Raises:
        ExporterFailed: when ONNX Runtime cannot load what was written.
    """
    import onnx

    with quiet():
        if form == "ours":
            network = model.network()
            onnx.save(onnx_writer.model(network, "generated", random_weights(network, 0)), path)
        elif form == "tf2onnx":
            _with_tf2onnx(model, path)
        else:
            import torch

            more: dict[str, Any] = {"external_data": False} if form == "dynamo" else {"opset_version": 17}
            image = (torch.randn(1, 3, model.input.height, model.input.width),)
            torch.onnx.export(model._module, image, str(path), dynamo=form == "dynamo", **more)
        _must_run(path)


class ExporterFailed(Exception):
    """The exporter wrote a file that ONNX Runtime cannot load either."""


def _must_run(path: Path) -> None:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    try:
        onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise ExporterFailed(str(error)[:200]) from error


def _with_tf2onnx(model: Any, path: Path) -> None:
    import tensorflow as tf

    if not hasattr(np, "object"):
        np.object = object  # tf2onnx 1.17 still asks for it
    import tf2onnx

    keras_model = model._model
    call = tf.function(lambda x: keras_model(x, training=False))
    signature = (tf.TensorSpec((1, model.input.height, model.input.width, 3), tf.float32, name="image"),)
    tf2onnx.convert.from_function(call, input_signature=signature, opset=17, output_path=str(path))


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """What exporters and converters print is not ours."""
    with (
        warnings.catch_warnings(),
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
    ):
        warnings.simplefilter("ignore")
        yield


def compared(form: str, one: Any, other: Any) -> Outcome:
    """Two models of one plan."""
    a, b = one.network(), other.network()
    verdict, proof, detail = judged(a, b, one, other)
    if form != "keras" and verdict not in ("identical", "benign") and _export_differs(a, one, other):
        raise ExporterFailed("the exported model gives other scores than the one it was made of")
    counts = [(c.macs, c.parameters) for c in (count(a), count(b))]
    same = counts[0][0] == counts[1][0] and (
        counts[0][1] == counts[1][1] or "folded" in detail or "batch_norm" in detail
    )
    return Outcome(form, verdict, proof.status, same, f"{detail} {counts if not same else ''} {proof}")


def _export_differs(network: Network, one: Any, other: Any) -> bool:
    """Whether two models with their own weights give different scores, each run by its framework."""
    image = np.random.default_rng(5).standard_normal(network.input_shape).astype(np.float32)
    scores = [model.forward(image, model.stored()) for model in (one, other)]
    return bool(np.abs(scores[0] - scores[1]).max() > 1e-3 * np.abs(scores[0]).max())


def judged(a: Network, b: Network, one: Any, other: Any) -> tuple[str, Proof, str]:
    """Verdict after the proof, the proof, and the findings in brief."""
    comparison = Comparison(a, b)
    found = diff(a, b, comparison)
    proof = transplant.prove(a, b, comparison, thorough=needs_settling(found), natives=(one, other))
    found = settled(found, proof)
    brief = "; ".join(
        f"{f.kind} {f.operator} {f.attribute or ''} {f.part_a} {f.part_b} {f.a}|{f.b} {f.reason} at {f.places[:2]}"
        for f in found.findings
    )
    return found.verdict, proof, brief


def mutation_found(plan: Plan, seed: int) -> bool | None:
    """Whether a plan with one number changed is found to differ, at that layer; None where nothing can be changed."""
    changed = generated.mutated(plan, seed)
    if changed is None:
        return None
    other, place = changed
    one, two = torch_model(plan), torch_model(other)
    a, b = one.network(), two.network()
    comparison = Comparison(a, b)
    found = diff(a, b, comparison)
    proof = transplant.prove(a, b, comparison, thorough=True, natives=(one, two))
    found = settled(found, proof)
    if proof.status == "equivalent":  # run by both frameworks' own code: the change changes nothing
        return None
    # What only moves values shows where they are read: at the next layer that computes.
    wanted = {f"layer{place}_", *_next_layers(plan, place)}
    at = any(name in str(side) for name in wanted for f in found.findings for p in f.places for side in (p.a, p.b))
    return found.verdict in ("parametric", "structural") and at


MOVES = frozenset({"channel_shuffle", "zero_pad", "reflect_pad"})


def _next_layers(plan: Plan, place: int) -> set[str]:
    """The layers that read what a layer moves, up to the first that computes."""
    names = set()
    while plan[place].word in MOVES | {"crop"} and place + 1 < len(plan):
        place += 1
        names.add(f"layer{place}_")
    return names
