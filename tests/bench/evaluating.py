"""Throughput of an accuracy run: against the network alone, against decoding alone, against timm's loop."""

from __future__ import annotations

import os
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

from zoodata.images import pixels, sets
from zoodata.isolation import Worker
from zoodata.measure import accuracy
from zoodata.measure.evaluator import Evaluator
from zoodata.measure.host import worker_environment
from zoodata.records import Preprocessing

IMAGES = 384
BATCH = 32
ROUNDS = 3
SPEC = Preprocessing(
    resize=256, crop=(224, 224), interpolation="bilinear", antialias=True, scale=1 / 255, mean=(0.485, 0.456, 0.406),
    std=(0.229, 0.224, 0.225), channel_order="RGB", layout="NCHW", source="tests",
)  # fmt: skip


def evaluating() -> None:
    """Images a second of each, interleaved; ratios of the medians."""
    threads = len(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as folder:
        items = _write(Path(folder))
        for name in ("resnet50", "tiny"):
            ours, alone, decoding, timms = [], [], [], []
            for _ in range(ROUNDS):
                ours.append(_ours(name, items, threads))
                alone.append(_alone(name, threads))
                decoding.append(_decoding(items, threads))
                timms.append(_timm(name, Path(folder), threads))
            rate, *others = (float(np.median(each)) for each in (ours, alone, decoding, timms))
            print(f"evaluating: {name}: {rate:.0f} images/s", end="")
            for other, what in zip(others, ("the network alone", "decoding alone", "timm's loop"), strict=True):
                print(f"; {rate / other:.2f} of {what} ({other:.0f})", end="")
            print(flush=True)


def _write(folder: Path) -> tuple[sets.Item, ...]:
    random = np.random.default_rng(0)
    for number in range(IMAGES):
        place = folder / f"{number % 8}"
        place.mkdir(exist_ok=True)
        small = random.integers(0, 256, (24, 32, 3), dtype=np.uint8)
        Image.fromarray(small).resize((500, 375), Image.Resampling.BICUBIC).save(place / f"{number}.jpg", quality=90)
    return sets.find(folder).items


def _ours(name: str, items: tuple[sets.Item, ...], threads: int) -> float:
    """The accuracy run's own loop: a worker, the next chunk decoded while this one's is answered, the journal."""
    with (
        tempfile.TemporaryDirectory() as journals,
        Worker(Evaluator, worker_environment("cpu", threads) | accuracy.PASSIVE) as worker,
    ):
        entry = f"python:tests.bench.models:{name}"
        worker.call(600, Evaluator.open, entry, None, SPEC, BATCH, "cpu", threads, False)
        for _ in range(2):  # like the other three, once without a clock
            accuracy.classify(worker, items[: accuracy.CHUNK], [])
        _, rate = accuracy._answers(
            worker, items, accuracy.Journal(Path(journals), "bench"), {}, lambda done, total: None
        )
    return rate or 0.0


def _alone(name: str, threads: int) -> float:
    import torch

    from tests.bench import models

    torch.set_num_threads(threads)
    module, images = getattr(models, name)().eval(), torch.zeros(BATCH, 3, 224, 224)
    with torch.inference_mode():
        module(images)
        start, count = time.perf_counter(), 0
        while time.perf_counter() - start < 6:
            module(images)
            count += BATCH
        return count / (time.perf_counter() - start)


def _decoding(items: tuple[sets.Item, ...], threads: int) -> float:
    def one(item: sets.Item) -> None:
        pixels.apply(SPEC, pixels.decode(sets.read_bytes(item)))

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(one, items[:BATCH]))
        start = time.perf_counter()
        list(pool.map(one, items))
        return len(items) / (time.perf_counter() - start)


def _timm(name: str, folder: Path, threads: int) -> float:
    """timm's validate loop: its loader with worker processes, the model in the main process."""
    import timm.data
    import torch

    from tests.bench import models

    torch.set_num_threads(threads)
    module = getattr(models, name)().eval()
    loader = timm.data.create_loader(
        timm.data.create_dataset("", str(folder)), input_size=(3, 224, 224), batch_size=BATCH, use_prefetcher=False,
        interpolation="bilinear", crop_pct=0.875, num_workers=threads, device=torch.device("cpu"),
    )  # fmt: skip
    with torch.inference_mode():
        module(torch.zeros(BATCH, 3, 224, 224))
        start, count = time.perf_counter(), 0
        for images, _ in loader:
            module(images).topk(5)
            count += len(images)
        return count / (time.perf_counter() - start)
