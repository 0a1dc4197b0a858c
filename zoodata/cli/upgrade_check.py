"""``zoodata upgrade-check``: for a user's CI, whether an upgrade changes the models they use."""

from __future__ import annotations

import json
from pathlib import Path

import click

from zoodata.cli.common import check_entries, data_option, format_option, read_dataset
from zoodata.dataset.store import Dataset
from zoodata.discrepancy.upgrade import NotPinned, Verdict, judge, pinned, release_in
from zoodata.records import entry_zoo
from zoodata.records.zoos import PACKAGES
from zoodata.wording.history import sentences


def check(dataset: Dataset, before: dict[str, str], after: dict[str, str], entries: list[str]) -> list[Verdict]:
    """What going from one set of pinned versions to another does to each entry.

    Raises:
        click.UsageError: where either does not pin the package of an entry's zoo.
    """
    verdicts = []
    for entry in entries:
        zoo = entry_zoo(entry)
        releases = release_in(before, zoo), release_in(after, zoo)
        for which, release in zip(("--from", "REQUIREMENTS"), releases, strict=True):
            if release is None:
                package = PACKAGES.get(zoo, zoo)
                raise click.UsageError(
                    f"{which} does not pin {package}, the package of {entry}: write {package}==VERSION"
                )
        verdicts.append(judge(dataset, entry, *releases))
    return verdicts


def said(verdict: Verdict) -> list[str]:
    """The lines about one entry."""
    zoo, _, name = verdict.entry.partition(":")
    name = name.partition("@")[0]
    label = f"{verdict.entry} ({verdict.earlier} to {verdict.later})"
    match verdict.codes[0]:
        case "same":
            return [f"{label}: the same."]
        case "not_read":
            return [
                f"{label}: cannot be said: one of these releases was not read. "
                f"zoodata env add {zoo}=={verdict.earlier} {zoo}=={verdict.later} and "
                f"zoodata bench release {zoo}=={verdict.earlier} {zoo}=={verdict.later} read them."
            ]
        case "gone":
            texts = [text for own, text in sentences(verdict.step) if own == name] if verdict.step else []
            return [f"{label}: {text}" for text in texts] or [f"{label}: is no longer there."]
        case "not_there":
            return [f"{label}: {verdict.earlier} has no entry of that name."]
    assert verdict.step is not None, "whatever changed is part of a step"
    return [f"{label}: {text}" for own, text in sentences(verdict.step) if own == name]


@click.command("upgrade-check")
@click.argument("requirements", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--from", "old", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The requirements file as it was.",
)  # fmt: skip
@click.option(
    "--models", required=True, multiple=True, metavar="ENTRY[,ENTRY]...",
    help="What you use, as timm:resnet50; may be given often.",
)  # fmt: skip
@data_option
@format_option
def command(requirements: Path, old: Path, models: tuple[str, ...], data: Path, style: str) -> None:
    """Say whether an upgrade changes the models that you name; exit 1 if it does.

    Compares the releases that both files pin: the network's function, preprocessing, default weights, and files that
    were replaced under one name. What cannot be said counts as changed. Nothing is installed: releases that were read
    are in the dataset.

    \b
    Example:
      zoodata upgrade-check requirements.txt --from old.txt --models timm:efficientnet_b1,torchvision:resnet50
    """
    entries = [entry.strip() for each in models for entry in each.split(",") if entry.strip()]
    check_entries(entries)
    pins = []
    for path in (old, requirements):
        try:
            pins.append(pinned(path.read_text(encoding="utf-8").splitlines()))
        except (NotPinned, UnicodeDecodeError) as error:
            raise click.UsageError(f"{path}: {error}") from None
    verdicts = check(read_dataset(data), pins[0], pins[1], entries)
    if style == "json":
        rows = [
            {"entry": each.entry, "from": each.earlier, "to": each.later, "codes": list(each.codes),
             "said": said(each)}
            for each in verdicts
        ]  # fmt: skip
        click.echo(json.dumps(rows, indent=1, ensure_ascii=False))
    else:
        for each in verdicts:
            click.echo("\n".join(said(each)))
    if not all(each.is_harmless for each in verdicts):
        raise SystemExit(1)
