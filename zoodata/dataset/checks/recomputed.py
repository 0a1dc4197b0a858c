"""What can be computed again from the stored networks, and must agree: their shapes, the counts, the comparisons.

Needs no framework. Slower than the other checks, so it is asked for: ``zoodata validate --deep``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import lru_cache
from typing import get_args

from zoodata import cores
from zoodata.dataset.checks.doubt import Doubt
from zoodata.dataset.checks.world import Read, World
from zoodata.graph import shapes, storage
from zoodata.graph.counter import Counts, count
from zoodata.graph.diff.findings import Diff, diff, settled, with_input_sizes
from zoodata.graph.diff.proof import Place, Proof
from zoodata.graph.network import INPUT, PARAMETER, Network, Role
from zoodata.records import (
    ArchitectureMeasurement,
    ArchitectureResult,
    ComparisonMeasurement,
    ReleaseChanges,
    StoredNetwork,
)
from zoodata.records.comparison import ComparisonResult, FindingRecord

PARTLY_READ = 0.001
"""Part of the parameters that may lie in tensors of which a forward pass reads a part (a bias with zeros for keys)."""

ROLES = frozenset(get_args(Role))

NOT_COMPARED = frozenset({"preprocessing"})
"""Kinds of findings whose values are contents of constants, which stored networks do not have."""


@dataclass
class Recomputed:
    """What was computed again, by the name of the file it is about."""

    doubts: dict[str, list[Doubt]] = field(default_factory=dict)
    networks: int = 0
    counts: int = 0
    comparisons: int = 0


Progress = Callable[[int], AbstractContextManager[Callable[[str], None]]]
"""Given how many files are to be computed again, shows each that is done."""


def recompute(
    read: Sequence[Read], world: World, chosen: Callable[[str], bool], progress: Progress | None = None
) -> Recomputed:
    """Compute again what the chosen files state, in as many processes as there are cores.

    Args:
        read, world: the whole dataset.
        chosen: which files, by name.
        progress: shows how far it is.
    """
    done = Recomputed()
    jobs = [(item.name, job) for item in read if chosen(item.name) for job in _jobs(item, world)]
    jobs.sort(key=lambda each: each[1].digest)  # each network is unpacked once
    for _, job in jobs:
        done.networks += isinstance(job, _NetworkJob)
        done.counts += isinstance(job, _CountsJob)
        done.comparisons += isinstance(job, _ComparisonJob)
    with nullcontext(lambda _: None) if progress is None else progress(len(jobs)) as advance:
        for name, doubts in _run(jobs):
            if doubts:
                done.doubts[name] = doubts
            advance(name)
    return done


@dataclass(frozen=True)
class _NetworkJob:
    network: StoredNetwork

    @property
    def digest(self) -> str:
        return self.network.digest

    def doubts(self) -> list[Doubt]:
        network = _unpacked(_Stored(self.network))
        return [*network_doubts(network), *form_doubts(self.network, network)]


@dataclass(frozen=True)
class _CountsJob:
    result: ArchitectureResult
    network: StoredNetwork

    @property
    def digest(self) -> str:
        return self.network.digest

    def doubts(self) -> list[Doubt]:
        return list(count_doubts(self.result, _unpacked(_Stored(self.network))))


@dataclass(frozen=True)
class _ComparisonJob:
    result: ComparisonResult
    a: StoredNetwork
    b: StoredNetwork
    sizes: tuple[tuple[int, int, int] | None, tuple[int, int, int] | None]

    @property
    def digest(self) -> str:
        return self.a.digest

    def doubts(self) -> list[Doubt]:
        pair = [_unpacked(_Stored(each)) for each in (self.a, self.b)]
        own = [_at(network, size) for network, size in zip(pair, self.sizes, strict=True)]
        return list(comparison_doubts(self.result, *own))


_Job = _NetworkJob | _CountsJob | _ComparisonJob


@lru_cache(maxsize=16)
def _unpacked(stored: _Stored) -> Network:
    """A network of the dataset, whose file was checked already."""
    return storage.unpack(stored.record, is_checked=True)


class _Stored:
    """A stored network by all that its file says: a digest says nothing of sizes."""

    def __init__(self, record: StoredNetwork) -> None:
        self.record = record
        self._key = (record.digest, record.input, record.shapes, record.views, record.nodes, record.operators)

    def __hash__(self) -> int:
        return hash(self._key[:2])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Stored) and self._key == other._key


def _jobs(item: Read, world: World) -> Iterator[_Job]:
    """What of a record is computed again."""
    record = item.record
    if isinstance(record, ReleaseChanges):
        for change in record.changes if record.id not in world.superseded else ():
            one, other = (world.networks.get(digest) for digest in (change.earlier, change.later))
            if change.result is not None and one is not None and other is not None:
                yield _ComparisonJob(change.result, one, other, (None, None))
    elif (job := _job(item, world)) is not None:
        yield job


def _job(item: Read, world: World) -> _Job | None:
    record = item.record
    if isinstance(record, StoredNetwork):
        return _NetworkJob(record)
    if isinstance(record, ArchitectureMeasurement) and record.result is not None and record.result.digest:
        network = world.networks.get(record.result.digest)
        return None if network is None else _CountsJob(record.result, network)
    if isinstance(record, ComparisonMeasurement) and record.result is not None and record.id not in world.superseded:
        one, other = (world.networks.get(d) for d in (record.result.digest_a, record.result.digest_b))
        sizes = tuple(_size_of(entry, record, world) for entry in (record.a, record.b))
        return None if one is None or other is None else _ComparisonJob(record.result, one, other, (sizes[0], sizes[1]))
    return None


def _size_of(entry: str, record: ComparisonMeasurement, world: World) -> tuple[int, int, int] | None:
    """The image that an entry was counted for, which is the one that it was compared for."""
    release = world.release_of(entry, record.environment)
    for other in world.architecture_measurements.get(entry, ()):
        if other.result is not None and world.release_of(entry, other.environment) == release:
            image = other.result.input
            return image.channels, image.height, image.width
    return None


def _at(network: Network, size: tuple[int, int, int] | None) -> Network:
    if size is None or size == network.input_shape:
        return network
    return shapes.at_size(network, *size[1:]) or network


def _run(jobs: Sequence[tuple[str, _Job]]) -> Iterator[tuple[str, list[Doubt]]]:
    return cores.spread(_doubts, jobs, few=20, chunk=8)


def _doubts(job: tuple[str, _Job]) -> tuple[str, list[Doubt]]:
    name, work = job
    try:
        return name, work.doubts()
    except Exception as error:  # whatever a hostile network brings down says so about its own file
        return name, [Doubt("E030", "", f"cannot be computed again: {type(error).__name__}")]


def network_doubts(network: Network) -> Iterator[Doubt]:
    """Whether a stored network is one: shapes that follow, nodes that lead to the scores."""
    for wrong in shapes.misshapen(network)[:5]:
        yield Doubt("E030", "nodes", f"{wrong.node}: {wrong.reason}")
    loose = [node.name for node in network.nodes if not network.consumers[node.number]][:-1]
    if loose:
        yield Doubt("E030", "nodes", f"nothing reads {loose[0]} ({len(loose)} such nodes)")
    if not network.nodes[network.output].dynamic:
        yield Doubt("E030", "nodes", "its scores do not depend on the image")
    followed = shapes.not_followed(network)
    if followed:
        yield Doubt("W109", "operators", f"nothing here computes the shape of {', '.join(followed[:5])}")


def form_doubts(stored: StoredNetwork, network: Network) -> Iterator[Doubt]:
    """Whether a network is written as zoodata writes it: nothing in its file that its digest does not cover."""
    roles = {str(node.attributes["role"]) for node in network.nodes if node.operator == PARAMETER}
    if not roles <= ROLES:
        yield Doubt("E030", "operators", f"a stored tensor is a {min(roles - ROLES)[:40]}")
    if any(node.operator == INPUT and node.attributes for node in network.nodes):
        yield Doubt("E030", "operators", "the image has attributes")
    for name, written in storage.tables(network)._asdict().items():
        if written != getattr(stored, name):
            yield Doubt("E023", name, "is not written as zoodata writes it")
            return


def count_doubts(result: ArchitectureResult, network: Network) -> Iterator[Doubt]:
    """Whether counts are those of the network that is named."""
    size = (result.input.channels, result.input.height, result.input.width)
    if size != network.input_shape:
        resized = shapes.at_size(network, *size[1:]) if size[0] == network.input_shape[0] else None
        if resized is None:
            yield Doubt("E029", "result.input", f"is {size}; the network is one for {network.input_shape}")
            return
        network = resized
    counts = count(network)
    scores = network.nodes[network.output].shape
    exact = {
        "macs": (result.macs, counts.macs),
        "layers": (dict(result.layers), counts.layers),
        "unknown_operators": (result.unknown_operators, counts.unknown_operators),
        "uncounted_operators": (result.uncounted_operators, counts.uncounted),
    }
    if result.classes:
        exact["classes"] = (result.classes, scores[-1] if scores else 1)
    for name, (stated, counted) in exact.items():
        if stated != counted:
            yield Doubt("E029", f"result.{name}", f"is {_brief(stated)}; its network has {_brief(counted)}")
    yield from _stored(result, counts)


def _stored(result: ArchitectureResult, counts: Counts) -> Iterator[Doubt]:
    """Stored elements: a model may have some that its forward pass does not read, and no fewer than it reads."""
    read = result.parameters - result.auxiliary_parameters
    if not counts.parameters <= read <= counts.parameters * (1 + PARTLY_READ):
        yield Doubt(
            "E029", "result.parameters", f"without auxiliary ones are {read:,}; its network reads {counts.parameters:,}"
        )
    for name in ("statistics", "constants"):
        stated, counted = getattr(result, name), getattr(counts, name)
        if stated < counted:
            yield Doubt("E029", f"result.{name}", f"is {stated:,}; its network reads {counted:,}")
    unread = (result.auxiliary_parameters, result.statistics - counts.statistics, result.constants - counts.constants)
    if any(number > 0 for number in unread):
        yield Doubt("W108", "result", f"{sum(unread):,} stored elements are read by no forward pass")


def comparison_doubts(result: ComparisonResult, a: Network, b: Network) -> Iterator[Doubt]:
    """Whether a comparison is what comparing the two networks again gives, after the proof that it has.

    Networks of two image sizes were compared at one, which a zoo's own code brought them to; what is stored follows
    that as far as shapes tell. Then the verdict must be right, and findings that cannot be had again are a warning.
    """
    again = [_settled(result, compared) for compared in _compared(a, b)]
    verdicts = [compared.verdict for compared in again]
    if result.verdict not in verdicts:
        yield Doubt("E031", "result.verdict", f"is {result.verdict}; comparing again gives {verdicts[0]}")
        return
    stated = [each for each in sorted(map(_shown, result.findings)) if each[0] not in NOT_COMPARED]
    found = [_findings(compared) for compared in again]
    if stated not in found:
        more = [each for each in stated if each not in found[0]] or [each for each in found[0] if each not in stated]
        named = " ".join(more[0]) if more else f"{len(found[0])} findings"
        code = "E031" if a.input_shape == b.input_shape else "W109"
        yield Doubt(code, "result.findings", f"are not what comparing again gives: {named}")


def _settled(result: ComparisonResult, compared: Diff) -> Diff:
    proof = result.proof
    if proof is None:
        return compared
    first = None if proof.first_difference is None else Place(proof.first_difference.a, proof.first_difference.b)
    return settled(compared, Proof(proof.status, first_difference=first, one_way=proof.one_way))


def _findings(compared: Diff) -> list[tuple[str, str, str, str]]:
    return sorted(
        (f.kind, f.severity, f.operator, f.attribute or "") for f in compared.findings if f.kind not in NOT_COMPARED
    )


def _compared(a: Network, b: Network) -> list[Diff]:
    """Both at one image size: at either's, where the other can be brought to it; else as they are."""
    if a.input_shape == b.input_shape:
        return [diff(a, b)]
    sized = ((a, shapes.at_size(b, *a.input_shape[1:])), (shapes.at_size(a, *b.input_shape[1:]), b))
    found = [with_input_sizes(diff(one, other), a, b) for one, other in sized if one is not None and other is not None]
    return [*found, diff(a, b)]


def _shown(finding: FindingRecord) -> tuple[str, str, str, str]:
    return finding.kind, finding.severity, finding.operator, finding.attribute or ""


def _brief(value: object) -> str:
    text = f"{value:,}" if isinstance(value, int) else str(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
