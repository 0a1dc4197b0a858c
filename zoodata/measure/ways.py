"""One model in several ways, timed in one run: as its zoo builds it, compiled, laid out otherwise, in other runtimes.

All ways have the model's weights. Before anything is timed, each answers one random image, and the record says by how
much its scores differ from those of the model as it is built: a fast way that answers something else is no way.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from zoodata.graph.random_weights import random_weights
from zoodata.isolation import Worker, WorkerFailed, scratch_folder
from zoodata.measure.host import Unreadable
from zoodata.measure.participants import PlannedParticipant, TimedWorker, Workers
from zoodata.measure.session import Say, close
from zoodata.measure.timed_run import Run, check_system, outcome, run_sessions
from zoodata.measure.timer import Timer
from zoodata.records import Environment, WaysMeasurement
from zoodata.records.base import without_weights
from zoodata.records.latency import LatencyConditions
from zoodata.records.ways import OTHER_WAYS, Way
from zoodata.runtimes import ways
from zoodata.runtimes.model import CannotRead, in_brief, in_layout, random_image
from zoodata.stats import relative_error
from zoodata.zoos.base import CannotBuild

MODULES: Mapping[Way, tuple[str, ...]] = {
    "onnxruntime": ("zoodata.runtimes.executed", "onnxruntime"),
    "openvino": ("openvino",),
    "tflite": ("ai_edge_litert.interpreter",),
}
"""What the process of a way that runs a file imports before it is timed."""


@dataclass(frozen=True)
class Checked:
    """A way that answers, by how much otherwise than the model as it is built, and its file where it has one."""

    error: float
    file: str | None = None


class WaysHost:
    """What runs in the worker that writes the files of a model's ways, and asks each way for its scores."""

    def begin(self, entry: str, seed: int, threads: int) -> None:
        """Build the model with the run's weights, and let it answer as it is.

        Raises:
            ZooError: with the reason a record keeps.
        """
        self._built: Any = Timer.drawn(entry, seed)
        self._image = random_image(self._built.input.model_copy(update={"layout": "NCHW"}), 1, seed)
        self._threads = threads
        if entry == without_weights(entry) and not hasattr(self._built, "draw"):
            # Keras' own start ends in scores that are all alike, which any way would answer.
            network = self._built.network()
            self._built.forward(self._image[0], random_weights(network, seed))
        self._expected = self._scores(self._built)

    def check(self, way: Way, folder: str) -> Checked:
        """Bring the model to run in a way, and compare its answer.

        Raises:
            ZooError, Unreadable: with the reason a record keeps.
        """
        try:
            if way in ways.OF_FILES:
                path = ways.write(self._built, way, Path(folder))
                return Checked(self._error(ways.read(path, way)), str(path))
            return Checked(self._error(ways.changed(self._built, way)))
        except CannotRead as error:
            raise Unreadable(str(error)) from error
        except ways.NoSuchWay as error:
            raise CannotBuild(str(error)) from error

    def _error(self, model: Any) -> float:
        error = relative_error(self._expected, self._scores(model))
        if not math.isfinite(error):
            raise CannotBuild("its answer is not finite, or has another number of scores")
        return error

    def _scores(self, model: Any) -> Any:
        try:
            return model.scorer(1, "cpu", self._threads)(in_layout(self._image, model.input)).ravel()
        except ValueError as error:
            raise CannotBuild(in_brief(error)) from error


@dataclass(frozen=True)
class WaysWorkers(Workers):
    """How a run of ways gets its processes."""

    checking: Callable[[Path], Worker[WaysHost]]
    """For writing files into a folder and comparing answers; it times nothing."""


def measure(
    entry: str,
    wanted: Sequence[Way],
    environment: Environment,
    conditions: LatencyConditions,
    workers: WaysWorkers,
    progress: Say = lambda message: None,
) -> WaysMeasurement:
    """Time one entry in several ways against itself as its zoo builds it.

    A way in which it cannot be run is recorded with its reason.

    Args:
        entry: of a zoo.
        wanted: ways besides the model as it is built, which always takes part.
        environment, conditions: of the record.
        workers: how the run gets its processes.
        progress: is told what happens.

    Raises:
        CannotTime: on a system without the instruments.
    """
    check_system()
    started = datetime.now(UTC)
    run = Run(conditions, workers, progress)
    folder = scratch_folder("ways")
    try:
        stopped = run_sessions(run, lambda meter: _first_workers(run, entry, wanted, folder, workers), None, None)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return WaysMeasurement.seal(entry=entry, **outcome(run, environment, started, stopped))


def _first_workers(
    run: Run, entry: str, wanted: Sequence[Way], folder: Path, workers: WaysWorkers
) -> list[TimedWorker]:
    """The first session's workers: the model as it is built, its ways, and itself again. Empty without a pair."""
    built = PlannedParticipant(entry, way="as_built", modules=())
    others = [way for way in OTHER_WAYS if way in wanted]
    planned = [built, *_checked(run, entry, others, folder, workers)]
    if len(planned) < 2:
        return []
    run.say("building")
    started = run.start([*planned, replace(built, repeats_reference=True)], None)
    pair = sum(worker.planned.way == "as_built" for worker in started)
    if pair < 2 or len(started) < 3:
        close(started)
        return []
    return started


def _checked(
    run: Run, entry: str, wanted: Sequence[Way], folder: Path, workers: WaysWorkers
) -> list[PlannedParticipant]:
    """The ways in which the model answers, those that write files first: the others change the model itself."""
    conditions, seconds = run.conditions, run.workers.seconds
    ordered = sorted(wanted, key=lambda way: way not in ways.OF_FILES)
    plans = {
        way: PlannedParticipant(
            entry,
            subject="network" if way in ("onnxruntime", "openvino") else "model",
            way=way,
            modules=MODULES.get(way, ()),
        )
        for way in ordered
    }
    found: dict[Way, PlannedParticipant] = {}
    with workers.checking(folder) as worker:
        run.say(f"building {entry}")
        try:
            worker.call(seconds, WaysHost.begin, entry, conditions.seed, conditions.threads)
        except WorkerFailed as error:
            run.missing += [plan.missing(error) for plan in plans.values()]
            return []
        for way in ordered:
            run.say(f"checking {way.replace('_', ' ')}")
            try:
                checked = worker.call(seconds, WaysHost.check, way, str(folder))
            except WorkerFailed as error:
                run.missing.append(plans[way].missing(error))
                if not worker.alive:
                    break
                continue
            found[way] = replace(plans[way], file=checked.file, error=checked.error)
    return [found[way] for way in wanted if way in found]
