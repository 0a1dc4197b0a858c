"""Machines: what two latency runs share whose ratios ought to be alike."""

from __future__ import annotations

from typing import Literal, NamedTuple

from zoodata.records import Environment
from zoodata.records.latency import Dtype, TimedRun


class Machine(NamedTuple):
    """A class of machines, and what they were asked to do."""

    model: str
    """Of the processor, or of the device that computed; "unknown" without an environment."""
    threads: int
    """0 where a device computes."""
    is_cpu: bool
    batch: int
    dtype: Dtype
    torch: Literal["eager", "compiled"]

    @property
    def work(self) -> tuple[object, ...]:
        """What two machines must both do to be compared with each other."""
        return self.is_cpu, self.batch, self.dtype, self.torch


def is_cpu(device: str) -> bool:
    """Whether the processor computed: ``cpu``, ``cpu:0``, however it is written."""
    return device.lower().startswith("cpu")


def machine_of(record: TimedRun, environment: Environment | None) -> Machine:
    """The class of machines that a run was made on."""
    conditions = record.conditions
    on_cpu = is_cpu(conditions.device)
    return Machine(
        model=_model(on_cpu, environment),
        threads=conditions.threads if on_cpu else 0,
        is_cpu=on_cpu,
        batch=conditions.batch,
        dtype=conditions.dtype,
        torch=conditions.torch,
    )


def _model(on_cpu: bool, environment: Environment | None) -> str:
    if environment is None:
        return "unknown"
    if not on_cpu and environment.accelerators:
        return environment.accelerators[0].model
    return environment.processor.model
