"""The machine and the software of a run. Nothing here names a person, a host or a path."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Literal

from zoodata.records.base import Count, HashedRecord, Line, Record


class Processor(Record):
    """The CPU as its maker calls it."""

    model: Line
    architecture: Line
    logical_cores: Count
    usable_cores: Count
    """Cores this process may run on; a container often has fewer than the machine."""


class Accelerator(Record):
    """A GPU or other device beside the CPU."""

    model: Line
    memory_mib: Count
    driver: Line | None = None


class Environment(HashedRecord):
    """Where a measurement was taken. Equal environments share one record."""

    kind: Literal["environment"] = "environment"
    processor: Processor
    memory_mib: Count
    accelerators: tuple[Accelerator, ...]
    operating_system: Line
    python: Line
    packages: dict[Line, Line]
    """Distribution name to version, for every package the measurement involves."""
    zoodata_version: Line
    zoodata_commit: Line | None

    @property
    def path(self) -> PurePosixPath:
        """See :class:`zoodata.records.base.StoredRecord`."""
        return PurePosixPath("environments", f"{self.id}.json")
