"""Zoos whose own interpreter exports to ONNX: what is asked, what is believed, and how failures are told."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest

from zoodata.environments import folders
from zoodata.environments.folders import DONE, Lock
from zoodata.runtimes.model import Saves
from zoodata.zoos import exported
from zoodata.zoos.base import CannotBuild, NeedsDownload, NotInstalled, UnknownEntry

pytestmark = [pytest.mark.zoos, pytest.mark.xdist_group("torch")]

EXPORTER = """
import numpy as np

def listed():
    print("frameworks print")
    return {name: ["trained"] for name in ("net", "other", "dies", "offline", "scaled", "named")}

def export(name, weights, image, path):
    from onnx import TensorProto, helper, numpy_helper, save
    if name == "dies":
        raise ValueError("no such layer")
    if name == "offline":
        raise ConnectionError("Download from there failed")
    matrix = np.random.default_rng(0).standard_normal((image[0].size, 10)).astype(np.float32)
    is_scaled = name in ("scaled", "named")
    scale = np.array([2.0 if is_scaled else 1.0], dtype=np.float32)
    product = "m" if is_scaled else "y"
    nodes = [helper.make_node("Flatten", ["x"], ["f"]), helper.make_node("MatMul", ["f", "w"], [product])]
    stored = [numpy_helper.from_array(matrix, "w")]
    if is_scaled:
        nodes.append(helper.make_node("Mul", ["m", "s"], ["y"]))
        stored.append(numpy_helper.from_array(scale, "s"))
    made = [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in (("x", image.shape), ("y", (1, 10)))]
    graph = helper.make_graph(nodes, "g", made[:1], made[1:], stored)
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    scores = image.reshape(1, -1) @ matrix * scale
    return -scores if name == "other" else scores, ["s"] if name == "named" else []
"""


class Made(exported.Exported):
    name = "made"
    title = "Made"
    homepage = "https://example.org"
    modules = ()
    packages = ()

    def size(self, own, made):
        return 8, 8


@pytest.fixture
def zoo(tmp_path, monkeypatch):
    monkeypatch.setenv("ZOODATA_ENVIRONMENTS", str(tmp_path / "environments"))
    scripts = tmp_path / "exporters"
    scripts.mkdir()
    (scripts / "answer.py").write_bytes(exported.ANSWER.read_bytes())
    (scripts / "made.py").write_text(EXPORTER)
    lock = Lock("made", "1.0")
    monkeypatch.setattr(exported, "ANSWER", scripts / "answer.py")
    monkeypatch.setattr(folders, "lock_of", lambda zoo, release: lock)
    lock.python.parent.mkdir(parents=True)
    lock.python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    lock.python.chmod(0o755)
    (lock.folder / DONE).write_text("")
    yield Made()
    if (running := exported._RUNNING.pop("made", None)) is not None:
        running._process.kill()
        running._process.wait()


def test_an_export_is_read_and_scored_as_the_framework_does(zoo):
    model = zoo.build("net")
    assert (model.input.height, model.classes) == (8, 10)
    assert [node.operator for node in model.network().nodes][-1] == "linear"
    assert model.at(16, 12).input.width == 12
    image = np.random.default_rng(1).standard_normal((1, 3, 8, 8)).astype(np.float32)
    np.testing.assert_allclose(
        model.scorer(1, "cpu", 1)(image).ravel(), model.forward(image[0], model.stored()), rtol=1e-5, atol=1e-5
    )


def test_what_the_framework_says_is_trained_is_a_parameter_whatever_it_looks_like(zoo):
    def parameters(name):
        return [parameter.shape for parameter in zoo.build(name).network().parameters]

    assert parameters("scaled") == [(192, 10)], "a scale of one number looks like a constant"
    assert parameters("named") == [(192, 10), (1,)]


def test_a_file_that_is_another_function_is_not_the_model(zoo):
    with pytest.raises(CannotBuild, match="its export to ONNX is another function"):
        zoo.build("other")


def test_what_the_exporter_says_is_told(zoo):
    with pytest.raises(CannotBuild, match="Made: ValueError: no such layer"):
        zoo.build("dies")
    with pytest.raises(NeedsDownload, match="Download from there failed"):
        zoo.build("offline")
    with pytest.raises(UnknownEntry, match="did you mean made:net"):
        zoo.build("nets")


def test_one_process_answers_all_and_leaves_nothing(zoo, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path / "scratch"))
    (tmp_path / "scratch").mkdir()
    zoo.build("net")
    first = zoo.exporter()
    with pytest.raises(CannotBuild):
        zoo.build("dies")
    zoo.build("net")
    assert zoo.exporter() is first
    assert list((tmp_path / "scratch").glob("export-*")) == []


def test_an_exporter_that_was_killed_is_started_again(zoo):
    first = zoo.exporter()
    first._process.kill()
    first._process.wait()
    assert zoo.build("net").classes == 10


def test_an_exporter_that_ends_says_its_last_words(zoo):
    exported.ANSWER.write_text("import sys\nprint('broken here', file=sys.stderr)\nsys.exit(3)\n")
    with pytest.raises(CannotBuild, match="exit code 3: broken here"):
        zoo.build("net")


def test_names_are_asked_for_once(zoo):
    assert zoo.entries() == ["dies", "named", "net", "offline", "other", "scaled"]
    kept = zoo._lock().folder / exported.NAMES
    kept.write_text(json.dumps({"one": ["first", "second"]}))
    assert zoo.entries() == ["one"]
    assert zoo.weights("one") == ["first", "second"]


def test_it_is_neither_timed_nor_written(zoo):
    model = zoo.build("net")
    with pytest.raises(ValueError, match="is not timed here"):
        model.prepare(1, "cpu", 1, 0)
    assert not isinstance(model, Saves)


def test_a_pickle_is_not_taken(zoo, tmp_path):
    with pytest.raises(CannotBuild, match="pickles, which run code"):
        zoo.build("net", path=tmp_path / "net.pdparams")


def test_without_its_environment_the_command_that_adds_it_is_named(zoo):
    (zoo._lock().folder / DONE).unlink()
    with pytest.raises(NotInstalled, match="zoodata env add made"):
        zoo.build("net")
