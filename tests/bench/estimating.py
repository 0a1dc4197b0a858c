"""Other ways to read the passes of runs that were kept: how far apart runs are by each of them.

``traces/`` holds runs of zoodata's own benchmarks on two virtual cores of a shared host, 26 November 2026: the wall and
processor time of every pass, in microseconds. ``keras_resnet50``: five runs of Keras against torchvision while the host
changed what it left; ``timm_resnet18``: twenty of one network in two zoos, beside a loaded core.
"""

from __future__ import annotations

import json
import lzma
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import mean, median, stdev
from typing import Any

from zoodata.turns import expected_fastest, pairs_to_reference, ratios_to_reference, times_by_sitting

TRACES = Path(__file__).parent / "traces"
NULL = 2
"""In each trace: the reference, who is held against it, the reference again."""

Run = dict[str, Any]


def _published(run: Run) -> float:
    """What ``zoodata bench latency`` says."""
    ns = [[[us * 1000 for us in passes] for passes in turns] for turns in run["us"]]
    times = times_by_sitting(ns, run["cpu_us"], run["rounds"], "cpu")
    return ratios_to_reference(times, pairs_to_reference(3, NULL))[1].value


def _of_each(run: Run, time: Callable[[Sequence[float], int], float]) -> float:
    """The ratio of what each one's passes of all sittings say alone, given how many everybody has."""
    passes = [[us for turns in run["us"] for us in turns[seat]] for seat in range(3)]
    first, other, again = (math.log(time(each, min(map(len, passes)))) for each in passes)
    return math.exp(other - (first + again) / 2)


ESTIMATES: dict[str, Callable[[Run], float]] = {
    "published": _published,
    "medians": lambda run: _of_each(run, lambda passes, chances: median(passes)),
    "fastest of a tenth": lambda run: _of_each(run, lambda passes, chances: expected_fastest(passes, chances // 10)),
    "fastest": lambda run: _of_each(run, expected_fastest),
}


def estimates() -> None:
    """Print every run's ratio by every estimate."""
    for file in sorted(TRACES.glob("*.json.xz")):
        runs = json.loads(lzma.decompress(file.read_bytes()))
        for label, estimate in ESTIMATES.items():
            ratios = [estimate(run) for run in runs]
            spread = f"{max(ratios) / min(ratios) - 1:.1%} apart, standard deviation {stdev(ratios):.2%}"
            shown = " ".join(f"{ratio:.3f}" for ratio in ratios)
            title = file.name.partition(".")[0]
            print(f"estimates: {title}, {label}: {shown}; mean {mean(ratios):.4f}, {spread}", flush=True)
