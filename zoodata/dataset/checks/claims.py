"""Claims: the value is what the source states, the place is a public one and states it once, and it can be."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from itertools import pairwise

from zoodata.dataset.checks.catalogue import PUBLIC_DOI, plain_text
from zoodata.dataset.checks.doubt import BEGUN, Doubt, dated, no_formula, within
from zoodata.dataset.checks.measurements import entries_known
from zoodata.dataset.checks.world import Read, World, place_of
from zoodata.records import Claim, ClaimCollection
from zoodata.records.claim import Metric, Source

POSSIBLE: dict[Metric, tuple[float, float]] = {
    "top1": (0.05, 95.0),  # chance is 0.1 % of 1000 classes; the best published is 91.0 % (CoCa, 2022)
    "top5": (0.05, 99.7),
    "parameters": (1e4, 1e12),
    "macs": (1e5, 1e15),
    "file_size": (1e3, 1e13),
    "input_size": (8, 8192),
}
"""Lowest and highest that a classifier of images can have, in the unit of each metric."""

FIRST_CLAIM = date(2010, 1, 1)
"""The first ImageNet challenge: before it there was nothing to claim."""

SCALES = {"": 1.0, "k": 1e3, "thousand": 1e3, "m": 1e6, "million": 1e6, "g": 1e9, "billion": 1e9, "t": 1e12}
COUNTED = re.compile(
    r"(?P<scale>k|thousand|m|million|g|billion|t)?\s*"
    r"(count|params|parameters|flops|flops/2|macs|mult-adds|multiply-adds|operations|operations/ops|ops)?"
)
"""A unit of parameters or of work: a scale, a word for what is counted, or both."""
SIZES = {"bytes": (1.0,), "kb": (1e3, 2**10), "mb": (1e6, 2**20), "mib": (2**20,), "gb": (1e9, 2**30), "gib": (2**30,)}
NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?(?:[eE][+-]?\d+)?")
PRECISION = 1e-6
"""Of a value that was computed from what is stated."""

ADDRESS = re.compile(r"(https?://)?[A-Za-z0-9][A-Za-z0-9.-]*\.[A-Za-z]{2,}(:\d+)?(/[A-Za-z0-9._~/?#@!$&*+,;=%()-]*)?")
FILE_PATH = re.compile(r"(?!/)(?!.*(^|/)\.\.(/|$))[A-Za-z0-9 ._+@()\[\],=&%#~/-]+")
REPOSITORY = re.compile(r"(?!\.)[A-Za-z0-9_.-]*[A-Za-z0-9_-]/(?!\.)[A-Za-z0-9_.-]+")
MOST_LINES = 10_000_000


def check(record: ClaimCollection, world: World, item: Read) -> Iterator[Doubt]:
    """Everything about a collection of claims that cannot be, or contradicts another claim."""
    yield from entries_known(
        [(f"claims[{n}].entry", claim.entry) for n, claim in enumerate(record.claims)], world, item
    )
    yield from dated("collected_on", record.collected_on, BEGUN)
    if not (record.claims or record.not_stated or record.left_out):
        yield Doubt("E007", "claims", "is empty, and nothing else is in the collection")
    if record.claims and not world.verifications.get(record.claims_hash):
        yield Doubt("W115", "claims", f"no reading verifies the {len(record.claims)} claims, so they enter no ranking")
    for field, text in (("title", record.title), ("licence", record.licence)):
        yield from plain_text(field, text)
    absent = {(each.entry, each.metric) for each in record.not_stated}
    for number, claim in enumerate(record.claims):
        place = f"claims[{number}]"
        yield from _check_claim(place, claim, world)
        if (claim.entry, claim.metric) in absent:
            yield Doubt(
                "E028", place, f"states {claim.metric} of {claim.entry}, which the collection says is not stated"
            )
        first = world.places.get(place_of(claim))
        if first is not None and first != (record.id, claim.id) and claim.id not in world.superseded:
            yield Doubt("E034", f"{place}.source", f"{first[0]} has a claim of {claim.metric} with this very place")
    yield from _top5_below_top1(record)


def _check_claim(place: str, claim: Claim, world: World) -> Iterator[Doubt]:
    low, high = POSSIBLE[claim.metric]
    yield from within(f"{place}.value", claim.value, low, high, claim.unit)
    yield from _follows(place, claim)
    architecture = world.architecture_of(claim.entry)
    # A design is often published a year before its paper.
    earliest = FIRST_CLAIM if architecture is None else date(architecture.paper.year - 1, 1, 1)
    yield from dated(f"{place}.claimed_on", claim.claimed_on, earliest)
    yield from source_doubts(f"{place}.source", claim.source)
    conditions = claim.conditions
    for name, number, least, most in (
        ("input_size", conditions.input_size, 8, 8192),
        ("resize", conditions.resize, 8, 16384),
        ("crop_fraction", conditions.crop_fraction, 0.2, 1.5),
    ):
        yield from within(f"{place}.conditions.{name}", number, least, most)
    for name in ("stated_unit", "architecture_in_source", "checkpoint", "checksum", "licence", "note"):
        yield from no_formula(f"{place}.{name}", getattr(claim, name))


def _follows(place: str, claim: Claim) -> Iterator[Doubt]:
    """Whether the value is what the source states, in the metric's unit."""
    values = values_of(claim.metric, claim.stated, claim.stated_unit)
    if values is None:
        stated = f"{claim.stated[:40]!r} {claim.stated_unit[:40]!r}"
        yield Doubt("E027", f"{place}.stated", f"{stated} is no {claim.metric} in a unit that is known")
    elif not any(abs(claim.value - value) <= PRECISION * max(1.0, abs(value)) for value in values):
        shown = " or ".join(f"{value:.10g}" for value in values)
        yield Doubt(
            "E027", f"{place}.value", f"is {claim.value:.10g}; {claim.stated[:40]} {claim.stated_unit[:40]} is {shown}"
        )


