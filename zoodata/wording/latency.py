"""What is said of a latency run."""

from __future__ import annotations

from dataclasses import asdict

from zoodata.dataset.machines import Machine
from zoodata.discrepancy.latency import Across, Agreement, Machines
from zoodata.discrepancy.latency_run import OtherWork, Unsplit
from zoodata.records.latency import Dtype

OTHER_WORK: dict[OtherWork, str] = {
    "other_size": "it takes images of another size",
    "other_design": "it is another design (weights of one do not fit the other)",
    "other_compute": "its network takes more or fewer multiply-accumulates",
}
"""Why an entry's time is not ranked with the others."""

PRECISION: dict[Dtype, str] = {"float32": "single precision", "float16": "half precision"}
"""What a run's models calculated in."""


ACROSS: dict[Agreement, str] = {
    "same": "the same on {} machines",
    "depends": "depends on the machine",
    "one_machine": "no second machine did the same work in more than one session",
}
"""What machines that did the same work say of one ratio."""


def across(found: Across) -> str:
    """What holds of one ratio across machines."""
    return ACROSS[found.verdict].format(len(found.alike))


def seen(machines: Machines | None) -> str:
    """The same of the slowest over the fastest entry; else that one machine did this, of its kind or at all."""
    if machines is None:
        return "seen on one machine"
    return across(machines.ends) if machines.ends else "seen on one machine of its kind"


def across_values(found: Across) -> dict[str, object]:
    """A ratio across machines as the JSON of commands and of the site's API has it."""
    runs = [{"machine": machine(r.machine), "measurement": r.record, **asdict(r.ratio)} for r in found.runs]
    return {"entry": found.entry, "reference": found.reference, "verdict": found.verdict, "runs": runs}


def machine(on: Machine) -> str:
    """A class of machines, and what it did beyond one image in single precision."""
    parts = [on.model]
    if on.is_cpu:
        parts.append(f"{on.threads} threads" if on.threads > 1 else "1 thread")
    if on.batch > 1 or not on.is_cpu:
        parts.append(f"batch {on.batch}")
    if on.dtype != "float32":
        parts.append(PRECISION[on.dtype])
    if on.torch == "compiled":
        parts.append("torch.compile")
    return ", ".join(parts)


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
