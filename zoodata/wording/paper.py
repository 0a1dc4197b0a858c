"""What our figure beside one of the paper's comes from, in words."""

from __future__ import annotations

from zoodata.discrepancy.paper import CountedEnds, Explanation, NoRatio, RangeEnds, Tie
from zoodata.wording.findings import sentence


def explanation(found: Explanation) -> str:
    """Where a figure comes from; empty where there is nothing to say."""
    match found:
        case RangeEnds(high, low):
            return f"{high.entry} {high.value:g}, {low.entry} {low.value:g}"
        case Tie():
            return "an exact tie in the paper's data, counted for both zoos here"
        case NoRatio(in_catalogue, absent):
            return _without(absent) or "One zoo only." if in_catalogue else "Not in the catalogue."
        case CountedEnds():
            return " ".join(part for part in (_ends(found), _without(found.absent)) if part)
        case None:
            return ""


def _ends(found: CountedEnds) -> str:
    high, low = found.highest, found.lowest
    if high.macs == low.macs:
        return (
            f"One counter finds {high.macs / 1e9:.3f} G in {found.zoos} zoos; the paper's figure is of three counters."
        )
    sizes = "" if high.side == low.side else f", read at {high.side} and {low.side} pixels"
    ends = f"{high.entry} {high.macs / 1e9:.3f} G over {low.entry} {low.macs / 1e9:.3f} G{sizes}."
    return " ".join([ends, *map(sentence, found.findings)])


def _without(absent: tuple[str, ...]) -> str:
    return f"Without {', '.join(absent)}, not built here." if absent else ""
