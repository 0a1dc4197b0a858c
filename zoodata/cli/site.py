"""``zoodata site``: build the leaderboard, or look at it."""

from __future__ import annotations

import functools
import http.server
from pathlib import Path
from typing import Any

import click

from zoodata.cli.common import data_option, read_dataset

OUT = Path("site")


def build(data: Path, out: Path) -> Path:
    """Build the site; returns its first page.

    Raises:
        click.ClickException: when the site extra is missing or MkDocs refuses the pages.
    """
    _, build_site, failure = _generator()
    try:
        first: Path = build_site(read_dataset(data), out)
        return first
    except failure as error:
        raise click.ClickException(str(error)) from None


def _generator() -> tuple[Any, Any, type[Exception]]:
    """The generator's functions: imported here because only this command needs the site extra."""
    try:
        from zoodata_site.build import BuildFailed, build_site, write_pages
    except ImportError as error:
        raise click.ClickException(f"the site needs {error.name}: pip install 'zoodata[site]'") from None
    return write_pages, build_site, BuildFailed


@click.group("site")
def command() -> None:
    """The leaderboard: a static site that opens from disk and asks no other host for anything."""


@command.command("build")
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), default=OUT, show_default=True, help="Where to."
)
@data_option
def build_command(out: Path, data: Path) -> None:
    """Render the pages from the dataset and build the site with MkDocs."""
    click.echo(f"The site is built: open {build(data, out).resolve()}")


@command.command("pages")
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@data_option
def pages_command(folder: Path, data: Path) -> None:
    """Write the pages and data into DIR without building: for another site builder, or to look at them."""
    pages, _, _ = _generator()
    pages(read_dataset(data), folder)
    click.echo(f"The pages are in {folder}")


@command.command("serve")
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), default=OUT, show_default=True, help="The site."
)
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 takes a free one.")
@data_option
def serve_command(out: Path, port: int, data: Path) -> None:
    """Build the site and serve it to this machine only, until Ctrl-C."""
    build(data, out)
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(out))
    with http.server.ThreadingHTTPServer(("127.0.0.1", port), handler) as server:
        click.echo(f"Serving http://127.0.0.1:{server.server_port}/ (Ctrl-C ends it)")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            click.echo("")
