"""``zoodata bench``: measure this machine's zoos; every outcome becomes a record."""

from __future__ import annotations

from pathlib import Path

import click

from zoodata.cli.bench import sweep
from zoodata.cli.bench.accuracy import accuracy_command
from zoodata.cli.bench.architecture import architecture_command
from zoodata.cli.bench.comparison import comparison_command
from zoodata.cli.bench.latency import latency_command
from zoodata.cli.bench.release import release_command
from zoodata.cli.bench.sensitivity import sensitivity_command
from zoodata.cli.bench.ways import ways_command
from zoodata.cli.common import data_option
from zoodata.cores import usable_cores


@click.group("bench", invoke_without_command=True)
@click.option("--plan", metavar="FILE", help="Do every task of a plan: a YAML file, or accuracy, cpu, gpu, catalogue.")
@click.option("--catalogue", is_flag=True, help="The same as --plan catalogue: everything that needs no weights.")
@click.option("--ray", metavar="ADDRESS", help="Spread the plan over a Ray cluster (HOST:PORT, auto, local).")
@click.option("--jobs", type=click.IntRange(1), default=usable_cores, show_default="cores", help="Tasks at a time.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@data_option
@click.pass_context
def command(
    context: click.Context, plan: str | None, catalogue: bool, ray: str | None, jobs: int, dry_run: bool, data: Path
) -> None:
    """Measure entries on this machine. Each outcome is one JSON record, named by its content.

    What is measured already (same entries, conditions, machine and versions) is not measured again;
    a sweep that was interrupted goes on where it stopped. Timed tasks run one by one, nothing beside them.

    \b
    Examples:
      zoodata bench --plan cpu --dry-run
      zoodata bench --plan mine.yaml
      zoodata bench --catalogue --ray auto
    """
    if context.invoked_subcommand is not None:
        if plan or catalogue or ray or dry_run:
            raise click.UsageError("--plan, --catalogue, --ray and --dry-run go without a kind of measurement")
        return
    if bool(plan) == catalogue:
        raise click.UsageError("name a kind of measurement (see --help), or --plan FILE, or --catalogue")
    sweep.run(plan or "catalogue", data, jobs, ray, dry_run)


for each in (
    architecture_command,
    comparison_command,
    latency_command,
    ways_command,
    accuracy_command,
    sensitivity_command,
    release_command,
):
    command.add_command(each)
