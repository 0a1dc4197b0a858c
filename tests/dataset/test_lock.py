"""One writer of a data folder at a time."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from zoodata.dataset.lock import InUse, own

HOLDS = """
import sys, time
from pathlib import Path
from zoodata.dataset.lock import own
with own(Path(sys.argv[1])):
    print('held', flush=True)
    time.sleep(60)
"""


def holder(folder):
    process = subprocess.Popen([sys.executable, "-c", HOLDS, str(folder)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stdout.readline() == "held\n"
    return process


def test_a_second_writer_is_refused_and_a_dead_one_holds_nothing(tmp_path):
    process = holder(tmp_path)
    (tmp_path / "measurements").mkdir()
    unfinished = tmp_path / "measurements" / ".writing-x"
    unfinished.write_text("half")
    with pytest.raises(InUse, match="another zoodata process"), own(tmp_path):
        pass
    assert unfinished.exists()  # it may be the holder's
    process.send_signal(signal.SIGKILL)
    process.wait()
    with own(tmp_path) as removed:
        assert removed == 1 and not unfinished.exists()


def test_again_in_one_process(tmp_path):
    for _ in range(2):
        with own(tmp_path):
            pass
