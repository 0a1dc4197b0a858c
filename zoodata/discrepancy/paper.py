"""Montes et al. (ESEC/FSE 2022) from the dataset: their figures beside what our records give.

What is written here as published is the paper's own figures (doi:10.1145/3540250.3560881, CC BY 4.0); everything
beside it is computed from records.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from zoodata.dataset.store import Dataset
from zoodata.discrepancy import accuracy
from zoodata.discrepancy.networks import FindingBetween, costly_findings
from zoodata.discrepancy.pairs import widest
from zoodata.records import ArchitectureMeasurement, entry_zoo

FIGURE_2 = {
    "vgg19": 2.62, "inception_v1": 2.57, "googlenet": 2.00, "squeezenet1_1": 1.84, "alexnet": 1.72,
    "resnet152": 1.71, "mobilenet_v3_large": 1.56, "vgg16": 1.32, "squeezenet1_0": 1.24, "resnet50": 1.23,
}  # fmt: skip
"""Largest ranges of top-1 claims, in points."""

TABLE_1 = {
    "torchvision": {"top1": (48, 41), "top5": (52, 36)},
    "tf_slim": {"top1": (40, 33), "top5": (36, 43)},
    "keras_applications": {"top1": (37, 44), "top5": (36, 40)},
    "onnx_model_zoo": {"top1": (35, 41), "top5": (31, 44)},
}
"""How often a zoo is highest and lowest among the architectures it offers, in percent. Two exact ties of the
paper's data (ResNet V1 101 top-1, Inception-ResNet V2 top-5) may be counted for either zoo."""

FIGURE_3 = {
    "squeezenet1_0": 2.31, "resnet50v2": 1.88, "resnet101v2": 1.86, "resnet152v2": 1.86, "shufflenet_v2_x1_0": 1.33,
    "resnet50": 1.18, "mobilenet_v2": 1.11, "mobilenet_v3_small": 1.11, "mobilenet_v3_large": 1.09, "alexnet": 1.09,
}  # fmt: skip
"""Largest over smallest count of what the paper calls FLOPs, by three counters."""

ZOOS = frozenset({"torchvision", "keras_applications", "tf_slim", "onnx_model_zoo"})
"""The paper's four; what it calls TFMG is TF-Slim."""

COUNTS = {"top1": ((0.9599, "0.96 points or more", 12), (1.0, "more than 1 point", 10)),
          "top5": ((0.94, "more than 0.94 points", 6), (1.0, "more than 1 point", 5))}  # fmt: skip
COMPARABLE = {"top1": 35, "top5": 32}

MAX_CAUSES = 2
"""How many findings explain a ratio of compute."""


@dataclass(frozen=True)
class RangeEnds:
    """The two claims that a range lies between."""

    highest: accuracy.RangeEnd
    lowest: accuracy.RangeEnd


@dataclass(frozen=True)
class Tie:
    """An exact tie in the paper's data, counted for both zoos here."""


@dataclass(frozen=True)
class CountedEntry:
    """One counted network."""

    entry: str
    macs: int
    side: int
    """Of the image, in pixels."""


@dataclass(frozen=True)
class CountedEnds:
    """The two networks that a ratio of compute lies between."""

    highest: CountedEntry
    lowest: CountedEntry
    zoos: int
    findings: tuple[FindingBetween, ...]
    """What the diff of the two found to change MACs."""
    absent: tuple[str, ...]
    """Zoos of the paper whose networks are not built here."""


@dataclass(frozen=True)
class NoRatio:
    """There are not two zoos to compare."""

    in_catalogue: bool
    absent: tuple[str, ...] = ()


Explanation = RangeEnds | Tie | CountedEnds | NoRatio | None
"""What our figure comes from; :mod:`zoodata.wording.paper` words it."""


@dataclass(frozen=True)
class Beside:
    """A published figure and ours."""

    what: str
    published: float
    ours: float | None
    agrees: bool | None
    """None where ours is missing."""
    explanation: Explanation


@dataclass(frozen=True)
class Reproduction:
    """The paper's results, each beside ours, and its first figure on today's claims."""

    figure_2: tuple[Beside, ...]
    counts: tuple[Beside, ...]
    table_1: tuple[Beside, ...]
    figure_3: tuple[Beside, ...]
    today: tuple[accuracy.AccuracyRange, ...]


