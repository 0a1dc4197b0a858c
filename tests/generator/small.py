"""A small dataset with every kind of record, whole or with one text in every field that takes text."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from tests import builders
from tests.dataset import honest
from zoodata.dataset import store, version
from zoodata.dataset.store import Dataset
from zoodata.records import KINDS, content_hash
from zoodata.records.accuracy import ImageSetIdentity
from zoodata.records.claim import PageSource, RepositorySource


def records() -> list[Any]:
    """One of each kind, all of them about ResNet-50."""
    stated = builders.claim(note="As the table has it.", licence="BSD", checkpoint="resnet50-0676ba61.pth")
    other = builders.claim(
        "timm:resnet50", 78.5, claimed_on="2026",
        source=RepositorySource(repository="zoo/timm", commit="a" * 40, path="results.csv", line=7),
    )  # fmt: skip
    third = builders.claim("onnx_model_zoo:resnet50-v1-7", 74.9, source=PageSource(address="page", locator="row 3"))
    return [
        builders.environment(),
        builders.family(note="Stride 2 sits on the 3x3 convolution."),
        builders.architecture("torchvision:resnet50"),
        builders.architecture("timm:resnet50", result=builders.result(macs=4_030_000_000, auxiliary_parameters=7)),
        builders.architecture(
            "onnx_model_zoo:resnet50-v1-7", result=None, missing={"reason": "crashed", "message": "It died."}
        ),
        builders.latency(),
        builders.comparison(),
        *measured(),
        builders.collection(stated, other, third),
        builders.verification(builders.collection(stated, other, third)),
        builders.lineage("torchvision"),
        builders.lineage("timm"),
        builders.reply(stated.id),
    ]


def measured() -> list[Any]:
    """Two accuracies on one published set of images, and what their gap is made of."""
    images = honest.image_set()
    named = ImageSetIdentity(hash=images.identity, images=4, classes=4, layout="list")
    return [
        images,
        builders.accuracy(images=named),
        builders.accuracy("timm:resnet50", right=2, images=named),
        honest.attribution(environment=builders.environment().id),
        honest.sensitivity(environment=builders.environment().id),
    ]


def write(folder: Path, result: list[Any]) -> Dataset:
    for record in result:
        store.write(record, folder)
    (folder / version.FILE).write_text("2026-11-23\n")
    return Dataset.open(packaged=folder)


def filled_with(text: str) -> tuple[list[Any], int]:
    """The records with a text in every field that accepts it (cut to what it accepts); how many fields took it."""
    filled, count, environment, claim, claims_hash = [], 0, "", "", ""
    for record in records():
        content = record.model_dump(mode="json")
        if "environment" in content:
            content["environment"] = environment
        if content["kind"] == "reply":
            content["about"] = [claim]
        if content["kind"] == "verification":
            content["claims_hash"] = claims_hash
        for path in list(_texts(content)):
            for length in (len(text), 300, 120):
                trial = copy.deepcopy(content)
                _put(trial, path, text[:length])
                if _fits(trial):
                    content, count = trial, count + 1
                    break
        _seal(content)
        made = KINDS[content["kind"]].model_validate_json(json.dumps(content))
        if content["kind"] == "environment":
            environment = made.id
        if content["kind"] == "claims":
            claim, claims_hash = made.claims[0].id, made.claims_hash
        filled.append(made)
    return filled, count


def _texts(content: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(content, str):
        yield path
    elif isinstance(content, dict):
        for key, value in content.items():
            # What the page is about stays as it is, or there would be nothing to look at.
            if key not in {"id", "entry", "a", "b"} or not isinstance(value, str):
                yield from _texts(value, (*path, key))
    elif isinstance(content, list):
        for number, value in enumerate(content):
            yield from _texts(value, (*path, number))


def _put(content: Any, path: tuple[Any, ...], text: str) -> None:
    for part in path[:-1]:
        content = content[part]
    content[path[-1]] = text


def _fits(content: dict[str, Any]) -> bool:
    model = KINDS.get(content["kind"])
    if model is None:
        return False
    try:
        model.model_validate_json(json.dumps(content))
    except ValidationError:
        return False
    return True


def _seal(content: dict[str, Any]) -> None:
    if content["kind"] == "claims":
        for claim in content["claims"]:
            claim["id"] = content_hash(claim)
    if content["kind"] not in {"family", "claims", "lineage"}:
        content["id"] = content_hash(content)
