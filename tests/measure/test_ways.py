"""The ways to run a model: each answers as the model does, and is timed against it."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from click.testing import CliRunner

from tests import builders
from tests.dataset import honest
from zoodata.cli.main import cli
from zoodata.dataset.store import Dataset
from zoodata.discrepancy import ways
from zoodata.records import WaysMeasurement
from zoodata.records.ways import Way, WayParticipant

pytestmark = [pytest.mark.zoos, pytest.mark.xdist_group("ways")]


@pytest.mark.parametrize(
    ("entry", "wanted"),
    [
        ("torchvision:mnasnet0_5", ("onnxruntime", "openvino", "channels_last")),
        ("keras_applications:MobileNet", ("onnxruntime", "openvino", "tflite", "compiled")),
    ],
)
def test_every_way_answers_as_the_model_does(entry, wanted, tmp_path):
    from zoodata.measure.ways import WaysHost

    host = WaysHost()
    host.begin(entry, 1, 1)
    errors = {way: host.check(way, str(tmp_path)).error for way in wanted}
    # OpenVINO calculates in bfloat16 where the processor can, and is then not called sound.
    limits = {way: 0.02 if way == "openvino" else ways.SOUND for way in wanted}
    assert all(error < limits[way] for way, error in errors.items()), errors


def test_a_way_that_a_framework_does_not_have_is_a_reason(tmp_path):
    from zoodata.measure.ways import WaysHost
    from zoodata.zoos.base import CannotBuild

    host = WaysHost()
    host.begin("torchvision:mnasnet0_5", 1, 1)
    with pytest.raises(CannotBuild, match="only Keras models"):
        host.check("tflite", str(tmp_path))


def test_the_command_times_them_and_keeps_a_record(tmp_path):
    given = ["bench", "ways", "torchvision:mnasnet0_5", "--way", "onnxruntime", "--way", "tflite", "--quick",
             "--threads", "1", "--data", str(tmp_path)]  # fmt: skip
    ran = CliRunner().invoke(cli, given)
    assert ran.exit_code == 0, ran.output
    assert "ONNX Runtime" in ran.output
    assert "only Keras models" in ran.output
    (record,) = [each for each in Dataset.open(local=tmp_path).ways if each.entry == "torchvision:mnasnet0_5"]
    assert [each.way for each in record.participants] == ["as_built", "onnxruntime", "as_built"]
    assert [each.way for each in record.missing] == ["tflite"]
    again = CliRunner().invoke(cli, given)
    assert "0 to do" in again.output or "1 to do" not in again.output


def made(ratios, errors):
    """A record whose ways take these parts of the model's time."""
    return honest.ways(ratios=ratios, errors=errors)


def test_the_fastest_way_is_a_sound_one(tmp_path):
    dataset = Dataset.open(packaged=tmp_path)
    record = made({"onnxruntime": 0.5, "openvino": 0.25, "compiled": 1.2}, {"openvino": 0.3})
    found = ways.summarise(dataset, record)
    assert found.fastest.way == "onnxruntime"
    assert [each.way for each in found.ways] == ["onnxruntime", "as_built", "compiled", "openvino"]
    assert [each.verdict for each in found.ways] == ["faster", "reference", "slower", "faster"]
    assert np.isclose(found.fastest.ratio, 0.5, atol=0.01)


def test_where_none_is_faster_the_model_stays_as_it_is_built(tmp_path):
    found = ways.summarise(Dataset.open(packaged=tmp_path), made({"onnxruntime": 1.5}, {}))
    assert found.fastest.way == "as_built"


@pytest.mark.parametrize(
    "changes",
    [
        {"entry": "timm:resnet50"},
        {"participants": lambda ps: (ps[1], ps[1], *ps[2:])},
        {"participants": lambda ps: (ps[0].model_copy(update={"relative_error": 0.0}), *ps[1:])},
    ],
)
def test_a_run_is_of_one_entry_and_each_way_once(changes):
    record = made({"onnxruntime": 0.5}, {})
    values = {name: getattr(record, name) for name in WaysMeasurement.model_fields if name != "id"}
    values |= {name: change(values[name]) if callable(change) else change for name, change in changes.items()}
    with pytest.raises(ValueError, match=r"ways|pairing|reference|entry"):
        WaysMeasurement.seal(**values)


def test_all_ways_have_a_name():
    from zoodata.wording.ways import NAMES, RECIPES

    assert set(NAMES) == set(RECIPES) == set(get_args(Way))
    assert builders.WHEN
    assert WayParticipant.model_fields["way"].annotation == Way
