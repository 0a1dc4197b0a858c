"""``zoodata claims``: bring what zoos state about themselves into the dataset."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import click

import zoodata
from zoodata.cli.common import Step, data_option, format_option, read_dataset, show, step
from zoodata.collectors import table
from zoodata.collectors.checkout import Checkout, NotThisZoo
from zoodata.collectors.history import changes, fresh
from zoodata.collectors.places import Library
from zoodata.collectors.readers import READERS
from zoodata.collectors.verify import check
from zoodata.dataset import store, tables
from zoodata.dataset.export import harmless
from zoodata.dataset.store import Dataset, path_of
from zoodata.dataset.tables import source_text
from zoodata.records import ClaimCollection, Verification, entry_zoo
from zoodata.records.base import without_weights
from zoodata.records.claim import UNITS
from zoodata.records.verification import REPAIRABLE, UNREAD
from zoodata.sweep.plan import architecture_named
from zoodata.wording.verification import OUTCOMES
from zoodata.zoos import registry
from zoodata.zoos.base import UnknownEntry, require

SHORTEST_ID = 6
"""Characters of a claim's id that one must give."""

LICENCES = {
    "torchvision": "BSD-3-Clause (package)",
    "timm": "Apache-2.0 (package)",
    "keras_applications": "Apache-2.0 (package)",
    "onnx_model_zoo": "Apache-2.0 (repository)",
}


def collect(name: str, dataset: Dataset, root: Path, checkout: Path | None, day: str) -> tuple[Path, int] | None:
    """Write what a zoo states that no collection says yet, and what reading each place again shows.

    Returns the file and how many claims it has, None if nothing is new.

    Args:
        name: the zoo.
        dataset: what is known already.
        root: the dataset to write to. Nothing in it is overwritten.
        checkout: a checkout of the zoo's repository; None reads its installed package.
        day: this moment, as a record keeps it.

    Raises:
        NotThisZoo, ZooError: in words for the user.
    """
    if checkout is None:
        zoo = registry.get(name)
        require(zoo)
        claims, not_stated = zoo.claims()
        source = claims[0].source if claims else None
        version = getattr(source, "version", None) or str(getattr(source, "commit", ""))[:12]
        title = zoo.title
    else:
        repository, package, reader = READERS[name]
        files = Checkout.of(checkout, repository, package)
        claims, not_stated, version, title = list(reader(files)), (), files.version, repository
    new = fresh(claims, dataset.collections)
    if not new:
        return None
    taken = {collection.id for collection in dataset.collections}
    stem = f"{name}-{version.partition('+')[0]}"
    names = (stem, *(f"{stem}.{number}" for number in range(2, 1000)))
    collection = ClaimCollection(
        id=next(each for each in names if each not in taken),
        title=f"What {title} {version} states",
        licence=LICENCES.get(name, "as the source says"),
        claims=tuple({claim.id: claim for claim in new}.values()),
        not_stated=tuple(not_stated),
        collected_on=day,
    )
    place = store.write(collection, root)
    library = Library(given={} if checkout is None else {READERS[name][0]: checkout})
    with step(f"verifying {collection.id}", len(collection.claims)) as progress:
        store.write(verify_collection(collection, library, progress, day), root)
    return place, len(collection.claims)


@click.group("claims")
def command() -> None:
    """Claims: the numbers that zoos publish about their own models."""


@command.command("collect")
@click.argument("zoos", metavar="[ZOO]...", nargs=-1)
@click.option(
    "--from",
    "checkout",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A checkout of the one ZOO's repository, instead of its installed package.",
)
@data_option
def collect_command(zoos: tuple[str, ...], checkout: Path | None, data: Path) -> None:
    """Read what zoos state about their models, and keep what is new or changed since the last collection.

    Without --from: installed packages, all zoos or those named. Nothing is overwritten: a changed number is a
    new claim beside the old one, and `zoodata claims changed` shows both.

    \b
    Examples:
      zoodata claims collect torchvision --data zoodata/data
      zoodata claims collect mmpretrain --from ../mmpretrain --data zoodata/data
    """
    if checkout is not None and (len(zoos) != 1 or zoos[0] not in READERS):
        raise click.UsageError(f"--from goes with one zoo of {', '.join(READERS)}")
    dataset, day = read_dataset(data), f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
    for name in zoos or registry.names():
        try:
            collected = collect(name, dataset, data, checkout, day)
        except NotThisZoo as error:
            raise click.UsageError(str(error)) from error
        click.echo(f"{name}: {collected[1]} new claims in {collected[0]}" if collected else f"{name}: nothing new")


