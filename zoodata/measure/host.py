"""The model's side of a measurement: what runs inside a worker process."""

from __future__ import annotations

import os
import time
from pathlib import Path
from statistics import median
from typing import Any

from zoodata.graph.counter import count
from zoodata.records.base import parse_entry
from zoodata.runtimes.model import CannotRead, Pass
from zoodata.zoos import registry
from zoodata.zoos.base import CannotBuild, Zoo, require

WARM_UP_SECONDS = 4.0
STEADY = 0.05
"""Warm-up ends when the medians of two successive handfuls of passes differ by less than this."""


class Unreadable(Exception):
    """The network could not be read; a record's reason."""

    reason = "cannot_be_read"


def worker_environment(device: str, threads: int) -> dict[str, str]:
    """Variables that fix threads and devices before any framework starts."""
    count = str(threads)
    variables = {
        "OMP_NUM_THREADS": count,
        "MKL_NUM_THREADS": count,
        "OPENBLAS_NUM_THREADS": count,
        "TF_NUM_INTRAOP_THREADS": count,
        "TF_NUM_INTEROP_THREADS": "1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "TF_FORCE_GPU_ALLOW_GROWTH": "true",
    }
    return variables | ({"CUDA_VISIBLE_DEVICES": "-1"} if device == "cpu" else {})


class Host:
    """Builds models and runs them; every answer is plain data."""

    def __init__(self) -> None:
        self._run: Pass | None = None

    def entries(self, zoo_name: str) -> list[str]:
        """All entries of a zoo.

        Raises:
            ZooError: when it is not installed.
        """
        zoo = registry.get(zoo_name)
        require(zoo)
        return zoo.entries()

    def architecture(self, entry: str, weights_path: str | None = None) -> dict[str, Any]:
        """Counts of an entry as keyword arguments of an ``ArchitectureResult``.

        Raises:
            ZooError, Unreadable: with the reason a record keeps.
        """
        zoo, name, weights = self._find(entry)
        path = Path(weights_path) if weights_path else None
        model = zoo.build(name, weights=weights, path=path, hollow=True)
        try:
            counts = count(model.network())
        except CannotRead as error:
            raise Unreadable(str(error)) from error
        preprocessing = zoo.preprocessing(name, weights)
        return {
            "parameters": counts.parameters,
            "auxiliary_parameters": counts.auxiliary_parameters,
            "statistics": counts.statistics,
            "constants": counts.constants,
            "macs": counts.macs,
            "input": model.input.model_dump(),
            "classes": model.classes,
            "layers": counts.layers,
            "unknown_operators": counts.unknown_operators,
            "preprocessing": preprocessing.model_dump() if preprocessing else None,
        }

    def prepare(self, entry: str, batch: int, device: str, threads: int, seed: int) -> dict[str, Any]:
        """Build an entry, put its input in place and warm it up; returns its runtime and input.

        The process is pinned to as many cores as it may use threads, the same ones for every participant.
        """
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
        zoo, name, weights = self._find(entry)
        model = zoo.build(name, weights=weights)
        try:
            self._run = model.prepare(batch, device, threads, seed)
            self._warm_up()
        except ValueError as error:
            raise CannotBuild(str(error)) from error
        return {"runtime": model.runtime, "input": model.input.model_dump()}

    def turn(self, passes: int) -> list[int]:
        """Nanoseconds of each of so many passes; one more runs first and is thrown away."""
        if self._run is None:
            raise RuntimeError("nothing is prepared")
        run, clock = self._run, time.perf_counter_ns
        run()
        samples = []
        for _ in range(passes):
            start = clock()
            run()
            samples.append(clock() - start)
        return samples

    def _warm_up(self) -> None:
        deadline = time.perf_counter() + WARM_UP_SECONDS
        before = median(self.turn(3))
        while time.perf_counter() < deadline:
            after = median(self.turn(3))
            if abs(after - before) < STEADY * before:
                return
            before = after

    def _find(self, entry: str) -> tuple[Zoo, str, str | None]:
        zoo_name, _, rest = entry.partition(":")
        zoo = registry.get(zoo_name)
        if zoo_name in registry.PERSONAL:
            return zoo, rest, None
        require(zoo)
        _, name, weights = parse_entry(entry)
        return zoo, name, weights
