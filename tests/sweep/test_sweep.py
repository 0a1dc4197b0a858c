"""Sweeps: killed at any moment, nothing half-written, nothing lost, nothing measured twice."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time

import psutil
import pytest

from tests import builders
from zoodata.dataset import store
from zoodata.dataset.store import Dataset
from zoodata.dataset.validate import validate
from zoodata.records import entry_zoo
from zoodata.sweep import plan
from zoodata.sweep.kinds import ArchitectureTask, LatencyTask
from zoodata.zoos import registry
from zoodata.zoos.base import UnknownEntry

ENTRIES = [*(f"slow:m{n}" for n in range(5)), "slow:fails"]
"""Of the plugin in tests/plugin."""


def with_plugin(root):
    """The environment of a process that finds the checkout and the plugin."""
    return os.environ | {"PYTHONPATH": os.pathsep.join([str(root), str(root / "tests" / "plugin")])}


def test_what_is_done_is_known_by_entry_and_environment(tmp_path):
    here, elsewhere = builders.environment(), builders.environment(memory_mib=7)
    for record in (here, builders.architecture()):
        store.write(record, tmp_path)
    dataset = Dataset.open(packaged=tmp_path)
    task = ArchitectureTask("torchvision:resnet50")
    assert task.is_done(dataset, here)
    assert not task.is_done(dataset, elsewhere)
    assert not ArchitectureTask("timm:resnet50").is_done(dataset, here)


@pytest.mark.parametrize(("reason", "done"), [("crashed", False), ("needs_download", False), ("cannot_be_read", True)])
def test_reasons_that_may_pass_are_tried_again(tmp_path, reason, done):
    missing = builders.architecture(result=None, missing={"reason": reason, "message": "x"})
    for record in (builders.environment(), missing):
        store.write(record, tmp_path)
    task = ArchitectureTask("torchvision:resnet50")
    assert task.is_done(Dataset.open(packaged=tmp_path), builders.environment()) == done


def test_a_latency_task_is_done_under_its_conditions_only(tmp_path):
    for record in (builders.environment(), builders.latency()):
        store.write(record, tmp_path)
    dataset, here = Dataset.open(packaged=tmp_path), builders.environment()
    entries = ("torchvision:resnet50", "timm:resnet50")
    assert LatencyTask("resnet50", entries, builders.latency_conditions()).is_done(dataset, here)
    assert not LatencyTask("resnet50", entries, builders.latency_conditions(batch=2)).is_done(dataset, here)
    assert not LatencyTask("resnet50", (*entries, "timm:x"), builders.latency_conditions()).is_done(dataset, here)


def test_the_catalogues_entries():
    dataset = Dataset.open()
    planned = plan.catalogue_entries(dataset)
    assert planned == [name for name, (_, item) in dataset.catalogue_entries.items() if item.unavailable is None]
    # The first has no classifier; of the others nothing is known without the file that holds network and weights.
    others = {"open_clip", "coral", "ncnn_assets", "pytorch_ios", "stm32"}
    assert {entry_zoo(entry) for entry in planned} == set(registry.OWN) - others
    assert "onnx_model_zoo:resnet50-v1-7" not in plan.catalogue_entries(dataset, "resnet50")
    with pytest.raises(UnknownEntry, match="did you mean resnet50"):
        plan.catalogue_entries(dataset, "resnet5")


PROGRAM = """
from pathlib import Path
from zoodata.cli.bench.architecture import bench_architecture
from zoodata.dataset.store import Dataset

if __name__ == "__main__":
    local = Path("zoodata-data")
    bench_architecture(Dataset((local,)), {entries!r}, local, jobs=1)
    print("finished")
"""


@pytest.mark.zoos
def test_kill_9_at_twenty_random_moments_then_resume(root, local):
    """The whole process group is killed, as by a power loss; the sweep is then run until it ends."""
    script = local.parent / "sweep.py"
    script.write_text(PROGRAM.format(entries=ENTRIES))
    environment = with_plugin(root)
    generator = random.Random(5)
    finished: dict[str, bytes] = {}
    numbers = set()
    for moment in range(20):
        process = subprocess.Popen(
            [sys.executable, str(script)], cwd=local.parent, env=environment, start_new_session=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert process.stderr is not None
        assert "to do" in process.stderr.readline()  # the work begins, however slow the machine is
        end = time.monotonic() + 60 * (moment % 2)  # every other kill comes after something new is finished
        while process.poll() is None and time.monotonic() < end and len(list(store.files(local))) <= len(finished):
            time.sleep(0.05)
        time.sleep(generator.uniform(0, 2 - moment % 2))
        with contextlib.suppress(ProcessLookupError):  # it has ended by itself
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        records = {str(path): path.read_bytes() for path in store.files(local)}
        assert records.items() >= finished.items(), "a finished task was lost or changed"
        assert not validate([local], private=[local]).errors
        finished = records
        numbers.add(len(records))
    assert len(numbers) > 3, "too few kills came amid the work"
    done = subprocess.run(
        [sys.executable, str(script)], cwd=local.parent, env=environment, capture_output=True, text=True
    )
    assert "finished" in done.stdout, done.stderr
    dataset = Dataset.open(packaged=local)
    entries = [record.entry for record in dataset.architecture_measurements]
    assert sorted(entries) == sorted(ENTRIES), "each task exactly once"
    reasons = {r.entry: r.missing.reason for r in dataset.architecture_measurements if r.missing}
    assert reasons == {"slow:fails": "cannot_be_built"}
    again = subprocess.run(
        [sys.executable, str(script)], cwd=local.parent, env=environment, capture_output=True, text=True
    )
    assert "architecture: 0 to do" in again.stderr


TIMING = """
from itertools import combinations
from pathlib import Path
from zoodata.cli.bench.common import run_shown
from zoodata.dataset.store import Dataset
from zoodata.measure.timed_run import conditions_for
from zoodata.sweep import plan
from zoodata.sweep.kinds import LatencyTask

