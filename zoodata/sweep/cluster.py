"""A sweep over several machines on Ray: the same plan, the same tasks, the same records.

Nodes measure and answer with records; only the machine that runs the command writes. A task is one function
call, so a pair never leaves its machine. Ray gives a lost node's tasks to another.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from zoodata.dataset import store, strict_json
from zoodata.records.base import Measurement
from zoodata.runtimes.model import in_brief
from zoodata.sweep.perform import perform
from zoodata.sweep.run import Unit, record, units
from zoodata.sweep.task import Limits, Outcome, Task

QUIET = "zoodata"
"""The custom resource that a node offers once: who holds it is alone with its measurement on that machine."""

SHARED_USE = 0.01
"""Of it that a task takes that is not timed, so that none runs at the same time as one that is."""

SHARED_TASKS = 10
"""Tasks of one call that are not timed: few enough that a lost node costs little."""

RETRIES = 5
"""Lost nodes that one task survives."""


class NoCluster(RuntimeError):
    """Ray is not here, does not answer, or cannot do what the plan asks for; says what to do."""


def run_on_ray(
    tasks: Sequence[Task],
    root: Path,
    address: str,
    limits: Limits | None = None,
    done: Callable[[Outcome], None] = lambda outcome: None,
) -> None:
    """Do tasks on the nodes of a cluster, storing each outcome when it arrives.

    Args:
        address: as ``ray.init`` takes it: ``HOST:PORT``, ``ray://HOST:PORT``, ``auto``, or ``local``.

    Raises:
        NoCluster: see there.
        OSError: when a record cannot be written; those before it are safe.
    """
    ray = _connected(address)
    limits = limits or Limits()
    try:
        shared, timed = units(tasks, SHARED_TASKS)
        _check(ray, timed)
        remote = ray.remote(_perform)
        waiting: dict[Any, Unit] = {}
        for unit in [*timed, *shared]:
            options = {**_needs(unit, limits), "max_retries": RETRIES}
            waiting[remote.options(**options).remote(unit, limits)] = unit
        while waiting:
            (ready, *_), _ = ray.wait(list(waiting), num_returns=1)
            unit = waiting.pop(ready)
            try:
                answers = ray.get(ready)
            except ray.exceptions.RayTaskError as error:
                raise NoCluster(f"a node could not do {unit[0].label}: {in_brief(error.cause or error)}") from error
            except ray.exceptions.RayError as error:
                raise NoCluster(f"a task was lost {RETRIES + 1} times: {type(error).__name__}") from error
            for task, answer in zip(unit, answers, strict=True):
                *beside, own = (store.parse(strict_json.loads(text.encode())) for text in answer)
                assert isinstance(own, Measurement)
                finished = Outcome(task, own, tuple(beside))
                record(finished, root)
                done(finished)
    finally:
        ray.shutdown()


def _perform(unit: Unit, limits: Limits) -> list[list[str]]:
    """On a node: each task's records as JSON, its own last."""
    answers = []
    for finished in perform(unit, limits):
        records: list[Any] = [*finished.beside, finished.record]
        answers.append([strict_json.dumps(each.model_dump(mode="json")) for each in records])
    return answers


def _connected(address: str) -> Any:
    try:
        import ray
    except ImportError as error:
        raise NoCluster("Ray is not installed: pip install 'zoodata[ray]'") from error
    host, _, port = address.removeprefix("ray://").rpartition(":")
    try:
        if host and port.isdigit():  # Ray itself would try for minutes
            socket.create_connection((host, int(port)), timeout=10).close()
        # A cluster that exists has its own resources; one that is made for this sweep gets ours.
        made: dict[str, Any] = {"resources": {QUIET: 1}, "include_dashboard": False} if address == "local" else {}
        ray.init(address, log_to_driver=False, logging_level="ERROR", **made)
    except Exception as error:  # Ray raises its own, ConnectionError, ValueError, ...
        raise NoCluster(f"no Ray cluster answers at {address}: {type(error).__name__}") from error
    return ray


def _check(ray: Any, timed: Sequence[Unit]) -> None:
    """Refuse a plan that would wait for ever."""
    offered = ray.cluster_resources()
    if QUIET not in offered:
        raise NoCluster(
            f"no node offers the resource {QUIET}: start each with ray start ... --resources '{{\"{QUIET}\": 1}}'"
        )
    cores = max((node["Resources"].get("CPU", 0) for node in ray.nodes() if node["Alive"]), default=0)
    for (task,) in timed:
        needs = task.needs(Limits())
        if needs.gpu and not offered.get("GPU"):
            raise NoCluster(f"{task.label} asks for a GPU, and no node has one")
        if needs.cores > cores:
            raise NoCluster(f"{task.label} asks for {needs.cores} cores; a node has {cores:.0f}")


def _needs(unit: Unit, limits: Limits) -> dict[str, Any]:
    """The hardware that a call of these tasks asks Ray for."""
    needs = unit[0].needs(limits)
    return {"num_cpus": needs.cores, "num_gpus": int(needs.gpu), "resources": {QUIET: 1 if needs.alone else SHARED_USE}}
