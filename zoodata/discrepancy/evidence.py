"""What an audit has before it: every statement with what is known of it, and our counts beside it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from math import prod

import pandas as pd

from zoodata.dataset import tables
from zoodata.dataset.store import Dataset, path_of
from zoodata.discrepancy.comparable import HELD, networks, obstacle_between_checkpoints, stated_size
from zoodata.graph import storage
from zoodata.graph.diff.features import stored_shapes
from zoodata.graph.network import LAYERS
from zoodata.records import Claim, entry_zoo
from zoodata.records.base import without_weights
from zoodata.records.claim import Inferred

HEADS = 3
"""How many layers a classifier has at most (VGG's)."""

RERUN = 0.1
"""Points by which another precision or another machine may move an accuracy."""

OTHER_CLASSES = (11221, 21841, 21843, 18291)
"""Of the larger sets that weights are published for: ImageNet-12k, 21k, 21k with the background, BiT's JFT."""

PRECISE = 0.001
"""Part within which a stated count names another network."""


@dataclass(frozen=True)
class Statement:
    """A claim with what follows from the catalogue."""

    claim: Claim
    architecture: str | None
    family: str | None
    is_verified: bool = False
    """Whether the cited place was read and states it."""

    @property
    def zoo(self) -> str:
        """Who states it."""
        return entry_zoo(self.claim.entry)

    @property
    def model(self) -> str:
        """What it is about, without weights."""
        return without_weights(self.claim.entry)

    @property
    def value(self) -> float:
        """In the metric's unit."""
        return self.claim.value

    @cached_property
    def document(self) -> str:
        """The file, package or page that states it."""
        source = self.claim.source
        match source.type:
            case "repository":
                return f"{source.repository}:{source.path}"
            case "package":
                return f"{source.package}=={source.version}"
            case "page":
                return source.address
            case _:
                return source.doi

    @property
    def is_accuracy(self) -> bool:
        """Whether it is in percent."""
        return self.claim.unit == "percent"

    @cached_property
    def size(self) -> int | None:
        """Side of the image it holds for."""
        inferred = self.claim.inferred.input_size if self.claim.inferred else None
        return self.claim.conditions.input_size or inferred

    @property
    def recipe(self) -> str | None:
        """The source's name for how the checkpoint was trained."""
        return self.claim.conditions.recipe

    @property
    def precision(self) -> str | None:
        """Of the arithmetic, as stated or else inferred."""
        return self.claim.conditions.precision or (self.claim.inferred.precision if self.claim.inferred else None)

    @property
    def is_borrowed(self) -> bool:
        """Whether the number is somebody else's."""
        return bool(self.claim.inferred and self.claim.inferred.borrowed)

    @cached_property
    def step(self) -> float:
        """The last digit that is stated, in the metric's unit."""
        return step(self.claim)

    def differs_from(self, other: Statement) -> bool:
        """Whether two statements differ by more than rounding; of accuracies in two precisions, more than a rerun."""
        rerun = RERUN if self.is_accuracy and self.precision != other.precision else 0.0
        return abs(self.value - other.value) > max(self.step, other.step, rerun) * 1.001

    def may_be_the_same_run(self, other: Statement) -> bool:
        """Whether both sides state the same training, crop, resize, interpolation and weights, where both do."""
        mine, theirs = self.claim.inferred or Inferred(), other.claim.inferred or Inferred()
        if (mine.training, mine.training_data) != (theirs.training, theirs.training_data):
            return False
        addresses = self.claim.checkpoint or "", other.claim.checkpoint or ""
        if all("://" in address for address in addresses) and addresses[0] != addresses[1]:
            return False
        names = ("crop_fraction", "resize", "interpolation") if self.is_accuracy else ()
        stated = ((getattr(s.claim.conditions, name) for s in (self, other)) for name in names)
        return all(None in pair or pair[0] == pair[1] for pair in map(tuple, stated))


def step(claim: Claim) -> float:
    """The last stated digit of a claim, in the unit of its value."""
    _, _, decimals = claim.stated.partition(".")
    try:
        stated = float(claim.stated)
    except ValueError:
        return 0.0
    if claim.unit == "percent":
        scale = 100.0 if "fraction" in claim.stated_unit else 1.0
    else:
        scale = claim.value / stated if stated else 1.0
    return float(scale * 10.0 ** -len(decimals))


@dataclass(frozen=True)
class Count:
    """One network as we counted it."""

    entry: str
    architecture: str | None
    family: str | None
    parameters: int
    auxiliary: int
    statistics: int
    macs: int
    classes: int
    size: int
    digest: str | None
    record: str

    def parameter_counts(self) -> tuple[int, ...]:
        """The numbers that a source may mean by its parameters."""
        inference = self.parameters - self.auxiliary
        return self.parameters, inference, self.parameters + self.statistics, inference + self.statistics


@dataclass
class Evidence:
    """All statements and counts of a dataset."""

    dataset: Dataset
    statements: tuple[Statement, ...]
    measured: tuple[Count, ...]
    _heads: dict[str, tuple[int, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, dataset: Dataset) -> Evidence:
        """Read it from a dataset."""
        families = {a.id: family.id for family in dataset.families for a in family.architectures}
        statements = []
        for collection in dataset.collections:
            for claim in filter(lambda each: dataset.stands(each.id), collection.claims):
                mapped = dataset.architecture_of(claim.entry)
                name = mapped.id if mapped else None
                read = tables.as_read(dataset, claim)
                outcome = dataset.outcome_of(claim.id, collection.id)
                statements.append(Statement(read, name, families.get(name or ""), outcome in HELD))
        measured = []
        for entry, record in dataset.architecture_outcomes.items():
            result, mapped = record.result, dataset.architecture_of(entry)
            if result is not None:
                measured.append(
                    Count(
                        entry, mapped.id if mapped else None, families.get(mapped.id if mapped else ""),
                        result.parameters, result.auxiliary_parameters, result.statistics, result.macs,
                        result.classes or 0, result.input.height, result.digest, path_of(record).as_posix(),
                    )
                )  # fmt: skip
        return cls(dataset, tuple(statements), tuple(measured))

    @cached_property
    def _by_metric(self) -> dict[str, list[Statement]]:
        statements: dict[str, list[Statement]] = defaultdict(list)
        for statement in self.statements:
            statements[statement.claim.metric].append(statement)
        return statements

    def of_metric(self, metric: str) -> Iterable[Statement]:
        """The statements of one metric."""
        return self._by_metric[metric]

    @cached_property
    def _by_entry(self) -> dict[str, Count]:
        return {count.entry: count for count in self.measured}

    @cached_property
    def _by_architecture(self) -> dict[str, list[Count]]:
        counts: dict[str, list[Count]] = defaultdict(list)
        for count in self.measured:
            if count.architecture is not None:
                counts[count.architecture].append(count)
        return counts

    def counts(self, statement: Statement) -> list[Count]:
        """Our counts of what a statement is about: of the entry itself, else of all entries of its architecture."""
        own = self._by_entry.get(statement.model)
        shared = self._by_architecture.get(statement.architecture or "", [])
        return [own, *(count for count in shared if count is not own)] if own else list(shared)

    def headless(self, count: Count) -> tuple[int, ...]:
        """Parameter counts of a network without its last layers, as backbones are published."""
        if count.entry not in self._heads:
            self._heads[count.entry] = self._without_head(count)
        return self._heads[count.entry]

    def _without_head(self, count: Count) -> tuple[int, ...]:
        stored = self.dataset.networks.get(count.digest or "")
        if stored is None:
            return ()
        network = storage.unpack(stored)
        layers = [node for node in reversed(network.nodes) if node.operator in LAYERS and node.dynamic]
        fewest, head = [], 0
        for node in layers[:HEADS]:
            head += sum(prod(shape) for shape in stored_shapes(network, node).values())
            fewest += [number - head for number in count.parameter_counts()]
        return tuple(fewest)

    def other_heads(self, count: Count) -> tuple[int, ...]:
        """Parameter counts of a network with a classifier of as many classes as larger sets of images have."""
        headless = self.headless(count)[: len(count.parameter_counts())]
        counts = []
        for number, body in zip(count.parameter_counts(), headless, strict=False):
            counts += [body + (number - body) * classes // count.classes for classes in OTHER_CLASSES if count.classes]
        return tuple(counts)

    def _design(self, architecture: str | None) -> str | None:
        """The design of an architecture, which may have two names."""
        known = self.dataset.architectures.get(architecture or "")
        return known.same_design_as or known.id if known else architecture

    def with_parameters(self, statement: Statement) -> str | None:
        """Another design of the same family that has the stated count."""
        for count in self.measured:
            if count.architecture is None or self._design(count.architecture) == self._design(statement.architecture):
                continue
            same_family = count.family == statement.family
            near = abs(count.parameters - statement.value) <= PRECISE * statement.value
            if same_family and near and statement.step <= PRECISE * 10 * statement.value:
                return count.architecture
        return None

    def comparable(self, metric: str) -> dict[tuple[str, int], list[Statement]]:
        """Comparable statements, by network and image size."""
        frame = tables.claims(self.dataset)
        rows: pd.DataFrame = frame[frame["metric"].eq(metric) & frame["architecture"].notna()]
        known = {statement.claim.id: statement for statement in self.of_metric(metric)}
        statements: dict[tuple[str, int], list[Statement]] = defaultdict(list)
        for row in tables.rows_of(rows):
            network = networks(self.dataset).of(row["entry"])
            if network is not None and obstacle_between_checkpoints(row, network) is None:
                statements[network, stated_size(row) or 0].append(known[row["claim"]])
        return statements
