"""The latency measurement: entries timed in turns, so that a ratio holds on a noisy machine.

Each entry lives in a worker process of its own. A round gives every worker one turn, in random order; the
others are stopped meanwhile. What is compared are entries of one run, never one run with another. Some
rounds are a sitting; every sitting has new processes, because where a process lies in memory changes its speed.
The reference takes part twice: the ratio of it to itself is the noise floor. Beside the entries, their networks
can run in one common runtime, which splits a ratio into the networks' part and the frameworks'.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from zoodata.isolation import WorkerFailed, can_choose_layout, can_stop
from zoodata.measure import watching
from zoodata.measure.host import TORCH_ZOOS
from zoodata.measure.seats import Place, Seat, Workers, seated
from zoodata.measure.sitting import TURN_SECONDS, Lost, Say, Turns, close, hold, ns_and_cpu_us
from zoodata.measure.timer import binds_threads, can_keep_memory, can_raise_priority
from zoodata.records import Environment, LatencyMeasurement, MissingParticipant, Participant, entry_zoo
from zoodata.records.latency import LatencyConditions, Sitting, null_seat
from zoodata.records.measurement import timestamp
from zoodata.turns import Taken, ratios_to_reference
from zoodata.zoos import registry

LAYOUTS = 2**15
"""Pages by which memory may be shifted: 128 MiB, which is sixty-four large pages."""


@dataclass
class _Run:
    """A run under way."""

    conditions: LatencyConditions
    workers: Workers
    say: Say
    participants: tuple[Participant, ...] = ()
    rounds: list[Turns] = field(default_factory=list)
    sittings: list[Sitting] = field(default_factory=list)
    missing: list[MissingParticipant] = field(default_factory=list)
    building_seconds: float = 0.0
    """What starting the next sitting's processes has taken so far."""
    layout: int | None = None
    """How the memory of the sitting's processes lies."""

    def new_layout(self, chance: random.Random) -> None:
        """Draw how the next sitting's processes lie in memory, alike for all of them where the system lets us."""
        self.layout = chance.randrange(LAYOUTS) if self.conditions.layout == "shared" else None

    def seated(self, places: Sequence[Place], meter: watching.Meter | None) -> list[Seat]:
        """Those of the places whose worker could be built; the others are recorded as missing."""
        started = time.monotonic()
        seats, failed = seated(places, self.conditions, self.workers, meter, self.layout)
        self.building_seconds += time.monotonic() - started
        self.missing += [place.missing(error) for place, error in failed]
        return seats


def measure(
    entries: Sequence[str],
    architecture: str,
    environment: Environment,
    conditions: LatencyConditions,
    workers: Workers,
    progress: Say = lambda message: None,
) -> LatencyMeasurement:
    """Time entries against the first of them.

    An entry that cannot take part is recorded with its reason; the first that can becomes the reference.
    """
    started = datetime.now(UTC)
    run = _Run(conditions, workers, progress)
    instruments = watching.gpu(conditions.device)
    meter, source = watching.energy(conditions.device, instruments)
    with tempfile.TemporaryDirectory(prefix="zoodata-networks-") as folder:
        stopped = _sit(run, entries, Path(folder), instruments, meter)
    samples, cpu_us = ns_and_cpu_us(run.rounds)
    return LatencyMeasurement.seal(
        architecture=architecture,
        started_at=timestamp(started),
        conditions=conditions,
        environment=environment.id,
        participants=run.participants,
        unit="ns",
        samples=_frozen(samples),
        cpu_us=_frozen(cpu_us) if samples and cpu_us is not None else None,
        sittings=tuple(run.sittings),
        stopped=stopped,
        energy_source=source if samples else None,
        missing=tuple(run.missing),
    )


def _frozen(rounds: list[list[list[int]]]) -> tuple[tuple[tuple[int, ...], ...], ...]:
    return tuple(tuple(tuple(passes) for passes in turns) for turns in rounds)


Stopped = Literal["interval", "time", "worker_lost", "no_pair"]


def _sit(
    run: _Run, entries: Sequence[str], folder: Path, instruments: watching.Gpu | None, meter: watching.Meter | None
) -> Stopped:
    """Hold sittings until every ratio is known well enough, time is up, or a worker is lost."""
    conditions = run.conditions
    order = random.Random(conditions.seed)  # noqa: S311  (an order of turns, not a secret)
    end = time.monotonic() + conditions.time_limit_seconds
    run.new_layout(order)
    seats = _first_seats(run, entries, folder, meter)
    if not seats:
        return "no_pair"
    places = [seat.place for seat in seats]
    while True:
        number = len(run.sittings) + 1
        try:
            if number > 1:
                run.say(f"sitting {number}: building")
                run.new_layout(order)
                seats = run.seated(places, meter)
                if len(seats) < len(places):
                    close(seats)
                    return "worker_lost"
            _hold(run, seats, order, instruments)
        except Lost as lost:
            run.missing.append(lost.place.missing(lost.error))
            return "worker_lost" if run.sittings else "no_pair"
        if number < conditions.fewest_sittings:
            continue
        widest = widest_interval(run.rounds, run.sittings, run.participants, conditions.device)
        run.say(f"sitting {number}: every ratio known to ±{widest:.1%}")
        if widest <= conditions.target_half_width:
            return "interval"
        if time.monotonic() >= end:
            return "time"


