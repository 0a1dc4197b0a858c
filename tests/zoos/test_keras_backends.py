"""Keras Applications where TensorFlow is not: timed and run on another backend, read on TensorFlow only."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PROGRAM = """
import sys
import numpy as np
from zoodata.runtimes.model import CannotRead
from zoodata.zoos import registry

zoo, name, _ = registry.find("keras_applications:MobileNet")
model = zoo.build(name)
model.prepare(1, "cpu", 1, 0)()
scores = model.scorer(2, "cpu", 1)(np.zeros((2, 224, 224, 3), dtype=np.float32))
assert scores.shape == (2, model.classes), scores.shape
assert np.allclose(scores.sum(axis=1), 1, atol=1e-3)
assert "tensorflow" not in sys.modules
try:
    model.network()
except CannotRead as error:
    assert "KERAS_BACKEND=torch" in str(error)
print(model.runtime, *zoo.packages)
"""


@pytest.mark.zoos
def test_a_model_runs_on_torch_without_tensorflow():
    environment = os.environ | {"KERAS_BACKEND": "torch"}
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, env=environment)
    assert done.stdout.split() == ["keras-torch", "keras", "torch"], done.stderr
