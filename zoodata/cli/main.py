"""``zoodata``: the group of commands, loaded only when called, and the exit codes.

0: done. 1: a check failed or something could not be measured at all. 2: wrong use.
"""

from __future__ import annotations

import importlib
import io
import sys
import textwrap
from typing import NamedTuple

import click

import zoodata


class Lazy(NamedTuple):
    """A command that is imported when it is called; its help's first sentence is written here, where it is listed."""

    module: str
    help: str


COMMANDS = {
    "zoos": Lazy(
        "zoodata.cli.zoos", "List the zoos: ours and those of installed plugins, with the number of models each offers."
    ),
    "models": Lazy(
        "zoodata.cli.models",
        "List models: every entry of the installed zoos, with the architecture it is mapped to.",
    ),
    "bench": Lazy("zoodata.cli.bench", "Measure entries on this machine."),
    "env": Lazy("zoodata.cli.env", "Environments of zoos and releases that are not among the installed packages."),
    "diff": Lazy(
        "zoodata.cli.diff", "Say what differs between the networks of A and B, where, and how much it matters."
    ),
    "network": Lazy(
        "zoodata.cli.network",
        "Show the network of ENTRY as we read it: every operation with its shape, parameters and MACs.",
    ),
    "images": Lazy(
        "zoodata.cli.images", "Published image sets: images with their labels, authors, licence and hashes."
    ),
    "attribute": Lazy(
        "zoodata.cli.attribute",
        "Split the gap between A and B by swapping runtime, architecture, weights and preprocessing one at a time.",
    ),
    "diagnose": Lazy(
        "zoodata.cli.diagnose", "Say whether the weights of ENTRY are run in the network that they were trained in."
    ),
    "history": Lazy(
        "zoodata.cli.history",
        "Say what each release of ZOO changed: networks, preprocessing, default weights, files, names.",
    ),
    "upgrade-check": Lazy(
        "zoodata.cli.upgrade_check", "Say whether an upgrade changes the models that you name; exit 1 if it does."
    ),
    "transplant": Lazy(
        "zoodata.cli.transplant", "Write the weights of A as a checkpoint of B, load it with B's own zoo, and run both."
    ),
    "weights": Lazy(
        "zoodata.cli.weights",
        "Say whether the weights of A and B are the same, converted from one another, or independent.",
    ),
    "paper": Lazy("zoodata.cli.paper", "Reproduce Montes et al."),
    "rank": Lazy("zoodata.cli.rank", "Rank architectures by how much the zoos differ."),
    "claims": Lazy("zoodata.cli.claims", "Claims: the numbers that zoos publish about their own models."),
    "validate": Lazy(
        "zoodata.cli.validate",
        "Check records: the whole dataset and this machine's measurements, or the files and folders named.",
    ),
    "supersede": Lazy(
        "zoodata.cli.supersede",
        "Say that records no longer count: they stay in the dataset as history, and enter no ranking.",
    ),
    "review": Lazy(
        "zoodata.cli.review",
        "Review a contribution: the checkout PROPOSED against the checkout BASE that it is to be merged into.",
    ),
    "export": Lazy(
        "zoodata.cli.export",
        "Write the dataset into DIR: zoodata.json (records whole), a CSV and a Parquet file a table, checksums.",
    ),
    "site": Lazy(
        "zoodata.cli.site", "The leaderboard: a static site that opens from disk and asks no other host for anything."
    ),
    "run": Lazy(
        "zoodata.cli.run", "Do the main job: measure the default set on this machine, validate it, build the site."
    ),
    "contribute": Lazy(
        "zoodata.cli.contribute",
        "Copy this machine's measurements into the dataset of your checkout, checked, ready to commit.",
    ),
}


class LazyGroup(click.Group):
    """A group that imports a command's module when the command is named."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands in the order one meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, or None."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(COMMANDS[cmd_name].module).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, without importing any."""
        width = formatter.width - 6 - max(map(len, COMMANDS))
        rows = [(name, textwrap.shorten(lazy.help, width, placeholder="...")) for name, lazy in COMMANDS.items()]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(zoodata.__version__, prog_name="zoodata")
def cli() -> None:
    """Measure, explain and publish the discrepancies between pre-trained model zoos.

    An entry is written ZOO:NAME, as torchvision:resnet50 or keras_applications:ResNet50, with @WEIGHTS
    where weights matter (torchvision:resnet50@IMAGENET1K_V2). Your own models are file:model.onnx,
    file:model.keras and python:package.module:factory.

    \b
    Begin with:
      zoodata zoos                                      which zoos are here
      zoodata models --architecture resnet50            who has a ResNet-50
      zoodata bench architecture torchvision:resnet50   count one network
      zoodata bench latency --architecture resnet50     time all of them in interleaved rounds
      zoodata diff torchvision:resnet50 keras_applications:ResNet50 --prove
                                                        what differs, where, and proof
      zoodata rank macs                                 what differs most
      zoodata run                                       the default set, validated, as a site
    """


def main() -> None:
    """The console script: one line for an expected failure, no traceback."""
    for stream in (sys.stdout, sys.stderr):  # a Windows console writes few of the characters that names have
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        cli.main(prog_name="zoodata")
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
    except Exception as error:
        sys.exit(_said(error))


def _said(error: Exception) -> int:
    """Say an expected failure in one line; the exit code. What is not expected is raised again."""
    # Imported here: most commands end well, and the first that people type is --help.
    from zoodata.dataset.store import UnreadableRecord
    from zoodata.dataset.strict_json import RefusedJson
    from zoodata.zoos.base import ZooError

    if isinstance(error, ZooError):
        click.echo(f"Error: {error}", err=True)
        return 2 if error.reason == "not_in_package" else 1
    if isinstance(error, (RefusedJson, UnreadableRecord)):
        click.echo(f"Error: the dataset does not read: {error}. Run `zoodata validate`.", err=True)
        return 1
    if isinstance(error, OSError):
        place = f" {error.filename}" if error.filename else ""
        click.echo(f"Error: cannot read or write{place}: {error.strerror or error}", err=True)
        return 1
    raise error
