"""A value against a cost: one dot an entry, the cost on a logarithmic axis, and the front that nothing beats."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from zoodata_site.charts import svg

WIDTH, HEIGHT, LEFT, TOP, BOTTOM, RIGHT = 820, 460, 44, 18, 40, 16
LONGEST_LABEL, LABEL_ROOM = 26, 13
"""Letters of a label on the front, and how far two must be apart."""


@dataclass(frozen=True)
class Dot:
    """One entry."""

    x: float
    y: float
    zoo: str
    text: str
    href: str
    number: int = 0
    """Its place in the page's table, by which scripts know it."""
    label: str = ""
    """Written beside it if it is on the front."""
    on_front: bool = False
    is_open: bool = False


def scatter(dots: Sequence[Dot], title: str, description: str, x_unit: str, y_unit: str) -> Markup:
    """Dots by a positive magnitude (logarithmic) and a value (linear).

    Each dot on the front is a link that says what it is. The others, thousands, are bare circles: the table has their
    links, and a script opens what is clicked.
    """
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
    front = sorted((dot for dot in dots if dot.on_front), key=lambda dot: dot.x)
    if front:
        corners = [f"{x(dot.x):g},{y(dot.y):g}" for dot in front]
        parts.append(Markup('<polyline class="zd-front" points="{}"/>').format(" ".join(corners)))
    for dot in (dot for dot in dots if not dot.on_front):
        parts.append(_circle(dot, x(dot.x), y(dot.y)))
    parts.append(Markup('<g class="zd-on-front">'))
    for dot in front:
        parts.append(
            Markup('<a href="{}"><title>{}</title>{}</a>').format(dot.href, dot.text, _circle(dot, x(dot.x), y(dot.y)))
        )
    parts += _labels(front, x, y)
    parts.append(Markup("</g>"))
    return Markup("").join([*parts, svg.CLOSED])


def _circle(dot: Dot, x: float, y: float) -> Markup:
    css = f"zd-dot zoo-{dot.zoo}" + (" zd-open" if dot.is_open else "")
    return Markup('<circle class="{}" data-n="{}" cx="{}" cy="{}" r="{}"/>').format(
        css, dot.number, x, y, 5 if dot.on_front else 3.5
    )


def _labels(front: Sequence[Dot], x: Callable[[float], float], y: Callable[[float], float]) -> Iterator[Markup]:
    """Names along the front, above and left of their dots, from the highest down; one that would lie on the one before
    is left out."""
    last = float("-inf")
    for dot in sorted(front, key=lambda dot: -dot.y):
        place = y(dot.y) - 8
        if dot.label and place - last >= LABEL_ROOM and x(dot.x) - LEFT > 7 * min(len(dot.label), LONGEST_LABEL):
            last = place
            yield svg.text("zd-note", x(dot.x) - 5, place, svg.shorten(dot.label, LONGEST_LABEL), "end")
