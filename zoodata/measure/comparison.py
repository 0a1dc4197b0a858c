"""The comparison measurement: two entries' networks diffed, and the weights of one run in the other."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from zoodata.isolation import Worker, WorkerFailed
from zoodata.measure.architecture import missing_for, public_name, visible
from zoodata.records import ComparisonMeasurement, ComparisonResult, Environment
from zoodata.records.measurement import timestamp

TIME_LIMIT_SECONDS = 600.0


def compare(
    worker: Worker,
    a: str,
    b: str,
    architecture: str,
    environment: Environment,
    prove: bool = True,
    seconds: float = TIME_LIMIT_SECONDS,
) -> ComparisonMeasurement:
    """Compare two entries in a worker. What cannot be compared becomes a record with the reason."""
    started, clock = datetime.now(UTC), time.perf_counter()
    result, missing = None, None
    try:
        found = worker.ask("compare", a, b, prove, timeout=seconds)
        result = ComparisonResult.model_validate_json(_printable(found))
    except WorkerFailed as error:
        missing = missing_for(error)
    return ComparisonMeasurement.seal(
        architecture=architecture,
        a=public_name(a),
        b=public_name(b),
        started_at=timestamp(started),
        seconds=round(time.perf_counter() - clock, 3),
        environment=environment.id,
        result=result,
        missing=missing,
    )


def _printable(found: dict) -> str:
    """Names come from models, which may be anybody's: only what a record may hold goes on."""
    import json

    def cleaned(value: object) -> object:
        if isinstance(value, str):
            return visible(value)  # a layer's name may have slashes, and is no path
        if isinstance(value, (list, tuple)):
            return [cleaned(item) for item in value]
        return {key: cleaned(item) for key, item in value.items()} if isinstance(value, dict) else value

    return json.dumps(cleaned(found))
