"""A curated table of claims (CSV): for zoos whose numbers stand in prose pages that no program reads reliably.

A row is one model in one evaluation setting, with the line that states it; each number in it becomes a claim.
Columns: see :data:`COLUMNS`. What cannot become a claim is listed with its reason, never dropped.
"""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from decimal import Context, Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from zoodata.collectors.checkout import slug
from zoodata.records import Claim, ClaimCollection
from zoodata.records.claim import (
    UNITS,
    ClaimConditions,
    Inferred,
    LeftOut,
    PackageSource,
    PageSource,
    RepositorySource,
    Source,
)

COLUMNS = (
    "zoo", "zoo_group", "zoo_version_or_commit", "model_id", "weights_id", "top1", "top5", "params_m", "compute_g",
    "compute_stated_as", "input_px", "input_px_used", "input_px_inferred", "eval_resize", "crop_pct", "interpolation",
    "train_data", "train_class", "distilled", "recipe", "precision", "eval_n", "third_party_quote", "license",
    "weights_url", "checksum", "source", "notes",
)  # fmt: skip
"""Every one must be there; others are not read."""

METRICS = (
    ("top1", "top1", Decimal(1)), ("top5", "top5", Decimal(1)),
    ("params_m", "parameters", Decimal(10) ** 6), ("compute_g", "macs", Decimal(10) ** 9),
)  # fmt: skip
"""Column, metric, and by what the column's number is multiplied."""

ZOOS = {"onnx-modelzoo": "onnx_model_zoo", "onnx-turnkey": "onnx_turnkey", "tf-model-garden": "tf_model_garden"}
"""Names of ours that are not the table's with other punctuation."""

TRAINING = {
    "in1k-supervised": "supervised",
    "other-pretrain": "pretrained",
    "distilled": "distilled",
    "in1k-selfsup": "self_supervised",
    "in1k-advprop/ns": "adversarial",
}

MEASURED_ELSEWHERE = "infer_gmacs"
"""Costs that stand in another file than the one a row cites: without their line they are no claims."""

REPOSITORY = re.compile(
    r"(?P<repository>[\w.-]+/[\w.-]+)@(?P<commit>[0-9a-f]{7,40}):(?P<path>[^#(]+?)(#L(?P<line>\d+))?"
)
RAW_COPY = re.compile(r"\s*\((?P<copy>raw/[^)]*)\)$")
PACKAGE = re.compile(r"(?P<package>[\w.-]+)==(?P<version>[\w.+-]+):(?P<symbol>.+)")


class NotAClaimTable(ValueError):
    """The file is no table of claims."""


def collections(path: Path, collected_on: str) -> list[ClaimCollection]:
    """Read a table into one collection for each zoo and version in it.

    Args:
        path: the CSV file, UTF-8, with a header.
        collected_on: the day on which the table was finished, as 2026-11-24.

    Raises:
        NotAClaimTable: naming the columns that are missing.
    """
    with path.open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream)
        if missing := [name for name in COLUMNS if name not in (reader.fieldnames or ())]:
            raise NotAClaimTable(f"{path.name} lacks the columns {', '.join(missing)}")
        numbered = list(enumerate(reader, 2))  # line 1 is the header
    groups: dict[tuple[str, str], list[tuple[int, Mapping[str, str]]]] = defaultdict(list)
    for number, row in numbered:
        groups[row["zoo"], row["zoo_version_or_commit"]].append((number, row))
    return [_collection(zoo, version, rows, path.name, collected_on) for (zoo, version), rows in groups.items()]


def _collection(
    zoo: str, version: str, rows: Sequence[tuple[int, Mapping[str, str]]], table: str, day: str
) -> ClaimCollection:
    claims: dict[str, Claim] = {}
    left_out = []
    for number, row in rows:
        try:
            stated = list(_claims(row))
        except (ValidationError, ValueError) as error:
            left_out.append(LeftOut(locator=f"{table} line {number}", reason=_why(error)))
            continue
        fresh = [claim for claim in stated if claim.id not in claims]
        if not stated or not fresh:
            reason = "states no number" if not stated else "says word for word what another row says"
            left_out.append(LeftOut(locator=f"{table} line {number}: {row['model_id']}"[:300], reason=reason))
        claims.update((claim.id, claim) for claim in fresh)
    if any(MEASURED_ELSEWHERE in row["compute_stated_as"] for _, row in rows):
        reason = "the cost of a pass stands in another file than the one cited"
        left_out.append(LeftOut(locator=f"{table}, compute_g of every row", reason=reason))
    return ClaimCollection(
        id=f"{zoo_id(zoo)}-{re.sub('[^a-z0-9.]+', '-', version.lower())}"[:70].strip("-.") + "-table",
        title=f"What {zoo} {version} states"[:300],
        licence="as each claim says",
        claims=tuple(claims.values()),
        left_out=tuple(left_out),
        collected_on=day,
    )


def zoo_id(zoo: str) -> str:
    """A zoo's name in the table as one of ours."""
    return ZOOS.get(zoo) or re.sub(r"[^a-z0-9]+", "_", zoo.lower()).strip("_")