def reproduce(dataset: Dataset) -> Reproduction:
    """Compute everything the paper prints from the records."""
    ranked = {metric: accuracy.rank(dataset, metric, "2022") for metric in ("top1", "top5")}
    return Reproduction(
        tuple(_figure_2(ranked["top1"])),
        tuple(_counts(ranked)),
        tuple(_table_1(dataset)),
        tuple(_figure_3(dataset, name, published) for name, published in FIGURE_3.items()),
        tuple(accuracy.rank(dataset, "top1", "today")[: len(FIGURE_2)]),
    )


def _figure_2(ranked: Sequence[accuracy.AccuracyRange]) -> list[Beside]:
    ours = {ranked_range.architecture: ranked_range for ranked_range in ranked}
    rows = []
    for name, published in FIGURE_2.items():
        ranked_range = ours.get(name)
        span = ranked_range.naive if ranked_range else None
        ends = RangeEnds(span.highest, span.lowest) if span else None
        title, points = (ranked_range.title if ranked_range else name), (span.points if span else None)
        rows.append(_beside(title, published, points, 0.0051, ends))
    return rows


def _counts(ranked: dict[str, list[accuracy.AccuracyRange]]) -> list[Beside]:
    rows = []
    for metric, limits in COUNTS.items():
        points = [ranked_range.naive.points for ranked_range in ranked[metric]]
        rows.append(_beside(f"architectures compared in {metric}", COMPARABLE[metric], len(points), 0, None))
        for limit, words, published in limits:
            wide = sum(value >= limit if limit == 0.9599 else value > limit for value in points)
            rows.append(_beside(f"of them with a difference of {words} in {metric}", published, wide, 0, None))
    return rows


def _table_1(dataset: Dataset) -> list[Beside]:
    rows = []
    for metric in ("top1", "top5"):
        ends = accuracy.extremes(dataset, metric, "2022")
        for zoo, cells in TABLE_1.items():
            for end, published in zip(("highest", "lowest"), cells[metric], strict=True):
                times, of = ends.get(zoo, {}).get(end, (0, 0))
                ours = round(100 * times / of) if of else None
                tied = None if ours == published else Tie()
                rows.append(_beside(f"{zoo} {end} in {metric}, %", published, ours, 0, tied))
    return rows


def _figure_3(dataset: Dataset, name: str, published: float) -> Beside:
    architecture = dataset.architectures.get(name)
    if architecture is None:
        return Beside(name, published, None, None, NoRatio(in_catalogue=False))
    counted: list[ArchitectureMeasurement] = []
    absent = []
    for item in architecture.entries:
        if entry_zoo(item.entry) not in ZOOS:
            continue
        record = dataset.architecture_outcomes.get(item.entry)
        if record is not None and record.result is not None:
            counted.append(record)
        else:
            absent.append(entry_zoo(item.entry))
    zoos = {entry_zoo(record.entry) for record in counted}
    missing = tuple(sorted(set(absent) - zoos))
    ends = widest(counted, lambda record: entry_zoo(record.entry), _macs)
    if ends is None:
        return Beside(architecture.title, published, None, None, NoRatio(in_catalogue=True, absent=missing))
    high, low = ends
    ratio = round(_macs(high) / _macs(low), 4)
    findings = costly_findings(dataset, high.entry, low.entry)[:MAX_CAUSES]
    made_of = CountedEnds(_counted(high), _counted(low), len(zoos), findings, missing)
    return _beside(architecture.title, published, ratio, 0.02 * published, made_of)


def _counted(record: ArchitectureMeasurement) -> CountedEntry:
    return CountedEntry(record.entry, _macs(record), _side(record))


def _macs(record: ArchitectureMeasurement) -> int:
    assert record.result is not None
    return record.result.macs


def _side(record: ArchitectureMeasurement) -> int:
    assert record.result is not None
    return record.result.input.height


def _beside(what: str, published: float, ours: float | None, tolerance: float, explanation: Explanation) -> Beside:
    agrees = None if ours is None else abs(ours - published) <= tolerance
    return Beside(what, published, ours, agrees, explanation)
