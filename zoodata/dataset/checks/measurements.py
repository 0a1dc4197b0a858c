"""Measurements of networks and of accuracy: counts that can be, of a zoo that was there, one answer to one question."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice

from zoodata.dataset.checks.doubt import Doubt, measured_at, within
from zoodata.dataset.checks.world import Read, World
from zoodata.dataset.store import OTHER
from zoodata.records import (
    ArchitectureMeasurement,
    ArchitectureResult,
    ComparisonMeasurement,
    Preprocessing,
)
from zoodata.records.base import Measurement, entry_zoo, is_personal, without_weights
from zoodata.records.comparison import GRAVITY, ComparisonResult
from zoodata.records.measurement import FAITHFUL
from zoodata.records.zoos import PACKAGES

MOST_SECONDS = 7 * 86_400.0
MOST_PARAMETERS, MOST_MACS = 10**12, 10**15
MOST_LAYERS = 10**6
MOST_PIXELS, MOST_CHANNELS, MOST_CLASSES = 8192, 4096, 10**6
MOST_NAMED = 200
DEVICE = re.compile(r"(cpu|meta|cuda|mps|xpu|gpu)(:\d{1,3})?")
LAYOUT = re.compile(r"[a-z][a-z_ -]{0,60}")
OPERATOR = re.compile(r"[A-Za-z0-9_.:/+-]+")
APART = 10.0
"""How many times the least count of an architecture another of it may be before a maintainer looks."""


def entries_known(entries: Iterable[tuple[str, str]], world: World, item: Read) -> Iterator[Doubt]:
    """Whether entries are of zoos and in the catalogue; a field and an entry each."""
    unknown: dict[str, str] = {}
    for field, entry in entries:
        if is_personal(entry):
            if not item.private:
                yield Doubt("E019", field, f"{entry} is not an entry of a zoo")
        elif without_weights(entry) not in world.mapped:
            unknown.setdefault(without_weights(entry), field)
    if unknown:
        entry, field = next(iter(unknown.items()))
        others = f" (nor are {len(unknown) - 1} others of this file)" if len(unknown) > 1 else ""
        yield Doubt("W101", field, f"{entry} is not in the catalogue{others}")


def of_architecture(architecture: str, entries: Iterable[tuple[str, str]], world: World) -> Iterator[Doubt]:
    """Whether entries are of the architecture that their measurement is filed under; a field and an entry each."""
    for field, entry in entries:
        if architecture != OTHER and world.mapped.get(without_weights(entry)) != architecture:
            yield Doubt("E021", field, f"{entry} is not an entry of {architecture}")


def environment_known(id: str, world: World, item: Read) -> Iterator[Doubt]:
    """Whether an environment is in the dataset, and of code that anyone can get."""
    environment = world.environments.get(id)
    if environment is None:
        yield Doubt("E015", "environment", f"{id[:16]}… is not in the dataset")
    elif not item.private and (environment.zoodata_commit or "").endswith("+dirty"):
        yield Doubt("W102", "environment", "zoodata's code had uncommitted changes")


def run_known(record: Measurement, world: World, item: Read) -> Iterator[Doubt]:
    """Whether a run can have been when and where it says: a date, an environment, the zoos' packages in it."""
    yield from measured_at("started_at", record.started_at)
    yield from environment_known(record.environment, world, item)
    environment = world.environments.get(record.environment)
    if environment is None or record.is_empty:
        return
    for zoo in dict.fromkeys(map(entry_zoo, record.entries)):
        package = PACKAGES.get(zoo)
        if package is not None and package not in environment.packages and "not_installed" not in record.reasons:
            yield Doubt("E033", "environment", f"holds no {package}, in which {zoo} comes")
        elif package is not None and not item.private:
            version, known = environment.packages.get(package, ""), world.releases.get(package, {})
            if known.keys() - {version} and known.get(version, set()) <= {record.id}:
                yield Doubt("W106", "environment", f"{package} {version} is a release that no other record has")
    conditions = getattr(record, "conditions", None)
    if conditions is not None:
        if not DEVICE.fullmatch(conditions.device):
            yield Doubt("E025", "conditions.device", f"is {conditions.device[:40]!r}, no device")
        yield from within("conditions.batch", conditions.batch, 1, 65_536)
        yield from within("conditions.threads", conditions.threads, 1, environment.processor.logical_cores)


