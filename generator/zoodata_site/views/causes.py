"""Why a discrepancy is there, in words, from records alone. What they do not hold is said to be unknown."""

from __future__ import annotations

from collections.abc import Sequence

from zoodata.dataset.store import Dataset
from zoodata.dataset.tables import as_read
from zoodata.discrepancy.accuracy import Span
from zoodata.discrepancy.latency_run import LatencyRange
from zoodata.discrepancy.macs import MacsRange
from zoodata.discrepancy.networks import compared, sides, verdict_between
from zoodata.graph.values import NOTHING
from zoodata.records import Claim, entry_zoo
from zoodata.records.comparison import FindingRecord
from zoodata.wording.ranges import PROTOCOLS
from zoodata_site.views.drawing import part_value, plain_value
from zoodata_site.views.figures import pair_names, zoo_title

WORDS = {"None": "none", "True": "yes", "False": "no"}
"""Values of attributes, for readers."""

ARTICLES = dict.fromkeys("aeiou", "an")

MAX_LENGTH = 260
"""Of a cause, in characters."""

NETWORKS = {
    "identical": "the two networks are one",
    "benign": "the networks compute the same function",
    "other_head": "the networks differ in their head only",
    "parametric": "the networks differ, though weights fit both",
    "structural": "the networks differ, and weights of one do not fit the other",
}


class Causes:
    """Looks for causes in one dataset."""

    def __init__(self, dataset: Dataset, doubted: dict[str, str]) -> None:
        """``doubted``: claims that the audit has a finding about, and the finding in words."""
        self._dataset, self._doubted = dataset, doubted
        self._claims = {claim.id: claim for claim in dataset.claims}
        self._notes = {
            name: f"{zoo_title(entry_zoo(name))}: {item.note.rstrip('.')}"
            for name, (_, item) in dataset.catalogue_entries.items()
            if item.note
        }

    def of_accuracy(self, span: Span) -> str:
        """Of the gap between the highest and the lowest claim."""
        high, low = span.highest, span.lowest
        one, other = (as_read(self._dataset, self._claims[end.claim]) for end in (high, low))
        parts = [f"the audit doubts {zoo_title(end.zoo)}: {self._doubted[end.claim]}"
                 for end in (low, high) if end.claim in self._doubted]  # fmt: skip
        stated = _preprocessing(one, other)
        if span.kind == "checkpoint":
            how = f": {PROTOCOLS[span.protocol]}" if span.protocol and not stated else ""
            parts.append(f"both evaluate one checkpoint{how}")
        else:
            parts.append("one documented recipe, trained independently")
        verdict = verdict_between(self._dataset, one.entry, other.entry)
        return _sentence([*parts, *stated, *([NETWORKS[verdict]] if verdict else [])])

    def of_macs(self, ratio: MacsRange) -> str:
        """Of the gap in compute at one input size: the differences that cost something, gravest first."""
        record = compared(self._dataset, ratio.highest.entry, ratio.lowest.entry)
        if record is None or record.result is None:
            return "Not known: these two networks were not compared."
        a, b = pair_names(*sides(self._dataset, record, ratio.highest.entry, ratio.lowest.entry))
        notes = [self._notes[end.entry] for end in (ratio.highest, ratio.lowest) if self._notes.get(end.entry)]
        costly = [finding for finding in record.result.findings if finding.macs is not None]
        if not costly:
            return _sentence([*notes, NETWORKS[record.result.verdict]])
        return _sentence([*notes, briefs(costly[:2], a, b)])

    def of_latency(self, timed: LatencyRange) -> str:
        """Of the gap in time: what is the network's, what the framework's."""
        slow, fast = zoo_title(entry_zoo(timed.slowest)), zoo_title(entry_zoo(timed.fastest))
        if timed.split is None:
            return "Not split: the networks of this run were not timed in one runtime."
        network, rest = timed.split.network, timed.split.frameworks
        runtimes = {entry.runtime for entry in timed.entries if entry.entry in (timed.slowest, timed.fastest)}
        if network.low == network.high == 1:
            text = f"One network: what runs it takes {rest.value:.2f} times as long in {slow} as in {fast}"
            own = ", both in one runtime: it is the layers of their own code, not the framework"
            return f"{text}{own if len(runtimes) == 1 else ''}."
        return (
            f"In one runtime {slow}'s network takes {network.value:.2f} times as long as {fast}'s; "
            f"what runs them changes that by a factor of {rest.value:.2f}."
        )


def briefs(findings: Sequence[FindingRecord], a: str, b: str) -> str:
    """Several differences in a few words; what they cost once, where the same layers have them."""
    told, costs = [], set[tuple[int, int]]()
    for finding in findings:
        told.append(brief(finding.model_copy(update={"macs": None}) if finding.macs in costs else finding, a, b))
        if finding.macs is not None:
            costs.add(finding.macs)
    return "; ".join(told)


def brief(finding: FindingRecord, a: str, b: str) -> str:
    """One difference in a few words, with what it costs: stride 1 in the one, 2 in the other, in three places."""
    what = finding.operator.replace("_", " ")
    if finding.kind in ("inserted", "removed"):
        text = f"only {b if finding.kind == 'inserted' else a} has {_many(finding, what)}"
    elif finding.kind == "replaced":
        one, other = (part_value(part) for part in (finding.part_a, finding.part_b))
        text = f"{what}: {one} in {a}, {other} in {b}"
    elif finding.kind == "preprocessing":
        if NOTHING in (finding.a, finding.b):
            text = f"{b if finding.a == NOTHING else a} rescales the image inside its network"
        else:
            text = f"both rescale the image inside their networks: {finding.a} in {a}, {finding.b} in {b}"
    elif finding.kind == "moved":
        text = f"the {what} with {finding.attribute} {plain_value(finding.a)} is another one"
    else:
        one, other = (WORDS.get(value, value) for value in map(plain_value, (finding.a, finding.b)))
        text = f"{what}, {finding.attribute}: {one} in {a}, {other} in {b}"
    places = f", in {len(finding.places)} places" if len(finding.places) > 1 and finding.kind == "changed" else ""
    cost = ""
    if finding.macs is not None:
        one, other = (f"{macs / 1e9:.3f}" for macs in finding.macs)
        cost = f" ({one} against {other} GMAC in these layers)" if one != other else ""
    return f"{text}{places}{cost}"


def _many(finding: FindingRecord, what: str) -> str:
    part = finding.part_a or finding.part_b
    each = part_value(part) if part is not None and part.size > 1 else f"{ARTICLES.get(what[0], 'a')} {what}"
    return each if len(finding.places) == 1 else f"{each}, in {len(finding.places)} places"


def _preprocessing(one: Claim, other: Claim) -> list[str]:
    a, b = one.conditions, other.conditions
    pairs = [("crop", a.crop_fraction, b.crop_fraction), ("interpolation", a.interpolation, b.interpolation),
             ("precision", a.precision, b.precision)]  # fmt: skip
    return [f"{name} {x} against {y}" for name, x, y in pairs if x and y and x != y]


def _sentence(parts: list[str]) -> str:
    text = "; ".join(parts)
    return _cut(text[0].upper() + text[1:] + ("" if text.endswith(".") else "."))


def _cut(text: str) -> str:
    return text if len(text) <= MAX_LENGTH else f"{text[:MAX_LENGTH].rpartition(' ')[0]} …"
