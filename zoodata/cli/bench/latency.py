"""``zoodata bench latency``: time entries in turns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from zoodata.cli.bench.common import architecture_option, check_device, entries_argument, force_option, refuse_mixture
from zoodata.cli.common import check_entries, data_option, format_option, read_dataset, show, step
from zoodata.dataset import store
from zoodata.dataset.store import Dataset
from zoodata.discrepancy.latency import summarise
from zoodata.measure.environment import usable_cores
from zoodata.measure.latency import conditions_for
from zoodata.records import LatencyMeasurement
from zoodata.sweep import plan
from zoodata.sweep.run import run_latency

SEED = 20221114
"""Of the order of turns and the random images; any number would do, and this one is the paper's day."""


@dataclass(frozen=True)
class Effort:
    """How long a latency run may take and how sure it must be."""

    target: float
    time_limit: float


THOROUGH = Effort(target=0.01, time_limit=120.0)
QUICK = Effort(target=0.03, time_limit=15.0)


def bench_latency(
    dataset: Dataset, groups: Mapping[str, Sequence[str]], data: Path, conditions: Any, force: bool = False
) -> list[LatencyMeasurement]:
    """Time groups of entries (architecture to entries) that are not timed yet; returns the new records."""
    tasks = [plan.LatencyTask(name, tuple(entries), conditions) for name, entries in groups.items()]
    environments = {task: plan.shared_environment(task.entries) for task in tasks}
    if not force:
        tasks = [task for task in tasks if not task.is_done(dataset, environments[task])]
    records: list[LatencyMeasurement] = []
    with step("latency", len(tasks)) as shown:

        def done(record: LatencyMeasurement) -> None:
            records.append(record)
            shown.advance(f"{record.architecture}: {len(record.samples)} rounds, stopped by {record.stopped}")

        run_latency(tasks, environments.__getitem__, data, progress=shown.note, done=done)
    return records


def latency_groups(
    dataset: Dataset, entries: Sequence[str], architecture: str | None, everything: bool
) -> dict[str, Sequence[str]]:
    """Architecture to the entries to be timed against each other."""
    refuse_mixture(entries, architecture, everything)
    check_entries(entries)
    if entries:
        if len(set(entries)) < 2:
            raise click.UsageError("latency compares: name at least two entries, or --architecture")
        found = {mapped.id if (mapped := dataset.architecture_of(entry)) else store.OTHER for entry in entries}
        return {found.pop() if len(found) == 1 else store.OTHER: list(dict.fromkeys(entries))}
    if architecture is None and not everything:
        raise click.UsageError("name the entries to time against each other, or --architecture A, or --all")
    names = [architecture] if architecture else list(dataset.architectures)
    groups = {name: plan.catalogue_entries(dataset, name) for name in names}
    return {name: group for name, group in groups.items() if len(group) > 1}


@click.command("latency")
@entries_argument
@architecture_option
@click.option("--all", "everything", is_flag=True, help="Every architecture of the catalogue, one after the other.")
@click.option(
    "--quick", is_flag=True, help=f"Stop at ±{QUICK.target:.0%} or {QUICK.time_limit:.0f} s, not ±1 % or 120 s."
)
@click.option("--batch", type=click.IntRange(1), default=1, show_default=True, help="Images a pass.")
@click.option(
    "--device",
    default="cpu",
    show_default=True,
    callback=check_device,
    help="cpu, or cuda.",
)
@click.option("--threads", type=click.IntRange(1), default=usable_cores, show_default="cores", help="For every entry.")
@click.option("--time-limit", type=click.FloatRange(1), help="Seconds of rounds for each architecture.")
@click.option("--target", type=click.FloatRange(0.0005, 0.5), help="Half width at which a ratio is known well enough.")
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
    target: float | None,
    force: bool,
    data: Path,
    style: str,
) -> None:
    """Time entries in turns, each in its own process, against the first of them.

    The first entry also runs against itself: that ratio is the noise floor of the run.

    \b
    Examples:
      zoodata bench latency --architecture resnet50 --quick
      zoodata bench latency torchvision:vgg16 keras_applications:VGG16
    """
    dataset = read_dataset(data)
    groups = latency_groups(dataset, entries, architecture, everything)
    effort = QUICK if quick else THOROUGH
    conditions = conditions_for(batch, device, threads, target or effort.target, time_limit or effort.time_limit, SEED)
    bench_latency(dataset, groups, data, conditions, force)
    after = read_dataset(data)
    newest = {r.architecture: r for r in after.latency_measurements if r.architecture in groups}
    rows = [row for record in newest.values() for row in _latency_rows(after, record)]
    columns = {"architecture": "architecture", "entry": "entry", "ms": "median ms", "ratio": "ratio",
               "interval": "95 % interval", "verdict": "verdict"}  # fmt: skip
    show(rows, columns, style)
    if not any(record.samples for record in newest.values()):
        click.echo("Nothing could be timed: see the reasons above.", err=True)
        raise SystemExit(1)


def _latency_rows(dataset: Dataset, record: LatencyMeasurement) -> list[dict[str, Any]]:
    missing = [
        {"architecture": record.architecture, "entry": m.entry, "verdict": f"{m.missing.reason}: {m.missing.message}"}
        for m in record.missing
    ]
    if not record.samples:
        return missing
    summary = summarise(dataset, record)
    rows: list[dict[str, Any]] = [
        {
            "architecture": record.architecture,
            "entry": timed.entry,
            "runtime": timed.runtime,
            "input_size": timed.input_size,
            "ms": timed.median_ms,
            "ratio": timed.ratio,
            "interval": f"{timed.low:.3f} to {timed.high:.3f}",
            "low": timed.low,
            "high": timed.high,
            "verdict": timed.verdict,
            "noise_floor": summary.noise_floor,
            "id": record.id,
            "record": store.path_of(record).as_posix(),
        }
        for timed in summary.entries
    ]
    return rows + missing
