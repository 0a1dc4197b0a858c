"""Where each zoo writes its numbers down, a function a zoo: from a checkout to the claims in it."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

from zoodata.collectors.checkout import Checkout, Located, Reader, items, located, slug, statement, text, within
from zoodata.records import Claim
from zoodata.records.claim import ClaimConditions, Inferred

PERCENT = re.compile(r"^\s*([0-9.]+)\s*%\s*$")


def timm(checkout: Checkout) -> Iterator[Claim]:
    """``results/results-imagenet.csv``: a row for each checkpoint at the size it was evaluated at."""
    (path,) = checkout.files("results/results-imagenet.csv")
    with path.open(encoding="utf-8", newline="") as stream:
        rows = csv.DictReader(stream)
        for row in rows:
            architecture, _, tag = row["model"].partition(".")
            conditions = ClaimConditions(
                dataset="ImageNet-1k",
                input_size=int(row["img_size"]),
                crop_fraction=float(row["crop_pct"]),
                interpolation=row["interpolation"],
            )
            entry = f"timm:{slug(architecture)}@{slug(tag)}" if tag else f"timm:{slug(architecture)}"
            for column, metric, factor, unit in (
                ("top1", "top1", 1, "percent"), ("top5", "top5", 1, "percent"),
                ("param_count", "parameters", 10**6, "million"),
            ):  # fmt: skip
                said = row[column].replace(",", "")
                if (value := number(said)) is not None:
                    source = checkout.place(path, rows.line_num)
                    yield statement(entry, metric, said, unit, float(value * factor), source, conditions=conditions)


def mmpretrain(checkout: Checkout) -> Iterator[Claim]:
    """``configs/*/metafile.yml``: models with their results on ImageNet-1k."""
    for path in checkout.files("configs/*/metafile.yml"):
        content = located(path)
        shared_data = {text(c, "Name").value: within(c, "Metadata") for c in items(content, "Collections")}
        for model in items(content, "Models"):
            results = [result for result in items(model, "Results") if _is_imagenet(result)]
            if not results or not text(model, "Name").value:
                continue
            own = within(model, "Metadata")
            data = _words(own, "Training Data") or _words(
                shared_data.get(text(model, "In Collection").value), "Training Data"
            )
            shared: dict[str, Any] = {
                "conditions": ClaimConditions(dataset="ImageNet-1k", training_data=data or None),
                "checkpoint": text(model, "Weights").value or None,
            }
            for at, metric, unit in (
                (text(results[0], "Metrics", "Top 1 Accuracy"), "top1", "percent"),
                (text(results[0], "Metrics", "Top 5 Accuracy"), "top5", "percent"),
                (text(own, "Parameters"), "parameters", "count"),
                (text(own, "FLOPs"), "macs", "FLOPs"),
            ):
                if (value := number(at.value)) is not None:
                    source, entry = checkout.place(path, at.line), f"mmpretrain:{slug(text(model, 'Name').value)}"
                    yield statement(entry, metric, at.value, unit, float(value), source, **shared)


def _is_imagenet(result: Any) -> bool:
    return text(result, "Dataset").value == "ImageNet-1k" and text(result, "Task").value == "Image Classification"


def _words(record: Any, key: str) -> str:
    """One word or a list of them, on one line."""
    words = items(record, key) or [text(record, key)]
    return ", ".join(word.value for word in words if isinstance(word, Located))


def pytorchcv(checkout: Checkout) -> Iterator[Claim]:
    """``model_metainfos.csv``: parameters, and the top-5 error in hundredths of a percent."""
    (path,) = checkout.files("pytorchcv/models/common/model_metainfos.csv")
    with path.open(encoding="utf-8", newline="") as stream:
        rows = csv.DictReader(stream)
        for row in rows:
            if row["test_dataset"] != "in1k" or not (row["img_size"].isdigit() and row["error_value"].isdigit()):
                continue
            shared: dict[str, Any] = {
                "conditions": ClaimConditions(
                    dataset="ImageNet-1k", input_size=int(row["img_size"]), crop_fraction=float(row["img_scale"])
                ),
                "checkpoint": f"{row['model_name']}-{int(row['error_value']):04}-{row['checksum'][:8]}.pth",
                "checksum": f"sha1:{row['checksum']}",
                "note": row["remark"] if row["remark"] not in ("", "NA") else None,
            }
            source = checkout.place(path, rows.line_num)
            entry = f"pytorchcv:{slug(row['model_caption'])}@{slug(shared['checkpoint'])}"
            error = Decimal(row["error_value"]) / 100
            yield statement(entry, "top5", f"{error}", "percent error", float(100 - error), source, **shared)
            count = row["net_weights"]
            yield statement(entry, "parameters", count, "count", float(count), source, **shared)


