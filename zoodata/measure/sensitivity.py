"""Sensitivity: how many images change their answer under the decoders and resizers that users meet."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import get_args

from zoodata.images.sets import Item
from zoodata.isolation import Worker, WorkerFailed
from zoodata.measure.accuracy import CHUNK, CHUNK_SECONDS, Settings, open_model
from zoodata.measure.evaluator import Evaluator
from zoodata.records import Preprocessing
from zoodata.records.preprocessing import Library
from zoodata.stats import sign_test


class Sensitive(Evaluator):
    """An evaluator that may use every library's decoder and resizer in one process."""

    def __init__(self) -> None:
        super().__init__()
        # torchvision does not bear being loaded after TensorFlow, which a model of Keras may bring.
        with contextlib.suppress(ModuleNotFoundError):
            importlib.import_module("torchvision")


@dataclass(frozen=True)
class Variant:
    """One way to decode and resize."""

    decoder: str
    resizer: str
    interpolation: str
    antialias: bool

    @property
    def name(self) -> str:
        """As it is shown."""
        smooth = "" if self.resizer not in ("tensorflow", "torchvision") or self.antialias else ", no antialias"
        return f"decoded by {self.decoder}, resized by {self.resizer} ({self.interpolation}{smooth})"


@dataclass(frozen=True)
class Effect:
    """What one variant changes against the entry's own way."""

    variant: Variant
    changed: int
    """Images with another first answer."""
    gained: int
    lost: int
    """Images that became right and wrong."""
    top1: float
    images: int
    probability: float


def variants(spec: Preprocessing) -> Iterator[Variant]:
    """The entry's own way first, then one thing changed at a time."""
    filter_ = spec.interpolation or "bilinear"
    own = Variant(spec.decoder or "pillow", spec.resizer or "pillow", filter_, spec.antialias is not False)
    yield own
    for decoder in get_args(Library):
        if decoder != own.decoder:
            yield Variant(decoder, own.resizer, own.interpolation, own.antialias)
    for resizer, interpolation, antialias in (
        *(("pillow", name, True) for name in ("nearest", "bilinear", "bicubic", "lanczos")),
        *(("opencv", name, False) for name in ("nearest", "bilinear", "bicubic", "area")),
        *(("tensorflow", name, smooth) for name in ("bilinear", "bicubic") for smooth in (True, False)),
        *(("torchvision", name, smooth) for name in ("bilinear", "bicubic") for smooth in (True, False)),
    ):
        variant = Variant(own.decoder, resizer, interpolation, antialias)
        if variant != own:
            yield variant


def measure(
    worker: Worker[Sensitive],
    entry: str,
    items: Sequence[Item],
    settings: Settings,
    progress: Callable[[str], None] = lambda variant: None,
    skipped: Callable[[str, str], None] = lambda variant, reason: None,
) -> list[Effect]:
    """Run every variant over the images.

    Raises:
        WorkerFailed: when the entry cannot be built or run.
    """
    spec = open_model(worker, entry, settings).preprocessing
    effects: list[Effect] = []
    own: list[int | None] = []
    for variant in variants(spec):
        try:
            answers = _answers(worker, spec, variant, items)
        except WorkerFailed as error:
            if not effects or error.reason != "not_installed":
                raise
            skipped(variant.name, error.message)
            continue
        own = own or answers
        effects.append(_effect(variant, items, own, answers))
        progress(variant.name)
    return effects


def _answers(
    worker: Worker[Sensitive], spec: Preprocessing, variant: Variant, items: Sequence[Item]
) -> list[int | None]:
    changed = spec.model_copy(update={"interpolation": variant.interpolation, "antialias": variant.antialias})
    answers: list[int | None] = []
    for start in range(0, len(items), CHUNK):
        chunk = items[start : start + CHUNK]
        answers += worker.call(CHUNK_SECONDS, Evaluator.answers_as, changed, variant.decoder, variant.resizer, chunk)
    return answers


def _effect(
    variant: Variant, items: Sequence[Item], own: Sequence[int | None], answers: Sequence[int | None]
) -> Effect:
    both = [
        (item.label, one, other)
        for item, one, other in zip(items, own, answers, strict=True)
        if one is not None and other is not None
    ]
    gained = sum(other == label != one for label, one, other in both)
    lost = sum(one == label != other for label, one, other in both)
    right = sum(other == label for label, _, other in both)
    return Effect(
        variant, sum(one != other for _, one, other in both), gained, lost, 100 * right / max(1, len(both)),
        len(both), sign_test(gained, lost),
    )  # fmt: skip
