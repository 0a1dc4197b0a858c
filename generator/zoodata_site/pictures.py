"""Which charts the pages show, and what they say: from views to drawings."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

from zoodata.dataset.machines import Machine
from zoodata.discrepancy.accuracy import PAPER
from zoodata.discrepancy.choice import Choice, Choices
from zoodata.discrepancy.latency import Machines
from zoodata.discrepancy.latency_run import LatencyRange
from zoodata.discrepancy.macs import MacsRange
from zoodata.records import entry_zoo
from zoodata.wording.latency import machine
from zoodata_site import charts
from zoodata_site.charts import svg
from zoodata_site.charts.dots import LONGEST_LABEL
from zoodata_site.views.architecture import ArchitectureView
from zoodata_site.views.claims import ClaimView
from zoodata_site.views.figures import claim_anchor, zoo_title
from zoodata_site.views.findings import RULES, FindingView
from zoodata_site.views.measured import MeasuredSet
from zoodata_site.views.zoo import ASPECTS, ZooView


def accuracy_against_compute(choices: Choices) -> Any:
    """Claimed accuracy against counted compute, a checkpoint a dot."""
    front = set(choices.front_of_compute)
    return charts.scatter(
        [
            _dot(n, each, each.macs / 1e9, f"{each.macs / 1e9:.2f} GMAC", each in front)
            for n, each in enumerate(choices.checkpoints)
        ],
        "Claimed accuracy against counted compute",
        "Each checkpoint's top-1 claim over the multiply-accumulates of its network at the claim's image size; a line "
        "joins those that none with less compute beats.",
        "G multiply-accumulates of one image (logarithmic)",
        "top-1, %",
    )


def accuracy_against_time(choices: Choices) -> Any:
    """Claimed accuracy against measured time, a checkpoint a dot."""
    front = set(choices.front_of_time)
    dots = [
        _dot(n, each, each.milliseconds, f"{each.milliseconds:.1f} ms", each in front)
        for n, each in enumerate(choices.checkpoints)
        if each.milliseconds is not None
    ]
    return charts.scatter(
        dots,
        "Claimed accuracy against measured time",
        f"Each checkpoint's top-1 claim over the median time of one image on {choices.machine}; a line joins those "
        "that none faster beats.",
        "ms of one image (logarithmic)",
        "top-1, %",
    )


def _dot(number: int, choice: Choice, x: float, cost: str, on_front: bool) -> charts.Dot:
    href = f"architectures/{choice.architecture}.html#{claim_anchor(choice.claim)}"
    text = f"{choice.entry}: {choice.top1:.2f} %, {cost}, {choice.size} px"
    label = choice.entry.partition(":")[2].partition("@")[0]
    return charts.Dot(x, choice.top1, choice.zoo, text, href, number, label, on_front,
                      is_open=choice.training != "supervised")  # fmt: skip


def measured(found: MeasuredSet) -> Any:
    """Measured accuracy of each checkpoint with its interval, the most accurate first."""
    lines = [
        charts.Line(
            label=row.entry.partition(":")[2].partition("@")[0] + (" *" if row.doubts else ""),
            href=f"architectures/{row.architecture}.html#measured" if row.architecture else "",
            points=(charts.Point(row.top1, row.zoo, f"{row.label}: {row.top1:.1f} %"),),
            low=row.low,
            high=row.high,
            note=f"{row.top1:.1f}",
        )
        for row in found.rows
    ]
    return charts.dots(
        lines,
        f"Top-1 on the same {found.images:,} images",
        "Each checkpoint's part of the images that its first answer is right on, with its 95 % interval. A star: a "
        "check says what to doubt.",
        "top-1, %",
    )


def attributions(sets: Sequence[MeasuredSet]) -> dict[str, Any]:
    """A waterfall for each attribution, by its record."""
    return {
        each.record: charts.waterfall(
            f"From {each.a} to {each.b}", each.top1_a, [(name, points) for name, points, _, _ in each.steps],
            each.top1_b,
        )
        for found in sets
        for each in found.attributions
    }  # fmt: skip


def documentation(zoos: Sequence[ZooView]) -> Any:
    """How complete each zoo's documentation is."""
    rows = [(zoo.title, f"{zoo.name}.html", zoo.documented) for zoo in zoos if zoo.documented]
    return charts.matrix(
        rows,
        ASPECTS,
        "How complete each zoo's documentation is",
        "For each zoo, for how many of its entries in the catalogue it states a number or a fact, in percent.",
    )


