"""Reading the machine and the software of a run, without importing a framework."""

from __future__ import annotations

import functools
import platform
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

import psutil

import zoodata
from zoodata import about
from zoodata.cores import usable_cores
from zoodata.environments.folders import version
from zoodata.records import Environment
from zoodata.records.environment import Accelerator, Processor


def capture(packages: Iterable[str], folders: Sequence[Path] = ()) -> Environment:
    """The environment of a measurement that involves these distributions; absent ones are left out.

    What ``folders`` hold (:mod:`zoodata.environments`) is taken before what is installed.
    """
    found = {package: version(package, folders) for package in sorted({*packages, "numpy"})}
    versions = {package: release for package, release in found.items() if release is not None}
    return Environment.seal(
        processor=_processor(),
        memory_mib=psutil.virtual_memory().total // 2**20,
        accelerators=_accelerators(),
        operating_system=_operating_system(),
        python=platform.python_version(),
        packages=versions,
        zoodata_version=zoodata.__version__,
        zoodata_commit=about.commit(),
    )


@functools.cache
def _processor() -> Processor:
    return Processor(
        model=_processor_model(),
        architecture=platform.machine(),
        logical_cores=psutil.cpu_count(logical=True) or 1,
        usable_cores=usable_cores(),
    )


def _processor_model() -> str:
    information = Path("/proc/cpuinfo")
    if information.is_file():
        for line in information.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith(("model name", "Model")):
                return " ".join(line.partition(":")[2].split())
    if platform.system() == "Darwin" and shutil.which("sysctl"):
        return _output("sysctl", "-n", "machdep.cpu.brand_string")
    return platform.processor() or "unknown"


@functools.cache
def _accelerators() -> tuple[Accelerator, ...]:
    """NVIDIA devices by their own tool; other makers' are not read yet."""
    if not shutil.which("nvidia-smi"):
        return ()
    rows = _output("nvidia-smi", "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader,nounits")
    devices = []
    for row in rows.splitlines():
        parts = [part.strip() for part in row.split(",")]
        if len(parts) == 3 and parts[1].isdigit():
            devices.append(Accelerator(model=parts[0], memory_mib=int(parts[1]), driver=parts[2]))
    return tuple(devices)


def _operating_system() -> str:
    try:
        name = platform.freedesktop_os_release().get("PRETTY_NAME", "Linux")
    except OSError:
        name = platform.system()
    return f"{name}, kernel {platform.release()}"


def _output(*command: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""
