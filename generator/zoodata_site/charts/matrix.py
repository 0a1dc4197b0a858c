"""Rows against columns, each cell shaded by a number that is also written in it: parts, or counts."""

from __future__ import annotations

import math
from collections.abc import Sequence

from markupsafe import Markup

from zoodata_site.charts import svg

CELL, ROW, HEAD = 62, 20, 34
LONGEST_LABEL = 30
SHADES = 5


def matrix(
    rows: Sequence[tuple[str, str, Sequence[float | None]]], columns: Sequence[str], title: str, description: str,
    counts: bool = False,
) -> Markup:  # fmt: skip
    """A matrix of parts between 0 and 1, written in percent, or of counts, shaded by their logarithm.

    Args:
        rows: label, link and a number for each column; None where there is nothing to be a part of.
        columns: headings; a space breaks them.
        title: what the matrix is.
        description: what it shows, in a sentence.
        counts: whether the numbers are counts.
    """
    if not rows:
        return Markup("")
    most = max((value for _, _, values in rows for value in values if value), default=1.0)
    label = svg.label_width([name for name, _, _ in rows], LONGEST_LABEL)
    parts = [svg.opened(label + CELL * len(columns) + 8, HEAD + ROW * len(rows) + 6, title, description, links=True)]
    for number, heading in enumerate(columns):
        first, _, second = heading.partition(" ")
        middle = label + CELL * number + CELL / 2
        parts.append(svg.text("zd-tick", middle, 12, first, "middle"))
        parts.append(svg.text("zd-tick", middle, 25, second, "middle"))
    for place, (name, href, values) in enumerate(rows):
        top = HEAD + ROW * place
        shown = svg.text("zd-label", label - 8, top + 14, svg.shorten(name, LONGEST_LABEL), "end")
        parts.append(Markup('<a href="{}">{}</a>').format(href, shown))
        for number, value in enumerate(values):
            left = label + CELL * number
            shade = _shade(value, math.log1p(most) if counts else None)
            parts.append(svg.box(f"zd-cell zd-cell-{shade}", left + 1, top + 1, CELL - 2, ROW - 2))
            written = _written(value, counts)
            parts.append(svg.text(f"zd-tick zd-in-{shade}", left + CELL / 2, top + 14, written, "middle"))
    return Markup("").join([*parts, svg.CLOSED])


def _written(value: float | None, counts: bool) -> str:
    if value is None or (counts and not value):
        return "–"
    return f"{value:g}" if counts else f"{100 * value:.0f} %"


def _shade(value: float | None, largest: float | None) -> str:
    """The class of a cell's shade; of counts by the logarithm, of which ``largest`` is that of the largest."""
    if value is None or (largest is not None and not value):
        return "none"
    part = value if largest is None else math.log1p(value) / largest
    return str(min(SHADES - 1, int(part * SHADES)))
