"""The comparison measurement: two entries' networks diffed, and the weights of one run in the other."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from zoodata.isolation import Worker
from zoodata.measure.architecture import missing_for, public_name
from zoodata.measure.host import Host
from zoodata.records import ComparisonMeasurement, Environment
from zoodata.records.measurement import timestamp

TIME_LIMIT_SECONDS = 600.0


def compare(
    worker: Worker[Host],
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
        result = worker.call(seconds, Host.compare, a, b, prove)
    except Exception as error:  # whatever an answer is, it is this pair's and ends no sweep
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
