"""Records that cannot be, each with a right hash: what somebody writes who wants to move a ranking.

Each is an honest record with one thing changed; a change names a field by its path, and what it becomes.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.dataset import honest
from zoodata.graph import storage
from zoodata.graph.digest import digest
from zoodata.records import KINDS, content_hash
from zoodata.records.base import StoredRecord

Content = dict[str, Any]
FORGED = "f" * 64


@dataclass(frozen=True)
class Attack:
    """A record that cannot be, and the codes of which one must be said."""

    name: str
    content: Content
    codes: frozenset[str]


def sealed(content: Content) -> Content:
    """The content with the hash that it has now; a record that fits its schema as zoodata writes it."""
    content = copy.deepcopy(content)
    for _ in range(2):  # as given, then as written
        if content["kind"] == "claims":
            for claim in content["claims"]:
                claim["id"] = content_hash(claim)
        elif content["kind"] not in ("family", "network", "lineage"):
            content["id"] = content_hash(content)
        try:
            content = KINDS[content["kind"]].model_validate_json(json.dumps(content)).model_dump(mode="json")
        except ValueError:
            break
    return content


def changed(record: StoredRecord | Content, **changes: Any) -> Content:
    """A record's content with some places changed: ``result__macs=0``, ``claims__0__value=99.0``."""
    content = copy.deepcopy(record) if isinstance(record, dict) else record.model_dump(mode="json")
    for path, value in changes.items():
        place: Any = content
        *way, last = (int(part) if part.isdigit() else part for part in path.split("__"))
        for part in way:
            place = place[part]
        place[last] = value(place[last]) if callable(value) else value
    return content


def attacks() -> Iterator[Attack]:
    """All of them."""
    for make in (architectures, networks, comparisons, latencies, accuracies, claims, environments, others):
        yield from make()


def _of(record: StoredRecord | Content, table: dict[str, tuple[str, Content]]) -> Iterator[Attack]:
    for name, (codes, changes) in table.items():
        yield Attack(name, sealed(changed(record, **changes)), frozenset(codes.split()))


def architectures() -> Iterator[Attack]:
    """Counts that are none, of entries that are not, at times that were not."""
    one, other = honest.networks()
    base = honest.architecture("torchvision:resnet50", one)
    times: Callable[[int], Callable[[int], int]] = lambda k: lambda n: n * k  # noqa: E731
    yield from _of(base, {
        "macs of nothing": ("E025", {"result__macs": 0}),
        "macs beyond any machine": ("E025", {"result__macs": 10**18}),
        "twice the macs": ("E028", {"result__macs": times(2)}),
        "one parameter": ("E028", {"result__parameters": 1}),
        "twice the parameters": ("E028", {"result__parameters": times(2)}),
        "more auxiliary parameters than parameters": ("E025", {"result__auxiliary_parameters": 10**6}),
        "some auxiliary parameters": ("E028", {"result__auxiliary_parameters": 17}),
        "statistics of nothing": ("E028", {"result__statistics": 5}),
        "constants of nothing": ("E028", {"result__constants": 5}),
        "digest of no network": ("E028 E032", {"result__digest": FORGED}),
        "digest of another network": ("E028", {"result__digest": other.digest}),
        "no layers": ("E025 E028", {"result__layers": {}}),
        "too many layers": ("E025", {"result__layers": {"convolution": 10**18}}),
        "an invented layer": ("E028", {"result__layers": {"convolution": 1, "linear": 1, "mean": 1, "magic": 1}}),
        "an error of 1e300": ("E025", {"result__relative_error": 1e300}),
        "neither checked nor a reason": ("E007", {"result__relative_error": None}),
        "checked and a reason why not": ("E007", {"result__unchecked": {"code": "not_run"}}),
        "before zoodata": ("E026", {"started_at": "1970-01-01T00:00:00Z"}),
        "in the year one": ("E026", {"started_at": "0001-01-01T00:00:00Z"}),
        "at the end of time": ("E022", {"started_at": "9999-12-31T23:59:59Z"}),
        "in no time": ("E025", {"seconds": 0.0}),
        "for ever": ("E025", {"seconds": 1e300}),
        "more threads than cores": ("E025", {"conditions__threads": 3}),
        "threads beyond counting": ("E025 E008", {"conditions__threads": 10**30}),
        "a giant image": ("E025", {"result__input__height": 10**9, "result__input__width": 10**9}),
        "a million channels": ("E025", {"result__input__channels": 10**6}),
        "a billion classes": ("E025 E028", {"result__classes": 10**9}),
        "two more classes": ("E028", {"result__classes": 12}),
        "weights that nobody names": ("W107", {"entry": "torchvision:resnet50@IMAGENET1K_V999"}),
        "an entry that nobody has": ("W101", {"entry": "torchvision:resnet9000"}),
        "a zoo that nobody has": ("W101", {"entry": "evilzoo:x"}),
        "one's own model": ("E019", {"entry": "file:model"}),
        "counts of another entry": ("E028", {"entry": "timm:resnet50"}),
        "an environment that is not there": ("E015", {"environment": FORGED}),
        "markup for an operator": ("E008", {"result__unknown_operators": ["<img src=x onerror=alert(1)>"]}),
        "thousands of operators": ("E008", {"result__unknown_operators": ["a.b"] * 5_000}),
        "a mean beyond colours": ("E025", {"result__preprocessing__mean": [1e308, -1e308, 0.0]}),
        "a deviation of nothing": ("E025", {"result__preprocessing__std": [5e-324, 1.0, 1.0]}),
        "a scale of 1e30": ("E025", {"result__preprocessing__scale": 1e30}),
    })  # fmt: skip
    bare = honest.environment(packages={"torch": "2.15.0"})
    yield from _of(base, {"no zoo in its environment": ("E033 E015", {"environment": bare.id})})


