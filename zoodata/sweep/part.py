"""What the parts of a plan have in common: which entries they are about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict

from zoodata.dataset.store import Dataset
from zoodata.records import entry_zoo
from zoodata.sweep import plan
from zoodata.sweep.task import Task

SEED = 20221114
"""Of the order of participants and the random images; any number would do, and this one is the paper's day."""

Names = list[str] | Literal["all", "paper", "several_zoos"]


class PlanModel(BaseModel):
    """A piece of a plan file."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class PlanPart(PlanModel):
    """One kind of measurement of a plan, and which entries it is about."""

    architectures: Names = "all"
    """Ids; or all of the catalogue, those of the founding paper, or those that two of the zoos have."""
    zoos: list[str] | None = None
    """Only entries of these zoos; all that are installed if left out."""

    def names(self, dataset: Dataset, zoos: Sequence[str]) -> list[str]:
        """The architectures it is about.

        Raises:
            UnknownEntry: for an architecture that is not in the catalogue.
        """
        if isinstance(self.architectures, list):
            return [plan.architecture_named(dataset, name).id for name in self.architectures]
        known = dataset.architectures
        if self.architectures == "paper":
            return [name for name, architecture in known.items() if architecture.name_in_2022]
        if self.architectures == "several_zoos":
            return [name for name in known if len(plan.rivals(dataset, name, zoos)) > 1]
        return list(known)

    def tasks(self, architecture: str, dataset: Dataset, zoos: Sequence[str]) -> list[Task]:
        """The tasks for one architecture over these zoos."""
        raise NotImplementedError


def entries_of(dataset: Dataset, architecture: str, zoos: Sequence[str]) -> list[str]:
    """The entries of an architecture that these zoos have."""
    return [entry for entry in plan.catalogue_entries(dataset, architecture) if entry_zoo(entry) in zoos]
