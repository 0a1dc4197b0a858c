"""Verifications, lineages and supersessions: what is said about other records is about records that there are."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice

from zoodata.dataset.checks.claims import source_doubts
from zoodata.dataset.checks.doubt import BEGUN, Doubt, dated
from zoodata.dataset.checks.measurements import contradiction
from zoodata.dataset.checks.world import Read, World
from zoodata.records import Lineage, Supersession, Verification
from zoodata.records.claim import Source

READER = re.compile(r"zoodata \d+(\.\d+)*[A-Za-z0-9.+]*")
SOURCE = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+@[0-9a-f]{7,40}|[A-Za-z0-9_.-]+==[0-9A-Za-z.+!_-]+")


def source_name(source: Source) -> str:
    """What a verification that read a source names."""
    match source.type:
        case "repository":
            return f"{source.repository}@{source.commit[:12]}"
        case "package":
            return f"{source.package}=={source.version}"
        case "page":
            return source.address
    return source.doi


def check_verification(record: Verification, world: World, item: Read) -> Iterator[Doubt]:
    """Whether a verification is of claims that there are, and the only one of them that stands."""
    collection = world.collections.get(record.collection)
    if collection is None:
        yield Doubt("E015", "collection", f"{record.collection} is not in the dataset")
        return
    if collection.claims_hash != record.claims_hash or len(collection.claims) != record.claims:
        yield Doubt("E011", "claims_hash", f"is not of the claims of {record.collection}")
        return
    yield from dated("read_on", record.read_on, BEGUN)
    if not READER.fullmatch(record.reader):
        yield Doubt("E025", "reader", f"is {record.reader[:40]!r}, no version of zoodata")
    for number, named in enumerate(record.read):
        if not SOURCE.fullmatch(named):
            yield Doubt("E025", f"read[{number}]", f"{named[:40]!r} is no repository at a commit, and no release")
    unread = {each.claim for each in record.checks}
    cited = Counter(source_name(claim.source) for claim in collection.claims if claim.id not in unread)
    for name in () if record.id in world.superseded else sorted(cited.keys() - set(record.read)):
        yield Doubt("E007", "read", f"does not name {name}, which {cited[name]} verified claims cite")
    claims = {claim.id for claim in collection.claims}
    for number, each in enumerate(record.checks):
        if each.claim not in claims:
            yield Doubt("E015", f"checks[{number}].claim", f"{each.claim[:16]}… is not in it")
    for other in islice(other_readings(record, world), 1):
        yield contradiction("checks", other.id, item)


def other_readings(record: Verification, world: World) -> Iterator[Verification]:
    """Verifications that stand of the same claims and say otherwise."""
    for other in world.verifications.get(record.claims_hash, ()):
        if record.id not in world.superseded and other.id != record.id and set(other.checks) != set(record.checks):
            yield other


def check_lineage(record: Lineage, world: World, item: Read) -> Iterator[Doubt]:
    """Whether a lineage is of a zoo that there is, and says where it was read."""
    if record.id not in world.zoos:
        yield Doubt("E036", "id", f"{record.id} is no zoo that is known")
    sources = [(f"statements[{n}].source", each.source) for n, each in enumerate(record.statements)]
    sources += [(f"trainings[{n}].source", each.source) for n, each in enumerate(record.trainings)]
    for place, source in sources:
        yield from source_doubts(place, source)


def _leads_back(id: str, superseded: set[str], world: World) -> bool:
    """Whether what replaces a record, or replaces that, is one of those that no longer count."""
    waiting, seen = [id], set()
    while waiting:
        current = waiting.pop()
        if current in superseded:
            return True
        if current not in seen and (later := world.superseded.get(current)) is not None:
            waiting += later.by
        seen.add(current)
    return False


def check_supersession(record: Supersession, world: World, item: Read) -> Iterator[Doubt]:
    """Whether a supersession is about records that there are."""
    yield from dated("said_on", record.said_on, BEGUN)
    for field, ids in (("superseded", record.superseded), ("by", record.by)):
        unknown = [id for id in ids if id not in world.ids]
        if unknown:
            yield Doubt("E015", field, f"{unknown[0][:16]}… is not in the dataset ({len(unknown)} are not)")
    for number, id in enumerate(record.by):
        if _leads_back(id, set(record.superseded), world):
            yield Doubt("E028", f"by[{number}]", f"{id[:16]}… is superseded by what it supersedes")
    if record.id in world.superseded:
        yield Doubt("E028", "id", "is superseded itself: what no longer stands does not come back")
