"""The latency measurement: entries against the first of them, so that a ratio holds on a noisy machine.

Ratios are of one run (:mod:`zoodata.measure.timed_run`), never of one run and another. The reference takes part twice:
the two are the A/A pair, whose ratio is the noise floor. Besides the entries, their networks can run in one common
runtime, which splits a ratio into the networks' part and the frameworks'.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from zoodata.environments import folders
from zoodata.isolation import WorkerFailed, scratch_folder
from zoodata.measure import watching
from zoodata.measure.host import Host, torch_first
from zoodata.measure.participants import PlannedParticipant, ReadingWorkers, TimedWorker
from zoodata.measure.session import Say, close
from zoodata.measure.timed_run import Run, check_system, outcome, run_sessions
from zoodata.records import Environment, LatencyMeasurement, entry_zoo
from zoodata.records.latency import LatencyConditions
from zoodata.zoos import registry


def measure(
    entries: Sequence[str],
    architecture: str,
    environment: Environment,
    conditions: LatencyConditions,
    workers: ReadingWorkers,
    progress: Say = lambda message: None,
) -> LatencyMeasurement:
    """Time entries against the first of them.

    An entry that cannot take part is recorded with its reason; the first that can becomes the reference.

    Raises:
        CannotTime: on a system without the instruments.
    """
    check_system()
    started = datetime.now(UTC)
    run = Run(conditions, workers, progress)
    instruments = watching.gpu(conditions.device)
    meter, source = watching.energy(conditions.device, instruments)
    folder = scratch_folder("networks")
    try:

        def first(meter: watching.Meter | None) -> list[TimedWorker]:
            return _first_workers(run, entries, folder, meter, workers)

        stopped = run_sessions(run, first, instruments, meter)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return LatencyMeasurement.seal(architecture=architecture, **outcome(run, environment, started, stopped, source))


def _first_workers(
    run: Run, entries: Sequence[str], folder: Path, meter: watching.Meter | None, workers: ReadingWorkers
) -> list[TimedWorker]:
    """The first session's workers: the models that can be built, the reference again, the networks.

    Empty without a pair.
    """
    run.say(f"building {', '.join(entries)}")
    models = run.start([PlannedParticipant(entry, modules=_modules(entry, entries)) for entry in entries], meter)
    if len(models) < 2:
        close(models)
        return []
    try:
        planned = [worker.planned for worker in models]
        networks = _networks(run, [one.entry for one in planned], folder, workers) if run.conditions.networks else []
        digests = {one.entry: one.digest for one in networks}
        for worker in models:
            worker.planned = replace(worker.planned, digest=digests.get(worker.planned.entry))
        run.say(f"building {planned[0].entry} again, for the A/A pair")
        unique: dict[str | None, PlannedParticipant] = {}
        for one in networks:
            unique.setdefault(one.digest, one)
        repeat = replace(models[0].planned, repeats_reference=True)
        others = run.start([repeat, *unique.values()], meter)
    except BaseException:
        close(models)
        raise
    if not others or not others[0].planned.repeats_reference:  # without it there is no noise floor
        close([*models, *others])
        return []
    return [*models, *others]


def _modules(entry: str, entries: Sequence[str]) -> tuple[str, ...]:
    """The modules of all zoos of the run that share the entry's framework, in one order for all of them."""
    zoos, found = {name: registry.get(name) for name in map(entry_zoo, entries)}, registry.folders_of(entries)
    mine = zoos[entry_zoo(entry)].extra
    modules = {module for zoo in zoos.values() if zoo.extra == mine for module in zoo.modules}
    return tuple(sorted(module for module in modules if folders.has_module(module, found)))


def _networks(run: Run, entries: Sequence[str], folder: Path, workers: ReadingWorkers) -> list[PlannedParticipant]:
    """The entries' networks, written as files for the common runtime; one file for all of one digest."""
    conditions, written = run.conditions, []
    assert conditions.networks is not None, "asked for"
    if conditions.batch != 1 or conditions.dtype != "float32":
        why = "the batch is larger" if conditions.batch != 1 else f"this run is in {conditions.dtype}"
        refusal = WorkerFailed("cannot_be_built", f"networks run one image in float32; {why}")
        run.missing += [PlannedParticipant(entry, subject="network").missing(refusal) for entry in entries]
        return []
    run.say("reading networks")
    files: dict[str, str] = {}
    modules = ("zoodata.runtimes.executed", conditions.networks)
    with workers.reading(folder) as worker:
        for number, entry in enumerate(torch_first(entries)):
            path = folder / f"{number}"
            planned = PlannedParticipant(entry, subject="network", modules=modules, file=str(path))
            try:
                digest = worker.call(
                    run.workers.seconds, Host.write_network, entry, str(path), conditions.networks, conditions.seed
                )
            except WorkerFailed as error:
                run.missing.append(planned.missing(error))
                if not worker.alive:
                    break
                continue
            file = files.setdefault(digest, str(path))
            if file != str(path):
                path.unlink()
            written.append(replace(planned, digest=digest, file=file))
    ordered = {one.entry: one for one in written}
    return [ordered[entry] for entry in entries if entry in ordered]
