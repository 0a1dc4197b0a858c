"""Planted slips are named, each by its kind, and sound weights raise no alarm."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from zoodata.images.sets import Item
from zoodata.measure.diagnosis import diagnose
from zoodata.measure.trial import Answers, Change

REAL = Path(os.environ.get("ZOODATA_REAL", Path(__file__).parents[3] / "shared" / "real"))
ZOODATA = [sys.executable, "-W", "ignore", "-c", "from zoodata.cli.main import main; main()"]
pytestmark = [pytest.mark.zoos, pytest.mark.xdist_group("diagnosis")]


class Table:
    """Answers drawn once an image and change: each change has its chance to be right."""

    def __init__(self, chances):
        self.chances = chances
        self.changes = [Change("activation", "x", str(number), 1) for number in range(len(chances))]
        self.asked = []

    def __call__(self, items, which):
        self.asked.append((len(items), tuple(which)))
        answers = []
        for number in which:
            draws = [np.random.default_rng([number, int(item.name)]).random() for item in items]
            right = tuple(draw < self.chances[number] for draw in draws)
            answers.append(Answers(tuple(-0.1 if each else -4.0 for each in right), right))
        return answers


ITEMS = [Item(f"{number:04}", 0, "") for number in range(1000)]


def test_what_is_better_on_images_held_apart_is_named():
    found = diagnose((table := Table([0.4, 0.41, 0.6, 0.1])).changes, table, ITEMS)
    assert [each.change.becomes for each in found.named] == ["2"]
    assert found.images == 1000 - 96
    assert found.named[0].corrected < 1e-6


def test_what_suggested_it_does_not_confirm_it():
    """Of a hundred changes that do nothing, some look better on a few images; none is named."""
    alarms = 0
    for seed in range(5):
        table = Table([0.5] * 100)
        items = [Item(f"{number + 5000 * seed}", 0, "") for number in range(600)]
        alarms += bool(diagnose(table.changes, table, items).named)
    assert alarms <= 1


def test_a_planted_slip_in_a_trained_network_is_named_by_its_kind():
    pytest.importorskip("torch")
    from tests.measure.planted import planted

    for code in ("activation", "epsilon", "statistics", "padding"):
        change, found = planted(code)
        assert change.code in {each.change.code for each in found.named}, (code, found)


def test_sound_weights_raise_no_alarm():
    pytest.importorskip("torch")
    from tests.measure.planted import planted

    _, found = planted(None)
    assert found.named == ()


@pytest.mark.skipif(not (REAL / "weights").is_dir(), reason="the real checkpoints are not here (ZOODATA_REAL)")
def test_the_checkpoint_of_retinaface_is_better_without_the_slope():
    done = subprocess.run(
        [*ZOODATA, "diagnose", "retinaface:mobilenetV1X0.25@pretrained", "--images", str(REAL)],
        capture_output=True, text=True, timeout=900, env=os.environ | {"ZOODATA_FILES": str(REAL / "weights")},
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert "the activation leaky relu of slope 0.1 replaced by" in done.stdout
