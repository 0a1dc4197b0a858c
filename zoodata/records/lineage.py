"""Lineage: where the weights of a zoo's entries come from, as the zoo itself or a file says.

Statements are read in order; the first that fits an entry is its lineage. An entry that none fits has an unknown one.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from zoodata.records.base import Identifier, Line, StoredRecord
from zoodata.records.claim import Source, Sparse, Training

Origin = Literal[
    "own",  # trained by the zoo itself, which for a paper's authors is the original
    "converted",  # converted or copied from somebody else's checkpoint
    "third_party",  # somebody else's checkpoint, evaluated
]


class LineageStatement(Sparse):
    """Where the weights of some entries come from."""

    entries: Annotated[tuple[Line, ...], Field(min_length=1)]
    """Shell patterns of entries with their weights, as ``torchvision:efficientnet_b?@IMAGENET1K_V1``."""
    origin: Origin
    of: Line | None = None
    """The checkpoint they are: an entry, or a file's name. ``{name}`` stands for the entry's own name."""
    recipe: Identifier | None = None
    """The documented training, where a source names it: two entries of one recipe were trained alike."""
    source: Source
    """What says so."""


class TrainingStatement(Sparse):
    """How some entries were trained, where the claims about them say something else: it counts instead."""

    entries: Annotated[tuple[Line, ...], Field(min_length=1)]
    training: Training
    source: Source


class Lineage(StoredRecord):
    """What is known of where one zoo's weights come from."""

    kind: Literal["lineage"] = "lineage"
    id: Identifier
    """The zoo."""
    statements: tuple[LineageStatement, ...]
    trainings: tuple[TrainingStatement, ...] = ()

    @model_validator(mode="after")
    def _is_about_its_zoo(self) -> Lineage:
        named = [each.entries for each in self.statements] + [each.entries for each in self.trainings]
        for patterns in named:
            for pattern in patterns:
                if not pattern.startswith(f"{self.id}:"):
                    raise PydanticCustomError("not_an_entry", "speaks of {pattern}, which is not of this zoo",
                                              {"pattern": pattern[:80]})  # fmt: skip
        return self

    @property
    def path(self) -> PurePosixPath:
        """See :class:`zoodata.records.base.StoredRecord`."""
        return PurePosixPath("lineage", f"{self.id}.json")
