"""The steps of the workflow that measures accuracies, against a server on this machine with made images and weights."""

from __future__ import annotations

import functools
import hashlib
import http.server
import importlib.util
import io
import json
import os
import re
import shutil
import subprocess
import sys
import threading

import numpy as np
import pytest

from tests import builders
from tests.dataset import honest
from zoodata.dataset import store
from zoodata.records import CatalogueEntry
from zoodata.records.image_set import LabelledImage

pytestmark = [pytest.mark.zoos, pytest.mark.xdist_group("sweep")]
CLASSES, EACH = 10, 12


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    """A folder that is served: images where a repository has them, and a checkpoint that knows them."""
    root = tmp_path_factory.mktemp("host")

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(root)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield root, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def made_set(root):
    """Images of ten plain colours, published on the server; the record of the set."""
    from PIL import Image

    random = np.random.default_rng(5)
    colours = random.integers(30, 226, (CLASSES, 3))
    published = honest.image_set().published
    folder = root / published.repository / published.commit / published.path
    folder.mkdir(parents=True)
    images = []
    for number in range(CLASSES * EACH):
        label = number % CLASSES
        pixels = np.clip(colours[label] + random.normal(0, 6, (12, 12, 3)), 0, 255).astype(np.uint8)
        name = f"{number:04}.png"
        Image.fromarray(pixels).save(folder / name)
        digest = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        images.append(LabelledImage(file=name, digest=digest, label=label, author="zoodata's tests"))
    return honest.image_set(name="made", images=tuple(images)), colours


def checkpoint(colours) -> bytes:
    """Weights of the example zoo's network with which the nearest colour has the highest score."""
    import torch

    state = {"0.weight": torch.zeros(4, 3, 3, 3), "0.bias": torch.zeros(4)}
    for channel in range(3):
        state["0.weight"][channel, channel, 1, 1] = 1 / 255
    state["2.weight"], state["2.bias"] = torch.zeros(10, 4 * 36), torch.zeros(10)
    for number, colour in enumerate(torch.tensor(colours) / 255):
        state["2.weight"][number, : 3 * 36] = 40 * (2 * colour / 36).repeat_interleave(36)
        state["2.bias"][number] = -40 * (colour**2).sum()
    stream = io.BytesIO()
    torch.save(state, stream)
    return stream.getvalue()


def test_every_step_runs(root, tmp_path, host):
    folder, address = host
    record, colours = made_set(folder)
    (folder / "made.pth").write_bytes(checkpoint(colours))
    data = tmp_path / "measured"
    store.write(record, data)
    family = builders.family()
    (architecture,) = family.architectures[:1]
    tiny = architecture.model_copy(update={"id": "tiny", "entries": (CatalogueEntry(entry="example:tiny"),)})
    store.write(family.model_copy(update={"id": "tiny", "architectures": (tiny,)}), data)
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(root / "tests" / "plugin"), str(root)]),
        "ZOODATA_IMAGES": str(tmp_path / "sets"), "ZOODATA_IMAGES_HOST": address, "EXAMPLE_HOST": address,
        "ZOODATA_DATA": str(data),
    }  # fmt: skip

    def run(*arguments):
        program = [sys.executable, "-W", "ignore", "-c", "from zoodata.cli.main import main; main()", *arguments]
        return subprocess.run(program, capture_output=True, text=True, timeout=600, env=environment)

    fetched = run("images", "fetch", "made")
    assert fetched.returncode == 0, fetched.stderr
    plan = tmp_path / "plan.yaml"
    plan.write_text("title: t\nsweep: [{measure: accuracy, images: made, zoos: [example], architectures: [tiny]}]\n")
    measured = run("bench", "--plan", str(plan), "--jobs", "2")
    assert measured.returncode == 0, measured.stderr

    def recorded():
        return [json.loads(path.read_text()) for path in (data / "measurements" / "accuracy").rglob("*.json")]

    (found,) = recorded()
    assert found["entry"] == "example:tiny@made"
    assert found["result"]["top1_hits"] == CLASSES * EACH
    assert found["images"]["hash"] == record.identity
    again = run("bench", "--plan", str(plan))
    assert "1 done" in again.stderr
    validated = run("validate", str(data))
    # A plugin's zoo is none that the dataset knows; nothing else is wrong.
    assert set(re.findall(r"^error (E\d+)", validated.stdout, re.MULTILINE)) <= {"E036"}, validated.stdout
    if importlib.util.find_spec("ray"):
        shutil.rmtree(data / "measurements")
        spread = run("bench", "--plan", str(plan), "--ray", "local")
        assert spread.returncode == 0, spread.stderr
        (same,) = recorded()
        assert same["result"]["top1"] == found["result"]["top1"]


def test_the_workflow_has_these_steps(root):
    import yaml

    workflow = yaml.safe_load((root / ".github" / "workflows" / "measure.yml").read_text())
    commands = [step["run"] for step in workflow["jobs"]["accuracy"]["steps"] if "run" in step]
    for wanted in ("zoodata images fetch", "zoodata bench --plan accuracy", "zoodata validate", "zoodata contribute"):
        assert any(wanted in command for command in commands), wanted
