"""Made releases of a zoo, each with one change from the one before."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from zoodata.dataset import store
from zoodata.dataset.store import Dataset
from zoodata.records import Missing, Preprocessing, Release, ReleaseChanges
from zoodata.records.release import NativeOutcome, NetworkChange, ReleasedEntry, ReleasedWeights

WHEN = datetime(2026, 11, 29, tzinfo=UTC)
ENVIRONMENT = "e" * 64
A, B, C = "a" * 64, "b" * 64, "c" * 64


def preprocessing(side: int = 224) -> Preprocessing:
    return Preprocessing(resize=256, crop=(side, side), layout="NCHW", source="made")


def entry(name, digest=A, number=0, weights=(), missing=None, parameters=1000):
    return ReleasedEntry(
        name=name, digest=digest, parameters=None if digest is None else parameters, preprocessing=number,
        weights=tuple(weights), missing=missing,
    )  # fmt: skip


def file(name, hash, top1=None):
    return ReleasedWeights(name=name, address=f"https://example.org/model-{hash}.pth", top1=top1)


def release(version, *entries, sides=(224,)):
    return Release.seal(
        zoo="timm", release=version, started_at=WHEN, seconds=1.0, environment=ENVIRONMENT,
        preprocessings=tuple(map(preprocessing, sides)), entries=entries,
    )  # fmt: skip


def changes(earlier, later, *found: tuple[str, NativeOutcome]):
    return ReleaseChanges.seal(
        zoo="timm", earlier=earlier, later=later, started_at=WHEN, environment=ENVIRONMENT,
        changes=tuple(
            NetworkChange(name=name, earlier=A, later=B, outcome=outcome,
                          error=0.5 if outcome == "parted" else None,
                          missing=Missing(reason="crashed", message="made"))
            for name, outcome in found
        ),
    )  # fmt: skip


def dataset(root: Path, *records) -> Dataset:
    for record in records:
        store.write(record, root)
    return Dataset((root,))
