"""``make bench``: speed as ratios within one run, so that they hold on any machine. Not a test.

``python -m tests.bench NAME...`` runs some of them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from tests.bench import (
    browsing,
    commands,
    comparing,
    dataset,
    diagnosing,
    estimating,
    evaluating,
    generating,
    reading,
    timing,
    transplanting,
)

BENCHMARKS: dict[str, Callable[[], None]] = {
    "validating": dataset.validating,
    "many claims": dataset.many_claims,
    "browsing": browsing.browsing,
    "commands": commands.commands,
    "diffing": comparing.diffing,
    "mutating": comparing.mutating,
    "generated": generating.generated,
    "planted slips": diagnosing.planted,
    "transplants": transplanting.transplants,
    "evaluating": evaluating.evaluating,
    "a/a": timing.a_a,
    "quick": timing.quick,
    "slowdown": timing.slowdown,
    "repeatability": timing.repeatability,
    "repeatability on a GPU": timing.repeatability_on_gpu,
    "estimates": estimating.estimates,
    "overhead": timing.overhead,
    "loadgen": timing.loadgen,
    "peers": reading.peers,
    "everything": reading.everything,
}


def main(names: list[str]) -> None:
    """Run benchmarks by name; all of them if none is named."""
    if unknown := set(names) - set(BENCHMARKS):
        sys.exit(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}")
    for name in names or BENCHMARKS:
        BENCHMARKS[name]()


if __name__ == "__main__":
    main(sys.argv[1:])
