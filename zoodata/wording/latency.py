"""What is said of a latency run."""

from __future__ import annotations

from zoodata.discrepancy.latency import OtherWork, Unsplit
from zoodata.records.latency import Dtype

OTHER_WORK: dict[OtherWork, str] = {
    "other_size": "it takes images of another size",
    "other_design": "it is another design (weights of one do not fit the other)",
}
"""Why an entry's time is not ranked with the others."""

PRECISION: dict[Dtype, str] = {"float32": "single precision", "float16": "half precision"}
"""What a run's models calculated in."""


def unsplit(why: Unsplit) -> str:
    """Why a time is not split into the network's part and the framework's."""
    match why.code:
        case "networks_not_timed":
            return "networks were not timed in this run"
        case "network_missing":
            return why.message or "its network could not take part"
        case "network_not_timed":
            return "its network was not timed"


def interval(low: float | None, high: float | None, digits: int = 3) -> str:
    """A 95 % interval."""
    return "none: one session" if low is None or high is None else f"{low:.{digits}f} to {high:.{digits}f}"
