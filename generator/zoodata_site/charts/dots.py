"""Rows of dots on one axis: dumbbells for ranges, dots with bars for ratios and their intervals."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from zoodata_site.charts import svg

PLOT, RIGHT, ROW, TOP, AXIS = 380, 44, 26, 8, 30
LONGEST_LABEL = 34


@dataclass(frozen=True)
class Point:
    """A dot: where, whose, and what it says when asked."""

    value: float
    zoo: str
    text: str


@dataclass(frozen=True)
class Line:
    """One row of a chart: dots on a line, or one dot with an interval."""

    label: str
    href: str
    points: tuple[Point, ...]
    low: float | None = None
    high: float | None = None
    note: str = ""


def dots(lines: Sequence[Line], title: str, description: str, unit: str, log: bool = False) -> Markup:
    """Rows of dots on one axis: a dumbbell where a row has several, an interval where it has bounds.

    Args:
        lines: rows, each with at least one point; without rows there is no chart.
        title: what the chart is, for a screen reader and above the chart.
        description: what it shows, in a sentence.
        unit: written at the axis.
        log: a logarithmic axis, for ratios: twice as slow and twice as fast lie equally far from 1.
    """
    if not lines:
        return Markup("")
    values = [p.value for line in lines for p in line.points]
    values += [bound for line in lines for bound in (line.low, line.high) if bound is not None]
    ticks = svg.ratio_ticks(min(values), max(values)) if log else svg.ticks(min(values), max(values))
    scale = math.log if log else float
    first, last = scale(ticks[0]), scale(ticks[-1])
    label = svg.label_width([line.label for line in lines], LONGEST_LABEL)

    def x(value: float) -> float:
        return round(label + (scale(value) - first) / (last - first) * PLOT, 1)

    bottom = TOP + ROW * len(lines)
    said = "; ".join(f"{line.label}: {', '.join(p.text for p in line.points)}" for line in lines[:12])
    parts = [svg.opened(label + PLOT + RIGHT, bottom + AXIS, title, f"{description} {said}", links=True)]
    parts.append(svg.axis(ticks, x, TOP, bottom, log))
    parts.append(svg.text("zd-tick", label + PLOT, bottom + AXIS - 3, unit, "end"))
    parts += [_row(line, TOP + ROW * number + ROW / 2, label, x) for number, line in enumerate(lines)]
    return Markup("").join([*parts, svg.CLOSED])


def _row(line: Line, y: float, label: float, place: Callable[[float], float]) -> Markup:
    xs = [place(point.value) for point in line.points]
    name = svg.text("zd-label", label - 10, y + 4, svg.shorten(line.label, LONGEST_LABEL), "end")
    parts = [Markup('<a href="{}">{}</a>').format(line.href, name) if line.href else name]
    low, high = (min(xs), max(xs)) if line.low is None or line.high is None else (place(line.low), place(line.high))
    parts.append(svg.line("zd-bar", low, y, high, y))
    for point, position in zip(line.points, xs, strict=True):
        parts.append(
            Markup('<circle class="zd-dot zoo-{}" cx="{}" cy="{}" r="5"><title>{}</title></circle>').format(
                point.zoo, position, y, point.text
            )
        )
    if line.note:
        parts.append(svg.text("zd-note", max(high, max(xs)) + 9, y + 4, line.note))
    return Markup("").join(parts)
