"""Whether an upgrade changes the models that someone uses: two releases, and what of each named entry is another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from zoodata.dataset.store import Dataset
from zoodata.discrepancy.history import Step, step_between
from zoodata.records import parse_entry
from zoodata.records.zoos import PACKAGES

Code = Literal["same", "network", "undecided", "preprocessing", "weights", "file", "gone", "not_there", "not_read"]
"""What came of one entry: nothing changed; its network is another function; nobody ran both networks; its
preprocessing, default weights or file is another; it is gone; it was not there before; the release was not read."""

HARMLESS: frozenset[Code] = frozenset({"same"})


class NotPinned(ValueError):
    """A requirements file that does not say which release of a package it asks for."""


@dataclass(frozen=True)
class Verdict:
    """What an upgrade does to one entry."""

    entry: str
    earlier: str | None
    later: str | None
    codes: tuple[Code, ...]
    step: Step | None
    """What the sentences are made from."""

    @property
    def is_harmless(self) -> bool:
        """Whether nothing that counts changed."""
        return set(self.codes) <= HARMLESS


def pinned(lines: Iterable[str]) -> dict[str, str]:
    """Distribution to the version that a requirements file pins; what is not pinned is left out.

    Raises:
        NotPinned: for a line that is no requirement.
    """
    versions: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        text = line.partition(" #")[0].strip().rstrip("\\").strip()
        if not text or text.startswith(("#", "-")):
            continue
        try:
            requirement = Requirement(text.partition(" --hash")[0])
        except InvalidRequirement as error:
            raise NotPinned(f"line {number} is no requirement: {text[:80]!r}") from error
        exact = [each.version for each in requirement.specifier if each.operator == "==" and "*" not in each.version]
        if exact:
            versions[canonicalize_name(requirement.name)] = exact[0]
    return versions


def release_in(versions: Mapping[str, str], zoo: str) -> str | None:
    """The release of a zoo that pinned versions ask for."""
    return versions.get(canonicalize_name(PACKAGES[zoo])) if zoo in PACKAGES else None


def judge(dataset: Dataset, entry: str, earlier: str | None, later: str | None) -> Verdict:
    """What going from one release to another does to an entry."""
    zoo, name, _ = parse_entry(entry)
    if earlier == later:
        return Verdict(entry, earlier, later, ("same",), None)
    known = {record.release: record for record in dataset.releases.get(zoo, [])}
    if earlier not in known or later not in known:
        return Verdict(entry, earlier, later, ("not_read",), None)
    before, after = known[earlier], known[later]
    step = step_between(dataset, before, after)
    names = {each.name for each in before.entries}, {each.name for each in after.entries}
    if name not in names[0]:
        return Verdict(entry, earlier, later, ("not_there",), step)
    if name not in names[1]:
        return Verdict(entry, earlier, later, ("gone",), step)
    groups: tuple[tuple[Code, Iterable[str]], ...] = (
        ("network", (each.name for each in step.changed)),
        ("undecided", (each.name for each in step.undecided)),
        ("preprocessing", (each.name for each in step.preprocessings)),
        ("weights", (each.name for each in step.defaults)),
        ("file", (each.name for each in step.files)),
    )
    codes = tuple(code for code, found in groups if name in set(found))
    return Verdict(entry, earlier, later, codes or ("same",), step)
