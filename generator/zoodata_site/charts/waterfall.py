"""A gap as the steps it is made of."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from zoodata_site.charts import svg
from zoodata_site.charts.dots import AXIS, LONGEST_LABEL, PLOT, RIGHT, ROW, TOP


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
    ticks = svg.ticks(min(levels), max(levels))
    label = svg.label_width([*(name for name, _ in steps), "start"], LONGEST_LABEL)
    bottom = TOP + ROW * (len(steps) + 2)

    def x(value: float) -> float:
        return round(label + (value - ticks[0]) / (ticks[-1] - ticks[0]) * PLOT, 1)

    said = ", ".join(f"{name} {change:+.2f}" for name, change in steps)
    description = f"From {start:.2f} to {end:.2f} percent: {said}"
    parts = [svg.opened(label + PLOT + RIGHT, bottom + AXIS, title, description)]
    parts.append(svg.axis(ticks, x, TOP, bottom))
    parts.append(svg.text("zd-tick", label + PLOT, bottom + AXIS - 3, "top-1, percent", "end"))
    bars = [("a", start, start, f"{start:.2f}")]
    bars += [(name, levels[n], levels[n + 1], f"{change:+.2f}") for n, (name, change) in enumerate(steps)]
    bars.append(("b", end, end, f"{end:.2f}"))
    for number, (name, before, after, note) in enumerate(bars):
        y = TOP + ROW * number + ROW / 2
        low, high = sorted((x(before), x(after)))
        parts.append(svg.text("zd-label", label - 10, y + 4, svg.shorten(name, LONGEST_LABEL), "end"))
        parts.append(svg.line("zd-step", low - 1.5, y, high + 1.5, y))
        parts.append(svg.text("zd-note", high + 9, y + 4, note))
    return Markup("").join([*parts, svg.CLOSED])
