"""``zoodata bench architecture``: read, count and check networks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from zoodata.cli.bench.common import architecture_option, chosen_entries, entries_argument, force_option, run_shown
from zoodata.cli.common import data_option, format_option, output_option, read_dataset, reading_of, show, size_option
from zoodata.cores import usable_cores
from zoodata.dataset import store
from zoodata.dataset.store import Dataset
from zoodata.measure.architecture import public_name
from zoodata.records import ArchitectureMeasurement, ArchitectureResult, is_personal
from zoodata.records.measurement import is_faithful
from zoodata.sweep import plan
from zoodata.sweep.kinds import ArchitectureTask
from zoodata.sweep.task import Task
from zoodata.wording.missing import unchecked, unfaithful

if TYPE_CHECKING:
    from zoodata.zoos.base import Reading


def bench_architecture(
    dataset: Dataset,
    entries: Sequence[str],
    data: Path,
    jobs: int,
    force: bool = False,
    weights: str | None = None,
    check: bool = True,
    reading: Reading | None = None,
) -> list[ArchitectureMeasurement]:
    """Count entries that are not counted yet in this environment; returns the new records."""
    kept = dataset.catalogue_entries
    tasks: list[Task] = [
        ArchitectureTask(entry, keep_network=entry in kept, check=check, weights_path=weights, reading=reading)
        for entry in dict.fromkeys(entries)
    ]
    if not force and weights is None:
        tasks = plan.outstanding(tasks, dataset)
    records = run_shown("architecture", tasks, data, jobs)
    return [record for record in records if isinstance(record, ArchitectureMeasurement)]


@click.command("architecture")
@entries_argument
@architecture_option
@click.option("--all", "everything", is_flag=True, help="Every entry of every installed zoo, not the catalogue's.")
@click.option("--quick", is_flag=True, help="Only the first entry of each architecture.")
@click.option(
    "--weights",
    type=click.Path(exists=True, dir_okay=False),
    help="A local checkpoint for the one ENTRY; not recorded.",
)
@size_option
@output_option
@click.option("--check/--no-check", default=True, help="Run each model against its network on random weights.")
@click.option("--jobs", type=click.IntRange(1), default=usable_cores, show_default="cores", help="Workers at a time.")
@force_option
@data_option
@format_option
def architecture_command(
    entries: tuple[str, ...],
    architecture: str | None,
    everything: bool,
    quick: bool,
    weights: str | None,
    size: tuple[int, int] | None,
    output: str | None,
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
    if (size or output) and not all(is_personal(entry) for entry in entries or ("",)):
        raise click.UsageError("--size and --output go with file: and python: entries; a zoo's entry has its own size")
    if weights and len(entries) != 1:
        raise click.UsageError("--weights goes with exactly one ENTRY")
    dataset = read_dataset(data)
    chosen = chosen_entries(dataset, entries, architecture, everything)
    if quick:
        first = {(dataset.architecture_of(entry) or entry): entry for entry in reversed(chosen)}
        chosen = list(reversed(first.values()))
    fresh = bench_architecture(dataset, chosen, data, jobs, force, weights, check, reading_of(size, output))
    wanted = {public_name(entry) for entry in chosen}
    is_all_new = weights or wanted <= {record.entry for record in fresh}
    known = fresh if is_all_new else [*dataset.architecture_measurements, *fresh]
    newest = {record.entry: record for record in known if record.entry in wanted}
    rows = [_architecture_row(record) for record in newest.values()]
    absent = [] if entries or everything else _absent(dataset, architecture)
    rows += [{"entry": entry, "missing": f"{reason}: {message}"} for entry, reason, message in absent]
    columns = {"entry": "entry", "parameters": "parameters", "statistics": "statistics", "macs": "MACs",
               "input": "input", "classes": "classes", "digest": "network", "relative_error": "checked to",
               "missing": "missing because"}  # fmt: skip
    show(sorted(rows, key=lambda row: str(row["entry"])), columns, style)
    reasons: Counter[str] = Counter(r.missing.reason for r in newest.values() if r.missing)
    measured = len(newest) - sum(reasons.values())
    reasons.update(reason for _, reason, _ in absent)
    summary = ", ".join(f"{count} {reason}" for reason, count in reasons.items())
    click.echo(
        f"{measured} of {len(wanted) + len(absent)} measured{'; ' + summary if summary else ''}. Records: {data}",
        err=True,
    )
    failed = [(r.entry, r.result) for r in newest.values() if r.result is not None and not is_faithful(r.result)]
    for entry, result in failed:
        click.echo(f"{entry}: {unfaithful(result)}", err=True)
    if failed or not measured:
        raise SystemExit(1)


def _absent(dataset: Dataset, architecture: str | None) -> list[tuple[str, str, str]]:
    """Entries that the catalogue knows cannot be built here: entry, reason, message."""
    return [
        (item.entry, item.unavailable.reason, item.unavailable.message)
        for mapped, item in dataset.catalogue_entries.values()
        if item.unavailable is not None and architecture in (None, mapped.id)
    ]


def _checked(result: ArchitectureResult) -> str:
    """What the check came to."""
    if result.unchecked is not None:
        return unchecked(result.unchecked)
    return f"{result.relative_error:.0e}" if is_faithful(result) else f"FAILED: {result.relative_error:.0e}"


def _architecture_row(record: ArchitectureMeasurement) -> dict[str, object]:
    result = record.result
    row: dict[str, object] = {"entry": record.entry, "id": record.id, "record": store.path_of(record).as_posix()}
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
        "relative_error": _checked(result),
        "uncounted_operators": list(result.uncounted_operators),
        "unknown_operators": list(result.unknown_operators),
        "missing": None,
    }
