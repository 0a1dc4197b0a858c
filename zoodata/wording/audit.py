"""An audit finding as a sentence."""

from __future__ import annotations

from zoodata.discrepancy.facts import (
    AuditFinding,
    BelowTop1,
    Contradiction,
    Implausible,
    OtherCost,
    OtherParameters,
    OtherUnit,
    Outlier,
    SameCheckpoint,
    StatedNumber,
    TooSmall,
)
from zoodata.discrepancy.grades import Doubt, Grade


def sentence(finding: AuditFinding) -> str:
    """What does not hold, in words."""
    match finding.facts:
        case BelowTop1(top1, top5):
            return f"top-1 {top1:g} is above top-5 {top5:g}"
        case Implausible(top1):
            return f"a top-1 of {top1:g} % is no working model's: another label order, other classes, or a slip"
        case Contradiction(metric, one, other):
            return f"{metric}: {stated(one)} here, {stated(other)} there"
        case SameCheckpoint(metric, one, one_zoo, other, other_zoo):
            return f"the same weights: {metric} {stated(one)} by {one_zoo}, {stated(other)} by {other_zoo}"
        case Outlier(one, zoos, median):
            return f"top-1 {stated(one)}, while the median of {zoos} other zoos is {median:.2f}"
        case OtherParameters(one, nearest, also):
            hint = f"; it is the count of {also}" if also else ""
            own = f"the networks of this architecture counted here have {nearest:,}"
            return f"states {stated(one)} parameters; {own}{hint}"
        case OtherUnit(one, counts, size, macs):
            return f"{stated(one)} are {counts}: a forward pass at {size} px takes {macs / 1e9:.3f} GMAC"
        case OtherCost(one, size, macs):
            return f"states {stated(one)}; the networks counted here take {macs / 1e9:.3f} GMAC at {size} px"
        case TooSmall(size, parameters):
            return f"the file has {size:,.0f} bytes; {parameters:,} parameters of four bytes need {4 * parameters:,}"


GRADES: dict[Grade, str] = {
    "error": "Errors",
    "to_explain": "To be explained",
    "convention": "Conventions",
}
"""A heading for each grade."""

DOUBTS: dict[Doubt, str] = {
    "not_verified": "a cited place could not be read again",
    "size_not_stated": "an image size is not stated",
    "protocol_differs": "another crop, resize, interpolation or precision is stated",
    "protocol_not_stated": "the evaluation protocol is not stated on both sides",
    "checkpoint_not_named": "one side does not name its weights",
    "copied": "the number may be somebody else's",
    "form_not_stated": "trained or deployed form, head or width may differ",
    "independent": "trained by somebody else",
}
"""What may explain a finding."""


def stated(value: StatedNumber) -> str:
    """The number as the source has it."""
    unit = {"percent": " %", "count": ""}.get(value.unit, f" {value.unit}")
    return f"{value.text}{unit}"
