"""The architecture measurement: what a network is and costs, counted without weights or arithmetic."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from typing import get_args

from zoodata.isolation import Worker, WorkerFailed
from zoodata.measure.host import Host
from zoodata.records import (
    ArchitectureMeasurement,
    Environment,
    Missing,
    MissingReason,
    StoredNetwork,
    is_personal,
)
from zoodata.records.base import visible
from zoodata.records.measurement import ArchitectureConditions, timestamp
from zoodata.runtimes.model import in_brief
from zoodata.zoos.base import Reading

TIME_LIMIT_SECONDS = 300.0

ADDRESS = re.compile(r"(https?://\S+)")
FOLDERS = re.compile(r"(?:\b[A-Za-z]:)?[\\/](?:[^\\/\n'\"<>|:]+[\\/])+")
"""A path up to its last part, of either kind of system."""


def measure(
    worker: Worker[Host],
    entry: str,
    environment: Environment,
    threads: int,
    weights_path: str | None = None,
    check: bool = True,
    seconds: float = TIME_LIMIT_SECONDS,
    reading: Reading | None = None,
) -> tuple[ArchitectureMeasurement, StoredNetwork | None]:
    """Count one entry in a worker and check its network. What cannot be counted becomes a record with the reason."""
    started, clock = datetime.now(UTC), time.perf_counter()
    result, missing, network = None, None, None
    try:
        counted = worker.call(seconds, Host.architecture, entry, weights_path, check, reading)
        result, network = counted.result, counted.network
    except Exception as error:  # whatever an answer is, it is this entry's and ends no sweep
        missing = missing_for(error)
    record = ArchitectureMeasurement.seal(
        entry=public_name(entry),
        started_at=timestamp(started),
        seconds=round(time.perf_counter() - clock, 3),
        conditions=ArchitectureConditions(device="meta" if _is_torch(environment) else "cpu", threads=threads),
        environment=environment.id,
        result=result,
        missing=missing,
    )
    return record, network


def missing_for(error: Exception) -> Missing:
    """Why a worker gave no number, as a record keeps it. A reason we have no word for is a crash."""
    if not isinstance(error, WorkerFailed):
        return Missing(reason="crashed", message=printable(in_brief(error)))
    reason = error.reason if error.reason in get_args(MissingReason) else "crashed"
    return Missing(reason=reason, message=printable(error.message))  # type: ignore[arg-type]


def public_name(entry: str) -> str:
    """An entry's name as a record keeps it: of a user's own model the file's name, or module and factory; no path."""
    zoo, _, rest = entry.partition(":")
    if not is_personal(entry):
        return entry
    last = rest.replace("\\", "/").rpartition("/")[2]
    module, _, factory = last.rpartition(":")
    last = f"{module.rpartition('.')[2]}.{factory}" if zoo == "python" else factory
    cleaned = "".join(c if c.isascii() and (c.isalnum() or c in "_.+-") else "_" for c in last)
    cleaned = re.sub(r"\.\.+", ".", cleaned).lstrip(".-+")[:120].rstrip(".-+")
    return f"{zoo}:{cleaned or 'model'}"


def printable(text: object) -> str:
    """A framework's message as a record may keep it: visible, and without this machine's paths."""
    pieces = ADDRESS.split(visible(text))
    # Odd pieces are web addresses, which are no paths of this machine.
    scrubbed = [piece if number % 2 else FOLDERS.sub(".../", piece) for number, piece in enumerate(pieces)]
    return "".join(scrubbed)[:1500] or "no message"


def _is_torch(environment: Environment) -> bool:
    return "torch" in environment.packages
