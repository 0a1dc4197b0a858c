"""``zoodata bench``: measure this machine's zoos; every outcome becomes a record."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from zoodata.cli.common import check_entries, data_option, format_option, read_dataset, show, step
from zoodata.dataset import store
from zoodata.dataset.store import Dataset
from zoodata.discrepancy.latency import summarise
from zoodata.measure.architecture import public_name
from zoodata.measure.environment import usable_cores
from zoodata.measure.latency import conditions_for
from zoodata.records import ArchitectureMeasurement, ComparisonMeasurement, Environment, LatencyMeasurement
from zoodata.sweep import plan
from zoodata.sweep.listing import list_zoos
from zoodata.sweep.run import run_architecture, run_comparisons, run_latency
from zoodata.zoos import registry

SEED = 20221114
"""Of the order of turns and the random images; any number would do, and this one is the paper's day."""


@dataclass(frozen=True)
class Effort:
    """How long a latency run may take and how sure it must be."""

    target: float
    time_limit: float


THOROUGH = Effort(target=0.01, time_limit=120.0)
QUICK = Effort(target=0.03, time_limit=15.0)


def bench_architecture(
    dataset: Dataset,
    entries: Sequence[str],
    data: Path,
    jobs: int,
    force: bool = False,
    weights: str | None = None,
    check: bool = True,
) -> list[ArchitectureMeasurement]:
    """Count entries that are not counted yet in this environment; returns the new records."""
    environments = plan.environments(entries)
    kept = dataset.catalogue_entries
    tasks = [plan.ArchitectureTask(entry, keep_network=entry in kept) for entry in dict.fromkeys(entries)]
    if not force and weights is None:
        tasks = [task for task in tasks if not task.is_done(dataset, environments[task.zoo])]
    records: list[ArchitectureMeasurement] = []
    with step("architecture", len(tasks)) as shown:

        def done(record: ArchitectureMeasurement) -> None:
            records.append(record)
            shown.advance(record.entry if record.result else f"{record.entry}: no, {record.missing.reason}")  # type: ignore[union-attr]

        run_architecture(tasks, environments, data, jobs=jobs, weights_path=weights, check=check, done=done)
    return records


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


def chosen_entries(dataset: Dataset, entries: Sequence[str], architecture: str | None, everything: bool) -> list[str]:
    """The entries a user asked for; the catalogue's when they named none."""
    _refuse_mixture(entries, architecture, everything)
    check_entries(entries)
    if entries:
        return list(entries)
    if everything:
        return _everything()
    return plan.catalogue_entries(dataset, architecture)


def _refuse_mixture(entries: Sequence[str], architecture: str | None, everything: bool) -> None:
    if sum(map(bool, (entries, architecture, everything))) > 1:
        raise click.UsageError("give entries, or --architecture, or --all: one of them")


def _device(context: click.Context, parameter: click.Parameter, value: str) -> str:
    if not re.fullmatch(r"cpu|cuda(:[0-9]+)?", value):
        raise click.BadParameter(f"{value!r} is not a device: cpu, cuda or cuda:N")
    return value


def latency_groups(
    dataset: Dataset, entries: Sequence[str], architecture: str | None, everything: bool
) -> dict[str, Sequence[str]]:
    """Architecture to the entries to be timed against each other."""
    _refuse_mixture(entries, architecture, everything)
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


def _everything() -> list[str]:
    """Every entry of every zoo that is usable here; the others are named."""
    entries = []
    for listing in list_zoos(list(registry.all_zoos())):
        if listing.reason is not None:
            click.echo(f"left out: {listing.reason}", err=True)
        entries += [f"{listing.zoo}:{entry}" for entry in listing.entries]
    return entries


entries_argument = click.argument("entries", metavar="[ENTRY]...", nargs=-1)
architecture_option = click.option("--architecture", metavar="A", help="All entries of this architecture.")
force_option = click.option("--force", is_flag=True, help="Measure again what is measured already.")


@click.group("bench")
def command() -> None:
    """Measure entries on this machine. Each outcome is one JSON record, named by its content.

    What is measured already (same entries, conditions, machine and versions) is not measured again;
    a sweep that was interrupted goes on where it stopped.
    """


@command.command("architecture")
@entries_argument
@architecture_option
@click.option("--all", "everything", is_flag=True, help="Every entry of every installed zoo, not the catalogue's.")
@click.option("--quick", is_flag=True, help="Only the first entry of each architecture.")
@click.option(
    "--weights",
    type=click.Path(exists=True, dir_okay=False),
    help="A local checkpoint for the one ENTRY; not recorded.",
)
@click.option("--check/--no-check", default=True, help="Run each model against its network on random weights.")
@click.option("--jobs", type=click.IntRange(1), default=usable_cores, show_default="cores", help="Zoos at a time.")
@force_option
@data_option
@format_option
def architecture_command(
    entries: tuple[str, ...],
    architecture: str | None,
    everything: bool,
    quick: bool,
    weights: str | None,
    check: bool,
    jobs: int,
    force: bool,
    data: Path,
    style: str,
) -> None:
    """Read and count networks: the whole catalogue, or the entries named.

    Parameters, batch-norm statistics, MACs, and the digest that equal networks share. No weights are
    downloaded. Each network is then checked: the model as its zoo runs it, and the network run from our
    description of it, must give the same scores for the same random weights.

    \b
    Examples:
      zoodata bench architecture
      zoodata bench architecture torchvision:resnet50 keras_applications:ResNet50
      zoodata bench architecture file:model.onnx
    """
    if weights and len(entries) != 1:
        raise click.UsageError("--weights goes with exactly one ENTRY")
    dataset = read_dataset(data)
    chosen = chosen_entries(dataset, entries, architecture, everything)
    if quick:
        first = {(dataset.architecture_of(entry) or entry): entry for entry in reversed(chosen)}
        chosen = list(reversed(first.values()))
    fresh = bench_architecture(dataset, chosen, data, jobs, force, weights, check)
    wanted = {public_name(entry) for entry in chosen}
    known = fresh if weights else read_dataset(data).architecture_measurements
    newest = {record.entry: record for record in known if record.entry in wanted}
    rows = [_architecture_row(record) for record in newest.values()]
    absent = [] if entries or everything else _absent(dataset, architecture)
    rows += [{"entry": entry, "missing": f"{reason}: {message}"} for entry, reason, message in absent]
    columns = {"entry": "entry", "parameters": "parameters", "statistics": "statistics", "macs": "MACs",
               "input": "input", "classes": "classes", "digest": "network", "relative_error": "checked to",
               "missing": "missing because"}  # fmt: skip
    show(sorted(rows, key=lambda row: row["entry"]), columns, style)
    reasons: Counter[str] = Counter(r.missing.reason for r in newest.values() if r.missing)
    measured = len(newest) - sum(reasons.values())
    reasons.update(reason for _, reason, _ in absent)
    summary = ", ".join(f"{count} {reason}" for reason, count in reasons.items())
    click.echo(
        f"{measured} of {len(wanted) + len(absent)} measured{'; ' + summary if summary else ''}. Records: {data}",
        err=True,
    )
    if not measured:
        raise SystemExit(1)


