"""How far a latency ratio can be trusted: an A/A pair of two zoos, a known slowdown, other days.

What is measured is printed, never asserted: machines differ. Each run is what ``zoodata bench latency`` does.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path
from random import Random
from statistics import mean, median

from tests.bench.loadgen import MIN_QUERIES, LoadGenTimer
from zoodata.dataset.store import Dataset
from zoodata.discrepancy.latency_run import LatencyRange, summarise
from zoodata.isolation import Worker
from zoodata.measure import latency, timed_run
from zoodata.measure.environment import capture
from zoodata.measure.host import worker_environment
from zoodata.measure.participants import PlannedParticipant, TimedWorker, start_workers
from zoodata.measure.session import run_session
from zoodata.measure.timer import Repetition, Setting, Timer, WarmUp, warm_up_iterations
from zoodata.records import LatencyMeasurement
from zoodata.records.latency import Observed
from zoodata.sweep.kinds.latency import latency_workers
from zoodata.wording.latency import interval

THREADS = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
BUSY_SECONDS = 0.1
"""Mean length of the spells in which the loading process computes, and of those in which it sleeps."""

LOADING = """
import os, random, sys, time
spell, drawn = float(sys.argv[1]), random.Random(1)
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
parent = os.getppid()
while os.getppid() == parent:
    length = drawn.expovariate(1 / spell)
    end = time.perf_counter() + length
    while time.perf_counter() < end:
        pass
    time.sleep(length)
"""

COMMAND = "from zoodata.cli.main import main; main()"

KEPT = "ZOODATA_BENCH_RECORDS"
"""The variable that names a folder in which the records of runs are kept, for another look at their iterations."""

SET_UP_SECONDS = 30.0
"""The time that starting a session's processes is said to have taken: the longer, the more rounds it has."""

REPEATABLE_SECONDS = 600.0
"""Long enough that on a quiet machine most runs stop by their interval."""

SIDE_BY_SIDE_SECONDS = 80.0
"""Of one model beside LoadGen. With fifteen pairs, 15 to 40 s, two runs one after the other said -5.9 and +3.5 %."""

GPU_BATCH = 512
"""So that an iteration of each pair lasts tens of milliseconds. With 128 images Keras' MobileNetV2 took
6.3 to 6.5 ms on an H100, in which its process computed for 3.2 to 3.8 ms, differently from run to run."""

PAIRS = {
    "ResNet-50": ("torchvision:resnet50", "keras_applications:ResNet50"),
    "MobileNetV2": ("torchvision:mobilenet_v2", "keras_applications:MobileNetV2"),
    "VGG16": ("torchvision:vgg16", "keras_applications:VGG16"),
}


def a_a() -> None:
    """Torchvision against timm ResNet-18, one network, while one core is taken half the time."""
    names = ("torchvision:resnet18", "timm:resnet18")
    ours, differences = [], 0
    with _loaded_core():
        for number in range(20):
            _, result = _run(names, target=0.01, limit=270.0, seed=number)
            ours.append(result.entries[1].ratio)
            differences += result.entries[1].verdict in ("slower", "faster")
            print(f"A/A: {_shown(result)}", flush=True)
        for how in ("timm", "torch"):
            sequential = [_alone(how, names[1]) / _alone(how, names[0]) for _ in range(20)]
            label = {"timm": "timm's benchmark loop", "torch": "torch.utils.benchmark"}[how]
            print(f"A/A: one after the other, {label}: {_summary(sequential)}", flush=True)
    print(f"A/A: in interleaved rounds: {_summary(ours)}; called a difference {differences} times")


def quick() -> None:
    """The command as a user runs it, with --quick and without: its seconds, how wide the interval is, and how often it
    holds the ratio of two zoos' one network, which is 1."""
    names = ("torchvision:resnet18", "timm:resnet18")
    for options in (("--quick",), ()):
        label = f"bench latency {' '.join(options)}".strip()
        seconds, widths, held = [], [], 0
        for _ in range(20):
            with tempfile.TemporaryDirectory() as folder:
                begun = time.monotonic()
                done = subprocess.run(
                    [sys.executable, "-c", COMMAND, "bench", "latency", *names, *options, "--data", folder, "--format",
                     "json"], capture_output=True, text=True, check=True,
                )  # fmt: skip
                seconds.append(time.monotonic() - begun)
            _, other = json.loads(done.stdout)
            widths.append((other["high"] - other["low"]) / 2)
            held += other["low"] <= 1 <= other["high"]
            print(f"{label}: {other['ratio']:.3f} ({other['low']:.3f} to {other['high']:.3f}), {seconds[-1]:.0f} s",
                  flush=True)  # fmt: skip
        print(
            f"{label}: {median(seconds):.0f} s, at most {max(seconds):.0f}; half widths {median(widths):.1%}, at most "
            f"{max(widths):.1%}; 1 is within {held} of {len(widths)} intervals",
            flush=True,
        )


