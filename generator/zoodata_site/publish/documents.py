"""The documents of the static JSON API, version 1, as pydantic models of its own.

Within a version fields are added and never taken away or given another meaning; a test compares them with the
committed schema. The reference page is made from them too.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Document(BaseModel):
    """What every document of the API has in common."""

    model_config = ConfigDict(extra="forbid", ser_json_inf_nan="constants")


class CountsDocument(Document):
    """What one counter counted of an entry's network."""

    parameters: int
    statistics: int = Field(description="Batch-norm means and variances, beside the parameters")
    macs: int = Field(description="Multiply-accumulates for one image")
    classes: int
    input: str = Field(description="Channels × height × width")
    digest: str | None = Field(description="Name of the canonical network; equal digests are equal networks")
    checked: str = Field(description="How the network was compared with the zoo's own model")
    record: str = Field(description="Anchor of the record on the architecture's page")


class EntryDocument(Document):
    """One zoo's version of an architecture."""

    entry: str
    zoo: str
    variant: str | None
    note: str | None
    weights: list[str] = Field(description="Checkpoints that claims name")
    preprocessing: str | None = Field(description="How the zoo preprocesses an image, in a line")
    preprocessing_steps: list[str] = Field(default=[], description="The same, a step each")
    counts: CountsDocument | None
    missing: str | None = Field(description="Why there are no counts")
    command: str | None = Field(description="What would fill the gap")


class ClaimDocument(Document):
    """One number that a zoo publishes."""

    id: str
    entry: str
    metric: str
    value: float
    shown: str = Field(description="Value with unit")
    stated: str = Field(description="As the source writes it")
    conditions: str
    claimed_on: str
    source: str = Field(description="The place that states it")
    collection: str
    verification: str = Field(default="", description="What reading that place again showed")


class RangeEndDocument(Document):
    """One end of a range of claims."""

    entry: str
    zoo: str
    value: float
    source: str
    claim: str
    record: str = Field(description="Path of the collection in the dataset; below /data/ it ends in .gz")


class SpanDocument(Document):
    """The largest difference between two zoos' claims of one set."""

    points: float
    sampling_points: float = Field(description="What two perfect measurements on 50,000 images may differ by (95 %)")
    verdict: str
    zoos: int
    claims: int
    highest: RangeEndDocument
    lowest: RangeEndDocument
    input_size: int | None = Field(description="Of a comparable range: the image size of all its claims")
    variant: str | None
    kind: str | None = Field(
        default=None, description="checkpoint: one checkpoint; recipe: one documented training; training: a choice"
    )
    protocol: str | None = Field(default=None, description="Of one checkpoint: whether both ends state one evaluation")


class AccuracyDocument(Document):
    """How much the claims about one architecture differ."""

    architecture: str
    title: str
    group: str
    metric: str
    naive: SpanDocument
    comparable: SpanDocument | None = Field(description="The wider of checkpoint and recipe")
    checkpoint: SpanDocument | None = Field(default=None, description="One checkpoint, several numbers")
    recipe: SpanDocument | None = Field(
        default=None, description="One network, one documented recipe, trained independently"
    )
    choice: SpanDocument | None = Field(default=None, description="One network, trained differently: no discrepancy")
    left_out: dict[str, int] = Field(description="Why claims are not comparable, and how many")


class CountedDocument(Document):
    """One end of a range of compute."""

    entry: str
    zoo: str
    macs: int
    parameters: int
    input_size: int
    measurement: str
    record: str


class MacsDocument(Document):
    """How much entries of one architecture differ in compute."""

    architecture: str
    title: str
    ratio: float = Field(description="Largest over smallest at one input size")
    input_size: int
    naive_ratio: float = Field(description="Largest over smallest at the sizes and with the heads the zoos publish")
    parameter_difference: int
    zoos: int
    highest: CountedDocument
    lowest: CountedDocument
    entries: list[CountedDocument]


class RatioDocument(Document):
    """A ratio of two times with its 95 % confidence interval."""

    value: float
    low: float | None = Field(description="None where the run has a single session")
    high: float | None


class SplitDocument(Document):
    """What a ratio of times is made of."""

    network: RatioDocument = Field(description="Of the two networks in one runtime")
    frameworks: RatioDocument = Field(description="Of what each framework adds to its own network")
    product: float
    holds: bool = Field(description="Whether the product is the ratio")