def findings(found: Sequence[FindingView], most: int = 24) -> Any:
    """Zoo against rule: how many findings that are a mistake or to be explained, the zoos with most first."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for each in found:
        if each.grade != "convention":
            counts[each.zoo][each.rule] += 1
    zoos = sorted(counts, key=lambda zoo: (-counts[zoo].total(), zoo))[:most]
    return charts.matrix(
        [(zoo_title(zoo), f"zoos/{zoo}.html#audit", [counts[zoo][rule] for rule in RULES]) for zoo in zoos],
        [rule.replace("contradiction", "contra- diction") for rule in RULES],
        "Findings by zoo and rule",
        f"Mistakes and what is to be explained, of the {len(zoos)} zoos with most; conventions are left out.",
        counts=True,
    )


def of_architecture(view: ArchitectureView) -> dict[str, Any]:
    """The charts of an architecture's page, by the names its template uses."""
    return {
        "claims_chart": _claims(view.claims),
        "macs_chart": _macs(view.discrepancies.macs),
        "latency_chart": _latency(view.discrepancies.latency),
        "machines_chart": _across(view.discrepancies.machines),
        "split_chart": _split(view.discrepancies.latency),
    }


def _claims(claims: Sequence[ClaimView]) -> Any:
    """Each zoo's lowest and highest top-1 claim of today; one dot where there is one number."""
    by_zoo: dict[str, list[ClaimView]] = {}
    for claim in claims:
        if claim.metric == "top1" and claim.collection != PAPER:
            by_zoo.setdefault(claim.zoo, []).append(claim)
    if len(by_zoo) < 2:
        return ""
    lines = []
    for zoo, own in by_zoo.items():
        ordered = sorted(own, key=lambda claim: claim.figure.value or 0.0)
        ends = [ordered[0], ordered[-1]] if ordered[0].figure.value != ordered[-1].figure.value else [ordered[0]]
        points = tuple(charts.Point(c.figure.value or 0.0, zoo, c.figure.text) for c in ends)
        lines.append(charts.Line(zoo_title(zoo), f"#{ordered[-1].anchor}", points))
    lines.sort(key=lambda line: -line.points[-1].value)
    return charts.dots(
        lines,
        "Claimed top-1 accuracy, zoo by zoo",
        "Each zoo's lowest and highest claim, whatever recipe and image size; comparable ones are in the text.",
        "top-1, %",
    )


def _macs(ratio: MacsRange | None) -> Any:
    if ratio is None or ratio.ratio == 1:
        return ""
    alike: dict[tuple[str, int], list[str]] = defaultdict(list)
    for entry in ratio.entries:
        alike[entry.zoo, entry.macs].append(entry.entry)
    lines = [
        charts.Line(
            label=own[0] if len(own) == 1 else f"{zoo_title(zoo)}, {len(own)} entries",
            href="#counts",
            points=(charts.Point(macs / 1e9, zoo, f"{macs / 1e9:.3f} G"),),
            note=f"{macs / 1e9:.3f}",
        )
        for (zoo, macs), own in alike.items()
    ]
    return charts.dots(
        lines,
        f"Multiply-accumulates at {ratio.input_size} pixels",
        "Each zoo's network, counted by one counter.",
        "G multiply-accumulates",
    )


def _split(latency: LatencyRange | None) -> Any:
    """What each ratio is made of: the network's part, then the framework's."""
    timed = latency.entries if latency else ()
    rows = [
        charts.Factored(one.entry, "#split", one.zoo, one.split.network.value, one.split.frameworks.value)
        for one in timed
        if one.split is not None
    ]
    return charts.factors(
        rows,
        ("networks", "frameworks"),
        "Network times framework",
        "The upper bar is what the network costs against the reference's in one runtime, the lower one what the "
        "framework adds; the dot is the ratio.",
        "times the reference",
    )


def _short(on: Machine) -> str:
    """A machine's name, cut in its model's name, not in what it did."""
    work = machine(on).removeprefix(on.model)
    return svg.shorten(on.model, max(8, LONGEST_LABEL - len(work))) + work


def _across(machines: Machines | None) -> Any:
    """A row a machine, a dot an entry."""
    by_machine: dict[Machine, list[charts.Point]] = {}
    for one in machines.entries if machines else ():
        for run in one.runs:
            point = charts.Point(run.ratio.value, entry_zoo(one.entry), f"{one.entry} {run.ratio.value:.3f}")
            by_machine.setdefault(run.machine, []).append(point)
    if machines is None or len(by_machine) < 2:
        return ""
    lines = [charts.Line(_short(each), "#machines", tuple(points)) for each, points in by_machine.items()]
    return charts.dots(
        lines,
        f"Time against {machines.entries[0].reference}, machine by machine",
        "A row for each machine, a dot for each entry.",
        "times the reference",
        log=True,
    )


def _latency(latency: LatencyRange | None) -> Any:
    if latency is None:
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
        for timed in latency.entries
    ]
    return charts.dots(
        lines,
        f"Time against {latency.reference}",
        "Every ratio with its 95 % interval.",
        "times the reference",
        log=True,
    )
