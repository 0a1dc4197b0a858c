"""Why a discrepancy is there, in words, from records alone. What they do not hold is said to be unknown."""

from __future__ import annotations

from zoodata.dataset.store import Dataset
from zoodata.discrepancy.accuracy import RangeEnd, Span
from zoodata.discrepancy.latency_run import LatencyRange
from zoodata.discrepancy.macs import MacsRange
from zoodata.discrepancy.networks import compared, verdict_between
from zoodata.records import Claim, entry_zoo
from zoodata.records.comparison import FindingRecord
from zoodata_site.views.drawing import part_value, plain_value
from zoodata_site.views.figures import zoo_title

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

    def of_accuracy(self, span: Span) -> str:
        """Of the gap between the highest and the lowest claim."""
        high, low = span.highest, span.lowest
        one, other = self._claims[high.claim], self._claims[low.claim]
        parts = [f"the audit doubts {zoo_title(end.zoo)}: {self._doubted[end.claim]}"
                 for end in (low, high) if end.claim in self._doubted]  # fmt: skip
        parts += [*_recipes(one, other, high, low), *_preprocessing(one, other)]
        verdict = verdict_between(self._dataset, one.entry, other.entry)
        if verdict:
            parts.append(NETWORKS[verdict])
        if one.checkpoint and one.checkpoint == other.checkpoint:
            parts.insert(0, "both name one checkpoint")
        if not parts:
            return "Not known: neither source states its recipe or preprocessing, and no two networks were compared."
        return _sentence(parts)

    def of_macs(self, ratio: MacsRange) -> str:
        """Of the gap in compute at one input size: the differences that cost something, gravest first."""
        record = compared(self._dataset, ratio.highest.entry, ratio.lowest.entry)
        if record is None or record.result is None:
            return "Not known: these two networks were not compared."
        a, b = zoo_title(entry_zoo(record.a)), zoo_title(entry_zoo(record.b))
        costly = [finding for finding in record.result.findings if finding.macs is not None]
        if not costly:
            return _sentence([NETWORKS[record.result.verdict]])
        return _sentence([brief(finding, a, b) for finding in costly[:2]])

    def of_latency(self, timed: LatencyRange) -> str:
        """Of the gap in time: what is the network's, what the framework's."""
        slow, fast = zoo_title(entry_zoo(timed.slowest)), zoo_title(entry_zoo(timed.fastest))
        if timed.split is None:
            return "Not split: the networks of this run were not timed in one runtime."
        network, rest = timed.split.network, timed.split.frameworks
        if network.low == network.high == 1:
            return f"One network: what runs it takes {rest.value:.2f} times as long in {slow} as in {fast}."
        return (
            f"In one runtime {slow}'s network takes {network.value:.2f} times as long as {fast}'s; "
            f"what runs them changes that by a factor of {rest.value:.2f}."
        )


def brief(finding: FindingRecord, a: str, b: str) -> str:
    """One difference in a few words, with what it costs: stride 1 in the one, 2 in the other, in three places."""
    what = finding.operator.replace("_", " ")
    if finding.kind in ("inserted", "removed"):
        text = f"only {b if finding.kind == 'inserted' else a} has {_many(len(finding.places), what)}"
    elif finding.kind == "replaced":
        one, other = (part_value(part) for part in (finding.part_a, finding.part_b))
        text = f"{what}: {one} in {a}, {other} in {b}"
    elif finding.kind == "preprocessing":
        holder = a if plain_value(finding.b) == plain_value(None) else b
        text = f"{holder} rescales the image inside its network"
    elif finding.kind == "moved":
        text = f"the {what} with {finding.attribute} {plain_value(finding.a)} is another one"
    else:
        text = f"{what}, {finding.attribute}: {plain_value(finding.a)} in {a}, {plain_value(finding.b)} in {b}"
    places = f", in {len(finding.places)} places" if len(finding.places) > 1 and finding.kind == "changed" else ""
    cost = ""
    if finding.macs is not None:
        cost = f" ({finding.macs[0] / 1e9:.3f} against {finding.macs[1] / 1e9:.3f} GMAC there)"
    return f"{text}{places}{cost}"


def _many(count: int, what: str) -> str:
    return f"a {what}" if count == 1 else f"{count} of {what}"


def _recipes(one: Claim, other: Claim, high: RangeEnd, low: RangeEnd) -> list[str]:
    a, b = (_recipe(claim.conditions.recipe) for claim in (one, other))
    if a and b and a != b:
        return [f"other recipes: {a} in {zoo_title(high.zoo)}, {b} in {zoo_title(low.zoo)}"]
    if a or b:
        named, silent, recipe = (high, low, a) if a else (low, high, b)
        return [f"only {zoo_title(named.zoo)} names its recipe ({recipe}), {zoo_title(silent.zoo)} none"]
    return []


def _recipe(stated: str | None) -> str | None:
    """What a source calls its recipe; of an address the file."""
    return stated.rpartition("/")[2] if stated and "://" in stated else stated


def _preprocessing(one: Claim, other: Claim) -> list[str]:
    a, b = one.conditions, other.conditions
    pairs = [("crop", a.crop_fraction, b.crop_fraction), ("interpolation", a.interpolation, b.interpolation)]
    return [f"{name} {x} against {y}" for name, x, y in pairs if x and y and x != y]


def _sentence(parts: list[str]) -> str:
    text = "; ".join(parts)
    return _cut(text[0].upper() + text[1:] + ("" if text.endswith(".") else "."))


def _cut(text: str) -> str:
    return text if len(text) <= MAX_LENGTH else f"{text[:MAX_LENGTH].rpartition(' ')[0]} …"
