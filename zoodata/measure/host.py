"""What runs inside a worker process that reads networks: entries listed, counted, compared, written."""

from __future__ import annotations

import contextlib
import math
import os
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from zoodata.graph import formats, storage
from zoodata.graph.counter import count
from zoodata.graph.diff.compare import Comparison
from zoodata.graph.diff.findings import as_record, diff, needs_settling, settled, with_input_sizes
from zoodata.graph.digest import digest
from zoodata.graph.identity import Fingerprint, fingerprints
from zoodata.graph.network import Network
from zoodata.records import ArchitectureResult, ComparisonResult, StoredNetwork
from zoodata.records.base import entry_zoo, visible, visible_line
from zoodata.records.measurement import FAITHFUL, Unchecked
from zoodata.runtimes.model import CannotRead, HasOutputs, Model, in_brief
from zoodata.zoos import registry
from zoodata.zoos.base import CannotBuild, NotInstalled, Reading, require

if TYPE_CHECKING:
    from zoodata.graph.faithful import Native

MAX_CHECKED_ELEMENTS = 160_000_000
"""Elements in the stored tensors of the largest network whose model is run to check it."""


def torch_first(entries: Iterable[str]) -> list[str]:
    """Entries in the order in which a process may build them: torch does not bear being loaded after TensorFlow."""

    def comes_late(entry: str) -> bool:
        zoo = entry_zoo(entry)
        return zoo != "python" and (zoo in registry.PERSONAL or registry.get(zoo).extra != "torch")

    return sorted(entries, key=comes_late)


KEPT = 8
"""How many models and networks are kept for the next comparison."""


class Unreadable(Exception):
    """The network could not be read; a record's reason."""

    reason = "cannot_be_read"


LEAN = {"MALLOC_MMAP_THRESHOLD_": "1000000"}
"""For workers that are not timed: large blocks go back to the system at once, so a worker that reads many
networks is never much larger than the largest of them needs (read by glibc; others ignore it)."""


def worker_environment(device: str, threads: int) -> dict[str, str]:
    """Variables that fix threads and devices before any framework starts."""
    count = str(threads)
    variables = {
        "OMP_NUM_THREADS": count,
        "MKL_NUM_THREADS": count,
        "OPENBLAS_NUM_THREADS": count,
        "TF_NUM_INTRAOP_THREADS": count,
        "TF_NUM_INTEROP_THREADS": "1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "TF_FORCE_GPU_ALLOW_GROWTH": "true",
        "XLA_PYTHON_CLIENT_PREALLOCATE": "false",  # JAX would take most of the device from the others
        "TF_USE_LEGACY_KERAS": "1",  # Keras 2 behind tf.keras, whoever imports TensorFlow first
        "KERAS_BACKEND": os.environ.get("KERAS_BACKEND", "tensorflow"),
    }
    # NVML counts devices in the order of the bus, and so should CUDA.
    return variables | ({"CUDA_VISIBLE_DEVICES": "-1"} if device == "cpu" else {"CUDA_DEVICE_ORDER": "PCI_BUS_ID"})


def _read(model: Model) -> Network:
    try:
        return model.network()
    except CannotRead as error:
        raise Unreadable(str(error)) from error


def elements(network: Network) -> int:
    """Of a network's stored tensors."""
    return sum(parameter.elements for parameter in network.parameters)


def is_run(network: Network) -> bool:
    """Whether a network is small enough for its model to be run beside it."""
    return elements(network) <= MAX_CHECKED_ELEMENTS


def compared(
    a: Network, b: Network, natives: tuple[Native | None, Native | None] | None,
    own: tuple[Network, Network] | None = None,
) -> ComparisonResult:  # fmt: skip
    """The diff of two networks of one image size, and its proof.

    Args:
        a, b: the networks.
        natives: the models themselves, as far as they are run; None for no proof.
        own: the networks at the sizes of their own images, where those are others.
    """
    comparison = Comparison(a, b)
    found, proof = diff(a, b, comparison), None
    thorough = needs_settling(found)
    if own is not None and (a, b) != own:
        found = with_input_sizes(found, *own)
    if natives is not None:
        from zoodata.graph.diff import transplant  # runs networks, so needs torch

        proof = transplant.prove(a, b, comparison, thorough=thorough, natives=natives)
    return as_record(settled(found, proof), proof)