OMZ_ROWS = {
    "GFLOPs": ("macs", "GFLOPs", 10**9), "MParams": ("parameters", "million", 10**6),
    "Top 1": ("top1", "percent", 1), "Top 5": ("top5", "percent", 1),
}  # fmt: skip
ROW = re.compile(r"^\|([^|]+)\|([^|]+)\|")


def openvino_omz(checkout: Checkout) -> Iterator[Claim]:
    """``models/public/*/README.md`` of classifiers: the tables of specification and accuracy."""
    for path in checkout.files("models/public/*/README.md"):
        page = path.read_text(encoding="utf-8")
        if "imagenet" not in page.lower():  # sounds, faces and actions are classified too
            continue
        lines = enumerate(page.splitlines(), 1)
        rows = [(line, m[1].strip(), m[2].strip()) for line, words in lines if (m := ROW.match(words))]
        if not any(row[1:] == ("Type", "Classification") for row in rows):
            continue
        for line, key, said in rows:
            metric, unit, factor = OMZ_ROWS.get(key, ("", "", 1))
            percent = PERCENT.match(said)
            value = number(percent[1] if percent else said)
            if metric and value is not None and (percent is not None) == (unit == "percent"):
                entry, stated = f"openvino_omz:{slug(path.parent.name)}", percent[1] if percent else said
                yield statement(entry, metric, stated, unit, float(value * factor), checkout.place(path, line))


def qualcomm_ai_hub(checkout: Checkout) -> Iterator[Claim]:
    """``models/*/manifest.yaml`` of classifiers: parameters and the published accuracy, which is often borrowed."""
    for path in checkout.files("qai_hub_models/models/*/manifest.yaml"):
        content = located(path)
        if text(content, "use_case").value != "Image Classification":
            continue
        entry = f"qualcomm_ai_hub:{slug(path.parent.name)}"
        size = re.match(r"(\d+)x\d+", text(content, "technical_details", "Input resolution").value)
        conditions = ClaimConditions(input_size=int(size[1]) if size else None)
        count = text(content, "technical_details", "Number of parameters")
        if match := re.fullmatch(r"([0-9.]+)M", count.value):
            value, source = float(Decimal(match[1]) * 10**6), checkout.place(path, count.line)
            yield statement(entry, "parameters", match[1], "million", value, source, conditions=conditions)
        published = text(content, "numerics_benchmark", "value")
        is_top1 = text(content, "numerics_benchmark", "metric_name").value == "Top-1 Accuracy"
        if is_top1 and (top1 := number(published.value)) is not None:
            origin = text(content, "numerics_benchmark", "source").value
            yield statement(
                entry, "top1", published.value, "percent", float(top1), checkout.place(path, published.line),
                conditions=conditions, inferred=Inferred(borrowed=bool(origin), evaluation_images=50_000),
                note=f"borrowed from {origin}" if origin else None,
            )  # fmt: skip


READERS: dict[str, tuple[str, str | None, Reader]] = {
    "timm": ("huggingface/pytorch-image-models", None, timm),
    "mmpretrain": ("open-mmlab/mmpretrain", None, mmpretrain),
    "pytorchcv": ("osmr/pytorchcv", None, pytorchcv),
    "openvino_omz": ("openvinotoolkit/open_model_zoo", None, openvino_omz),
    "qualcomm_ai_hub": ("qualcomm/ai-hub-models", "qai-hub-models", qualcomm_ai_hub),
}
"""Zoo to its repository, the package that carries the same files if one does, and the reader."""


def number(said: str) -> Decimal | None:
    """A finite number that is not negative, or None."""
    try:
        value = Decimal(said)
    except InvalidOperation:
        return None
    return value if value.is_finite() and value >= 0 else None
