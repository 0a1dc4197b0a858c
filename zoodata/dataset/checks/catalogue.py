"""The catalogue: names once, designs that exist, papers that can be looked up."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from zoodata.dataset.checks.doubt import Doubt, no_formula
from zoodata.dataset.checks.world import Read, World
from zoodata.records import Architecture, Family

PUBLIC_DOI = re.compile(r"10\.\d{4,9}/[A-Za-z0-9._;()/:-]+")
MARKUP = re.compile(r"</?[A-Za-z!]|\{\{|\{%|javascript:", re.IGNORECASE)
"""What a page, a template or a link would take for its own."""


def check(record: Family, world: World, item: Read) -> Iterator[Doubt]:
    """Everything about a family that cannot be, or that another family has already."""
    yield from _repeated(record, world, item)
    for number, architecture in enumerate(record.architectures):
        place = f"architectures[{number}]"
        yield from _check_architecture(place, architecture, world)
    yield from plain_text("title", record.title)


def _repeated(record: Family, world: World, item: Read) -> Iterator[Doubt]:
    named = [("entry", entry.entry, "mapped") for a in record.architectures for entry in a.entries]
    named += [("architecture", a.id, "described") for a in record.architectures]
    for kind, name, done in named:
        if (first := world.described_in[kind, name]) != item.name:
            yield Doubt("E017", "architectures", f"{name} is {done} in {first} already")


def _check_architecture(place: str, architecture: Architecture, world: World) -> Iterator[Doubt]:
    paper = architecture.paper
    if paper.doi is not None and not PUBLIC_DOI.fullmatch(paper.doi):
        yield Doubt("E035", f"{place}.paper.doi", f"{paper.doi[:60]!r} is no DOI")
    if paper.year > datetime.now(UTC).year:
        yield Doubt("E022", f"{place}.paper.year", f"is {paper.year}")
    same = architecture.same_design_as
    if same is not None and (same == architecture.id or same not in world.architectures):
        yield Doubt("E015", f"{place}.same_design_as", f"{same} is not another architecture of the catalogue")
    elif same is not None and world.architectures[same].same_design_as is not None:
        yield Doubt("E028", f"{place}.same_design_as", f"{same} is itself said to be another architecture's design")
    for field, text in (
        ("title", architecture.title),
        ("paper.title", paper.title),
        ("paper.authors", paper.authors),
        ("name_in_2022", architecture.name_in_2022),
    ):
        yield from plain_text(f"{place}.{field}", text)
    for number, entry in enumerate(architecture.entries):
        field = f"{place}.entries[{number}]"
        if not world.is_known(entry.entry):
            yield Doubt("E036", f"{field}.entry", f"{entry.entry} is of no zoo that is known")
        yield from plain_text(f"{field}.variant", entry.variant)
        yield from plain_text(f"{field}.note", entry.note)


def plain_text(field: str, text: str | None) -> Iterator[Doubt]:
    """Whether a title or note is text, and neither markup nor a formula."""
    if text and (found := MARKUP.search(text)) is not None:
        yield Doubt("E008", field, f"holds markup: {found[0]!r}")
    yield from no_formula(field, text)
