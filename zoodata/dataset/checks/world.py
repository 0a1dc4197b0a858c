"""Everything that a record is compared with: the rest of the dataset, indexed once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from zoodata.records import (
    AccuracyMeasurement,
    Architecture,
    ArchitectureMeasurement,
    ClaimCollection,
    ComparisonMeasurement,
    Environment,
    Family,
    LatencyMeasurement,
    Lineage,
    StoredNetwork,
    Supersession,
    Verification,
)
from zoodata.records.base import HashedRecord, StoredRecord, entry_zoo, is_personal, without_weights
from zoodata.records.claim import Claim
from zoodata.records.zoos import PACKAGES


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

    def _of(self, *kinds: type[StoredRecord]) -> Iterable[Read]:
        return (item for item in self.read if isinstance(item.record, kinds))

    @cached_property
    def architectures(self) -> dict[str, Architecture]:
        """By id."""
        families = (item.record for item in self._of(Family))
        return {a.id: a for family in families if isinstance(family, Family) for a in family.architectures}

    @cached_property
    def mapped(self) -> dict[str, str]:
        """Entry without weights to its architecture."""
        return {entry.entry: a.id for a in self.architectures.values() for entry in a.entries}

    @cached_property
    def described_in(self) -> dict[tuple[str, str], str]:
        """Entries and architectures to the first file that has them."""
        first: dict[tuple[str, str], str] = {}
        for item in self._of(Family):
            assert isinstance(item.record, Family)
            for a in item.record.architectures:
                first.setdefault(("architecture", a.id), item.name)
                for entry in a.entries:
                    first.setdefault(("entry", entry.entry), item.name)
        return first

    @cached_property
    def environments(self) -> dict[str, Environment]:
        """By id."""
        return {e.id: e for item in self._of(Environment) if isinstance(e := item.record, Environment)}

    @cached_property
    def networks(self) -> dict[str, StoredNetwork]:
        """By digest."""
        return {n.digest: n for item in self._of(StoredNetwork) if isinstance(n := item.record, StoredNetwork)}

    @cached_property
    def collections(self) -> dict[str, ClaimCollection]:
        """By id."""
        return {c.id: c for item in self._of(ClaimCollection) if isinstance(c := item.record, ClaimCollection)}

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
        lineages = {item.record.id for item in self._of(Lineage) if isinstance(item.record, Lineage)}
        collections = {id.partition("-")[0] for id in self.collections}
        stated = {entry_zoo(entry) for entry in self.with_weights}
        return frozenset(PACKAGES) | lineages | collections | stated

    @cached_property
    def architecture_measurements(self) -> dict[str, list[ArchitectureMeasurement]]:
        """Entry to all records of its counts that stand."""
        by_entry: dict[str, list[ArchitectureMeasurement]] = defaultdict(list)
        for item in self._of(ArchitectureMeasurement):
            record = item.record
            if isinstance(record, ArchitectureMeasurement) and record.id not in self.superseded:
                by_entry[record.entry].append(record)
        return by_entry

    @cached_property
    def comparisons(self) -> dict[frozenset[str], list[ComparisonMeasurement]]:
        """Two entries to all comparisons of them that stand."""
        by_pair: dict[frozenset[str], list[ComparisonMeasurement]] = defaultdict(list)
        for item in self._of(ComparisonMeasurement):
            record = item.record
            if isinstance(record, ComparisonMeasurement) and record.id not in self.superseded:
                by_pair[frozenset((record.a, record.b))].append(record)
        return by_pair

    @cached_property
    def verifications(self) -> dict[str, list[Verification]]:
        """Hash of the claims to the verifications of them that stand."""
        by_claims: dict[str, list[Verification]] = defaultdict(list)
        for item in self._of(Verification):
            if isinstance(item.record, Verification) and item.record.id not in self.superseded:
                by_claims[item.record.claims_hash].append(item.record)
        return by_claims

    @cached_property
    def latencies(self) -> list[LatencyMeasurement]:
        """All latency runs that stand."""
        records = (item.record for item in self._of(LatencyMeasurement))
        return [r for r in records if isinstance(r, LatencyMeasurement) and r.id not in self.superseded]

    @cached_property
    def superseded(self) -> dict[str, Supersession]:
        """Id of a record that stands no more to what says so."""
        supersessions = [s for item in self._of(Supersession) if isinstance(s := item.record, Supersession)]
        return {old: each for each in supersessions for old in each.superseded}

    @cached_property
    def ids(self) -> frozenset[str]:
        """Every id that a reply or a supersession can be about."""
        ids = {item.record.id for item in self.read if isinstance(item.record, HashedRecord)}
        return frozenset(ids | {claim.id for each in self.collections.values() for claim in each.claims})

    @cached_property
    def releases(self) -> dict[tuple[str, str], set[str]]:
        """Package and version to the environments that hold it and that some measurement names."""
        by_release: dict[tuple[str, str], set[str]] = defaultdict(set)
        kinds = (ArchitectureMeasurement, ComparisonMeasurement, LatencyMeasurement, AccuracyMeasurement)
        for item in self._of(*kinds):
            record = item.record
            assert isinstance(record, kinds)
            environment = self.environments.get(record.environment)
            for release in (environment.packages if environment else {}).items():
                by_release[release].add(record.id)
        return by_release

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


def place_of(claim: Claim) -> tuple[str, str, str]:
    """What a claim is the statement of: entry, metric, and the place that states it."""
    return claim.entry, claim.metric, claim.source.model_dump_json()
