"""``zoodata run``: the main job. Measure this machine's default set, validate it, build the site."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import click

from zoodata.cli import site
from zoodata.cli.bench.architecture import bench_architecture
from zoodata.cli.bench.common import zoos_here
from zoodata.cli.bench.latency import Effort, bench_latency
from zoodata.cli.common import data_option, read_dataset
from zoodata.cli.validate import as_text
from zoodata.cores import usable_cores
from zoodata.dataset import store
from zoodata.dataset.store import Dataset
from zoodata.dataset.validate import validate
from zoodata.measure.timed_run import conditions_for
from zoodata.sweep import plan
from zoodata.sweep.part import SEED

DEFAULT = Effort(target=0.02, time_limit=20.0, sessions=2)

# Old and new, large and small, each in at least three zoos; together all six zoos.
LATENCY_SET: dict[str, dict[str, str]] = {
    "resnet50": {
        "torchvision": "resnet50",
        "keras_applications": "ResNet50",
        "tf_model_garden": "resnet_50",
        "onnx_model_zoo": "resnet50",
    },
    "mobilenet_v2": {"torchvision": "mobilenet_v2", "timm": "mobilenetv2_100", "keras_applications": "MobileNetV2"},
    "alexnet": {"torchvision": "alexnet", "tf_slim": "alexnet_v2", "onnx_model_zoo": "bvlc_alexnet"},
    "densenet121": {"torchvision": "densenet121", "keras_applications": "DenseNet121", "onnx_model_zoo": "densenet121"},
}


def run(data: Path, out: Path) -> tuple[Path, int]:
    """Do the whole job, going on where an interrupted one stopped.

    Returns:
        The site's first page, and the number of validation errors.
    """
    dataset = read_dataset(data)
    here = set(zoos_here())
    entries = [entry for entry in _default_entries(dataset) if entry.partition(":")[0] in here]
    # Whether our networks compute what the models do is no property of this machine: the dataset says it.
    bench_architecture(dataset, entries, data, jobs=usable_cores(), check=False)
    groups = {
        name: [f"{zoo}:{entry}" for zoo, entry in group.items() if zoo in here] for name, group in LATENCY_SET.items()
    }
    groups = {name: group for name, group in groups.items() if len(group) > 1}
    conditions = conditions_for(
        1, "cpu", usable_cores(), DEFAULT.target, DEFAULT.time_limit, SEED, sessions=DEFAULT.sessions
    )
    bench_latency(dataset, groups, data, conditions)
    report = validate([store.PACKAGED, data], private=[data])
    for issue in report.errors:
        click.echo(as_text(issue), err=True)
    click.echo(
        f"validated {report.files} files, {report.records} records: "
        f"{len(report.errors)} errors, {len(report.warnings)} warnings"
    )
    _summarise(read_dataset(data))
    return site.build(data, out), len(report.errors)


def _default_entries(dataset: Dataset) -> list[str]:
    """The entries of the architectures that the founding paper compares; `bench architecture` counts all."""
    names = [architecture.id for architecture in dataset.architectures.values() if architecture.name_in_2022]
    return [entry for name in names for entry in plan.catalogue_entries(dataset, name)]


def _summarise(dataset: Dataset) -> None:
    reasons: Counter[str] = Counter()
    measured = 0
    for entry, (_, item) in dataset.catalogue_entries.items():
        record = dataset.architecture_outcomes.get(entry)
        if record is not None and record.result is not None:
            measured += 1
        elif record is not None and record.missing is not None:
            reasons[record.missing.reason] += 1
        elif item.unavailable is not None:
            reasons[item.unavailable.reason] += 1
        else:
            reasons["not measured"] += 1
    why = ", ".join(f"{count} {reason}" for reason, count in sorted(reasons.items()))
    click.echo(f"{measured} of {len(dataset.catalogue_entries)} catalogue entries counted; the others: {why or 'none'}")
    click.echo(f"{len({r.architecture for r in dataset.latency_measurements if r.samples})} architectures timed")


@click.command("run")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=site.OUT,
    show_default=True,
    help="The site's folder.",
)
@data_option
def command(out: Path, data: Path) -> None:
    """Do the main job: measure the default set on this machine, validate it, build the site.

    Counts every entry of the architectures of Montes et al. (2022), times six of them over six zoos, and says
    where the site is.
    Interrupted, it goes on where it stopped; finished, it does nothing twice.
    """
    page, errors = run(data, out)
    click.echo(f"Your measurements: {data.resolve()}")
    click.echo(f"The site: open {page.resolve()}")
    if errors:
        raise SystemExit(1)
