"""What a release of a zoo builds, entry by entry, and whether another release's network is the same function."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zoodata.graph import storage
from zoodata.graph.counter import count
from zoodata.graph.network import Network
from zoodata.graph.view import Shape
from zoodata.measure.host import compared, is_run
from zoodata.records import ComparisonResult, Preprocessing, StoredNetwork
from zoodata.records.base import visible_line
from zoodata.records.measurement import InputShape
from zoodata.records.release import ReleasedWeights
from zoodata.runtimes.model import Model, Weights
from zoodata.zoos import registry
from zoodata.zoos.base import Addressed, Zoo, building, require

SEED = 0


@dataclass(frozen=True)
class Built:
    """One entry of a release."""

    digest: str
    parameters: int
    macs: int
    input: InputShape
    classes: int
    preprocessing: Preprocessing | None
    weights: tuple[ReleasedWeights, ...]
    network: StoredNetwork


@dataclass(frozen=True)
class Compared:
    """An earlier release's network against the later one's."""

    result: ComparisonResult
    scores: Any
    """Of the later release's model with the carried weights (float array); None where they do not fit or it does not
    run."""
    takes_by_name: bool = False
    """Whether a checkpoint of the earlier release has every tensor of the later one, in its shape."""


class ReleaseReader:
    """Runs in a worker that has one release on its path."""

    def __init__(self) -> None:
        self._last: tuple[tuple[str, str], Model, Network] | None = None
        """What was read last: several questions are asked about one entry."""

    def entries(self, zoo_name: str) -> list[str]:
        """All entries of the release.

        Raises:
            ZooError: when it is not here.
        """
        zoo = registry.get(zoo_name)
        require(zoo)
        return zoo.entries()

    def built(self, zoo_name: str, entry: str) -> Built:
        """Build and count one entry; no weights are fetched.

        Raises:
            ZooError: with the reason a record keeps.
        """
        zoo = registry.get(zoo_name)
        model, network = self._read(zoo_name, entry)
        counts, stored = count(network), storage.pack(network)
        return Built(
            stored.digest, counts.parameters, counts.macs, model.input, model.classes, zoo.preprocessing(entry),
            weights_of(zoo, entry), stored,
        )  # fmt: skip

    def network(self, zoo_name: str, entry: str) -> Network:
        """The network of an entry, whole: constants too."""
        return self._read(zoo_name, entry)[1]

    def scores(self, zoo_name: str, entry: str) -> Any:
        """Scores of this release's model with drawn weights for a drawn image; None where it is too large to run."""
        from zoodata.graph.random_weights import random_weights

        model, network = self._read(zoo_name, entry)
        if not is_run(network):
            return None
        return model.forward(_image(network), random_weights(network, SEED))

    def preprocessing(self, zoo_name: str, entry: str, weights: str | None) -> Preprocessing | None:
        """What the release declares."""
        zoo = registry.get(zoo_name)
        require(zoo)
        return zoo.preprocessing(entry, weights)

    def against(self, zoo_name: str, entry: str, earlier: Network, prove: bool = True) -> Compared:
        """Compare an earlier release's network with this one's, and run this one's model with the earlier one's
        drawn weights."""
        model, later = self._read(zoo_name, entry)
        if not prove:
            return Compared(compared(earlier, later, None), None)
        native = model if is_run(later) else None
        result, scores = compared(earlier, later, (None, native)), None
        if native is not None and earlier.input_shape == later.input_shape:
            weights = taken(earlier, later)
            scores = None if weights is None else native.forward(_image(earlier), weights)
        return Compared(result, scores, _stored(earlier) == _stored(later))

    def _read(self, zoo_name: str, entry: str) -> tuple[Model, Network]:
        """The model and the network of an entry."""
        if self._last is None or self._last[0] != (zoo_name, entry):
            self._last = None  # two large models at once would be too much
            zoo = registry.get(zoo_name)
            require(zoo)
            model = zoo.build(entry, meta_device=True)
            self._last = (zoo_name, entry), model, building(f"{zoo_name}:{entry}", model.network)
        return self._last[1], self._last[2]


def taken(earlier: Network, later: Network) -> Weights | None:
    """The earlier network's drawn weights as the later one takes them: layer by layer; where the layers were written
    otherwise, by name, as a checkpoint is loaded. None where they do not fit."""
    from zoodata.graph.diff.carry import Carry, DoesNotFit
    from zoodata.graph.diff.compare import Comparison
    from zoodata.graph.random_weights import random_weights

    weights = random_weights(earlier, SEED)
    try:
        return Carry(Comparison(earlier, later), weights).all()
    except DoesNotFit:
        return weights if _stored(earlier) == _stored(later) else None


def _stored(network: Network) -> dict[str, Shape]:
    return {each.name: each.shape for each in network.parameters}


def weights_of(zoo: Zoo, entry: str) -> tuple[ReleasedWeights, ...]:
    """The checkpoints that a release names for an entry, with their addresses and what it states of them."""
    if isinstance(zoo, Addressed):
        return tuple(
            ReleasedWeights(
                name=each.name, address=visible_line(each.address) if each.address else None, top1=each.top1
            )
            for each in zoo.addresses(entry)
        )
    return tuple(ReleasedWeights(name=name) for name in zoo.weights(entry))


def _image(network: Network) -> Any:
    return np.random.default_rng(SEED + 1).standard_normal(network.input_shape).astype(np.float32)


def unique(preprocessings: Sequence[Preprocessing | None]) -> tuple[tuple[Preprocessing, ...], list[int | None]]:
    """Each preprocessing once, and for each given one its number."""
    numbers: dict[str, int] = {}
    kept: list[Preprocessing] = []
    places: list[int | None] = []
    for each in preprocessings:
        if each is None:
            places.append(None)
            continue
        key = each.model_dump_json()
        if key not in numbers:
            numbers[key] = len(kept)
            kept.append(each)
        places.append(numbers[key])
    return tuple(kept), places
