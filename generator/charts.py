"""Charts as SVG, drawn when the site is built: no script, readable in light and dark and on paper.

Colours come from the page's style sheet by class; what a colour says is always said in words too.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

PLOT = 380
RIGHT = 44
LETTER = 6.7
"""Width of a letter of a label, on average, in the chart's own units."""
LONGEST_LABEL = 34
ROW = 26
TOP = 8
AXIS = 30


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
        lines: at least one row with at least one point.
        title: what the chart is, for a screen reader and above the chart.
        description: what it shows, in a sentence.
        unit: written at the axis.
        log: a logarithmic axis, for ratios: twice as slow and twice as fast lie equally far from 1.
    """
    if not lines:
        return Markup("")
    values = [p.value for line in lines for p in line.points]
    values += [bound for line in lines for bound in (line.low, line.high) if bound is not None]
    ticks = _log_ticks(min(values), max(values)) if log else _ticks(min(values), max(values))
    first, last = ticks[0], ticks[-1]

    label = round(12 + LETTER * max(len(shorten(line.label, LONGEST_LABEL)) for line in lines))
    right = label + PLOT

    def x(value: float) -> float:
        share = (
            (math.log(value) - math.log(first)) / (math.log(last) - math.log(first))
            if log
            else (value - first) / (last - first)
        )
        return round(label + share * PLOT, 1)

    height = TOP + ROW * len(lines) + AXIS
    parts = [_open(right + RIGHT, height, title, description)]
    for tick in ticks:
        css = "zd-one" if log and tick == 1 else "zd-grid"
        parts.append(_svg(f'<line class="{css}" x1="{x(tick)}" x2="{x(tick)}" y1="{TOP}" y2="{height - AXIS}"/>'))
        parts.append(
            Markup('<text class="zd-tick" x="{}" y="{}" text-anchor="middle">{}</text>').format(
                x(tick), height - AXIS + 14, f"{tick:g}"
            )
        )
    parts.append(
        Markup('<text class="zd-tick" x="{}" y="{}" text-anchor="end">{}</text>').format(right, height - 3, unit)
    )
    for number, line in enumerate(lines):
        parts.append(_row(line, TOP + ROW * number + ROW / 2, label, x))
    parts.append(Markup("</svg></figure>"))
    return Markup("").join(parts)


def waterfall(title: str, start: float, steps: Sequence[tuple[str, float]], end: float) -> Markup:
    """A gap as the steps it is made of, each bar beginning where the last one ended.

    Args:
        title: what is explained.
        start, end: percent before the first step and after the last.
        steps: name and change in points.
    """
    levels = [start]
    for _, change in steps:
        levels.append(levels[-1] + change)
    ticks = _ticks(min(levels), max(levels))
    label = round(12 + LETTER * max(len(shorten(name, LONGEST_LABEL)) for name, _ in [*steps, ("start", 0.0)]))
    height = TOP + ROW * (len(steps) + 2) + AXIS

    def x(value: float) -> float:
        return round(label + (value - ticks[0]) / (ticks[-1] - ticks[0]) * PLOT, 1)

    said = ", ".join(f"{name} {change:+.2f}" for name, change in steps)
    parts = [_open(label + PLOT + RIGHT, height, title, f"From {start:.2f} to {end:.2f} percent: {said}")]
    for tick in ticks:
        parts.append(_svg(f'<line class="zd-grid" x1="{x(tick)}" x2="{x(tick)}" y1="{TOP}" y2="{height - AXIS}"/>'))
        parts.append(_text("zd-tick", x(tick), height - AXIS + 14, f"{tick:g}", "middle"))
    parts.append(_text("zd-tick", label + PLOT, height - 3, "top-1, percent", "end"))
    bars = [("a", start, start, f"{start:.2f}")]
    bars += [(name, levels[n], levels[n + 1], f"{change:+.2f}") for n, (name, change) in enumerate(steps)]
    bars.append(("b", end, end, f"{end:.2f}"))
    for number, (name, before, after, note) in enumerate(bars):
        y = TOP + ROW * number + ROW / 2
        low, high = sorted((x(before), x(after)))
        parts.append(_text("zd-label", label - 10, y + 4, shorten(name, LONGEST_LABEL), "end"))
        parts.append(_svg(f'<line class="zd-step" x1="{low - 1.5}" x2="{high + 1.5}" y1="{y}" y2="{y}"/>'))
        parts.append(_text("zd-note", high + 9, y + 4, note))
    parts.append(Markup("</svg></figure>"))
    return Markup("").join(parts)


STYLE = """<style>
svg { font: 12px sans-serif; background: #fff; color: #222 } text { fill: currentColor }
.zd-tick, .zd-note { font-size: 11px } .zd-grid { stroke: #ddd } .zd-one { stroke: #888; stroke-dasharray: 3 3 }
.zd-step { stroke: #5c6bc0; stroke-width: 10 }
@media (prefers-color-scheme: dark) { svg { background: #1e1e24; color: #ddd } .zd-grid { stroke: #3a3a42 } }
</style>"""


def standalone(figure: Markup) -> str:
    """A chart as a file of its own: its drawing with the colours that a page would give it."""
    drawing = figure[figure.index("<svg") : figure.index("</svg>") + len("</svg>")]
    start = drawing.index(">") + 1
    return f"{drawing[:start]}{STYLE}{drawing[start:]}"


def _text(css: str, x: float, y: float, text: str, anchor: str = "start") -> Markup:
    return Markup('<text class="{}" x="{}" y="{}" text-anchor="{}">{}</text>').format(css, x, y, anchor, text)


def _row(line: Line, y: float, label: float, place: Callable[[float], float]) -> Markup:
    xs = [place(point.value) for point in line.points]
    parts = [
        Markup('<a href="{}"><text class="zd-label" x="{}" y="{}" text-anchor="end">{}</text></a>').format(
            line.href, label - 10, y + 4, shorten(line.label, LONGEST_LABEL)
        )
    ]
    low, high = (min(xs), max(xs)) if line.low is None or line.high is None else (place(line.low), place(line.high))
    parts.append(_svg(f'<line class="zd-bar" x1="{low}" x2="{high}" y1="{y}" y2="{y}"/>'))
    for point, position in zip(line.points, xs, strict=True):
        parts.append(
            Markup('<circle class="zd-dot zoo-{}" cx="{}" cy="{}" r="5"><title>{}</title></circle>').format(
                point.zoo, position, y, point.text
            )
        )
    if line.note:
        parts.append(
            Markup('<text class="zd-note" x="{}" y="{}">{}</text>').format(max(high, max(xs)) + 9, y + 4, line.note)
        )
    return Markup("").join(parts)


def _open(width: float, height: float, title: str, description: str) -> Markup:
    return Markup(
        '<figure class="zd-figure"><figcaption>{}</figcaption>'
        '<svg width="{}" viewBox="0 0 {} {}" role="img" aria-label="{}" xmlns="http://www.w3.org/2000/svg">'
    ).format(title, round(width * 1.2), width, height, f"{title}. {description}")


def shorten(text: str, limit: int) -> str:
    """A label that fits; the rest stands in the table."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _svg(text: str) -> Markup:
    """Our own drawing, made of numbers only."""
    return Markup(text)  # noqa: S704


def _ticks(low: float, high: float, count: int = 6) -> list[float]:
    """Round numbers from just below to just above a range."""
    span = (high - low) or abs(high) or 1.0
    step = 10 ** math.floor(math.log10(span / count))
    step *= next(m for m in (1, 2, 5, 10) if span / (step * m) <= count)
    first = math.floor(low / step) * step
    ticks = [round(first, 10)]
    while ticks[-1] < high or len(ticks) < 2:
        ticks.append(round(ticks[-1] + step, 10))
    return ticks


def _log_ticks(low: float, high: float) -> list[float]:
    """Ratios one reads at a glance, around a range and always with 1."""
    known = [0.1, 0.2, 0.25, 0.33, 0.5, 0.67, 0.8, 0.9, 1, 1.1, 1.25, 1.5, 2, 3, 4, 5, 10]
    below = max((tick for tick in known if tick <= min(low, 0.95)), default=low)
    above = min((tick for tick in known if tick >= max(high, 1.05)), default=high)
    inside = [tick for tick in known if below < tick < above]
    return [below, *inside, above]
