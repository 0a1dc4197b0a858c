"""The accuracy measurement: an entry's weights over a set of images, checked before it is believed.

The run keeps a journal: every answered chunk is on the disk before the next is asked for, so that a run that
was killed goes on where it stopped and ends with the same bits.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from zoodata.images import sets
from zoodata.images.sets import ImageSet, Item
from zoodata.isolation import Worker, WorkerFailed
from zoodata.measure.architecture import missing_for, public_name, visible
from zoodata.records import Environment, Preprocessing
from zoodata.records.accuracy import (
    AccuracyConditions,
    AccuracyMeasurement,
    AccuracyResult,
    ImageSetIdentity,
    pack_bits,
)
from zoodata.records.measurement import timestamp
from zoodata.stats import sign_test, wilson_interval

HANDLER = "zoodata.measure.evaluator:Evaluator"
PASSIVE = {"OMP_WAIT_POLICY": "PASSIVE"}
"""Threads of the model that wait must not take the cores from those that decode."""
CHUNK = 64
"""Images a question; the next so many are decoded meanwhile."""
TRIED = 96
"""Images on which other ways to prepare them are tried."""
SURE = 1e-6
"""How improbable a coincidence must be before a result is refused."""
START_SECONDS, CHUNK_SECONDS = 900.0, 900.0


class Unbelievable(Exception):
    """The figures say that something other than the model is wrong; the message names it."""


@dataclass(frozen=True)
class Settings:
    """How to evaluate."""

    weights_path: str | None = None
    preprocessing: Preprocessing | None = None
    batch: int = 16
    device: str = "cpu"
    threads: int = 1
    believe: bool = False
    """Record the result although a check speaks against it."""


@dataclass(frozen=True)
class Answer:
    """What one image gave."""

    name: str
    digest: str
    classes: tuple[int, ...]
    problem: str


def measure(
    worker: Worker,
    entry: str,
    images: ImageSet,
    environment: Environment,
    settings: Settings,
    journals: Path,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> AccuracyMeasurement:
    """Evaluate one entry. What cannot be evaluated becomes a record with the reason.

    Raises:
        Unbelievable: when a check speaks against the result and it was not asked for regardless.
    """
    started, clock = datetime.now(UTC), time.perf_counter()
    shared: dict[str, Any] = {
        "entry": public_name(entry), "started_at": timestamp(started), "environment": environment.id,
        "weights_file": _file_name(settings.weights_path),
    }  # fmt: skip
    try:
        opened = open_model(worker, entry, settings)
        shared["weights_hash"] = opened["weights_hash"]
        if opened["weights"] and settings.weights_path is None and "@" not in entry:
            shared["entry"] = f"{shared['entry']}@{opened['weights']}"
        preprocessing = Preprocessing.model_validate_json(opened["spec"])
        checks = list(opened["checks"])
        checks += _believed(_range_of_labels(images, opened["classes"], preprocessing.label_offset), believe=False)
        sample = sets.sample(images.items, TRIED)
        first = _asked(worker, sample, [])
        _believed(shift_fits(_usable(sample, first), preprocessing.label_offset), settings.believe)
        sureness = worker.ask("close_up", _places(sample), [item.label for item in sample], timeout=CHUNK_SECONDS)
        checks += _believed(prepared_well(sureness), settings.believe)
        journal = Journal(journals, key(entry, opened, images, settings, environment))
        known = dict(zip(_names(sample), first, strict=True))
        answers, rate = _answers(worker, images.items, journal, known, progress)
    except WorkerFailed as error:
        seconds = round(time.perf_counter() - clock, 3)
        return AccuracyMeasurement.seal(
            **shared, seconds=seconds, images=None, conditions=None, missing=missing_for(error)
        )
    usable = _usable(images.items, answers)
    if not usable:
        raise sets.NoImages(f"none of {len(images.items)} images can be used: {answers[0].problem}")
    checks += _believed(labels_fit(usable, preprocessing.label_offset, opened["classes"]), settings.believe)
    record = AccuracyMeasurement.seal(
        **shared,
        seconds=round(time.perf_counter() - clock, 3),
        images=_identity(images, usable, answers),
        conditions=AccuracyConditions(
            batch=settings.batch, device=settings.device, threads=settings.threads, preprocessing=preprocessing,
            pipeline=opened["pipeline"], assumed=opened["assumed"],
        ),
        result=_result(usable, preprocessing.label_offset, rate, checks),
    )  # fmt: skip
    journal.remove()
    return record


def open_model(worker: Worker, entry: str, settings: Settings) -> dict[str, Any]:
    """Have a worker build the model and settle how images are prepared; what it says of both.

    Raises:
        WorkerFailed: when it cannot.
    """
    spec = settings.preprocessing.model_dump_json() if settings.preprocessing else None
    opened: dict[str, Any] = worker.ask(
        "open", entry, settings.weights_path, spec, settings.batch, settings.device, settings.threads,
        settings.believe, timeout=START_SECONDS,
    )  # fmt: skip
    return opened


def _file_name(path: str | None) -> str | None:
    return None if path is None else " ".join(visible(Path(path).name).split())[:300]


def _answers(
    worker: Worker,
    items: Sequence[Item],
    journal: Journal,
    first: dict[str, Answer],
    progress: Callable[[int, int], None],
) -> tuple[list[Answer], float | None]:
    """An answer for every image, from the journal or the worker, and images a second of those just answered.

    Args:
        first: answers just given; a journal that says otherwise is of another model, and is not believed.
    """
    known = _still_true({answer.name: answer for answer in journal.read()}, items)
    if any(known.get(name, answer) != answer for name, answer in first.items()):
        journal.remove()
        known = {}
    left = [item for item in items if item.name not in known]
    chunks = [left[start : start + CHUNK] for start in range(0, len(left), CHUNK)]
    progress(len(known), len(items))
    clock = time.perf_counter()
    for chunk, ahead in zip(chunks, [*chunks[1:], []], strict=False):
        fresh = _asked(worker, chunk, ahead)
        journal.add(fresh)
        known |= {answer.name: answer for answer in fresh}
        progress(len(known), len(items))
    seconds = time.perf_counter() - clock
    return [known[item.name] for item in items], len(left) / seconds if left and seconds else None


def _still_true(known: dict[str, Answer], items: Sequence[Item]) -> dict[str, Answer]:
    """Answers of a journal to images whose bytes are still those that were answered."""
    found = {}
    for item in items:
        answer = known.get(item.name)
        with contextlib.suppress(OSError):
            if answer is not None and hashlib.sha256(sets.read_bytes(item)).hexdigest() == answer.digest:
                found[item.name] = answer
    return found


def _names(items: Sequence[Item]) -> list[str]:
    return [item.name for item in items]


def _asked(worker: Worker, chunk: Sequence[Item], ahead: Sequence[Item]) -> list[Answer]:
    replies = worker.ask("evaluate", _places(chunk), _places(ahead), timeout=CHUNK_SECONDS)
    return [
        Answer(item.name, digest, tuple(classes), problem)
        for item, (digest, classes, problem) in zip(chunk, replies, strict=True)
    ]


def _usable(items: Sequence[Item], answers: Sequence[Answer]) -> list[tuple[Item, Answer]]:
    return [(item, answer) for item, answer in zip(items, answers, strict=True) if answer.classes]


def _places(items: Sequence[Item]) -> list[tuple[str, Any]]:
    return [(item.name, item.place) for item in items]


@dataclass(frozen=True)
class Doubt:
    """What a check found: nothing to object to, or why the result cannot be believed."""

    passed: str
    objection: str | None = None


def _believed(doubt: Doubt, believe: bool) -> list[str]:
    if doubt.objection is None:
        return [doubt.passed]
    if not believe:
        raise Unbelievable(doubt.objection)
    return [f"believed regardless: {doubt.objection}"[:290]]


def _range_of_labels(images: ImageSet, classes: int, offset: int) -> Doubt:
    if images.classes + offset <= classes:
        return Doubt(f"labels up to {images.classes - 1} for {classes} classes")
    return Doubt(
        "",
        f"the labels go up to {images.classes - 1} and the model has {classes} classes"
        + (f", of which the first {offset} stands for the background" if offset else ""),
    )


def prepared_well(sureness: Sequence[tuple[str, Sequence[float]]]) -> Doubt:
    """Whether any usual mistake in preparing the images makes the model surer of the right classes.

    Args:
        sureness: (what was done otherwise, log-probability of each image's class); the first as specified.
    """
    (_, specified), *others = sureness
    worst: tuple[float, str, int] | None = None  # the one that makes it surest
    for name, values in others:
        wins = sum(other > own for other, own in zip(values, specified, strict=True))
        losses = sum(other < own for other, own in zip(values, specified, strict=True))
        gain = sum(values) - sum(specified)
        if wins > losses and sign_test(wins, losses) < SURE and (worst is None or gain > worst[0]):
            worst = (gain, name, wins)
    if worst is None:
        return Doubt(f"none of {len(others)} other ways to prepare {len(specified)} images suits the model better")
    _, name, wins = worst
    return Doubt(
        "",
        f"the images are probably prepared in the wrong way (unless labels or weights are wrong): with {name}, the "
        f"model is surer of the right class on {wins} of {len(specified)} images",
    )


def labels_fit(usable: Sequence[tuple[Item, Answer]], offset: int, classes: int) -> Doubt:
    """Whether class numbers are in order and start where they are said to start."""
    shifted, total = shift_fits(usable, offset), len(usable)
    if shifted.objection is not None:
        return shifted
    here = _hits(usable, offset)
    if total >= 50 and wilson_interval(sum(here), total).low <= 2 / classes:
        return Doubt(
            "",
            f"no better than chance: {sum(here)} of {total} images are right; the weights, the order of the classes "
            "or the preparation of the images is wrong",
        )
    return Doubt("class numbers in order, with no shift that fits better")


def _hits(usable: Sequence[tuple[Item, Answer]], offset: int) -> list[bool]:
    return [answer.classes[0] - offset == item.label for item, answer in usable]


def shift_fits(usable: Sequence[tuple[Item, Answer]], offset: int) -> Doubt:
    """Whether class numbers start where they are said to start."""
    total, here = len(usable), _hits(usable, offset)
    for shift in (-1, 1):
        there = _hits(usable, offset - shift)
        wins = sum(other and not own for other, own in zip(there, here, strict=True))
        losses = sum(own and not other for other, own in zip(there, here, strict=True))
        if wins > losses and sign_test(wins, losses) < SURE:
            background = {-1: f"label offset {offset + 1}", 1: f"label offset {offset - 1}"}[shift]
            return Doubt(
                "",
                f"the class numbers are off by one: {sum(there)} of {total} images are right with {background}, "
                f"{sum(here)} with {offset}",
            )
    return Doubt("no shift of the class numbers fits better")


def _result(
    usable: Sequence[tuple[Item, Answer]], offset: int, rate: float | None, checks: Sequence[str]
) -> AccuracyResult:
    top1 = [answer.classes[0] - offset == item.label for item, answer in usable]
    top5 = [item.label + offset in answer.classes for item, answer in usable]
    return AccuracyResult(
        top1_hits=sum(top1), top5_hits=sum(top5), top1=pack_bits(top1), top5=pack_bits(top5),
        images_per_second=None if rate is None else max(round(rate, 3), 0.001), checks=tuple(checks),
    )  # fmt: skip


def _identity(images: ImageSet, usable: Sequence[tuple[Item, Answer]], answers: Sequence[Answer]) -> ImageSetIdentity:
    problems = Counter(answer.problem for answer in answers if not answer.classes)
    return ImageSetIdentity(
        hash=sets.identity([(item.name, answer.digest, item.label) for item, answer in usable]),
        images=len(usable),
        classes=images.classes,
        layout=images.layout,
        left_out={**images.left_out, **problems},
    )


def key(entry: str, opened: dict[str, Any], images: ImageSet, settings: Settings, environment: Environment) -> str:
    """What a journal belongs to: entry, weights, preparation, machine, and the images with their labels."""
    parts = [entry, *(str(opened[name]) for name in ("weights_hash", "state", "spec", "pipeline")), environment.id]
    whole = hashlib.sha256("\0".join([*parts, str(settings.batch), settings.device]).encode())
    for item in images.items:
        whole.update(f"{item.name}\0{item.place}\0{item.label}\n".encode("utf-8", "surrogateescape"))
    return whole.hexdigest()[:16]


class Journal:
    """Answers on the disk while a run is under way, a line each."""

    def __init__(self, folder: Path, name: str) -> None:
        self._path = folder / f"accuracy-{name}.jsonl"

    def read(self) -> Iterator[Answer]:
        """What an interrupted run of the same kind left; a line that was cut off is no answer."""
        with contextlib.suppress(FileNotFoundError):
            for line in self._path.read_text(encoding="utf-8").splitlines():
                with contextlib.suppress(ValueError, TypeError, KeyError):
                    found = json.loads(line)
                    yield Answer(found["name"], found["digest"], tuple(found["classes"]), found["problem"])

    def add(self, answers: Sequence[Answer]) -> None:
        """Append answers; they are on the disk when this returns."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf-8") as stream:
            # A line cut off by a kill must not swallow the first one that follows.
            stream.write("\n" + "".join(json.dumps(vars(answer)) + "\n" for answer in answers))
            stream.flush()
            os.fsync(stream.fileno())

    def remove(self) -> None:
        """The run is a record now."""
        self._path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # not empty: another run is under way
            self._path.parent.rmdir()
