"""Other estimators on the iterations of runs that were kept: the range of runs by each of them.

``traces/`` holds runs of zoodata's own benchmarks on two virtual cores of a shared host, 26 November 2026: the wall and
processor time of every iteration, in microseconds. ``keras_resnet50``: five runs of Keras against torchvision while
the host changed what it left; ``timm_resnet18``: twenty of one network in two zoos, beside a loaded core.
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
REPEAT = 2
"""In each trace: the reference, the entry compared with it, the reference again."""

Run = dict[str, Any]


def _published(run: Run) -> float:
    """What ``zoodata bench latency`` says."""
    return ratios_to_reference(Samples(run["us"], run["rounds"], "cpu"), REPEAT)[1].value


def _of_each(run: Run, time: Callable[[NDArray[np.float64]], float]) -> float:
    """The ratio of what each one's iterations of all sessions give, pooled."""
    times = [np.array([us for one in run["us"] for us in one[participant]], float) for participant in range(3)]
    first, other, again = (math.log(time(each)) for each in times)
    return math.exp(other - (first + again) / 2)


ESTIMATES: dict[str, Callable[[Run], float]] = {
    "published": _published,
    "fastest fiftieth": lambda run: _of_each(run, lambda times: mean_of_fastest(times, 0.02)),
    "fastest": lambda run: _of_each(run, lambda times: float(times.min())),
    "fastest tenth": lambda run: _of_each(run, lambda times: mean_of_fastest(times, 0.1)),
    "medians": lambda run: _of_each(run, lambda times: float(np.median(times))),
    "means": lambda run: _of_each(run, lambda times: float(times.mean())),
}


def estimates() -> None:
    """Print every run's ratio by every estimate."""
    for file in sorted(TRACES.glob("*.json.xz")):
        runs = json.loads(lzma.decompress(file.read_bytes()))
        for label, estimate in ESTIMATES.items():
            ratios = [estimate(run) for run in runs]
            spread = f"range {max(ratios) / min(ratios) - 1:.1%}, standard deviation {stdev(ratios):.2%}"
            shown = " ".join(f"{ratio:.3f}" for ratio in ratios)
            title = file.name.partition(".")[0]
            print(f"estimates: {title}, {label}: {shown}; mean {mean(ratios):.4f}, {spread}", flush=True)
