"""MACs and parameters: what the networks cost, counted by one counter."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import pandas as pd

from zoodata.dataset import tables
from zoodata.dataset.store import Dataset
from zoodata.discrepancy.pairs import widest
from zoodata.records.zoos import is_configuration


@dataclass(frozen=True)
class Counted:
    """One end of a range."""

    entry: str
    zoo: str
    macs: int
    parameters: int
    input_size: int
    measurement: str
    record: str


@dataclass(frozen=True)
class MacsRange:
    """The range of compute among the entries of one architecture."""

    architecture: str
    title: str
    ratio: float
    """Largest over smallest at one input size: what the networks differ by."""
    input_size: int
    """The size at which most entries are compared."""
    naive_ratio: float
    """Largest over smallest at whatever size, and with whatever head, each zoo publishes."""
    parameter_difference: int
    """Largest minus smallest number of parameters that inference uses, at any size, of as many classes."""
    zoos: int
    highest: Counted
    lowest: Counted
    entries: tuple[Counted, ...]
    """All that are compared at ``input_size``, largest first."""

    def as_dict(self) -> dict[str, object]:
        """The range as JSON output shows it."""
        return asdict(self)


def rank(dataset: Dataset) -> list[MacsRange]:
    """Ranges over architectures that at least two zoos let us count at one input size, largest ratio first."""
    frame = tables.latest_architecture(dataset)
    frame = frame[frame["architecture"].notna() & frame["macs"].gt(0) & ~frame["entry"].map(is_configuration)]
    ranges = []
    for name, everything in frame.groupby("architecture"):
        rows = _same_head(everything)
        at_size = _largest_group(rows)
        if at_size["zoo"].nunique() > 1:
            ranges.append(_range(dataset, str(name), everything, rows, at_size))
    return sorted(ranges, key=lambda r: (-r.ratio, r.architecture))


def _same_head(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of the number of classes that most zoos share; one more is a class for the background.

    A head for 21,841 classes costs what one for 1,000 does not, and says nothing of the network.
    """
    zoos = rows.groupby("classes")["zoo"].nunique().sort_index()
    return rows[(rows["classes"] - zoos.idxmax()).abs().le(1)]


def _largest_group(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of the input size that most zoos share; of equals the smaller size."""
    zoos = rows.groupby("input_height")["zoo"].nunique().sort_index()
    return rows[rows["input_height"].eq(zoos.idxmax())]


def _range(
    dataset: Dataset, name: str, everything: pd.DataFrame, rows: pd.DataFrame, at_size: pd.DataFrame
) -> MacsRange:
    ordered = at_size.sort_values(["macs", "entry"], ascending=[False, True])
    counted = tuple(_counted(row) for _, row in ordered.iterrows())
    ends = widest(counted, lambda entry: entry.zoo, lambda entry: entry.macs)
    if ends is None:
        raise ValueError(f"{name} is counted in one zoo only")
    highest, lowest = ends
    inference = rows["parameters"] - rows["auxiliary_parameters"]
    # A body without a classifier is published for no image size.
    whole = everything[everything["classes"].gt(0)]
    published = whole["macs"] if len(whole) else everything["macs"]
    return MacsRange(
        architecture=name,
        title=dataset.architectures[name].title,
        ratio=round(highest.macs / lowest.macs, 4),
        input_size=counted[0].input_size,
        naive_ratio=round(float(published.max() / published.min()), 4),
        parameter_difference=int(inference.max() - inference.min()),
        zoos=int(at_size["zoo"].nunique()),
        highest=highest,
        lowest=lowest,
        entries=counted,
    )


def _counted(row: pd.Series) -> Counted:
    return Counted(
        row["entry"],
        row["zoo"],
        int(row["macs"]),
        int(row["parameters"]),
        int(row["input_height"]),
        row["measurement"],
        row["record"],
    )
