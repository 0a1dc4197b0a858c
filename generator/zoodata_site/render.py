"""Rendering: each view through its template into one Markdown page.

A page's body is one HTML block with everything escaped, so that no record's text is read as Markdown,
HTML or Jinja.
"""

from __future__ import annotations

import functools
import html
import json
import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from zoodata import about
from zoodata.dataset.export import LARGE
from zoodata.dataset.metadata import TABLES, citation
from zoodata.discrepancy.paper import Beside, Reproduction
from zoodata.discrepancy.ways import SOUND
from zoodata.records import FILE_KINDS, ComparisonResult
from zoodata.records.comparison import GRAVITY
from zoodata.wording import authors, findings, latency, networks, warnings
from zoodata.wording.audit import GRADES
from zoodata.wording.licences import PERMISSIONS
from zoodata.wording.networks import MEANING, SHORT_MEANING
from zoodata.wording.obstacles import worded
from zoodata.wording.paper import explanation
from zoodata.wording.ranges import KINDS, PROTOCOLS, TRAININGS
from zoodata.wording.ways import NAMES, RECIPES
from zoodata_site import charts, pictures
from zoodata_site.publish import documents
from zoodata_site.views.architecture import ArchitectureView, ComparedView
from zoodata_site.views.figures import (
    FRAMEWORKS,
    METRICS,
    claim_anchor,
    dispute_url,
    pair_anchor,
    pair_names,
    record_anchor,
    record_href,
    zoo_title,
)
from zoodata_site.views.findings import RULES, counted
from zoodata_site.views.hero import hero
from zoodata_site.views.leaderboard import Row
from zoodata_site.views.site import Site
from zoodata_site.views.ways import winners
from zoodata_site.views.zoo import ASPECTS

COLUMNS = {
    "zoos": "Zoos",
    "comparable": "Comparable top-1 claims differ by, points",
    "naive": "All top-1 claims differ by, points",
    "paper": "Claims of 2022, points",
    "macs": "Compute, largest over smallest",
    "parameters": "Parameters differ by",
    "latency": "Time, slowest over fastest",
    "networks": "Networks",
    "year": "Year",
    "evidence": "Evidence",
}
"""The leaderboard's columns; their names are used in addresses."""

SCRIPTED = {"leaderboard", "compare", "choose"}
"""Pages that have a script of their own beside that of all pages."""

MAX_FINDINGS, MAX_RANKED, MAX_ON_ARCHITECTURE, MAX_DRAWN = 25, 25, 12, 3
STRIP = (50, 90)
"""Percent of top-1: the scale of the ranges on the leaderboard."""
BUDGETS = (10, 20, 50, 100)
"""Milliseconds that somebody may have for an image."""

ROWS_AT_ONCE = 60
"""Rows of the longest tables that a page starts with; its script adds the rest in small parts."""

PUNCTUATION = re.compile(r"(?<=[:_/@-])(?=\w)|(?<=\.)(?=[A-Za-z_])")
"""Where a long name may be broken."""

SECTIONS = (
    (
        "accuracy",
        "Claimed accuracy",
        "One checkpoint, or one documented recipe, with several numbers. Each number was read again where its source "
        "states it.",
        "rankings.html#accuracy",
    ),
    (
        "latency",
        "Measured time",
        "Timed in interleaved rounds on one machine, each ratio within one run, split into what the network costs and "
        "what the framework adds.",
        "rankings.html#latency",
    ),
    (
        "architecture",
        "Architecture",
        "Multiply-accumulates of the networks the zoos build, by one counter, at one input size.",
        "rankings.html#macs",
    ),
)
"""The front page's kinds of discrepancy: id, heading, note, and where the rest is."""


