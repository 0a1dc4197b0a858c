"""The front page's picture: one architecture from two zoos, line by line, as the records have it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from zoodata.records.base import without_weights
from zoodata.records.comparison import FindingRecord, Verdict
from zoodata_site.views.architecture import ArchitectureView
from zoodata_site.views.causes import WORDS
from zoodata_site.views.compatibility import SAME
from zoodata_site.views.drawing import plain_value
from zoodata_site.views.entries import EntryView
from zoodata_site.views.figures import pair_anchor, zoo_title

MOST_LINES = 5
DECIDED = frozenset({"reference", "slower", "faster"})
FIRST = ("torchvision:resnet50", "keras_applications:ResNet50")
"""The pair that the founding paper begins with; another one where the dataset does not have it."""


@dataclass(frozen=True)
class Line:
    """One thing that both have."""

    what: str
    a: str
    b: str
    part_a: float | None = None
    """Length of its bar, of 1."""
    part_b: float | None = None

    @property
    def differs(self) -> bool:
        """Whether the two say another thing."""
        return self.a != self.b


@dataclass(frozen=True)
class Hero:
    """Two entries of one name."""

    title: str
    headline: str
    a: EntryView
    b: EntryView
    lines: tuple[Line, ...]
    verdict: Verdict
    href: str


def hero(views: Sequence[ArchitectureView]) -> Hero | None:
    """The front page's pair; None where no two networks that differ were compared."""
    pairs = [(view, each.pair) for view in views for each in view.compared if each.pair.verdict not in SAME]
    pairs.sort(key=lambda each: ({each[1].a, each[1].b} != set(FIRST), -len(each[0].entries)))
    if not pairs:
        return None
    view, pair = pairs[0]
    by_entry = {entry.entry: entry for entry in view.entries}
    names = (pair.a, pair.b) if pair.a == FIRST[0] or pair.b != FIRST[0] else (pair.b, pair.a)
    a, b = (by_entry[name] for name in names)
    title = view.discrepancies.architecture.title
    return Hero(
        title=title,
        headline=f"{title} from {zoo_title(b.zoo)} is not {title} from {zoo_title(a.zoo)}",
        a=a,
        b=b,
        lines=tuple(_lines(view, a, b, swapped=names[0] != pair.a, findings=pair.findings)),
        verdict=pair.verdict,
        href=f"architectures/{view.discrepancies.architecture.id}.html#{pair_anchor(pair.measurement)}",
    )


def _lines(
    view: ArchitectureView, a: EntryView, b: EntryView, swapped: bool, findings: Sequence[FindingRecord]
) -> list[Line]:
    lines = []
    one_claim, other_claim = _claimed(view, a), _claimed(view, b)
    if one_claim and other_claim:
        lines.append(Line("Top-1 that the zoo claims for this entry", one_claim, other_claim))
    if a.macs and b.macs and a.macs.value and b.macs.value:
        most = max(a.macs.value, b.macs.value)
        lines.append(Line("Multiply-accumulates", a.macs.text, b.macs.text, a.macs.value / most, b.macs.value / most))
    times = {timed.entry: timed for timed in (view.discrepancies.latency.entries if view.discrepancies.latency else ())}
    if a.entry in times and b.entry in times and {times[a.entry].verdict, times[b.entry].verdict} <= DECIDED:
        one, other = times[a.entry].median_ms, times[b.entry].median_ms
        lines.append(Line("Time of one image, on one machine", f"{one:.0f} ms", f"{other:.0f} ms",
                          one / max(one, other), other / max(one, other)))  # fmt: skip
    for finding in findings:
        if finding.attribute and len(lines) < MOST_LINES and finding.kind in ("changed", "moved"):
            values = [plain_value(finding.a), plain_value(finding.b)]
            if finding.kind == "moved" and finding.places:
                values = [str(finding.places[0].a), str(finding.places[0].b)]
            what = f"{finding.operator.replace('_', ' ').capitalize()}, {finding.attribute}"
            if finding.kind == "moved":
                what += f" {plain_value(finding.a)}: where first"
            left, right = values[::-1] if swapped else values
            lines.append(Line(what, WORDS.get(left, left), WORDS.get(right, right)))
    if a.preprocessing and b.preprocessing:
        lines.append(Line("What is done to the image", a.preprocessing, b.preprocessing))
    return lines


def _claimed(view: ArchitectureView, entry: EntryView) -> str:
    """The range of an entry's top-1 claims; empty where there are none."""
    values = [
        claim.figure.value
        for claim in view.claims
        if claim.metric == "top1" and without_weights(claim.entry) == entry.entry and claim.figure.value is not None
    ]
    if not values:
        return ""
    low, high = min(values), max(values)
    return f"{low:.2f} %" if low == high else f"{low:.2f} to {high:.2f} %"
