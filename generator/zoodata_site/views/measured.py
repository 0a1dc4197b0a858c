"""Accuracies that were measured: checkpoints that answered the same images, and who differs from whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from zoodata.dataset.store import Dataset, path_of
from zoodata.discrepancy import measured
from zoodata.discrepancy.measured import Pair
from zoodata.records import (
    AccuracyMeasurement,
    AttributionMeasurement,
    ImageSetRecord,
    Preprocessing,
    SensitivityMeasurement,
    entry_zoo,
)
from zoodata.records.accuracy import Check
from zoodata.records.sensitivity import OtherPreparation
from zoodata.stats import holm, sign_test
from zoodata.wording.checks import check as check_words
from zoodata.wording.preprocessing import way

MOST_CLASSES = 8
"""Of a pair, those that differ most."""


@dataclass(frozen=True)
class MeasuredView:
    """One checkpoint's answers."""

    label: str
    """Its entry, told apart from others of the same checkpoint by its preprocessing."""
    entry: str
    zoo: str
    architecture: str | None
    images: int
    top1: float
    low: float
    high: float
    """Wilson's 95 % interval, percent."""
    top5: float
    doubts: tuple[str, ...]
    """Checks that failed, in words: the result was recorded regardless."""
    preprocessing: Preprocessing
    record: str
    command: str


@dataclass(frozen=True)
class ClassLine:
    """A class in which two checkpoints differ."""

    name: str
    images: int
    a: int
    b: int


@dataclass(frozen=True)
class PairView:
    """Two checkpoints of one architecture over the same images."""

    pair: Pair
    classes: tuple[ClassLine, ...]


@dataclass(frozen=True)
class AttributionView:
    """A gap as the steps it is made of."""

    a: str
    b: str
    top1_a: float
    top1_b: float
    steps: tuple[tuple[str, float, int, int], ...]
    """Factor, points, images that became right, images that became wrong."""
    notes: tuple[str, ...]
    record: str
    command: str

    @property
    def widest(self) -> tuple[str, float, int, int]:
        """The step that weighs most."""
        return max(self.steps, key=lambda step: abs(step[1]))


@dataclass(frozen=True)
class WayView:
    """Another way to decode and resize."""

    words: str
    top1: float
    points: float
    """Against the entry's own way."""
    changed: int
    """Images with another first answer."""
    is_sure: bool
    """Whether the points are more than chance: McNemar's exact test, corrected for the ways tried."""


@dataclass(frozen=True)
class SensitivityView:
    """What other decoders and resizers change in one entry's answers."""

    entry: str
    zoo: str
    own: str
    top1: float
    ways: tuple[WayView, ...]
    """The best first."""
    record: str
    command: str

    @property
    def lowest(self) -> float:
        """Accuracy in the worst way, percent; it may be the entry's own."""
        return min(self.top1, self.ways[-1].top1)

    @property
    def highest(self) -> float:
        """Accuracy in the best way, percent."""
        return max(self.top1, self.ways[0].top1)

    @property
    def most_changed(self) -> int:
        """Images whose answer the worst of them changes."""
        return max(each.changed for each in self.ways)


@dataclass(frozen=True)
class MeasuredSet:
    """Everything that was measured on one set of images."""

    published: ImageSetRecord | None
    hash: str
    images: int
    rows: tuple[MeasuredView, ...]
    """The most accurate first."""
    pairs: tuple[PairView, ...]
    """Any two of one architecture, the surest difference first."""
    verdicts: dict[tuple[str, str], Pair]
    """The records of any two to their pair, either way round."""
    attributions: tuple[AttributionView, ...]
    sensitivities: tuple[SensitivityView, ...] = ()
    """The entry that other ways move most, first."""

    @property
    def publishers(self) -> int:
        """How many zoos' checkpoints there are."""
        return len({row.zoo for row in self.rows})

    @property
    def twice(self) -> list[tuple[MeasuredView, MeasuredView]]:
        """One checkpoint whose images were preprocessed in two ways, where that is more than chance: better first."""
        return [
            (one, other)
            for number, one in enumerate(self.rows)
            for other in self.rows[number + 1 :]
            if one.entry == other.entry and self.gap(one, other)[1]
        ]

    @property
    def undecided(self) -> int:
        """Pairs that show no difference."""
        return sum(pair.verdict == "no difference shown" for pair in self.all_pairs)

    @property
    def all_pairs(self) -> list[Pair]:
        """Each pair once."""
        return list({id(pair): pair for pair in self.verdicts.values()}.values())

    def gap(self, one: MeasuredView, other: MeasuredView) -> tuple[float, bool]:
        """Points by which one is above another, and whether that is more than chance."""
        pair = self.verdicts[one.record, other.record]
        return one.top1 - other.top1, pair.verdict != "no difference shown"


def measured_sets(dataset: Dataset, pairs: Sequence[Pair]) -> tuple[MeasuredSet, ...]:
    """Every set of images on which something was measured, the one with most checkpoints first.

    Args:
        pairs: as :func:`zoodata.discrepancy.measured.pairs` gives them.
    """
    known = {record.identity: record for record in dataset.image_sets.values()}
    by_hash: dict[str, list[AccuracyMeasurement]] = {}
    for record in measured.standing(dataset):
        assert record.images is not None
        by_hash.setdefault(record.images.hash, []).append(record)
    made = [_set(dataset, known.get(hash), hash, records, pairs) for hash, records in by_hash.items()]
    return tuple(sorted(made, key=lambda each: -len(each.rows)))


