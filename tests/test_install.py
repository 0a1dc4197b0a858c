"""The light install, as a contributor's check and the Pages job do it: a new environment, no framework."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest
import yaml

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


@pytest.fixture(scope="module")
def site(installed) -> Path:
    """The site as the wheel builds it."""
    done = zoodata(installed, "site", "build", "--out", "site")
    assert done.returncode == 0, done.stderr
    return installed / "site"


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
        ("models", "--architecture", "vgg16"),
    ):
        done = zoodata(installed, *arguments)
        assert done.returncode == 0, (arguments, done.stderr)
    refused = zoodata(installed, "bench", "architecture", "torchvision:resnet50")
    assert refused.returncode == 1
    assert "pip install 'zoodata[torch]'" in refused.stdout
    assert "Traceback" not in refused.stderr


@pytest.mark.xdist_group("install")
@pytest.mark.skipif(sys.platform == "win32", reason="paths of a POSIX environment")
def test_what_a_release_attaches(site, tmp_path):
    """The steps of the workflow that need no network of ours, over the site of the wheel."""
    assert (site / "architectures" / "resnet50.html").is_file()
    root = Path(__file__).parent.parent
    workflow = yaml.safe_load((root / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8"))
    steps = {step.get("name", step.get("run")): step.get("run") for step in workflow["jobs"]["build"]["steps"]}
    version = (root / "zoodata" / "data" / "VERSION").read_text(encoding="ascii").strip()
    citation = yaml.safe_load((root / "CITATION.cff").read_text(encoding="utf-8"))
    assert str(citation["version"]) == str(citation["date-released"]) == version

    def run(step, tag=f"data-{version}"):
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        environment = {**os.environ, "PATH": path, "GITHUB_REF_NAME": tag}
        return subprocess.run(
            ["bash", "-euc", steps[step]], cwd=tmp_path, env=environment, capture_output=True, text=True
        )

    for name in ("zoodata", "generator", "pyproject.toml", "README.md", "LICENSE", "CITATION.cff"):
        (tmp_path / name).symlink_to(root / name)
    (tmp_path / "site").symlink_to(site)
    assert run("The tag is the dataset's version", "data-2020-01-01").returncode != 0
    subprocess.run(
        [sys.executable, "-m", "build", "--outdir", tmp_path / "dist", root], check=True, capture_output=True
    )
    for step in ("The tag is the dataset's version", "twine check --strict dist/*", "Collect"):
        done = run(step)
        assert done.returncode == 0, (step, done.stdout, done.stderr)
    made = {path.name for path in (tmp_path / "release").iterdir()}
    assert {"zoodata.tar.xz", "croissant.json", "CITATION.cff", "SHA256SUMS"} < made
    assert {Path(name).suffix for name in made} >= {".whl", ".gz"}
    listed = (tmp_path / "release" / "SHA256SUMS").read_text().split()[1::2]
    assert set(listed) == made - {"SHA256SUMS"}
