"""A sweep over two nodes of a local Ray cluster, one of which is killed."""

from __future__ import annotations

import os
import threading
import time

import psutil
import pytest

from zoodata.dataset.store import Dataset
from zoodata.measure.timed_run import conditions_for
from zoodata.sweep import cluster, plan
from zoodata.sweep.kinds import ArchitectureTask, LatencyTask

ray = pytest.importorskip("ray")


@pytest.fixture
def nodes(root, monkeypatch, tmp_path):
    from ray.cluster_utils import Cluster

    plugin = str(root / "tests" / "plugin")
    monkeypatch.syspath_prepend(plugin)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(root), plugin]))
    (tmp_path / "marks").mkdir()
    monkeypatch.setenv("SLOW_MARKS", str(tmp_path / "marks"))
    monkeypatch.setenv("SLOW_SECONDS", "1.5")
    monkeypatch.setenv("RAY_health_check_period_ms", "500")
    monkeypatch.setenv("RAY_health_check_timeout_ms", "1000")
    monkeypatch.setenv("RAY_health_check_failure_threshold", "2")
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    workers = [made.add_node(num_cpus=1, resources={cluster.QUIET: 1}) for _ in range(2)]
    made.wait_for_nodes()
    yield made, workers
    made.shutdown()


@pytest.mark.zoos
def test_a_lost_nodes_tasks_run_elsewhere_and_each_is_recorded_once(nodes, local, tmp_path):
    """The node that is building a certain model is killed amid it, however fast the machine is."""
    made, workers = nodes
    conditions = conditions_for(1, "cpu", 1, 0.5, 1.0, 1, sessions=1)
    tasks = [
        *(ArchitectureTask(f"slow:m{n}") for n in range(5)),
        ArchitectureTask("slow:fails"),
        ArchitectureTask("example:tiny"),
        LatencyTask("other", ("slow:m0", "slow:m1"), conditions),
    ]
    seen = []

    def kill():
        raylets = {node.all_processes["raylet"][0].process.pid: node for node in workers}
        while not (begun := list((tmp_path / "marks").glob("m2-*"))):
            time.sleep(0.02)
        builder = psutil.Process(int(begun[0].name.partition("-")[2]))
        (node,) = [raylets[parent.pid] for parent in builder.parents() if parent.pid in raylets]
        made.remove_node(node, allow_graceful=False)

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    cluster.run_on_ray(tasks, local, made.address, done=lambda finished: seen.append(finished.task))
    killer.join(timeout=60)
    assert len(list((tmp_path / "marks").glob("m2-*"))) == 2, "begun on a node that was lost, and on the other"
    assert sorted(map(str, seen)) == sorted(map(str, tasks)), "each task exactly once"
    dataset = Dataset((local,))
    reasons = {r.entry: r.missing.reason if r.missing else None for r in dataset.architecture_measurements}
    assert len(dataset.architecture_measurements) == 7
    assert reasons["slow:fails"] == "cannot_be_built"
    (timed,) = dataset.latency_measurements
    assert timed.samples
    assert {p.entry for p in timed.participants} == {"slow:m0", "slow:m1"}
    assert plan.outstanding(tasks, dataset, anywhere=True) == []


def test_what_no_cluster_can_do_is_said_at_once(nodes, local):
    made, _ = nodes
    on_gpu = LatencyTask("other", ("slow:m0", "slow:m1"), conditions_for(1, "cuda", 1, 0.5, 1.0, 1))
    many = LatencyTask("other", ("slow:m0", "slow:m1"), conditions_for(1, "cpu", 64, 0.5, 1.0, 1))
    with pytest.raises(cluster.NoCluster, match="asks for a GPU, and no node has one"):
        cluster.run_on_ray([on_gpu], local, made.address)
    with pytest.raises(cluster.NoCluster, match="asks for 64 cores; a node has 1"):
        cluster.run_on_ray([many], local, made.address)
    with pytest.raises(cluster.NoCluster, match="no Ray cluster answers"):
        cluster.run_on_ray([on_gpu], local, "127.0.0.1:1")
