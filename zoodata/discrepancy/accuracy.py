"""Accuracy: what the zoos claim, architecture by architecture.

Two groups are never mixed: the claims behind the paper of 2022, and everything stated since. Within a group the *naive*
range is over every claim, as a reader of the zoos' pages sees it. Three comparable ranges stand apart, as they mean
different things (:class:`Kind`); the first two are discrepancies, the third is a choice.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from statistics import fmean
from typing import Literal

import pandas as pd

from zoodata.dataset import tables
from zoodata.dataset.store import Dataset
from zoodata.dataset.tables import ClaimRow
from zoodata.discrepancy import checkpoints
from zoodata.discrepancy.checkpoints import Protocol
from zoodata.discrepancy.comparable import (
    Obstacle,
    networks,
    obstacle,
    obstacle_between_checkpoints,
    stated_size,
)
from zoodata.discrepancy.pairs import widest
from zoodata.stats import binomial_half_width

PAPER = "montes-2022"

Kind = Literal[
    "checkpoint",  # one checkpoint, several numbers: another evaluation, or an error
    "recipe",  # one network trained independently by one documented recipe: does it reproduce?
    "training",  # one network, trained differently or by recipes not documented: which weights are better
]
"""What a comparable range is of; :mod:`zoodata.wording.ranges` words it."""


@dataclass(frozen=True)
class RangeEnd:
    """One end of a range: who claims what, where."""

    entry: str
    zoo: str
    value: float
    source: str
    claim: str
    record: str


@dataclass(frozen=True)
class Span:
    """The largest difference between two zoos' claims of one set, in points."""

    points: float
    sampling_points: float
    """What two perfect measurements on 50,000 images may differ by (95 %)."""
    verdict: str
    zoos: int
    claims: int
    highest: RangeEnd
    lowest: RangeEnd
    input_size: int | None = None
    """Of a comparable range: the image size of all its claims."""
    variant: str | None = None
    kind: Kind | None = None
    """None: a naive range."""
    protocol: Protocol | None = None
    """Of one checkpoint: whether both ends state one evaluation."""


@dataclass(frozen=True)
class AccuracyRange:
    """The range of the claims about one architecture."""

    architecture: str
    title: str
    group: str
    metric: str
    naive: Span
    checkpoint: Span | None
    """The widest of one checkpoint."""
    recipe: Span | None
    """The widest of one network and one documented recipe."""
    choice: Span | None
    """The widest of one network, trained differently: not a discrepancy."""
    left_out: dict[Obstacle, int]
    """Why claims take part in no comparable range, and how many."""

    def of_kind(self, kind: Kind) -> Span | None:
        """The range of one kind."""
        return {"checkpoint": self.checkpoint, "recipe": self.recipe, "training": self.choice}[kind]

    @property
    def comparable(self) -> Span | None:
        """The wider of the two ranges that are discrepancies; None where there is neither."""
        spans = [span for span in (self.checkpoint, self.recipe) if span is not None]
        return max(spans, key=lambda span: span.points, default=None)

    @property
    def shown(self) -> Span:
        """The comparable range if there is one."""
        return self.comparable or self.naive

    def as_dict(self) -> dict[str, object]:
        """The range as JSON output shows it."""
        comparable = self.comparable
        return asdict(self) | {"comparable": asdict(comparable) if comparable else None}


def rank(dataset: Dataset, metric: str = "top1", group: str = "today") -> list[AccuracyRange]:
    """Ranges of one metric over architectures that at least two zoos make a claim about, largest first.

    Comparable ranges come before those that are only naive: a rank never mixes the two.

    Args:
        metric: ``top1`` or ``top5``.
        group: ``2022`` (the paper's claims) or ``today`` (everything else).
    """
    by_architecture: dict[str, list[ClaimRow]] = defaultdict(list)
    for row in tables.rows_of(_claims(dataset, metric, group)):
        if (name := row["architecture"]) is not None:
            by_architecture[name].append(row)
    ranges = [_range(dataset, name, rows, metric, group) for name, rows in by_architecture.items() if _zoos(rows) > 1]
    return sorted(ranges, key=lambda r: (r.comparable is None, -r.shown.points, r.architecture))


def left_out(ranges: Iterable[AccuracyRange]) -> dict[Obstacle, int]:
    """Why claims take part in no comparable range of any architecture, and how many; the most frequent first."""
    counts = Counter[Obstacle]()
    for each in ranges:
        counts.update(each.left_out)
    return dict(counts.most_common())


def _claims(dataset: Dataset, metric: str, group: str) -> pd.DataFrame:
    frame = tables.claims(dataset)
    in_group = frame["collection"].eq(PAPER) if group == "2022" else frame["collection"].ne(PAPER)
    return frame[in_group & frame["metric"].eq(metric) & frame["architecture"].notna()]