def networks() -> Iterator[Attack]:
    """Networks whose digest is right, as it does not cover sizes, and that are none."""
    base = honest.networks()[0].model_dump(mode="json")

    def named(content: Content) -> Content:
        record = KINDS["network"].model_validate_json(json.dumps(content))
        return content | {"digest": digest(storage.unpack(record, is_checked=True))}  # type: ignore[arg-type]

    tenfold = lambda shapes: [[10 * size for size in shape] for shape in shapes]  # noqa: E731
    table = {
        "every shape ten times": {"shapes": tenfold, "input": [30, 160, 160]},
        "ten times the positions": {"shapes__2": [8, 80, 80]},
        "a wider weight": {"shapes__1": [8, 3, 5, 5]},
        "a weight of other channels": {"shapes__1": [8, 4, 3, 3]},
        "more outputs than weights": {"operators__2__attributes__outputs": 9},
        "a stride of nothing": {"operators__2__attributes__stride": [0, 0]},
        "a kernel beyond the image": {"operators__2__attributes__kernel": [99, 99]},
        "groups that do not divide": {"operators__2__attributes__groups": 2},
        "an image of another size": {"input": [3, 32, 32]},
        "an axis that is not there": {"operators__4__attributes__axes": [1, 7]},
        "classes that no weight has": {"operators__5__attributes__outputs": 1000},
        "a bias of another length": {"shapes__5": [11]},
        "nodes that nothing reads": {"nodes": lambda nodes: [*nodes[:2], "1 1", *_after(nodes[2:])]},
        "scores that see no image": {"nodes": ["0 0", "1 5"]},
        "a value of 1e27 elements": {"shapes__0": [10**9, 10**9, 10**9], "input": [10**9, 10**9, 10**9]},
    }
    for name, changes in table.items():
        yield Attack(f"network: {name}", named(changed(base, **changes)), frozenset({"E030", "E017", "E011"}))
    yield Attack("network: another's digest", changed(base, digest=FORGED), frozenset({"E011"}))


def _after(nodes: list[str]) -> list[str]:
    """Rows that read what lies one further on, all but the image."""
    moved = []
    for row in nodes:
        head, *edges = [row] if " " not in row else [" ".join(row.split(" ")[:2]), *row.split(" ")[2:]]
        parts = [edge.split(":") for edge in edges]
        moved.append(" ".join([head, *(f"{r}:{int(s) + (int(s) > 0)}:{v}" for r, s, v in parts)]))
    return moved


