"""Everything that a record is compared with: the rest of the dataset, indexed once."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from zoodata.records import (
    Architecture,
    ArchitectureMeasurement,
    ArchitectureResult,
    ClaimCollection,
    ComparisonMeasurement,
    Environment,
    Family,
    ImageSetRecord,
    LatencyMeasurement,
    Lineage,
    Release,
    StoredNetwork,
    Supersession,
    Verification,
)
from zoodata.records.base import HashedRecord, Measurement, StoredRecord, entry_zoo, is_personal, without_weights
from zoodata.records.claim import Claim
from zoodata.records.measurement import InputShape
from zoodata.records.zoos import PACKAGES

Kind = TypeVar("Kind", bound=StoredRecord)
Named = TypeVar("Named", bound=HashedRecord)


@dataclass(frozen=True)
class Read:
    """A file's record, as the relations between records need it."""

    name: str
    record: StoredRecord
    private: bool


class World:
    """What is known: all records that were read, by what they are looked up by."""

    def __init__(self, read: Sequence[Read]) -> None:
        self.read = read

    def _of(self, kind: type[Kind]) -> Iterator[Kind]:
        return (item.record for item in self.read if isinstance(item.record, kind))

    def _standing(self, kind: type[Named]) -> Iterator[Named]:
        return (record for record in self._of(kind) if record.id not in self.superseded)

    @cached_property
    def architectures(self) -> dict[str, Architecture]:
        """By id."""
        return {a.id: a for family in self._of(Family) for a in family.architectures}

    @cached_property
    def mapped(self) -> dict[str, str]:
        """Entry without weights to its architecture."""
        return {entry.entry: a.id for a in self.architectures.values() for entry in a.entries}

    @cached_property
    def described_in(self) -> dict[tuple[str, str], str]:
        """Entries and architectures to the first file that has them."""
        first: dict[tuple[str, str], str] = {}
        for item in self.read:
            for a in item.record.architectures if isinstance(item.record, Family) else ():
                first.setdefault(("architecture", a.id), item.name)
                for entry in a.entries:
                    first.setdefault(("entry", entry.entry), item.name)
        return first

    @cached_property
    def environments(self) -> dict[str, Environment]:
        """By id."""
        return {record.id: record for record in self._of(Environment)}

    @cached_property
    def networks(self) -> dict[str, StoredNetwork]:
        """By digest."""
        return {record.digest: record for record in self._of(StoredNetwork)}

    @cached_property
    def released(self) -> dict[tuple[str, str], Release]:
        """Zoo and release to what it builds."""
        return {(record.zoo, record.release): record for record in self._standing(Release)}

    @cached_property
    def collections(self) -> dict[str, ClaimCollection]:
        """By id."""
        return {record.id: record for record in self._of(ClaimCollection)}

    @cached_property
    def places(self) -> dict[tuple[str, str, str], tuple[str, str]]:
        """Entry, metric and cited place to the first claim that states it: its collection and its id."""
        first: dict[tuple[str, str, str], tuple[str, str]] = {}
        for collection in self.collections.values():
            for claim in collection.claims:
                if claim.id not in self.superseded:
                    first.setdefault(place_of(claim), (collection.id, claim.id))
        return first

    @cached_property
    def with_weights(self) -> frozenset[str]:
        """Entries with their weights that a claim names."""
        return frozenset(claim.entry for each in self.collections.values() for claim in each.claims)

    @cached_property
    def zoos(self) -> frozenset[str]:
        """Zoos that zoodata reads, or that a source was read of: collections and lineages are named by theirs."""
        lineages = {record.id for record in self._of(Lineage)}
        collections = {id.partition("-")[0] for id in self.collections}
        stated = {entry_zoo(entry) for entry in self.with_weights}
        return frozenset(PACKAGES) | lineages | collections | stated

    @cached_property
    def architecture_measurements(self) -> dict[str, list[ArchitectureMeasurement]]:
        """Entry to all records of its counts that stand."""
        by_entry: dict[str, list[ArchitectureMeasurement]] = defaultdict(list)
        for record in self._standing(ArchitectureMeasurement):
            by_entry[record.entry].append(record)
        return by_entry

    @cached_property
    def counts(self) -> dict[tuple[str, tuple[str, str]], list[list[ArchitectureMeasurement]]]:
        """Entry and release to the records of its counts that stand, those that say the same in one list."""
        alike: dict[tuple[str, tuple[str, str]], dict[object, list[ArchitectureMeasurement]]] = {}
        for entry, records in self.architecture_measurements.items():
            for record in records:
                release = self.release_of(entry, record.environment)
                if record.result is not None and release is not None:
                    said = alike.setdefault((entry, release), {})
                    said.setdefault(_counted(record.result), []).append(record)
        return {key: list(groups.values()) for key, groups in alike.items()}

    @cached_property
    def sizes(self) -> dict[tuple[str, InputShape], Counter[tuple[int, int]]]:
        """Architecture and image to the MACs and parameters that standing records of its entries state."""
        stated: dict[tuple[str, InputShape], Counter[tuple[int, int]]] = defaultdict(Counter)
        for architecture in self.architectures.values():
            for each in architecture.entries:
                for record in self.architecture_measurements.get(each.entry, ()):
                    if (result := record.result) is not None:
                        stated[architecture.id, result.input][result.macs, result.parameters] += 1
        return stated

    @cached_property
    def recountable(self) -> frozenset[str]:
        """Entries of which a standing record names a network."""
        measured = self.architecture_measurements.items()
        return frozenset(entry for entry, records in measured if any(r.result and r.result.digest for r in records))

    @cached_property
    def comparisons(self) -> dict[frozenset[str], list[ComparisonMeasurement]]:
        """Two entries to all comparisons of them that stand."""
        by_pair: dict[frozenset[str], list[ComparisonMeasurement]] = defaultdict(list)
        for record in self._standing(ComparisonMeasurement):
            by_pair[frozenset((record.a, record.b))].append(record)
        return by_pair

    @cached_property
    def verifications(self) -> dict[str, list[Verification]]:
        """Hash of the claims to the verifications of them that stand."""
        by_claims: dict[str, list[Verification]] = defaultdict(list)
        for record in self._standing(Verification):
            by_claims[record.claims_hash].append(record)
        return by_claims

    @cached_property
    def image_sets(self) -> dict[str, ImageSetRecord]:
        """The hash by which measurements name a published image set to the set."""
        return {record.identity: record for record in self._of(ImageSetRecord)}

    @cached_property
    def latencies(self) -> list[LatencyMeasurement]:
        """All latency runs that stand."""
        return list(self._standing(LatencyMeasurement))

    @cached_property
    def superseded(self) -> dict[str, Supersession]:
        """Id of a record that no longer counts to what says so."""
        return {old: record for record in self._of(Supersession) for old in record.superseded}

    @cached_property
    def ids(self) -> frozenset[str]:
        """Every id that a reply or a supersession can be about."""
        ids = {record.id for record in self._of(HashedRecord)}
        return frozenset(ids | {claim.id for each in self.collections.values() for claim in each.claims})

    @cached_property
    def releases(self) -> dict[str, dict[str, set[str]]]:
        """Package to its versions, each with the measurements that were taken with it."""
        by_package: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        for record in self._of(Measurement):
            environment = self.environments.get(record.environment)
            for package, version in (environment.packages if environment else {}).items():
                by_package[package][version].add(record.id)
        return by_package

    def release_of(self, entry: str, environment: str) -> tuple[str, str] | None:
        """The package that an entry's zoo comes in, with its version in an environment; None where it is unknown."""
        known = self.environments.get(environment)
        package = PACKAGES.get(entry_zoo(entry))
        version = known.packages.get(package) if known and package else None
        return None if package is None or version is None else (package, version)

    def architecture_of(self, entry: str) -> Architecture | None:
        """The architecture that an entry is mapped to."""
        return self.architectures.get(self.mapped.get(without_weights(entry), ""))

    def is_known(self, entry: str) -> bool:
        """Whether the entry's zoo is one that zoodata reads or whose claims were collected."""
        return is_personal(entry) or entry_zoo(entry) in self.zoos


def _counted(result: ArchitectureResult) -> object:
    """Everything of a result by which counts can contradict each other."""
    layers = tuple(sorted(result.layers.items()))
    stored = result.parameters, result.auxiliary_parameters, result.statistics, result.constants
    return result.digest, result.input, result.macs, layers, stored, result.classes


def place_of(claim: Claim) -> tuple[str, str, str]:
    """What a claim is the statement of: entry, metric, and the place that states it."""
    return claim.entry, claim.metric, claim.source.model_dump_json()
