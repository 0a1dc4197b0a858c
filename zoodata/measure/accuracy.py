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

from zoodata.images import sets
from zoodata.images.sets import ImageSet, Item
from zoodata.isolation import Worker, WorkerFailed
from zoodata.measure import diagnosis
from zoodata.measure.architecture import missing_for, public_name
from zoodata.measure.evaluator import Evaluator, Opened, Sureness
from zoodata.records import Environment, Preprocessing
from zoodata.records.accuracy import (
    AccuracyConditions,
    AccuracyMeasurement,
    AccuracyResult,
    Check,
    ImageSetIdentity,
    LeftOutReason,
    pack_bits,
)
from zoodata.records.base import visible_line
from zoodata.records.measurement import timestamp
from zoodata.stats import sign_test, wilson_interval

PASSIVE = {"OMP_WAIT_POLICY": "PASSIVE"}
"""Threads of the model that wait must not take the cores from those that decode."""
CHUNK = 64
"""Images a question; the next so many are decoded meanwhile."""
TRIED = 96
"""Images on which other ways of preprocessing are tried first."""
CONFIRMED = 384
"""Further images on which a way that looks better there is tried once more: what suggests it does not confirm it."""
SUSPECTED = 0.05
"""The p-value below which a way is tried once more."""
SURE = 1e-6
"""The p-value below which a check refuses a result."""
START_SECONDS, CHUNK_SECONDS = 900.0, 900.0


class Unbelievable(Exception):
    """A check says that something other than the model is wrong."""

    def __init__(self, check: Check) -> None:
        super().__init__(check.code)
        self.check = check


class NothingUsable(Exception):
    """No image of a set could be evaluated."""

    def __init__(self, images: int, problem: LeftOutReason | None) -> None:
        super().__init__(f"none of {images} images can be used: {problem}")
        self.images, self.problem = images, problem


@dataclass(frozen=True)
class Settings:
    """How to evaluate."""

    weights_path: str | None = None
    preprocessing: Preprocessing | None = None
    batch: int = 16
    device: str = "cpu"
    threads: int = 1
    believe: bool = False
    """Record the result although a check fails."""


@dataclass(frozen=True)
class Answer:
    """What one image gave."""

    name: str
    digest: str
    classes: tuple[int, ...]
    problem: LeftOutReason | None


