"""What a release of a zoo builds, entry by entry, and whether another release's network is the same function."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zoodata.graph import storage
from zoodata.graph.counter import count
from zoodata.graph.network import Network
from zoodata.records import ComparisonResult, Preprocessing, StoredNetwork
from zoodata.records.base import visible_line
from zoodata.records.measurement import InputShape
from zoodata.records.release import ReleasedWeights
from zoodata.runtimes.model import CannotRead, Model
from zoodata.zoos import registry
from zoodata.zoos.base import Addressed, CannotBuild, Zoo, require

MAX_RUN_ELEMENTS = 160_000_000
"""Elements in the stored tensors of the largest network that is run natively in both releases."""

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


class ReleaseReader:
    """Runs in a worker that has one release on its path."""

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
        model, network = _read(zoo, entry)
        counts, stored = count(network), storage.pack(network)
        return Built(
            stored.digest, counts.parameters, counts.macs, model.input, model.classes, zoo.preprocessing(entry),
            weights_of(zoo, entry), stored,
        )  # fmt: skip

    def network(self, zoo_name: str, entry: str) -> Network:
        """The network of an entry, whole: constants too."""
        return _read(registry.get(zoo_name), entry)[1]

    def scores(self, zoo_name: str, entry: str) -> Any:
        """Scores of this release's model with drawn weights for a drawn image; None where it is too large to run."""
        from zoodata.graph.random_weights import random_weights

        model, network = _read(registry.get(zoo_name), entry)
        if _elements(network) > MAX_RUN_ELEMENTS:
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
        from zoodata.graph.diff import transplant
        from zoodata.graph.diff.carry import Carry, DoesNotFit
        from zoodata.graph.diff.compare import Comparison
        from zoodata.graph.diff.findings import as_record, diff, needs_settling, settled
        from zoodata.graph.random_weights import random_weights

        model, later = _read(registry.get(zoo_name), entry)
        comparison = Comparison(earlier, later)
        found = diff(earlier, later, comparison)
        if not prove:
            return Compared(as_record(found, None), None)
        small = _elements(later) <= MAX_RUN_ELEMENTS
        natives = (None, model if small else None)
        proof = transplant.prove(earlier, later, comparison, thorough=needs_settling(found), natives=natives)
        scores = None
        if small and earlier.input_shape == later.input_shape:
            try:
                carried = Carry(comparison, random_weights(earlier, SEED)).all()
                scores = model.forward(_image(earlier), carried)
            except DoesNotFit:
                scores = None
        return Compared(as_record(settled(found, proof), proof), scores)


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


def _read(zoo: Zoo, entry: str) -> tuple[Model, Network]:
    require(zoo)
    try:
        model = zoo.build(entry, meta_device=True)
        return model, model.network()
    except CannotRead as error:
        raise CannotBuild(f"{zoo.name}:{entry}: {error}") from error


def _image(network: Network) -> Any:
    return np.random.default_rng(SEED + 1).standard_normal(network.input_shape).astype(np.float32)


def _elements(network: Network) -> int:
    return sum(parameter.elements for parameter in network.parameters)


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
