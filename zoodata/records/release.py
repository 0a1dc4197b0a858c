"""Releases: what one release of a zoo's package builds, and what changed from one to the next.

Networks are named by their digests, so that a release costs little where nothing changed.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from zoodata.records.base import Count, Hash, HashedRecord, Identifier, Line, Record
from zoodata.records.comparison import ComparisonResult
from zoodata.records.measurement import InputShape, Missing
from zoodata.records.preprocessing import Preprocessing

ReleaseName = Annotated[str, StringConstraints(pattern=r"^[0-9][0-9A-Za-z.+!-]{0,39}$")]
"""A version, as the package index writes it."""

OwnName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.+-]{0,127}$")]
"""What the zoo calls an entry, or a checkpoint of it."""


class ReleasedWeights(Record):
    """One checkpoint that a release names."""

    name: OwnName
    address: Line | None = None
    """Where it is fetched from; it often holds the first characters of the file's hash."""
    top1: Annotated[float, Field(ge=0, le=100)] | None = None
    """What the release states of it, in percent."""


class ReleasedEntry(Record):
    """One entry of a release."""

    name: OwnName
    digest: Hash | None = None
    parameters: Count | None = None
    macs: Count | None = None
    input: InputShape | None = None
    classes: Count | None = None
    preprocessing: Count | None = None
    """Which of the release's preprocessings; None where it declares none."""
    weights: tuple[ReleasedWeights, ...] = ()
    """Its default first."""
    missing: Missing | None = None
    """Why there is no network."""

    @model_validator(mode="after")
    def _has_one_outcome(self) -> ReleasedEntry:
        if (self.digest is None) == (self.missing is None):
            raise PydanticCustomError("one_outcome", "needs either a network or the reason it is missing")
        return self


class Release(HashedRecord):
    """Every entry of one release of a zoo, as it builds them."""

    kind: Literal["release"] = "release"
    zoo: Identifier
    release: ReleaseName
    started_at: AwareDatetime
    seconds: Annotated[float, Field(ge=0)]
    environment: Hash
    preprocessings: tuple[Preprocessing, ...] = ()
    """Each once; entries name them by number."""
    entries: tuple[ReleasedEntry, ...]

    @property
    def path(self) -> PurePosixPath:
        """See :class:`zoodata.records.base.StoredRecord`."""
        return PurePosixPath("releases", self.zoo, f"{self.release}.json")

    @model_validator(mode="after")
    def _is_whole(self) -> Release:
        names = [entry.name for entry in self.entries]
        if len(set(names)) != len(names):
            raise PydanticCustomError("repeated_name", "names an entry twice")
        if any(entry.preprocessing is not None and entry.preprocessing >= len(self.preprocessings)
               for entry in self.entries):  # fmt: skip
            raise PydanticCustomError("bad_number", "names a preprocessing that it does not hold")
        return self

    def preprocessing_of(self, entry: ReleasedEntry) -> Preprocessing | None:
        """What an entry declares."""
        return None if entry.preprocessing is None else self.preprocessings[entry.preprocessing]


SAME = 1e-4
"""Scores that differ by less than this part of the largest are equal."""

NativeOutcome = Literal[
    "same_function",  # both releases' models gave the same scores for the same weights
    "parted",  # they did not
    "not_transferable",  # the weights of one do not fit the other
    "not_run",  # one of them could not be run here
]


class NetworkChange(Record):
    """One entry whose network is another in the later release."""

    name: OwnName
    earlier: Hash
    later: Hash
    outcome: NativeOutcome
    error: Annotated[float, Field(ge=0)] | None = None
    """Between the scores of the two releases' models with the same weights, over the largest."""
    result: ComparisonResult | None = None
    """The diff of the two networks, earlier as a; None where there is none."""
    missing: Missing | None = None
    """Why there is no diff."""


class ReleaseChanges(HashedRecord):
    """The networks that changed from one release to the next, each proved by running both."""

    kind: Literal["release_changes"] = "release_changes"
    zoo: Identifier
    earlier: ReleaseName
    later: ReleaseName
    started_at: AwareDatetime
    environment: Hash
    """Of the later release."""
    changes: tuple[NetworkChange, ...]

    @property
    def path(self) -> PurePosixPath:
        """See :class:`zoodata.records.base.StoredRecord`. One that is made again takes the place of none."""
        return PurePosixPath("releases", self.zoo, f"{self.earlier}_to_{self.later}.{self.id[:16]}.json")