class TimedDocument(Document):
    """One entry of a latency run, compared with the run's reference."""

    entry: str
    zoo: str
    runtime: str
    input_size: int
    median_ms: float
    p90_ms: float
    p99_ms: float
    images_per_second: float
    ratio: float
    low: float | None = Field(description="None where the run has a single session")
    high: float | None
    verdict: str
    network_ms: float | None
    other_work: str | None = Field(
        default=None, description="other_size, other_design or other_compute: not ranked with the others"
    )
    split: SplitDocument | None
    unsplit: str | None = Field(description="Why there is no split")
    peak_mib: int | None
    device_mib: int | None
    device_ms: float | None
    millijoules: float | None = Field(description="Per forward pass")


class WarningDocument(Document):
    """A reason to doubt a latency run."""

    kind: str
    text: str
    advice: str = Field(description="What to do next")


class LatencyDocument(Document):
    """The entries of one architecture, timed in interleaved rounds on one machine."""

    architecture: str
    title: str
    ratio: float = Field(description="Slowest over fastest, of two zoos")
    low: float | None = Field(description="None where the run has a single session")
    high: float | None
    noise_floor: float = Field(description="How much the A/A pair differs")
    least_difference: float = Field(description="What an interval must lie beyond to be a difference")
    slowest: str
    fastest: str
    split: SplitDocument | None
    reference: str
    rounds: int
    sessions: int
    sittings: int = Field(deprecated=True, description="Old name of sessions")
    trim_fraction: float | None = Field(description="Largest fraction of iterations whose mean is a time")
    speaks: float | None = Field(deprecated=True, description="Old name of trim_fraction")
    stopped: str
    machine: str
    batch: int
    dtype: str = Field(default="float32", description="What the models calculated in: float32 or float16")
    torch: str = Field(default="eager", description="eager or compiled")
    threads: int
    device: str
    networks: str | None
    same_input: bool
    is_ranked: bool = Field(default=True, description="Whether two zoos' entries do the same work")
    energy_source: str | None
    entries: list[TimedDocument]
    warnings: list[WarningDocument]
    measurement: str
    record: str


class OnMachineDocument(Document):
    """A ratio on one machine."""

    machine: str
    value: float
    low: float | None
    high: float | None
    measurement: str


class AcrossDocument(Document):
    """An entry's time over the reference's on several machines."""

    entry: str
    reference: str
    verdict: str = Field(description="same, depends or one_machine: what machines that did the same work say")
    said: str
    runs: list[OnMachineDocument]


class MeasuredPairDocument(Document):
    """Two measured accuracies over the same images."""

    a: str
    b: str
    images: int
    top1_a: float
    top1_b: float
    only_a: int = Field(description="Images that a alone gets right")
    only_b: int
    agreement: float
    probability: float = Field(description="p-value of McNemar's exact test")
    corrected: float = Field(description="p-value corrected for the number of pairs (Holm)")
    record_a: str
    record_b: str


class PaperDocument(Document):
    """The paper of an architecture."""

    title: str
    authors: str
    year: int
    arxiv: str | None
    doi: str | None


class ReplyDocument(Document):
    """An answer to a claim or a measurement."""

    id: str
    schema_version: int
    kind: str
    about: list[str]
    author: str
    role: str
    verified: bool = Field(default=False, description="Said in the repository of a zoo that it is about")
    said_on: str
    text: str
    source: str | None
    outcome: str
    outcome_text: str | None


class DifferenceDocument(Document):
    """One explained difference between two networks."""

    severity: str
    operator: str
    attribute: str | None
    text: str
    places: int = Field(description="In how many places it occurs; the record names them")


class ComparisonDocument(Document):
    """Two networks, compared."""

    a: str
    b: str
    verdict: str
    meaning: str
    findings: list[DifferenceDocument]
    proof: str | None
    one_way: bool = Field(default=False, description="Whether b stores tensors that a has no place for")
    record: str = Field(description="Path of the record below /data/")


class FindingDocument(Document):
    """One statement that does not hold, or two that cannot both."""

    rule: str
    entry: str
    zoo: str
    architecture: str | None
    text: str
    sources: list[str]
    page: str = Field(description="Where it stands on the site")
    grade: str = Field(default="to_explain", description="error, to_explain or convention; only errors are counted")
    doubts: list[str] = Field(default=[], description="What may explain it; none for an error")
    places: int = Field(default=1, description="How many claims show this fact")


