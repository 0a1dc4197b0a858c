"""Accuracy: what the zoos claim, architecture by architecture.

Two groups are never mixed: the claims behind the paper of 2022, and what the installed packages state
today. Within a group every claim of every checkpoint counts, so today's range is the naive one until
comparability rules say more.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from zoodata.dataset import tables
from zoodata.dataset.store import Dataset
from zoodata.discrepancy.pairs import widest
from zoodata.stats import binomial_half_width

PAPER = "montes-2022"


@dataclass(frozen=True)
class Stated:
    """One end of a range: who claims what, where."""

    entry: str
    zoo: str
    value: float
    source: str
    claim: str
    record: str


@dataclass(frozen=True)
class AccuracyRange:
    """The largest difference between zoos' claims about one architecture, in points."""

    architecture: str
    title: str
    group: str
    metric: str
    points: float
    sampling_points: float
    """What two perfect measurements on 50,000 images may differ by (95 %)."""
    verdict: str
    zoos: int
    highest: Stated
    lowest: Stated

    def as_dict(self) -> dict[str, Any]:
        """The range as JSON output shows it."""
        return asdict(self)


def rank(dataset: Dataset, metric: str = "top1", group: str = "2022") -> list[AccuracyRange]:
    """Ranges of one metric over architectures that at least two zoos make a claim about, largest first.

    Args:
        metric: ``top1`` or ``top5``.
        group: ``2022`` (the paper's claims) or ``today`` (everything else).
    """
    frame = tables.claims(dataset)
    if frame.empty:
        return []
    in_group = frame["collection"].eq(PAPER) if group == "2022" else frame["collection"].ne(PAPER)
    chosen = frame[in_group & frame["metric"].eq(metric) & frame["architecture"].notna()]
    ranges = [
        _range(dataset, str(name), rows, metric, group)
        for name, rows in chosen.groupby("architecture")
        if rows["zoo"].nunique() > 1
    ]
    return sorted(ranges, key=lambda r: (-r.points, r.architecture))


def extremes(dataset: Dataset, metric: str = "top1", group: str = "2022") -> dict[str, dict[str, tuple[int, int]]]:
    """How often each zoo is highest and lowest among the architectures it shares with another.

    Returns:
        Zoo to ``{"highest": (times, of), "lowest": (times, of)}``; a tie counts for everyone in it.
    """
    frame = tables.claims(dataset)
    in_group = frame["collection"].eq(PAPER) if group == "2022" else frame["collection"].ne(PAPER)
    chosen = frame[in_group & frame["metric"].eq(metric) & frame["architecture"].notna()]
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


def _range(dataset: Dataset, name: str, rows: pd.DataFrame, metric: str, group: str) -> AccuracyRange:
    ends = widest([row for _, row in rows.iterrows()], lambda row: row["zoo"], lambda row: row["value"])
    if ends is None:
        raise ValueError(f"{name} has claims of one zoo only")
    high, low = ends
    points = round(float(high["value"] - low["value"]), 4)
    sampling = round(2**0.5 * binomial_half_width(float(rows["value"].mean())), 3)
    return AccuracyRange(
        architecture=name,
        title=dataset.architectures[name].title,
        group=group,
        metric=metric,
        points=points,
        sampling_points=sampling,
        verdict=_verdict(points, sampling),
        zoos=int(rows["zoo"].nunique()),
        highest=_stated(high),
        lowest=_stated(low),
    )


def _verdict(points: float, sampling: float) -> str:
    if points == 0:
        return "same"
    return "more than sampling" if points > sampling else "can be sampling"


def _stated(row: pd.Series) -> Stated:
    return Stated(row["entry"], row["zoo"], float(row["value"]), row["source"], row["claim"], row["record"])
