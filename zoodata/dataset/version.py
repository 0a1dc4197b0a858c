"""The dataset's version: written by whoever releases it, in a file of its own. No record can move it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

from zoodata.dataset.checks.doubt import BEGUN, Doubt, dated
from zoodata.dataset.store import Dataset

FILE = "VERSION"
"""Beside the records' folders: the day of the release, as 2026-11-29."""

UNDATED = "0"
LOCAL = "-local"


def released_on(root: Path) -> str | None:
    """The day that a dataset's version file names; None where it has none."""
    try:
        return (root / FILE).read_text(encoding="ascii").strip()[:10]
    except (OSError, UnicodeDecodeError):
        return None


def doubts(root: Path) -> Iterator[Doubt]:
    """Whether a dataset's version is a day that there was; a dataset without one is somebody's measurements."""
    day = released_on(root)
    if day is not None:
        yield from dated("", day, BEGUN)
    if day is not None and len(day) != len(date.today().isoformat()):
        yield Doubt("E026", "", f"is {day}; a version is a day, as 2026-11-29")


def version(dataset: Dataset) -> str:
    """A calendar version, as 2026.11.29; with measurements of this machine on top, 2026.11.29-local."""
    day = released_on(dataset.roots[0])
    number = UNDATED if day is None else day.replace("-", ".")
    return number + LOCAL if len(dataset.roots) > 1 else number


def newest(dataset: Dataset) -> str | None:
    """The day of the newest measurement or reading of a source that stands; None where there is nothing."""
    moments = [record.started_at for record in dataset.architecture_measurements]
    moments += [record.started_at for record in dataset.latency_measurements]
    moments += [record.started_at for record in dataset.accuracy_measurements]
    moments += [record.started_at for record in dataset.comparisons.values()]
    days = [moment.date().isoformat() for moment in moments]
    days += [collection.collected_on[:10] for collection in dataset.collections if collection.collected_on]
    return max(days, default=None)
