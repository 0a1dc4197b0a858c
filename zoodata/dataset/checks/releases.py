"""Releases and their changes: of a zoo's package that was there, about networks that can be, in agreement."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from zoodata.dataset.checks.doubt import Doubt, impersonal, measured_at, within
from zoodata.dataset.checks.measurements import (
    MOST_CLASSES,
    MOST_MACS,
    MOST_PARAMETERS,
    MOST_PIXELS,
    environment_known,
)
from zoodata.dataset.checks.world import Read, World
from zoodata.records import Release, ReleaseChanges
from zoodata.records.release import SAME, ReleasedEntry
from zoodata.records.zoos import PACKAGES

ADDRESS = re.compile(r"(https?://|hf-hub:|kaggle://|gs://)[^\s\"'<>]+")
"""Where checkpoints are fetched from. Nothing of ours follows such an address."""

MOST_SHOWN = 5
"""Doubts about entries of one release."""


def check_release(record: Release, world: World, item: Read) -> Iterator[Doubt]:
    """Everything about a release that cannot be."""
    yield from measured_at("started_at", record.started_at)
    yield from _environment(record.zoo, record.release, record.environment, world, item)
    found = (doubt for number, entry in enumerate(record.entries) for doubt in _entry(f"entries[{number}]", entry))
    yield from islice(found, MOST_SHOWN)


def check_changes(record: ReleaseChanges, world: World, item: Read) -> Iterator[Doubt]:
    """Everything about the changes from one release to another that cannot be, or contradicts the two."""
    yield from measured_at("started_at", record.started_at)
    yield from _environment(record.zoo, record.later, record.environment, world, item)
    sides = [world.released.get((record.zoo, release)) for release in (record.earlier, record.later)]
    for field, side in zip(("earlier", "later"), sides, strict=True):
        if side is None:
            yield Doubt("E015", field, f"{record.zoo} {getattr(record, field)} is not in the dataset")
    if record.earlier == record.later:
        yield Doubt("E038", "later", "is the earlier release")
    digests = [{entry.name: entry.digest for entry in side.entries} if side else None for side in sides]
    for number, change in enumerate(record.changes):
        place = f"changes[{number}]"
        for field, digest, known in (("earlier", change.earlier, digests[0]), ("later", change.later, digests[1])):
            # One that no longer counts was made when a release was read otherwise.
            if record.id not in world.superseded and known is not None and known.get(change.name) != digest:
                yield Doubt("E028", f"{place}.{field}", f"is not the network of {change.name} in that release")
            if change.result is not None and digest not in world.networks:
                yield Doubt("E032", f"{place}.{field}", f"{digest[:16]}… is not in the dataset")
        if change.result is not None and (change.result.digest_a, change.result.digest_b) != (
            change.earlier, change.later
        ):  # fmt: skip
            yield Doubt("E028", f"{place}.result", "compares other networks")
        if (change.outcome in ("same_function", "parted")) != (change.error is not None):
            yield Doubt("E007", f"{place}.error", f"does not go with the outcome {change.outcome}")
        elif change.error is not None and (change.outcome == "same_function") != (change.error < SAME):
            yield Doubt("E028", f"{place}.outcome", f"is {change.outcome} with an error of {change.error:.1g}")


def _environment(zoo: str, release: str, id: str, world: World, item: Read) -> Iterator[Doubt]:
    package = PACKAGES.get(zoo)
    if package is None:
        yield Doubt("E036", "zoo", f"{zoo} comes in no package that is known")
        return
    yield from environment_known(id, world, item)
    environment = world.environments.get(id)
    if environment is not None and environment.packages.get(package) != release:
        held = environment.packages.get(package, "no such package")
        yield Doubt("E033", "environment", f"holds {package} {held}, not {release}")


def _entry(place: str, entry: ReleasedEntry) -> Iterator[Doubt]:
    yield from within(f"{place}.parameters", entry.parameters, 1, MOST_PARAMETERS)
    yield from within(f"{place}.macs", entry.macs, 0, MOST_MACS)
    yield from within(f"{place}.classes", entry.classes, 0, MOST_CLASSES)
    if entry.input is not None:
        yield from within(f"{place}.input.height", entry.input.height, 1, MOST_PIXELS, "pixels")
        yield from within(f"{place}.input.width", entry.input.width, 1, MOST_PIXELS, "pixels")
    for number, weights in enumerate(entry.weights):
        if weights.address is not None and not ADDRESS.fullmatch(weights.address):
            yield Doubt("E035", f"{place}.weights[{number}].address", f"is {weights.address[:60]!r}")
    if entry.missing is not None:
        yield from impersonal(f"{place}.missing.message", entry.missing.message)
