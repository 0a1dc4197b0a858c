"""Accuracy: what the zoos claim, architecture by architecture.

Two groups are never mixed: the claims behind the paper of 2022, and everything stated since. Within a group the
*naive* range is over every claim, as a reader of the zoos' pages sees it; the *comparable* range is over claims
that are comparable (:mod:`zoodata.discrepancy.comparable`).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from statistics import fmean
from typing import Any

import pandas as pd

from zoodata.dataset import tables
from zoodata.dataset.store import Dataset
from zoodata.discrepancy.comparable import Obstacle, obstacle, setting
from zoodata.discrepancy.pairs import widest
from zoodata.stats import binomial_half_width

PAPER = "montes-2022"


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


@dataclass(frozen=True)
class AccuracyRange:
    """The range of the claims about one architecture."""

    architecture: str
    title: str
    group: str
    metric: str
    naive: Span
    comparable: Span | None
    """Of the setting that most zoos share; None where no two zoos share one."""
    left_out: dict[Obstacle, int]
    """Why claims do not take part in a comparable range, and how many."""

    @property
    def shown(self) -> Span:
        """The comparable range if there is one."""
        return self.comparable or self.naive

    def as_dict(self) -> dict[str, Any]:
        """The range as JSON output shows it."""
        return asdict(self)


def rank(dataset: Dataset, metric: str = "top1", group: str = "2022") -> list[AccuracyRange]:
    """Ranges of one metric over architectures that at least two zoos make a claim about, largest first.

    Comparable ranges come before those that are only naive: a rank never mixes the two.

    Args:
        metric: ``top1`` or ``top5``.
        group: ``2022`` (the paper's claims) or ``today`` (everything else).
    """
    by_architecture: dict[str, list[Row]] = defaultdict(list)
    for row in _claims(dataset, metric, group).to_dict("records"):
        by_architecture[row["architecture"]].append(row)
    ranges = [_range(dataset, name, rows, metric, group) for name, rows in by_architecture.items() if _zoos(rows) > 1]
    return sorted(ranges, key=lambda r: (r.comparable is None, -r.shown.points, r.architecture))


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


Row = Mapping[str, Any]
"""A row of ``tables.claims``. Plain mappings: a range reads a few rows, where frames cost more than they give."""


def _range(dataset: Dataset, name: str, rows: Sequence[Row], metric: str, group: str) -> AccuracyRange:
    naive = _span(rows)
    if naive is None:
        raise ValueError(f"{name} has claims of one zoo only")
    obstacles = [obstacle(row) for row in rows]
    return AccuracyRange(
        architecture=name,
        title=dataset.architectures[name].title,
        group=group,
        metric=metric,
        naive=naive,
        comparable=_comparable([row for row, reason in zip(rows, obstacles, strict=True) if reason is None]),
        left_out=dict(Counter(code for code in obstacles if code is not None).most_common()),
    )


def _comparable(rows: Sequence[Row]) -> Span | None:
    """The span in the setting that most zoos share; of equals the one with more claims, then the smaller image."""
    groups: dict[tuple[str, int], list[Row]] = defaultdict(list)
    for row in rows:
        groups[setting(row)].append(row)
    shared = {key: group for key, group in groups.items() if _zoos(group) > 1}
    if not shared:
        return None
    variant, size = min(shared, key=lambda key: (-_zoos(shared[key]), -len(shared[key]), key[1], key[0]))
    span = _span(shared[variant, size])
    return None if span is None else replace(span, input_size=size, variant=variant or None)


def _zoos(rows: Sequence[Row]) -> int:
    return len({row["zoo"] for row in rows})


def _span(rows: Sequence[Row]) -> Span | None:
    ends = widest(rows, lambda row: row["zoo"], lambda row: row["value"])
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


def _stated(row: Row) -> RangeEnd:
    return RangeEnd(row["entry"], row["zoo"], float(row["value"]), row["source"], row["claim"], row["record"])
