"""What a contribution does to the rankings: every line of every ranking, before and after.

A ranking is moved by no record unseen: whoever merges reads these lines first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from zoodata.dataset.store import Dataset
from zoodata.discrepancy import accuracy, audit, latency, macs, measured

Ranking = Literal["top1", "top5", "macs", "parameters", "latency", "verdict", "measured", "audit", "counts"]

DIGITS = 4
"""Of a ratio; a change of less is none."""


@dataclass(frozen=True)
class Standing:
    """One line of a ranking as it is shown: its number, who is at its ends, and its place where places are shown."""

    number: float | str
    ends: tuple[str, ...]
    place: int | None = None


@dataclass(frozen=True)
class RankingChange:
    """One line of a ranking that a contribution makes, changes or ends."""

    ranking: Ranking
    subject: str
    """An architecture, an entry, a pair of entries, or a zoo with a rule."""
    before: Standing | None
    after: Standing | None

    @property
    def moves(self) -> bool:
        """Whether something other than its place changed: places move when any other line does."""
        if self.before is None or self.after is None:
            return True
        return (self.before.number, self.before.ends) != (self.after.number, self.after.ends)


Lines = Mapping[tuple[Ranking, str], Standing]


def changes(before: Dataset, after: Dataset) -> list[RankingChange]:
    """Every line that differs, in the order of the rankings; those that only changed their place come last."""
    old, new = lines(before), lines(after)
    keys = dict.fromkeys([*old, *new])
    moved = [RankingChange(*key, old.get(key), new.get(key)) for key in keys if old.get(key) != new.get(key)]
    return sorted(moved, key=lambda change: not change.moves)


def lines(dataset: Dataset) -> Lines:
    """All lines of all rankings of a dataset."""
    return dict(line for ranking in RANKINGS for line in ranking(dataset))


Line = tuple[tuple[Ranking, str], Standing]


def _accuracy(metric: Literal["top1", "top5"]) -> Callable[[Dataset], Iterator[Line]]:
    def of(dataset: Dataset) -> Iterator[Line]:
        ranges = accuracy.rank(dataset, metric)
        for kind in ("checkpoint", "recipe", "training"):
            spans = [(each.architecture, span) for each in ranges if (span := each.of_kind(kind)) is not None]
            for place, (name, span) in enumerate(sorted(spans, key=lambda pair: -pair[1].points), 1):
                yield (metric, f"{name} ({kind})"), _span(span, place)
        for each in ranges:
            yield (metric, f"{each.architecture} (naive)"), _span(each.naive, None)

    return of


def _span(span: accuracy.Span, place: int | None) -> Standing:
    ends = tuple(f"{end.entry} {end.value:g}" for end in (span.highest, span.lowest))
    return Standing(round(span.points, DIGITS), ends, place)


def _macs(dataset: Dataset) -> Iterator[Line]:
    ranges = macs.rank(dataset)
    for place, each in enumerate(ranges, 1):
        ends = f"{each.highest.entry} {each.highest.macs:,}", f"{each.lowest.entry} {each.lowest.macs:,}"
        yield ("macs", each.architecture), Standing(round(each.ratio, DIGITS), ends, place)
    for each in ranges:
        yield ("parameters", each.architecture), Standing(each.parameter_difference, ())


def _latency(dataset: Dataset) -> Iterator[Line]:
    ranges = latency.rank(dataset)
    ranked = [each for each in ranges if each.is_ranked and each.is_difference]
    places = {each.architecture: place for place, each in enumerate(ranked, 1)}
    for each in ranges:
        standing = Standing(round(each.ratio, DIGITS), (each.slowest, each.fastest), places.get(each.architecture))
        yield ("latency", f"{each.architecture} on {each.machine}"), standing
    for each in latency.elsewhere(dataset):
        subject = f"{each.architecture} on {each.machine}, batch {each.batch}"
        subject += f", {each.threads} threads" if each.on.is_cpu else ""
        subject += "" if each.dtype == "float32" else f", {each.dtype}"
        subject += "" if each.torch == "eager" else ", compiled"
        yield ("latency", subject), Standing(round(each.ratio, DIGITS), (each.slowest, each.fastest))


def _verdicts(dataset: Dataset) -> Iterator[Line]:
    for (a, b), record in dataset.comparisons.items():
        if record.result is not None:
            proof = record.result.proof.status if record.result.proof is not None else "no proof"
            yield ("verdict", f"{a}, {b}"), Standing(record.result.verdict, (proof,))


def _measured(dataset: Dataset) -> Iterator[Line]:
    for pair in measured.pairs(dataset):
        ends = f"{pair.a} {pair.top1_a:.2f}", f"{pair.b} {pair.top1_b:.2f}"
        yield ("measured", f"{pair.a}, {pair.b}"), Standing(pair.verdict, ends)


def _audit(dataset: Dataset) -> Iterator[Line]:
    findings = audit.audit(dataset)
    counted: Iterable[tuple[tuple[str, str, str], int]] = Counter((f.grade, f.rule, f.zoo) for f in findings).items()
    for (grade, rule, zoo), number in counted:
        yield ("audit", f"{zoo}: {rule} ({grade})"), Standing(number, ())
    for finding in findings:
        if finding.grade == "error":
            yield ("audit", f"{finding.entry}: {finding.rule}"), Standing(round(finding.size, DIGITS), ())


def _counts(dataset: Dataset) -> Iterator[Line]:
    for entry, record in dataset.architecture_outcomes.items():
        if record.result is not None:
            digest = (record.result.digest or "no network")[:12]
            yield ("counts", entry), Standing(record.result.macs, (f"{record.result.parameters:,} parameters", digest))


RANKINGS: tuple[Callable[[Dataset], Iterator[Line]], ...] = (
    _accuracy("top1"), _accuracy("top5"), _macs, _latency, _verdicts, _measured, _audit, _counts,
)  # fmt: skip
