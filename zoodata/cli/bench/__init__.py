"""``zoodata bench``: measure this machine's zoos; every outcome becomes a record."""

from __future__ import annotations

import click

from zoodata.cli.bench.accuracy import accuracy_command
from zoodata.cli.bench.architecture import architecture_command
from zoodata.cli.bench.comparison import comparison_command
from zoodata.cli.bench.latency import latency_command
from zoodata.cli.bench.sensitivity import sensitivity_command


@click.group("bench")
def command() -> None:
    """Measure entries on this machine. Each outcome is one JSON record, named by its content.

    What is measured already (same entries, conditions, machine and versions) is not measured again;
    a sweep that was interrupted goes on where it stopped.
    """


for each in (architecture_command, comparison_command, latency_command, accuracy_command, sensitivity_command):
    command.add_command(each)
