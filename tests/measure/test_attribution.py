"""Attribution: a gap whose cause was planted is given to that cause."""

from __future__ import annotations

import json

import pytest

from tests.accuracy import colours
from zoodata.images.sets import find
from zoodata.isolation import Worker
from zoodata.measure.attribution import Attributor, Side, attribute, path
from zoodata.measure.host import worker_environment
from zoodata.records import Preprocessing

pytestmark = [pytest.mark.zoos, pytest.mark.xdist_group("torch")]

SPEC = Preprocessing.model_validate_json(json.dumps(colours.SPEC))
MODEL = "python:tests.accuracy.colours:model"


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    return find(colours.write(tmp_path_factory.mktemp("set"), each=2)).items


def split(images, a, b):
    with Worker(Attributor, worker_environment("cpu", 1)) as worker:
        attribution = attribute(worker, a, b, images, 1)
    assert sum(step.points for step in attribution.steps) == pytest.approx(attribution.top1_b - attribution.top1_a)
    return attribution, {step.factor: step.points for step in attribution.steps}


def test_a_wrong_preprocessing_is_found_to_be_the_cause(images):
    swapped = SPEC.model_copy(update={"channel_order": "BGR"})
    attribution, points = split(images, Side(MODEL, None, SPEC), Side(MODEL, None, swapped))
    assert points["preprocessing"] == attribution.top1_b - attribution.top1_a < -30
    assert {points[name] for name in ("runtime of a", "architecture", "weights", "runtime of b")} == {0.0}
    assert attribution.preprocessing_on_a.points == points["preprocessing"]
    assert attribution.together == 0


def test_other_weights_are_found_to_be_the_cause(images, tmp_path):
    import torch

    state = colours.model().state_dict()
    state["head.weight"] = state["head.weight"].roll(1, 0)
    torch.save(state, tmp_path / "rolled.pth")
    attribution, points = split(images, Side(MODEL, None, SPEC), Side(MODEL, str(tmp_path / "rolled.pth"), SPEC))
    assert points["weights"] == attribution.top1_b - attribution.top1_a < -50
    assert points["architecture"] == points["preprocessing"] == 0


def test_what_cannot_be_split_stays_together():
    assert [factor for factor, _, _ in path(["a", "b"])] == [
        "architecture, weights and runtime", "preprocessing"
    ]  # fmt: skip
    assert [factor for factor, _, _ in path(["a", "b", "network a", "network b"])] == [
        "runtime of a", "architecture and weights", "preprocessing", "runtime of b"
    ]  # fmt: skip
