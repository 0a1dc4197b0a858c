"""``zoodata rank``: the largest discrepancies, one ranking per dimension."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from zoodata.cli.common import data_option, format_option, no_images, read_dataset, show
from zoodata.cli.images import ImagesType
from zoodata.dataset.store import Dataset, path_of
from zoodata.discrepancy import accuracy, audit, latency, macs, measured
from zoodata.discrepancy.latency import Machines
from zoodata.discrepancy.latency_run import LatencyRange
from zoodata.records.image_set import identity
from zoodata.wording.audit import DOUBTS
from zoodata.wording.audit import sentence as audit_sentence
from zoodata.wording.latency import across_values, seen, unsplit
from zoodata.wording.obstacles import worded
from zoodata.wording.ranges import KINDS, PROTOCOLS
from zoodata.wording.warnings import words as warning_words

if TYPE_CHECKING:
    from zoodata.images.sets import Item

limit_option = click.option("--limit", type=click.IntRange(1), help="Only the largest N.")


@click.group("rank")
def command() -> None:
    """Rank architectures by how much the zoos differ.

    Only what can be compared is ranked: an architecture about which we have numbers of one zoo alone
    is left out, never set to zero.
    """


@command.command("accuracy")
@click.option(
    "--metric", type=click.Choice(["top1", "top5"]), default="top1", show_default=True, help="Which accuracy."
)
@click.option(
    "--group",
    type=click.Choice(["2022", "today"]),
    default="today",
    show_default=True,
    help="What zoos state today, or the claims behind the paper of 2022 (also: `zoodata paper`).",
)
@limit_option
@data_option
@format_option
def accuracy_command(metric: str, group: str, limit: int | None, data: Path, style: str) -> None:
    """Ranges of claimed accuracy, in points. Claims, not measurements: each row names its two sources.

    Discrepancies come first: one checkpoint with several numbers, or one documented recipe that gave several. Then
    choices: one network trained differently. Every number in them was read again where its source states it, at a
    stated image size. The naive range over all claims stands beside them. JSON has all ranges and what is left out.
    """
    ranges = accuracy.rank(read_dataset(data), metric, group)
    if style == "json":
        show([_accuracy_row(each) for each in ranges[:limit]], {}, style)
        return
    columns = {"title": "architecture", "points": "points", "naive_points": "naive", "input_size": "input",
               "verdict": "verdict", "protocol": "evaluation", "high": "highest", "low": "lowest"}  # fmt: skip
    if group == "2022":
        show([_accuracy_text(each, each.naive) for each in ranges[:limit]], columns, style)
        return
    for kind, words in KINDS.items():
        spans = [(each, span) for each in ranges if (span := each.of_kind(kind)) is not None]
        spans.sort(key=lambda pair: -pair[1].points)
        if spans:
            click.echo(f"{words} ({len(spans)} architectures)")
            show([_accuracy_text(each, span) for each, span in spans[:limit]], columns, style)
    naive = sum(each.comparable is None and each.choice is None for each in ranges)
    click.echo(f"{naive} more architectures have naive ranges only. Claims left out of comparisons:")
    for reason, count in worded(accuracy.left_out(ranges)).items():
        click.echo(f"  {count:>5}  {reason}")


def _accuracy_row(ranked: accuracy.AccuracyRange) -> dict[str, object]:
    """A range as JSON output shows it; what is left out by its words."""
    return ranked.as_dict() | {"left_out": worded(ranked.left_out)}


def _accuracy_text(ranked: accuracy.AccuracyRange, span: accuracy.Span) -> dict[str, object]:
    return {
        "title": ranked.title, "points": f"{span.points:.2f}", "naive_points": f"{ranked.naive.points:.2f}",
        "input_size": span.input_size, "verdict": span.verdict,
        "protocol": PROTOCOLS[span.protocol] if span.protocol else "",
        "high": f"{span.highest.value:.2f} {span.highest.entry}", "low": f"{span.lowest.value:.2f} {span.lowest.entry}",
    }  # fmt: skip


@command.command("macs")
@limit_option
@data_option
@format_option
def macs_command(limit: int | None, data: Path, style: str) -> None:
    """Ratios of multiply-accumulates, counted by one counter, at one input size an architecture."""
    ranges = macs.rank(read_dataset(data))[:limit]
    shown = [each.as_dict() if style == "json" else _macs_text(each) for each in ranges]
    columns = {"title": "architecture", "ratio": "ratio", "input_size": "input", "high": "highest", "low": "lowest",
               "parameter_difference": "parameters differ by", "naive_ratio": "at published sizes"}  # fmt: skip
    show(shown, columns, style)


def _macs_text(ranked: macs.MacsRange) -> dict[str, object]:
    ends = {"high": ranked.highest, "low": ranked.lowest}
    return ranked.as_dict() | {name: f"{end.macs / 1e9:.3f} G {end.entry}" for name, end in ends.items()}


@command.command("latency")
@limit_option
@data_option
@format_option
def latency_command(limit: int | None, data: Path, style: str) -> None:
    """Ratios of time, slowest over fastest, each within one run on one machine, of like work.

    Like work: one design, one input size, like compute. JSON also has other runs; `is_ranked` tells them, `other_work`
    says which entries.
    """
    dataset = read_dataset(data)
    ranges = latency.rank(dataset)
    shown = [each for each in ranges if style == "json" or (each.is_ranked and each.is_difference)][:limit]
    machines = latency.across(dataset, shown)
    rows = [_latency_row(each, machines.get(each.architecture)) for each in shown]
    columns = {"title": "architecture", "ratio": "ratio", "interval": "95 % interval", "slowest": "slowest",
               "fastest": "fastest", "machine": "machine", "seen": "other machines",
               "stopped": "stopped by"}  # fmt: skip
    show(rows, columns, style)


def _latency_row(ranked: LatencyRange, machines: Machines | None) -> dict[str, object]:
    """A range as JSON output shows it: warnings and missing splits in words, and what holds across machines."""
    row = asdict(ranked)
    row["seen"] = seen(machines)
    row["across_machines"] = [across_values(one) for one in (machines.entries if machines else ())]
    row["interval"] = None if ranked.low is None else f"{ranked.low:.3f} to {ranked.high:.3f}"
    row["warnings"] = [{"kind": warning.code, **asdict(warning_words(warning))} for warning in ranked.warnings]
    for entry, timed in zip(row["entries"], ranked.entries, strict=True):
        entry["unsplit"] = None if timed.unsplit is None else unsplit(timed.unsplit)
    return row


@command.command("claims")
@click.option("--rule", help="Only the findings of one rule, each by itself; without it they are counted by zoo.")
@click.option("--zoo", help="Only what this zoo states.")
@limit_option
@data_option
@format_option
def claims_command(rule: str | None, zoo: str | None, limit: int | None, data: Path, style: str) -> None:
    """What zoos state that does not hold: compared with each other, our counts, and what is possible.

    Errors can only be mistakes; what is to be explained says what may explain it; a convention (multiply-accumulates
    called FLOPs) is one finding a zoo.

    \b
    Examples:
      zoodata rank claims
      zoodata rank claims --rule parameters --zoo mmpretrain
    """
    findings = [f for f in audit.audit(read_dataset(data)) if zoo in (None, f.zoo)]
    rules: list[str] = list(dict.fromkeys(finding.rule for finding in findings))
    if rule is not None and rule not in rules:
        raise click.UsageError(f"no findings of a rule {rule!r}; there are some of {', '.join(rules) or 'none'}")
    findings = [f for f in findings if rule in (None, f.rule)]
    if style == "json" or rule is not None:
        rows = [
            asdict(finding)
            | {"text": audit_sentence(finding), "explained": "; ".join(DOUBTS[doubt] for doubt in finding.doubts)}
            for finding in findings
        ][:limit]
        columns = {"grade": "grade", "entry": "entry", "size": "size", "text": "finding",
                   "explained": "may be explained", "sources": "sources"}  # fmt: skip
        show(rows, columns, style)
        return
    grouped = [
        {"grade": grade, "rule": name, "zoo": who, "count": len(own), "entry": own[0].entry,
         "text": audit_sentence(own[0])}
        for (grade, name, who), own in audit.by_zoo(findings).items()
    ][:limit]  # fmt: skip
    columns = {"grade": "grade", "rule": "rule", "zoo": "zoo", "count": "findings", "entry": "largest",
               "text": "which"}  # fmt: skip
    show(grouped, columns, style)


@command.command("measured")
@click.option("--claims", is_flag=True, help="Against what is claimed about the same checkpoints, not each other.")
@click.option(
    "--images", metavar="DIR|NAME", type=ImagesType(),
    help="The images again: also say on which classes the two differ most.",
)  # fmt: skip
@click.option("--labels", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="List of labels.")
@limit_option
@data_option
@format_option
def measured_command(
    claims: bool, images: Path | None, labels: Path | None, limit: int | None, data: Path, style: str
) -> None:
    """Measured accuracies of two entries over the same images: who is right where the other is not.

    McNemar's exact test on those images, corrected for the number of pairs (Holm).
    """
    dataset = read_dataset(data)
    if claims:
        rows = [each.as_dict() for each in measured.against_claims(dataset)][:limit]
        columns = {"entry": "entry", "metric": "metric", "claimed": "claimed", "measured": "measured",
                   "images": "images", "verdict": "verdict"}  # fmt: skip
        show(rows, columns, style)
        return
    at_hand = None if images is None else _at_hand(images, labels)
    shown = []
    for pair in measured.pairs(dataset)[:limit]:
        classes = None if at_hand is None else _classes(dataset, pair, *at_hand)
        row = pair.as_dict() if style == "json" else _measured_text(pair, classes or [])
        shown.append(row | ({} if classes is None or style == "text" else {"classes": classes}))
    columns = {"a": "a", "b": "b", "images": "images", "top1_a": "a %", "top1_b": "b %", "only": "only a | only b",
               "agreement": "agree on %", "corrected": "p (Holm)", "verdict": "verdict"}  # fmt: skip
    show(shown, columns | ({"furthest": "classes that differ most"} if images else {}), style)


def _measured_text(pair: measured.Pair, classes: Sequence[dict[str, int]]) -> dict[str, object]:
    furthest = "; ".join(f"{each['class']}: {each['a']} | {each['b']} of {each['images']}" for each in classes[:5])
    return pair.as_dict() | {
        "top1_a": f"{pair.top1_a:.2f}", "top1_b": f"{pair.top1_b:.2f}", "agreement": f"{pair.agreement:.2f}",
        "only": f"{pair.only_a} | {pair.only_b}", "corrected": f"{pair.corrected:.2g}", "furthest": furthest,
    }  # fmt: skip


def _classes(dataset: Dataset, pair: measured.Pair, items: Sequence[Item], images: str) -> list[dict[str, int]]:
    """Classes that differ most; none where the pair is of other images than these."""
    records = {path_of(record).as_posix(): record for record in dataset.accuracy_measurements}
    a, b = records[pair.record_a], records[pair.record_b]
    if a.images is None or a.images.hash != images:
        return []
    return measured.classes_by_difference(measured.bits(a), measured.bits(b), [item.label for item in items])


def _at_hand(folder: Path, labels: Path | None) -> tuple[Sequence[Item], str]:
    """The images of a folder that can be decoded, and their identity as records have it."""
    from zoodata.images import pixels, sets  # Pillow is no part of the light install

    try:
        items = sets.find(folder, labels).items
    except sets.NoImages as error:
        raise no_images(error) from None
    kept, digests = [], []
    for item in items:
        with contextlib.suppress(OSError, pixels.CannotDecode):
            data = sets.read_bytes(item)
            pixels.decode(data)
            kept.append(item)
            digests.append((item.name, hashlib.sha256(data).hexdigest(), item.label))
    return kept, identity(digests)
