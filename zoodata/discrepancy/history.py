"""What the releases of a zoo changed: entries, networks, preprocessing, default weights, and files.

A changed digest is not a changed function: a network counts as changed where both releases' models gave other scores
for the same weights, or the weights of one do not fit the other.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from pydantic import JsonValue

from zoodata.dataset.store import Dataset
from zoodata.records import Preprocessing, Release
from zoodata.records.release import NativeOutcome, NetworkChange, ReleasedEntry

REAL: frozenset[NativeOutcome] = frozenset({"parted", "not_transferable"})
"""Outcomes that make a changed digest a changed network."""

FILE_HASH = re.compile(r"-(?P<hash>[0-9a-f]{8,64})\.(pth|pt|safetensors|h5|tar|npz)\b")
"""The part of an address that names the file's contents."""


@dataclass(frozen=True)
class FieldChange:
    """One field of an entry's preprocessing."""

    field: str
    before: JsonValue
    after: JsonValue


@dataclass(frozen=True)
class PreprocessingChange:
    """An entry whose declared preprocessing is another."""

    name: str
    fields: tuple[FieldChange, ...]


@dataclass(frozen=True)
class DefaultChange:
    """An entry whose default weights are others."""

    name: str
    before: str
    after: str


@dataclass(frozen=True)
class FileChange:
    """A checkpoint of one name whose file is another, by the hash in its address."""

    name: str
    weights: str
    before: str
    after: str
    stated_before: float | None
    stated_after: float | None

    @property
    def is_silent(self) -> bool:
        """Whether what the zoo states of its accuracy stayed the same."""
        return self.stated_before is not None and self.stated_before == self.stated_after


@dataclass(frozen=True)
class Renaming:
    """An entry that went under one name and came under another with the same network."""

    before: str
    after: str


@dataclass(frozen=True)
class NetworkStep:
    """An entry whose network has another digest, with what running both showed."""

    name: str
    parameters: tuple[int | None, int | None]
    change: NetworkChange | None
    """None where nobody ran both."""

    @property
    def outcome(self) -> NativeOutcome:
        """What running both showed."""
        return "not_run" if self.change is None else self.change.outcome


@dataclass(frozen=True)
class Step:
    """From one release to the next that was read."""

    zoo: str
    earlier: str
    later: str
    entries: int
    """Of the later release."""
    added: tuple[str, ...]
    removed: tuple[str, ...]
    renamed: tuple[Renaming, ...]
    networks: tuple[NetworkStep, ...]
    """Every other digest."""
    preprocessings: tuple[PreprocessingChange, ...]
    defaults: tuple[DefaultChange, ...]
    files: tuple[FileChange, ...]

    @property
    def changed(self) -> tuple[NetworkStep, ...]:
        """The networks that are another function."""
        return tuple(step for step in self.networks if step.outcome in REAL)

    @property
    def undecided(self) -> tuple[NetworkStep, ...]:
        """Other digests of which nobody ran both."""
        return tuple(step for step in self.networks if step.outcome == "not_run")

    def about(self, name: str) -> bool:
        """Whether anything of an entry changed."""
        named = {*self.added, *self.removed, *(each.name for each in self.changed)}
        named |= {
            each.name for group in (self.undecided, self.preprocessings, self.defaults, self.files) for each in group
        }
        return name in named | {each for renamed in self.renamed for each in (renamed.before, renamed.after)}


def history(dataset: Dataset, zoo: str, earliest: str | None = None, latest: str | None = None) -> list[Step]:
    """The steps between the releases of a zoo that were read, oldest first.

    Raises:
        KeyError: for a release that was not read; its message is the release.
    """
    known = dataset.releases.get(zoo, [])
    names = [record.release for record in known]
    for asked in (earliest, latest):
        if asked is not None and asked not in names:
            raise KeyError(asked)
    first = names.index(earliest) if earliest else 0
    last = names.index(latest) if latest else len(names) - 1
    return [step_between(dataset, *pair) for pair in pairwise(known[first : last + 1])]