def _hold(run: _Run, seats: Sequence[Seat], order: random.Random, instruments: watching.Gpu | None) -> None:
    number, building = len(run.sittings) + 1, run.building_seconds
    run.building_seconds = 0.0
    settled: list[int | None] = [participant.passes for participant in run.participants]
    held = hold(
        seats,
        settled or [None] * len(seats),
        run.conditions,
        order,
        building,
        instruments,
        lambda what: run.say(f"sitting {number}: {what}"),
    )
    run.participants = held.participants
    run.rounds += held.rounds
    run.sittings.append(held.seen)


def _first_seats(run: _Run, entries: Sequence[str], folder: Path, meter: watching.Meter | None) -> list[Seat]:
    """The first sitting's seats: the models that can be built, the null pair, the networks. Empty without a pair."""
    run.say(f"building {', '.join(entries)}")
    models = run.seated([Place(entry, modules=_modules(entry, entries)) for entry in entries], meter)
    if len(models) < 2:
        close(models)
        return []
    try:
        places = [seat.place for seat in models]
        networks = _networks(run, [place.entry for place in places], folder) if run.conditions.networks else []
        digests = {place.entry: place.digest for place in networks}
        for seat in models:
            seat.place = replace(seat.place, digest=digests.get(seat.place.entry))
        run.say(f"building {places[0].entry} again, for the null pair")
        unique: dict[str | None, Place] = {}
        for place in networks:
            unique.setdefault(place.digest, place)
        null = replace(models[0].place, null=True)
        others = run.seated([null, *unique.values()], meter)
    except BaseException:
        close(models)
        raise
    if not others or not others[0].place.null:  # without it nobody could say what is noise
        close([*models, *others])
        return []
    return [*models, *others]


def _modules(entry: str, entries: Sequence[str]) -> tuple[str, ...]:
    """The modules of all zoos of the run that share the entry's framework, in one order for all of them."""
    zoos = {name: registry.get(name) for name in map(entry_zoo, entries)}
    mine = zoos[entry_zoo(entry)].extra
    modules = {module for zoo in zoos.values() if zoo.extra == mine for module in zoo.modules}
    return tuple(sorted(module for module in modules if find_spec(module) is not None))


def _networks(run: _Run, entries: Sequence[str], folder: Path) -> list[Place]:
    """The entries' networks, written as files for the common runtime; one file for all of one digest."""
    conditions, found = run.conditions, []
    if conditions.batch != 1:
        refusal = WorkerFailed("cannot_be_built", "networks run one image; the batch is larger")
        run.missing += [Place(entry, subject="network").missing(refusal) for entry in entries]
        return []
    run.say("reading networks")
    files: dict[str, str] = {}
    modules = ("zoodata.runtimes.executed", str(conditions.networks))
    # Torch first: it does not bear being loaded after TensorFlow in one process.
    with run.workers.reading() as worker:
        for number, entry in enumerate(sorted(entries, key=lambda name: entry_zoo(name) not in TORCH_ZOOS)):
            place = Place(entry, subject="network", modules=modules, file=str(folder / f"{number}"))
            try:
                digest = worker.ask(
                    "write_network",
                    entry,
                    place.file,
                    conditions.networks,
                    conditions.seed,
                    timeout=run.workers.seconds,
                )
            except WorkerFailed as error:
                run.missing.append(place.missing(error))
                if not worker.alive:
                    break
                continue
            file = files.setdefault(digest, str(place.file))
            if file != place.file:
                Path(str(place.file)).unlink()
            found.append(replace(place, digest=digest, file=file))
    ordered = {place.entry: place for place in found}
    return [ordered[entry] for entry in entries if entry in ordered]


def widest_interval(
    rounds: Sequence[Turns], sittings: Sequence[Sitting], participants: Sequence[Participant], device: str
) -> float:
    """The largest relative half width among the ratios of all participants to the reference, its own to itself too.

    A run that stopped as soon as one ratio's interval happens to be narrow would stop too soon: of five runs of
    MobileNetV2, read until then, ratios were 1.9 % apart, and 1.0 % where the null pair's had to be as narrow.
    """
    taken = Taken(ns_and_cpu_us(rounds)[0], [sitting.rounds for sitting in sittings], device)
    return max(interval.half_width for interval in ratios_to_reference(taken, null_seat(participants)).values())


def conditions_for(
    batch: int, device: str, threads: int, target: float, time_limit: float, seed: int, *,
    sittings: int = 3, networks: Literal["onnxruntime", "torch"] | None = None, compiled: bool = False,
) -> LatencyConditions:  # fmt: skip
    """The conditions of a run with this build's own choices filled in."""
    return LatencyConditions(
        batch=batch,
        dtype="float32",
        device=device,
        threads=threads,
        turn_seconds=TURN_SECONDS,
        torch="compiled" if compiled else "eager",
        networks=networks,
        idle_partners="stopped" if can_stop() else "running",
        keeps_memory=can_keep_memory(),
        layout="shared" if can_choose_layout() else "chance",
        threads_bound=binds_threads(device),
        redrawn=True,
        priority="raised" if can_raise_priority() else "normal",
        fewest_sittings=sittings,
        target_half_width=target,
        time_limit_seconds=time_limit,
        seed=seed,
    )
