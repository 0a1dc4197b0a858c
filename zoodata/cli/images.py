"""``zoodata images``: the published image sets that accuracies are measured on."""

from __future__ import annotations

from pathlib import Path

import click

from zoodata.cli.common import data_option, format_option, read_dataset, show, step
from zoodata.dataset.store import Dataset
from zoodata.images import published
from zoodata.records.image_set import ImageSetRecord


@click.group("images")
def command() -> None:
    """Published image sets: images with their labels, authors, licence and hashes.

    Images are never in the dataset. `fetch` brings a set to this machine; then `--images NAME` means it.
    """


@command.command("list")
@data_option
@format_option
def list_command(data: Path, style: str) -> None:
    """List the image sets, and how much of each is here."""
    rows = []
    for record in read_dataset(data).image_sets.values():
        here = published.state(record, published.folder_of(record.name))
        rows.append(
            {
                "name": record.name,
                "title": record.title,
                "images": len(record.images),
                "here": len(here.whole),
                "licence": record.licence,
                "caution": record.caution,
                "use": record.use,
                "identity": record.identity,
            }
        )
    columns = {"name": "name", "title": "title", "images": "images", "here": "here", "caution": "mind"}
    show(rows, columns, style)


@command.command("fetch")
@click.argument("name")
@click.option(
    "--from", "source", type=click.Path(exists=True, file_okay=False, path_type=Path), metavar="DIR",
    help="Take the images from this folder, instead of where they are published.",
)  # fmt: skip
@data_option
def fetch_command(name: str, source: Path | None, data: Path) -> None:
    """Bring the set NAME to this machine. Each image is checked by its hash; what is here is not fetched again."""
    record = known(read_dataset(data), name)
    folder = published.folder_of(name)
    missing = len(record.images) - len(published.state(record, folder).whole)
    with step("images", missing) as shown:
        try:
            published.fetch(record, folder, source, shown.advance)
        except published.NotFetched as error:
            raise click.ClickException(f"{error}. Run it again, or name a folder with --from.") from None
    click.echo(f"{record.title}: {len(record.images)} images of {record.licence}")
    click.echo(f"{record.caution}")
    click.echo(f"Next: zoodata bench accuracy ENTRY --images {name}")


@command.command("verify")
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
@data_option
def verify_command(folder: Path, data: Path) -> None:
    """Say which published set DIR holds, image by image. Exit code 1 if it holds none wholly."""
    sets = read_dataset(data).image_sets
    found = {name: published.state(record, folder) for name, record in sets.items()}
    for name, state in found.items():
        total = len(sets[name].images)
        click.echo(
            f"{name}: {len(state.whole)} of {total} images, {len(state.missing)} missing, {len(state.other)} otherwise"
        )
        for file in state.other[:5]:
            click.echo(f"  {file} is not the image that the set names")
    if not any(state.is_whole for state in found.values()):
        raise SystemExit(1)


def known(dataset: Dataset, name: str) -> ImageSetRecord:
    """The set of that name.

    Raises:
        click.UsageError: with the names there are.
    """
    if name not in dataset.image_sets:
        raise click.UsageError(f"there is no image set {name!r}; there are: {', '.join(dataset.image_sets) or 'none'}")
    return dataset.image_sets[name]


class ImagesType(click.ParamType):  # type: ignore[type-arg]
    """A folder of labelled images, or the name of a published set that was fetched."""

    name = "images"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """See :class:`click.ParamType`."""
        if isinstance(value, Path) or Path(str(value)).is_dir():
            return Path(str(value))
        sets = Dataset.open().image_sets
        if value not in sets:
            self.fail(f"there is no folder {value}, and no image set of that name: {', '.join(sets)}", param, ctx)
        folder = published.folder_of(str(value))
        if not published.state(sets[str(value)], folder).is_whole:
            self.fail(f"the image set {value} is not here: zoodata images fetch {value}", param, ctx)
        return folder
