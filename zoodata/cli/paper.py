"""``zoodata paper``: the founding paper's results, each beside what the records give."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click

from zoodata.cli.common import data_option, format_option, read_dataset, show
from zoodata.discrepancy import paper
from zoodata.wording.obstacles import worded
from zoodata.wording.paper import explanation

PARTS = {
    "figure_2": "Figure 2: ranges of top-1 claims, points",
    "counts": "How many ranges are wide",
    "table_1": "Table 1: how often a zoo is highest or lowest",
    "figure_3": "Figure 3: largest over smallest compute",
}


def _row(row: paper.Beside) -> dict[str, object]:
    return asdict(row) | {"explanation": explanation(row.explanation)}


@click.command("paper")
@data_option
@format_option
def command(data: Path, style: str) -> None:
    """Reproduce Montes et al. (ESEC/FSE 2022) from the dataset, figure by figure.

    Accuracies are the claims of 2022; compute is our own count of the networks that can be built here, with
    what the diff of the two found. Where ours differs, the last column says why.
    """
    reproduction = paper.reproduce(read_dataset(data))
    parts = {name: [_row(row) for row in getattr(reproduction, name)] for name in PARTS}
    if style == "json":
        today = [asdict(each) | {"left_out": worded(each.left_out)} for each in reproduction.today]
        content = {**parts, "today": today}
        click.echo(json.dumps(content, indent=1, ensure_ascii=False))
        return
    columns = {"what": "what", "published": "published", "ours": "ours", "agrees": "agrees", "explanation": "from"}
    for name, title in PARTS.items():
        own: Sequence[paper.Beside] = getattr(reproduction, name)
        rows = [_row(row) | {"agrees": {True: "yes", False: "no", None: "missing"}[row.agrees]} for row in own]
        show(rows, columns, style, title)
    today = [
        {"what": r.title, "points": r.shown.points, "high": r.shown.highest.entry, "low": r.shown.lowest.entry}
        for r in reproduction.today
    ]
    show(today, {"what": "what", "points": "points", "high": "highest", "low": "lowest"}, style,
         "Figure 2 on today's comparable claims")  # fmt: skip