def extremes(dataset: Dataset, metric: str = "top1", group: str = "2022") -> dict[str, dict[str, tuple[int, int]]]:
    """How often each zoo is highest and lowest among the architectures it shares with another.

    Returns:
        Zoo to ``{"highest": (times, of), "lowest": (times, of)}``; a tie counts for everyone in it.
    """
    chosen = _claims(dataset, metric, group)
    counts: dict[str, dict[str, tuple[int, int]]] = {}
    for _, rows in chosen.groupby("architecture"):
        best = rows.groupby("zoo")["value"].max()
        if len(best) < 2:
            continue
        for zoo, value in best.items():
            own = counts.setdefault(str(zoo), {"highest": (0, 0), "lowest": (0, 0)})
            for end, extreme in (("highest", best.max()), ("lowest", best.min())):
                times, of = own[end]
                own[end] = (times + int(value == extreme), of + 1)
    return counts


def _range(dataset: Dataset, name: str, rows: Sequence[ClaimRow], metric: str, group: str) -> AccuracyRange:
    naive = _span(rows)
    if naive is None:
        raise ValueError(f"{name} has claims of one zoo only")
    of_network = {row["claim"]: networks(dataset).of(row["entry"]) for row in rows}
    evaluated = [row for row in rows if obstacle(row) is None]
    reasons = {row["claim"]: obstacle_between_checkpoints(row, of_network[row["claim"]]) for row in rows}
    free = [row for row in evaluated if reasons[row["claim"]] is None]
    spans = _of_one_checkpoint(evaluated)
    used = {end.claim for span in spans for end in (span.highest, span.lowest)}
    recipe, choice = _of_one_network(free, of_network)
    return AccuracyRange(
        architecture=name,
        title=dataset.architectures[name].title,
        group=group,
        metric=metric,
        naive=naive,
        checkpoint=max(spans, key=lambda span: span.points, default=None),
        recipe=recipe,
        choice=choice,
        left_out=dict(Counter(r for claim, r in reasons.items() if r is not None and claim not in used).most_common()),
    )


def _of_one_checkpoint(rows: Sequence[ClaimRow]) -> list[Span]:
    """A span for each checkpoint that two zoos evaluated at one size.

    Claims that say another training are about another checkpoint, whatever a conversion's note names as its file.
    """
    alike: dict[tuple[int | None, str | None, bool], list[ClaimRow]] = defaultdict(list)
    for row in rows:
        alike[stated_size(row), row["training"], bool(row["distilled"])].append(row)
    spans = []
    for (size, _, _), sized in alike.items():
        for group in checkpoints.groups(sized):
            ends = widest(group, _zoo, _value)
            span = _span(group)
            if ends is not None and span is not None:
                spans.append(replace(span, kind="checkpoint", input_size=size, protocol=checkpoints.protocol(*ends)))
    return spans


def _of_one_network(rows: Sequence[ClaimRow], of_network: Mapping[str, str | None]) -> tuple[Span | None, Span | None]:
    """The widest span of one recipe, and the widest of others, of different checkpoints of one network at one size."""
    by_setting: dict[tuple[str | None, int | None], list[ClaimRow]] = defaultdict(list)
    for row in rows:
        by_setting[of_network[row["claim"]], stated_size(row)].append(row)
    recipes, choices = [], []
    for (_, size), group in by_setting.items():
        for recipe in {row["trained_by"] for row in group} - {None}:
            alike = [row for row in group if row["trained_by"] == recipe and row["origin"] == "own"]
            recipes += [replace(span, kind="recipe", input_size=size) for span in [_span(alike)] if span]
        best = [max(own, key=_value) for own in _by_zoo(group).values()]
        if (ends := widest(best, _zoo, _value)) and not checkpoints.marks(ends[0]) & checkpoints.marks(ends[1]):
            choices += [replace(span, kind="training", input_size=size) for span in [_span(best)] if span]
    return _widest(recipes), _widest(choices)


def _by_zoo(rows: Sequence[ClaimRow]) -> dict[str, list[ClaimRow]]:
    found: dict[str, list[ClaimRow]] = defaultdict(list)
    for row in rows:
        found[row["zoo"]].append(row)
    return found


def _widest(spans: Sequence[Span]) -> Span | None:
    return max(spans, key=lambda span: span.points, default=None)


def _zoo(row: ClaimRow) -> str:
    return str(row["zoo"])


def _value(row: ClaimRow) -> float:
    return float(row["value"])


def _zoos(rows: Sequence[ClaimRow]) -> int:
    return len({row["zoo"] for row in rows})


def _span(rows: Sequence[ClaimRow]) -> Span | None:
    ends = widest(rows, _zoo, _value)
    if ends is None:
        return None
    high, low = ends
    points = round(float(high["value"] - low["value"]), 4)
    sampling = round(2**0.5 * binomial_half_width(fmean(row["value"] for row in rows)), 3)
    return Span(
        points=points,
        sampling_points=sampling,
        verdict=_verdict(points, sampling),
        zoos=_zoos(rows),
        claims=len(rows),
        highest=_stated(high),
        lowest=_stated(low),
    )


def _verdict(points: float, sampling: float) -> str:
    if points == 0:
        return "same"
    return "more than sampling" if points > sampling else "can be sampling"


def _stated(row: ClaimRow) -> RangeEnd:
    return RangeEnd(row["entry"], row["zoo"], float(row["value"]), row["source"], row["claim"], row["record"])