def _absent(dataset: Dataset, architecture: str | None) -> list[tuple[str, str, str]]:
    """Entries that the catalogue knows cannot be built here: entry, reason, message."""
    return [
        (item.entry, item.unavailable.reason, item.unavailable.message)
        for mapped, item in dataset.catalogue_entries.values()
        if item.unavailable is not None and architecture in (None, mapped.id)
    ]


def _architecture_row(record: ArchitectureMeasurement) -> dict[str, Any]:
    result = record.result
    row: dict[str, Any] = {"entry": record.entry, "id": record.id, "record": store.path_of(record).as_posix()}
    if result is None:
        return row | {"missing": f"{record.missing.reason}: {record.missing.message}" if record.missing else None}
    return row | {
        "parameters": result.parameters,
        "auxiliary_parameters": result.auxiliary_parameters,
        "statistics": result.statistics,
        "constants": result.constants,
        "macs": result.macs,
        "input": f"{result.input.channels}x{result.input.height}x{result.input.width}",
        "classes": result.classes,
        "digest": None if result.digest is None else result.digest[:12],
        "relative_error": result.unchecked if result.relative_error is None else f"{result.relative_error:.0e}",
        "unknown_operators": list(result.unknown_operators),
        "missing": None,
    }


def bench_comparisons(
    dataset: Dataset, tasks: Sequence[plan.ComparisonTask], data: Path, jobs: int, force: bool = False
) -> list[ComparisonMeasurement]:
    """Compare pairs that are not compared yet in this environment; returns the new records."""
    known: dict[frozenset[str], Environment] = {}

    def environment(task: plan.ComparisonTask) -> Environment:
        zoos = frozenset((task.a.partition(":")[0], task.b.partition(":")[0]))
        if zoos not in known:
            known[zoos] = plan.shared_environment((task.a, task.b))
        return known[zoos]

    wanted = [task for task in tasks if force or not task.is_done(dataset, environment(task))]
    records: list[ComparisonMeasurement] = []
    with step("comparisons", len(wanted)) as shown:

        def done(record: ComparisonMeasurement) -> None:
            records.append(record)
            shown.advance(f"{record.a} {record.b}: {record.result.verdict if record.result else 'no'}")

        run_comparisons(wanted, environment, data, jobs=jobs, done=done)
    return records


@command.command("comparison")
@architecture_option
@click.option("--jobs", type=click.IntRange(1), default=usable_cores, show_default="cores", help="Pairs at a time.")
@force_option
@data_option
@format_option
def comparison_command(architecture: str | None, jobs: int, force: bool, data: Path, style: str) -> None:
    """Compare and prove every pair of entries of an architecture, or of the whole catalogue.

    What `zoodata diff A B --prove` answers for two entries, as records.
    """
    dataset = read_dataset(data)
    tasks = plan.comparisons(dataset, architecture)
    bench_comparisons(dataset, tasks, data, jobs, force)
    found = read_dataset(data).comparisons
    rows = []
    for task in tasks:
        record = found.get((task.a, task.b))
        result = record.result if record else None
        row: dict[str, Any] = {"architecture": task.architecture, "a": task.a, "b": task.b}
        if result is not None:
            row |= {"verdict": result.verdict, "proof": result.proof.status if result.proof else None}
        elif record is not None and record.missing is not None:
            row |= {"verdict": f"{record.missing.reason}: {record.missing.message}"}
        rows.append(row)
    columns = {"architecture": "architecture", "a": "a", "b": "b", "verdict": "verdict", "proof": "proof"}
    show(rows, columns, style)
    if tasks and not any(row.get("proof") for row in rows):
        raise SystemExit(1)


@command.command("latency")
@entries_argument
@architecture_option
@click.option("--all", "everything", is_flag=True, help="Every architecture of the catalogue, one after the other.")
@click.option(
    "--quick", is_flag=True, help=f"Stop at ±{QUICK.target:.0%} or {QUICK.time_limit:.0f} s, not ±1 % or 120 s."
)
@click.option("--batch", type=click.IntRange(1), default=1, show_default=True, help="Images a pass.")
@click.option(
    "--device", default="cpu", show_default=True, callback=_device, help="cpu, or cuda where the runtimes find one."
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
