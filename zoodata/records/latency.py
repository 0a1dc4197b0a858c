"""A latency run: raw passes of several workers timed in turns, and what was observed beside them.

Nothing derived is stored: ratios, splits, percentiles and warnings are computed when a record is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, model_validator
from pydantic_core import PydanticCustomError

from zoodata.records.base import Count, EntryName, Hash, HashedRecord, Identifier, Line, Record
from zoodata.records.measurement import InputShape, Missing

Nanoseconds = Annotated[int, Field(gt=0, le=10**15)]
Amount = Annotated[float, Field(ge=0, le=1e15)]

Subject = Literal[
    "model",  # the entry as its zoo builds it, in its own framework
    "network",  # the entry's canonical network, in the one runtime that all networks of the run share
]


class Participant(Record):
    """One worker of a latency run; in each sitting it is a new process."""

    entry: EntryName
    subject: Subject = "model"
    runtime: Line
    null: bool = False
    """The reference entry a second time: its ratio to itself is the noise floor of the run."""
    input: InputShape
    digest: Hash | None = None
    """Of the entry's network, where it was read. Entries with one digest share one network participant."""
    passes: Annotated[int, Field(ge=1)]
    """Timed passes of a turn."""
    thrown_away: Count = 0
    """Passes that run first in a turn and do not count."""


def null_seat(participants: Sequence[Participant]) -> int:
    """Which of a run's participants is the reference's second process."""
    return next(seat for seat, participant in enumerate(participants) if participant.null)


class LatencyConditions(Record):
    """What was asked for, and held equal between the participants."""

    batch: Annotated[int, Field(ge=1)]
    dtype: Literal["float32"]
    device: Line
    threads: Annotated[int, Field(ge=1)]
    turn_seconds: Annotated[float, Field(gt=0)] | None = None
    """Length of a turn, from which the number of its passes follows; None where that number was fixed."""
    torch: Literal["eager", "compiled"] = "eager"
    networks: Literal["onnxruntime", "torch"] | None = None
    """The runtime that also ran every entry's network; None if the networks were not timed."""
    idle_partners: Literal["stopped", "running"]
    """Whether the other workers were stopped (SIGSTOP) during a turn, so that none spins beside it."""
    keeps_memory: bool = False
    """Whether processes kept what a pass freed for the next one. Where the allocator may give it back to the system,
    now and then a process is a few percent slower for as long as it lives."""
    priority: Literal["raised", "normal"] = "normal"
    """Whether timed processes went before other programs; only root may have that."""
    layout: Literal["shared", "chance"] = "chance"
    """Whether the processes of a sitting had their memory at the same addresses, drawn anew for every sitting, or each
    where the system's chance put it (address space layout randomisation)."""
    threads_bound: bool = False
    """Whether the threads that work most had a core each. Left free, it is by chance which of them shares its core with
    another program, and a process is faster or slower by that for as long as it lives."""
    redrawn: bool = False
    """Whether torch's models for which no weights were named had them drawn by one recipe, not left as built."""
    fewest_sittings: Annotated[int, Field(ge=1)] = 1
    """Before the run may stop because its ratios are known well enough, or because time is up."""
    target_half_width: Annotated[float, Field(gt=0)]
    time_limit_seconds: Annotated[float, Field(gt=0)]
    seed: Count
    """Of the random order of turns in each round."""


class Observed(Record):
    """What was seen of one participant's process in one sitting."""

    warm_up_seconds: Amount
    steady: bool
    """Whether its passes had stopped getting faster when the warm-up ended."""
    resident_mib: Count | None = None
    """Most memory that the process held while it was timed; None where the system does not count it."""
    device_mib: Count | None = None
    """Most memory on the device, where the framework counts it."""
    device_ns: Nanoseconds | None = None
    """Median time of a pass on the device itself (CUDA events), where the framework has such a clock."""
    joules: Amount | None = None
    """Energy counted by the hardware during all of its turns."""
    energy_passes: Count | None = None
    """Passes that this energy was spent on, the thrown-away ones included."""