def slowdown() -> None:
    """A network against itself with one more block of 3 % of its work."""
    names = ("python:tests.bench.models:plain", "python:tests.bench.models:longer")
    result = []
    for number in range(10):
        _, run = _run(names, target=0.01, limit=180.0, seed=number)
        result.append(run.entries[1])
        print(f"slowdown: {_shown(run)}", flush=True)
    slower = sum(timed.verdict == "slower" for timed in result)
    print(f"slowdown: called slower {slower} of {len(result)} times; {_summary([t.ratio for t in result])}")


def repeatability() -> None:
    """Keras against torchvision, five runs each, every one with new processes."""
    _repeat("repeatability", limit=REPEATABLE_SECONDS)


def repeatability_on_gpu() -> None:
    """The same on a GPU, with KERAS_BACKEND=jax; many images at once, for with few the clock is that of Python."""
    if shutil.which("nvidia-smi") is None:
        print("repeatability on a GPU: no CUDA device here")
        return
    _repeat("repeatability on a GPU", limit=60.0, device="cuda", batch=GPU_BATCH)


def _repeat(label: str, limit: float, device: str = "cpu", batch: int = 1) -> None:
    for title, names in PAIRS.items():
        ratios = []
        for number in range(5):
            _, run = _run(names, target=0.01, limit=limit, seed=number, device=device, batch=batch)
            ratios.append(run.entries[1].ratio)
            print(f"{label}: {title}: {_shown(run)}", flush=True)
        width = max(ratios) / min(ratios) - 1
        print(f"{label}: {title}: {', '.join(f'{r:.3f}' for r in ratios)}; range {width:.1%}", flush=True)


def overhead() -> None:
    """Wall time of a session's rounds over the time that the workers, by their own clocks, spend in repetitions.

    The rounds are those of :func:`run_session`: what it asks and notes after each of them is in the wall time.
    """
    for entry, participants in (
        ("torchvision:mobilenet_v3_small", 3),
        ("torchvision:resnet50", 3),
        ("torchvision:mobilenet_v2", 8),
    ):
        conditions = timed_run.conditions_for(1, "cpu", THREADS, target=0.01, time_limit=240.0, seed=1)
        workers = replace(latency_workers(conditions), timed=_clocked)
        planned = [
            PlannedParticipant(entry, repeats_reference=number == participants - 1) for number in range(participants)
        ]
        timed, failed = start_workers(planned, conditions, workers, meter=None)
        assert not failed, failed
        watched = _Watched()
        for worker in timed:
            _watch(worker, watched)
        settled: list[int | None] = [None] * len(timed)
        outcome = run_session(timed, settled, conditions, Random(1), SET_UP_SECONDS, None, lambda what: None)
        whole = watched.ended - watched.began
        repetitions = [repetition for one in outcome.rounds for repetition in one]
        usual = sum(sum(r.ns) + median(r.ns) * warm_up_iterations(len(r.ns)) for r in repetitions) / 1e9
        print(
            f"overhead: {entry}, {participants} participants, {outcome.session.rounds} rounds: the coordinator adds "
            f"{whole / watched.inside - 1:.2%} to the models' own time; {whole / usual - 1:.2%} where it counts "
            "as overhead that the first iteration of a repetition is slower",
            flush=True,
        )


@dataclass
class _Watched:
    """Seconds: when the first repetition began, when the rounds had ended, the time that workers spent inside."""

    began: float = inf
    ended: float = inf
    inside: float = 0.0


def _watch(timed: TimedWorker, watched: _Watched) -> None:
    repeat, observed = timed.repeat, timed.observed

    def begin() -> Repetition:
        watched.began = min(watched.began, time.perf_counter())
        return repeat()

    def end() -> Observed:
        watched.ended = min(watched.ended, time.perf_counter())
        timed.worker.resume()
        watched.inside += timed.worker.call(60, Clocked.spent) / 1e9  # type: ignore[arg-type]
        timed.worker.stop()
        return observed()

    timed.repeat, timed.observed = begin, end  # type: ignore[method-assign]


class Clocked(Timer):
    """The timed worker, which also says how long its repetitions took, those of the warm-up left out."""

    def __init__(self) -> None:
        super().__init__()
        self._spent = 0

    def warm_up(self, repetition_seconds: float) -> WarmUp:
        """See :meth:`Timer.warm_up`."""
        warm_up = super().warm_up(repetition_seconds)
        self._spent = 0
        return warm_up

    def repeat(self, iterations: int) -> Repetition:
        """See :meth:`Timer.repeat`."""
        start = time.perf_counter_ns()
        repetition = super().repeat(iterations)
        self._spent += time.perf_counter_ns() - start
        return repetition

    def spent(self) -> int:
        """Nanoseconds of all repetitions."""
        return self._spent