def pages(site: Site) -> Iterator[tuple[str, str]]:
    """Path and Markdown of each page."""
    page = functools.partial(_page, _environment())
    yield "index.md", page("index", "The same model, from another zoo", site=site, sections=SECTIONS,
                           hero=hero(site.architectures))  # fmt: skip
    yield "choose.md", page("choose", "Choose a model", **_choices(site))
    yield "leaderboard.md", page("leaderboard", "Leaderboard", site=site, columns=COLUMNS.items(),
                                 parts=_parts(site.rows), strip=_strip, scale=STRIP,
                                 at_once=ROWS_AT_ONCE)  # fmt: skip
    yield "measured.md", page("measured", "Measured accuracy", sets=site.measured_sets,
                              charts=[pictures.measured(each) for each in site.measured_sets],
                              falls=pictures.attributions(site.measured_sets))  # fmt: skip
    yield "ways.md", page("ways", "How to run a model", ways=site.ways, winners=winners(site.ways), names=NAMES,
                          recipes=RECIPES, sound=SOUND)  # fmt: skip
    yield "rankings.md", page("rankings", "Rankings", site=site, kinds=KINDS, protocols=PROTOCOLS, first=MAX_RANKED)
    yield "compare.md", page("compare", "Swap weights", examples=_examples(site))
    yield "audit.md", page("audit", "Audit", site=site, counts=counted(site.findings), rules=RULES, grades=GRADES,
                             most=MAX_FINDINGS, heat=pictures.findings(site.findings))  # fmt: skip
    yield "paper.md", page("paper", "The paper, reproduced", parts=_paper_parts(site.paper))
    yield "download.md", page("download", "Data", site=site, **_downloads(site))
    yield "api.md", page("api", "JSON API", reference=documents.reference(), addresses=_addresses(site))
    yield "architectures/index.md", page("architectures", "Architectures", site=site, families=_families(site))
    yield "zoos/index.md", page("zoos", "Zoos", site=site, matrix=pictures.documentation(site.zoos))
    for view in site.architectures:
        architecture = view.discrepancies.architecture
        content: dict[str, Any] = {
            "view": view,
            "pairable": _pairable(view),
            "audited": MAX_ON_ARCHITECTURE,
            "drawn": MAX_DRAWN,
        }
        content |= {"kinds": KINDS, "protocols": PROTOCOLS, "grades": GRADES}
        content |= pictures.of_architecture(view)
        yield f"architectures/{architecture.id}.md", page("architecture", architecture.title, **content)
    for zoo in site.zoos:
        yield f"zoos/{zoo.name}.md", page("zoo", zoo.title, view=zoo, aspects=ASPECTS, grades=GRADES,
                                              most=MAX_ON_ARCHITECTURE)  # fmt: skip


def diff_page(a: str, b: str, result: ComparisonResult) -> str:
    """The answer of ``zoodata diff`` as a page of its own, which needs no other file."""
    return _environment().get_template("diff.html.jinja").render(a=a, b=b, result=result)


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("zoodata_site"),
        autoescape=True,
        undefined=StrictUndefined,
        # A line break in a record's text must not end the HTML block it stands in.
        finalize=lambda value: " ".join(value.split("\n")) if type(value) is str else value,
    )
    environment.filters["breakable"] = _breakable
    environment.globals |= {
        "zoo_title": zoo_title,
        "claim_anchor": claim_anchor,
        "record_anchor": record_anchor,
        "pair_anchor": pair_anchor,
        "pair_names": pair_names,
        "record_href": record_href,
        "dispute_url": dispute_url,
        "draw": _draw,
        "metrics": METRICS,
        "gravity": GRAVITY,
        "meaning": MEANING,
        "short_meaning": SHORT_MEANING,
        "finding_sentence": findings.sentence,
        "proof_sentence": networks.proof,
        "explanation": explanation,
        "basis": authors.basis,
        "warning_words": warnings.words,
        "unsplit_words": latency.unsplit,
        "other_work": latency.OTHER_WORK,
        "precision": latency.PRECISION,
        "interval": latency.interval,
        "across": latency.across,
        "seen": latency.seen,
        "machine": latency.machine,
        "runtime_title": lambda name: {"onnxruntime": "ONNX Runtime", "torch": "torch, node by node"}.get(name, name),
        "repository": about.repository_url(),
    }
    return environment


def _breakable(name: str) -> Markup:
    """A name whose line may end after its punctuation, and nowhere else."""
    return Markup("<wbr>").join(PUNCTUATION.split(" ".join(name.split("\n"))))


def _page(environment: Environment, template: str, title: str, **content: Any) -> str:
    """One page: front matter, then the template's HTML as a single block."""
    body = environment.get_template(f"{template}.html.jinja").render(title=title, **content)
    lines = [line.strip() for line in body.splitlines()]
    block = "\n".join(line for line in lines if line)
    # The theme prints a page's title as it stands, so it is escaped here already.
    front = f"---\ntitle: {json.dumps(html.escape(title))}\nhide: [navigation, toc]\n"
    front += f"script: {template}\n---\n" if template in SCRIPTED else "---\n"
    return f'{front}<div class="zd">\n{block}\n</div>\n'


def _draw(compared: ComparedView) -> Any:
    return charts.blocks(compared.blocks, compared.pair.a, compared.pair.b)


