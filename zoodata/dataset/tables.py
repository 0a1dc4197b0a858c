"""The dataset as flat tables (pandas), one row a thing one would count: the base of exports and analyses."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypedDict, cast

import numpy as np
import pandas as pd

from zoodata.dataset.store import Dataset, path_of
from zoodata.records import ArchitectureMeasurement, Claim, ClaimCollection, LatencyMeasurement, entry_zoo, parse_entry
from zoodata.records.base import Measurement, without_weights
from zoodata.records.claim import Inferred, PackageSource, RepositorySource, Training
from zoodata.records.verification import REPAIRABLE, Check


class ClaimRow(TypedDict):
    """A claim with what is known about it: a row of :func:`claims`, of the columns of the exported table."""

    claim: str
    architecture: str | None
    variant: str | None
    entry: str
    zoo: str
    metric: str
    stated: str
    stated_unit: str
    value: float
    unit: str
    dataset: str | None
    input_size: int | None
    """Side of the image as the source states it, pixels."""
    inferred_input_size: int | None
    training: Training | None
    distilled: bool | None
    precision: str | None
    resize: int | None
    crop_fraction: float | None
    interpolation: str | None
    evaluation_images: int | None
    borrowed: bool | None
    """Whether it is somebody else's number."""
    checkpoint: str | None
    checksum: str | None
    claimed_on: str | None
    source: str
    collection: str
    licence: str | None
    record: str
    verification: str | None
    """What reading the cited place again gave."""
    origin: str | None
    """Where the checkpoint comes from."""
    copy_of: str | None
    trained_by: str | None
    """The recipe of its training."""


def catalogue(dataset: Dataset) -> pd.DataFrame:
    """A row for each entry of the catalogue."""
    rows = [
        {
            "family": family.id,
            "architecture": architecture.id,
            "title": architecture.title,
            "entry": item.entry,
            "zoo": entry_zoo(item.entry),
            "variant": item.variant,
            "note": item.note,
            "unavailable": item.unavailable.reason if item.unavailable else None,
            "why": item.unavailable.message if item.unavailable else None,
            "paper": architecture.paper.title,
            "year": architecture.paper.year,
            "name_in_2022": architecture.name_in_2022,
        }
        for family in dataset.families
        for architecture in family.architectures
        for item in architecture.entries
    ]
    return _frame(rows, ["family", "architecture", "title", "entry", "zoo", "variant", "note", "unavailable", "why"])


def claims(dataset: Dataset) -> pd.DataFrame:
    """A row for each claim, with the architecture its entry is mapped to."""
    if "claims" not in dataset.derived:
        dataset.derived["claims"] = _claims(dataset)
    return pd.DataFrame(dataset.derived["claims"]).copy(deep=False)


def _claims(dataset: Dataset) -> pd.DataFrame:
    rows = [
        _claim_row(dataset, collection, as_read(dataset, claim))
        for collection in dataset.collections
        for claim in collection.claims
        if dataset.stands(claim.id)
    ]
    frame = _frame(rows, ["claim", "architecture", "entry", "zoo", "metric", "value", "collection", "claimed_on"])
    return frame.astype({name: object for name in frame.columns if frame[name].dtype != float}).replace({np.nan: None})


def rows_of(claims: pd.DataFrame) -> list[ClaimRow]:
    """The rows of a frame of claims: a rule reads a few, where a frame costs more than it gives."""
    return cast("list[ClaimRow]", claims.to_dict("records"))


def _claim_row(dataset: Dataset, collection: ClaimCollection, claim: Claim) -> ClaimRow:
    mapped, item = dataset.catalogue_entries.get(without_weights(claim.entry), (None, None))
    inferred, statement = claim.inferred or Inferred(), dataset.lineage_of(claim.entry)
    original = statement.of if statement else None
    return {
        "claim": claim.id,
        "architecture": mapped.id if mapped else None,
        "variant": item.variant if item else None,
        "entry": claim.entry,
        "zoo": entry_zoo(claim.entry),
        "metric": claim.metric,
        "stated": claim.stated,
        "stated_unit": claim.stated_unit,
        "value": claim.value,
        "unit": claim.unit,
        "dataset": claim.conditions.dataset,
        "input_size": claim.conditions.input_size,
        "inferred_input_size": inferred.input_size,
        "training": dataset.training_of(claim.entry) or (inferred.training if claim.inferred else None),
        "distilled": inferred.distilled,
        "precision": claim.conditions.precision or inferred.precision,
        "resize": claim.conditions.resize,
        "crop_fraction": claim.conditions.crop_fraction,
        "interpolation": claim.conditions.interpolation,
        "evaluation_images": inferred.evaluation_images,
        "borrowed": inferred.borrowed,
        "checkpoint": claim.checkpoint,
        "checksum": claim.checksum,
        "claimed_on": claim.claimed_on,
        "source": source_text(claim),
        "collection": collection.id,
        "licence": collection.licence,
        "record": path_of(collection).as_posix(),
        "verification": dataset.outcome_of(claim.id, collection.id),
        "origin": statement.origin if statement else None,
        "copy_of": original.replace("{name}", parse_entry(claim.entry).name) if original else None,
        "trained_by": statement.recipe if statement else None,
    }


