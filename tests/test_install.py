"""The light install, as a contributor's check and the Pages job do it: a new environment, no framework."""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

FORBIDDEN = {"torch", "torchvision", "timm", "tensorflow", "keras", "tf-keras", "onnx", "onnxruntime"}


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """A folder with an environment that holds the wheel of this checkout, with the site extra only."""
    folder = tmp_path_factory.mktemp("light")
    venv.create(folder / "venv", with_pip=True)
    root = Path(__file__).parent.parent
    pip = [folder / "venv" / "bin" / "python", "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "--constraint", root / "constraints.txt", f"{root}[site]"], check=True)
    return folder


def zoodata(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    command = folder / "venv" / "bin" / "zoodata"
    return subprocess.run([command, *arguments], cwd=folder, capture_output=True, text=True)


@pytest.mark.xdist_group("install")
@pytest.mark.skipif(sys.platform == "win32", reason="paths of a POSIX environment")
def test_the_light_install_holds_no_framework_and_does_its_work(installed):
    listed = subprocess.run(
        [installed / "venv" / "bin" / "python", "-m", "pip", "list", "--format=freeze"], capture_output=True, text=True
    )
    names = {line.partition("==")[0].lower() for line in listed.stdout.splitlines()}
    assert not names & FORBIDDEN
    for arguments in (
        ("validate",),
        ("rank", "accuracy", "--format", "json"),
        ("export", "out"),
        ("site", "build", "--out", "site"),
        ("models", "--architecture", "vgg16"),
    ):
        done = zoodata(installed, *arguments)
        assert done.returncode == 0, (arguments, done.stderr)
    assert (installed / "site" / "architectures" / "resnet50.html").is_file()
    refused = zoodata(installed, "bench", "architecture", "torchvision:resnet50")
    assert refused.returncode == 1
    assert "pip install 'zoodata[torch]'" in refused.stdout
    assert "Traceback" not in refused.stderr
