"""Answers questions about a zoo of another framework: a line of JSON each, until nobody asks any more.

    python -I answer.py ZOO

    {"ask": "list"}
        {"models": {name: [checkpoint, ...]}}
    {"ask": "export", "name": ..., "weights": null, "height": 224, "width": 224}
        {"folder": ..., "trainable": [...]}: a temporary folder with model.onnx, image.npy (1, 3, height, width) and
        scores.npy, what the framework itself makes of that image, which whoever asked removes; and the tensors of
        the file that are known to be trained, where their framework's names are kept
    whatever fails
        {"error": ..., "kind": "download" or "failed"}

Run by the interpreter of the zoo's environment: only the standard library and numpy are sure to be here, and nothing
of zoodata is.
"""

from __future__ import annotations

import ctypes
import importlib.util
import json
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

SET_PARENT_DEATH_SIGNAL = 1


def exporter(zoo: str) -> Any:
    """The module beside this one that knows the zoo."""
    spec = importlib.util.spec_from_file_location("exporter", Path(__file__).with_name(f"{zoo}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def answer(module: Any, question: dict[str, Any]) -> dict[str, Any]:
    """The answer to one question."""
    if question["ask"] == "list":
        return {"models": module.listed()}
    image = np.random.default_rng(0).standard_normal((1, 3, question["height"], question["width"])).astype(np.float32)
    folder = Path(tempfile.mkdtemp(prefix="export-"))
    try:
        scores, trainable = module.export(question["name"], question["weights"], image, folder / "model.onnx")
        np.save(folder / "image.npy", image)
        np.save(folder / "scores.npy", np.asarray(scores, dtype=np.float32).ravel())
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return {"folder": str(folder), "trainable": trainable}


def said(error: Exception) -> dict[str, str]:
    """An exception as an answer."""
    text = " ".join(f"{type(error).__name__}: {error}".split())[:300]
    is_download = isinstance(error, ConnectionError) or any(word in text.lower() for word in ("download", "http"))
    return {"error": text, "kind": "download" if is_download else "failed"}


def main(zoo: str) -> None:
    """Answer until the standard input ends."""
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as answers:
        os.dup2(2, 1)  # frameworks print; the answers are all that goes to the standard output
        module = None
        for line in sys.stdin:
            try:
                module = module or exporter(zoo)
                reply = answer(module, json.loads(line))
            except Exception as error:
                reply = said(error)
            print(json.dumps(reply), file=answers, flush=True)


if __name__ == "__main__":
    if sys.platform == "linux":  # no orphan when whoever asks is killed
        ctypes.CDLL(None).prctl(SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
    main(*sys.argv[1:])
