"""Environments: a machine that can be, packages with versions, and nothing that names its owner."""

from __future__ import annotations

import re
from collections.abc import Iterator

from zoodata.dataset.checks.doubt import Doubt, impersonal, within
from zoodata.dataset.checks.world import Read, World
from zoodata.records import Environment

DISTRIBUTION = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
VERSION = re.compile(r"(\d+!)?\d+(\.\d+)*([._-]?(a|b|c|rc|alpha|beta|dev|post|pre)[._-]?\d*)*(\+[A-Za-z0-9.]+)?")
"""As in PEP 440."""
PYTHON = re.compile(r"3\.(?P<minor>\d+)\.\d+[a-z0-9+]*")
OLDEST_MINOR, NEWEST_MINOR = 9, 20
COMMIT = re.compile(r"[0-9a-f]{40}(\+dirty)?")
MOST_CORES, MOST_MEMORY, MOST_PACKAGES = 4096, 2**27, 200
"""Cores; mebibytes (128 TiB); distributions."""


def check(record: Environment, world: World, item: Read) -> Iterator[Doubt]:
    """Everything about an environment that cannot be."""
    processor = record.processor
    yield from within("processor.logical_cores", processor.logical_cores, 1, MOST_CORES)
    yield from within("processor.usable_cores", processor.usable_cores, 1, max(processor.logical_cores, 1))
    yield from within("memory_mib", record.memory_mib, 64, MOST_MEMORY)
    for number, device in enumerate(record.accelerators):
        yield from within(f"accelerators[{number}].memory_mib", device.memory_mib, 64, MOST_MEMORY)
        yield from impersonal(f"accelerators[{number}].model", device.model)
    python = PYTHON.fullmatch(record.python)
    if python is None or not OLDEST_MINOR <= int(python["minor"]) <= NEWEST_MINOR:
        yield Doubt("E025", "python", f"is {record.python[:40]!r}, no version that zoodata runs on")
    if record.zoodata_commit is not None and not COMMIT.fullmatch(record.zoodata_commit):
        yield Doubt("E025", "zoodata_commit", f"is {record.zoodata_commit[:50]!r}, no commit")
    if not VERSION.fullmatch(record.zoodata_version):
        yield Doubt("E025", "zoodata_version", f"is {record.zoodata_version[:40]!r}, no version")
    if len(record.packages) > MOST_PACKAGES:
        yield Doubt("E025", "packages", f"names {len(record.packages)} packages; {MOST_PACKAGES} are allowed")
    for name, version in record.packages.items():
        if not DISTRIBUTION.fullmatch(name) or not VERSION.fullmatch(version):
            yield Doubt("E025", "packages", f"{name[:40]!r} {version[:40]!r} is no package with its version")
    for field, text in (
        ("processor.model", processor.model),
        ("processor.architecture", processor.architecture),
        ("operating_system", record.operating_system),
    ):
        yield from impersonal(field, text)
