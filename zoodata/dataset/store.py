"""Where each record lies, and how it is read and written without ever being half there.

A dataset is read from one or more roots: the one the package carries, and the measurements of this
machine that are not contributed yet. Only the last root is written to.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from zoodata.dataset import strict_json
from zoodata.records import (
    FILE_KINDS,
    KINDS,
    AccuracyMeasurement,
    Architecture,
    ArchitectureMeasurement,
    AttributionMeasurement,
    CatalogueEntry,
    Claim,
    ClaimCollection,
    ComparisonMeasurement,
    Environment,
    Family,
    ImageSetRecord,
    LatencyMeasurement,
    Lineage,
    Release,
    ReleaseChanges,
    Reply,
    SensitivityMeasurement,
    StoredNetwork,
    Supersession,
    Verification,
    WaysMeasurement,
    upgrade,
)
from zoodata.records.base import HashedRecord, Measurement, StoredRecord, entry_zoo, without_weights
from zoodata.records.claim import Training
from zoodata.records.lineage import LineageStatement
from zoodata.records.verification import Check, Outcome
from zoodata.records.zoos import PACKAGES, release_key

Kind = TypeVar("Kind", bound=StoredRecord)
Run = TypeVar("Run", bound=Measurement)

OF_ENTRIES: tuple[type[Measurement], ...] = (
    ArchitectureMeasurement, ComparisonMeasurement, LatencyMeasurement, AccuracyMeasurement,
)  # fmt: skip
"""Kinds of measurements that an architecture's page shows one by one."""

PACKAGED = Path(__file__).parent.parent / "data"
"""The dataset this package carries."""

LOCAL = Path("zoodata-data")
"""Where a run writes unless told otherwise: beside the user, never into an installed package."""

OTHER = "other"
"""Architecture under which a latency run is filed whose entries are not all of one architecture."""

FOLDERS = (
    "catalogue",
    "claims",
    "environments",
    "image_sets",
    "lineage",
    "measurements",
    "networks",
    "releases",
    "replies",
    "supersessions",
    "verifications",
)

FOLDER_OF: dict[type[StoredRecord], str] = {
    Family: "catalogue",
    ClaimCollection: "claims",
    Environment: "environments",
    ArchitectureMeasurement: "measurements/architecture",
    ComparisonMeasurement: "measurements/comparison",
    LatencyMeasurement: "measurements/latency",
    WaysMeasurement: "measurements/ways",
    AccuracyMeasurement: "measurements/accuracy",
    AttributionMeasurement: "measurements/attribution",
    SensitivityMeasurement: "measurements/sensitivity",
    ImageSetRecord: "image_sets",
    StoredNetwork: "networks",
    Release: "releases",
    ReleaseChanges: "releases",
    Reply: "replies",
    Lineage: "lineage",
    Verification: "verifications",
    Supersession: "supersessions",
}
"""Where the records of each kind lie: a command reads only the kinds that it asks for."""


class UnreadableRecord(ValueError):
    """A file of the dataset that is no record; the message names it."""


def path_of(record: StoredRecord) -> Path:
    """The place of a record inside a root."""
    return Path(record.path)


def parse(content: dict[str, Any]) -> StoredRecord:
    """JSON content to the record it is, lifted to today's schema.

    Raises:
        ValueError: for an unknown kind or version.
        pydantic.ValidationError: when it does not fit its schema.
    """
    return _parse(content)


def _parse(content: dict[str, Any], data: bytes | None = None) -> StoredRecord:
    """JSON content, and the bytes it was read from, to the record."""
    kind = content.get("kind") if isinstance(content, dict) else None
    if not isinstance(kind, str) or kind not in FILE_KINDS:
        raise ValueError(f"kind is {ascii(kind)[:60]}; it is one of {', '.join(sorted(FILE_KINDS))}")
    upgraded = upgrade(content)
    if upgraded is not content or data is None:
        data = json.dumps(upgraded).encode()
    # JSON mode: strict, and yet a list is a tuple and a string a date.
    return KINDS[kind].model_validate_json(data)


def read(path: Path) -> StoredRecord:
    """Read one file of the dataset.

    Raises:
        strict_json.RefusedJson, ValueError, pydantic.ValidationError: as :func:`parse`.
    """
    data = path.read_bytes()
    return _parse(strict_json.loads(data), data)