def check_architecture(record: ArchitectureMeasurement, world: World, item: Read) -> Iterator[Doubt]:
    """Everything about the counts of an entry that cannot be, or contradicts other counts of it."""
    yield from entries_known([("entry", record.entry)], world, item)
    yield from run_known(record, world, item)
    yield from weights_known(record.entry, "entry", world)
    yield from within("seconds", record.seconds, 1e-4 if record.result else 0, MOST_SECONDS, "seconds")
    result = record.result
    if result is None:
        return
    yield from _possible_counts(result)
    yield from possible_preprocessing("result.preprocessing", result.preprocessing)
    yield from _counts_can_be_recounted(record, result, world, item)
    if record.id not in world.superseded:
        yield from _contradictions(record, result, world, item)


def weights_known(entry: str, field: str, world: World) -> Iterator[Doubt]:
    """Whether a claim names the weights that an entry names."""
    if entry != without_weights(entry) and not is_personal(entry) and entry not in world.with_weights:
        yield Doubt("W107", field, f"no claim names the weights of {entry}")


def _possible_counts(result: ArchitectureResult) -> Iterator[Doubt]:
    least = 0 if result.uncounted_operators else 1
    yield from within("result.parameters", result.parameters, 1, MOST_PARAMETERS)
    yield from within("result.auxiliary_parameters", result.auxiliary_parameters, 0, result.parameters)
    yield from within("result.statistics", result.statistics, 0, MOST_PARAMETERS)
    yield from within("result.constants", result.constants, 0, MOST_PARAMETERS)
    yield from within("result.macs", result.macs, least, MOST_MACS)
    yield from within("result.layers", sum(result.layers.values()), 1, MOST_LAYERS, "layers")
    yield from within("result.input.channels", result.input.channels, 1, MOST_CHANNELS)
    yield from within("result.input.height", result.input.height, 1, MOST_PIXELS, "pixels")
    yield from within("result.input.width", result.input.width, 1, MOST_PIXELS, "pixels")
    yield from within("result.classes", result.classes, 0, MOST_CLASSES)
    yield from within("result.relative_error", result.relative_error, 0, 1e6)
    if (result.relative_error is None) == (result.unchecked is None):
        yield Doubt("E007", "result.unchecked", "has either an error or the reason why it was not checked")
    for field in ("unknown_operators", "uncounted_operators"):
        names = getattr(result, field)
        if len(names) > MOST_NAMED or not all(OPERATOR.fullmatch(name) for name in names):
            yield Doubt("E008", f"result.{field}", "holds something that is no operator's name, or too many")


def possible_preprocessing(field: str, pipeline: Preprocessing | None) -> Iterator[Doubt]:
    """Whether images can be preprocessed so."""
    if pipeline is None:
        return
    for name in ("mean", "std"):
        for number in getattr(pipeline, name) or ():
            yield from within(f"{field}.{name}", abs(number), 0 if name == "mean" else 1e-6, 1e4)
    yield from within(f"{field}.scale", pipeline.scale, 1e-6, 1e4)


def network_known(field: str, digest: str | None, world: World, item: Read) -> Iterator[Doubt]:
    """Whether a network is in the dataset. At home the networks of models that nobody else has are not kept."""
    if digest is not None and digest not in world.networks and not item.private:
        yield Doubt("E032", field, f"{digest[:16]}… is no network of the dataset")


def _counts_can_be_recounted(
    record: ArchitectureMeasurement, result: ArchitectureResult, world: World, item: Read
) -> Iterator[Doubt]:
    """Whether the network is in the dataset: without it, counts are only believed where others of it agree."""
    yield from network_known("result.digest", result.digest, world, item)
    is_public = not item.private and not is_personal(record.entry)
    if result.digest is None and is_public and record.entry not in world.recountable:
        yield Doubt("W110", "result.digest", "names no network, so nothing can be counted again")


def other_counts(record: ArchitectureMeasurement, world: World) -> Iterator[tuple[ArchitectureMeasurement, str]]:
    """Counts that stand of the same entry in the same release and say otherwise, and about what."""
    release = world.release_of(record.entry, record.environment)
    if record.result is None or release is None:
        return
    for alike in world.counts.get((record.entry, release), ()):
        if alike[0].result is not None:
            for name in differences(record.result, alike[0].result)[:1]:
                yield from ((other, name) for other in alike if other.id != record.id)


def contradiction(field: str, other: str, item: Read) -> Doubt:
    """Two records that stand and say otherwise. At home one's own may, until it is to be contributed."""
    return Doubt("W112" if item.private else "E028", field, f"contradicts {other[:16]}…, which stands")


