"""The records that a page rests on: what each says, who measured it on what, and the command that reproduces it."""

from __future__ import annotations

from dataclasses import dataclass

from zoodata.dataset.machines import machine_of
from zoodata.dataset.store import Dataset, path_of
from zoodata.records import (
    AccuracyMeasurement,
    ArchitectureMeasurement,
    ClaimCollection,
    ComparisonMeasurement,
    LatencyMeasurement,
)
from zoodata_site.views.figures import collection_anchor, record_anchor, record_href

Run = ArchitectureMeasurement | LatencyMeasurement | ComparisonMeasurement | AccuracyMeasurement

FRAMEWORKS = ("torch", "torchvision", "timm", "tensorflow", "keras", "tf-keras", "tf-slim", "tf-models-official",
              "onnxruntime", "jax")  # fmt: skip


@dataclass(frozen=True)
class Evidence:
    """One record behind a page."""

    anchor: str
    what: str
    href: str
    """From the top of the site."""
    day: str
    made_with: str
    command: str


def of_run(dataset: Dataset, record: Run) -> Evidence:
    """A measurement as evidence."""
    path = path_of(record).as_posix()
    what, command = _said(record)
    day = record.started_at.date().isoformat()
    return Evidence(record_anchor(path), what, record_href(path), day, _made_with(dataset, record), command)


def of_collection(collection: ClaimCollection, architecture: str, claims: int) -> Evidence:
    """A collection of claims as evidence for one architecture's."""
    return Evidence(
        anchor=collection_anchor(collection.id),
        what=f"{collection.title}: {claims} about this architecture",
        href=record_href(path_of(collection).as_posix()),
        day=(collection.collected_on or "")[:10] or "date unknown",
        made_with=f"licence of the source: {collection.licence}",
        command=f"zoodata claims list --architecture {architecture} --collection {collection.id}",
    )


def _said(record: Run) -> tuple[str, str]:
    match record:
        case ArchitectureMeasurement():
            what = "Counts" if record.result else "No counts"
            return f"{what} of {record.entry}", f"zoodata bench architecture {record.entry} --force"
        case ComparisonMeasurement():
            return f"Networks of {record.a} and {record.b}", f"zoodata diff {record.a} {record.b} --prove"
        case LatencyMeasurement():
            conditions = record.conditions
            models = [p.entry for p in record.participants if p.subject == "model" and not p.repeats_reference]
            command = f"zoodata bench latency {' '.join(models)} --batch {conditions.batch} --device"
            command += f" {conditions.device} --threads {conditions.threads} --networks {conditions.networks or 'none'}"
            command += " --compile" if conditions.torch == "compiled" else ""
            command += "" if conditions.dtype == "float32" else f" --dtype {conditions.dtype}"
            return f"Time of {', '.join(models)}", f"{command} --force"
        case AccuracyMeasurement():
            return f"Accuracy of {record.entry}", f"zoodata bench accuracy {record.entry} --images FOLDER --force"


def _made_with(dataset: Dataset, record: Run) -> str:
    environment = dataset.environments.get(record.environment)
    if environment is None:
        return "environment unknown"
    machine = environment.processor.model
    if isinstance(record, LatencyMeasurement):
        machine = machine_of(record, environment).model
    packages = [f"{name} {environment.packages[name]}" for name in FRAMEWORKS if name in environment.packages]
    return f"{machine}; {', '.join(packages)}; zoodata {environment.zoodata_version}"