def as_read(dataset: Dataset, claim: Claim) -> Claim:
    """A claim with the place and the form that its verification read, and without an interpolation that is not the one
    of the very entry's code. Its id stays that of the claim as recorded."""
    claim, stated = _repaired(claim, dataset.checks.get(claim.id)), claim.conditions.interpolation
    # With weights named, the code's may be that of other weights.
    if stated is None or "@" in claim.entry or (outcome := dataset.architecture_outcomes.get(claim.entry)) is None:
        return claim
    declared = outcome.result.preprocessing if outcome.result is not None else None
    if declared is None or declared.interpolation in (None, stated):
        return claim
    return claim.model_copy(update={"conditions": claim.conditions.model_copy(update={"interpolation": None})})


def _repaired(claim: Claim, check: Check | None) -> Claim:
    if check is None or check.outcome not in REPAIRABLE:
        return claim
    changes: dict[str, object] = {}
    if check.line is not None:
        source = claim.source
        if isinstance(source, RepositorySource):
            changes["source"] = source.model_copy(update={"line": check.line})
        elif isinstance(source, PackageSource) and "#L" in source.symbol:
            path = source.symbol.partition("#L")[0]
            changes["source"] = source.model_copy(update={"symbol": f"{path}#L{check.line}"})
    if check.stated is not None:
        changes |= {"stated": check.stated, "stated_unit": check.stated_unit or claim.stated_unit}
    return claim.model_copy(update=changes)


def source_text(claim: Claim) -> str:
    """The place that states a claim, on one line."""
    source = claim.source
    match source.type:
        case "package":
            return f"{source.package}=={source.version}: {source.symbol}"
        case "repository":
            line = f"#L{source.line}" if source.line else ""
            return f"{source.repository}@{source.commit[:12]}: {source.path}{line}"
        case "page":
            return f"{source.address}: {source.locator}"
        case _:
            origin = f", from {source.reconstructed_from}" if source.reconstructed_from else ""
            return f"doi:{source.doi}, {source.locator}{origin}"


WHOLE = ("parameters", "auxiliary_parameters", "statistics", "constants", "macs", "classes", "input_height",
         "input_width")  # fmt: skip
"""Columns of whole numbers, which stay whole where some are missing."""

COLUMNS: dict[type[Measurement], tuple[str, ...]] = {
    ArchitectureMeasurement: (
        "measurement", "architecture", "entry", "zoo", "parameters", "statistics", "macs", "input_height", "missing",
        "why", "started_at", "record",
    ),
    LatencyMeasurement: (
        "measurement", "architecture", "entry", "zoo", "runtime", "repeats_reference", "median_ms", "record",
    ),
}  # fmt: skip
"""Measurements that have a table, and the columns it has even without rows."""


def measurements(dataset: Dataset, kind: type[Measurement]) -> pd.DataFrame:
    """The rows of all measurements of one kind that stand, oldest first."""

    def architecture_of(entry: str) -> str | None:
        mapped = dataset.architecture_of(entry)
        return mapped.id if mapped else None

    rows = [row for record in dataset.measurements(kind) for row in record.table_rows(architecture_of)]
    frame = _frame(rows, list(COLUMNS[kind]))
    return frame.astype({name: "Int64" for name in WHOLE if name in frame.columns and kind is ArchitectureMeasurement})


def environments(dataset: Dataset) -> pd.DataFrame:
    """A row for each environment."""
    rows = [
        {
            "environment": environment.id,
            "processor": environment.processor.model,
            "usable_cores": environment.processor.usable_cores,
            "memory_mib": environment.memory_mib,
            "accelerators": ", ".join(device.model for device in environment.accelerators),
            "operating_system": environment.operating_system,
            "python": environment.python,
            "packages": ", ".join(f"{name} {version}" for name, version in environment.packages.items()),
            "zoodata_version": environment.zoodata_version,
            "zoodata_commit": environment.zoodata_commit,
        }
        for environment in dataset.environments.values()
    ]
    return _frame(rows, ["environment", "processor", "usable_cores", "memory_mib", "accelerators"])


TABLES: dict[str, Callable[[Dataset], pd.DataFrame]] = {
    "catalogue": catalogue,
    "claims": claims,
    "architecture": lambda dataset: measurements(dataset, ArchitectureMeasurement),
    "latency": lambda dataset: measurements(dataset, LatencyMeasurement),
    "environments": environments,
}


def latest_architecture(dataset: Dataset) -> pd.DataFrame:
    """The count that is taken for each entry that has one."""
    frame = measurements(dataset, ArchitectureMeasurement)
    taken = {record.id for record in dataset.architecture_outcomes.values() if record.result is not None}
    return frame[frame["measurement"].isin(taken)].reset_index(drop=True)


def _frame(rows: Sequence[Mapping[str, object]], columns: list[str]) -> pd.DataFrame:
    """A frame that has its columns even when it has no rows."""
    return pd.DataFrame(rows) if rows else pd.DataFrame(columns=columns)
