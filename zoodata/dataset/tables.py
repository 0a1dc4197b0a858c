"""The dataset as flat tables (pandas), one row a thing one would count: the base of exports and analyses."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np
import pandas as pd

from zoodata.dataset.store import Dataset, path_of
from zoodata.records import Claim, ClaimCollection, entry_zoo
from zoodata.records.base import without_weights
from zoodata.records.claim import Inferred
from zoodata.stats import quantile


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
    rows = [_claim_row(dataset, collection, claim) for collection in dataset.collections for claim in collection.claims]
    frame = _frame(rows, ["claim", "architecture", "entry", "zoo", "metric", "value", "collection", "claimed_on"])
    return frame.astype({name: object for name in frame.columns if frame[name].dtype != float}).replace({np.nan: None})


def _claim_row(dataset: Dataset, collection: ClaimCollection, claim: Claim) -> dict[str, Any]:
    mapped, item = dataset.catalogue_entries.get(without_weights(claim.entry), (None, None))
    inferred = claim.inferred or Inferred()
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
        "training": inferred.training if claim.inferred else None,
        "distilled": inferred.distilled,
        "precision": claim.conditions.precision or inferred.precision,
        "evaluation_images": inferred.evaluation_images,
        "borrowed": inferred.borrowed,
        "checkpoint": claim.checkpoint,
        "checksum": claim.checksum,
        "claimed_on": claim.claimed_on,
        "source": source_text(claim),
        "collection": collection.id,
        "licence": collection.licence,
        "record": path_of(collection).as_posix(),
    }


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


def architecture(dataset: Dataset) -> pd.DataFrame:
    """A row for each architecture measurement, oldest first."""
    rows = []
    for record in dataset.architecture_measurements:
        mapped = dataset.architecture_of(record.entry)
        result = record.result
        rows.append(
            {
                "measurement": record.id,
                "architecture": mapped.id if mapped else None,
                "entry": record.entry,
                "zoo": entry_zoo(record.entry),
                "parameters": result.parameters if result else None,
                "auxiliary_parameters": result.auxiliary_parameters if result else None,
                "statistics": result.statistics if result else None,
                "constants": result.constants if result else None,
                "macs": result.macs if result else None,
                "input_height": result.input.height if result else None,
                "input_width": result.input.width if result else None,
                "classes": result.classes if result else None,
                "missing": record.missing.reason if record.missing else None,
                "why": record.missing.message if record.missing else None,
                "started_at": record.started_at.isoformat(),
                "environment": record.environment,
                "record": path_of(record).as_posix(),
            }
        )
    columns = ["measurement", "architecture", "entry", "zoo", "parameters", "statistics", "macs", "input_height"]
    frame = _frame(rows, [*columns, "missing", "why", "started_at", "record"])
    whole = [
        name
        for name in frame.columns
        if name in {"parameters", "auxiliary_parameters", "statistics", "constants", "macs", "classes"}
        or name.startswith("input_")
    ]
    return frame.astype(dict.fromkeys(whole, "Int64"))


def latency(dataset: Dataset) -> pd.DataFrame:
    """A row for each participant of each latency run: absolute times, which hold for that machine only."""
    rows = []
    for record in dataset.latency_measurements:
        for seat, participant in enumerate(record.participants):
            passes = [nanoseconds / 1e6 for turns in record.samples for nanoseconds in turns[seat]]
            rows.append(
                {
                    "measurement": record.id,
                    "architecture": record.architecture,
                    "entry": participant.entry,
                    "zoo": entry_zoo(participant.entry),
                    "runtime": participant.runtime,
                    "null": participant.null,
                    "input_height": participant.input.height,
                    "median_ms": round(median(passes), 4) if passes else None,
                    "p90_ms": round(quantile(passes, 0.9), 4) if passes else None,
                    "p99_ms": round(quantile(passes, 0.99), 4) if passes else None,
                    "passes": len(passes),
                    "rounds": len(record.samples),
                    "batch": record.conditions.batch,
                    "device": record.conditions.device,
                    "threads": record.conditions.threads,
                    "stopped": record.stopped,
                    "started_at": record.started_at.isoformat(),
                    "environment": record.environment,
                    "record": path_of(record).as_posix(),
                }
            )
    return _frame(rows, ["measurement", "architecture", "entry", "zoo", "runtime", "null", "median_ms", "record"])


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
    "architecture": architecture,
    "latency": latency,
    "environments": environments,
}


def latest_architecture(dataset: Dataset) -> pd.DataFrame:
    """The newest count of each entry that has one."""
    frame = architecture(dataset)
    counted = frame[frame["missing"].isna()]
    return counted.drop_duplicates("entry", keep="last").reset_index(drop=True)


def _frame(rows: list[dict[str, Any]], columns: list[str]) -> pd.DataFrame:
    """A frame that has its columns even when it has no rows."""
    return pd.DataFrame(rows) if rows else pd.DataFrame(columns=columns)