def _parts(rows: Sequence[Row]) -> dict[str, Callable[[float], int]]:
    """For each numeric column how long the bar of a value is, in percent of the longest; ratios by logarithm."""
    shown = {"parameters": [row.parameters for row in rows]}
    ratios = {"macs": [row.macs for row in rows], "latency": [row.latency for row in rows]}
    parts: dict[str, Callable[[float], int]] = {}
    for name, figures in (shown | ratios).items():
        scale = math.log if name in ratios else math.sqrt
        most = max((scale(each.value) for each in figures if each and each.value), default=0.0)
        parts[name] = functools.partial(_part, scale, most)
    return parts


def _strip(ends: tuple[float, float]) -> tuple[int, int]:
    """Where a range of accuracies begins and ends on the scale that all rows share, in percent of its length."""
    low, high = (100 * (value - STRIP[0]) / (STRIP[1] - STRIP[0]) for value in ends)
    begins = round(min(max(low, 0), 98))
    return begins, max(round(min(high, 100)), begins + 2)


def _part(scale: Callable[[float], float], most: float, value: float) -> int:
    return round(100 * scale(value) / most) if most > 0 and value > 0 else 0


def _choices(site: Site) -> dict[str, Any]:
    return {
        "choices": site.choices,
        "compute": pictures.accuracy_against_compute(site.choices),
        "time": pictures.accuracy_against_time(site.choices),
        "zoos": sorted({each.zoo for each in site.choices.checkpoints}),
        "frameworks": FRAMEWORKS,
        "trainings": TRAININGS,
        "within": _within(site),
        "permissions": PERMISSIONS,
        "at_once": ROWS_AT_ONCE,
        "left_out": worded(site.choices.left_out),
    }


def _within(site: Site) -> list[tuple[int, Any]]:
    """For each budget of time the most accurate checkpoint that keeps it, where the budget before had another."""
    front, found = site.choices.front_of_time, list[tuple[int, Any]]()
    for limit in BUDGETS:  # the front has the most accurate first
        best = next((each for each in front if each.milliseconds and each.milliseconds <= limit), None)
        if best is not None and (not found or found[-1][1] is not best):
            found.append((limit, best))
    return found


def _downloads(site: Site) -> dict[str, Any]:
    return {
        "tables": TABLES, "kinds": sorted({*FILE_KINDS, "claim"}), "citation": citation(site.version),
        "example": _named(site), "packed": LARGE,
    }  # fmt: skip


def _families(site: Site) -> list[tuple[str, list[ArchitectureView]]]:
    """Title of each family and its architectures, by title."""
    members: dict[str, list[ArchitectureView]] = defaultdict(list)
    for view in site.architectures:
        members[view.discrepancies.family].append(view)
    return sorted(((title, members[name]) for name, title in site.families), key=lambda pair: pair[0].lower())


def _addresses(site: Site) -> dict[str, str]:
    """Of each of the API's addresses one that is there."""
    names = {"id": _named(site) if site.rows else "", "name": site.zoos[0].name if site.zoos else ""}
    found = {address: address.format(**names) for address in documents.ADDRESSES}
    return {address: each for address, each in found.items() if "/.json" not in each}


def _named(site: Site) -> str:
    """The architecture that examples name."""
    return next((row.id for row in site.rows if row.id == "resnet50"), site.rows[0].id if site.rows else "resnet50")


def _examples(site: Site) -> list[tuple[str, str, str]]:
    """Pairs whose networks differ, of architectures that most zoos have."""
    known = sorted(site.architectures, key=lambda view: -len(view.entries))
    pairs = [view.compared[0].pair for view in known if view.compared]
    return [(pair.a, pair.b, pair.verdict) for pair in pairs[:4]]


def _pairable(view: ArchitectureView) -> tuple[str, str] | None:
    if view.compared:
        return view.compared[0].pair.a, view.compared[0].pair.b
    names = [entry.entry for entry in view.entries]
    return (names[0], names[1]) if len(names) > 1 else None


def _paper_parts(reproduction: Reproduction) -> list[tuple[str, str, str, tuple[Beside, ...]]]:
    """Anchor, heading, how it was made, rows."""
    claims = "From the claims of 2022, as records."
    return [
        ("figure-2", "Figure 2: the largest ranges of top-1 claims, in points", claims, reproduction.figure_2),
        ("counts", "How many ranges are wide", claims, reproduction.counts),
        ("table-1", "Table 1: how often a zoo is highest or lowest", claims, reproduction.table_1),
        (
            "figure-3",
            "Figure 3: largest over smallest compute",
            "The paper took FLOP counts of three counters. Ours are multiply-accumulates of the networks that can be "
            "built here, by one counter, with what the diff of the two found to cost something.",
            reproduction.figure_3,
        ),
    ]