class Sitting(Record):
    """Some rounds with one set of processes. Where a process happens to lie in memory changes its speed by
    half a percent and more, so a run takes several sittings."""

    rounds: Annotated[int, Field(ge=1, le=10**18)]
    observed: tuple[Observed, ...]
    """In the order of the participants."""
    other_load: Amount | None = None
    """Cores that other programs kept busy meanwhile."""
    stolen: Amount | None = None
    """Cores that the host took from this virtual machine meanwhile."""
    device_clock_mhz: tuple[Count, Count] | None = None
    """Lowest and highest clock of the device's processors, read once a round."""
    device_temperature: tuple[Count, Count] | None = None
    """Lowest and highest, in degrees Celsius."""
    other_device_processes: Count | None = None


class MissingParticipant(Record):
    """An entry, or its network, that was asked for and could not take part."""

    entry: EntryName
    subject: Subject = "model"
    missing: Missing


class LatencyMeasurement(HashedRecord):
    """Passes of several entries timed in turns, round by round, sitting by sitting."""

    kind: Literal["latency"] = "latency"
    schema_version: Literal[5] = 5  # type: ignore[assignment]
    architecture: Identifier
    started_at: AwareDatetime
    conditions: LatencyConditions
    environment: Hash
    participants: tuple[Participant, ...]
    unit: Literal["ns"]
    samples: tuple[tuple[tuple[Nanoseconds, ...], ...], ...]
    """``samples[round][participant][pass]``, raw, the rounds of all sittings one after the other."""
    cpu_us: tuple[tuple[tuple[Count, ...], ...], ...] | None = None
    """Processor time that all threads of the process used in each of the passes, in microseconds: where it is less
    than usual, something else had the processor. None where it was not counted."""
    sittings: tuple[Sitting, ...]
    stopped: Literal["interval", "time", "worker_lost", "no_pair"]
    """Why it ended: every ratio known well enough, the time limit, a worker that died in a later sitting, or
    fewer than two participants."""
    energy_source: Line | None = None
    """The hardware's counter, or why there is none."""
    missing: tuple[MissingParticipant, ...] = ()

    @model_validator(mode="after")
    def _is_whole(self) -> LatencyMeasurement:
        for number, turns in enumerate((*self.samples, *(self.cpu_us or ()))):
            if len(turns) != len(self.participants):
                raise PydanticCustomError(
                    "ragged_samples",
                    "round {round} has {turns} turns for {participants} participants",
                    {"round": number, "turns": len(turns), "participants": len(self.participants)},
                )
            if any(len(passes) != p.passes for passes, p in zip(turns, self.participants, strict=True)):
                raise PydanticCustomError(
                    "ragged_samples", "round {round} does not have its passes in each turn", {"round": number}
                )
        if self.cpu_us is not None and len(self.cpu_us) != len(self.samples):
            raise PydanticCustomError("ragged_samples", "processor time is not that of all rounds")
        if self.samples:
            self._check_pairing()
        if sum(sitting.rounds for sitting in self.sittings) != len(self.samples):
            raise PydanticCustomError("ragged_samples", "the rounds of its sittings are not all its rounds")
        if any(len(sitting.observed) not in (0, len(self.participants)) for sitting in self.sittings):
            raise PydanticCustomError("ragged_samples", "a sitting does not observe every participant")
        if self.stopped == "no_pair" and self.samples:
            raise PydanticCustomError("one_outcome", "has samples although it stopped for want of a pair")
        if self.stopped != "no_pair" and not self.samples:
            raise PydanticCustomError("one_outcome", "has no samples and does not say why")
        return self

    def _check_pairing(self) -> None:
        """At least two rounds of at least two entries, the reference first and once more as the null pair."""
        if len(self.samples) < 2:
            raise PydanticCustomError("pairing", "needs two rounds: one says nothing of how far rounds are apart")
        models = [participant for participant in self.participants if participant.subject == "model"]
        entries = [participant.entry for participant in models if not participant.null]
        nulls = [participant.entry for participant in self.participants if participant.null]
        first = self.participants[0]
        if len(entries) < 2 or nulls != entries[:1] or first.subject != "model" or first.null:
            raise PydanticCustomError(
                "pairing", "needs two entries, the reference first, and the reference again as its null pair"
            )
