"""An entry as pages show it: what was counted of it, how it preprocesses an image, or why there is no number."""

from __future__ import annotations

from dataclasses import dataclass, replace

from zoodata.dataset.store import path_of
from zoodata.records import (
    ArchitectureMeasurement,
    ArchitectureResult,
    CatalogueEntry,
    Preprocessing,
    entry_zoo,
)
from zoodata.wording.missing import unchecked
from zoodata_site.views.figures import Figure, record_anchor, zoo_title


@dataclass(frozen=True)
class EntryView:
    """One entry on an architecture's page."""

    entry: str
    zoo: str
    zoo_title: str
    variant: str | None
    note: str | None
    parameters: Figure | None = None
    statistics: Figure | None = None
    macs: Figure | None = None
    input: str | None = None
    classes: Figure | None = None
    digest: str | None = None
    checked: str | None = None
    """How its network was compared with its model."""
    preprocessing: str | None = None
    steps: tuple[str, ...] = ()
    """The same, a step each."""
    weights: tuple[str, ...] = ()
    """The checkpoints that claims name."""
    missing: str | None = None
    command: str | None = None


def entry_view(
    item: CatalogueEntry, record: ArchitectureMeasurement | None, weights: tuple[str, ...] = ()
) -> EntryView:
    """What is known of one entry of the catalogue."""
    zoo = entry_zoo(item.entry)
    view = EntryView(item.entry, zoo, zoo_title(zoo), item.variant, item.note, weights=weights)
    if record is not None and record.result is not None:
        return _counted(view, record, record.result)
    command = f"zoodata bench architecture {item.entry}"
    if record is not None and record.missing is not None:
        return replace(view, missing=f"{record.missing.reason}: {record.missing.message}", command=command)
    if item.unavailable is not None:
        fetched = f"{command}@pretrained" if item.unavailable.reason == "needs_download" else None
        return replace(view, missing=item.unavailable.message, command=fetched)
    return replace(view, missing="not measured yet", command=command)


def _counted(view: EntryView, record: ArchitectureMeasurement, result: ArchitectureResult) -> EntryView:
    href = f"#{record_anchor(path_of(record).as_posix())}"
    auxiliary = f"{result.auxiliary_parameters:,} of them used in training only" if result.auxiliary_parameters else ""
    return replace(
        view,
        parameters=Figure(f"{result.parameters:,}", href, auxiliary, result.parameters),
        statistics=Figure(f"{result.statistics:,}", href, value=result.statistics),
        macs=Figure(f"{result.macs / 1e9:.3f} G", href, f"{result.macs:,}", result.macs),
        input=f"{result.input.channels}×{result.input.height}×{result.input.width}",
        classes=Figure(f"{result.classes:,}", href, value=result.classes),
        digest=result.digest,
        checked=_checked(result),
        preprocessing=describe(result.preprocessing),
        steps=steps(result.preprocessing),
    )


def _checked(result: ArchitectureResult) -> str:
    if result.relative_error is not None:
        return f"network run against the model: scores differ by {result.relative_error:.0e} of the largest"
    why = "unknown" if result.unchecked is None else unchecked(result.unchecked)
    return f"network not run against the model: {why}"


def describe(preprocessing: Preprocessing | None) -> str:
    """A pipeline in a line a reader can compare with the next."""
    return ", ".join(steps(preprocessing)) or "not documented by the zoo"


def steps(preprocessing: Preprocessing | None) -> tuple[str, ...]:
    """What is done to an image, in order; nothing where the zoo does not say."""
    if preprocessing is None:
        return ()
    parts = []
    if preprocessing.central_fraction:
        parts.append(f"central {preprocessing.central_fraction:g}")
    if preprocessing.resize:
        size = preprocessing.resize
        parts.append(f"resize {size if isinstance(size, int) else '×'.join(map(str, size))}")
        parts[-1] += f" {preprocessing.interpolation}" if preprocessing.interpolation else ""
    if preprocessing.crop:
        parts.append(f"crop {preprocessing.crop[0]}")
    if not preprocessing.resize and not preprocessing.crop:
        parts.append("how to resize: not documented")
    parts.append(_scaling(preprocessing))
    if preprocessing.label_offset:
        parts.append("background class first")
    return tuple(parts)


def _scaling(preprocessing: Preprocessing) -> str:
    if preprocessing.embedded:
        order = f"{preprocessing.channel_order} " if preprocessing.channel_order else ""
        return f"{order}0–255 as read, scaled inside the network"
    order = preprocessing.channel_order or "channel order unknown"
    parts = [f"{order} {'0–255' if preprocessing.scale == 1 else '0–1'}"]
    if any(preprocessing.mean or ()):
        parts.append("minus " + "/".join(f"{value:g}" for value in preprocessing.mean or ()))
    if any(value != 1 for value in preprocessing.std or ()):
        parts.append("over " + "/".join(f"{value:g}" for value in preprocessing.std or ()))
    return ", ".join(parts)
