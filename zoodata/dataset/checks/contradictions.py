"""Which records contradict each other, and which of each group would stand if the newest did."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from zoodata.dataset.checks.measurements import other_counts, other_verdicts
from zoodata.dataset.checks.provenance import other_readings
from zoodata.dataset.checks.world import Read, World
from zoodata.records import ArchitectureMeasurement, ComparisonMeasurement, Verification

Contradicting = ArchitectureMeasurement | ComparisonMeasurement | Verification


def outdated(read: Sequence[Read], world: World) -> dict[str, str]:
    """Id of each record that stands and that a newer one contradicts, to the newest that does.

    One's own measurements count as newer than what is published.
    """
    private = {id(item.record) for item in read if item.private}
    newest: dict[str, tuple[tuple[bool, str], str]] = {}
    for item in read:
        if isinstance(item.record, Contradicting) and item.record.id not in world.superseded:
            rank = item.private, _moment(item.record)
            for other in _contradicted(item.record, world):
                theirs = id(other) in private, _moment(other)
                if theirs < rank and (other.id not in newest or newest[other.id][0] < rank):
                    newest[other.id] = rank, item.record.id
    return {old: by for old, (_, by) in newest.items()}


def _contradicted(record: Contradicting, world: World) -> Iterator[Contradicting]:
    match record:
        case ArchitectureMeasurement():
            yield from (other for other, _ in other_counts(record, world))
        case ComparisonMeasurement():
            yield from other_verdicts(record, world)
        case Verification():
            yield from other_readings(record, world)


def _moment(record: Contradicting) -> str:
    return record.read_on if isinstance(record, Verification) else record.started_at.isoformat()
