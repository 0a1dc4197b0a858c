"""Reading releases: every entry of one, and the networks that changed from one to the next, each run in both.

A release is read by workers that have it on their path. What was read is kept entry by entry in a journal, so that an
interrupted command goes on where it stopped.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic import TypeAdapter

from zoodata.dataset import store
from zoodata.environments import folders
from zoodata.isolation import Worker, WorkerFailed, default_memory_limit
from zoodata.measure.architecture import missing_for
from zoodata.measure.environment import capture
from zoodata.measure.host import LEAN, worker_environment
from zoodata.measure.release import Built, ReleaseReader, unique
from zoodata.records import Environment, Missing, Preprocessing, Release, ReleaseChanges
from zoodata.records.base import Record
from zoodata.records.measurement import timestamp
from zoodata.records.release import SAME, NativeOutcome, NetworkChange, ReleasedEntry
from zoodata.stats import relative_error
from zoodata.sweep.reader import Renewing
from zoodata.zoos import registry

LISTING_SECONDS = 180.0
ENTRY_SECONDS = 120.0
CHANGE_SECONDS = 300.0
JOURNALS = ".writing-releases"

Done = Callable[[str], None]


@dataclass(frozen=True)
class ZooRelease:
    """A zoo at one release, the installed one or another."""

    zoo: str
    release: str

    @property
    def paths(self) -> tuple[Path, ...]:
        """The folders to put before the installed packages.

        Raises:
            folders.NotAdded: when the release is not here.
        """
        return folders.of_zoo(self.zoo, registry.get(self.zoo).modules, self.release)

    def environment(self) -> Environment:
        """The software it is read with."""
        return capture(registry.get(self.zoo).packages, self.paths)


class _Line(Record):
    """What the journal keeps of one entry."""

    entry: ReleasedEntry
    preprocessing: Preprocessing | None


LINE = TypeAdapter(_Line)


Reading = Renewing[ReleaseReader]


@contextmanager
def _reading(chosen: ZooRelease) -> Iterator[Reading]:
    """A worker that has one release on its path."""
    variables, paths = worker_environment("cpu", 1) | LEAN, chosen.paths
    reading = Renewing(lambda: Worker(ReleaseReader, variables, default_memory_limit(2), paths=paths))
    try:
        yield reading
    finally:
        reading.close()


def entries(chosen: ZooRelease) -> list[str]:
    """The entries of a release.

    Raises:
        WorkerFailed: when the release does not even list them.
    """
    with _reading(chosen) as reading:
        return reading.worker().call(LISTING_SECONDS, ReleaseReader.entries, chosen.zoo)


def read(chosen: ZooRelease, names: Sequence[str], root: Path, done: Done = lambda name: None) -> Release:
    """Read every entry of a release, and store the record."""
    started, clock = datetime.now(UTC), time.perf_counter()
    environment = chosen.environment()
    journal = root / JOURNALS / f"{chosen.zoo}-{chosen.release}.jsonl"
    known = _resumed(journal, environment)
    journal.parent.mkdir(parents=True, exist_ok=True)
    with _reading(chosen) as reading, journal.open("a", encoding="utf-8") as stream:
        for name in names:
            if name not in known:
                known[name] = _read_entry(reading, chosen.zoo, name)
                line = {"environment": environment.id, "line": json.loads(known[name].model_dump_json())}
                stream.write(json.dumps(line) + "\n")
                stream.flush()
            done(name)
    lines = [known[name] for name in names]
    kept, places = unique([line.preprocessing for line in lines])
    record = Release.seal(
        zoo=chosen.zoo,
        release=chosen.release,
        started_at=timestamp(started),
        seconds=round(time.perf_counter() - clock, 1),
        environment=environment.id,
        preprocessings=kept,
        entries=tuple(
            line.entry.model_copy(update={"preprocessing": place}) for line, place in zip(lines, places, strict=True)
        ),
    )
    store.write(environment, root)
    store.write(record, root)
    journal.unlink(missing_ok=True)
    return record


def _resumed(journal: Path, environment: Environment) -> dict[str, _Line]:
    """What an interrupted reading in this very environment kept."""
    known: dict[str, _Line] = {}
    if not journal.is_file():
        return known
    for text in journal.read_text(encoding="utf-8").splitlines():
        try:
            content = json.loads(text)
            if content["environment"] == environment.id:
                line = LINE.validate_json(json.dumps(content["line"]))
                known[line.entry.name] = line
        except (ValueError, KeyError, TypeError):  # a line that a kill cut
            continue
    return known


def _read_entry(reading: Reading, zoo: str, name: str) -> _Line:
    try:
        built: Built = reading.worker().call(ENTRY_SECONDS, ReleaseReader.built, zoo, name)
    except Exception as error:  # whatever an answer is, it is this entry's and ends no reading
        return _Line(entry=ReleasedEntry(name=name, missing=missing_for(error)), preprocessing=None)
    entry = ReleasedEntry(
        name=name, digest=built.digest, parameters=built.parameters, macs=built.macs, input=built.input,
        classes=built.classes, weights=built.weights,
    )  # fmt: skip
    return _Line(entry=entry, preprocessing=built.preprocessing)


def changed(earlier: Release, later: Release) -> list[str]:
    """The entries of both releases whose networks have another digest."""
    before = {entry.name: entry.digest for entry in earlier.entries}
    return [
        entry.name
        for entry in later.entries
        if entry.digest is not None and before.get(entry.name) not in (None, entry.digest)
    ]


def compare(earlier: Release, later: Release, root: Path, done: Done = lambda name: None) -> ReleaseChanges:
    """Compare every network that changed, run both releases' models on the same weights, and store what came of it.

    The networks are stored too, so that anyone can compare them again.
    """
    started = datetime.now(UTC)
    sides = ZooRelease(earlier.zoo, earlier.release), ZooRelease(later.zoo, later.release)
    environment = sides[1].environment()
    found = []
    with _reading(sides[0]) as before, _reading(sides[1]) as after:
        for name in changed(earlier, later):
            found.append(_compare_entry(before, after, later.zoo, name, earlier, later, root))
            done(name)
    record = ReleaseChanges.seal(
        zoo=later.zoo, earlier=earlier.release, later=later.release, started_at=timestamp(started),
        environment=environment.id, changes=tuple(found),
    )  # fmt: skip
    store.write(environment, root)
    store.write(record, root)
    return record


def _compare_entry(
    before: Reading, after: Reading, zoo: str, name: str, earlier: Release, later: Release, root: Path
) -> NetworkChange:
    digests = tuple(
        next(entry.digest for entry in release.entries if entry.name == name) or "" for release in (earlier, later)
    )
    outcome: NativeOutcome = "not_run"
    result, missing, error = None, None, None
    try:
        for reading in (before, after):
            store.write(reading.worker().call(CHANGE_SECONDS, ReleaseReader.built, zoo, name).network, root)
        network = before.worker().call(CHANGE_SECONDS, ReleaseReader.network, zoo, name)
        try:
            compared = after.worker().call(CHANGE_SECONDS, ReleaseReader.against, zoo, name, network)
        except WorkerFailed:  # too large to be run here, or too slow: what differs can still be said
            compared = after.worker().call(CHANGE_SECONDS, ReleaseReader.against, zoo, name, network, False)
        result = compared.result
        proof = result.proof
        if compared.scores is not None:
            scores = before.worker().call(CHANGE_SECONDS, ReleaseReader.scores, zoo, name)
            apart = math.inf if scores is None else relative_error(scores, compared.scores)
            error = apart if math.isfinite(apart) else None
        if error is not None:
            outcome = "same_function" if error < SAME else "parted"
        elif proof is not None and proof.status == "not_transferable" and not compared.takes_by_name:
            outcome = "not_transferable"
    except Exception as failure:  # whatever an answer is, it is this entry's and ends no comparison
        missing = missing_for(failure) if result is None else None
        if result is None and not isinstance(failure, WorkerFailed):
            missing = Missing(reason="crashed", message=str(failure)[:300] or type(failure).__name__)
    return NetworkChange(
        name=name, earlier=digests[0], later=digests[1], outcome=outcome, error=error, result=result, missing=missing
    )
