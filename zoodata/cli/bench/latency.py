"""``zoodata bench latency``: time entries in interleaved rounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, get_args

import click

from zoodata.cli.bench.common import (
    architecture_option,
    check_device,
    entries_argument,
    force_option,
    refuse_mixture,
    refuse_untimed,
    run_shown,
)
from zoodata.cli.common import check_entries, data_option, format_option, read_dataset, show
from zoodata.cores import usable_cores
from zoodata.dataset import store
from zoodata.dataset.store import Dataset
from zoodata.discrepancy.latency_run import summarise
from zoodata.discrepancy.warnings import warnings
from zoodata.measure.timed_run import conditions_for
from zoodata.records import LatencyMeasurement
from zoodata.records.latency import Dtype, LatencyConditions
from zoodata.sweep import plan
from zoodata.sweep.kinds import LatencyTask
from zoodata.sweep.part import SEED
from zoodata.sweep.task import Task
from zoodata.wording.latency import interval, unsplit
from zoodata.wording.warnings import words


@dataclass(frozen=True)
class Effort:
    """How long a latency run may take and how sure it must be."""

    target: float
    time_limit: float
    sessions: int


THOROUGH = Effort(target=0.01, time_limit=180.0, sessions=3)
QUICK = Effort(target=0.03, time_limit=20.0, sessions=2)


def bench_latency(
    dataset: Dataset,
    groups: Mapping[str, Sequence[str]],
    data: Path,
    conditions: LatencyConditions,
    force: bool = False,
) -> list[LatencyMeasurement]:
    """Time groups of entries (architecture to entries) that are not timed yet; returns the new records."""
    tasks: list[Task] = [LatencyTask(name, tuple(entries), conditions) for name, entries in groups.items()]
    records = run_shown("latency", tasks if force else plan.outstanding(tasks, dataset), data)
    return [record for record in records if isinstance(record, LatencyMeasurement)]


def latency_groups(
    dataset: Dataset, entries: Sequence[str], architecture: str | None, everything: bool
) -> dict[str, Sequence[str]]:
    """Architecture to the entries to be timed against each other."""
    refuse_mixture(entries, architecture, everything)
    check_entries(entries)
    if entries:
        if len(set(entries)) < 2:
            raise click.UsageError("latency compares: name at least two entries, or --architecture")
        names = {mapped.id if (mapped := dataset.architecture_of(entry)) else store.OTHER for entry in entries}
        return {names.pop() if len(names) == 1 else store.OTHER: list(dict.fromkeys(entries))}
    if architecture is None and not everything:
        raise click.UsageError("name the entries to time against each other, or --architecture A, or --all")
    wanted = [architecture] if architecture else list(dataset.architectures)
    groups = {name: plan.catalogue_entries(dataset, name) for name in wanted}
    return {name: group for name, group in groups.items() if len(group) > 1}


@click.command("latency")
@entries_argument
@architecture_option
@click.option("--all", "everything", is_flag=True, help="Every architecture of the catalogue, one after the other.")
@click.option(
    "--quick",
    is_flag=True,
    help=f"Stop at ±{QUICK.target:.0%} or {QUICK.time_limit:.0f} s, "
    f"not ±{THOROUGH.target:.0%} or {THOROUGH.time_limit:.0f} s.",
)
@click.option("--batch", type=click.IntRange(1), default=1, show_default=True, help="Images per forward pass.")
@click.option(
    "--device",
    default="cpu",
    show_default=True,
    callback=check_device,
    help="cpu, or cuda.",
)
@click.option("--threads", type=click.IntRange(1), default=usable_cores, show_default="cores", help="For every entry.")
@click.option("--time-limit", type=click.FloatRange(1), help="Seconds after which an architecture gets no new session.")
@click.option(
    "--networks",
    type=click.Choice(["onnxruntime", "torch", "none"]),
    help="Runtime that also runs every entry's network, to split ratios; none with --quick, else onnxruntime.",
)
@click.option("--compile", "compiled", is_flag=True, help="Run torch models behind torch.compile, not eagerly.")
@click.option(
    "--dtype",
    type=click.Choice(get_args(Dtype)),
    default="float32",
    show_default=True,
    help="Single or half precision; half is for torch models.",
)
@click.option(
    "--target",
    type=click.FloatRange(0.0005, 0.5),
    help="Half width of the 95 % interval at which a ratio is known well enough.",
)
@force_option
@data_option
@format_option
def latency_command(
    entries: tuple[str, ...],
    architecture: str | None,
    everything: bool,
    quick: bool,
    batch: int,
    device: str,
    threads: int,
    time_limit: float | None,
    networks: str | None,
    compiled: bool,
    dtype: Dtype,
    target: float | None,
    force: bool,
    data: Path,
    style: str,
) -> None:
    """Time entries in interleaved rounds, each in its own process, against the first of them.

    The first entry also runs against itself (the A/A pair): how much that ratio differs from 1 is the noise floor.
    Each session has new processes, because where a process lies in memory changes its speed. Every entry's network runs
    in one runtime too, which splits a ratio into the networks' part and the frameworks'.

    \b
    Examples:
      zoodata bench latency --architecture resnet50 --quick
      zoodata bench latency torchvision:vgg16 keras_applications:VGG16
    """
    dataset = read_dataset(data)
    groups = latency_groups(dataset, entries, architecture, everything)
    effort = QUICK if quick else THOROUGH
    split: Any = networks or ("none" if quick or batch > 1 or dtype != "float32" else "onnxruntime")
    conditions = conditions_for(
        batch, device, threads, target or effort.target, time_limit or effort.time_limit, SEED,
        sessions=effort.sessions, networks=None if split == "none" else split, compiled=compiled,
        dtype=dtype,
    )  # fmt: skip
    bench_latency(dataset, groups, data, conditions, force)
    after = read_dataset(data)
    newest = {r.architecture: r for r in after.latency_measurements if r.architecture in groups}
    rows = [row for record in newest.values() for row in _latency_rows(after, record)]
    columns = {"architecture": "architecture", "entry": "entry", "ms": "median ms", "ratio": "ratio",
               "interval": "95 % interval", "verdict": "verdict", "network": "network", "frameworks": "frameworks",
               "peak_mib": "peak MiB"}  # fmt: skip
    show(rows, columns, style)
    for record in newest.values():
        for warning in warnings(record, after):
            said = words(warning)
            click.echo(f"{record.architecture}: {said.text}. Next: {said.advice}.", err=True)
    refuse_untimed(newest.values())


def _latency_rows(dataset: Dataset, record: LatencyMeasurement) -> list[dict[str, object]]:
    missing: list[dict[str, object]] = [
        {"architecture": record.architecture, "entry": m.entry, "verdict": f"{m.missing.reason}: {m.missing.message}"}
        for m in record.missing
    ]
    if not record.samples:
        return missing
    summary = summarise(dataset, record)
    rows: list[dict[str, object]] = [
        {
            "architecture": record.architecture,
            "entry": timed.entry,
            "runtime": timed.runtime,
            "input_size": timed.input_size,
            "ms": timed.median_ms,
            "ratio": timed.ratio,
            "interval": interval(timed.low, timed.high),
            "low": timed.low,
            "high": timed.high,
            "verdict": timed.verdict,
            "p90_ms": timed.p90_ms,
            "p99_ms": timed.p99_ms,
            "images_per_second": timed.images_per_second,
            "network": timed.split.network.value if timed.split else None,
            "frameworks": timed.split.frameworks.value if timed.split else None,
            "split": asdict(timed.split) if timed.split else None,
            "unsplit": None if timed.unsplit is None else unsplit(timed.unsplit),
            "peak_mib": timed.peak_mib,
            "device_mib": timed.device_mib,
            "device_ms": timed.device_ms,
            "millijoules": timed.millijoules,
            "energy_source": summary.energy_source,
            "noise_floor": summary.noise_floor,
            "least_difference": summary.least_difference,
            "id": record.id,
            "record": store.path_of(record).as_posix(),
        }
        for timed in summary.entries
    ]
    return rows + missing
