"""What all drawings share: a frame with a title for everyone, text, axes. Colours come from style sheets, by class."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from markupsafe import Markup

LETTER = 7.1
"""Width of a letter of a label, on average, in the chart's own units."""


def opened(width: float, height: float, title: str, description: str, links: bool = False) -> Markup:
    """The beginning of a figure; :data:`CLOSED` ends it.

    A drawing with links in it is no single picture to a screen reader. One without can have the focus, so that it
    can be scrolled by keys where the screen is narrow.
    """
    return Markup(
        '<figure class="zd-figure"{}><figcaption>{}</figcaption>'
        '<svg width="{}" style="--least:{}px" viewBox="0 0 {} {}" role="{}" aria-label="{}" xmlns="http://www.w3.org/2000/svg">'
    ).format(
        "" if links else Markup(' tabindex="0"'), title, round(width * 1.2), round(width), round(width), round(height),
        "group" if links else "img", f"{title}. {description}",
    )  # fmt: skip


CLOSED = Markup("</svg></figure>")


def text(css: str, x: float, y: float, words: str, anchor: str = "start") -> Markup:
    """Words at a place; ``anchor`` says which end of them."""
    return Markup('<text class="{}" x="{}" y="{}" text-anchor="{}">{}</text>').format(css, x, y, anchor, words)


def line(css: str, x1: float, y1: float, x2: float, y2: float) -> Markup:
    """A straight line."""
    return Markup('<line class="{}" x1="{}" y1="{}" x2="{}" y2="{}"/>').format(css, x1, y1, x2, y2)


def box(css: str, x: float, y: float, width: float, height: float) -> Markup:
    """A rectangle."""
    return Markup('<rect class="{}" x="{}" y="{}" width="{}" height="{}" rx="3"/>').format(css, x, y, width, height)


def axis(at: Sequence[float], place: Callable[[float], float], top: float, bottom: float, log: bool = False) -> Markup:
    """Lines at round numbers, each with its number below; on an axis of ratios the one at 1 stands out."""
    return Markup("").join(
        line("zd-one" if log and tick == 1 else "zd-grid", place(tick), top, place(tick), bottom)
        + text("zd-tick", place(tick), bottom + 14, f"{tick:g}", "middle")
        for tick in at
    )


def shorten(words: str, limit: int) -> str:
    """A label that fits; the rest stands in the table."""
    return words if len(words) <= limit else words[: limit - 1] + "…"


def label_width(labels: list[str], limit: int) -> int:
    """Room for the longest of some labels, each cut to a limit."""
    return round(12 + LETTER * max(len(shorten(label, limit)) for label in labels))


def ticks(low: float, high: float, count: int = 6) -> list[float]:
    """Round numbers from just below to just above a range."""
    span = (high - low) or abs(high) or 1.0
    step = 10 ** math.floor(math.log10(span / count))
    step *= next(m for m in (1, 2, 5, 10) if span / (step * m) <= count)
    first = math.floor(low / step) * step
    marks = [round(first, 10)]
    while marks[-1] < high or len(marks) < 2:
        marks.append(round(marks[-1] + step, 10))
    return marks


def ratio_ticks(low: float, high: float) -> list[float]:
    """Ratios one reads at a glance, around a range and always with 1."""
    known = [0.1, 0.2, 0.25, 0.33, 0.5, 0.67, 0.8, 0.9, 1, 1.1, 1.25, 1.5, 2, 3, 4, 5, 10]
    below = max((tick for tick in known if tick <= min(low, 0.95)), default=low)
    above = min((tick for tick in known if tick >= max(high, 1.05)), default=high)
    return [below, *(tick for tick in known if below < tick < above), above]


def decades(low: float, high: float) -> list[float]:
    """1, 2 and 5 times the powers of ten around a range, for a logarithmic axis of magnitudes."""
    known = [m * 10.0**e for e in range(-4, 7) for m in (1, 2, 5)]
    below = max((tick for tick in known if tick <= low), default=known[0])
    above = min((tick for tick in known if tick >= high and tick > below), default=known[-1])
    return [tick for tick in known if below <= tick <= above]


STYLE = """<style>
svg { font: 12px sans-serif; background: #fff; color: #222 } text { fill: currentColor }
.zd-tick, .zd-note { font-size: 11px } .zd-grid { stroke: #ddd } .zd-one { stroke: #888; stroke-dasharray: 3 3 }
.zd-step { stroke: #5c6bc0; stroke-width: 10 } .zd-second { stroke: #a15c00 }
.zd-first, .zd-second { stroke-width: 7 }
@media (prefers-color-scheme: dark) { svg { background: #1e1e24; color: #ddd } .zd-grid { stroke: #3a3a42 } }
</style>"""


def standalone(figure: Markup) -> str:
    """A chart as a file of its own: its drawing with the colours that a page would give it."""
    drawing = figure[figure.index("<svg") : figure.index("</svg>") + len("</svg>")]
    start = drawing.index(">") + 1
    return f"{drawing[:start]}{STYLE}{drawing[start:]}"
