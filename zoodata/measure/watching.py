"""What goes on beside the timed processes: other programs, the host, the device's clock, energy.

Each instrument reads a counter; where there is none it says why, and that is recorded instead.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import psutil

RAPL = Path("/sys/class/powercap")


class Meter(Protocol):
    """Counts energy."""

    source: str

    def joules(self) -> float:
        """Counted so far, from an arbitrary start."""


class Rapl:
    """The energy of all processor packages, by Intel's and AMD's counters (Linux powercap)."""

    def __init__(self, packages: list[Path]) -> None:
        self._packages = [(p / "energy_uj", int((p / "max_energy_range_uj").read_text())) for p in packages]
        self._last = [int(path.read_text()) for path, _ in self._packages]
        self._total = 0
        self.source = f"RAPL, {len(packages)} processor package{'s' if len(packages) > 1 else ''}"

    def joules(self) -> float:
        """See :class:`Meter`. The counters run over every few minutes."""
        for number, (path, span) in enumerate(self._packages):
            now = int(path.read_text())
            self._total += (now - self._last[number]) % (span + 1)
            self._last[number] = now
        return self._total / 1e6


class Gpu:
    """One NVIDIA device, by NVML."""

    def __init__(self, device: str) -> None:
        import pynvml

        self._nvml = pynvml
        pynvml.nvmlInit()
        name = _nvml_name(int(device.partition(":")[2] or 0))
        by = pynvml.nvmlDeviceGetHandleByIndex if isinstance(name, int) else pynvml.nvmlDeviceGetHandleByUUID
        self._handle = by(name)
        self.source = "NVML, the whole device"

    def joules(self) -> float:
        """See :class:`Meter`."""
        return float(self._nvml.nvmlDeviceGetTotalEnergyConsumption(self._handle)) / 1e3

    def clock_mhz(self) -> int:
        """The clock of its processors now."""
        return int(self._nvml.nvmlDeviceGetClockInfo(self._handle, self._nvml.NVML_CLOCK_SM))

    def celsius(self) -> int:
        """Its temperature now."""
        return int(self._nvml.nvmlDeviceGetTemperature(self._handle, self._nvml.NVML_TEMPERATURE_GPU))

    def processes(self) -> int:
        """How many processes compute on it."""
        return len(self._nvml.nvmlDeviceGetComputeRunningProcesses(self._handle))


def _nvml_name(number: int) -> int | str:
    """The number or UUID that NVML, which sees all devices, has for the one CUDA gives this number.

    Raises:
        IndexError: when CUDA is shown fewer devices.
    """
    shown = os.environ.get("CUDA_VISIBLE_DEVICES")
    if shown is None:
        return number
    name = [each.strip() for each in shown.split(",") if each.strip()][number]
    return int(name) if name.isdigit() else name


def gpu(device: str) -> Gpu | None:
    """The device's instruments; None on a CPU, or without NVML."""
    if device == "cpu":
        return None
    try:
        return Gpu(device)
    except Exception:  # no driver, no library, no such device: NVML has an error for each
        return None


def energy(device: str, instruments: Gpu | None) -> tuple[Meter | None, str]:
    """The hardware's energy counter and its name, or None and the reason."""
    if device != "cpu":
        if instruments is None:
            return None, "not counted: NVML is not here (pip install nvidia-ml-py)"
        try:
            instruments.joules()
        except Exception as error:
            return None, f"not counted: the device has no energy counter ({type(error).__name__})"
        return instruments, instruments.source
    packages = sorted(p for p in RAPL.glob("*-rapl:*") if p.name.count(":") == 1) if RAPL.is_dir() else []
    if not packages:
        return None, "not counted: this machine shows no RAPL counter"
    try:
        meter = Rapl(packages)
    except PermissionError:
        return None, "not counted: RAPL may be read by root only"
    except (OSError, ValueError) as error:
        return None, f"not counted: RAPL does not read ({type(error).__name__})"
    return meter, meter.source


@dataclass
class Load:
    """Processor time of everybody and of our processes, from :meth:`start` to :meth:`stop`."""

    pids: Iterable[int]
    _own: float = 0.0
    _busy: float = 0.0
    _stolen: float = 0.0
    _clock: float = field(default=0.0)

    def start(self, clock: float) -> None:
        """Begin at this time (seconds)."""
        self._own, (self._busy, self._stolen), self._clock = self._ours(), _machine(), clock

    def stop(self, clock: float) -> tuple[float, float]:
        """Cores that others kept busy, and cores that the host took, since the start."""
        seconds = max(clock - self._clock, 1e-9)
        busy, stolen = _machine()
        others = (busy - self._busy) - (self._ours() - self._own)
        return round(max(0.0, others) / seconds, 3), round(max(0.0, stolen - self._stolen) / seconds, 3)

    def _ours(self) -> float:
        return sum(_spent(pid) for pid in [psutil.Process().pid, *self.pids])


def _spent(pid: int) -> float:
    with contextlib.suppress(psutil.Error):
        times = psutil.Process(pid).cpu_times()
        return float(times.user + times.system)
    return 0.0


def _machine() -> tuple[float, float]:
    times: Any = psutil.cpu_times()
    # Linux counts guests within user time; idle and iowait are not busy, and stolen time is the host's.
    idle = times.idle + getattr(times, "iowait", 0.0) + getattr(times, "guest", 0.0) + getattr(times, "guest_nice", 0.0)
    stolen = float(getattr(times, "steal", 0.0))
    return float(sum(times) - idle - stolen), stolen