def step_between(dataset: Dataset, earlier: Release, later: Release) -> Step:
    """What changed between two releases; networks that changed are looked up along the releases between."""
    before = {entry.name: entry for entry in earlier.entries}
    after = {entry.name: entry for entry in later.entries}
    added, removed, renamed = _names(before, after)
    both = [name for name in after if name in before]
    return Step(
        zoo=later.zoo,
        earlier=earlier.release,
        later=later.release,
        entries=len(after),
        added=added,
        removed=removed,
        renamed=renamed,
        networks=tuple(
            NetworkStep(name, (before[name].parameters, after[name].parameters), _change(dataset, earlier, later, name))
            for name in both
            if before[name].digest is not None
            and after[name].digest is not None
            and before[name].digest != after[name].digest
        ),
        preprocessings=tuple(_preprocessings(earlier, later, before, after, both)),
        defaults=tuple(_defaults(before, after, both)),
        files=tuple(_files(before, after, both)),
    )


def _names(
    before: dict[str, ReleasedEntry], after: dict[str, ReleasedEntry]
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[Renaming, ...]]:
    added = [name for name in after if name not in before]
    removed = [name for name in before if name not in after]
    gone = Counter(before[name].digest for name in removed)
    come = Counter(after[name].digest for name in added)
    by_digest = {after[name].digest: name for name in added}
    renamed = []
    for name in removed:
        digest = before[name].digest
        if digest is not None and gone[digest] == 1 and come[digest] == 1:  # else nobody can say which became which
            renamed.append(Renaming(name, by_digest[digest]))
    old, new = {each.before for each in renamed}, {each.after for each in renamed}
    return (
        tuple(name for name in added if name not in new),
        tuple(name for name in removed if name not in old),
        tuple(renamed),
    )


def _change(dataset: Dataset, earlier: Release, later: Release, name: str) -> NetworkChange | None:
    """What running both showed: directly, or the gravest along the releases between."""
    direct = dataset.release_changes.get((later.zoo, earlier.release, later.release))
    if direct is not None:
        return next((change for change in direct.changes if change.name == name), None)
    names = [record.release for record in dataset.releases.get(later.zoo, [])]
    between = names[names.index(earlier.release) : names.index(later.release) + 1]
    found: list[NetworkChange] = []
    for pair in pairwise(between):
        record = dataset.release_changes.get((later.zoo, *pair))
        if record is None:
            return None
        found += [change for change in record.changes if change.name == name]
    graver = ("not_transferable", "parted", "not_run", "same_function")
    return min(found, key=lambda change: graver.index(change.outcome), default=None)


def differing_fields(one: Preprocessing, other: Preprocessing) -> tuple[FieldChange, ...]:
    """The fields of two preprocessings that differ; where they were read does not count."""
    a, b = (each.model_dump(mode="json") for each in (one, other))
    return tuple(
        FieldChange(field, a.get(field), b.get(field))
        for field in dict.fromkeys([*a, *b])
        if field != "source" and a.get(field) != b.get(field)
    )


def _preprocessings(
    earlier: Release, later: Release, before: dict[str, ReleasedEntry], after: dict[str, ReleasedEntry],
    names: Sequence[str],
) -> list[PreprocessingChange]:  # fmt: skip
    found = []
    for name in names:
        one, other = earlier.preprocessing_of(before[name]), later.preprocessing_of(after[name])
        if one is not None and other is not None and (fields := differing_fields(one, other)):
            found.append(PreprocessingChange(name, fields))
    return found


def _defaults(
    before: dict[str, ReleasedEntry], after: dict[str, ReleasedEntry], names: Sequence[str]
) -> list[DefaultChange]:
    found = []
    for name in names:
        one, other = (entries[name].weights[:1] for entries in (before, after))
        # A release that has no names for checkpoints does not say that another became the default.
        if one and other and one[0].name != other[0].name and "default" not in (one[0].name, other[0].name):
            found.append(DefaultChange(name, one[0].name, other[0].name))
    return found


def _files(before: dict[str, ReleasedEntry], after: dict[str, ReleasedEntry], names: Sequence[str]) -> list[FileChange]:
    found = []
    for name in names:
        old = {weights.name: weights for weights in before[name].weights}
        for weights in after[name].weights:
            known = old.get(weights.name)
            one, other = (FILE_HASH.search((each and each.address) or "") for each in (known, weights))
            if known is not None and one and other and one["hash"] != other["hash"]:
                found.append(FileChange(name, weights.name, known.address or "", weights.address or "", known.top1,
                                        weights.top1))  # fmt: skip
    return found