def comparisons() -> Iterator[Attack]:
    """Verdicts that the two networks do not have, proofs that prove something else."""
    base = honest.comparison()
    one, other = honest.networks()
    proven = {"status": "equivalent", "max_relative_error": 1e-7, "first_difference": None, "misfits": []}
    finding = base.model_dump(mode="json")["result"]["findings"][0]
    yield from _of(base, {
        "compared with itself": ("E038", {"b": "torchvision:resnet50"}),
        "identical with two digests": ("E028", {"result__verdict": "identical", "result__findings": []}),
        "benign against its findings": ("E028", {"result__verdict": "benign"}),
        "structural against its findings": ("E028", {"result__verdict": "structural"}),
        "all findings benign": ("E028 E031", {"result__verdict": "benign", "result__findings__0__severity": "benign"}),
        "graver than it is": ("E028 E031", {
            "result__verdict": "structural", "result__findings__0__severity": "structural"}),
        "another finding": ("E031", {"result__findings__0__attribute": "dilation"}),
        "a finding more": ("E031", {"result__findings": lambda all: [*all, finding | {"attribute": "groups"}]}),
        "findings left out": ("E028", {"result__findings": []}),
        "a digest of nothing": ("E032", {"result__digest_b": FORGED}),
        "digests of one network": ("E028", {"result__digest_b": one.digest}),
        "digests swapped": ("E028", {"result__digest_a": other.digest, "result__digest_b": one.digest}),
        "proven and parted": ("E028", {"result__proof__status": "equivalent"}),
        "proven with no error": ("E028", {"result__proof": proven | {"max_relative_error": None}}),
        "proven against its verdict": ("E031", {"result__proof": proven}),
        "parted by nothing": ("E028", {"result__proof__max_relative_error": 1e-9}),
        "not proven without a reason": ("E028", {"result__proof__status": "not_proven"}),
        "an obstacle beside a proof": ("E028", {"result__proof__obstacle": {"code": "cannot_run", "side": "a"}}),
        "an entry of another architecture": ("E021", {"b": "timm:resnet101"}),
        "under another architecture": ("E021", {"architecture": "vgg16"}),
        "one's own model against a zoo's": ("E019", {"b": "python:mine"}),
        "of tomorrow": ("E022", {"started_at": "2099-01-01T00:00:00Z"}),
        "no time at all": ("E025", {"seconds": 0.0}),
        "no environment": ("E015", {"environment": FORGED}),
    })  # fmt: skip


def latencies() -> Iterator[Attack]:
    """Times that no clock shows, on machines that are not there, of participants that are one."""
    base = honest.latency()
    rounds = base.model_dump(mode="json")["samples"]

    def times(number: int, factor: float, only: int | None = None) -> list[Any]:
        return [
            [[max(1, int(ns * factor)) for ns in one] if n == number else one for n, one in enumerate(each)]
            for each in rounds
        ]

    def set_to(number: int, value: int) -> list[Any]:
        return [[[value for _ in one] if n == number else one for n, one in enumerate(each)] for each in rounds]

    cpu = base.model_dump(mode="json")["cpu_us"]
    yield from _of(base, {
        "a nanosecond": ("E025", {"samples": set_to(1, 1)}),
        "faster than multiplication": ("E025", {"samples": times(1, 1e-8)}),
        "a year": ("E025", {"samples": set_to(1, 10**15)}),
        "one number again and again": ("E025", {"samples": set_to(1, 200_000_000)}),
        "a pair that is not one": ("E025", {"samples": times(2, 3.0)}),
        "half the time of others": ("W105", {"samples": times(1, 0.5)}),
        "twice the time of others": ("W105", {"samples": times(1, 2.0)}),
        "a fiftieth of the work": ("W105 E025", {"samples": times(1, 0.02)}),
        "an entry twice": ("E038", {"participants__1__entry": "torchvision:resnet50"}),
        "a network that is not there": ("E032", {"participants__1__digest": FORGED}),
        "a device that is not there": ("E025", {"conditions__device": "cuda"}),
        "more threads than cores": ("E025", {"conditions__threads": 64}),
        "a batch of a billion": ("E025", {"conditions__batch": 10**9}),
        "a limit of nothing": ("E025", {"conditions__time_limit_seconds": 1e-9}),
        "a limit of years": ("E025", {"conditions__time_limit_seconds": 1e12}),
        "a target of nothing": ("E025", {"conditions__target_half_width": 1e-12}),
        "fewer sessions than asked": ("E025", {"conditions__min_sessions": 9}),
        "a repetition of a day": ("E025", {"conditions__repetition_seconds": 86_400.0}),
        "processor time of more cores": ("E025", {"cpu_us": [[[10**9] * 2] * 3] * len(cpu)}),
        "no processor time": ("E025", {"cpu_us": [[[0] * 2] * 3] * len(cpu)}),
        "memory beyond the machine's": ("E025", {"sessions__0__observed__0__resident_mib": 10**9}),
        "memory of no device": ("E025", {"sessions__0__observed__0__device_mib": 10**6}),
        "a device slower than its calls": ("E025", {"sessions__0__observed__0__device_ns": 10**14}),
        "a warm-up of a day": ("E025", {"sessions__0__observed__0__warm_up_seconds": 86_400.0}),
        "energy of a power station": ("E025", {"sessions__0__observed__0__joules": 1e12,
                                               "sessions__0__observed__0__energy_iterations": 1}),
        "load of more cores": ("E025", {"sessions__0__other_load": 64.0}),
        "cores stolen that are not there": ("E025", {"sessions__0__stolen": 64.0}),
        "stopped for want of a pair": ("E008", {"stopped": "too_few_participants"}),
        "rounds that are not there": ("E008", {"sessions__0__rounds": 99}),
        "under another architecture": ("E021", {"architecture": "vgg16"}),
        "of another architecture's entry": ("E021", {"participants__1__entry": "timm:resnet101"}),
        "one's own model": ("E019", {"participants__1__entry": "file:mine"}),
        "of the future": ("E022", {"started_at": "2030-01-01T00:00:00Z"}),
        "before zoodata": ("E026", {"started_at": "2020-01-01T00:00:00Z"}),
        "no environment": ("E015", {"environment": FORGED}),
        "no A/A pair": ("E008", {"participants__2__repeats_reference": False}),
    })  # fmt: skip


