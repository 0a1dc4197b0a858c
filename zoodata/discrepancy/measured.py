"""Measured accuracies compared with each other, image by image, and with what is claimed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import combinations
from typing import Any

from zoodata.dataset.store import Dataset, path_of
from zoodata.records import AccuracyMeasurement, Claim
from zoodata.records.accuracy import unpack_bits
from zoodata.stats import Interval, holm, sign_test, wilson_interval

SIGNIFICANT = 0.05
IMAGENET_IMAGES = 50_000
"""Claims are made on ImageNet's validation images; a measurement on others says nothing about them."""


@dataclass(frozen=True)
class Pair:
    """Two measurements over the same images."""

    a: str
    """The label of the measurement: its entry, with the checkpoint where one was named."""
    b: str
    entry_a: str
    entry_b: str
    images: int
    top1_a: float
    top1_b: float
    """Percent."""
    only_a: int
    """Images that a alone gets right."""
    only_b: int
    agreement: float
    """Part of the images that both get right or both get wrong, percent."""
    probability: float
    """The p-value of McNemar's exact test."""
    corrected: float
    """The p-value corrected for the number of pairs (Holm)."""
    record_a: str
    record_b: str

    @property
    def verdict(self) -> str:
        """Whether one is better, in words."""
        if self.corrected >= SIGNIFICANT:
            return "no difference shown"
        return f"{'a' if self.only_a > self.only_b else 'b'} is better"

    def as_dict(self) -> dict[str, object]:
        """Plain data."""
        return asdict(self) | {"verdict": self.verdict, "gap": round(self.top1_b - self.top1_a, 4)}


def label(record: AccuracyMeasurement) -> str:
    """A measurement's entry, with the checkpoint where one was named, and whether its images were prepared on purpose
    otherwise than the zoo declares."""
    name = f"{record.entry} ({record.weights_file})" if record.weights_file else record.entry
    return f"{name}, preprocessed otherwise" if is_otherwise(record) else name


def is_otherwise(record: AccuracyMeasurement) -> bool:
    """Whether images were, as was asked for, prepared otherwise than the zoo declares."""
    checks = record.result.checks if record.result is not None else ()
    return any(check.code == "declared_preprocessing" and not check.passed for check in checks)


def interval(record: AccuracyMeasurement, metric: str = "top1") -> Interval:
    """The measured proportion with Wilson's interval, in percent."""
    assert record.result is not None and record.images is not None
    bounds = wilson_interval(getattr(record.result, f"{metric}_hits"), record.images.images)
    return Interval(100 * bounds.value, 100 * bounds.low, 100 * bounds.high, bounds.samples)


def standing(dataset: Dataset) -> list[AccuracyMeasurement]:
    """Of each entry, checkpoint, preprocessing and image set one measurement: the first that stands."""
    chosen: dict[Any, AccuracyMeasurement] = {}
    for record in dataset.accuracy_measurements:
        if record.result is not None and record.images is not None and record.conditions is not None:
            preprocessing = record.conditions.preprocessing.model_dump_json(exclude={"source"})
            chosen.setdefault((record.entry, record.weights_hash, preprocessing, record.images.hash), record)
    return list(chosen.values())


def pairs(dataset: Dataset) -> list[Pair]:
    """Every two measurements over the same images, the surest difference first."""
    groups: dict[tuple[str, int], list[AccuracyMeasurement]] = defaultdict(list)
    for record in standing(dataset):
        assert record.images is not None
        groups[record.images.hash, record.images.images].append(record)
    tested = [_pair(a, b) for group in groups.values() for a, b in combinations(group, 2)]
    corrected = holm([pair.probability for pair in tested])
    tested = [replace(pair, corrected=value) for pair, value in zip(tested, corrected, strict=True)]
    return sorted(tested, key=lambda pair: (pair.corrected, -abs(pair.top1_b - pair.top1_a)))


def _pair(a: AccuracyMeasurement, b: AccuracyMeasurement) -> Pair:
    one, other = bits(a), bits(b)
    only_a = sum(x and not y for x, y in zip(one, other, strict=True))
    only_b = sum(y and not x for x, y in zip(one, other, strict=True))
    p_value = sign_test(only_b, only_a)
    return Pair(
        a=label(a), b=label(b), entry_a=a.entry, entry_b=b.entry, images=len(one),
        top1_a=interval(a).value, top1_b=interval(b).value,
        only_a=only_a, only_b=only_b, agreement=100 * (1 - (only_a + only_b) / len(one)),
        probability=p_value, corrected=p_value, record_a=path_of(a).as_posix(), record_b=path_of(b).as_posix(),
    )  # fmt: skip


def bits(record: AccuracyMeasurement) -> list[bool]:
    """Which images the first answer is right on."""
    assert record.result is not None and record.images is not None
    return unpack_bits(record.result.top1, record.images.images)


def classes_by_difference(a: Sequence[bool], b: Sequence[bool], labels: Sequence[int]) -> list[dict[str, int]]:
    """Classes by how differently two models do on their images, the largest difference first."""
    by_class: dict[int, dict[str, int]] = {}
    for one, other, number in zip(a, b, labels, strict=True):
        counts = by_class.setdefault(number, {"class": number, "images": 0, "a": 0, "b": 0})
        counts["images"] += 1
        counts["a"] += one
        counts["b"] += other
    return sorted(by_class.values(), key=lambda counts: (-abs(counts["a"] - counts["b"]), counts["class"]))


@dataclass(frozen=True)
class Verified:
    """One claim beside a measurement of the same checkpoint."""

    entry: str
    metric: str
    claimed: float
    measured: float
    low: float
    high: float
    images: int
    verdict: str
    claim: str
    record: str

    def as_dict(self) -> dict[str, object]:
        """Plain data."""
        return asdict(self)


def against_claims(dataset: Dataset) -> list[Verified]:
    """Measurements on ImageNet's validation images beside the claims about the same checkpoint."""
    claims: dict[tuple[str, str], dict[float, Claim]] = defaultdict(dict)
    for claim in dataset.claims:
        if claim.metric in ("top1", "top5"):
            claims[claim.entry, claim.metric].setdefault(claim.value, claim)
    verified = []
    for record in standing(dataset):
        if record.weights_hash is not None or not _as_declared(record):
            continue  # not the zoo's checkpoint, or not fed as the zoo says
        for metric in ("top1", "top5"):
            for claim in claims.get((record.entry, metric), {}).values():
                verified.append(_verified(record, metric, claim))
    return sorted(verified, key=lambda each: -abs(each.measured - each.claimed))


def _as_declared(record: AccuracyMeasurement) -> bool:
    """Whether every check passed, the one of the declared preprocessing included."""
    assert record.result is not None
    return all(check.passed for check in record.result.checks)


def _verified(record: AccuracyMeasurement, metric: str, claim: Claim) -> Verified:
    measured = interval(record, metric)
    if measured.samples != IMAGENET_IMAGES:
        verdict = "other images than the claim's"
    elif measured.low <= claim.value <= measured.high:
        verdict = "holds"
    else:
        # Both are of the same images, so sampling is no excuse; the interval only tells a rounding from a gap.
        verdict = "does not hold"
    return Verified(
        record.entry, metric, claim.value, measured.value, measured.low, measured.high, measured.samples, verdict,
        claim.id, path_of(record).as_posix(),
    )  # fmt: skip