def write(record: StoredRecord, root: Path) -> Path:
    """Write the record where it belongs, wholly or not at all, and return its path.

    The bytes reach the disk under a temporary name first (fsync), then take their name in one step, so
    a kill, a power loss or a full disk leaves the old state or the new, never half a file.
    """
    path = root / path_of(record)
    write_bytes(path, strict_json.dumps(record.model_dump(mode="json")).encode())
    return path


def write_bytes(path: Path, data: bytes) -> None:
    """Replace a file's content atomically and durably."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".writing-")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    if hasattr(os, "O_DIRECTORY"):
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def sweep_leftovers(root: Path) -> int:
    """Remove temporary files that a killed run left behind; returns how many there were."""
    count = 0
    for leftover in root.rglob(".writing-*"):
        with contextlib.suppress(FileNotFoundError, IsADirectoryError, PermissionError):
            leftover.unlink()  # journals of unfinished runs lie in a folder of such a name, and stay
            count += 1
    return count


def files(root: Path, folders: Sequence[str] = FOLDERS) -> Iterator[Path]:
    """Every record file below some folders of a root, in a stable order.

    Links are not followed, hidden files not read.
    """
    for name in folders:
        for folder, inner, names in os.walk(root / name):
            inner.sort()
            yield from (path for path in map(Path(folder).joinpath, sorted(names)) if is_record_file(path))


def is_record_file(path: Path) -> bool:
    """Whether a path may hold a record: a plain file called something.json."""
    return path.suffix == ".json" and not path.name.startswith(".") and path.is_file() and not path.is_symlink()


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """Without garbage collection: records hold no cycles, and looking through so many takes a third of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@dataclass(frozen=True)
class Dataset:
    """All records of one or more roots, read once and kept."""

    roots: tuple[Path, ...]
    derived: dict[str, object] = field(default_factory=dict, compare=False, repr=False)
    """What others made of all records and want to make once."""
    _local: set[str] = field(default_factory=set, compare=False, repr=False)
    """Ids of what was read from another root than the first."""
    _lineage_of: dict[str, LineageStatement | None] = field(default_factory=dict, compare=False, repr=False)
    _by_kind: dict[type[StoredRecord], list[StoredRecord]] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def open(cls, local: Path | None = None, packaged: Path | None = None) -> Dataset:
        """The packaged dataset with the local measurements on top, where there are any."""
        packaged = packaged or PACKAGED
        roots = [packaged]
        if local is not None and local.is_dir() and local.resolve() != packaged.resolve():
            roots.append(local)
        return cls(tuple(roots))

    @cached_property
    def records(self) -> Sequence[StoredRecord]:
        """Every record, each id once.

        Raises:
            UnreadableRecord: for a file that is none.
        """
        return tuple(self._read(FOLDERS))

    def _read(self, folders: Sequence[str]) -> list[StoredRecord]:
        by_place: dict[Path, StoredRecord] = {}
        with uncollected():
            for number, root in enumerate(self.roots):
                for path in files(root, folders):
                    try:
                        record = read(path)
                    except ValueError as error:
                        raise UnreadableRecord(f"{path}: {str(error).splitlines()[0]}") from error
                    place = path_of(record)
                    if path != root / place:  # it could stand in for the record that belongs there
                        raise UnreadableRecord(f"{path} does not lie where it belongs, at {place}")
                    by_place[place] = record
                    if number and isinstance(record, HashedRecord):
                        self._local.add(record.id)
        return list(by_place.values())

    def _of(self, kind: type[Kind]) -> list[Kind]:
        if "records" in self.__dict__:
            return [record for record in self.records if isinstance(record, kind)]
        if kind not in self._by_kind:
            self._by_kind[kind] = self._read((FOLDER_OF[kind],))
        return [record for record in self._by_kind[kind] if isinstance(record, kind)]

    def measurements(self, kind: type[Run]) -> list[Run]:
        """The measurements of one kind that stand, oldest first."""
        return [record for record in self.history(kind) if self.stands(record.id)]

    def history(self, kind: type[Run]) -> list[Run]:
        """All measurements of one kind, superseded ones too, oldest first."""
        return sorted(self._of(kind), key=lambda record: record.started_at)

    def entries_history(self) -> Iterator[Measurement]:
        """What was measured of entries and of pairs of them, superseded ones too, kind by kind."""
        for kind in OF_ENTRIES:
            yield from self.history(kind)

    @cached_property
    def supersessions(self) -> dict[str, Supersession]:
        """Id of a record or claim that no longer counts to what says so."""
        return {old: record for record in self._of(Supersession) for old in record.superseded}

    def stands(self, id: str) -> bool:
        """Whether no record supersedes this one."""
        return id not in self.supersessions

    def _precedence(self, record: Measurement) -> tuple[bool, list[tuple[int, ...]], float]:
        """Which of several records is taken for its entries: the last in this order. One's own measurements, then the
        newest releases, then whichever was first: a later one that says otherwise has to supersede it."""
        environment = self.environments.get(record.environment)
        packages = environment.packages if environment is not None else {}
        releases = [release_key(packages.get(PACKAGES.get(entry_zoo(entry), ""), "")) for entry in record.entries]
        return record.id in self._local, releases, -record.started_at.timestamp()

    @cached_property
    def families(self) -> tuple[Family, ...]:
        """The catalogue, a family each."""
        return tuple(self._of(Family))

    @cached_property
    def architectures(self) -> dict[str, Architecture]:
        """Architecture id to architecture, in the catalogue's order."""
        return {a.id: a for family in self.families for a in family.architectures}

    @cached_property
    def catalogue_entries(self) -> dict[str, tuple[Architecture, CatalogueEntry]]:
        """Entry name (without weights) to its place in the catalogue."""
        return {
            item.entry: (architecture, item)
            for architecture in self.architectures.values()
            for item in architecture.entries
        }

    def architecture_of(self, entry: str) -> Architecture | None:
        """The architecture an entry is mapped to, if any."""
        mapped = self.catalogue_entries.get(without_weights(entry))
        return mapped[0] if mapped else None

    @cached_property
    def collections(self) -> tuple[ClaimCollection, ...]:
        """The claim files."""
        return tuple(self._of(ClaimCollection))

    @cached_property
    def claims(self) -> tuple[Claim, ...]:
        """The claims of all collections that stand."""
        return tuple(claim for collection in self.collections for claim in collection.claims if self.stands(claim.id))

    @cached_property
    def environments(self) -> dict[str, Environment]:
        """Environments by id."""
        return {environment.id: environment for environment in self._of(Environment)}

    @cached_property
    def architecture_measurements(self) -> tuple[ArchitectureMeasurement, ...]:
        """Counts, oldest first."""
        return tuple(self.measurements(ArchitectureMeasurement))

    @cached_property
    def architecture_outcomes(self) -> dict[str, ArchitectureMeasurement]:
        """Entry to what is known of its counts: a count, of the newest release, or where there is none a reason.

        A reason never hides a number.
        """
        ordered = sorted(
            self.architecture_measurements,
            key=lambda r: (
                r.result is not None,
                r.result is not None and r.result.digest is not None,
                self._precedence(r),
            ),
        )
        return {record.entry: record for record in ordered}

    @cached_property
    def latency_measurements(self) -> tuple[LatencyMeasurement, ...]:
        """Latency runs, oldest first."""
        return tuple(self.measurements(LatencyMeasurement))

    @cached_property
    def ways(self) -> tuple[WaysMeasurement, ...]:
        """Runs of one entry in several ways, oldest first."""
        return tuple(self.measurements(WaysMeasurement))

    @cached_property
    def accuracy_measurements(self) -> tuple[AccuracyMeasurement, ...]:
        """Accuracy measurements, oldest first."""
        return tuple(self.measurements(AccuracyMeasurement))

    @cached_property
    def attributions(self) -> tuple[AttributionMeasurement, ...]:
        """Gaps split into factors, oldest first."""
        return tuple(self.measurements(AttributionMeasurement))

    @cached_property
    def sensitivities(self) -> tuple[SensitivityMeasurement, ...]:
        """What other decoders and resizers change, oldest first."""
        return tuple(self.measurements(SensitivityMeasurement))

    @cached_property
    def comparisons(self) -> dict[tuple[str, str], ComparisonMeasurement]:
        """Two entries to their comparison, of the newest releases, or where there is none a reason."""
        ordered = sorted(
            self.measurements(ComparisonMeasurement), key=lambda r: (r.result is not None, self._precedence(r))
        )
        return {(record.a, record.b): record for record in ordered}

    @cached_property
    def comparisons_by_digests(self) -> dict[frozenset[str], ComparisonMeasurement]:
        """Two digests to a comparison of networks that have them: it holds for all entries that do."""
        return {
            frozenset((record.result.digest_a, record.result.digest_b)): record
            for record in self.comparisons.values()
            if record.result is not None
        }

    def digests_of(self, *entries: str) -> frozenset[str]:
        """The digests of entries as they were last counted: one, where all have one network. An entry that was not
        counted stands for itself."""
        outcomes = (self.architecture_outcomes.get(without_weights(entry)) for entry in entries)
        digests = (outcome.result.digest if outcome and outcome.result else None for outcome in outcomes)
        return frozenset(digest or entry for digest, entry in zip(digests, entries, strict=True))

    @cached_property
    def verifications(self) -> dict[str, Verification]:
        """Collection to the verification of its very claims that stands: the first, until another supersedes it."""
        standing: dict[str, Verification] = {}
        hashes = {collection.id: collection.claims_hash for collection in self.collections}
        for record in sorted(self._of(Verification), key=lambda record: (record.read_on, record.id)):
            if hashes.get(record.collection) == record.claims_hash and self.stands(record.id):
                standing.setdefault(record.collection, record)
        return standing

    @cached_property
    def checks(self) -> dict[str, Check]:
        """Claim to what its verification says against it; a verified claim has none."""
        return {check.claim: check for record in self.verifications.values() for check in record.checks}

    @cached_property
    def lineages(self) -> dict[str, Lineage]:
        """Zoo to what is known of where its weights come from."""
        return {record.id: record for record in self._of(Lineage)}

    def lineage_of(self, entry: str) -> LineageStatement | None:
        """Where an entry's weights come from: the first statement of its zoo that fits; None where none does."""
        if entry not in self._lineage_of:
            record = self.lineages.get(entry_zoo(entry))
            statements = record.statements if record else ()
            self._lineage_of[entry] = next(
                (each for each in statements if any(fnmatchcase(entry, pattern) for pattern in each.entries)), None
            )
        return self._lineage_of[entry]

    def training_of(self, entry: str) -> Training | None:
        """How an entry was trained, where that is stated against what its claims were taken to say."""
        record = self.lineages.get(entry_zoo(entry))
        for statement in record.trainings if record else ():
            if any(fnmatchcase(entry, pattern) for pattern in statement.entries):
                return statement.training
        return None

    def outcome_of(self, claim: str, collection: str) -> Outcome | None:
        """What the verification of a collection says of one of its claims; None where there is none."""
        if collection not in self.verifications:
            return None
        check = self.checks.get(claim)
        return check.outcome if check is not None else "verified"

    @cached_property
    def releases(self) -> dict[str, list[Release]]:
        """Zoo to its releases that were read, oldest release first."""
        by_zoo: dict[str, list[Release]] = {}
        for record in sorted(self._of(Release), key=lambda each: release_key(each.release)):
            if self.stands(record.id):
                by_zoo.setdefault(record.zoo, []).append(record)
        return by_zoo

    @cached_property
    def release_changes(self) -> dict[tuple[str, str, str], ReleaseChanges]:
        """Zoo, earlier and later release to the networks that changed."""
        return {(each.zoo, each.earlier, each.later): each for each in self._of(ReleaseChanges) if self.stands(each.id)}

    @cached_property
    def replies(self) -> tuple[Reply, ...]:
        """Answers to claims and measurements, oldest first."""
        return tuple(sorted(self._of(Reply), key=lambda reply: (reply.said_on, reply.id)))

    @cached_property
    def image_sets(self) -> dict[str, ImageSetRecord]:
        """The published image sets by name."""
        return {record.name: record for record in self._of(ImageSetRecord)}

    @cached_property
    def networks(self) -> dict[str, StoredNetwork]:
        """Stored networks by digest."""
        return {record.digest: record for record in self._of(StoredNetwork)}