class ArchitectureDocument(Document):
    """Everything the dataset knows of one architecture."""

    id: str
    title: str
    family: str
    paper: PaperDocument
    same_design_as: str | None
    entries: list[EntryDocument]
    claims: list[ClaimDocument]
    accuracy: AccuracyDocument | None = Field(description="Range of today's top-1 claims")
    accuracy_2022: AccuracyDocument | None
    macs: MacsDocument | None
    latency: LatencyDocument | None
    other_devices: list[LatencyDocument]
    other_processors: list[LatencyDocument] = Field(default=[], description="Other current runs on processors")
    across_machines: list[AcrossDocument] = Field(default=[], description="Each entry's ratio, machine by machine")
    comparisons: list[ComparisonDocument]
    measured: list[MeasuredPairDocument] = Field(description="Measured accuracies over the same images, in pairs")
    findings: list[FindingDocument]
    replies: list[ReplyDocument]


class SummaryDocument(Document):
    """One architecture in a line."""

    id: str
    title: str
    family: str
    year: int
    zoos: list[str]
    comparable_points: float | None
    naive_points: float | None
    macs_ratio: float | None
    latency_ratio: float | None
    parameter_difference: float | None
    verdict: str | None
    address: str


class ArchitecturesDocument(Document):
    """All architectures."""

    version: str
    architectures: list[SummaryDocument]


DOCUMENTED = (
    "top-1", "top-5", "parameters", "cost of a pass", "file size", "input size", "recipe", "checkpoint", "licence",
)  # fmt: skip
"""The aspects of a zoo's documentation, in the order of the site's: frozen names, whatever its pages call them."""


class ZooDocument(Document):
    """One zoo."""

    name: str
    title: str
    entries: list[str]
    counted: int
    claims: int
    documented: dict[str, float] = Field(description="Part of its entries for which it documents each aspect")
    verdicts: dict[str, int] = Field(description="How its networks compare with other zoos'")
    findings: list[FindingDocument]


class ZoosDocument(Document):
    """All zoos."""

    version: str
    zoos: list[str]


class EntriesDocument(Document):
    """Every entry and its architecture."""

    version: str
    entries: dict[str, str]


class IndexDocument(Document):
    """Where everything is."""

    version: str
    licence: str
    newest: str
    architectures: str
    architecture: str = Field(description="Pattern of an address")
    zoos: str
    zoo: str = Field(description="Pattern of an address")
    entries: str


ADDRESSES: dict[str, type[Document]] = {
    "index.json": IndexDocument,
    "architectures.json": ArchitecturesDocument,
    "architectures/{id}.json": ArchitectureDocument,
    "entries.json": EntriesDocument,
    "zoos.json": ZoosDocument,
    "zoos/{name}.json": ZooDocument,
}


def reference() -> list[tuple[str, str, list[tuple[str, str, str]]]]:
    """Address, what it holds, and of each field the name, type and meaning: for the page that documents the API."""
    pages = []
    for address, model in {**ADDRESSES, **dict(_nested())}.items():
        schema = model.model_json_schema()
        fields = [
            (name, _type(field), field.get("description", "")) for name, field in schema.get("properties", {}).items()
        ]
        pages.append((address, (model.__doc__ or "").strip().splitlines()[0], fields))
    return pages


def _nested() -> Iterator[tuple[str, type[Document]]]:
    for model in (EntryDocument, CountsDocument, ClaimDocument, AccuracyDocument, MacsDocument, LatencyDocument,
                  TimedDocument, ComparisonDocument, DifferenceDocument, FindingDocument, SummaryDocument,
                  AcrossDocument, OnMachineDocument, ReplyDocument):  # fmt: skip
        yield model.__name__, model


def schema() -> dict[str, Any]:
    """One JSON Schema with every document of the API among its definitions."""
    definitions: dict[str, Any] = {}
    for model in ADDRESSES.values():
        made = model.model_json_schema(mode="serialization", ref_template="#/$defs/{model}")
        definitions |= made.pop("$defs", {})
        definitions[model.__name__] = made
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$defs": definitions}


def _type(field: dict[str, Any]) -> str:
    """A field's type in words: array of ClaimDocument, string or null."""
    if "$ref" in field:
        return str(field["$ref"].rpartition("/")[2])
    if "anyOf" in field:
        return " or ".join(_type(each) for each in field["anyOf"])
    if field.get("type") == "array":
        return f"array of {_type(field.get('items', {}))}"
    if field.get("type") == "object" and isinstance(field.get("additionalProperties"), dict):
        return f"object of {_type(field['additionalProperties'])}"
    return str(field.get("type", "any"))
