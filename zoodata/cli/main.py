"""``zoodata``: the group of commands, loaded only when called, and the exit codes.

0: done. 1: a check failed or something could not be measured at all. 2: wrong use.
"""

from __future__ import annotations

import importlib
import io
import sys

import click

import zoodata

COMMANDS = {
    "zoos": "zoodata.cli.zoos",
    "models": "zoodata.cli.models",
    "bench": "zoodata.cli.bench",
    "diff": "zoodata.cli.diff",
    "network": "zoodata.cli.network",
    "attribute": "zoodata.cli.attribute",
    "weights": "zoodata.cli.weights",
    "paper": "zoodata.cli.paper",
    "rank": "zoodata.cli.rank",
    "claims": "zoodata.cli.claims",
    "validate": "zoodata.cli.validate",
    "export": "zoodata.cli.export",
    "site": "zoodata.cli.site",
    "run": "zoodata.cli.run",
    "contribute": "zoodata.cli.contribute",
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
        command: click.Command = importlib.import_module(COMMANDS[cmd_name]).command
        return command


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
    from zoodata.dataset.store import UnreadableRecord
    from zoodata.dataset.strict_json import RefusedJson
    from zoodata.zoos.base import ZooError

    for stream in (sys.stdout, sys.stderr):  # a Windows console writes few of the characters that names have
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        cli.main(prog_name="zoodata")
    except ZooError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(2 if error.reason == "not_in_package" else 1)
    except (RefusedJson, UnreadableRecord) as error:
        click.echo(f"Error: the dataset does not read: {error}. Run `zoodata validate`.", err=True)
        sys.exit(1)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
    except OSError as error:
        place = f" {error.filename}" if error.filename else ""
        click.echo(f"Error: cannot read or write{place}: {error.strerror or error}", err=True)
        sys.exit(1)
