"""The catalogue: names are one architecture's only, and what is mapped together is the same network or explained."""

from __future__ import annotations

import os
from collections import Counter
from itertools import combinations
from pathlib import Path

import pytest
from zoodata_site.views.drawing import part_value

from zoodata.dataset.store import Dataset
from zoodata.environments.folders import lock_of
from zoodata.records import entry_zoo
from zoodata.wording.findings import sentence


@pytest.fixture(scope="module")
def dataset():
    return Dataset.open()


def test_at_least_450_architectures_are_in_two_zoos(dataset):
    zoos = [{entry_zoo(item.entry) for item in a.entries} for a in dataset.architectures.values()]
    # The exports of one zoo's models by another project are no second opinion.
    assert sum(len(names - {"onnx_turnkey"}) > 1 for names in zoos) >= 450


def test_an_entry_is_of_one_architecture(dataset):
    entries = Counter(item.entry for a in dataset.architectures.values() for item in a.entries)
    assert [name for name, times in entries.items() if times > 1] == []
    ids = Counter(a.id for family in dataset.families for a in family.architectures)
    assert [name for name, times in ids.items() if times > 1] == []


def test_deit_is_not_vit_although_it_is_the_same_design(dataset):
    """A regular expression over names merges them; their training is what sets them apart."""
    for size in ("ti", "s", "b"):
        deit, vit = dataset.architectures[f"deit_{size}_16"], dataset.architectures[f"vit_{size}_16"]
        assert deit.same_design_as == vit.id
        assert not {item.entry for item in deit.entries} & {item.entry for item in vit.entries}


def test_the_two_strides_of_resnet_are_told_apart(dataset):
    variants = {item.entry: item.variant for item in dataset.architectures["resnet50"].entries}
    assert variants["torchvision:resnet50"] == variants["timm:resnet50"] == "V1.5"
    assert variants["keras_applications:ResNet50"] == "V1"


def test_networks_mapped_together_are_equal_or_the_difference_is_on_record(dataset):
    """Every compared pair of one architecture: one digest, or findings that say what differs."""
    unexplained = []
    for (a, b), record in dataset.comparisons.items():
        if record.result is None or record.architecture not in dataset.architectures:
            continue
        same = record.result.digest_a == record.result.digest_b
        if not same and not record.result.findings:
            unexplained.append((a, b))
        for entry, digest in ((a, record.result.digest_a), (b, record.result.digest_b)):
            measured = dataset.architecture_outcomes.get(entry)
            if measured is not None and measured.result is not None and measured.result.digest != digest:
                unexplained.append((entry, "another digest than its count"))
    assert unexplained == []


def test_most_mappings_across_zoos_are_one_set_of_tensors(dataset):
    """A mapping that was wrong would show as a structural difference: there are few, and each has its reason."""
    verdicts = {
        (record.a, record.b): record.result
        for record in dataset.comparisons.values()
        if record.result is not None and entry_zoo(record.a) != entry_zoo(record.b)
    }
    structural = {pair: result for pair, result in verdicts.items() if result.verdict == "structural"}
    assert len(structural) < 0.45 * len(verdicts)
    for pair, result in structural.items():
        reasons = [sentence(finding) for finding in result.findings if finding.severity == "structural"]
        assert reasons, pair


EXCEPTIONS = Path(__file__).parent / "golden" / "exceptions.txt"
"""Every two entries of one architecture whose networks are not one, with the gravest reason. CATALOGUE_EXCEPTIONS=write
writes it anew; what changed is then to be looked at."""


def exceptions(dataset):
    """A line for each pair whose digests differ; the reason is what the diff found, without its numbers of places."""
    for name, architecture in dataset.architectures.items():
        counted = {
            item.entry: outcome.result.digest
            for item in architecture.entries
            if (outcome := dataset.architecture_outcomes.get(item.entry)) is not None and outcome.result is not None
        }
        for a, b in combinations(sorted(counted), 2):
            if counted[a] == counted[b] or any(lock_of(entry_zoo(entry), None) is not None for entry in (a, b)):
                continue  # zoos with environments of their own are compared by whoever adds them
            record = dataset.comparisons.get((a, b)) or dataset.comparisons.get((b, a))
            record = record or dataset.comparisons_by_digests.get(frozenset((counted[a], counted[b])))
            if record is None or record.result is None:
                yield f"{name}: {a} {b}: NOT COMPARED"
                continue
            worst = record.result.findings[0]
            proof = record.result.proof.status if record.result.proof else "not proved"
            where = worst.attribute or worst.operator
            sides = ((worst.a, worst.part_a), (worst.b, worst.part_b))
            one, other = (part_value(part) if part else value for value, part in sides)
            yield f"{name}: {a} {b}: {worst.severity}, {proof}: {worst.kind} {where} {one} {other}"[:200]


def test_every_mapping_whose_networks_differ_is_listed_with_its_reason(dataset):
    """A new pair, or another reason for an old one, has to be looked at before it goes into the list."""
    result = sorted(exceptions(dataset))
    if os.environ.get("CATALOGUE_EXCEPTIONS") == "write":
        EXCEPTIONS.parent.mkdir(exist_ok=True)
        EXCEPTIONS.write_text("\n".join(result) + "\n", encoding="utf-8")
    assert not [line for line in result if "NOT COMPARED" in line]
    assert result == EXCEPTIONS.read_text(encoding="utf-8").splitlines()
