"""A latency run: raw iterations of several workers in interleaved rounds, and what was observed meanwhile.

Nothing derived is stored: ratios, splits, percentiles and warnings are computed when a record is read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import PurePosixPath
from statistics import median
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from zoodata.records.base import Count, EntryName, Hash, Identifier, Line, Measurement, Record, Row, entry_zoo
from zoodata.records.measurement import InputShape, Missing

Nanoseconds = Annotated[int, Field(gt=0, le=10**15)]
Amount = Annotated[float, Field(ge=0, le=1e15)]

Dtype = Literal["float32", "float16"]
"""What a model calculates in: single or half precision."""

Subject = Literal[
    "model",  # the entry as its zoo builds it, in its own framework
    "network",  # the entry's canonical network, in the one runtime that all networks of the run share
]


Stopped = Literal["interval", "time", "worker_lost", "too_few_participants"]
"""What ended a run."""


class Participant(Record):
    """A model or a network that takes part in a latency run; in each session it has a new worker process."""

    entry: EntryName
    subject: Subject = "model"
    runtime: Line
    repeats_reference: bool = False
    """The reference entry a second time. The two are the A/A pair."""
    input: InputShape
    digest: Hash | None = None
    """Of the entry's network, where it was read. Entries with one digest share one network participant."""
    iterations: Annotated[int, Field(ge=1)]
    """Timed iterations of a repetition."""
    warm_up_iterations: Count = 0
    """Iterations that run first in a repetition and are not timed."""


def repeat_of_reference(participants: Sequence[Participant]) -> int:
    """The index of the participant that repeats the reference."""
    return next(n for n, participant in enumerate(participants) if participant.repeats_reference)


class LatencyConditions(Record):
    """What was asked for, and held equal between the participants."""

    batch: Annotated[int, Field(ge=1)]
    dtype: Dtype
    device: Line
    threads: Annotated[int, Field(ge=1)]
    repetition_seconds: Annotated[float, Field(gt=0)] | None = None
    """Length of a repetition, from which its number of iterations follows; None where that number was fixed."""
    torch: Literal["eager", "compiled"] = "eager"
    networks: Literal["onnxruntime", "torch"] | None = None
    """The runtime that also ran every entry's network; None if the networks were not timed."""
    idle_workers: Literal["stopped", "running"]
    """Whether the other workers were stopped (SIGSTOP) during a repetition, so that none spins meanwhile."""
    keeps_memory: bool = False
    """Whether processes kept the memory that an iteration freed for the next one (glibc's thresholds fixed)."""
    priority: Literal["raised", "normal"] = "normal"
    """Whether timed processes had the highest scheduling priority; only root may set it."""
    aslr: Literal["off", "on"] = "on"
    """Address space layout randomisation. Where it was off, all processes of a session had their memory at the same
    addresses, shifted by a number of pages that was drawn for each session."""
    cpu_affinity: bool = False
    """Whether each of the busiest threads was bound to a core of its own."""
    seeded_weights: bool = False
    """Whether torch models without named weights had their weights drawn from the run's seed by one recipe."""
    min_sessions: Annotated[int, Field(ge=1)] = 1
    """Sessions before the run may stop by its intervals or by its time limit."""
    target_half_width: Annotated[float, Field(gt=0)]
    time_limit_seconds: Annotated[float, Field(gt=0)]
    seed: Count
    """Of the random order of participants in each round."""


class Observed(Record):
    """What was observed of one participant's process in one session."""

    warm_up_seconds: Amount
    steady: bool
    """Whether iterations had stopped getting faster when the warm-up ended."""
    resident_mib: Count | None = None
    """Most memory that the process held while it was timed; None where the system does not count it."""
    device_mib: Count | None = None
    """Most memory on the device, where the framework counts it."""
    device_ns: Nanoseconds | None = None
    """Median time of a forward pass on the device itself (CUDA events), where the framework has such a clock."""
    joules: Amount | None = None
    """Energy counted by the hardware during all of its repetitions."""
    energy_iterations: Count | None = None
    """Iterations that this energy was spent on, those of the warm-up included."""


class Session(Record):
    """Consecutive rounds with one set of worker processes. Where a process lies in memory changes its speed by half a
    percent and more, so a run has several sessions."""

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