def entry_of(row: Mapping[str, str]) -> str:
    """The entry, and if the table names one the checkpoint, that a row is about."""
    group = zoo_id(row["zoo"] if row["zoo"] == "onnx-turnkey" else row["zoo_group"])
    model, weights = row["model_id"], row["weights_id"]
    match group:
        case "timm":
            model, _, weights = model.partition(".")
        case "torchvision":
            weights = weights.rpartition(".")[2]
        case "onnx_model_zoo":
            model, weights = weights.removesuffix(".onnx") or model, ""
        case "tf_slim":
            model, weights = re.sub(r"[ -]+", "_", model.lower()), weights.removesuffix(".tar.gz")
        case "keras_applications" | "openvino_omz":  # one checkpoint a model
            weights = ""
    name = f"{group}:{slug(model)}"
    return f"{name}@{slug(weights)}" if weights and weights != model else name


def _claims(row: Mapping[str, str]) -> Iterator[Claim]:
    entry, source = entry_of(row), source_of(row["source"])
    is_error = re.search(r"ERROR|top1_err", row["notes"]) is not None
    shared: dict[str, Any] = {
        "entry": entry,
        "source": source,
        "architecture_in_source": row["model_id"][:300],
        "checkpoint": (row["weights_url"] or row["weights_id"])[:300] or None,
        "checksum": row["checksum"][:300] or None,
        "licence": row["license"][:300] or None,
        "conditions": _conditions(row),
        "inferred": _inferred(row),
        "note": _note(row),
    }
    for column, metric, factor in METRICS:
        if not row[column] or (metric == "macs" and MEASURED_ELSEWHERE in row["compute_stated_as"]):
            continue
        value = _decimal(row[column])
        stated, unit = value, {"parameters": "million"}.get(metric, "percent")
        if metric == "macs":
            unit, times = _cost_unit(row["compute_stated_as"])
            stated = value * times
        if is_error and unit == "percent":
            stated, unit = 100 - value, "percent error"
        yield Claim.seal(
            metric=metric, stated=f"{stated.normalize():f}", stated_unit=unit, value=float(value * factor),
            unit=UNITS[metric], **shared,
        )  # fmt: skip


def _cost_unit(text: str) -> tuple[str, int]:
    """The unit in which the source states the cost of a forward pass, and how many of it are a thousand million.

    The table's column says in what words and size the source states it, and what a curator made of that in
    brackets, which stands aside: ``MFLOPs (are MMACs)``, ``MACs(M)``, ``FLOPs/2 (M), i.e. MACs``.
    """
    word = re.split(r"[(,]", text)[0].strip()
    if "metafile" in text or "model-index" in text:
        return word, 10**9
    if word.startswith("M") and not word.startswith("MAC"):
        return word, 1000
    if "(M)" in text:
        return f"M{word}", 1000
    return (word if word.startswith("G") else f"G{word}" if word[:1].isupper() else f"G {word}".strip()), 1


def _decimal(text: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"{text!r} is no number") from None
    if not value.is_finite():
        raise ValueError(f"{text} is no number")
    return value.normalize(Context(prec=10))  # beyond that a table's own arithmetic shows


def _conditions(row: Mapping[str, str]) -> ClaimConditions:
    stated_precision = row["precision"] if "int8" in row["precision"] else None
    return ClaimConditions(
        input_size=_whole(row["input_px"]) if row["input_px_inferred"] != "1" else None,
        precision=stated_precision,
        resize=_whole(row["eval_resize"]),
        crop_fraction=float(row["crop_pct"]) if row["crop_pct"] else None,
        interpolation=row["interpolation"] or None,
        training_data=row["train_data"].removesuffix(" (as stated)") if "(as stated)" in row["train_data"] else None,
        recipe=row["recipe"] or None,
    )


def _inferred(row: Mapping[str, str]) -> Inferred:
    return Inferred(
        input_size=_whole(row["input_px_used"]) if row["input_px_inferred"] == "1" else None,
        training=TRAINING.get(row["train_class"], "unknown"),  # type: ignore[arg-type]
        training_data=row["train_data"] or None,
        precision=row["precision"].removesuffix("?").removesuffix(" (float)") or None,
        evaluation_images=_whole(row["eval_n"]),
        borrowed=row["third_party_quote"] == "1",
        distilled=row["distilled"] == "1.0",
    )


def _whole(text: str) -> int | None:
    try:
        return int(float(text)) if text else None
    except ValueError:
        return None


def _note(row: Mapping[str, str]) -> str | None:
    copy = RAW_COPY.search(row["source"])
    read_from = f"read from a copy of the page: {copy['copy']}" if copy else ""
    read_as = f"cost as the table has it: {row['compute_stated_as']}" if "(" in row["compute_stated_as"] else ""
    return "; ".join(part for part in (row["notes"], read_as, read_from) if part)[:2000] or None


def source_of(text: str) -> Source:
    """The place that states a claim, from the table's one column for it.

    Raises:
        ValueError: when it says nothing.
    """
    plain = RAW_COPY.sub("", text)
    if match := REPOSITORY.fullmatch(plain.strip()):
        line = int(match["line"]) if match["line"] else None
        return RepositorySource(
            repository=match["repository"], commit=match["commit"], path=match["path"].strip(), line=line
        )
    if match := PACKAGE.fullmatch(text):
        return PackageSource(package=match["package"], version=match["version"], symbol=match["symbol"][:300])
    address, _, locator = text.partition(" ")
    if not address or not locator:
        raise ValueError("names no source")
    return PageSource(address=address, locator=locator[:300])


def _why(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False)[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"[:300]
    return str(error)[:300]