def _set(
    dataset: Dataset,
    published: ImageSetRecord | None,
    hash: str,
    records: Sequence[AccuracyMeasurement],
    pairs: Sequence[Pair],
) -> MeasuredSet:
    own = {path_of(record).as_posix(): record for record in records}
    rows = sorted((_row(dataset, record, published) for record in records), key=lambda row: (-row.top1, row.label))
    labels = {row.record: row.label for row in rows}
    verdicts: dict[tuple[str, str], Pair] = {}
    shown: list[PairView] = []
    for pair in pairs:
        if pair.record_a not in own or pair.record_b not in own:
            continue
        pair = replace(pair, a=labels[pair.record_a], b=labels[pair.record_b])
        verdicts[pair.record_a, pair.record_b] = verdicts[pair.record_b, pair.record_a] = pair
        places = {dataset.architecture_of(entry) for entry in (pair.entry_a, pair.entry_b)}
        if len(places) == 1 and None not in places:
            shown.append(PairView(pair, _classes(published, own[pair.record_a], own[pair.record_b])))
    return MeasuredSet(
        published=published,
        hash=hash,
        images=rows[0].images,
        rows=tuple(rows),
        pairs=tuple(shown),
        verdicts=verdicts,
        attributions=tuple(
            _attribution(record, published) for record in dataset.attributions if record.images.hash == hash
        ),
        sensitivities=_sensitivities(dataset, published, hash),
    )


def _row(dataset: Dataset, record: AccuracyMeasurement, published: ImageSetRecord | None) -> MeasuredView:
    assert record.result is not None and record.images is not None and record.conditions is not None
    interval = measured.interval(record)
    mapped = dataset.architecture_of(record.entry)
    failed = [check for check in record.result.checks if not check.passed]
    otherwise = measured.is_otherwise(record)
    return MeasuredView(
        label=measured.label(record),
        entry=record.entry,
        zoo=entry_zoo(record.entry),
        architecture=mapped.id if mapped else None,
        images=interval.samples,
        top1=interval.value,
        low=interval.low,
        high=interval.high,
        top5=measured.interval(record, "top5").value,
        doubts=tuple(_doubt(check, record.conditions.preprocessing) for check in failed),
        preprocessing=record.conditions.preprocessing,
        record=path_of(record).as_posix(),
        command=f"zoodata bench accuracy {record.entry} --images {_named(published)}"
        + (" --preprocessing FILE --believe" if otherwise else " --believe" if failed else ""),
    )


def _doubt(check: Check, used: Preprocessing) -> str:
    """What a failed check says; of images that were preprocessed otherwise on purpose, how."""
    if check.code == "declared_preprocessing" and used.source:
        return f"preprocessed as in {used.source}, not as the zoo says"
    return check_words(check)


def _named(published: ImageSetRecord | None) -> str:
    return published.name if published else "FOLDER"


def _classes(published: ImageSetRecord | None, a: AccuracyMeasurement, b: AccuracyMeasurement) -> tuple[ClassLine, ...]:
    """The classes in which two differ most; none where nobody published the labels."""
    if published is None:
        return ()
    labels = [image.label for image in sorted(published.images, key=lambda image: image.file)]
    found = measured.classes_by_difference(measured.bits(a), measured.bits(b), labels)
    names = published.class_names
    return tuple(
        ClassLine(
            names[each["class"]] if each["class"] < len(names) else f"class {each['class']}",
            each["images"], each["a"], each["b"],
        )
        for each in found[:MOST_CLASSES]
        if each["a"] != each["b"]
    )  # fmt: skip


def _attribution(record: AttributionMeasurement, published: ImageSetRecord | None) -> AttributionView:
    total = record.images.images
    return AttributionView(
        a=record.a,
        b=record.b,
        top1_a=100 * record.hits_a / total,
        top1_b=100 * record.hits_b / total,
        steps=tuple((s.factor, 100 * (s.gained - s.lost) / total, s.gained, s.lost) for s in record.steps),
        notes=record.notes,
        record=path_of(record).as_posix(),
        command=f"zoodata attribute {record.a} {record.b} --images {_named(published)}",
    )


def _sensitivities(dataset: Dataset, published: ImageSetRecord | None, hash: str) -> tuple[SensitivityView, ...]:
    newest = {record.entry: record for record in dataset.sensitivities if record.images.hash == hash}
    made = (_sensitivity(record, published) for record in newest.values())
    return tuple(sorted(made, key=lambda each: (each.lowest - each.highest, each.entry)))


def _sensitivity(record: SensitivityMeasurement, published: ImageSetRecord | None) -> SensitivityView:
    total, used = record.images.images, record.preprocessing
    corrected = holm([sign_test(other.gained, other.lost) for other in record.others])

    def seen(other: OtherPreparation, probability: float) -> WayView:
        points = 100 * (other.gained - other.lost) / total
        return WayView(
            words=way(other.decoder, other.resizer, other.interpolation, other.antialias),
            top1=100 * record.hits / total + points, points=points, changed=other.changed,
            is_sure=probability < measured.SIGNIFICANT,
        )  # fmt: skip

    ways = [seen(other, probability) for other, probability in zip(record.others, corrected, strict=True)]
    return SensitivityView(
        entry=record.entry,
        zoo=entry_zoo(record.entry),
        own=way(used.decoder, used.resizer, used.interpolation, used.antialias is not False),
        top1=100 * record.hits / total,
        ways=tuple(sorted(ways, key=lambda each: -each.top1)),
        record=path_of(record).as_posix(),
        command=f"zoodata bench sensitivity {record.entry} --images {_named(published)} --record",
    )
