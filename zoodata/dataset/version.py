"""The dataset's version: the day of what is newest in it."""

from __future__ import annotations

from zoodata.dataset.store import Dataset

UNDATED = "0"


def days(dataset: Dataset) -> list[str]:
    """The day of every measurement and of every reading of a source, oldest first."""
    moments = [record.started_at for record in dataset.architecture_measurements]
    moments += [record.started_at for record in dataset.latency_measurements]
    moments += [record.started_at for record in dataset.accuracy_measurements]
    moments += [record.started_at for record in dataset.comparisons.values()]
    days_of = [moment.date().isoformat() for moment in moments]
    days_of += [collection.collected_on[:10] for collection in dataset.collections if collection.collected_on]
    return sorted(days_of)


def version(dataset: Dataset) -> str:
    """A calendar version, as 2026.11.24. Records are never taken away, so it never runs backwards."""
    return days(dataset)[-1].replace("-", ".") if days(dataset) else UNDATED
