"""Sensitivity: how many images change their answer under the decoders and resizers that users meet."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import get_args

from zoodata.images import sets
from zoodata.images.sets import ImageSet, Item
from zoodata.isolation import Worker, WorkerFailed
from zoodata.measure.accuracy import CHUNK, CHUNK_SECONDS, Settings, open_model, with_weights
from zoodata.measure.evaluator import Evaluator
from zoodata.records import Environment, Preprocessing, SensitivityMeasurement
from zoodata.records.measurement import timestamp
from zoodata.records.preprocessing import Interpolation, Library
from zoodata.records.sensitivity import OtherPreparation
from zoodata.stats import sign_test
from zoodata.wording.preprocessing import way


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

    decoder: Library
    resizer: Library
    interpolation: Interpolation
    antialias: bool

    @property
    def name(self) -> str:
        """As it is shown."""
        return way(self.decoder, self.resizer, self.interpolation, self.antialias)


@dataclass(frozen=True)
class Effect:
    """What one variant changes against the entry's own way."""

    variant: Variant
    changed: int
    """Images with another first answer."""
    gained: int
    lost: int
    """Images that became right and wrong."""
    right: int
    images: int

    @property
    def top1(self) -> float:
        """Percent."""
        return 100 * self.right / max(1, self.images)

    @property
    def probability(self) -> float:
        """That right and wrong answers part so by chance (McNemar's exact test)."""
        return sign_test(self.gained, self.lost)


@dataclass(frozen=True)
class Sensitivity:
    """What was seen of one entry."""

    entry: str
    """With the weights that were evaluated."""
    preprocessing: Preprocessing
    effects: tuple[Effect, ...]
    """The entry's own way first."""
    usable: tuple[Item, ...]
    """The images that every way could decode."""


RESIZERS: tuple[tuple[Library, Interpolation, bool], ...] = (
    ("pillow", "nearest", True), ("pillow", "bilinear", True), ("pillow", "bicubic", True), ("pillow", "lanczos", True),
    ("opencv", "nearest", False), ("opencv", "bilinear", False), ("opencv", "bicubic", False),
    ("opencv", "area", False),
    ("tensorflow", "bilinear", True), ("tensorflow", "bilinear", False), ("tensorflow", "bicubic", True),
    ("tensorflow", "bicubic", False),
    ("torchvision", "bilinear", True), ("torchvision", "bilinear", False), ("torchvision", "bicubic", True),
    ("torchvision", "bicubic", False),
)  # fmt: skip
"""Whose resize, with which interpolation, smoothed before it shrinks or not."""


def variants(spec: Preprocessing) -> Iterator[Variant]:
    """The entry's own way first, then one thing changed at a time."""
    filter_ = spec.interpolation or "bilinear"
    own = Variant(spec.decoder or "pillow", spec.resizer or "pillow", filter_, spec.antialias is not False)
    yield own
    for decoder in get_args(Library):
        if decoder != own.decoder:
            yield Variant(decoder, own.resizer, own.interpolation, own.antialias)
    for resizer, interpolation, antialias in RESIZERS:
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
) -> Sensitivity:
    """Run every variant over the images.

    Raises:
        WorkerFailed: when the entry cannot be built or run.
    """
    opened = open_model(worker, entry, settings)
    spec = opened.preprocessing
    found: list[tuple[Variant, list[int | None]]] = []
    for variant in variants(spec):
        try:
            found.append((variant, _answers(worker, spec, variant, items)))
        except WorkerFailed as error:
            if not found or error.reason != "not_installed":
                raise
            skipped(variant.name, error.message)
            continue
        progress(variant.name)
    # An image that one of the ways cannot decode is left out of all.
    usable = [n for n in range(len(items)) if all(answers[n] is not None for _, answers in found)]
    labels = [items[n].label for n in usable]
    kept = [(variant, [answers[n] for n in usable]) for variant, answers in found]
    return Sensitivity(
        entry=with_weights(entry, opened, settings),
        preprocessing=spec,
        effects=tuple(_effect(variant, labels, kept[0][1], answers) for variant, answers in kept),
        usable=tuple(items[n] for n in usable),
    )


def as_record(
    found: Sensitivity, images: ImageSet, environment: Environment, started: datetime, seconds: float
) -> SensitivityMeasurement:
    """A sensitivity as a record of the dataset."""
    own, *others = found.effects
    return SensitivityMeasurement.seal(
        entry=found.entry, started_at=timestamp(started), seconds=round(seconds, 3), environment=environment.id,
        images=sets.known_as(images, found.usable), preprocessing=found.preprocessing, hits=own.right,
        others=tuple(
            OtherPreparation(
                decoder=each.variant.decoder, resizer=each.variant.resizer, interpolation=each.variant.interpolation,
                antialias=each.variant.antialias, changed=each.changed, gained=each.gained, lost=each.lost,
            )
            for each in others
        ),
    )  # fmt: skip


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
    variant: Variant, labels: Sequence[int], own: Sequence[int | None], answers: Sequence[int | None]
) -> Effect:
    each = list(zip(labels, own, answers, strict=True))
    return Effect(
        variant=variant,
        changed=sum(one != other for _, one, other in each),
        gained=sum(other == label != one for label, one, other in each),
        lost=sum(one == label != other for label, one, other in each),
        right=sum(other == label for label, _, other in each),
        images=len(each),
    )
