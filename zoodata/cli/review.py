"""``zoodata review``: what a contribution brings, whether it may, and what it does to the rankings."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from zoodata.cli.validate import as_github, as_text, computing_again
from zoodata.dataset import incoming, store
from zoodata.dataset.issues import APPROVAL, Issue
from zoodata.dataset.validate import Report, validate
from zoodata.discrepancy.changes import RankingChange, Standing, changes
from zoodata.wording.changes import RANKINGS

MOST_LINES = 200
"""Of the rankings' changes in a summary; the rest is counted."""


@dataclass(frozen=True)
class Review:
    """Everything that whoever merges should know."""

    brought: incoming.Incoming
    report: Report
    moved: tuple[RankingChange, ...]

    @property
    def to_approve(self) -> list[Issue]:
        """What a maintainer must wave through."""
        return [issue for issue in self.report.warnings if issue.code in APPROVAL]


def review(base: Path, proposed: Path) -> Review:
    """Review the dataset of a checkout against that of another: its changes, its new records, its rankings."""
    brought = incoming.between(base, proposed)
    data = [root / incoming.DATA if (root / incoming.DATA).is_dir() else root for root in (base, proposed)]
    report = Report(issues=list(incoming.issues(brought)))
    touched = [data[1] / path for path in brought.touched if path.parts[0] in store.FOLDERS]
    if touched:
        report += validate([data[1]], touched, (), deep=True, progress=computing_again)
    moved: list[RankingChange] = []
    if touched and not report.errors:
        moved = changes(store.Dataset((data[0],)), store.Dataset((data[1],)))
    return Review(brought, report, tuple(moved))


def summary(reviewed: Review, is_approved: bool) -> str:
    """The review as Markdown, in which no text of a record can be anything but text."""
    brought, report = reviewed.brought, reviewed.report
    parts = [
        f"{len(brought.added)} files added, {len(brought.changed)} changed, {len(brought.deleted)} deleted "
        f"({brought.size / 2**20:.2f} MiB). {len(report.errors)} errors, {len(report.warnings)} warnings, of which "
        f"{len(reviewed.to_approve)} need a maintainer{' (approved)' if is_approved and reviewed.to_approve else ''}."
    ]
    problems = [*report.errors, *reviewed.to_approve]
    if problems:
        rows = [[issue.code, issue.file, issue.field, issue.message] for issue in problems[:MOST_LINES]]
        parts.append(_table(["code", "file", "field", "what"], rows))
    moves = [change for change in reviewed.moved if change.moves]
    if report.errors:
        parts.append("The rankings are compared once there are no errors.")
    elif not moves:
        parts.append("No line of a ranking changes.")
    else:
        rows = [[RANKINGS[c.ranking], c.subject, _shown(c.before), _shown(c.after)] for c in moves[:MOST_LINES]]
        parts += ["Lines of rankings that change:", _table(["ranking", "of", "before", "after"], rows)]
        if len(moves) > MOST_LINES:
            parts.append(f"And {len(moves) - MOST_LINES} more lines.")
    places = len(reviewed.moved) - len(moves)
    if places:
        parts.append(f"{places} other lines only move up or down.")
    return "\n\n".join(parts) + "\n"


def _shown(standing: Standing | None) -> str:
    if standing is None:
        return "not there"
    place = f"place {standing.place}: " if standing.place is not None else ""
    ends = f" ({'; '.join(standing.ends)})" if standing.ends else ""
    return f"{place}{standing.number}{ends}"


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *([_cell(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


MARKUP = frozenset("\\`*_[]|~#@:!{}()<>&\"'")


def _cell(text: str) -> str:
    """Text of a record in a table: no markup, no link, no mention."""
    return "".join(f"&#{ord(c)};" if c in MARKUP else c for c in text[:300]) or " "


@click.command("review")
@click.argument("base", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("proposed", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--approved", is_flag=True, help="A maintainer has waved through what needs one.")
@click.option(
    "--summary", "summary_file", type=click.Path(dir_okay=False, path_type=Path), help="Write it as Markdown."
)
@click.option(
    "--format", "style", type=click.Choice(["text", "json", "github"]), default="text", show_default=True,
    help="For a reader, for a program, or as annotations of a GitHub check.",
)  # fmt: skip
def command(base: Path, proposed: Path, approved: bool, summary_file: Path | None, style: str) -> None:
    """Review a contribution: the checkout PROPOSED against the checkout BASE that it is to be merged into.

    Says which files it adds, changes and deletes, checks what is new (counts, shapes and comparisons are computed
    again), and lists each line of a ranking that changes. Exit code 1 for an error, and for what a maintainer must
    wave through until --approved says that one did.

    \b
    Examples:
      zoodata review base proposed --summary summary.md
      zoodata review . ../contribution --approved
    """
    reviewed = review(base, proposed)
    text = summary(reviewed, approved)
    if summary_file is not None:
        with summary_file.open("a", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
    show(reviewed, style)
    if reviewed.report.errors or (reviewed.to_approve and not approved):
        raise SystemExit(1)


def show(reviewed: Review, style: str) -> None:
    """The review for a reader, a program or a GitHub check."""
    brought = reviewed.brought
    if style == "json":
        files = {"added": brought.added, "changed": brought.changed, "deleted": brought.deleted,
                 "outside": brought.outside}  # fmt: skip
        content = {name: [path.as_posix() for path in paths] for name, paths in files.items()}
        issues = [issue.as_dict() for issue in reviewed.report.issues]
        rankings = [asdict(change) for change in reviewed.moved if change.moves]
        click.echo(json.dumps(content | {"issues": issues, "rankings": rankings}, indent=1, ensure_ascii=False))
        return
    for issue in reviewed.report.issues:
        click.echo(as_github(issue) if style == "github" else as_text(issue))
    click.echo(f"{len(brought.added)} files added, {len(brought.changed)} changed, {len(brought.deleted)} deleted.")
    if reviewed.report.errors:
        click.echo("The rankings are compared once there are no errors.")
        return
    moves = [change for change in reviewed.moved if change.moves]
    for change in moves[:MOST_LINES]:
        click.echo(f"{RANKINGS[change.ranking]}: {change.subject}: {_shown(change.before)} -> {_shown(change.after)}")
    click.echo(f"{len(moves)} lines of rankings change{'' if moves else ': none'}.")
