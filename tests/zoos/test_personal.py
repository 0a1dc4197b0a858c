"""The user's own models: files and code, and what is said of those that cannot be used."""

from __future__ import annotations

import pytest

from zoodata.graph.counter import count
from zoodata.zoos import registry
from zoodata.zoos.base import CannotBuild, UnknownEntry

pytestmark = [pytest.mark.zoos, pytest.mark.xdist_group("tensorflow")]


def torch_model():
    import torch

    return torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.Flatten(), torch.nn.Linear(4 * 222 * 222, 5))


def keras_model():
    import keras

    return keras.Sequential([keras.Input((16, 16, 3)), keras.layers.Flatten(), keras.layers.Dense(7)])


def broken_model():
    raise RuntimeError("not today")


def number():
    return 7


def test_python_factories():
    zoo = registry.get("python")
    torch_made = zoo.build("tests.zoos.test_personal:torch_model")
    assert (torch_made.classes, count(torch_made.network()).macs) == (5, 4 * 222 * 222 * 27 + 4 * 222 * 222 * 5)
    keras_made = zoo.build("tests.zoos.test_personal:keras_model")
    assert (keras_made.classes, count(keras_made.network()).macs) == (7, 16 * 16 * 3 * 7)


@pytest.mark.parametrize(
    ("entry", "error", "message"),
    [
        ("no.such.module:f", UnknownEntry, "cannot be imported"),
        ("tests.zoos.test_personal:absent", UnknownEntry, "cannot be imported"),
        ("tests.zoos.test_personal:broken_model", CannotBuild, "not today"),
        ("tests.zoos.test_personal:number", CannotBuild, "made a int"),
    ],
)
def test_code_that_cannot_be_used(entry, error, message):
    with pytest.raises(error, match=message):
        registry.get("python").build(entry)


def test_files(tmp_path):
    from zoodata.zoos.onnx_model_zoo import light_path

    zoo = registry.get("file")
    assert zoo.build(str(light_path("squeezenet"))).classes == 1000
    keras_model().save(tmp_path / "m.keras")
    assert zoo.build(str(tmp_path / "m.keras")).classes == 7


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("m.onnx", b"not onnx", "not a readable ONNX model"),
        ("m.onnx", b"", "not a readable ONNX model"),
        ("m.keras", b"not keras", "not a readable Keras image model"),
        ("m.pt", b"x", "neither .onnx nor .keras"),
    ],
)
def test_files_that_cannot_be_used(tmp_path, name, data, message):
    (tmp_path / name).write_bytes(data)
    with pytest.raises((CannotBuild, UnknownEntry), match=message):
        registry.get("file").build(str(tmp_path / name))
    with pytest.raises(UnknownEntry, match="there is no file"):
        registry.get("file").build(str(tmp_path / "absent.onnx"))


def test_a_keras_file_with_code_is_not_run(tmp_path):
    import keras

    model = keras.Sequential([keras.Input((4, 4, 3)), keras.layers.Lambda(lambda x: x), keras.layers.Flatten()])
    model.save(tmp_path / "lambda.keras")
    with pytest.raises(CannotBuild, match="lambda"):
        registry.get("file").build(str(tmp_path / "lambda.keras"))
