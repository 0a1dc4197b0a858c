"""Reasons to doubt a latency run, and what to do next, in words."""

from __future__ import annotations

from dataclasses import dataclass

from zoodata.discrepancy.warnings import RunWarning

LONGER = "let it run longer: without --quick, or with a larger --time-limit"


@dataclass(frozen=True)
class Words:
    """A warning for a reader."""

    text: str
    advice: str
    """The next step."""


def words(warning: RunWarning) -> Words:
    """A warning in words."""
    value = warning.value or 0.0
    low, high = warning.values or (0, 0)
    match warning.code:
        case "few_sessions":
            count = f"{value:.0f} session{'s' if value > 1 else ''}"
            return Words(f"{count}: too few to tell how much processes differ", LONGER)
        case "few_passes":
            return Words(
                f"a session had so few iterations of a model that its time is the mean of the fastest {value:.0%}: "
                "what other programs did is in it",
                LONGER,
            )
        case "time_limit":
            return Words(
                f"time was up before every ratio was known to ±{value:.1%}",
                "raise --time-limit, or accept the interval that is shown",
            )
        case "worker_lost":
            return Words("a worker died in a later session, which ended the run", "see what is missing")
        case "allocator":
            return Words(
                "its processes may have returned an iteration's memory to the system, which now and then makes a "
                "process a few percent slower",
                "run it again, on a system with glibc",
            )
        case "slowed":
            return Words(
                f"the same models took {1 / max(value, 1):.2f} of this time in another run on this kind of machine: "
                "something slowed it that it does not show",
                "wait until the machine is as fast as before, and run it again",
            )
        case "loaded":
            return Words(f"other programs kept {value:.1f} cores busy", "stop them, or give fewer --threads than cores")
        case "stolen":
            return Words(
                f"the host took {value:.2f} cores from this virtual machine", "use a machine that is not shared"
            )
        case "disturbed":
            return Words(
                f"in a session {value:.0%} of a model's iterations had less of the processors than its others",
                "stop other programs, or run as root, which raises the priority of timed processes",
            )
        case "drift":
            if value > 1:
                return Words(
                    f"within a session the reference became {value - 1:.0%} slower",
                    "let the machine cool down, fix its clock (cpupower frequency-set), and run again",
                )
            return Words(
                f"within a session the reference became {1 - value:.0%} faster",
                "something else may have ended meanwhile, or the clock rose: fix it, and run again",
            )
        case "clock":
            return Words(f"the device's clock went from {low} to {high} MHz", "lock it (nvidia-smi -lgc) and run again")
        case "shared_device":
            return Words(f"{value:.0f} other processes computed on the device", "stop them and run again")
        case "unequal_memory":
            return Words(
                f"the processes of the A/A pair took {low} and {high} MiB of the device's memory: one model, computed "
                "in two ways, as where a library picks algorithms by the memory that is left",
                "give a smaller --batch, and judge ratios by the noise floor",
            )
        case "unsteady":
            return Words(
                f"still changing speed when the warm-up ended: {', '.join(warning.entries)}",
                "run it again on a quiet machine; if it stays, the model's speed varies",
            )