def _faithfulness(model: Model, network: Network) -> tuple[float | None, Unchecked | None, str | None]:
    """Relative error of the executed network, or why there is none; and where it first parts from the model, if so."""
    if not is_run(network):
        too_large = Unchecked(code="too_large", elements=elements(network), max_elements=MAX_CHECKED_ELEMENTS)
        return None, too_large, None
    from zoodata.graph import faithful  # runs networks, so needs torch; a list of entries does not

    as_fed = model.as_fed if isinstance(model, faithful.TakesIntegers) else None
    fixed = model.fixed() if isinstance(model, faithful.HoldsIntegers) else None
    try:
        error = faithful.error(network, model.forward, seed=0, as_fed=as_fed, fixed=fixed)
        place = faithful.parting(network, model, 0, as_fed, fixed) if error >= FAITHFUL else None
    except Exception as failure:
        return None, Unchecked(code="not_run", detail=visible_line(in_brief(failure))), None
    return (error, None, place) if math.isfinite(error) else (None, Unchecked(code="not_finite"), place)


FRAMEWORKS = {"torch": "torch", "tensorflow": "TensorFlow", "keras": "Keras", "tf_keras": "tf-keras", "onnx": "ONNX",
              "onnxruntime": "ONNX Runtime", "ai_edge_litert": "LiteRT", "jax": "JAX"}  # fmt: skip


def _built(entry: str, path: Path | None, reading: Reading | None) -> Model:
    """A model to be read.

    Raises:
        ZooError: with the reason a record keeps; also where its framework is not installed.
    """
    zoo, name, weights = registry.find(entry)
    try:
        if reading is None or reading == Reading():
            return zoo.build(name, weights=weights, path=path, meta_device=True)
        if (own := registry.personal(entry_zoo(entry))) is not None:
            return own.build(name, weights=weights, path=path, meta_device=True, reading=reading)
        model = zoo.build(name, weights=weights, path=path, meta_device=True)
        return model if reading.size is None else model.at(*reading.size)
    except CannotRead as error:
        raise CannotBuild(f"{entry}: {error}") from error
    except ModuleNotFoundError as error:
        root = (error.name or "").partition(".")[0]
        if root not in FRAMEWORKS:
            raise
        raise NotInstalled(f"{entry} needs {FRAMEWORKS[root]}: pip install 'zoodata[{zoo.extra}]'") from error


@dataclass(frozen=True)
class Drawn:
    """A network to look at."""

    text: str
    outputs: tuple[str, ...] = ()
    """Where the model has several: the one that was read, then the others."""


@dataclass(frozen=True)
class Counted:
    """The counts of an entry, and its network to be stored."""

    result: ArchitectureResult
    network: StoredNetwork


