"""What the audit finds: the facts of each rule, and the finding around them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from zoodata.discrepancy.grades import Doubt, Grade
from zoodata.records.base import without_weights
from zoodata.records.claim import Metric

Rule = Literal[
    "impossible", "contradiction", "checkpoint", "outlier", "parameters", "unit", "compute", "file size",
]  # fmt: skip


@dataclass(frozen=True)
class StatedNumber:
    """A number as its source writes it."""

    text: str
    unit: str


@dataclass(frozen=True)
class BelowTop1:
    """A top-5 below its own top-1, in percent."""

    top1: float
    top5: float


@dataclass(frozen=True)
class Implausible:
    """An accuracy that no working model has, in percent."""

    top1: float


@dataclass(frozen=True)
class Contradiction:
    """Two statements of one zoo about one model."""

    metric: Metric
    one: StatedNumber
    other: StatedNumber


@dataclass(frozen=True)
class SameCheckpoint:
    """Two accuracies of one checkpoint."""

    metric: Metric
    one: StatedNumber
    one_zoo: str
    other: StatedNumber
    other_zoo: str


@dataclass(frozen=True)
class Outlier:
    """An accuracy far below what other zoos claim."""

    stated: StatedNumber
    zoos: int
    median: float
    """Of the medians of the other zoos, in percent."""


@dataclass(frozen=True)
class OtherParameters:
    """A parameter count that no counted network of the architecture has."""

    stated: StatedNumber
    nearest: int
    """The nearest count."""
    also: str | None
    """Another architecture of the family that has the stated count."""


@dataclass(frozen=True)
class OtherUnit:
    """A cost in another unit than the source says."""

    stated: StatedNumber
    counts: Literal["operations", "multiply-accumulates"]
    """What it counts."""
    size: int | None
    """Side of the image, in pixels."""
    macs: int


@dataclass(frozen=True)
class OtherCost:
    """A cost that no counted network of the architecture has, in either unit."""

    stated: StatedNumber
    size: int | None
    macs: int


@dataclass(frozen=True)
class TooSmall:
    """A file too small for its weights, in bytes."""

    size: float
    parameters: int


Facts = (
    BelowTop1 | Implausible | Contradiction | SameCheckpoint | Outlier | OtherParameters | OtherUnit | OtherCost
    | TooSmall
)  # fmt: skip
"""What a rule saw; :mod:`zoodata.wording.audit` words it."""


@dataclass(frozen=True)
class AuditFinding:
    """One statement that does not hold, or two that cannot both."""

    rule: Rule
    entry: str
    zoo: str
    architecture: str | None
    size: float
    """How far off: points for accuracies, a factor (at least 1) for counts."""
    facts: Facts
    claims: tuple[str, ...]
    sources: tuple[str, ...]
    grade: Grade
    doubts: tuple[Doubt, ...]
    """What may explain it; none for an error."""
    measurement: str | None = None
    """Path of the record that a statement is compared with, if that is one of ours."""
    places: int = 1
    """How many claims show this very fact."""

    @property
    def model(self) -> str:
        """What it is about, without weights: by the weights' name one fact would show several times."""
        return self.architecture or without_weights(self.entry)

    @property
    def numbers(self) -> frozenset[str]:
        """The numbers that its sources state, without regard to order or notation."""
        facts = self.facts
        if isinstance(facts, Contradiction | SameCheckpoint):
            return frozenset({facts.metric, _plain(facts.one), _plain(facts.other)})
        if isinstance(facts, BelowTop1 | Implausible | TooSmall):
            return frozenset(map(str, vars(facts).values()))
        return frozenset({_plain(facts.stated)})

    @property
    def stated_unit(self) -> str:
        """The unit of a finding about units."""
        return self.facts.counts if isinstance(self.facts, OtherUnit) else ""


def _plain(number: StatedNumber) -> str:
    return f"{float(number.text):g}" if number.text.replace(".", "", 1).isdigit() else number.text
