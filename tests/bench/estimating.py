"""Other ways to read the passes of runs that were kept: how far apart runs are by each of them.

``traces/`` holds runs of zoodata's own benchmarks on two virtual cores of a shared host, 26 November 2026: the wall and
processor time of every pass, in microseconds. ``keras_resnet50``: five runs of Keras against torchvision while the host
changed what it left; ``timm_resnet18``: twenty of one network in two zoos, beside a loaded core.
"""

from __future__ import annotations

import json
import lzma
import math
from collections.abc import Callable
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zoodata.ratios import Samples, ratios_to_reference
from zoodata.ratios.trimmed import mean_of_fastest

TRACES = Path(__file__).parent / "traces"
NULL = 2
"""In each trace: the reference, who is held against it, the reference again."""

Run = dict[str, Any]


def _published(run: Run) -> float:
    """What ``zoodata bench latency`` says."""
    return ratios_to_reference(Samples(run["us"], run["rounds"], "cpu"), NULL)[1].value


def _of_each(run: Run, time: Callable[[NDArray[np.float64]], float]) -> float:
    """The ratio of what each one's passes of all sittings say alone."""
    passes = [np.array([us for turns in run["us"] for us in turns[seat]], float) for seat in range(3)]
    first, other, again = (math.log(time(each)) for each in passes)
    return math.exp(other - (first + again) / 2)


ESTIMATES: dict[str, Callable[[Run], float]] = {
    "published": _published,
    "fastest fiftieth": lambda run: _of_each(run, lambda passes: mean_of_fastest(passes, 0.02)),
    "fastest": lambda run: _of_each(run, lambda passes: float(passes.min())),
    "fastest tenth": lambda run: _of_each(run, lambda passes: mean_of_fastest(passes, 0.1)),
    "medians": lambda run: _of_each(run, lambda passes: float(np.median(passes))),
    "means": lambda run: _of_each(run, lambda passes: float(passes.mean())),
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
