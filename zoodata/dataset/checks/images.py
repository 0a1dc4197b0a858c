"""Image sets, and what was measured on them: hashes that agree, and gaps that are of the images they name."""

from __future__ import annotations

from collections.abc import Iterator

from zoodata.dataset.checks.claims import source_doubts
from zoodata.dataset.checks.doubt import Doubt, within
from zoodata.dataset.checks.measurements import (
    LAYOUT,
    MOST_SECONDS,
    entries_known,
    possible_preprocessing,
    run_known,
    weights_known,
)
from zoodata.dataset.checks.world import Read, World
from zoodata.records import AccuracyMeasurement, AttributionMeasurement, ImageSetRecord, SensitivityMeasurement
from zoodata.records.accuracy import ImageSetIdentity
from zoodata.records.base import is_personal, without_weights

MOST_LABEL = 100_000


def check_image_set(record: ImageSetRecord, world: World, item: Read) -> Iterator[Doubt]:
    """Everything about an image set that cannot be."""
    yield from source_doubts("published", record.published)
    if record.class_names and record.classes > len(record.class_names):
        yield Doubt("E011", "class_names", f"has {len(record.class_names)} names; labels reach {record.classes}")
    digests: dict[str, int] = {}
    for number, image in enumerate(record.images):
        yield from within(f"images[{number}].label", image.label, 0, MOST_LABEL)
        if (first := digests.setdefault(image.digest, number)) != number:
            yield Doubt("E017", f"images[{number}].digest", f"is that of images[{first}] too")


def images_known(field: str, images: ImageSetIdentity, world: World) -> Iterator[Doubt]:
    """Whether what a measurement says of a published set is so."""
    known = world.image_sets.get(images.hash)
    if known is None:
        return
    if images.images != len(known.images) or images.classes != known.classes:
        said = f"{images.images} images of {images.classes} classes"
        yield Doubt("E011", field, f"says {said}; {known.name} has {len(known.images)} of {known.classes}")


def check_accuracy(record: AccuracyMeasurement, world: World, item: Read) -> Iterator[Doubt]:
    """Everything about a measured accuracy that cannot be."""
    yield from entries_known([("entry", record.entry)], world, item)
    yield from run_known(record, world, item)
    yield from weights_known(record.entry, "entry", world)
    result, images = record.result, record.images
    yield from within("seconds", record.seconds, 1e-4 if result else 0, 10 * MOST_SECONDS, "seconds")
    if result is None or images is None:
        return
    if record.conditions is not None:
        yield from possible_preprocessing("conditions.preprocessing", record.conditions.preprocessing)
    yield from images_known("images", images, world)
    if not LAYOUT.fullmatch(images.layout):
        yield Doubt("E008", "images.layout", f"is {images.layout[:40]!r}, no word")
    speed = result.images_per_second
    yield from within("result.images_per_second", speed, 1e-4, 1e6)
    if speed is not None and images.images / speed > record.seconds * 1.05 + 1:
        yield Doubt(
            "E025", "result.images_per_second", f"is {speed:.4g}; {images.images} images took {record.seconds} s"
        )
    if images.images > 1 and result.top1_hits == images.images:
        yield Doubt("W105", "result.top1_hits", f"all {images.images} images are right")
    if record.entry == without_weights(record.entry) and record.weights_hash is None and not is_personal(record.entry):
        yield Doubt("W107", "entry", "says nothing of the weights that were evaluated")
    if record.weights_hash is not None and not item.private and not is_personal(record.entry):
        yield Doubt("W107", "weights_hash", "the weights are of a file of the contributor's own")


def check_attribution(record: AttributionMeasurement, world: World, item: Read) -> Iterator[Doubt]:
    """Everything about an attribution that cannot be."""
    yield from entries_known([("a", record.a), ("b", record.b)], world, item)
    yield from run_known(record, world, item)
    yield from within("seconds", record.seconds, 1e-4, MOST_SECONDS, "seconds")
    yield from possible_preprocessing("preprocessing_a", record.preprocessing_a)
    yield from possible_preprocessing("preprocessing_b", record.preprocessing_b)
    yield from images_known("images", record.images, world)
    for field, entry in (("a", record.a), ("b", record.b)):
        yield from weights_known(entry, field, world)
        if entry == without_weights(entry):
            yield Doubt("W107", field, "says nothing of the weights that were evaluated")
    if record.a == record.b and record.preprocessing_a == record.preprocessing_b:
        yield Doubt("E038", "b", f"is a: {record.a}")
    factors = [step.factor for step in record.steps]
    if len(set(factors)) != len(factors):
        yield Doubt("E017", "steps", "names a factor twice")
    if record.preprocessing_on_a.factor != "preprocessing, on a":
        yield Doubt("E025", "preprocessing_on_a.factor", f"is {record.preprocessing_on_a.factor}")


def check_sensitivity(record: SensitivityMeasurement, world: World, item: Read) -> Iterator[Doubt]:
    """Everything about a sensitivity that cannot be."""
    yield from entries_known([("entry", record.entry)], world, item)
    yield from run_known(record, world, item)
    yield from weights_known(record.entry, "entry", world)
    yield from within("seconds", record.seconds, 1e-4, MOST_SECONDS, "seconds")
    yield from possible_preprocessing("preprocessing", record.preprocessing)
    yield from images_known("images", record.images, world)
    if record.entry == without_weights(record.entry):
        yield Doubt("W107", "entry", "says nothing of the weights that were evaluated")
    ways = [(each.decoder, each.resizer, each.interpolation, each.antialias) for each in record.others]
    if len(set(ways)) != len(ways):
        yield Doubt("E017", "others", "names a way twice")
