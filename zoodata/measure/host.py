"""What runs inside a worker process that reads networks: entries listed, counted, compared, written."""

from __future__ import annotations

import contextlib
import math
import os
from dataclasses import dataclass
from pathlib import Path

from zoodata.graph import formats, storage
from zoodata.graph.counter import count
from zoodata.graph.diff.compare import Comparison
from zoodata.graph.diff.findings import as_record, diff, settled, with_input_sizes
from zoodata.graph.digest import digest
from zoodata.graph.identity import Fingerprint, fingerprints
from zoodata.graph.network import Network
from zoodata.records import ArchitectureResult, ComparisonResult, StoredNetwork
from zoodata.records.base import entry_zoo, visible_line
from zoodata.records.measurement import Unchecked
from zoodata.runtimes.model import CannotRead, Model, in_brief
from zoodata.zoos import registry
from zoodata.zoos.base import require

MAX_CHECKED_ELEMENTS = 160_000_000
"""Elements in the stored tensors of the largest network whose model is run to check it."""

TORCH_ZOOS = frozenset({"torchvision", "timm", "python"})


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


def _faithfulness(model: Model, network: Network) -> tuple[float | None, Unchecked | None]:
    """Relative error of the executed network, or why there is none."""
    elements = sum(parameter.elements for parameter in network.parameters)
    if elements > MAX_CHECKED_ELEMENTS:
        return None, Unchecked(code="too_large", elements=elements, max_elements=MAX_CHECKED_ELEMENTS)
    from zoodata.graph import faithful  # runs networks, so needs torch; a list of entries does not

    try:
        error = faithful.error(network, model.forward, seed=0)
    except Exception as failure:
        return None, Unchecked(code="not_run", detail=visible_line(in_brief(failure)))
    return (error, None) if math.isfinite(error) else (None, Unchecked(code="not_finite"))


@dataclass(frozen=True)
class Counted:
    """The counts of an entry, and its network to be stored."""

    result: ArchitectureResult
    network: StoredNetwork


class Host:
    """Builds models and reads their networks; no framework object leaves it."""

    def __init__(self) -> None:
        self._networks: dict[str, Network] = {}

    def entries(self, zoo_name: str) -> list[str]:
        """All entries of a zoo.

        Raises:
            ZooError: when it is not installed.
        """
        zoo = registry.get(zoo_name)
        require(zoo)
        return zoo.entries()

    def architecture(self, entry: str, weights_path: str | None = None, check: bool = True) -> Counted:
        """Count an entry.

        With ``check`` the model and its executed network are run on the same random weights.

        Raises:
            ZooError, Unreadable: with the reason a record keeps.
        """
        zoo, name, weights = registry.find(entry)
        path = Path(weights_path) if weights_path else None
        model = zoo.build(name, weights=weights, path=path, meta_device=True)
        network = _read(model)
        counts = count(network)
        relative_error, unchecked = _faithfulness(model, network) if check else (None, Unchecked(code="not_asked"))
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
            preprocessing=zoo.preprocessing(name, weights),
            digest=stored.digest,
            relative_error=relative_error,
            unchecked=unchecked,
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

    def compare(self, a: str, b: str, prove: bool = True) -> ComparisonResult:
        """The diff of two entries' networks, and its proof. Networks are kept for the next comparison.

        Raises:
            ZooError, Unreadable: with the reason a record keeps.
        """
        # Torch first: it does not bear being loaded after TensorFlow in one process.
        for entry in sorted((a, b), key=lambda name: entry_zoo(name) not in TORCH_ZOOS):
            self._network(entry)
        one, other = self._at_one_size(a, b)
        comparison = Comparison(one, other)
        compared, proof = diff(one, other, comparison), None
        if (one, other) != (self._network(a), self._network(b)):
            compared = with_input_sizes(compared, self._network(a), self._network(b))
        if prove:
            from zoodata.graph.diff import transplant

            proof = transplant.prove(one, other, comparison)
        return as_record(settled(compared, proof), proof)

    def _at_one_size(self, a: str, b: str) -> tuple[Network, Network]:
        """Both networks for images of one size, where either model takes the other's size; else as they are."""
        one, other = self._network(a), self._network(b)
        if one.input_shape == other.input_shape:
            return one, other
        for entry, network in ((b, one), (a, other)):
            _, height, width = network.input_shape
            with contextlib.suppress(Unreadable, CannotRead):
                resized = _read(self._model(entry).at(height, width))
                return (one, resized) if entry == b else (resized, other)
        return one, other

    def network(self, entry: str, style: str) -> str:
        """An entry's network as text, json, dot or onnx (base64).

        Raises:
            ZooError, Unreadable: with the reason a record keeps.
        """
        return formats.render(self._network(entry), entry, style)

    def _network(self, entry: str) -> Network:
        if entry not in self._networks:
            try:
                self._networks[entry] = _read(self._model(entry))
            except Unreadable as error:
                raise Unreadable(f"{entry}: {error}") from error
        return self._networks[entry]

    def _model(self, entry: str) -> Model:
        zoo, name, weights = registry.find(entry)
        return zoo.build(name, weights=weights, meta_device=True)

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