def accuracies() -> Iterator[Attack]:
    """Bits and counts that do not fit, weights that nobody publishes."""
    base = honest.accuracy()
    yield from _of(base, {
        "all right": ("W105", {
            "result__top1": "8A==", "result__top1_hits": 4, "result__top5": "8A==", "result__top5_hits": 4}),
        "more hits than bits": ("E008", {"result__top1_hits": 4}),
        "bits of other images": ("E008", {"images__images": 400}),
        "top-1 outside top-5": ("E008", {"result__top5": "AA==", "result__top5_hits": 0}),
        "faster than light": ("E025", {"result__images_per_second": 1e12}),
        "slower than it lasted": ("E025", {"result__images_per_second": 0.01}),
        "in no time": ("E025", {"seconds": 0.0}),
        "weights of nobody": ("W107", {"entry": "torchvision:resnet50@NOBODY"}),
        "weights not named": ("W107", {"entry": "torchvision:resnet50"}),
        "a file of one's own": ("W107", {"weights_hash": FORGED}),
        "a zoo of nobody": ("W101", {"entry": "evilzoo:x"}),
        "a mean beyond colours": ("E025", {"conditions__preprocessing__mean": [1e308, 0.0, 0.0]}),
        "a batch of a billion": ("E025", {"conditions__batch": 10**9}),
        "more threads than cores": ("E025", {"conditions__threads": 64}),
        "of the future": ("E022", {"started_at": "2030-01-01T00:00:00Z"}),
        "no environment": ("E015", {"environment": FORGED}),
    })  # fmt: skip