def _contradictions(
    record: ArchitectureMeasurement, result: ArchitectureResult, world: World, item: Read
) -> Iterator[Doubt]:
    """Another count of the same entry in the same release. Which of the two is right has to be said."""
    for other, name in islice(other_counts(record, world), 1):
        yield contradiction(f"result.{name}", other.id, item)
    architecture = world.architecture_of(record.entry)
    if architecture is None:
        return
    stated = world.sizes[architecture.id, result.input]
    this = result.macs, result.parameters
    is_alone = record.entry in world.mapped and stated[this] == 1
    siblings = [each for each in stated if each != this or not is_alone]
    for name, own, counts in zip(("macs", "parameters"), this, zip(*siblings, strict=True), strict=False):
        if counts and not min(counts) / APART <= own <= max(counts) * APART:
            yield Doubt(
                "W105",
                f"result.{name}",
                f"is {own:,}; other entries of this architecture have {min(counts):,} and more",
            )


def differences(a: ArchitectureResult, b: ArchitectureResult) -> list[str]:
    """Which of their counts contradict each other."""
    names = ["parameters", "auxiliary_parameters", "statistics", "constants", "classes"]
    if a.input == b.input:
        names += ["macs", "layers"]
    if a.digest is not None and b.digest is not None:
        names.insert(0, "digest")
    return [name for name in names if getattr(a, name) != getattr(b, name)]


def check_comparison(record: ComparisonMeasurement, world: World, item: Read) -> Iterator[Doubt]:
    """Everything about a comparison that cannot be, or contradicts another of the same two."""
    yield from entries_known([("a", record.a), ("b", record.b)], world, item)
    yield from run_known(record, world, item)
    yield from within("seconds", record.seconds, 1e-4 if record.result else 0, MOST_SECONDS, "seconds")
    if record.a == record.b:
        yield Doubt("E038", "b", f"{record.b} is compared with itself")
    yield from of_architecture(record.architecture, [("a", record.a), ("b", record.b)], world)
    if record.result is None:
        return
    yield from _consistent(record.result)
    for field, entry, digest in (
        ("digest_a", record.a, record.result.digest_a),
        ("digest_b", record.b, record.result.digest_b),
    ):
        yield from _is_digest_of(f"result.{field}", entry, digest, record, world, item)
    if record.id not in world.superseded:
        for other in islice(other_verdicts(record, world), 1):
            yield contradiction("result.verdict", other.id, item)


def _is_digest_of(
    field: str, entry: str, digest: str, record: ComparisonMeasurement, world: World, item: Read
) -> Iterator[Doubt]:
    if is_personal(entry) or item.private:
        return
    yield from network_known(field, digest, world, item)
    if digest in world.networks and record.id not in world.superseded:
        release = world.release_of(entry, record.environment)
        counted = [
            other.result.digest
            for other in world.architecture_measurements.get(without_weights(entry), ())
            if other.result and other.result.digest and world.release_of(entry, other.environment) == release
        ]
        if counted and digest not in counted:
            yield Doubt("E028", field, f"is not the network that was counted of {entry}")


def _consistent(result: ComparisonResult) -> Iterator[Doubt]:
    """Whether verdict, findings and proof say the same."""
    gravest = max((GRAVITY[finding.severity] for finding in result.findings), default=0)
    if GRAVITY[result.verdict] != gravest:
        yield Doubt("E028", "result.verdict", f"is {result.verdict}, and its findings say otherwise")
    if result.digest_a != result.digest_b and result.verdict == "identical":
        yield Doubt("E028", "result.verdict", "is identical, of two networks with two digests")
    proof = result.proof
    if proof is None:
        return
    error = proof.max_relative_error
    if proof.status == "equivalent" and (error is None or error >= FAITHFUL):
        yield Doubt("E028", "result.proof", f"is equivalent with an error of {error}")
    if proof.status == "parted" and error is not None and error < FAITHFUL / 100:
        yield Doubt("E028", "result.proof", f"has parted with an error of {error:.1e}")
    if proof.status == "parted" and GRAVITY[result.verdict] < GRAVITY["other_head"]:
        yield Doubt("E028", "result.proof", f"has parted, and the verdict is {result.verdict}")
    if (proof.status == "not_proven") != (proof.obstacle is not None):
        yield Doubt("E028", "result.proof.obstacle", "stands beside a proof, or is missing where there is none")


def other_verdicts(record: ComparisonMeasurement, world: World) -> Iterator[ComparisonMeasurement]:
    """Comparisons that stand of the same two entries in the same releases and say otherwise."""
    releases = [world.release_of(entry, record.environment) for entry in sorted(record.entries)]
    for other in world.comparisons.get(frozenset(record.entries), ()):
        if other.id == record.id or other.result is None or record.result is None:
            continue
        if [world.release_of(entry, other.environment) for entry in sorted(other.entries)] != releases:
            continue
        if _said(other.result) != _said(record.result):
            yield other


def _said(result: ComparisonResult) -> tuple[str, frozenset[str]]:
    """Verdict and digests, whichever of the two entries is called a."""
    return result.verdict, frozenset((result.digest_a, result.digest_b))