def _clocked(shift: int | None) -> Worker[Timer]:
    return Worker(Clocked, worker_environment("cpu", THREADS), memory_shift=shift)


def loadgen() -> None:
    """Our median of one model beside MLPerf LoadGen's, single stream, alternating in one process."""
    for entry in ("torchvision:resnet50", "keras_applications:MobileNetV2", "onnx_model_zoo:squeezenet"):
        with Worker(LoadGenTimer, worker_environment("cpu", THREADS)) as worker:
            worker.call(600, Timer.build, entry, Setting(1, "cpu", THREADS, 1), False)
            iterations = max(worker.call(600, Timer.warm_up, 0.5).iterations, MIN_QUERIES)
            ours: list[float] = []
            theirs: list[float] = []
            end = time.monotonic() + SIDE_BY_SIDE_SECONDS
            while time.monotonic() < end:  # who goes first changes, and what is compared lies close together
                for is_ours in sorted((True, False), reverse=len(ours) % 2 == 0):
                    if is_ours:
                        ours.append(median(worker.call(600, Timer.repeat, iterations).ns) / 1e6)
                    else:
                        theirs.append(worker.call(600, LoadGenTimer.single_stream, 0.5) / 1e6)
        differences = [us / them - 1 for us, them in zip(ours, theirs, strict=True)]
        middle = median(differences)
        error = 1.2533 * 1.4826 * median(abs(each - middle) for each in differences) / len(differences) ** 0.5
        print(
            f"loadgen: {entry}: {median(ours):.2f} ms; LoadGen {median(theirs):.2f} ms; {middle:+.1%}, standard error "
            f"{error:.1%}, {len(differences)} pairs",
            flush=True,
        )


class Sequential:
    """One model after the other, as other tools time them. Runs in a worker."""

    def timm(self, entry: str) -> float:
        """Seconds an iteration: ten to warm up, the mean of forty (timm's benchmark.py)."""
        run = _forward(entry)
        for _ in range(10):
            run()
        start = time.perf_counter()
        for _ in range(40):
            run()
        return (time.perf_counter() - start) / 40

    def torch(self, entry: str) -> float:
        """Seconds an iteration: the median of torch.utils.benchmark's blocked_autorange."""
        from torch.utils.benchmark import Timer

        return float(Timer("run()", globals={"run": _forward(entry)}, num_threads=THREADS).blocked_autorange().median)


def _forward(entry: str) -> Callable[[], None]:
    from zoodata.zoos import registry

    zoo, name, _ = registry.find(entry)
    return zoo.build(name).prepare(1, "cpu", THREADS, 1)


def _alone(how: str, entry: str) -> float:
    with Worker(Sequential, worker_environment("cpu", THREADS)) as worker:
        return float(worker.call(600, Sequential.timm if how == "timm" else Sequential.torch, entry))


def _run(
    names: Sequence[str], target: float, limit: float, seed: int, device: str = "cpu", batch: int = 1
) -> tuple[LatencyMeasurement, LatencyRange]:
    conditions = timed_run.conditions_for(batch, device, THREADS, target, limit, seed)
    record = latency.measure(names, "other", capture(["torch"]), conditions, latency_workers(conditions))
    assert record.samples, record.missing
    if kept := os.environ.get(KEPT):
        Path(kept).mkdir(parents=True, exist_ok=True)
        Path(kept, f"{record.id}.json").write_text(record.model_dump_json(), encoding="utf-8")
    with tempfile.TemporaryDirectory() as empty:
        return record, summarise(Dataset((Path(empty),)), record)


def _shown(result: LatencyRange) -> str:
    timed = result.entries[1]
    return (
        f"{timed.ratio:.4f} ({interval(timed.low, timed.high, 4)}), noise floor {result.noise_floor:.4f}, "
        f"{timed.verdict}, {result.sessions} sessions, stopped by {result.stopped}"
    )


def _summary(ratios: Sequence[float]) -> str:
    near = sum(abs(r - 1) <= 0.01 for r in ratios)
    return f"{min(ratios):.3f} to {max(ratios):.3f}, mean {mean(ratios):.4f}, {near} of {len(ratios)} within 1 % of 1"


@contextmanager
def _loaded_core() -> Iterator[None]:
    loading = subprocess.Popen([sys.executable, "-c", LOADING, str(BUSY_SECONDS)])
    try:
        yield
    finally:
        loading.kill()
        loading.wait()