def values_of(metric: Metric, stated: str, unit: str) -> tuple[float, ...] | None:
    """What a number as its source writes it is in the metric's unit; several where a unit has several meanings."""
    numbers = [float(number.replace(",", "")) for number in NUMBER.findall(stated)]
    unit = unit.strip().lower()
    if metric == "input_size":
        pixels = unit in ("pixels", "(channels, height, width)", "(height, width)", "height x width")
        return tuple(numbers[-2:]) if numbers and pixels else None
    if len(numbers) != 1:
        return None
    number = numbers[0]
    if metric in ("top1", "top5"):
        parts = {"percent": number, "fraction": 100 * number}
        value = parts.get(unit.removesuffix(" error"))
        return None if value is None else (100 - value if unit.endswith(" error") else value,)
    if metric == "file_size":
        return tuple(number * scale for scale in SIZES[unit]) if unit in SIZES else None
    match = COUNTED.fullmatch(unit)
    return None if match is None or not unit else (number * SCALES[match["scale"] or ""],)


def source_doubts(place: str, source: Source) -> Iterator[Doubt]:
    """Whether the cited place is a public one that can be looked up."""
    match source.type:
        case "page":
            if not ADDRESS.fullmatch(source.address):
                yield Doubt("E035", f"{place}.address", f"{source.address[:60]!r} is no address of the web")
            yield from no_formula(f"{place}.locator", source.locator)
        case "repository":
            if not REPOSITORY.fullmatch(source.repository) or ".." in source.repository:
                yield Doubt("E035", f"{place}.repository", f"{source.repository[:60]!r} is no OWNER/NAME")
            if not FILE_PATH.fullmatch(source.path):
                yield Doubt("E035", f"{place}.path", f"{source.path[:60]!r} is no path in a repository")
            yield from within(f"{place}.line", source.line, 1, MOST_LINES)
        case "publication":
            if not PUBLIC_DOI.fullmatch(source.doi):
                yield Doubt("E035", f"{place}.doi", f"{source.doi[:60]!r} is no DOI")
            yield from no_formula(f"{place}.locator", source.locator)
        case "package":
            if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", source.package):
                yield Doubt("E035", f"{place}.package", f"{source.package[:60]!r} is no package")
            if not re.fullmatch(r"[0-9][0-9A-Za-z.+!_-]*", source.version):
                yield Doubt("E035", f"{place}.version", f"{source.version[:60]!r} is no version")


def _top5_below_top1(record: ClaimCollection) -> Iterator[Doubt]:
    """Whether one row of a source states fewer right among the first five than at the first place."""
    rows: dict[tuple[str, str, str, str | None], list[tuple[str, float, int]]] = {}
    for number, claim in enumerate(record.claims):
        if claim.metric in ("top1", "top5") and claim.source.type == "repository":
            row = (claim.entry, claim.source.path, f"{claim.source.line}", claim.conditions.model_dump_json())
            rows.setdefault(row, []).append((claim.metric, claim.value, number))
    for stated in rows.values():
        for (metric, first, _), (other, second, number) in pairwise(sorted(stated)):
            if (metric, other) == ("top1", "top5") and second < first:
                yield Doubt("E025", f"claims[{number}].value", f"is {second:.6g} percent top-5 below {first:.6g} top-1")
