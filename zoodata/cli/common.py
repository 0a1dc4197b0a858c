"""What commands share: options, tables and JSON on the screen, progress, and checks of arguments."""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from zoodata.dataset.store import LOCAL, Dataset

if TYPE_CHECKING:
    from zoodata.images.sets import NoImages
    from zoodata.isolation import Worker
    from zoodata.records import Environment
    from zoodata.records.base import Measurement
    from zoodata.zoos.base import Reading

PLAIN_LINE_SECONDS = 5.0

format_option = click.option(
    "--format", "style", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Output format."
)

data_option = click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    default=LOCAL,
    envvar="ZOODATA_DATA",
    show_default=True,
    help="Folder of this machine's own measurements. [env: ZOODATA_DATA]",
)


def show(rows: Sequence[Mapping[str, object]], columns: dict[str, str], style: str, title: str = "") -> None:
    """Print rows as JSON (whole) or as a table (the named columns, key to heading)."""
    if style == "json":
        click.echo(json.dumps(list(rows), indent=1, ensure_ascii=False))
        return
    table = Table(title=title or None, title_justify="left", header_style="bold")
    for heading in columns.values():
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*(_cell(row.get(key)) for key in columns))
    # Without a terminal nothing is cut: a pipe has no width.
    Console(width=None if sys.stdout.isatty() else 200, soft_wrap=not sys.stdout.isatty()).print(table)


def _cell(value: object) -> str:
    from rich.markup import escape

    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return escape(f"{value:,}" if isinstance(value, int) else str(value))


class Step:
    """Progress through a known number of things: a bar on a terminal, plain lines elsewhere."""

    def __init__(self, advance: Callable[[str], None], note: Callable[[str], None]) -> None:
        self.advance, self.note = advance, note


@contextlib.contextmanager
def step(title: str, total: int) -> Iterator[Step]:
    """Show the progress of one step on standard error."""
    console = Console(stderr=True)
    if console.is_terminal:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[last]}", markup=False),
        )
        with Progress(*columns, console=console) as progress:
            bar = progress.add_task(title, total=total, last="")
            yield Step(
                lambda text: progress.update(bar, advance=1, last=text[:60]),
                lambda text: progress.update(bar, last=text[:60]),
            )
        return
    yield from _plain(title, total)


def _plain(title: str, total: int) -> Iterator[Step]:
    state = {"done": 0, "said": time.monotonic(), "started": time.monotonic()}

    def line(text: str) -> None:
        state["said"] = time.monotonic()
        click.echo(f"{title}: {int(state['done'])}/{total}{_remaining(state, total)} {text}", err=True)

    def advance(text: str) -> None:
        state["done"] += 1
        if time.monotonic() - state["said"] > PLAIN_LINE_SECONDS or state["done"] == total:
            line(text)

    def note(text: str) -> None:
        if time.monotonic() - state["said"] > PLAIN_LINE_SECONDS:
            line(text)

    click.echo(f"{title}: {total} to do", err=True)
    yield Step(advance, note)
    click.echo(f"{title}: {int(state['done'])}/{total} in {time.monotonic() - state['started']:.0f} s", err=True)


def _remaining(state: dict[str, float], total: int) -> str:
    """How long the rest will take if it takes as long as what is done."""
    if not 0 < state["done"] < total:
        return ""
    seconds = (time.monotonic() - state["started"]) / state["done"] * (total - state["done"])
    return f" (about {seconds / 60:.0f} min left)" if seconds >= 60 else f" (about {seconds:.0f} s left)"


def read_dataset(data: Path | None) -> Dataset:
    """The packaged dataset with the local one on top. Records are read when a kind is asked for.

    A record that does not read raises :class:`UnreadableRecord`, which ``main`` turns into one line.
    """
    return Dataset.open(data)


