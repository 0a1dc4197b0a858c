"""Reading records of every age: kind to model, and the functions that lift old versions to today's.

When a record's schema changes, raise its ``schema_version``, add a function that turns the old JSON
into the new, and put it in ``UPGRADES``. Files are never rewritten; they are lifted when read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from zoodata.records.accuracy import AccuracyMeasurement
from zoodata.records.base import StoredRecord
from zoodata.records.catalogue import Family
from zoodata.records.claim import Claim, ClaimCollection
from zoodata.records.comparison import ComparisonMeasurement
from zoodata.records.environment import Environment
from zoodata.records.latency import LatencyMeasurement
from zoodata.records.measurement import ArchitectureMeasurement
from zoodata.records.network import StoredNetwork
from zoodata.records.reply import Reply

KINDS: dict[str, type[StoredRecord]] = {
    "family": Family,
    "claim": Claim,
    "claims": ClaimCollection,
    "environment": Environment,
    "architecture": ArchitectureMeasurement,
    "latency": LatencyMeasurement,
    "comparison": ComparisonMeasurement,
    "accuracy": AccuracyMeasurement,
    "network": StoredNetwork,
    "reply": Reply,
}

CURRENT: dict[str, int] = {kind: model.model_fields["schema_version"].default for kind, model in KINDS.items()}
"""The version of each kind's schema today."""

FILE_KINDS = frozenset(KINDS) - {"claim"}
"""Kinds that have files of their own; a claim lies in its collection."""


def _without_digest(content: dict[str, Any]) -> dict[str, Any]:
    """Version 2 of an architecture measurement adds the digest and the check; older ones have neither."""
    result = content.get("result")
    if isinstance(result, dict):
        result = {**result, "digest": None, "relative_error": None, "unchecked": "measured before there was a check"}
    return {**content, "schema_version": 2, "result": result}


def _claim_without_inference(content: dict[str, Any]) -> dict[str, Any]:
    """Version 2 of a claim keeps more conditions, the checkpoint, and apart from them what we infer."""
    return {**content, "schema_version": 2}


def _collection_without_date(content: dict[str, Any]) -> dict[str, Any]:
    """Version 2 of a collection says when it was read and what it left out."""
    claims = content.get("claims")
    if isinstance(claims, list):
        claims = [upgrade(claim) if isinstance(claim, dict) else claim for claim in claims]
    return {**content, "schema_version": 2, "claims": claims}


def _one_sitting(content: dict[str, Any]) -> dict[str, Any]:
    """Version 2 of a latency run has sittings, and each participant its own number of passes."""
    conditions, samples = content.get("conditions"), content.get("samples")
    if not isinstance(conditions, dict) or not isinstance(samples, list):
        return {**content, "schema_version": 2}
    passes = conditions.get("passes_per_turn")
    participants = [{**p, "passes": passes} for p in content.get("participants", []) if isinstance(p, dict)]
    kept = {name: value for name, value in conditions.items() if name != "passes_per_turn"}
    sittings = [{"rounds": len(samples), "observed": []}] if samples else []
    return {**content, "schema_version": 2, "conditions": kept, "participants": participants, "sittings": sittings}


def _giving_memory_back(content: dict[str, Any]) -> dict[str, Any]:
    """Version 3 of a latency run says that processes kept memory, and how many passes of a turn did not count."""
    conditions, participants = content.get("conditions"), content.get("participants")
    if not isinstance(conditions, dict) or not isinstance(participants, list):
        return {**content, "schema_version": 3}
    return {
        **content,
        "schema_version": 3,
        "conditions": {**conditions, "keeps_memory": False},
        "participants": [{**p, "thrown_away": 1} if isinstance(p, dict) else p for p in participants],
    }


def _processor_time_unknown(content: dict[str, Any]) -> dict[str, Any]:
    """Version 4 of a latency run adds the processor time of each pass, and the priority of its processes."""
    return {**content, "schema_version": 4}


def _memory_by_chance(content: dict[str, Any]) -> dict[str, Any]:
    """Version 5 of a latency run says how processes lay in memory, and whether weights were drawn alike."""
    return {**content, "schema_version": 5}


UPGRADES: dict[tuple[str, int], Callable[[dict[str, Any]], dict[str, Any]]] = {
    ("architecture", 1): _without_digest,
    ("claim", 1): _claim_without_inference,
    ("claims", 1): _collection_without_date,
    ("latency", 1): _one_sitting,
    ("latency", 2): _giving_memory_back,
    ("latency", 3): _processor_time_unknown,
    ("latency", 4): _memory_by_chance,
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
