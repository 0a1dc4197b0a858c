"""Sweeping over checkpoints: each entry's default weights on one published image set."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from zoodata.dataset.store import Dataset
from zoodata.images import published
from zoodata.images.sets import ImageSet, NoImages, find
from zoodata.isolation import Worker, default_memory_limit
from zoodata.measure import accuracy
from zoodata.measure.environment import capture
from zoodata.measure.evaluator import Evaluator
from zoodata.measure.host import worker_environment
from zoodata.records import AccuracyMeasurement, Environment, Missing, entry_zoo
from zoodata.records.base import Measurement, without_weights
from zoodata.records.measurement import timestamp
from zoodata.sweep import plan
from zoodata.sweep.part import PlanPart
from zoodata.sweep.task import WORTH_ANOTHER_TRY, Bench, Limits, Needs, Outcome, Task
from zoodata.wording.checks import check as check_words
from zoodata.zoos.registry import folders_of, get

IMAGE_PACKAGES = ("pillow", "opencv-python-headless")
"""What decodes and resizes."""


def image_environment(entries: Iterable[str], *more: str) -> Environment:
    """The environment in which entries answer images: their zoos' packages, what decodes and resizes, and more."""
    entries = list(entries)
    packages = {package for entry in entries for package in get(entry_zoo(entry)).packages}
    return capture([*packages, *IMAGE_PACKAGES, *more], folders_of(entries))


JOURNALS = ".unfinished"
"""Folder beside the image sets in which tasks keep the answers they have, until they are records."""


@dataclass(frozen=True)
class AccuracyTask:
    """Evaluate one entry's default weights on one image set."""

    kind: ClassVar[str] = "accuracy"
    entry: str
    images: str
    """The set's name."""
    identity: str
    """The set's hash."""
    batch: int

    @property
    def label(self) -> str:
        """See :class:`Task`."""
        return f"{self.entry} on {self.images}"

    @property
    def entries(self) -> tuple[str, ...]:
        """See :class:`Task`."""
        return (self.entry,)

    @property
    def group(self) -> str:
        """See :class:`Task`. Each has a process of its own, so that no task waits for another."""
        return self.entry

    def needs(self, limits: Limits) -> Needs:
        """See :class:`Task`."""
        return Needs(cores=limits.threads)

    def is_done(self, dataset: Dataset, environment: Environment | None) -> bool:
        """See :class:`Task`. An accuracy is of the weights and the images: once measured it holds on any machine."""
        for record in dataset.accuracy_measurements:
            if without_weights(record.entry) != self.entry:
                continue
            if record.images is not None and record.images.hash == self.identity:
                return True
            if record.missing is not None and record.missing.reason not in WORTH_ANOTHER_TRY:
                return True
        return False

    def measure(self, bench: Bench, environment: Environment) -> Outcome:
        """See :class:`Task`."""
        folders = folders_of([self.entry])
        environment = image_environment([self.entry])
        threads = bench.limits.threads
        settings = accuracy.Settings(batch=self.batch, threads=threads)
        journals = published.folder_of(self.images).parent / JOURNALS
        variables = worker_environment(settings.device, threads) | accuracy.PASSIVE
        memory = bench.limits.memory or default_memory_limit(1)
        started = datetime.now(UTC)
        try:
            images = self._images()
            with Worker(Evaluator, variables, memory, paths=folders) as worker:
                record = accuracy.measure(worker, self.entry, images, environment, settings, journals)
        except NoImages as error:
            missing = Missing(reason="needs_download", message=str(error))
            record = self._without(started, environment, missing)
        except (accuracy.Unbelievable, accuracy.NothingUsable) as error:
            said = check_words(error.check) if isinstance(error, accuracy.Unbelievable) else str(error)
            record = self._without(started, environment, Missing(reason="not_believed", message=said))
        return Outcome(self, record, (environment,))

    def _images(self) -> ImageSet:
        folder = published.folder_of(self.images)
        if not folder.is_dir():
            raise NoImages(f"the image set {self.images} is not here: zoodata images fetch {self.images}")
        return find(folder)

    def _without(self, started: datetime, environment: Environment, missing: Missing) -> AccuracyMeasurement:
        return AccuracyMeasurement.seal(
            entry=self.entry, started_at=timestamp(started), environment=environment.id, seconds=0.0, images=None,
            conditions=None, missing=missing,
        )  # fmt: skip

    def summary(self, record: Measurement) -> str:
        """See :class:`Task`."""
        assert isinstance(record, AccuracyMeasurement)
        if record.result is not None and record.images is not None:
            return f"{100 * record.result.top1_hits / record.images.images:.1f} % of {record.images.images}"
        return f"no, {record.missing.reason}" if record.missing else "no"


class AccuracyPart(PlanPart):
    """Evaluate every catalogue entry whose weights can be had on a published image set."""

    measure: Literal["accuracy"]
    images: str
    """Name of an image set of the dataset."""
    batch: Annotated[int, Field(ge=1, le=1024)] = 16

    def tasks(self, architecture: str, dataset: Dataset, zoos: Sequence[str]) -> list[Task]:
        """See :class:`PlanPart`."""
        record = dataset.image_sets.get(self.images)
        if record is None:
            return []
        entries = _with_weights(dataset, architecture, zoos)
        return [AccuracyTask(entry, self.images, record.identity, self.batch) for entry in entries]


def _with_weights(dataset: Dataset, architecture: str, zoos: Sequence[str]) -> Iterator[str]:
    """An architecture's entries in these zoos, those whose network comes only with its weights too."""
    for item in plan.architecture_named(dataset, architecture).entries:
        can_be_had = item.unavailable is None or item.unavailable.reason == "needs_download"
        if can_be_had and entry_zoo(item.entry) in zoos:
            yield item.entry