if __name__ == "__main__":
    local = Path("zoodata-data")
    conditions = conditions_for(1, "cpu", 1, 0.2, 0.2, 1, sessions=1)
    tasks = [LatencyTask("other", pair, conditions) for pair in combinations((f"slow:m{n}" for n in range(4)), 2)]
    run_shown("latency", plan.outstanding(tasks, Dataset((local,)), anywhere=True), local)
    print("finished")
"""


@pytest.mark.zoos
def test_kill_9_at_twenty_moments_of_a_latency_run_then_resume(root, local):
    """Only the process that the user sees is killed, and its workers, stopped ones too, are on their own."""
    script, scratch = local.parent / "timing.py", local.parent / "scratch"
    script.write_text(TIMING)
    scratch.mkdir()
    environment = with_plugin(root) | {"TMPDIR": str(scratch), "SLOW_SECONDS": "0"}
    command = [sys.executable, str(script)]
    generator = random.Random(7)
    finished: dict[str, bytes] = {}
    amid = 0
    for _ in range(20):
        process = subprocess.Popen(
            command, cwd=local.parent, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        assert process.stderr is not None
        assert "to do" in process.stderr.readline()
        workers: list[psutil.Process] = []
        end = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < end and len(workers) < 3:
            time.sleep(0.05)
            with contextlib.suppress(psutil.NoSuchProcess):
                workers = psutil.Process(process.pid).children(recursive=True)
        time.sleep(generator.uniform(0, 4))
        with contextlib.suppress(psutil.NoSuchProcess):
            workers = psutil.Process(process.pid).children(recursive=True)
        amid += process.poll() is None
        process.kill()
        process.communicate()
        _, alive = psutil.wait_procs(workers, timeout=20)
        assert not [p for p in alive if p.status() != psutil.STATUS_ZOMBIE], "a worker is left"
        records = {str(path): path.read_bytes() for path in store.files(local)}
        assert records.items() >= finished.items(), "a finished run was lost or changed"
        assert not validate([local], private=[local]).errors
        finished = records
    assert amid > 3, "too few kills came amid the work"
    done = subprocess.run(command, cwd=local.parent, env=environment, capture_output=True, text=True)
    assert "finished" in done.stdout, done.stderr
    timed = [tuple(p.entry for p in record.participants) for record in Dataset((local,)).latency_measurements]
    assert len(timed) == len(set(timed)) == 6, "each pair exactly once"
    assert not list(scratch.glob("zoodata-*")), "what the killed left is removed"
    again = subprocess.run(command, cwd=local.parent, env=environment, capture_output=True, text=True)
    assert "latency: 0 to do" in again.stderr


@pytest.mark.zoos
def test_of_two_sweeps_at_once_one_goes_on_and_the_other_says_why_not(root, local):
    program = (
        "import sys\n"
        "from zoodata.cli.main import main\n"
        "if __name__ == '__main__':\n"
        f"    sys.argv = ['zoodata', 'bench', 'architecture', *{ENTRIES[:4]!r}, '--jobs', '1']\n"
        "    main()\n"
    )
    script = local.parent / "both.py"
    script.write_text(program)
    environment = with_plugin(root)
    both = [
        subprocess.Popen(
            [sys.executable, str(script)], cwd=local.parent, env=environment, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True,
        )
        for _ in range(2)
    ]  # fmt: skip
    said = [process.communicate() for process in both]
    codes = sorted(process.returncode for process in both)
    assert codes == [0, 1], said
    refused = next(text for process, (_, text) in zip(both, said, strict=True) if process.returncode == 1)
    assert "another zoodata process" in refused and "Traceback" not in refused
    records = Dataset((local,)).architecture_measurements
    assert sorted(record.entry for record in records) == sorted(ENTRIES[:4]), "each task exactly once"
    assert not validate([local], private=[local]).errors


@pytest.mark.zoos
def test_a_task_that_kills_its_worker_is_one_missing_cell(root, local, monkeypatch):
    from zoodata.cli.bench.architecture import bench_architecture

    plugin = str(root / "tests" / "plugin")
    monkeypatch.syspath_prepend(plugin)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(root), plugin]))
    entries = ["slow:m0", "slow:dies", "slow:m1"]
    records = {record.entry: record for record in bench_architecture(Dataset.open(local), entries, local, jobs=2)}
    assert records["slow:dies"].missing is not None
    assert records["slow:dies"].missing.reason == "crashed"
    assert records["slow:m0"].result is not None
    assert records["slow:m1"].result is not None


@pytest.mark.zoos
def test_a_worker_that_hangs_or_eats_memory_is_one_missing_cell_of_a_sweep(root, local, monkeypatch):
    from zoodata.sweep.run import run_tasks
    from zoodata.sweep.task import Limits

    plugin = str(root / "tests" / "plugin")
    monkeypatch.syspath_prepend(plugin)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(root), plugin]))
    tasks = [ArchitectureTask(f"slow:{name}") for name in ("m0", "hangs", "m1", "eats", "m2")]
    run_tasks(tasks, local, jobs=1, limits=Limits(seconds=30, memory=2 * 2**30))
    outcomes = {r.entry: r.missing.reason if r.missing else None for r in Dataset((local,)).architecture_measurements}
    assert outcomes == {
        "slow:m0": None, "slow:hangs": "timed_out", "slow:m1": None, "slow:eats": "out_of_memory", "slow:m2": None,
    }  # fmt: skip


@pytest.mark.zoos
def test_a_full_disk_stops_the_sweep_and_keeps_what_is_finished(root, local):
    """The second run may write no file of more than 300 bytes, and every record has more."""
    script = local.parent / "sweep.py"
    environment = with_plugin(root)
    script.write_text(PROGRAM.format(entries=ENTRIES[:1]))
    subprocess.run([sys.executable, str(script)], cwd=local.parent, env=environment, capture_output=True, check=True)
    finished = {str(path): path.read_bytes() for path in store.files(local)}
    assert finished
    limit = "import resource, signal\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
    program = PROGRAM.format(entries=ENTRIES).replace(
        "    bench_architecture", "    resource.setrlimit(resource.RLIMIT_FSIZE, (300, 300))\n    bench_architecture"
    )
    script.write_text(limit + program)
    done = subprocess.run(
        [sys.executable, str(script)], cwd=local.parent, env=environment, capture_output=True, text=True
    )
    assert done.returncode != 0
    assert "OSError" in done.stderr
    assert not list(local.rglob(".writing-*")), "nothing half-written stays"
    assert {str(path): path.read_bytes() for path in store.files(local)} == finished
    assert not validate([local], private=[local]).errors


@pytest.mark.zoos
def test_an_interrupt_ends_at_once_and_records_nothing_false(root, local):
    """Ctrl-C while six slow models are counted: no waiting for them, no record of what was not done."""
    entries = [f"slow:m{n % 5}" for n in range(5)]
    script = local.parent / "sweep.py"
    script.write_text(PROGRAM.format(entries=entries))
    environment = with_plugin(root)
    process = subprocess.Popen(
        [sys.executable, str(script)], cwd=local.parent, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    time.sleep(5)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    records = [store.read(path) for path in store.files(local)]
    assert all(getattr(record, "missing", None) is None for record in records)


JUMPING = """
import datetime
import itertools

