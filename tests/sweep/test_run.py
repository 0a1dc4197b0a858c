"""Which tasks share a worker."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoodata.sweep.kinds import ArchitectureTask
from zoodata.sweep.run import WORTH_A_WORKER, units


def tasks(**zoos: int) -> list[ArchitectureTask]:
    return [ArchitectureTask(f"{zoo}:m{n}") for zoo, count in zoos.items() for n in range(count)]


@pytest.mark.parametrize(
    ("zoos", "workers", "sizes"),
    [
        ({"timm": 16}, 1, [16]),
        ({"timm": 16}, 2, [8, 8]),
        ({"timm": 16}, 8, [4, 4, 4, 4]),
        ({"timm": 7}, 2, [7]),  # too few to load torch twice for
        ({"timm": 16, "tf_slim": 9}, 2, [16, 9]),
        ({"timm": 16, "tf_slim": 9}, 4, [8, 8, 5, 4]),
        ({"timm": 90}, 2, [40, 40, 5, 5]),
    ],
)
def test_a_zoo_is_shared_out_where_workers_would_have_none(zoos, workers, sizes):
    shared, timed = units(tasks(**zoos), 40, workers)
    assert [len(unit) for unit in shared] == sizes
    assert not timed


@given(st.dictionaries(st.sampled_from(["timm", "torchvision", "tf_slim"]), st.integers(1, 60)), st.integers(1, 9))
def test_each_task_is_done_once_by_a_worker_of_its_zoo(zoos, workers):
    shared, _ = units(tasks(**zoos), 40, workers)
    assert sorted(task.entry for unit in shared for task in unit) == sorted(task.entry for task in tasks(**zoos))
    assert all(len({task.group for task in unit}) == 1 for unit in shared)
    assert len(shared) <= max(workers, len(zoos)) + sum(zoos.values()) // WORTH_A_WORKER