def verify_collection(collection: ClaimCollection, library: Library, progress: Step, moment: str) -> Verification:
    """Read the place of each claim again."""
    library.read.clear()
    checks = []
    for claim in collection.claims:
        if (outcome := check(claim, library)) is not None:
            checks.append(outcome)
        progress.advance(claim.entry)
    return Verification.seal(
        collection=collection.id, claims_hash=collection.claims_hash, read_on=moment, claims=len(collection.claims),
        reader=f"zoodata {zoodata.__version__}", read=tuple(sorted(library.read)), checks=tuple(checks),
    )  # fmt: skip


@command.command("verify")
@click.argument("collections", metavar="[COLLECTION]...", nargs=-1)
@click.option(
    "--from", "folders", multiple=True, metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Where the sources lie: clones (owner/name), wheels (*.whl), single files (owner/name@commit/path).",
)  # fmt: skip
@data_option
@format_option
def verify_command(collections: tuple[str, ...], folders: tuple[Path, ...], data: Path, style: str) -> None:
    """Read the place that each claim cites again: does its row name the model, its column the metric and its cell
    the number? Installed packages need no --from. A claim that is not verified enters no ranking.

    \b
    Examples:
      zoodata claims verify torchvision-0.29.2
      git clone https://github.com/open-mmlab/mmpretrain sources/open-mmlab/mmpretrain
      zoodata claims verify --from sources
    """
    dataset, moment = read_dataset(data), f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    known = {collection.id: collection for collection in dataset.collections}
    if unknown := next((name for name in collections if name not in known), None):
        raise click.UsageError(f"there is no collection {unknown!r}; `zoodata claims list --format csv` names them")
    chosen = [known[name] for name in collections or known]
    library, rows = Library(folders), []
    with step("verifying claims", sum(len(collection.claims) for collection in chosen)) as progress:
        for collection in chosen:
            record = verify_collection(collection, library, progress, moment)
            before = dataset.verifications.get(collection.id)
            if before is None or (before.checks, before.read) != (record.checks, record.read):
                store.write(record, data)
            counts = Counter(each.outcome for each in record.checks)
            repaired = sum(counts.pop(outcome, 0) for outcome in REPAIRABLE)
            unread = sum(counts.pop(outcome, 0) for outcome in UNREAD)
            rows.append({
                "collection": collection.id, "claims": record.claims, "verified": record.verified,
                "repaired": repaired, "refuted": sum(counts.values()), "unread": unread,
                "why": "; ".join(f"{count} {OUTCOMES[outcome]}" for outcome, count in counts.most_common()),
            })  # fmt: skip
    columns = {"collection": "collection", "claims": "claims", "verified": "verified",
               "repaired": "place or form corrected", "refuted": "not borne out", "unread": "not read",
               "why": "why not borne out"}  # fmt: skip
    show(rows, columns, style)


@command.command("changed")
@click.option("--zoo", help="Only what this zoo changed.")
@data_option
@format_option
def changed_command(zoo: str | None, data: Path, style: str) -> None:
    """Numbers that a zoo changed between two collections of the same document, both with their sources."""
    dataset = read_dataset(data)
    rows = [
        {
            "entry": change.entry, "metric": change.metric,
            "before": f"{change.before.stated} {change.before.stated_unit}",
            "after": f"{change.after.stated} {change.after.stated_unit}", "was": source_text(change.before),
            "is": source_text(change.after), "claims": [change.before.id, change.after.id],
        }
        for change in changes(dataset.collections)
        if zoo in (None, entry_zoo(change.entry))
    ]  # fmt: skip
    columns = {
        "entry": "entry",
        "metric": "metric",
        "before": "before",
        "after": "after",
        "was": "was in",
        "is": "is in",
    }
    show(rows, columns, style)


