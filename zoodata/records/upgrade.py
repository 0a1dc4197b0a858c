"""Reading records of every age: kind to model, and the functions that lift old versions to today's.

When a record's schema changes, raise its ``schema_version``, add a function that turns the old JSON
into the new, and put it in ``UPGRADES``. Files are never rewritten; they are lifted when read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from zoodata.records.base import StoredRecord
from zoodata.records.catalogue import Family
from zoodata.records.claim import Claim, ClaimCollection
from zoodata.records.comparison import ComparisonMeasurement
from zoodata.records.environment import Environment
from zoodata.records.measurement import ArchitectureMeasurement, LatencyMeasurement
from zoodata.records.network import StoredNetwork

KINDS: dict[str, type[StoredRecord]] = {
    "family": Family,
    "claim": Claim,
    "claims": ClaimCollection,
    "environment": Environment,
    "architecture": ArchitectureMeasurement,
    "latency": LatencyMeasurement,
    "comparison": ComparisonMeasurement,
    "network": StoredNetwork,
}

CURRENT: dict[str, int] = dict.fromkeys(KINDS, 1) | {"architecture": 2}
"""The version of each kind's schema today."""

FILE_KINDS = frozenset(KINDS) - {"claim"}
"""Kinds that have files of their own; a claim lies in its collection."""


def _without_digest(content: dict[str, Any]) -> dict[str, Any]:
    """Version 2 of an architecture measurement adds the digest and the check; older ones have neither."""
    result = content.get("result")
    if isinstance(result, dict):
        result = {**result, "digest": None, "relative_error": None, "unchecked": "measured before there was a check"}
    return {**content, "schema_version": 2, "result": result}


UPGRADES: dict[tuple[str, int], Callable[[dict[str, Any]], dict[str, Any]]] = {
    ("architecture", 1): _without_digest,
}
"""(kind, version) to the function that makes it version + 1."""


def upgrade(content: dict[str, Any]) -> dict[str, Any]:
    """Lift a record's JSON to today's schema; content that is current already comes back as it is.

    Raises:
        ValueError: when the version is newer than this zoodata, or no function leads on from it.
    """
    kind, version = str(content.get("kind")), content.get("schema_version", 1)
    current = CURRENT.get(kind, 1)
    if type(version) is not int or version > current:
        shown = ascii(version)[:40]
        raise ValueError(f"schema_version {shown} is newer than this zoodata reads ({current}): update zoodata")
    while version < current:
        step = UPGRADES.get((kind, version))
        if step is None:
            raise ValueError(f"no upgrade leads on from {kind} version {version}")
        content = step(content)
        version += 1
    return content
