"""Badges: one line as SVG, for a README: what differs for an architecture, how a zoo is documented."""

from __future__ import annotations

from pathlib import Path

from markupsafe import Markup

from zoodata_site.views.leaderboard import Row
from zoodata_site.views.site import Site
from zoodata_site.views.zoo import ZooView

FOLDER = Path("badges")
LETTER, LONGEST = 6.6, 60
WORDS = {"identical": "same network", "benign": "same function", "other_head": "same body"}
GREY, GREEN, AMBER, RED = "#5b5b66", "#2a6f47", "#8a5300", "#a3231b"
COLOURS = {
    None: GREY, "identical": GREEN, "benign": GREEN, "other_head": GREEN, "parametric": AMBER, "structural": RED,
}  # fmt: skip
"""Of the gravest verdict."""


def write(site: Site, folder: Path) -> None:
    """Write a badge for each architecture and each zoo below a folder."""
    for kind, drawn in (
        ("architectures", {row.id: architecture(row) for row in site.rows}),
        ("zoos", {zoo.name: of_zoo(zoo) for zoo in site.zoos}),
    ):
        (folder / FOLDER / kind).mkdir(parents=True, exist_ok=True)
        for name, text in drawn.items():
            (folder / FOLDER / kind / f"{name}.svg").write_text(text, encoding="utf-8", newline="\n")


def architecture(row: Row) -> str:
    """What differs most: the networks' verdict, the comparable claims, the time."""
    parts = [f"{len(row.zoos)} zoos"]
    if row.today:
        parts.append(f"{row.today.text} points of difference")
    if row.latency:
        parts.append(f"{row.latency.text}x in time")
    if row.severity:
        parts.append(WORDS.get(row.severity, "networks differ"))
    colour = COLOURS[row.severity]
    return badge(f"zoodata: {row.title}", ", ".join(parts), colour)


def of_zoo(zoo: ZooView) -> str:
    """How many of its entries are known, and how many of its statements do not hold."""
    errors = f"{zoo.errors} {'error' if zoo.errors == 1 else 'errors'}"
    text = f"{len(zoo.entries)} models, {zoo.claims} claims, {errors}"
    return badge(f"zoodata: {zoo.title}", text, AMBER if zoo.errors else GREEN)


def badge(label: str, message: str, colour: str) -> str:
    """A badge whose text is also its title."""
    label, message = (words if len(words) <= LONGEST else f"{words[: LONGEST - 1]}…" for words in (label, message))
    left, right = (round(14 + LETTER * len(words)) for words in (label, message))
    return str(
        Markup(
            '<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" role="img" aria-label="{both}">'
            '<title>{both}</title><rect width="{width}" height="20" rx="3" fill="#33333b"/>'
            '<rect x="{left}" width="{right}" height="20" rx="3" fill="{colour}"/>'
            '<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" text-anchor="middle">'
            '<text x="{at_left}" y="14" textLength="{label_length}">{label}</text>'
            '<text x="{at_right}" y="14" textLength="{message_length}">{message}</text></g></svg>'
        ).format(
            width=left + right,
            left=left,
            right=right,
            colour=colour,
            both=f"{label}: {message}",
            label=label,
            message=message,
            at_left=left / 2,
            at_right=left + right / 2,
            label_length=left - 14,
            message_length=right - 14,
        )
    )
