"""Hostile model files: none writes, connects or runs a program; each ends in one sentence, in bounded time."""

from __future__ import annotations

import socket
import subprocess
import sys
import time

import pytest

pytest.importorskip("torch")

from tests.zoos import hostile_files
from zoodata.confinement import missing
from zoodata.isolation import Worker, WorkerFailed
from zoodata.measure.host import Host, worker_environment

pytestmark = [pytest.mark.zoos, pytest.mark.xdist_group("hostile files")]
SECONDS, MEMORY = 60, 4 << 30
MAKERS = dict(hostile_files.makers())
HARMLESS = {"torchscript: raise", "keras: climb", "onnx: deep", "tflite: flex"}
"""What may be read as the sound model that it also is, or fails as any wrong model does."""


def test_there_are_sixty():
    assert len(MAKERS) >= 60


@pytest.fixture(scope="module")
def listener():
    """A port on which nobody may call."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        server.settimeout(0.01)
        hostile_files.PORT = server.getsockname()[1]
        yield server


@pytest.mark.parametrize("name", MAKERS)
def test_does_no_harm(tmp_path, listener, name):
    made, mark = tmp_path / "made", tmp_path / "mark"
    made.mkdir()
    path = MAKERS[name](made, mark)
    before = sorted(made.rglob("*"))
    said, begun = None, time.monotonic()
    with Worker(Host, worker_environment("cpu", 2), MEMORY, writable=()) as worker:
        try:
            if name.startswith("weights"):
                worker.call(SECONDS, Host.fingerprints, "torchvision:resnet18", path)
            else:
                worker.call(SECONDS, Host.network, f"file:{path}", "text")
                worker.call(
                    SECONDS - (time.monotonic() - begun), Host.compare, f"file:{path}", f"file:{path}", True, None
                )
        except WorkerFailed as failure:
            said = failure.message
    assert not mark.exists()
    assert sorted(made.rglob("*")) == before
    with pytest.raises(TimeoutError):
        listener.accept()
    assert said is not None or name in HARMLESS or name.split(": ")[0] in ("onnx", "saved model", "torchscript"), name
    assert said is None or ("Traceback" not in said and len(said) < 700 and "\n" not in said.strip())


@pytest.mark.skipif(bool(missing()), reason="this system cannot confine a process")
class TestConfinement:
    """What holds even where a model was not refused."""

    def run(self, tmp_path, body):
        own = tmp_path / "own"
        own.mkdir(exist_ok=True)
        begin = "import sys\nfrom pathlib import Path\nfrom zoodata.confinement import confine\n"
        code = f"{begin}confine([Path({str(own)!r})])\n{body}"
        return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)

    def test_writes_into_its_own_folder(self, tmp_path):
        assert self.run(tmp_path, f"Path({str(tmp_path / 'own' / 'x')!r}).write_text('x')").returncode == 0

    @pytest.mark.parametrize(
        "body",
        [
            "Path({other!r}).write_text('x')",
            "Path({there!r}).unlink()",
            "Path({there!r}).rename({other!r})",
            "open({there!r}, 'a')",
            "__import__('os').symlink('/', {other!r})",
            "__import__('os').truncate({there!r}, 0)",
            "Path({other!r}).mkdir()",
            "__import__('subprocess').run(['/bin/true'], check=True)",
            "__import__('os').posix_spawn('/bin/true', ['true'], {{}})",
            "__import__('socket').create_connection(('127.0.0.1', 9))",
            "__import__('socket').socket(__import__('socket').AF_UNIX)",
        ],
    )
    def test_and_nowhere_else(self, tmp_path, body):
        there, other = tmp_path / "there", tmp_path / "other"
        there.write_text("kept")
        ended = self.run(tmp_path, body.format(there=str(there), other=str(other)))
        assert ended.returncode != 0
        assert not other.exists() and there.read_text() == "kept"
        assert "PermissionError" in ended.stderr or "Permission" in ended.stderr
