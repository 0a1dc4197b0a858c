"""``zoodata bench ways``: how to run a model, each way timed against the model as its zoo builds it."""

from __future__ import annotations

from pathlib import Path

import click

from zoodata.cli.bench.common import force_option, refuse_untimed, run_shown
from zoodata.cli.bench.latency import QUICK, THOROUGH
from zoodata.cli.common import check_entries, data_option, format_option, read_dataset, show
from zoodata.cores import usable_cores
from zoodata.dataset.store import Dataset
from zoodata.discrepancy import ways
from zoodata.records import WaysMeasurement
from zoodata.records.ways import OTHER_WAYS, Way
from zoodata.sweep import plan
from zoodata.sweep.kinds.ways import WaysTask, ways_conditions
from zoodata.sweep.task import Task
from zoodata.wording.latency import interval
from zoodata.wording.ways import NAMES


@click.command("ways")
@click.argument("entries", metavar="ENTRY...", nargs=-1, required=True)
@click.option(
    "--way",
    "wanted",
    multiple=True,
    type=click.Choice(OTHER_WAYS),
    help="Only this one; may be given often. All that the model's framework has, if left out.",
)
@click.option("--threads", type=click.IntRange(1), default=usable_cores, show_default="cores", help="For every way.")
@click.option("--quick", is_flag=True, help=f"Stop at ±{QUICK.target:.0%} or {QUICK.time_limit:.0f} s of rounds.")
@force_option
@data_option
@format_option
def ways_command(
    entries: tuple[str, ...], wanted: tuple[Way, ...], threads: int, quick: bool, force: bool, data: Path, style: str
) -> None:
    """Time each ENTRY as its zoo builds it, compiled, laid out otherwise and in other runtimes, with the same weights.

    Before it is timed, each way answers one random image: one that answers something else than the model is shown, and
    is not recommended.

    \b
    Examples:
      zoodata bench ways torchvision:resnet50
      zoodata bench ways keras_applications:MobileNetV2 --way tflite --way openvino
    """
    check_entries(entries)
    dataset = read_dataset(data)
    effort = QUICK if quick else THOROUGH
    conditions = ways_conditions(threads, effort.target, effort.time_limit, effort.sessions)
    tasks: list[Task] = [WaysTask(entry, wanted or OTHER_WAYS, conditions) for entry in dict.fromkeys(entries)]
    fresh = run_shown("ways", tasks if force else plan.outstanding(tasks, dataset), data)
    after = read_dataset(data)
    mine = {record.id for record in fresh}
    records = [r for r in after.ways if r.id in mine or (r.entry in entries and r.conditions == conditions)]
    newest = {record.entry: record for record in records}
    rows = [row for record in newest.values() for row in _rows(after, record)]
    columns = {"entry": "entry", "name": "way", "ms": "median ms", "ratio": "of its time as built",
               "interval": "95 % interval", "verdict": "verdict", "error": "scores differ by", "ready": "ready after s",
               "peak_mib": "peak MiB"}  # fmt: skip
    show(rows, columns, style)
    for record in newest.values():
        if record.samples and style == "text":
            best = ways.summarise(after, record).fastest
            click.echo(f"{record.entry}: fastest {NAMES[best.way]}.")
    refuse_untimed(newest.values())


def _rows(dataset: Dataset, record: WaysMeasurement) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    if record.samples:
        found = ways.summarise(dataset, record)
        rows = [
            {
                "entry": found.entry,
                "way": each.way,
                "name": NAMES[each.way],
                "ms": each.median_ms,
                "ratio": each.ratio,
                "interval": None if each.verdict == "reference" else interval(each.low, each.high),
                "low": each.low,
                "high": each.high,
                "verdict": each.verdict if each.is_sound else "answers otherwise",
                "error": None if each.relative_error is None else f"{each.relative_error:.0e}",
                "relative_error": each.relative_error,
                "ready": each.ready_seconds,
                "peak_mib": each.peak_mib,
                "noise_floor": found.noise_floor,
                "id": found.measurement,
                "record": found.record,
            }
            for each in found.ways
        ]
    return rows + [
        {"entry": m.entry, "way": m.way, "name": NAMES[m.way], "verdict": f"{m.missing.reason}: {m.missing.message}"}
        for m in record.missing
    ]
