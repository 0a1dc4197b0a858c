"""Plan files: what a sweep measures, in YAML or JSON, the same for one machine and for a cluster.

A plan names no machine. Which of its tasks are outstanding depends on the dataset they are held against.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from zoodata.dataset.store import Dataset
from zoodata.measure.environment import usable_cores
from zoodata.measure.latency import conditions_for
from zoodata.records import entry_zoo
from zoodata.sweep import plan
from zoodata.sweep.perform import Limits
from zoodata.sweep.tasks import ArchitectureTask, LatencyTask, Task
from zoodata.zoos import registry

SHIPPED = Path(__file__).parent / "plans"
"""Plans that come with zoodata: a name is enough for them."""

SEED = 20221114
"""Of the order of turns and the random images; any number would do, and this one is the paper's day."""


class BadPlan(ValueError):
    """The file is no plan; says where and what."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


Names = list[str] | Literal["all", "paper", "several_zoos"]


class Chosen(_Part):
    """Which entries a part of a plan is about."""

    architectures: Names = "all"
    """Ids; or all of the catalogue, those of the founding paper, or those that two of the zoos have."""
    zoos: list[str] | None = None
    """Only entries of these zoos; all that are installed if left out."""


class Architecture(Chosen):
    """Count networks."""

    measure: Literal["architecture"]
    check: bool = True


class Comparison(Chosen):
    """Compare and prove pairs of networks."""

    measure: Literal["comparison"]


class Latency(Chosen):
    """Time one entry of each zoo, architecture by architecture."""

    measure: Literal["latency"]
    batch: Annotated[int, Field(ge=1)] = 1
    device: Annotated[str, Field(pattern=r"^(cpu|cuda(:[0-9]+)?)$")] = "cpu"
    threads: Annotated[int, Field(ge=1)] | None = None
    """As many as there are cores if left out."""
    target: Annotated[float, Field(gt=0, lt=0.5)] = 0.01
    time_limit: Annotated[float, Field(gt=0)] = 180.0
    sittings: Annotated[int, Field(ge=1, le=100)] = 3
    networks: Literal["onnxruntime", "torch"] | None = "onnxruntime"
    torch: Literal["eager", "compiled"] = "eager"


class Bounds(_Part):
    """What a task may use."""

    seconds: Annotated[float, Field(gt=0)] = 600.0
    """For one answer of a worker process."""
    memory_gib: Annotated[float, Field(gt=0)] | None = None
    """Of one worker process; four fifths of the machine's if left out."""
    threads: Annotated[int, Field(ge=1)] = 1
    """Of workers that are not timed."""


class Plan(_Part):
    """A sweep."""

    title: Annotated[str, Field(max_length=200)]
    sweep: Annotated[
        list[Annotated[Architecture | Comparison | Latency, Field(discriminator="measure")]], Field(min_length=1)
    ]
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
    found: list[Task] = []
    for part in chosen.sweep:
        if unknown := set(part.zoos or ()) - set(registry.names()):
            raise BadPlan(f"there is no zoo {', '.join(sorted(unknown))}; there are {', '.join(registry.names())}")
        zoos = [zoo for zoo in installed if part.zoos is None or zoo in part.zoos]
        for name in _architectures(part, dataset, zoos):
            found += _of(part, name, dataset, zoos)
    return list(dict.fromkeys(found))


def _architectures(part: Chosen, dataset: Dataset, zoos: list[str]) -> list[str]:
    if isinstance(part.architectures, list):
        return [plan.architecture_named(dataset, name).id for name in part.architectures]
    known = dataset.architectures
    if part.architectures == "paper":
        return [name for name, architecture in known.items() if architecture.name_in_2022]
    if part.architectures == "several_zoos":
        return [name for name in known if len(plan.rivals(dataset, name, zoos)) > 1]
    return list(known)


def _of(part: Architecture | Comparison | Latency, name: str, dataset: Dataset, zoos: list[str]) -> list[Task]:
    entries = [entry for entry in plan.catalogue_entries(dataset, name) if entry_zoo(entry) in zoos]
    match part:
        case Architecture():
            return [ArchitectureTask(entry, check=part.check) for entry in entries]
        case Comparison():
            return [task for task in plan.comparisons(dataset, name) if {task.a, task.b} <= set(entries)]
        case Latency():
            rivals = plan.rivals(dataset, name, zoos)
            conditions = conditions_for(
                part.batch, part.device, part.threads or usable_cores(), part.target, part.time_limit, SEED,
                sittings=part.sittings, networks=part.networks, compiled=part.torch == "compiled",
            )  # fmt: skip
            return [LatencyTask(name, rivals, conditions)] if len(rivals) > 1 else []
