"""Accuracy against compute: one dot an entry, compute on a logarithmic axis."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from zoodata_site.charts import svg

WIDTH, HEIGHT, LEFT, TOP, BOTTOM, RIGHT = 640, 380, 44, 10, 40, 12


@dataclass(frozen=True)
class Dot:
    """One entry."""

    x: float
    y: float
    zoo: str
    text: str
    href: str


def scatter(dots: Sequence[Dot], title: str, description: str, x_unit: str, y_unit: str) -> Markup:
    """Dots by a positive magnitude (logarithmic) and a value (linear). Each dot is a link that says what it is."""
    if not dots:
        return Markup("")
    across = svg.decades(min(dot.x for dot in dots), max(dot.x for dot in dots))
    up = svg.ticks(min(dot.y for dot in dots), max(dot.y for dot in dots))
    low, high = math.log(across[0]), math.log(across[-1])
    plot_width, plot_height = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def x(value: float) -> float:
        return round(LEFT + (math.log(value) - low) / (high - low) * plot_width, 1)

    def y(value: float) -> float:
        return round(TOP + (up[-1] - value) / (up[-1] - up[0]) * plot_height, 1)

    parts = [svg.opened(WIDTH, HEIGHT, title, f"{description} {len(dots)} entries.", links=True)]
    for tick in across:
        parts.append(svg.line("zd-grid", x(tick), TOP, x(tick), HEIGHT - BOTTOM))
        parts.append(svg.text("zd-tick", x(tick), HEIGHT - BOTTOM + 14, f"{tick:g}", "middle"))
    for tick in up:
        parts.append(svg.line("zd-grid", LEFT, y(tick), WIDTH - RIGHT, y(tick)))
        parts.append(svg.text("zd-tick", LEFT - 6, y(tick) + 4, f"{tick:g}", "end"))
    parts.append(svg.text("zd-tick", WIDTH - RIGHT, HEIGHT - 6, x_unit, "end"))
    parts.append(svg.text("zd-tick", LEFT + 6, TOP + 12, y_unit))
    for dot in dots:
        parts.append(
            Markup(
                '<a href="{}" aria-label="{}"><circle class="zd-dot zoo-{}" cx="{}" cy="{}" r="4">'
                "<title>{}</title></circle></a>"
            ).format(dot.href, dot.text, dot.zoo, x(dot.x), y(dot.y), dot.text)
        )
    return Markup("").join([*parts, svg.CLOSED])
