"""Rendering: each view through its template into one Markdown page.

A page's body is one HTML block with everything escaped, so that no record's text is read as Markdown,
HTML or Jinja.
"""

from __future__ import annotations

import html
import json
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from generator import charts
from generator.views import ZOO_TITLES, Site, claim_anchor, record_href, zoo_title
from zoodata import about
from zoodata.discrepancy.accuracy import AccuracyRange
from zoodata.discrepancy.latency import LatencyRange
from zoodata.discrepancy.macs import MacsRange
from zoodata.discrepancy.paper import Beside, Reproduction


def pages(site: Site) -> dict[str, str]:
    """Path of each page to its Markdown."""
    environment = _environment()
    made = {
        "index.md": _page(environment, "index", "Leaderboard", site=site, **_front_charts(site)),
        "rankings.md": _page(environment, "rankings", "Rankings", site=site),
        "paper.md": _page(environment, "paper", "The paper, reproduced", parts=_paper_parts(site.paper)),
        "download.md": _page(environment, "download", "Download", site=site),
        "architectures/index.md": _page(environment, "architectures", "Architectures", site=site),
        "zoos/index.md": _page(environment, "zoos", "Zoos", site=site),
    }
    for view in site.architectures:
        drawn = {"macs_chart": _macs_chart(view.macs), "latency_chart": _latency_chart(view.latency)}
        title = view.architecture.title
        made[f"architectures/{view.architecture.id}.md"] = _page(environment, "architecture", title, view=view, **drawn)
    for zoo in site.zoos:
        made[f"zoos/{zoo.name}.md"] = _page(environment, "zoo", zoo.title, view=zoo)
    return made


def _paper_parts(found: Reproduction) -> list[tuple[str, str, str, tuple[Beside, ...]]]:
    """Anchor, heading, how it was made, rows."""
    claims = "From the claims of 2022, as records."
    return [
        ("figure-2", "Figure 2: the largest ranges of top-1 claims, in points", claims, found.figure_2),
        ("counts", "How many ranges are wide", claims, found.counts),
        ("table-1", "Table 1: how often a zoo is highest or lowest", claims, found.table_1),
        (
            "figure-3",
            "Figure 3: largest over smallest compute",
            "The paper took FLOP counts of three counters. Ours are multiply-accumulates of the networks that can be "
            "built here, by one counter, with what the diff of the two found to cost something.",
            found.figure_3,
        ),
    ]


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("generator"),
        autoescape=True,
        undefined=StrictUndefined,
        # A line break in a record's text must not end the HTML block it stands in.
        finalize=lambda value: " ".join(value.split("\n")) if type(value) is str else value,
    )
    environment.globals |= {
        "zoo_title": zoo_title,
        "claim_anchor": claim_anchor,
        "zoo_titles": ZOO_TITLES,
        "record_href": record_href,
        "runtime_title": lambda name: {"onnxruntime": "ONNX Runtime", "torch": "torch, node by node"}.get(name, name),
        "repository": about.repository_url(),
    }
    return environment


def _page(environment: Environment, template: str, title: str, **content: Any) -> str:
    """One page: front matter, then the template's HTML as a single block."""
    body = environment.get_template(f"{template}.html.jinja").render(title=title, **content)
    lines = [line.strip() for line in body.splitlines()]
    block = "\n".join(line for line in lines if line)
    # The theme prints a page's title as it stands, so it is escaped here already.
    front = f"---\ntitle: {json.dumps(html.escape(title))}\nhide: [navigation, toc]\n---\n"
    return f'{front}<div class="zd">\n{block}\n</div>\n'


def _front_charts(site: Site) -> dict[str, Any]:
    return {
        "accuracy_chart": _accuracy_chart(site.accuracy[:10]),
        "macs_chart": charts.dots(
            [_ratio_line(found) for found in site.macs[:10] if found.ratio > 1],
            "Largest ratios of multiply-accumulates",
            "For each architecture, how many times the compute of the cheapest zoo each zoo's network needs.",
            "times the cheapest",
        ),
        "latency_chart": charts.dots(
            [_spread_line(found) for found in site.latency[:10]],
            "Largest ratios of measured time",
            "For each architecture, each zoo's time over that of the run's reference.",
            "times the reference",
            log=True,
        ),
    }


def _accuracy_chart(ranges: tuple[AccuracyRange, ...]) -> Any:
    lines = [
        charts.Line(
            label=found.title,
            href=f"architectures/{found.architecture}.html#{claim_anchor(found.shown.highest.claim)}",
            points=tuple(
                charts.Point(end.value, end.zoo, f"{end.value:.2f} % claimed for {end.entry}")
                for end in (found.shown.lowest, found.shown.highest)
            ),
            note=f"{found.shown.points:.2f}",
        )
        for found in ranges
    ]
    return charts.dots(
        lines,
        "Largest ranges of claimed top-1 accuracy",
        "For each architecture, the lowest and the highest accuracy that a zoo claimed in 2022.",
        "top-1, %",
    )


def _ratio_line(found: MacsRange) -> charts.Line:
    lowest = found.lowest.macs
    return charts.Line(
        label=found.title,
        href=f"architectures/{found.architecture}.html#counts",
        points=tuple(
            charts.Point(entry.macs / lowest, entry.zoo, f"{entry.entry}: {entry.macs / 1e9:.3f} G")
            for entry in reversed(found.entries)
        ),
        note=f"{found.ratio:.2f}",
    )


def _spread_line(found: LatencyRange) -> charts.Line:
    return charts.Line(
        label=found.title,
        href=f"architectures/{found.architecture}.html#latency",
        points=tuple(
            charts.Point(timed.ratio, timed.zoo, f"{timed.entry}: {timed.ratio:.2f}") for timed in found.entries
        ),
        note=f"{found.ratio:.2f}",
    )


def _macs_chart(found: MacsRange | None) -> Any:
    if found is None or found.ratio == 1:
        return ""
    lines = [
        charts.Line(
            label=entry.entry,
            href="#counts",
            points=(charts.Point(entry.macs / 1e9, entry.zoo, f"{entry.macs:,}"),),
            note=f"{entry.macs / 1e9:.3f}",
        )
        for entry in found.entries
    ]
    return charts.dots(
        lines,
        f"Multiply-accumulates at {found.input_size} pixels",
        "Each zoo's network, counted by one counter.",
        "G multiply-accumulates",
    )


def _latency_chart(found: LatencyRange | None) -> Any:
    if found is None:
        return ""
    lines = [
        charts.Line(
            label=timed.entry,
            href="#latency",
            points=(charts.Point(timed.ratio, timed.zoo, f"{timed.ratio:.3f}"),),
            low=timed.low,
            high=timed.high,
            note=f"{timed.ratio:.2f}",
        )
        for timed in found.entries
    ]
    return charts.dots(
        lines,
        f"Time against {found.reference}",
        "The median ratio of each entry with its 95 % interval.",
        "times the reference",
        log=True,
    )


def diff_page(answer: dict[str, Any], meaning: str, proof: str | None) -> str:
    """The answer of ``zoodata diff`` as a page of its own, which needs no other file."""
    return _environment().get_template("diff.html.jinja").render(answer=answer, meaning=meaning, proof=proof)
