"""Which charts the pages show, and what they say: from views to drawings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from zoodata.discrepancy.accuracy import PAPER
from zoodata.discrepancy.choice import Choice, Choices
from zoodata.discrepancy.latency import LatencyRange
from zoodata.discrepancy.macs import MacsRange
from zoodata_site import charts
from zoodata_site.views.architecture import ArchitectureView
from zoodata_site.views.claims import ClaimView
from zoodata_site.views.figures import claim_anchor, zoo_title
from zoodata_site.views.measured import MeasuredSet
from zoodata_site.views.zoo import ASPECTS, ZooView


def accuracy_against_compute(choices: Choices) -> Any:
    """Claimed accuracy against counted compute, a checkpoint a dot."""
    front = set(choices.front_of_compute)
    return charts.scatter(
        [_dot(each, each.macs / 1e9, f"{each.macs / 1e9:.2f} GMAC", each in front) for each in choices.checkpoints],
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
        _dot(each, each.milliseconds, f"{each.milliseconds:.1f} ms", each in front)
        for each in choices.checkpoints
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


def _dot(choice: Choice, x: float, cost: str, on_front: bool) -> charts.Dot:
    href = f"architectures/{choice.architecture}.html#{claim_anchor(choice.claim)}"
    text = f"{choice.entry}: {choice.top1:.2f} %, {cost}, {choice.size} px"
    label = choice.entry.partition(":")[2].partition("@")[0]
    return charts.Dot(x, choice.top1, choice.zoo, text, href, choice.entry, label, on_front,
                      is_hollow=choice.training != "supervised")  # fmt: skip


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
    rows = [(zoo.title, f"{zoo.name}.html", zoo.documented) for zoo in zoos]
    return charts.matrix(
        rows,
        ASPECTS,
        "How complete each zoo's documentation is",
        "For each zoo, for how many of its entries in the catalogue it states a number or a fact, in percent.",
    )


def of_architecture(view: ArchitectureView) -> dict[str, Any]:
    """The charts of an architecture's page, by the names its template uses."""
    return {
        "claims_chart": _claims(view.claims),
        "macs_chart": _macs(view.discrepancies.macs),
        "latency_chart": _latency(view.discrepancies.latency),
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
    lines = [
        charts.Line(
            label=entry.entry,
            href="#counts",
            points=(charts.Point(entry.macs / 1e9, entry.zoo, f"{entry.macs / 1e9:.3f} G"),),
            note=f"{entry.macs / 1e9:.3f}",
        )
        for entry in ratio.entries
    ]
    return charts.dots(
        lines,
        f"Multiply-accumulates at {ratio.input_size} pixels",
        "Each zoo's network, counted by one counter.",
        "G multiply-accumulates",
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
