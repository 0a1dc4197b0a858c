"""What is read beside a run, from counters that are made here."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from zoodata.measure import watching


def test_load_of_others_is_what_is_left_of_the_machines_after_ours(monkeypatch):
    machine, ours = iter([(10.0, 1.0), (16.0, 1.5)]), iter([2.0, 3.0, 2.5, 6.5])
    monkeypatch.setattr(watching, "_machine", lambda: next(machine))
    monkeypatch.setattr(watching, "_spent", lambda pid: next(ours))
    load = watching.Load([1])
    load.start(100.0)
    assert load.stop(102.0) == (1.0, 0.25), "six seconds of the machine, four of them ours, in two seconds"


def test_rapl_counts_on_when_its_counter_runs_over(tmp_path, monkeypatch):
    package = tmp_path / "intel-rapl:0"
    package.mkdir()
    (package / "max_energy_range_uj").write_text("999999")
    (package / "energy_uj").write_text("900000")
    (tmp_path / "intel-rapl:0:0").mkdir()  # a part of the package, counted with it
    monkeypatch.setattr(watching, "RAPL", tmp_path)
    meter, source = watching.energy("cpu", None)
    assert source == "RAPL, 1 processor package"
    assert meter is not None
    (package / "energy_uj").write_text("100000")
    assert meter.joules() == pytest.approx(0.2)


def test_without_a_counter_there_is_a_reason(tmp_path, monkeypatch):
    monkeypatch.setattr(watching, "RAPL", tmp_path / "none")
    assert watching.energy("cpu", None) == (None, "not counted: this machine shows no RAPL counter")
    meter, reason = watching.energy("cuda", None)
    assert meter is None
    assert "nvidia-ml-py" in reason


@pytest.mark.parametrize(
    ("shown", "device", "expected"),
    [
        (None, "cuda", ("index", 0)),
        (None, "cuda:1", ("index", 1)),
        ("3, 2", "cuda:1", ("index", 2)),
        ("GPU-5a,GPU-6b", "cuda:0", ("uuid", "GPU-5a")),
        ("3", "cuda:1", None),
        ("", "cuda", None),
    ],
)
def test_the_device_that_is_watched_is_the_one_cuda_runs_on(shown, device, expected, monkeypatch):
    nvml = SimpleNamespace(
        nvmlInit=lambda: None,
        nvmlDeviceGetHandleByIndex=lambda number: ("index", number),
        nvmlDeviceGetHandleByUUID=lambda name: ("uuid", name),
    )
    monkeypatch.setitem(sys.modules, "pynvml", nvml)
    if shown is None:
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    else:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", shown)
    result = watching.gpu(device)
    assert (result and result._handle) == expected