def images() -> Iterator[Attack]:
    """Sets that name an image twice, and gaps that are not of the images they name."""
    yield from _of(honest.image_set(), {
        "an image twice": ("E008", {"images__1__file": "0000.png"}),
        "the same bytes twice": ("E017", {"images__1__digest": f"{0:064x}"}),
        "a name that leaves the folder": ("E008", {"images__1__file": "../0001.png"}),
        "a page that is none": ("E008", {"images__1__page": "javascript:alert(1)"}),
        "a class beyond all": ("E025", {"images__1__label": 999_999}),
        "fewer names than classes": ("E011", {"class_names": ["only one"]}),
    })  # fmt: skip
    yield from _of(honest.attribution(), {
        "steps that do not sum": ("E008", {"hits_b": 2}),
        "more images than there are": ("E008", {"steps__0__gained": 6, "steps__0__lost": 4}),
        "of itself": ("E038", {"b": "torchvision:resnet50@IMAGENET1K_V1"}),
        "a factor twice": ("E017", {"steps__1__factor": "architecture, weights and runtime"}),
        "of other images than it says": ("E011", {"images__classes": 9}),
        "a zoo of nobody": ("W101", {"a": "evilzoo:x"}),
        "a mean beyond colours": ("E025", {"preprocessing_b__mean": [1e308, 0.0, 0.0]}),
        "in no time": ("E025", {"seconds": 0.0}),
        "no environment": ("E015", {"environment": FORGED}),
        "of the future": ("E022", {"started_at": "2030-01-01T00:00:00Z"}),
    })  # fmt: skip
    yield from _of(honest.ways(), {
        "a way twice": ("E008", {"participants__1__way": "compiled"}),
        "another entry's way": ("E008", {"participants__1__entry": "timm:resnet50"}),
        "an error of the reference": ("E008", {"participants__0__relative_error": 0.1}),
        "a way whose answer nobody compared": ("E008", {"participants__1__relative_error": None}),
        "no A/A pair": ("E008", {"participants__3__repeats_reference": False}),
        "ready after a year": ("E025", {"participants__1__ready_seconds": 3e7}),
        "a runtime that is no word": ("E008", {"participants__1__runtime": "<b>"}),
        "times that no call takes": ("E025", {"samples__0__1": [10, 11]}),
        "a zoo of nobody": ("W101", {"entry": "evilzoo:x", "participants": lambda all: [
            {**each, "entry": "evilzoo:x"} for each in all]}),
        "no environment": ("E015", {"environment": FORGED}),
        "of the future": ("E022", {"started_at": "2030-01-01T00:00:00Z"}),
    })  # fmt: skip
    yield from _of(honest.sensitivity(), {
        "more losses than changes": ("E008", {"others__1__lost": 1}),
        "more changes than images": ("E008", {"others__0__changed": 5}),
        "more losses than were right": ("E008", {"hits": 0}),
        "a way twice": ("E017", {"others": lambda all: [all[0], all[0]]}),
        "of other images than it says": ("E011", {"images__classes": 9}),
        "a zoo of nobody": ("W101", {"entry": "evilzoo:x"}),
        "no weights": ("W107", {"entry": "torchvision:resnet50"}),
        "in no time": ("E025", {"seconds": 0.0}),
        "no environment": ("E015", {"environment": FORGED}),
        "of the future": ("E022", {"started_at": "2030-01-01T00:00:00Z"}),
    })  # fmt: skip


