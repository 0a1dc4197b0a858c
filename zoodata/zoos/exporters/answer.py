"""Answers one question about a zoo of another framework, as JSON on the standard output.

    python -I answer.py ZOO list
    python -I answer.py ZOO export FOLDER NAME HEIGHT WIDTH [WEIGHTS]

``export`` writes into the folder: ``model.onnx``, ``image.npy`` (1, 3, height, width), and ``scores.npy``, what the
framework itself makes of that image. Run by the interpreter of the zoo's environment: only the standard library and
numpy are sure to be here, and nothing of zoodata is.
"""

from __future__ import annotations

import ctypes
import importlib.util
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import numpy as np

SET_PARENT_DEATH_SIGNAL = 1


def main(zoo: str, question: str, *details: str) -> dict[str, Any]:
    """The answer: ``{"models": {name: [checkpoint, ...]}}`` to ``list``, nothing to ``export``."""
    spec = importlib.util.spec_from_file_location("exporter", Path(__file__).with_name(f"{zoo}.py"))
    assert spec is not None
    assert spec.loader is not None
    exporter = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(exporter)
    if question == "list":
        return {"models": exporter.listed()}
    folder, name, height, width, *weights = details
    image = np.random.default_rng(0).standard_normal((1, 3, int(height), int(width))).astype(np.float32)
    scores = exporter.export(name, weights[0] if weights else None, image, Path(folder) / "model.onnx")
    np.save(Path(folder) / "image.npy", image)
    np.save(Path(folder) / "scores.npy", np.asarray(scores, dtype=np.float32).ravel())
    return {}


def said(error: Exception) -> dict[str, str]:
    """An exception as an answer: ``{"error": ..., "kind": "download" or "failed"}``."""
    text = " ".join(f"{type(error).__name__}: {error}".split())[:300]
    is_download = isinstance(error, ConnectionError) or any(word in text.lower() for word in ("download", "http"))
    return {"error": text, "kind": "download" if is_download else "failed"}


if __name__ == "__main__":
    if sys.platform == "linux":  # no orphan when whoever asked is killed
        ctypes.CDLL(None).prctl(SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as answers:
        os.dup2(2, 1)  # frameworks print; the answer is all that goes to the standard output
        try:
            answer = main(*sys.argv[1:])
        except Exception as error:
            answer = said(error)
        json.dump(answer, answers)
