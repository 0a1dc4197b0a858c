"""Ratios as the two factors they are made of, on a logarithmic axis: lengths add up as factors multiply."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from zoodata_site.charts import svg
from zoodata_site.charts.dots import AXIS, LONGEST_LABEL, PLOT, RIGHT, ROW, TOP


@dataclass(frozen=True)
class Factored:
    """One ratio."""

    label: str
    href: str
    zoo: str
    first: float
    second: float

    @property
    def product(self) -> float:
        """The ratio."""
        return self.first * self.second


def factors(rows: Sequence[Factored], names: tuple[str, str], title: str, description: str, unit: str) -> Markup:
    """For each ratio a bar of its first factor, from 1 on, and one of its second from there to the ratio, a dot.

    Args:
        rows: ratios; without any there is no chart.
        names: what the factors are, for the words that say the drawing.
        title: what the chart is.
        description: what it shows, in a sentence.
        unit: written at the axis.
    """
    if not rows:
        return Markup("")
    ends = [1.0, *(row.first for row in rows), *(row.product for row in rows)]
    ticks = svg.ratio_ticks(min(ends), max(ends))
    first, last = math.log(ticks[0]), math.log(ticks[-1])
    label = svg.label_width([row.label for row in rows], LONGEST_LABEL)

    def x(value: float) -> float:
        return round(label + (math.log(value) - first) / (last - first) * PLOT, 1)

    bottom = TOP + ROW * len(rows)
    said = "; ".join(
        f"{row.label}: {names[0]} {row.first:.2f}, {names[1]} {row.second:.2f}, together {row.product:.2f}"
        for row in rows[:12]
    )
    parts = [svg.opened(label + PLOT + RIGHT, bottom + AXIS, title, f"{description} {said}", links=True)]
    parts.append(svg.axis(ticks, x, TOP, bottom, log=True))
    parts.append(svg.text("zd-tick", label + PLOT, bottom + AXIS - 3, unit, "end"))
    for number, row in enumerate(rows):
        y = TOP + ROW * number + ROW / 2
        name = svg.text("zd-label", label - 10, y + 4, svg.shorten(row.label, LONGEST_LABEL), "end")
        parts.append(Markup('<a href="{}">{}</a>').format(row.href, name))
        parts.append(svg.line("zd-step zd-first", x(1), y - 4, x(row.first), y - 4))
        parts.append(svg.line("zd-step zd-second", x(row.first), y + 4, x(row.product), y + 4))
        parts.append(
            Markup('<circle class="zd-dot zoo-{}" cx="{}" cy="{}" r="5"><title>{}</title></circle>').format(
                row.zoo, x(row.product), y, f"{row.label}: {row.first:.3f} times {row.second:.3f}"
            )
        )
        right = max(x(1), x(row.first), x(row.product))
        parts.append(svg.text("zd-note", right + 9, y + 4, f"{row.product:.2f}"))
    for place, css, word in ((label, "zd-first", names[0]), (label + 110, "zd-second", names[1])):
        parts.append(svg.line(f"zd-step {css}", place, bottom + AXIS - 7, place + 16, bottom + AXIS - 7))
        parts.append(svg.text("zd-tick", place + 21, bottom + AXIS - 3, word))
    return Markup("").join([*parts, svg.CLOSED])
