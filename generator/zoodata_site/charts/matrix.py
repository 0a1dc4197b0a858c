"""Coverage: rows against columns, each cell shaded by a part between 0 and 1 that is also written in it."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from zoodata_site.charts import svg

CELL, ROW, HEAD = 62, 20, 34
LONGEST_LABEL = 30
SHADES = 5


def matrix(
    rows: Sequence[tuple[str, str, Sequence[float | None]]], columns: Sequence[str], title: str, description: str
) -> Markup:
    """A matrix of parts.

    Args:
        rows: label, link and a part for each column; None where there is nothing to be a part of.
        columns: headings; a space breaks them.
        title: what the matrix is.
        description: what it shows, in a sentence.
    """
    if not rows:
        return Markup("")
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
            shade = "none" if value is None else str(min(SHADES - 1, int(value * SHADES)))
            parts.append(svg.box(f"zd-cell zd-cell-{shade}", left + 1, top + 1, CELL - 2, ROW - 2))
            words = "–" if value is None else f"{100 * value:.0f} %"
            parts.append(svg.text(f"zd-tick zd-in-{shade}", left + CELL / 2, top + 14, words, "middle"))
    return Markup("").join([*parts, svg.CLOSED])
