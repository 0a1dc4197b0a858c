"""A stored network: everything the diff and the counter need, under the name of its digest."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from zoodata.records.base import Hash, Line, Plain, Record, StoredRecord

Size = Annotated[int, Field(ge=0, le=10**9)]
Row = Annotated[str, StringConstraints(pattern=r"^[0-9]+ [0-9]+( [0-9]+:[0-9]+:[0-9]+)*$", max_length=20_000)]
"""Operator, shape, and for each operand role:source:view (0: as it is), all numbers of table rows."""


class StoredOperator(Record):
    """An operator with its attributes."""

    operator: Line
    attributes: dict[Line, Plain]


class StoredNetwork(StoredRecord):
    """The canonical graph of one or more entries: no weights, no names."""

    kind: Literal["network"] = "network"
    digest: Hash
    input: tuple[Size, Size, Size]
    """Channels, height, width at which it was read."""
    operators: tuple[StoredOperator, ...]
    shapes: tuple[tuple[Size, ...], ...]
    views: tuple[tuple[tuple[tuple[int, int, int], ...], ...], ...]
    roles: tuple[Line, ...]
    nodes: tuple[Row, ...]

    @property
    def path(self) -> PurePosixPath:
        """See :class:`zoodata.records.base.StoredRecord`."""
        return PurePosixPath("networks", f"{self.digest}.json")
