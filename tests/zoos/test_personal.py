"""The user's own models: files and code, and what is said of those that cannot be used."""

from __future__ import annotations

import pytest

from zoodata.graph.counter import count
from zoodata.runtimes.model import CannotRead
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


def torch_with(output, size=(3, 8, 8)):
    import torch

    class Odd(torch.nn.Module):
        input_size = size

        def __init__(self):
            super().__init__()
            self.head = torch.nn.Linear(3, 5)

        def forward(self, image):
            return output(self.head(image.mean((2, 3))), image)

    return Odd()


def in_tuple():
    return torch_with(lambda scores, image: (scores, image))


def in_dict():
    return torch_with(lambda scores, image: {"logits": scores, "features": image})


def nothing():
    return torch_with(lambda scores, image: None)


def two_sizes():
    return torch_with(lambda scores, image: scores, (8, 8))


def odd_sizes():
    return torch_with(lambda scores, image: scores, (3, 8.0, -8))


def deciding():
    return torch_with(lambda scores, image: scores if scores.sum() > 0 else -scores)


def keras_with(inputs, outputs=1):
    import keras

    given = [keras.Input(shape) for shape in inputs]
    joined = keras.layers.Concatenate()(given) if len(given) > 1 else given[0]
    pooled = keras.layers.GlobalAveragePooling2D()(joined) if len(inputs[0]) == 3 else joined
    made = [keras.layers.Dense(3 + n)(pooled) for n in range(outputs)]
    return keras.Model(given if len(given) > 1 else given[0], made if outputs > 1 else made[0], name="mine")


def two_outputs():
    return keras_with([(8, 8, 3)], 2)


def two_inputs():
    return keras_with([(8, 8, 3), (8, 8, 3)])


def open_size():
    return keras_with([(None, None, 3)])


def no_image():
    return keras_with([(8,)])


def subclassed():
    import keras

    class Mine(keras.Model):
        input_size = (3, 8, 8)

        def __init__(self):
            super().__init__()
            self.pool, self.head = keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(5)

        def call(self, image):
            return self.head(self.pool(image))

    return Mine()


@pytest.mark.parametrize(("name", "classes"), [("in_tuple", 5), ("in_dict", 5), ("two_outputs", 3), ("subclassed", 5)])
def test_of_several_outputs_the_first_is_taken(name, classes):
    model = registry.get("python").build(f"tests.zoos.test_personal:{name}")
    assert model.classes == classes
    assert count(model.network()).parameters >= 3 * classes


def test_a_pass_that_decides_by_its_numbers_is_not_read():
    with pytest.raises(CannotRead, match="control flow"):
        registry.get("python").build("tests.zoos.test_personal:deciding").network()


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
        ("tests.zoos.test_personal:nothing", CannotBuild, "returns a NoneType without a tensor"),
        ("tests.zoos.test_personal:two_sizes", CannotBuild, r"must be \(channels, height, width\)"),
        ("tests.zoos.test_personal:odd_sizes", CannotBuild, r"must be \(channels, height, width\)"),
        ("tests.zoos.test_personal:two_inputs", CannotBuild, "takes 2 inputs, not one image"),
        ("tests.zoos.test_personal:open_size", CannotBuild, "leaves its input size open"),
        ("tests.zoos.test_personal:no_image", CannotBuild, "not an image of"),
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
        ("m.onnx", b"", "it has no nodes"),
        ("m.keras", b"not keras", "not a readable Keras image model"),
        ("m.pth", b"x", "not a TorchScript file"),
        ("m.pt", b"x", "not a TorchScript file"),
        ("m.tflite", b"x", "not a readable TFLite model"),
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


@pytest.mark.parametrize("suffix", [".h5", ".keras"])
def test_code_in_a_keras_file_is_not_run(tmp_path, suffix):
    import keras
    import tf_keras

    made = tf_keras if suffix == ".h5" else keras
    marker = tmp_path / "ran"
    place = str(marker)
    source = made.Input((8, 8, 3))
    evil = made.layers.Lambda(lambda x: (__import__("pathlib").Path(place).touch(), x)[1])
    model = made.Model(source, made.layers.Dense(3)(made.layers.Flatten()(evil(source))))
    model.save(tmp_path / f"m{suffix}")
    marker.unlink(missing_ok=True)
    with pytest.raises(CannotBuild, match="carries code"):
        registry.get("file").build(str(tmp_path / f"m{suffix}"))
    assert not marker.exists()