class SizeType(click.ParamType):  # type: ignore[type-arg]
    """HEIGHTxWIDTH in pixels, or one number for both."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        """See :class:`click.ParamType`."""
        if isinstance(value, tuple):
            return value
        sides = str(value).lower().split("x")
        if len(sides) > 2 or not all(side.isdigit() and 0 < int(side) <= 16384 for side in sides):
            self.fail(f"{value!r} is no size in pixels: 224, or 224x320 (height x width)", param, ctx)
        return int(sides[0]), int(sides[-1])


size_option = click.option(
    "--size", type=SizeType(), metavar="N or HxW",
    help="Image size in pixels, for a model that leaves it open.",
)  # fmt: skip
output_option = click.option(
    "--output", metavar="NAME", help="Which output of an ONNX file with several is read. The first row of scores else."
)


def reading_of(size: tuple[int, int] | None, output: str | None = None) -> Reading | None:
    """What a user says of a model that leaves something open."""
    from zoodata.zoos.base import Reading

    return None if size is None and output is None else Reading(size, output)


def folders_of(entries: Sequence[str]) -> tuple[Path, ...]:
    """The folders of packages that the zoos of some entries need.

    Raises:
        click.ClickException: naming the command that adds one that is not here.
    """
    from zoodata.environments.folders import NotAdded
    from zoodata.zoos import registry

    try:
        return registry.folders_of(entries)
    except NotAdded as error:
        raise click.ClickException(str(error)) from None


MODEL_FILES = (".onnx", ".keras", ".h5", ".tflite", ".pt", ".pth", ".pt2", ".ptl", ".safetensors")


def check_entries(entries: Iterable[str], releases: bool = False) -> None:
    """Refuse what is not an entry's name before any work starts. ``releases``: whether one may name a release.

    Raises:
        click.UsageError: with the form of an entry and the zoos there are.
    """
    from zoodata.records import parse_entry
    from zoodata.records.base import split_release
    from zoodata.zoos import registry

    zoos = registry.names()
    for entry in entries:
        release, entry = split_release(entry)
        if release is not None and not releases:
            raise click.UsageError(f"{entry} is measured as installed: `zoodata history` measures other releases")
        zoo = entry.partition(":")[0]
        if zoo in registry.PERSONAL and ":" in entry:
            continue
        if entry.endswith(MODEL_FILES) and zoo not in zoos:
            raise click.UsageError(f"{entry!r} names a file: write file:{entry}")
        try:
            parse_entry(entry)
        except ValueError as error:
            raise click.UsageError(str(error)) from None
        if zoo not in zoos:
            raise click.UsageError(registry.unknown(zoo))


def keep(record: Measurement, environment: Environment, data: Path) -> None:
    """Store what ``--record`` asked for below a data folder, with its environment, and say where it lies."""
    from zoodata.dataset import store

    with measuring_into(data):
        store.write(environment, data)
        click.echo(f"Record: {store.write(record, data)}", err=True)


@contextlib.contextmanager
def measuring_into(data: Path) -> Iterator[None]:
    """Hold a data folder while a command measures into it, and remove what a killed one left there.

    Raises:
        click.ClickException: when another process holds it.
    """
    from zoodata.dataset.lock import InUse, own

    try:
        with own(data) as removed:
            if removed:
                click.echo(f"removed {removed} unfinished files of an interrupted run", err=True)
            yield
    except InUse as error:
        raise click.ClickException(str(error)) from None


def note_unconfined(files: Iterable[Path]) -> None:
    """Say what this system lets a model's file do that others do not."""
    from zoodata.confinement import missing

    if files and (lacks := missing()):
        click.echo(f"Not confined on this system: {'; '.join(lacks)}. Open only model files that you trust.", err=True)


CALL_SECONDS = 1800.0
"""The most that one call of a command may take."""

Handler = TypeVar("Handler")
Answer = TypeVar("Answer")
Arguments = ParamSpec("Arguments")


def opening(
    entries: Sequence[str],
    files: Sequence[Path],
    handler: type[Handler],
    variables: dict[str, str],
    writable: Sequence[Path] = (),
) -> Worker[Handler]:
    """A worker that opens these entries: with their zoos' packages and interpreters.

    It is confined where some ``files`` that it opens are not ours, and may then write into ``writable`` only.
    """
    from zoodata.isolation import Worker, default_memory_limit
    from zoodata.zoos.registry import exporters_of

    return Worker(
        handler, variables, default_memory_limit(1, files), writable=writable if files else None,
        paths=folders_of(entries), before=exporters_of(entries),
    )  # fmt: skip


def in_worker(
    entries: Sequence[str],
    weights: Sequence[Path | str | None],
    handler: type[Handler],
    method: Callable[Concatenate[Handler, Arguments], Answer],
    *args: Arguments.args,
    **kwargs: Arguments.kwargs,
) -> Answer:
    """Call a method of a handler in a worker process, which may import frameworks and build models.

    It has the packages of these entries' zoos, and is confined where it opens files that are not ours: the entries'
    or the ``weights``.

    Raises:
        click.UsageError: for a name that no zoo has.
        click.ClickException: with the worker's reason.
    """
    from zoodata.cores import usable_cores
    from zoodata.isolation import WorkerFailed, time_limit
    from zoodata.measure.host import worker_environment
    from zoodata.records.base import foreign_files
    from zoodata.wording.missing import reason

    files = foreign_files(entries, weights)
    note_unconfined(files)
    with opening(entries, files, handler, worker_environment("cpu", usable_cores())) as worker:
        try:
            return worker.call(time_limit(CALL_SECONDS, files), method, *args, **kwargs)
        except WorkerFailed as error:
            if error.reason == "not_in_package":
                raise click.UsageError(error.message) from None
            raise click.ClickException(f"{reason(error.reason)}: {error.message}") from None


def no_images(error: NoImages) -> click.UsageError:
    """A folder without labelled images as a usage error; says what is in it instead."""
    from zoodata.wording.checks import left_out

    if error.left_out is None:
        return click.UsageError(str(error))
    return click.UsageError(f"{error} ({left_out(error.left_out) or 'no image file in it'})")
