"""What all tests share."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
from pathlib import Path

import pytest
from hypothesis import settings

# Keras and TensorFlow read these when first imported, whichever test comes first.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

# TensorFlow first and torch's compiler (Triton) second in one process ends it: both carry LLVM. The other way
# round works. zoodata itself never loads both into one process; a test session does.
with contextlib.suppress(ImportError):
    import triton.knobs  # noqa: F401

settings.register_profile("zoodata", deadline=None, max_examples=60)
settings.load_profile("zoodata")

# Without the frameworks (make test-fast) these modules, which need them as they are read, are left out.
collect_ignore = (
    [] if importlib.util.find_spec("torch") else ["accuracy/test_accuracy.py", "measure/test_attribution.py"]
)

ROOT = Path(__file__).parent.parent


@pytest.fixture
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture
def unmeasured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The packaged dataset without its measurements, so that a test's own are the only ones."""
    from zoodata.dataset import store

    copy = tmp_path / "packaged"
    for folder in ("catalogue", "claims"):
        shutil.copytree(store.PACKAGED / folder, copy / folder)
    monkeypatch.setattr(store, "PACKAGED", copy)
    return copy


@pytest.fixture
def local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for a machine's own measurements, and the working folder beside it."""
    monkeypatch.chdir(tmp_path)
    return tmp_path / "zoodata-data"