class Host:
    """Builds models and reads their networks; no framework object leaves it."""

    def __init__(self) -> None:
        self._read: OrderedDict[tuple[str, tuple[int, int] | None], tuple[Model, Network]] = OrderedDict()
        """Models with their networks by entry, and image size where another than the model's own was asked for."""
        self._reading: Reading | None = None

    def entries(self, zoo_name: str) -> list[str]:
        """All entries of a zoo.

        Raises:
            ZooError: when it is not installed.
        """
        zoo = registry.get(zoo_name)
        require(zoo)
        return zoo.entries()

    def architecture(
        self, entry: str, weights_path: str | None = None, check: bool = True, reading: Reading | None = None
    ) -> Counted:
        """Count an entry.

        With ``check`` the model and its executed network are run on the same random weights.

        Raises:
            ZooError, Unreadable: with the reason a record keeps.
        """
        zoo, name, weights = registry.find(entry)
        model = _built(entry, Path(weights_path) if weights_path else None, reading)
        network = _read(model)
        counts = count(network)
        relative_error, unchecked, place = (
            _faithfulness(model, network) if check else (None, Unchecked(code="not_asked"), None)
        )
        stored = storage.pack(network)
        result = ArchitectureResult(
            parameters=counts.parameters,
            auxiliary_parameters=counts.auxiliary_parameters,
            statistics=counts.statistics,
            constants=counts.constants,
            macs=counts.macs,
            input=model.input,
            classes=model.classes,
            layers=counts.layers,
            unknown_operators=tuple(counts.unknown_operators),
            uncounted_operators=tuple(visible_line(name) for name in counts.uncounted),
            preprocessing=zoo.preprocessing(name, weights),
            digest=stored.digest,
            relative_error=relative_error,
            unchecked=unchecked,
            parts_at=None if place is None else visible(place),
        )
        return Counted(result, stored)

    def fingerprints(self, entry: str, weights_path: str | None = None) -> list[Fingerprint]:
        """Fingerprints of an entry's weights, tensor by tensor.

        Raises:
            ZooError: when the weights are not here and cannot be fetched.
        """
        from zoodata.measure.evaluator import built

        taken = fingerprints(built(entry, weights_path).model.stored())
        if not taken:
            raise Unreadable(f"{entry} shows none of its tensors")
        return taken

    def whole(self, entry: str) -> Network:
        """An entry's network with the contents of its constants, for another process.

        Raises:
            ZooError, Unreadable: with the reason a record keeps.
        """
        return self._network(entry)

    def compare(self, a: str, b: str, prove: bool = True, reading: Reading | None = None) -> ComparisonResult:
        """The diff of two entries' networks, and its proof. Networks are kept for the next comparison.

        ``reading`` says what the user's own models among them leave open.

        Raises:
            ZooError, Unreadable: with the reason a record keeps.
        """
        self._reading = reading
        for entry in torch_first((a, b)):
            self._network(entry)
        one, other = self._at_one_size(a, b)
        natives = (self._native(a, one), self._native(b, other)) if prove else None
        return compared(one, other, natives, (self._network(a), self._network(b)))

    def _native(self, entry: str, network: Network) -> Model | None:
        """The model that a network was read from; None where it is too large to be run."""
        if not is_run(network):
            return None
        return next(
            (model for (name, _), (model, read) in self._read.items() if name == entry and read is network), None
        )

    def _at_one_size(self, a: str, b: str) -> tuple[Network, Network]:
        """Both networks for images of one size, where either model takes the other's size; else as they are."""
        one, other = self._network(a), self._network(b)
        if one.input_shape == other.input_shape:
            return one, other
        for entry, network in ((b, one), (a, other)):
            _, height, width = network.input_shape
            with contextlib.suppress(Unreadable, CannotRead):
                resized = self._network(entry, (height, width))
                return (one, resized) if entry == b else (resized, other)
        return one, other

    def network(self, entry: str, style: str, reading: Reading | None = None) -> Drawn:
        """An entry's network as text, json, dot or onnx (base64), and which of several outputs it ends in.

        Raises:
            ZooError, Unreadable: with the reason a record keeps.
        """
        self._reading = reading
        network = self._network(entry)
        model = next(model for model, read in self._read.values() if read is network)
        outputs: tuple[str, ...] = ()
        if isinstance(model, HasOutputs) and len(model.outputs) > 1:
            outputs = (model.output, *(name for name in model.outputs if name != model.output))
        return Drawn(formats.render(network, entry, style), tuple(visible_line(name) for name in outputs))

    def _network(self, entry: str, size: tuple[int, int] | None = None) -> Network:
        """The network of an entry, at its own image size or at another (height, width)."""
        key = (entry, size)
        if key not in self._read:
            try:
                model = self._model(entry)
                model = model if size is None else model.at(*size)
                self._read[key] = model, _read(model)
            except Unreadable as error:
                raise Unreadable(f"{entry}: {error}") from error
            while len(self._read) > KEPT:
                self._read.popitem(last=False)
        self._read.move_to_end(key)
        return self._read[key][1]

    def _model(self, entry: str) -> Model:
        return _built(entry, None, self._reading)

    def write_network(self, entry: str, path: str, runtime: str, seed: int) -> str:
        """Write an entry's network with random weights as a file for :class:`zoodata.measure.timer.Timer`.

        Returns:
            The network's digest.

        Raises:
            ZooError, Unreadable: with the reason a record keeps.
        """
        from zoodata.runtimes import executed

        network = self._network(entry)
        try:
            executed.write(network, Path(path), runtime, seed)
        except executed.CannotExecute as error:
            raise Unreadable(f"{entry}: {error}") from error
        return digest(network)
