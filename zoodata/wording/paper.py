"""What our figure beside one of the paper's comes from, in words."""

from __future__ import annotations

from zoodata.discrepancy.paper import CountedEnds, Explanation, NoRatio, RangeEnds, Tie
from zoodata.wording.findings import sentence


def explanation(reason: Explanation) -> str:
    """Where a figure comes from; empty where there is nothing to say."""
    match reason:
        case RangeEnds(high, low):
            return f"{high.entry} {high.value:g}, {low.entry} {low.value:g}"
        case Tie():
            return "an exact tie in the paper's data, counted for both zoos here"
        case NoRatio(in_catalogue, absent):
            return _without(absent) or "One zoo only." if in_catalogue else "Not in the catalogue."
        case CountedEnds():
            return " ".join(part for part in (_ends(reason), _without(reason.absent)) if part)
        case None:
            return ""


def _ends(counted: CountedEnds) -> str:
    high, low = counted.highest, counted.lowest
    if high.macs == low.macs:
        return f"One counter gives {high.macs / 1e9:.3f} G in {counted.zoos} zoos; the paper used three counters."
    sizes = "" if high.side == low.side else f", read at {high.side} and {low.side} pixels"
    ends = f"{high.entry} {high.macs / 1e9:.3f} G over {low.entry} {low.macs / 1e9:.3f} G{sizes}."
    return " ".join([ends, *(sentence(each.finding, (each.a, each.b)) for each in counted.findings)])


def _without(absent: tuple[str, ...]) -> str:
    return f"Without {', '.join(absent)}, not built here." if absent else ""