def claims() -> Iterator[Attack]:
    """Numbers that nobody states, in places that are none."""
    base = changed(honest.claims(), id="torchvision-attack")
    alone = changed(base, claims=lambda all: all[:1])
    moved = changed(alone, claims__0__source__line=99)  # a place that no other claim has

    def accuracy(value: float) -> Content:
        return {"claims__0__value": value, "claims__0__stated": f"{value}"}

    def count(metric: str, unit: str, value: float, stated_unit: str | None = None) -> Content:
        return {"claims__0__metric": metric, "claims__0__unit": unit, "claims__0__value": value,
                "claims__0__stated": f"{value}", "claims__0__stated_unit": stated_unit or unit}  # fmt: skip

    def cited(**source: Any) -> Content:
        return {"claims__0__source": source}

    def page(address: str) -> Content:
        return {"claims__0__source": {"type": "page", "address": address, "locator": "x"}}

    def repository(**changes: Any) -> Content:
        source = {"type": "repository", "repository": "a/b", "commit": "0" * 40, "path": "x", "line": 1}
        return {"claims__0__source": source | changes}

    yield from _of(moved, {
        "top-1 of 150": ("E008", accuracy(150.0)),
        "top-1 below nothing": ("E010 E008", accuracy(-1.0)),
        "top-1 of 100": ("E025", accuracy(100.0)),
        "top-1 of 99": ("E025", accuracy(99.0)),
        "top-1 below chance": ("E025", accuracy(0.01)),
        "a fraction for a percentage": ("E025 E027", {"claims__0__stated": "0.0003", "claims__0__value": 0.0003}),
        "not what is stated": ("E027", {"claims__0__value": 90.0}),
        "a hundredth of a point more": ("E027", {"claims__0__value": 76.14}),
        "a unit of nothing": ("E027", {"claims__0__stated_unit": "bananas"}),
        "an error for an accuracy": ("E027", {"claims__0__stated_unit": "percent error"}),
        "two numbers for one": ("E027", {"claims__0__stated": "76.13 or 99"}),
        "no parameters": ("E025", count("parameters", "count", 0.0)),
        "half a parameter": ("E025", count("parameters", "count", 0.5)),
        "parameters of 1e308": ("E025", count("parameters", "count", 1e308)),
        "macs of 1e308": ("E025", count("macs", "count", 1e308)),
        "millions for ones": ("E027", count("parameters", "count", 25.0, "million")),
        "an image of 1e308": ("E025", count("input_size", "pixels", 1e308)),
        "a file of one byte": ("E025", count("file_size", "bytes", 1.0)),
        "claimed in 2999": ("E022", {"claims__0__claimed_on": "2999"}),
        "claimed on no day": ("E026", {"claims__0__claimed_on": "2020-02-31"}),
        "claimed in the year nought": ("E026", {"claims__0__claimed_on": "0000-01-01"}),
        "claimed in 1800": ("E026", {"claims__0__claimed_on": "1800"}),
        "claimed before its paper": ("E026", {"claims__0__claimed_on": "2012"}),
        "collected on no day": ("E026", {"collected_on": "9999-99-99"}),
        "collected in 2999": ("E022", {"collected_on": "2999-01-01"}),
        "collected at no hour": ("E026", {"collected_on": "2026-11-24T99:99:99Z"}),
        "collected before zoodata": ("E026", {"collected_on": "2001-01-01"}),
        "a script for a page": ("E035", page("javascript:alert(document.domain)")),
        "data for a page": ("E035", page("data:text/html,<script>alert(1)</script>")),
        "a file for a page": ("E035", page("file:///etc/passwd")),
        "another protocol": ("E035", page("ftp://example.org/x")),
        "a repository above": ("E035", repository(repository="../..")),
        "a path above": ("E035", repository(path="../../../etc/passwd")),
        "a path from the root": ("E035", repository(path="/etc/passwd")),
        "a path of markup": ("E035", repository(path='x"><script>alert(1)</script>')),
        "a line beyond files": ("E025", repository(line=10**30)),
        "a DOI of markup": ("E035", cited(type="publication", doi='"><script>', locator="x")),
        "a package of markup": ("E035", cited(type="package", package="<b>", version="1", symbol="x")),
        "a version of words": ("E035", cited(type="package", package="a", version="new", symbol="x")),
        "a formula for a note": ("E008", {"claims__0__note": "=cmd|' /C calc'!A0"}),
        "a formula for a name": ("E008", {"claims__0__architecture_in_source": "@SUM(1+1)"}),
        "a formula for a licence": ("E008", {"claims__0__licence": "-1+1|cmd"}),
        "a formula for weights": ("E008", {"claims__0__checkpoint": "+cmd(1)"}),
        "a crop of nothing": ("E025", {"claims__0__conditions__crop_fraction": 1e-300}),
        "an image beyond screens": ("E025", {"claims__0__conditions__input_size": 10**18}),
        "a resize beyond screens": ("E025", {"claims__0__conditions__resize": 10**18}),
        "an entry of nobody": ("W101", {"claims__0__entry": "evilzoo:model"}),
        "stated and not stated": ("E028", {"not_stated": [
            {"entry": "torchvision:resnet50@IMAGENET1K_V1", "metric": "top1", "reason": "x"}]}),
        "not read again": ("W115", {}),
        "nothing at all": ("E007", {"claims": []}),
    })  # fmt: skip
    yield Attack("a whole collection again", sealed(base), frozenset({"E034", "W115"}))
    yield Attack("another value for a place", sealed(changed(alone, **accuracy(81.0))), frozenset({"E034"}))
    twice = changed(moved, claims=lambda all: [all[0], all[0] | {"value": 81.0, "stated": "81.0"}])
    yield Attack("two values for a place", sealed(twice), frozenset({"E034"}))
    worse = changed(base, claims=lambda all: all[:2], claims__0__source__line=99, claims__1__source__line=99)
    yield Attack(
        "top-5 below top-1",
        sealed(changed(worse, claims__1__value=50.0, claims__1__stated="50.0")),
        frozenset({"E025"}),
    )


