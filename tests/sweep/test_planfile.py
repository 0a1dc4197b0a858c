"""Plan files: what they may say, what is said of those that may not, and the plans that come with zoodata."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoodata.dataset.store import Dataset
from zoodata.records import entry_zoo
from zoodata.sweep import planfile
from zoodata.sweep.kinds import ArchitectureTask, ComparisonTask, LatencyTask
from zoodata.zoos import registry

INSTALLED = list(registry.OWN)


def written(folder, text):
    path = folder / "plan.yaml"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("title: x", "sweep: field required"),
        ("title: x\nsweep: []", "sweep: list should have at least 1"),
        ("title: x\nsweep:\n  - measure: speed", "sweep.0: input tag 'speed'"),
        ("title: x\nsweep:\n  - measure: latency\n    batch: 0", "sweep.0.latency.batch: input should be greater"),
        ("title: x\nsweep:\n  - measure: latency\n    device: tpu", "sweep.0.latency.device"),
        ("title: x\nsweep:\n  - measure: latency\n    colour: red", "sweep.0.latency.colour: extra inputs"),
        ("title: [", "is not YAML"),
        ("- 1", "the file: input should be a valid dictionary"),
        ("!!python/object/apply:os.system ['echo owned']", "is not YAML"),
    ],
)
def test_a_bad_plan_says_where_and_what(tmp_path, text, said):
    with pytest.raises(planfile.BadPlan, match=said.replace("[", r"\[")):
        planfile.read(written(tmp_path, text))


@given(text=st.text())
def test_no_text_is_a_traceback(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("plans") / "plan.yaml"
    path.write_text(text, encoding="utf-8", errors="replace")
    with pytest.raises(planfile.BadPlan):
        planfile.read(path)


def test_an_unknown_plan_zoo_or_architecture_is_named(tmp_path):
    with pytest.raises(planfile.BadPlan, match="one of accuracy, catalogue, cpu, gpu"):
        planfile.find("cpuu")
    chosen = planfile.read(written(tmp_path, "title: x\nsweep:\n  - measure: architecture\n    zoos: [tim]"))
    with pytest.raises(planfile.BadPlan, match="there is no zoo 'tim'; did you mean timm"):
        planfile.tasks(chosen, Dataset.open(), INSTALLED)
    chosen = planfile.read(written(tmp_path, "title: x\nsweep:\n  - measure: latency\n    architectures: [resnet5]"))
    with pytest.raises(Exception, match="did you mean resnet50"):
        planfile.tasks(chosen, Dataset.open(), INSTALLED)


@pytest.mark.parametrize("name", ["catalogue", "cpu", "gpu"])
def test_the_plans_that_come_with_zoodata(name):
    tasks = planfile.tasks(planfile.read(planfile.find(name)), Dataset.open(), INSTALLED)
    timed = [task for task in tasks if isinstance(task, LatencyTask)]
    assert len({task.architecture for task in timed}) > 75
    assert len(set(tasks)) == len(tasks), "no task twice"
    for task in timed:
        zoos = [entry_zoo(entry) for entry in task.entries]
        assert len(set(zoos)) == len(zoos) > 1, "one entry of each zoo"
    if name == "catalogue":
        assert {type(task) for task in tasks} == {ArchitectureTask, ComparisonTask, LatencyTask}
    if name == "gpu":
        assert {(task.conditions.batch, task.conditions.dtype) for task in timed} == set(
            itertools.product((1, 128), ("float32", "float16"))
        )
        assert {task.conditions.device for task in timed} == {"cuda"}


def test_a_plan_is_about_the_zoos_that_are_installed():
    tasks = planfile.tasks(planfile.read(planfile.find("cpu")), Dataset.open(), ["torchvision", "timm"])
    assert {entry_zoo(entry) for task in tasks for entry in task.entries} == {"torchvision", "timm"}
