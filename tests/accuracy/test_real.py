"""Four real checkpoints from four publishers on real images, where they are at hand (they are not ours to carry).

ZOODATA_REAL names the folder: images/, labels.csv and weights/.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

REAL = Path(os.environ.get("ZOODATA_REAL", Path(__file__).parents[3] / "shared" / "real"))
SPECS = Path(__file__).parent / "specs"
ZOODATA = [sys.executable, "-W", "ignore", "-c", "from zoodata.cli.main import main; main()"]

pytestmark = [
    pytest.mark.zoos,
    pytest.mark.xdist_group("real"),
    pytest.mark.skipif(not (REAL / "weights").is_dir(), reason="the real checkpoints are not here (ZOODATA_REAL)"),
]

STM32 = f"file:{REAL}/weights/st_keras_mobilenet_v1_0.25_224.h5"
CORAL = f"file:{REAL}/weights/coral_mobilenet_v2_1.0_224_quant.tflite"
QNNPACK = f"file:{REAL}/weights/torchvision_mobilenet_v2_qnnpack_ios.pt"
RETINAFACE = "python:tests.accuracy.retinaface:mobilenet_v1_025"
RETINAFACE_FILE = f"{REAL}/weights/retinaface_mobilenetV1X0.25_pretrain.tar"


def run(*arguments, code=0):
    done = subprocess.run([*ZOODATA, *arguments], capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == code, done.stderr
    return done


def bench(data, entry, spec, *more, code=0):
    return run(
        "bench", "accuracy", entry, "--images", str(REAL), "--preprocessing", str(SPECS / spec), "--data", str(data),
        "--format", "json", *more, code=code,
    )  # fmt: skip


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    data = tmp_path_factory.mktemp("data")
    runs = [
        bench(data, STM32, "stm32_mobilenet_v1.json"),
        bench(data, RETINAFACE, "retinaface_mobilenet_v1.json", "--weights", RETINAFACE_FILE, "--believe"),
        bench(data, CORAL, "coral_mobilenet_v2.json"),
        bench(data, QNNPACK, "torchvision_mobilenet_v2.json"),
    ]
    return data, [json.loads(done.stdout)[0] for done in runs]


def test_one_command_each_gives_their_accuracies(measured):
    _, rows = measured
    # On 400 images; libraries of other versions may move an image or two.
    for row, hits in zip(rows, (221, 160, 335, 336), strict=True):
        assert abs(row["top1_hits"] - hits) <= 6, row
    assert len({row["image_set"] for row in rows}) == 1


def test_mcnemar_tells_the_two_mobilenets_v1_apart_and_not_the_two_v2(measured):
    data, _ = measured
    pairs = json.loads(run("rank", "measured", "--data", str(data), "--format", "json").stdout)
    verdicts = {frozenset((pair["a"].split(" ")[0], pair["b"].split(" ")[0])): pair for pair in pairs}

    def name(entry):
        return f"file:{Path(entry).name}" if entry.startswith("file:") else "python:retinaface.mobilenet_v1_025"

    first = verdicts[frozenset((name(STM32), name(RETINAFACE)))]
    assert first["verdict"].endswith("better")
    assert first["corrected"] < 1e-4
    second = verdicts[frozenset((name(CORAL), name(QNNPACK)))]
    assert (second["verdict"], second["probability"] > 0.5) == ("no difference shown", True)


def test_images_preprocessed_for_another_model_are_refused(tmp_path):
    wrong = json.loads((SPECS / "retinaface_mobilenet_v1.json").read_text()) | {"channel_order": "BGR"}
    (tmp_path / "bgr.json").write_text(json.dumps(wrong))
    done = bench(tmp_path, RETINAFACE, tmp_path / "bgr.json", "--weights", RETINAFACE_FILE, code=1)
    assert "channels in the order RGB" in done.stderr


def test_the_gap_of_the_two_mobilenets_v1_is_attributed(tmp_path):
    lines = (REAL / "labels.csv").read_text(encoding="utf-8").splitlines()
    (tmp_path / "some.csv").write_text("\n".join(lines[:101]), encoding="utf-8")
    done = run(
        "attribute", STM32, RETINAFACE, "--weights-b", RETINAFACE_FILE, "--images", str(REAL),
        "--labels", str(tmp_path / "some.csv"), "--preprocessing-a", str(SPECS / "stm32_mobilenet_v1.json"),
        "--preprocessing-b", str(SPECS / "retinaface_mobilenet_v1.json"), "--format", "json",
    )  # fmt: skip
    document = json.loads(done.stdout)
    steps = {step["factor"]: step for step in document["steps"]}
    assert sum(step["points"] for step in document["steps"]) == pytest.approx(document["gap"])
    assert document["gap"] < 0
    # Our networks answer as the models do, image for image: neither runtime explains anything.
    for runtime in ("runtime of a", "runtime of b"):
        assert (steps[runtime]["gained"], steps[runtime]["lost"]) == (0, 0)
    assert steps["architecture"]["points"] < -20  # leaky activations are not what these weights were trained with
    assert document["preprocessing_on_a"]["points"] < 0 < steps["preprocessing"]["points"]
