"""What a record must be to be believed: possible by itself, and in agreement with the rest of the dataset.

One module a kind of record, each a function from a record and the :class:`~zoodata.dataset.checks.world.World` to
doubts. None of them parses prose or needs a framework; what has to be computed again is in :mod:`.recomputed`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from zoodata.dataset.checks import (
    catalogue,
    claims,
    environment,
    images,
    latency,
    measurements,
    provenance,
    releases,
    replies,
)
from zoodata.dataset.checks.doubt import Doubt
from zoodata.dataset.checks.world import Read, World
from zoodata.records import (
    AccuracyMeasurement,
    ArchitectureMeasurement,
    AttributionMeasurement,
    ClaimCollection,
    ComparisonMeasurement,
    Environment,
    Family,
    ImageSetRecord,
    LatencyMeasurement,
    Lineage,
    Release,
    ReleaseChanges,
    Reply,
    SensitivityMeasurement,
    Supersession,
    Verification,
    WaysMeasurement,
)
from zoodata.records.base import StoredRecord

CHECKS: dict[type[StoredRecord], Callable[[Any, World, Read], Iterator[Doubt]]] = {
    Family: catalogue.check,
    Lineage: provenance.check_lineage,
    Verification: provenance.check_verification,
    ClaimCollection: claims.check,
    Environment: environment.check,
    ArchitectureMeasurement: measurements.check_architecture,
    ComparisonMeasurement: measurements.check_comparison,
    AccuracyMeasurement: images.check_accuracy,
    AttributionMeasurement: images.check_attribution,
    SensitivityMeasurement: images.check_sensitivity,
    ImageSetRecord: images.check_image_set,
    LatencyMeasurement: latency.check,
    WaysMeasurement: latency.check_ways,
    Release: releases.check_release,
    ReleaseChanges: releases.check_changes,
    Reply: replies.check,
    Supersession: provenance.check_supersession,
}


def check(read: Read, world: World) -> Iterator[Doubt]:
    """Everything about a record that the rest of the dataset or the world contradicts."""
    function = CHECKS.get(type(read.record))
    if function is not None:
        yield from function(read.record, world, read)


__all__ = ["Doubt", "Read", "World", "check"]
