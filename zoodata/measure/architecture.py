"""The architecture measurement: what a network is and costs, counted without weights or arithmetic."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

from zoodata.isolation import Worker, WorkerFailed
from zoodata.records import ArchitectureMeasurement, ArchitectureResult, Environment, Missing
from zoodata.records.measurement import ArchitectureConditions, timestamp

TIME_LIMIT_SECONDS = 300.0


def measure(
    worker: Worker, entry: str, environment: Environment, threads: int, weights_path: str | None = None
) -> ArchitectureMeasurement:
    """Count one entry in a worker. What cannot be counted becomes a record with the reason."""
    started, clock = datetime.now(UTC), time.perf_counter()
    result, missing = None, None
    try:
        found = worker.ask("architecture", entry, weights_path, timeout=TIME_LIMIT_SECONDS)
        result = ArchitectureResult.model_validate(found, strict=False)
    except WorkerFailed as error:
        missing = Missing(reason=error.reason, message=printable(error.message))  # type: ignore[arg-type]
    return ArchitectureMeasurement.seal(
        entry=public_name(entry),
        started_at=timestamp(started),
        seconds=round(time.perf_counter() - clock, 3),
        conditions=ArchitectureConditions(device="meta" if _is_torch(environment) else "cpu", threads=threads),
        environment=environment.id,
        result=result,
        missing=missing,
    )


def public_name(entry: str) -> str:
    """An entry's name as a record keeps it: of a user's own model only the last part, never a path."""
    zoo, _, rest = entry.partition(":")
    if zoo not in {"file", "python"}:
        return entry
    last = rest.replace("\\", "/").rpartition("/")[2].rpartition(":")[2]
    cleaned = "".join(c if c.isascii() and (c.isalnum() or c in "_.+-") else "_" for c in last)
    return f"{zoo}:{cleaned.lstrip('.-+') or 'model'}"[:190]


def printable(text: Any) -> str:
    """A framework's message as a record may keep it: printable, bounded, without this machine's paths."""
    import re

    shown = "".join(c if c.isprintable() or c == "\n" else "?" for c in str(text))
    return re.sub(r"(?<![\w:/])/(?:[\w.+-]+/)+", ".../", shown)[:1500]


def _is_torch(environment: Environment) -> bool:
    return "torch" in environment.packages
