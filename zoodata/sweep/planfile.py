"""Plan files: what a sweep measures, in YAML or JSON, the same for one machine and for a cluster.

A plan names no machine. Which of its tasks are outstanding depends on the dataset.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import yaml
from pydantic import Field, ValidationError

from zoodata.dataset.store import Dataset
from zoodata.sweep.kinds import Part
from zoodata.sweep.part import PlanModel
from zoodata.sweep.task import Limits, Task
from zoodata.zoos import registry

SHIPPED = Path(__file__).parent / "plans"
"""Plans that come with zoodata: a name is enough for them."""


class BadPlan(ValueError):
    """The file is no plan; says where and what."""


class Bounds(PlanModel):
    """What a task may use."""

    seconds: Annotated[float, Field(gt=0)] = 600.0
    """For one answer of a worker process."""
    memory_gib: Annotated[float, Field(gt=0)] | None = None
    """Of one worker process; four fifths of the machine's if left out."""
    threads: Annotated[int, Field(ge=1)] = 1
    """Of workers that are not timed."""


class Plan(PlanModel):
    """A sweep."""

    title: Annotated[str, Field(max_length=200)]
    sweep: Annotated[list[Part], Field(min_length=1)]
    limits: Bounds = Bounds()

    def bounds(self) -> Limits:
        """Its limits as tasks take them."""
        memory = self.limits.memory_gib
        return Limits(self.limits.seconds, None if memory is None else int(memory * 2**30), self.limits.threads)


def read(path: Path) -> Plan:
    """Read a plan.

    Raises:
        BadPlan: with the field and what is wrong with it.
        OSError: when there is no such file.
    """
    text = path.read_text(encoding="utf-8")
    try:
        return Plan.model_validate(yaml.safe_load(text))
    except (yaml.YAMLError, RecursionError) as error:
        raise BadPlan(f"{path.name} is not YAML: {' '.join(str(error).split())[:200]}") from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the file"
        raise BadPlan(f"{path.name}: {place}: {first['msg'].lower()}") from error


def find(name: str) -> Path:
    """A plan's file: a path, or the name of a plan that comes with zoodata.

    Raises:
        BadPlan: when there is neither; names what there is.
    """
    path = Path(name)
    if path.is_file():
        return path
    shipped = {each.stem: each for each in sorted(SHIPPED.glob("*.yaml"))}
    if name in shipped:
        return shipped[name]
    raise BadPlan(f"there is no plan {name!r}: name a file, or one of {', '.join(shipped)}")


def tasks(chosen: Plan, dataset: Dataset, installed: list[str]) -> list[Task]:
    """The tasks of a plan over the zoos that are installed.

    Raises:
        UnknownEntry: for an architecture that is not in the catalogue.
        BadPlan: for a zoo that does not exist.
    """
    planned: dict[Task, None] = {}
    for part in chosen.sweep:
        if unknown := sorted(set(part.zoos or ()) - set(registry.names())):
            raise BadPlan("; ".join(map(registry.unknown, unknown)))
        zoos = [zoo for zoo in installed if part.zoos is None or zoo in part.zoos]
        for name in part.names(dataset, zoos):
            planned |= dict.fromkeys(part.tasks(name, dataset, zoos))
    return list(planned)
