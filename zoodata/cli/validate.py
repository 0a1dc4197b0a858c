"""``zoodata validate``: hold records against the rules, in words, as JSON or as GitHub annotations."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

from zoodata.cli.common import data_option, step
from zoodata.dataset import store
from zoodata.dataset.issues import Issue
from zoodata.dataset.validate import Report, validate


def run(paths: Sequence[Path], data: Path, deep: bool = False) -> Report:
    """Validate the dataset and the local measurements, or only some files against them.

    A path that is a dataset's root (has ``catalogue`` or ``measurements`` in it) is validated by itself.
    """
    roots = [path for path in paths if path.is_dir() and _is_root(path)]
    only = [path for path in paths if path not in roots]
    private = [data] if data.is_dir() else []
    report = Report()
    for root in roots:
        # A whole dataset stands for itself; mere measurements are checked with the packaged catalogue.
        whole = (root / "catalogue").is_dir()
        home = [root] if root.resolve() == data.resolve() else []
        roots_of, own = ([root], []) if whole else ([store.PACKAGED, root], [root])
        report += validate(roots_of, own, home, deep, computing_again)
    if only or not roots:
        report += validate([store.PACKAGED, *private], only, private, deep, computing_again)
    return report


@contextmanager
def computing_again(total: int) -> Iterator[Callable[[str], None]]:
    """Progress of the deep check."""
    with step("computing again", total) as progress:
        yield progress.advance


def _is_root(path: Path) -> bool:
    return any((path / name).is_dir() for name in ("catalogue", "measurements", "claims", "environments"))


def as_text(issue: Issue) -> str:
    """One issue for a reader: where, what, what next."""
    field = f" {issue.field}:" if issue.field else ""
    return f"{issue.severity} {issue.code} {issue.file}:{field} {issue.message}\n    {issue.next_step}"


def as_github(issue: Issue) -> str:
    """One issue as a GitHub workflow command."""
    title = f"{issue.code} {issue.field}".strip()
    place = f"file={_property(issue.file)},title={_property(title)}"
    return f"::{issue.severity} {place}::{_data(issue.message)} {issue.next_step}"


def _data(text: str) -> str:
    """Escape so that a record's text cannot become a command of its own."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


@click.command("validate")
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option(
    "--format",
    "style",
    type=click.Choice(["text", "json", "github"]),
    default="text",
    show_default=True,
    help="For a reader, for a program, or as annotations of a GitHub check.",
)
@click.option(
    "--deep", is_flag=True, help="Also compute shapes, counts and comparisons again from the stored networks."
)
@data_option
def command(paths: tuple[Path, ...], style: str, deep: bool, data: Path) -> None:
    """Check records: the whole dataset and this machine's measurements, or the files and folders named.

    Exit code 0 when there is no error (warnings allowed), 1 when a record is refused. Nothing is written.

    \b
    Examples:
      zoodata validate
      zoodata validate --deep
      zoodata validate zoodata/data/measurements --format github
    """
    report = run(paths, data, deep)
    if style == "json":
        content = {
            "files": report.files,
            "records": report.records,
            "errors": len(report.errors),
            "warnings": len(report.warnings),
            "issues": [issue.as_dict() for issue in report.issues],
        }
        click.echo(json.dumps(content, indent=1, ensure_ascii=False))
    else:
        for issue in report.issues:
            click.echo(as_github(issue) if style == "github" else as_text(issue))
        click.echo(
            f"{report.files} files, {report.records} records: "
            f"{len(report.errors)} errors, {len(report.warnings)} warnings"
        )
    if report.errors:
        raise SystemExit(1)
