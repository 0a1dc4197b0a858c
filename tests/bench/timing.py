"""How far a latency ratio can be trusted: one network against itself in two zoos, a known slowdown, other days.

What is measured is printed, never asserted: machines differ. Each run is what ``zoodata bench latency`` does.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import mean, median

from zoodata.dataset.store import Dataset
from zoodata.discrepancy.latency import LatencyRange, summarise
from zoodata.isolation import Worker
from zoodata.measure import latency
from zoodata.measure.environment import capture
from zoodata.measure.host import worker_environment
from zoodata.measure.seats import Place, seated
from zoodata.measure.sitting import TURN_SECONDS
from zoodata.measure.timer import Timer
from zoodata.records import LatencyMeasurement
from zoodata.sweep.perform import latency_workers

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

PAIRS = {
    "ResNet-50": ("torchvision:resnet50", "keras_applications:ResNet50"),
    "MobileNetV2": ("torchvision:mobilenet_v2", "keras_applications:MobileNetV2"),
    "VGG16": ("torchvision:vgg16", "keras_applications:VGG16"),
}


def null() -> None:
    """Torchvision against timm ResNet-18, one network, while one core is taken half the time."""
    names = ("torchvision:resnet18", "timm:resnet18")
    ours, differences = [], 0
    with _loaded_core():
        for number in range(20):
            _, found = _run(names, target=0.01, limit=100.0, seed=number)
            ours.append(found.entries[1].ratio)
            differences += found.entries[1].verdict != "no difference"
            print(f"null: {_shown(found)}", flush=True)
        for how in ("timm", "torch"):
            sequential = [_alone(how, names[1]) / _alone(how, names[0]) for _ in range(20)]
            label = {"timm": "timm's benchmark loop", "torch": "torch.utils.benchmark"}[how]
            print(f"null: one after the other, {label}: {_summary(sequential)}", flush=True)
    print(f"null: in turns: {_summary(ours)}; called a difference {differences} times")


def slowdown() -> None:
    """A network against itself with one more block of 3 % of its work."""
    names = ("python:tests.bench.models:plain", "python:tests.bench.models:longer")
    found = []
    for number in range(10):
        _, run = _run(names, target=0.01, limit=150.0, seed=number)
        found.append(run.entries[1])
        print(f"slowdown: {_shown(run)}", flush=True)
    slower = sum(timed.verdict == "slower" for timed in found)
    print(f"slowdown: called slower {slower} of {len(found)} times; {_summary([t.ratio for t in found])}")


def repeatability() -> None:
    """Keras against torchvision, five runs each, every one with new processes."""
    for title, names in PAIRS.items():
        runs = [_run(names, target=0.01, limit=75.0, seed=number)[1] for number in range(5)]
        ratios = [run.entries[1].ratio for run in runs]
        apart = max(ratios) / min(ratios) - 1
        print(f"repeatability: {title}: {', '.join(f'{r:.3f}' for r in ratios)}; {apart:.1%} apart", flush=True)


def overhead() -> None:
    """Time of whole rounds over the time that the workers, by their own clocks, spend in their turns."""
    for entry in ("torchvision:mobilenet_v3_small", "torchvision:resnet50"):
        conditions = latency.conditions_for(1, "cpu", THREADS, target=0.5, time_limit=1.0, seed=1, sittings=1)
        workers = replace(latency_workers(conditions), timed=_clocked)
        seats, failed = seated([Place(entry)] * 3, conditions, workers, meter=None)
        assert not failed, failed
        for seat in seats:
            seat.warm_up(TURN_SECONDS, None)
        inside, counted, whole = 0.0, 0.0, 0.0
        for _ in range(20):
            for seat in seats:
                start = time.perf_counter()
                samples = seat.turn()
                whole += time.perf_counter() - start
                seat.worker.resume()
                inside += seat.worker.ask("spent") / 1e9
                seat.worker.stop()
                counted += (sum(samples) + median(samples)) / 1e9
        for seat in seats:
            seat.worker.close()
        print(
            f"overhead: {entry}: the coordinator adds {whole / inside - 1:.2%} to the models' own time; "
            f"{whole / counted - 1:.2%} where the slow first pass of a turn, which is thrown away, counts as overhead",
            flush=True,
        )


class Clocked(Timer):
    """The timed worker, which also says how long its last turn took it, the pass that is thrown away included."""

    def turn(self, passes: int) -> list[int]:
        """See :meth:`Timer.turn`."""
        start = time.perf_counter_ns()
        samples = super().turn(passes)
        self._spent = time.perf_counter_ns() - start
        return samples

    def spent(self) -> int:
        """Nanoseconds of the last turn."""
        return self._spent


def _clocked() -> Worker:
    return Worker("tests.bench.timing:Clocked", worker_environment("cpu", THREADS))


def loadgen() -> None:
    """Our median of one model beside MLPerf LoadGen's, single stream, in turns in one process."""
    for entry in ("torchvision:resnet50", "keras_applications:MobileNetV2", "onnx_model_zoo:squeezenet"):
        with Worker("tests.bench.loadgen:Timer", worker_environment("cpu", THREADS)) as worker:
            worker.ask("build", entry, 1, "cpu", THREADS, 1, False)
            passes = worker.ask("warm_up", 1.0)["passes"]
            ours, theirs = [], []
            for _ in range(5):
                ours += worker.ask("turn", passes)
                theirs.append(worker.ask("single_stream", 1.0))
        us, them = median(ours) / 1e6, median(theirs) / 1e6
        print(f"loadgen: {entry}: {us:.2f} ms; LoadGen {them:.2f} ms; {us / them - 1:+.1%}", flush=True)


class Sequential:
    """One model after the other, as other tools time them. Runs in a worker."""

    def timm(self, entry: str) -> float:
        """Seconds a pass: ten passes to warm up, the mean of forty (timm's benchmark.py)."""
        run = _forward(entry)
        for _ in range(10):
            run()
        start = time.perf_counter()
        for _ in range(40):
            run()
        return (time.perf_counter() - start) / 40

    def torch(self, entry: str) -> float:
        """Seconds a pass: the median of torch.utils.benchmark's blocked_autorange."""
        from torch.utils.benchmark import Timer

        return float(Timer("run()", globals={"run": _forward(entry)}, num_threads=THREADS).blocked_autorange().median)


def _forward(entry: str) -> Callable[[], None]:
    from zoodata.zoos import registry

    zoo, name, _ = registry.find(entry)
    return zoo.build(name).prepare(1, "cpu", THREADS, 1)


def _alone(how: str, entry: str) -> float:
    with Worker("tests.bench.timing:Sequential", worker_environment("cpu", THREADS)) as worker:
        return float(worker.ask(how, entry))


def _run(names: Sequence[str], target: float, limit: float, seed: int) -> tuple[LatencyMeasurement, LatencyRange]:
    conditions = latency.conditions_for(1, "cpu", THREADS, target, limit, seed)
    record = latency.measure(names, "other", capture(["torch"]), conditions, latency_workers(conditions))
    assert record.samples, record.missing
    with tempfile.TemporaryDirectory() as empty:
        return record, summarise(Dataset((Path(empty),)), record)


def _shown(found: LatencyRange) -> str:
    timed = found.entries[1]
    return (
        f"{timed.ratio:.4f} ({timed.low:.4f} to {timed.high:.4f}), noise floor {found.noise_floor:.4f}, "
        f"{timed.verdict}, {found.sittings} sittings, stopped by {found.stopped}"
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
