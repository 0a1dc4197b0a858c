"""Files that people bring: each is read, or says in one sentence what it is and what to do."""

from __future__ import annotations

import io
import json
import pickle
import zipfile

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from zoodata.graph.counter import count  # noqa: E402
from zoodata.graph.faithful import error  # noqa: E402
from zoodata.zoos.base import CannotBuild, Reading, UnknownEntry  # noqa: E402
from zoodata.zoos.file import File  # noqa: E402

pytestmark = [pytest.mark.zoos, pytest.mark.xdist_group("files")]


def module():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 10)
    ).eval()


def program(path):
    torch.export.save(torch.export.export(module(), (torch.zeros(1, 3, 20, 20),)), path)
    return path


@pytest.mark.parametrize("suffix", [".pt", ".pth"])
def test_a_state_dict_is_called_what_it_is(tmp_path, suffix):
    path = tmp_path / f"weights{suffix}"
    torch.save(module().state_dict(), path)
    with pytest.raises(CannotBuild, match=r"holds weights and no network.*--weights"):
        File().build(str(path))


@pytest.mark.parametrize("name", ["m.safetensors", "m.weights.h5", "m.ckpt"])
def test_weights_alone_are_called_what_they_are(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(b"x")
    with pytest.raises(CannotBuild, match="holds weights and no network"):
        File().build(str(path))


def test_an_exported_program_is_read(tmp_path):
    model = File().build(str(program(tmp_path / "m.pt2")))
    assert count(model.network()).parameters == 224 + 16 + 90
    assert error(model.network(), model.forward, 0) < 1e-4


def test_an_exported_program_that_calls_anything_else_is_refused(tmp_path):
    path = program(tmp_path / "m.pt2")
    evil = tmp_path / "evil.pt2"
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(evil, "w") as target:
        for name in source.namelist():
            data = source.read(name)
            if "models/" in name and name.endswith(".json"):
                data = data.replace(b"torch.ops.aten.relu.default", b"torch.hub.load")
            target.writestr(name, data)
    with pytest.raises(CannotBuild, match=r"calls what is not run \(torch.hub.load\)"):
        File().build(str(evil))


class Bomb:
    def __reduce__(self):
        return (open, (str(Bomb.path), "w"))


def test_an_exported_program_with_pickled_objects_is_not_unpacked(tmp_path):
    path = program(tmp_path / "m.pt2")
    Bomb.path = tmp_path / "written"
    evil = tmp_path / "evil.pt2"
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(evil, "w") as target:
        for name in source.namelist():
            data = source.read(name)
            if "weights_config.json" in name:
                config = json.loads(data)
                first = next(iter(config["config"].values()))
                first["use_pickle"] = True
                data = json.dumps(config).encode()
            elif "data/weights/weight_0" in name:
                buffer = io.BytesIO()
                torch.save(Bomb(), buffer, pickle_module=pickle)
                data = buffer.getvalue()
            target.writestr(name, data)
    with pytest.raises(CannotBuild, match="torch cannot load it"):
        File().build(str(evil))
    assert not Bomb.path.exists()


def test_a_missing_file_and_a_plain_folder(tmp_path):
    with pytest.raises(UnknownEntry, match="there is no file"):
        File().build(str(tmp_path / "absent.onnx"))
    with pytest.raises(UnknownEntry, match="a folder without a SavedModel"):
        File().build(str(tmp_path))


class TestKeras:
    @pytest.fixture(autouse=True)
    def _tensorflow(self):
        pytest.importorskip("tensorflow")

    @staticmethod
    def model(size=20):
        import zoodata.runtimes.tensorflow  # noqa: F401  (sets the environment)

        import keras  # isort: skip

        image = keras.Input((size, size, 3))
        x = keras.layers.Conv2D(8, 3, activation="relu")(image)
        return keras.Model(image, keras.layers.Dense(10)(keras.layers.GlobalAveragePooling2D()(x)))

    def test_a_saved_model_is_read(self, tmp_path):
        self.model().export(str(tmp_path / "saved"), verbose=False)
        model = File().build(str(tmp_path / "saved"))
        assert count(model.network()).parameters == 224 + 90
        assert error(model.network(), model.forward, 0) < 1e-4

    def test_a_saved_model_that_touches_files_is_refused(self, tmp_path):
        import tensorflow as tf

        class Writer(tf.Module):
            @tf.function(input_signature=[tf.TensorSpec((1, 8, 8, 3), tf.float32)])
            def __call__(self, image):
                tf.io.write_file(str(tmp_path / "written"), "x")
                return tf.reduce_mean(image, [1, 2])

        writer = Writer()
        tf.saved_model.save(writer, str(tmp_path / "saved"), signatures=writer.__call__.get_concrete_function())
        with pytest.raises(CannotBuild, match=r"operators that are not run \(.*WriteFile"):
            File().build(str(tmp_path / "saved"))
        assert not (tmp_path / "written").exists()

    def test_an_open_size_is_asked_for_and_can_be_given(self, tmp_path):
        path = tmp_path / "open.keras"
        self.model(None).save(path)
        with pytest.raises(CannotBuild, match="--size 224"):
            File().build(str(path)).network()
        assert File().build(str(path), reading=Reading(size=(12, 14))).input.width == 14

    def test_a_file_of_keras_2_is_read(self, tmp_path):
        import tf_keras

        image = tf_keras.Input((20, 20, 3))
        x = tf_keras.layers.GlobalAveragePooling2D()(tf_keras.layers.Conv2D(8, 3)(image))
        path = tmp_path / "old.keras"
        tf_keras.Model(image, tf_keras.layers.Dense(10)(x)).save(path)
        assert count(File().build(str(path)).network()).parameters == 224 + 90