def measure(
    worker: Worker[Evaluator],
    entry: str,
    images: ImageSet,
    environment: Environment,
    settings: Settings,
    journals: Path,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> AccuracyMeasurement:
    """Evaluate one entry. What cannot be evaluated becomes a record with the reason.

    Raises:
        Unbelievable: when a check fails and the result was not asked for regardless.
        NothingUsable: when no image could be evaluated.
    """
    started, clock = datetime.now(UTC), time.perf_counter()
    name, weights_hash = public_name(entry), None
    weights_file = None if settings.weights_path is None else visible_line(Path(settings.weights_path).name)
    try:
        opened = open_model(worker, entry, settings)
        weights_hash = opened.weights_hash
        name = public_name(with_weights(entry, opened, settings))
        preprocessing = opened.preprocessing
        checks = list(opened.checks)
        checks.append(_believed(label_range(images, opened.classes, preprocessing.label_offset), believe=False))
        sample = sets.sample(images.items, TRIED)
        first = classify(worker, sample, [])
        _believed(class_shift(_usable(sample, first), preprocessing.label_offset), settings.believe)
        checks.append(_believed(other_preprocessing(worker, images.items), settings.believe))
        if (tried := other_network(worker, images.items)) is not None:
            checks.append(_believed(tried, settings.believe))
        journal = Journal(journals, key(entry, opened, images, settings, environment))
        known = dict(zip(_names(sample), first, strict=True))
        answers, rate = _answers(worker, images.items, journal, known, progress)
    except WorkerFailed as error:
        seconds = round(time.perf_counter() - clock, 3)
        return AccuracyMeasurement.seal(
            entry=name, weights_file=weights_file, weights_hash=weights_hash, started_at=timestamp(started),
            seconds=seconds, images=None, conditions=None, environment=environment.id, missing=missing_for(error),
        )  # fmt: skip
    usable = _usable(images.items, answers)
    if not usable:
        raise NothingUsable(len(images.items), answers[0].problem)
    checks.append(_believed(class_order(usable, preprocessing.label_offset, opened.classes), settings.believe))
    record = AccuracyMeasurement.seal(
        entry=name,
        weights_file=weights_file,
        weights_hash=weights_hash,
        started_at=timestamp(started),
        environment=environment.id,
        seconds=round(time.perf_counter() - clock, 3),
        images=_identity(images, usable, answers),
        conditions=AccuracyConditions(
            batch=settings.batch, device=settings.device, threads=settings.threads, preprocessing=preprocessing,
            pipeline=opened.pipeline, assumed=opened.assumed,
        ),
        result=_result(usable, preprocessing.label_offset, rate, checks),
    )  # fmt: skip
    journal.remove()
    return record


def open_model(worker: Worker[Evaluator], entry: str, settings: Settings) -> Opened:
    """Have a worker build the model and settle how images are preprocessed.

    Raises:
        WorkerFailed: when it cannot.
    """
    return worker.call(
        START_SECONDS, Evaluator.open, entry, settings.weights_path, settings.preprocessing, settings.batch,
        settings.device, settings.threads, settings.believe,
    )  # fmt: skip


def with_weights(entry: str, opened: Opened, settings: Settings) -> str:
    """The entry with the zoo's weights that were opened, where it names none and no file of one's own was given."""
    named = opened.weights and settings.weights_path is None and "@" not in entry
    return f"{entry}@{opened.weights}" if named else entry


def _answers(
    worker: Worker[Evaluator],
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
        fresh = classify(worker, chunk, ahead)
        journal.add(fresh)
        known |= {answer.name: answer for answer in fresh}
        progress(len(known), len(items))
    seconds = time.perf_counter() - clock
    return [known[item.name] for item in items], len(left) / seconds if left and seconds else None


def _still_true(known: dict[str, Answer], items: Sequence[Item]) -> dict[str, Answer]:
    """Answers of a journal to images whose bytes are still those that were answered."""
    true = {}
    for item in items:
        answer = known.get(item.name)
        with contextlib.suppress(OSError):
            if answer is not None and hashlib.sha256(sets.read_bytes(item)).hexdigest() == answer.digest:
                true[item.name] = answer
    return true


def _names(items: Sequence[Item]) -> list[str]:
    return [item.name for item in items]


def classify(worker: Worker[Evaluator], chunk: Sequence[Item], ahead: Sequence[Item]) -> list[Answer]:
    """The answers of a worker to a chunk of images; it decodes those ``ahead`` meanwhile.

    Raises:
        WorkerFailed: with the reason a record keeps.
    """
    answers = worker.call(CHUNK_SECONDS, Evaluator.evaluate, chunk, ahead)
    return [
        Answer(item.name, each.digest, each.classes, each.problem) for item, each in zip(chunk, answers, strict=True)
    ]


def _usable(items: Sequence[Item], answers: Sequence[Answer]) -> list[tuple[Item, Answer]]:
    return [(item, answer) for item, answer in zip(items, answers, strict=True) if answer.classes]


def _believed(check: Check, believe: bool) -> Check:
    """The check, unless it failed and the result is not to be recorded regardless."""
    if not check.passed and not believe:
        raise Unbelievable(check)
    return check


def label_range(images: ImageSet, classes: int, offset: int) -> Check:
    """Whether the labels of a set are among the model's classes."""
    passed = images.classes + offset <= classes
    return Check(code="label_range", passed=passed, labels=images.classes, classes=classes, offset=offset)


def other_preprocessing(worker: Worker[Evaluator], items: Sequence[Item]) -> Check:
    """Whether any usual mistake in preprocessing makes the model surer of the right classes.

    Ways that look better on a few images are tried on others, and only those count.

    Raises:
        WorkerFailed: with the reason a record keeps.
    """
    sample = sets.sample(items, TRIED)
    specified, *others = worker.call(CHUNK_SECONDS, Evaluator.sureness, sample)
    check = Check(code="other_preprocessing", images=len(specified.log_probabilities), ways=len(others))
    suspects = [each for each in others if surer(each, specified) < SUSPECTED]
    if not suspects:
        return check
    apart = sets.held_apart(items, sample, CONFIRMED)
    again = [each.mistake for each in suspects]
    if apart:
        specified, *suspects = worker.call(CHUNK_SECONDS, Evaluator.sureness, apart, again)
    found = [each for each in suspects if surer(each, specified) < SURE]
    if not found:
        return check
    worst = max(found, key=lambda each: sum(each.log_probabilities))
    wins = sum(x > y for x, y in zip(worst.log_probabilities, specified.log_probabilities, strict=True))
    total = len(specified.log_probabilities)
    return check.model_copy(
        update={"passed": False, "mistakes": (worst.mistake or "",), "right_otherwise": wins, "images": total}
    )


NETWORK_IMAGES = 400
"""On which other networks are confirmed before an accuracy. Networks above ``LIGHT`` are diagnosed only when asked:
some five thousand passes take minutes."""
LIGHT = 10**9
"""Multiply-accumulates."""


def other_network(worker: Worker[Evaluator], items: Sequence[Item]) -> Check | None:
    """Whether a usual slip in the network makes the weights better; None where it was not tried: the network cannot be
    read, or takes too long.

    Raises:
        WorkerFailed: when the worker ends.
    """
    macs = worker.call(CHUNK_SECONDS, Evaluator.macs)
    if macs is None or macs > LIGHT:
        return None
    changes = worker.call(CHUNK_SECONDS, Evaluator.changes)
    found = diagnosis.diagnose(
        changes, lambda chunk, which: worker.call(CHUNK_SECONDS, Evaluator.tried, list(chunk), list(which)),
        items, most=NETWORK_IMAGES,
    )  # fmt: skip
    check = Check(code="other_network", ways=found.tried, images=found.images or None)
    if not found.named:
        return check
    best = found.named[0]
    return check.model_copy(
        update={
            "passed": False,
            "mistakes": (best.words,),
            "right": found.right,
            "right_otherwise": found.right + best.gained - best.lost,
        }
    )


def surer(other: Sureness, specified: Sureness) -> float:
    """The p-value of a sign test that a way makes the model surer of the right class; 1 where it does not."""
    pairs = list(zip(other.log_probabilities, specified.log_probabilities, strict=True))
    wins, losses = sum(x > y for x, y in pairs), sum(x < y for x, y in pairs)
    return sign_test(wins, losses) if wins > losses else 1.0


def class_order(usable: Sequence[tuple[Item, Answer]], offset: int, classes: int) -> Check:
    """Whether class numbers are in order and start where they are said to start."""
    shift = class_shift(usable, offset)
    if not shift.passed:
        return shift
    right, total = sum(_hits(usable, offset)), len(usable)
    passed = total < 50 or wilson_interval(right, total).low > 2 / classes
    return Check(code="class_order", passed=passed, images=total, right=right, classes=classes)


def _hits(usable: Sequence[tuple[Item, Answer]], offset: int) -> list[bool]:
    return [answer.classes[0] - offset == item.label for item, answer in usable]


def class_shift(usable: Sequence[tuple[Item, Answer]], offset: int) -> Check:
    """Whether class numbers start where they are said to start."""
    right = _hits(usable, offset)
    for shift in (-1, 1):
        shifted = _hits(usable, offset - shift)
        wins = sum(other and not own for other, own in zip(shifted, right, strict=True))
        losses = sum(own and not other for other, own in zip(shifted, right, strict=True))
        if wins > losses and sign_test(wins, losses) < SURE:
            return Check(
                code="class_shift", passed=False, images=len(usable), right=sum(right), right_otherwise=sum(shifted),
                offset=offset, offset_otherwise=offset - shift,
            )  # fmt: skip
    return Check(code="class_shift", images=len(usable), right=sum(right), offset=offset)


def _result(
    usable: Sequence[tuple[Item, Answer]], offset: int, rate: float | None, checks: Sequence[Check]
) -> AccuracyResult:
    top1 = [answer.classes[0] - offset == item.label for item, answer in usable]
    top5 = [item.label + offset in answer.classes for item, answer in usable]
    return AccuracyResult(
        top1_hits=sum(top1), top5_hits=sum(top5), top1=pack_bits(top1), top5=pack_bits(top5),
        images_per_second=None if rate is None else max(round(rate, 3), 0.001), checks=tuple(checks),
    )  # fmt: skip


def _identity(images: ImageSet, usable: Sequence[tuple[Item, Answer]], answers: Sequence[Answer]) -> ImageSetIdentity:
    problems = Counter(answer.problem for answer in answers if answer.problem is not None)
    known = sets.known_as(images, [item for item, _ in usable], [answer.digest for _, answer in usable])
    return known.model_copy(update={"left_out": {**images.left_out, **problems}})


def key(entry: str, opened: Opened, images: ImageSet, settings: Settings, environment: Environment) -> str:
    """What a journal belongs to: entry, weights, preprocessing, machine, and the images with their labels."""
    spec = opened.preprocessing.model_dump_json()
    parts = [entry, str(opened.weights_hash), opened.state, spec, opened.pipeline, environment.id]
    whole = hashlib.sha256("\0".join([*parts, str(settings.batch), settings.device]).encode())
    for item in images.items:
        whole.update(f"{item.name}\0{item.location}\0{item.label}\n".encode("utf-8", "surrogateescape"))
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
                    kept = json.loads(line)
                    yield Answer(kept["name"], kept["digest"], tuple(kept["classes"]), kept["problem"])

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