from zoodata.measure import architecture


class Jumping(datetime.datetime):
    days = itertools.cycle((-1, 0, -3, -2))

    @classmethod
    def now(cls, zone=None):
        return datetime.datetime.now(zone) + datetime.timedelta(days=next(cls.days))


architecture.datetime = Jumping
"""


@pytest.mark.zoos
def test_a_clock_that_jumps_by_days_changes_no_duration_and_loses_no_record(root, local):
    script = local.parent / "sweep.py"
    script.write_text(JUMPING + PROGRAM.format(entries=ENTRIES[:4]))
    for _ in range(2):  # the second time there is nothing left to do
        done = subprocess.run(
            [sys.executable, str(script)], cwd=local.parent, env=with_plugin(root), capture_output=True, text=True
        )
        assert done.stdout.strip().endswith("finished"), done.stderr
        records = Dataset((local,)).architecture_measurements
        assert sorted(record.entry for record in records) == sorted(ENTRIES[:4])
    assert len({record.started_at.date() for record in records}) > 1, "the clock did jump"
    assert all(0 < record.seconds < 120 for record in records)
    assert not validate([local], private=[local]).errors


def test_a_users_own_model_is_never_taken_for_done(tmp_path):
    mine = builders.architecture("file:model.onnx")
    for record in (builders.environment(), mine):
        store.write(record, tmp_path)
    assert not ArchitectureTask("file:elsewhere/model.onnx").is_done(
        Dataset.open(packaged=tmp_path), builders.environment()
    )
