"""Which entries of an architecture are one network, and how the others differ: a sentence a group, and a matrix."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from zoodata.discrepancy.networks import ComparedPair
from zoodata.records.comparison import GRAVITY, Verdict
from zoodata_site.views.causes import briefs
from zoodata_site.views.drawing import LOUD
from zoodata_site.views.entries import EntryView
from zoodata_site.views.figures import joined, pair_anchor, pair_names, zoo_title

SAME: frozenset[Verdict] = frozenset({"identical", "benign"})
"""Verdicts of networks that compute one function."""


@dataclass(frozen=True)
class Cell:
    """How one entry's network compares with another's."""

    verdict: Verdict
    href: str
    """Of what was found; empty where both have one digest and nothing had to be compared."""


@dataclass(frozen=True)
class Group:
    """Entries that compute one function."""

    entries: tuple[EntryView, ...]
    verdict: Verdict | None
    """Against the first group; None for the first group itself, and where nothing of the two was compared."""
    difference: str
    """The gravest difference from the first group, and the first other that costs something, in a few words; empty
    where none is known."""
    href: str
    has_other_head: bool = False
    """Whether its weights fit but for the head."""

    @property
    def zoos(self) -> str:
        """The zoos of the group, in words."""
        return joined(list(dict.fromkeys(zoo_title(entry.zoo) for entry in self.entries)))

    @property
    def count(self) -> int:
        """How many zoos it has."""
        return len({entry.zoo for entry in self.entries})


@dataclass(frozen=True)
class Compatibility:
    """The entries of one architecture whose networks were read, against each other."""

    groups: tuple[Group, ...]
    """The largest first."""
    entries: tuple[EntryView, ...]
    """In the order of their groups."""
    rows: tuple[tuple[Cell | None, ...], ...]
    """For each entry a cell for each entry; None on the diagonal and where nothing was compared."""

    @property
    def zoos(self) -> int:
        """How many zoos' networks were read."""
        return len({entry.zoo for entry in self.entries})


def compatibility(entries: Sequence[EntryView], pairs: Sequence[ComparedPair]) -> Compatibility:
    """Group the counted entries of an architecture by what their networks compute."""
    counted = [entry for entry in entries if entry.digest]
    known = _known(counted, pairs)
    groups: list[list[EntryView]] = []
    for entry in counted:
        joins = [g for g in groups if any(_is_same(entry, other, known) for other in g)]
        groups = [g for g in groups if g not in joins] + [[*(other for g in joins for other in g), entry]]
    # Zoos count, not entries: a zoo may publish one network under five names.
    groups.sort(key=lambda g: (-len({entry.zoo for entry in g}), counted.index(g[0])))
    ordered = tuple(entry for group in groups for entry in group)
    return Compatibility(
        groups=tuple(_group(group, groups[0], known) for group in groups),
        entries=ordered,
        rows=tuple(tuple(_cell(one, other, known) for other in ordered) for one in ordered),
    )


Known = dict[tuple[str, str], ComparedPair]
"""Two digests to a comparison of networks that have them: it holds for all entries that do."""


def _known(entries: Sequence[EntryView], pairs: Sequence[ComparedPair]) -> Known:
    digests = {entry.entry: entry.digest for entry in entries if entry.digest}
    found: Known = {}
    for pair in pairs:
        if pair.a in digests and pair.b in digests:
            a, b = digests[pair.a], digests[pair.b]
            found.setdefault((a, b), pair)
            found.setdefault((b, a), pair)
    return found


def _pair(one: EntryView, other: EntryView, known: Known) -> ComparedPair | None:
    return known.get((one.digest or "", other.digest or ""))


def _is_same(one: EntryView, other: EntryView, known: Known) -> bool:
    pair = _pair(one, other, known)
    return one.digest == other.digest or (pair is not None and pair.verdict in SAME)


def _cell(one: EntryView, other: EntryView, known: Known) -> Cell | None:
    if one.entry == other.entry:
        return None
    pair = _pair(one, other, known)
    if pair is not None:
        return Cell(pair.verdict, f"#{pair_anchor(pair.measurement)}")
    return Cell("identical", "") if one.digest == other.digest else None


def _group(group: list[EntryView], first: list[EntryView], known: Known) -> Group:
    if group is first:
        return Group(tuple(group), None, "", "")
    # The nearest of all pairs, and of equals the one with the entry that comes first.
    between = sorted(_between(group, first, known), key=lambda pair: GRAVITY[pair.verdict])
    if not between:
        return Group(tuple(group), None, "", "")
    pair = between[0]
    costly = [finding for finding in pair.findings[1:] if finding.macs is not None and finding.severity in LOUD]
    told = [*pair.findings[:1], *costly[:1]]
    words = briefs(told, *pair_names(pair.a, pair.b))
    return Group(tuple(group), pair.verdict, words, f"#{pair_anchor(pair.measurement)}", pair.loads_but_head)


def _between(group: list[EntryView], first: list[EntryView], known: Known) -> Iterator[ComparedPair]:
    for one in group:
        for other in first:
            if (pair := _pair(one, other, known)) is not None:
                yield pair