@command.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--on", "day", type=click.DateTime(["%Y-%m-%d"]), required=True, help="The day on which the table was finished."
)
@data_option
def import_command(file: Path, day: datetime, data: Path) -> None:
    """Bring a curated table of claims (CSV) into the dataset, a collection for each zoo and version in it.

    For zoos whose numbers stand in prose pages. Each row names the line that states it; rows that cannot
    become claims are listed in the collection with the reason.

    \b
    Example:
      zoodata claims import claims.csv --on 2026-11-24 --data zoodata/data
    """
    try:
        collections = table.collections(file, f"{day:%Y-%m-%d}")
    except (table.NotAClaimTable, UnicodeDecodeError) as error:
        raise click.UsageError(f"{file.name} is no table of claims: {error}") from error
    for collection in collections:
        store.write(collection, data)
        click.echo(f"{collection.id}: {len(collection.claims)} claims, {len(collection.left_out)} rows left out")


@command.command("list")
@click.argument("entry", required=False)
@click.option("--architecture", help="Only claims about entries of this architecture.")
@click.option("--collection", help="Only claims of this collection.")
@click.option("--metric", type=click.Choice(list(UNITS)), help="Only claims of this metric.")
@click.option(
    "--format",
    "style",
    type=click.Choice(["text", "json", "csv"]),
    default="text",
    show_default=True,
    help="Output format.",
)
@data_option
def list_command(
    entry: str | None, architecture: str | None, collection: str | None, metric: str | None, style: str, data: Path
) -> None:  # fmt: skip
    """What zoos state, each number with the place that states it.

    ENTRY may leave out the weights: it then means all of them.

    \b
    Examples:
      zoodata claims list --architecture resnet50 --format csv
      zoodata claims list timm:resnet50 --metric top1
    """
    dataset = read_dataset(data)
    if architecture is not None:
        try:
            architecture_named(dataset, architecture)
        except UnknownEntry as error:
            raise click.UsageError(str(error)) from None
    if collection is not None and collection not in {each.id for each in dataset.collections}:
        raise click.UsageError(f"there is no collection {collection!r}")
    frame = tables.claims(dataset)
    for column, wanted in (("architecture", architecture), ("collection", collection), ("metric", metric)):
        if wanted is not None:
            frame = frame[frame[column].eq(wanted)]
    if entry is not None:
        frame = frame[frame["entry"].map(lambda name: entry in (name, without_weights(name)))]
    if style == "csv":
        click.echo(harmless(frame).to_csv(index=False, lineterminator="\n"), nl=False)
        return
    rows = json.loads(frame.to_json(orient="records"))
    columns = {"entry": "entry", "metric": "metric", "stated": "stated", "stated_unit": "unit", "input_size": "px",
               "source": "source", "claim": "claim"}  # fmt: skip
    show([{**row, "claim": row["claim"] if style == "json" else row["claim"][:10]} for row in rows], columns, style)


@command.command("show")
@click.argument("claim", metavar="ID")
@data_option
def show_command(claim: str, data: Path) -> None:
    """One claim whole, with the collection that holds it. ID is its hash, or the beginning of it.

    \b
    Example:
      zoodata claims show 1a2b3c4d5e
    """
    dataset = read_dataset(data)
    matches = [(each, own) for each in dataset.collections for own in each.claims if own.id.startswith(claim.lower())]
    if len(claim) < SHORTEST_ID or not matches:
        raise click.UsageError(f"no claim's id begins with {claim!r}; give at least {SHORTEST_ID} characters of one")
    for collection, own in matches:
        shown = own.model_dump(mode="json") | {"collection": collection.id, "file": path_of(collection).as_posix()}
        verified, found = dataset.verifications.get(collection.id), dataset.checks.get(own.id)
        if verified is not None:
            shown["verification"] = {
                "outcome": found.outcome if found else "verified", "read_on": verified.read_on,
                "record": path_of(verified).as_posix(),
            } | ({} if found is None else found.model_dump(mode="json", exclude={"claim", "outcome"}))  # fmt: skip
        click.echo(json.dumps(shown, indent=1, ensure_ascii=False))