class TimedRun(Measurement):
    """Iterations of several participants, in interleaved rounds, over several sessions."""

    conditions: LatencyConditions
    participants: tuple[Participant, ...]
    unit: Literal["ns"]
    samples: tuple[tuple[tuple[Nanoseconds, ...], ...], ...]
    """``samples[round][participant][iteration]``, raw, the rounds of all sessions one after the other."""
    cpu_us: tuple[tuple[tuple[Count, ...], ...], ...] | None = None
    """Processor time of all threads of the process in each iteration, in microseconds: where it is less than usual,
    another program had the processor. None where it was not counted."""
    sessions: tuple[Session, ...]
    stopped: Stopped
    """Why the run ended: every ratio known to the target, the time limit, a worker that died in a later session, or
    fewer than two participants."""
    energy_source: Line | None = None
    """The hardware's counter, or why there is none."""
    missing: tuple[MissingParticipant, ...] = ()

    @property
    def entries(self) -> tuple[str, ...]:
        """See :class:`zoodata.records.base.Measurement`."""
        return (*(each.entry for each in self.participants), *(each.entry for each in self.missing))

    @property
    def reasons(self) -> tuple[str, ...]:
        """See :class:`zoodata.records.base.Measurement`."""
        return tuple(each.missing.reason for each in self.missing)

    @property
    def is_empty(self) -> bool:
        """See :class:`zoodata.records.base.Measurement`."""
        return not self.samples

    @model_validator(mode="after")
    def _is_whole(self) -> TimedRun:
        for number, repetitions in enumerate((*self.samples, *(self.cpu_us or ()))):
            if len(repetitions) != len(self.participants):
                raise PydanticCustomError(
                    "ragged_samples",
                    "round {round} has {repetitions} repetitions for {participants} participants",
                    {"round": number, "repetitions": len(repetitions), "participants": len(self.participants)},
                )
            if any(len(each) != p.iterations for each, p in zip(repetitions, self.participants, strict=True)):
                raise PydanticCustomError(
                    "ragged_samples", "round {round} has a repetition without all its iterations", {"round": number}
                )
        if self.cpu_us is not None and len(self.cpu_us) != len(self.samples):
            raise PydanticCustomError("ragged_samples", "processor time is not that of all rounds")
        if self.samples:
            self._check_pairing()
        if sum(session.rounds for session in self.sessions) != len(self.samples):
            raise PydanticCustomError("ragged_samples", "the rounds of its sessions are not all its rounds")
        if any(len(session.observed) not in (0, len(self.participants)) for session in self.sessions):
            raise PydanticCustomError("ragged_samples", "a session does not observe every participant")
        if self.stopped == "too_few_participants" and self.samples:
            raise PydanticCustomError("one_outcome", "has samples although it stopped for want of a pair")
        if self.stopped != "too_few_participants" and not self.samples:
            raise PydanticCustomError("one_outcome", "has no samples and does not say why")
        return self

    def _check_pairing(self) -> None:
        """At least two rounds of at least two rivals, the reference first and once more for the A/A pair."""
        if len(self.samples) < 2:
            raise PydanticCustomError("pairing", "needs two rounds: one says nothing about their spread")
        repeats = [participant.entry for participant in self.participants if participant.repeats_reference]
        first = self.participants[0]
        alone = len(self._rivals()) < 2 or repeats != [first.entry]
        if alone or first.subject != "model" or first.repeats_reference:
            raise PydanticCustomError(
                "pairing", "needs two rivals, the reference first, and the reference once more for the A/A pair"
            )

    def _rivals(self) -> list[Participant]:
        """Those whose times are compared: the models."""
        return [each for each in self.participants if each.subject == "model" and not each.repeats_reference]


class LatencyMeasurement(TimedRun):
    """A run of several entries of one architecture, against the first of them."""

    kind: Literal["latency"] = "latency"
    schema_version: Literal[6] = 6  # type: ignore[assignment]
    architecture: Identifier

    @property
    def path(self) -> PurePosixPath:
        """See :class:`zoodata.records.base.StoredRecord`."""
        return PurePosixPath("measurements", "latency", self.architecture, f"{self.id[:16]}.json")

    def table_rows(self, architecture_of: Callable[[str], str | None]) -> list[Row]:
        """See :class:`zoodata.records.base.Measurement`. A row for each participant."""
        return [self._row(number) for number in range(len(self.participants))]

    def _row(self, number: int) -> Row:
        participant, times = self.participants[number], milliseconds(self, number)
        p90, p99 = np.quantile(times, (0.9, 0.99)).tolist() if times else (None, None)
        row: Row = {
            "measurement": self.id,
            "architecture": self.architecture,
            "entry": participant.entry,
            "zoo": entry_zoo(participant.entry),
            "runtime": participant.runtime,
            "repeats_reference": participant.repeats_reference,
            "input_height": participant.input.height,
            "median_ms": round(median(times), 4) if times else None,
            "p90_ms": None if p90 is None else round(p90, 4),
            "p99_ms": None if p99 is None else round(p99, 4),
            "iterations": len(times),
            "rounds": len(self.samples),
            "batch": self.conditions.batch,
            "dtype": self.conditions.dtype,
            "device": self.conditions.device,
            "threads": self.conditions.threads,
            "stopped": self.stopped,
        }
        return row | self._provenance()


def milliseconds(record: TimedRun, participant: int) -> list[float]:
    """The time of every iteration of a participant."""
    return [nanoseconds / 1e6 for one in record.samples for nanoseconds in one[participant]]