def environments() -> Iterator[Attack]:
    """Machines that cannot be, and that name somebody."""
    yield from _of(honest.environment(), {
        "more usable cores than there are": ("E025", {"processor__usable_cores": 10**18}),
        "no cores": ("E025", {"processor__logical_cores": 0, "processor__usable_cores": 0}),
        "a million cores": ("E025", {"processor__logical_cores": 10**6}),
        "no memory": ("E025", {"memory_mib": 0}),
        "memory of a country": ("E025", {"memory_mib": 10**15}),
        "markup for a version": ("E025", {"packages": {"torch": "<script>"}}),
        "markup for a package": ("E025", {"packages": {"<b>torch": "1.0"}}),
        "thousands of packages": ("E025", {"packages": {f"p{n}": "1.0" for n in range(5_000)}}),
        "Python 2.7": ("E025", {"python": "2.7"}),
        "Python of words": ("E025", {"python": "newest"}),
        "a commit of words": ("E025", {"zoodata_commit": "not-a-commit"}),
        "a version of words": ("E025", {"zoodata_version": "the newest"}),
        "somebody's folder": ("E037", {"processor__model": "Xeon /home/somebody"}),
        "somebody's address": ("E037", {"operating_system": "Linux on 10.0.0.1"}),
        "somebody's mail": ("E037", {"operating_system": "somebody@example.org"}),
        "somebody's machine": ("E037", {"processor__model": "host somebody-laptop"}),
        "a device without memory": ("E025", {"accelerators": [{"model": "GPU", "memory_mib": 0, "driver": None}]}),
    })  # fmt: skip


def others() -> Iterator[Attack]:
    """Verifications, replies, supersessions, lineages and families."""
    yield from _of(honest.verification(), {
        "of another collection": ("E015", {"collection": "timm-1"}),
        "of other claims": ("E011", {"claims_hash": FORGED}),
        "of more claims": ("E011", {"claims": 99}),
        "read tomorrow": ("E022", {"read_on": "2099-01-01"}),
        "read before zoodata": ("E026", {"read_on": "2020-01-01"}),
        "nothing read": ("E007", {"read": []}),
        "a claim of nobody": ("E015", {"checks": [{"claim": FORGED, "outcome": "not_there"}]}),
        "against the one that stands": ("E028", {"checks": [
            {"claim": honest.claims().claims[0].id, "outcome": "not_there"}]}),
    })  # fmt: skip
    yield from _of(honest.reply(), {
        "about nothing": ("E015", {"about": [FORGED]}),
        "about one thing twice": ("E017", {"about": [honest.claims().claims[0].id] * 2}),
        "as zoodata": ("E039", {"author": "zoodata"}),
        "as Zoodata's team": ("E039", {"author": "The Zoo-Data team"}),
        "in a role of ours": ("E008", {"role": "zoodata"}),
        "said tomorrow": ("E022", {"said_on": "2099-01-01"}),
        "said on no day": ("E026", {"said_on": "2026-02-31"}),
        "said before zoodata": ("E026", {"said_on": "2001"}),
        "corrected without a word": ("E007", {"outcome": "corrected"}),
        "said by a script": ("E008", {"source": "javascript:alert(1)"}),
    })  # fmt: skip
    yield from _of(honest.supersession(), {
        "of nothing": ("E015", {"superseded": [FORGED]}),
        "by nothing": ("E015", {"by": [FORGED]}),
        "said tomorrow": ("E022", {"said_on": "2099-01-01"}),
        "of itself": ("E017", {"by": honest.supersession().superseded}),
    })  # fmt: skip
    yield from _of(honest.lineage(), {
        "of a zoo of nobody": ("E008 E036", {"id": "evilzoo"}),
        "said by a script": ("E035", {
            "statements__0__source": {"type": "page", "address": "javascript:x", "locator": "x"}}),
    })  # fmt: skip
    family = changed(honest.builders.family(), id="attack")
    new = changed(family, architectures__0__id="attack50", architectures__0__entries=[{"entry": "timm:attack"}])
    yield from _of(family, {"a copy of a family": ("E017", {})})
    yield from _of(new, {
        "the design of nothing": ("E015", {"architectures__0__same_design_as": "nothing"}),
        "the design of itself": ("E015", {"architectures__0__same_design_as": "attack50"}),
        "a paper by a script": ("E035", {"architectures__0__paper__doi": "javascript:alert(1)"}),
        "a paper of the future": ("E022", {"architectures__0__paper__year": 2100}),
        "a title of markup": ("E008", {"architectures__0__title": "<script>alert(1)</script>"}),
        "a title of a template": ("E008", {"architectures__0__title": "{{7*7}}"}),
        "a variant of markup": ("E008", {"architectures__0__entries__0__variant": "<b>"}),
        "a paper that is a formula": ("E008", {"architectures__0__paper__title": "=1+1"}),
        "an entry of nobody": ("E036", {"architectures__0__entries": [{"entry": "evilzoo:a"}]}),
    })  # fmt: skip
