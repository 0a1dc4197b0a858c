"""A third party's zoo is found by its entry point and measured like ours; a broken one harms nobody."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

pytestmark = [pytest.mark.zoos, pytest.mark.xdist_group("torch")]

PROGRAM = "from zoodata.cli.main import main; main()"


@pytest.fixture
def zoodata(root, local):
    """The command in a process that has the plugin installed."""

    def run(*arguments: str) -> subprocess.CompletedProcess:
        path = os.pathsep.join([str(root / "tests" / "plugin"), str(root)])
        return subprocess.run(
            [sys.executable, "-W", "default", "-c", PROGRAM, *arguments],
            capture_output=True, text=True, env=os.environ | {"PYTHONPATH": path},
        )  # fmt: skip

    return run


def test_it_is_listed_and_measured(zoodata):
    listed = zoodata("zoos", "--format", "json")
    rows = {row["zoo"]: row for row in json.loads(listed.stdout)}
    assert rows["example"]["entries"] == 1 and "broken" not in rows
    assert "plugin zoo broken does not load" in listed.stderr
    assert all(rows[zoo]["installed"] for zoo in ["example", "torchvision", "timm", "keras_applications"])
    counted = zoodata("bench", "architecture", "example:tiny", "--format", "json")
    (row,) = json.loads(counted.stdout)
    assert (row["macs"], row["parameters"]) == (36 * 4 * 27 + 144 * 10, 4 * 27 + 4 + 1440 + 10)


def test_it_is_timed_against_ours(zoodata):
    timed = zoodata(
        "bench", "latency", "example:tiny", "timm:mobilenetv3_small_050", "--quick", "--time-limit", "1",
        "--format", "json",
    )  # fmt: skip
    rows = json.loads(timed.stdout)
    assert [row["entry"] for row in rows] == ["example:tiny", "timm:mobilenetv3_small_050"]
    assert rows[0]["verdict"] == "reference"
    assert all(row["ms"] > 0 and row["runtime"] == "torch" for row in rows)
