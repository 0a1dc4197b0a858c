"""Which claims are comparable: each rule, alone; and what each kind of range is of."""

from __future__ import annotations

import pandas as pd
import pytest

from tests import builders
from zoodata.dataset import store
from zoodata.dataset.store import Dataset
from zoodata.discrepancy import accuracy, checkpoints
from zoodata.discrepancy.comparable import networks, obstacle, obstacle_between_checkpoints
from zoodata.records.claim import ClaimConditions, Inferred, PageSource
from zoodata.records.lineage import LineageStatement, TrainingStatement
from zoodata.records.verification import Check

CLEAN = {
    "borrowed": False, "value": 76.0, "training": "supervised", "distilled": False, "precision": "fp32",
    "evaluation_images": 50_000, "input_size": 224, "inferred_input_size": None, "variant": None,
    "verification": "verified", "origin": "own",
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({}, None),
        ({"evaluation_images": None, "precision": None}, None),
        ({"precision": "amp"}, None),
        ({"verification": "other_line"}, None),
        ({"verification": "restated"}, None),
        ({"borrowed": True}, "borrowed"),
        ({"origin": "third_party"}, "third_party"),
        ({"value": 0.98}, "not_working"),
        ({"verification": None}, "not_verified"),
        ({"verification": "not_at_hand"}, "not_verified"),
        ({"verification": "not_there"}, "not_verified"),
        ({"precision": "int8"}, "not_floating_point"),
        ({"evaluation_images": 1000}, "partial_validation_set"),
        ({"input_size": None}, "size_not_stated"),
        ({"input_size": None, "inferred_input_size": 224}, "size_not_stated"),
        ({"training": "unknown"}, None),  # of one checkpoint it does not matter
        ({"origin": None}, None),
    ],
)
def test_what_stands_against_a_claim(change, reason):
    assert obstacle(pd.Series(CLEAN | change, dtype=object)) == reason


@pytest.mark.parametrize(
    ("change", "network", "reason"),
    [
        ({}, "n", None),
        ({}, None, "network_unknown"),
        ({"origin": None}, "n", "lineage_unknown"),
        ({"origin": "converted", "copy_of": None}, "n", "lineage_unknown"),
        ({"origin": "converted", "copy_of": "somebody's"}, "n", None),
        ({"training": None}, "n", "training_unknown"),
        ({"training": "unknown"}, "n", "training_unknown"),
        ({"training": "pretrained"}, "n", "more_than_labels"),
        ({"training": "adversarial"}, "n", "more_than_labels"),
        ({"distilled": True}, "n", "more_than_labels"),
        ({"borrowed": True}, "n", "borrowed"),
    ],
)
def test_what_stands_against_a_claim_beside_other_checkpoints(change, network, reason):
    assert obstacle_between_checkpoints(CLEAN | change, network) == reason


def claim(entry, value, size=224, training="supervised", conditions=None, **more):
    return builders.claim(
        entry, value, conditions=ClaimConditions(input_size=size, **(conditions or {})),
        inferred=Inferred(training=training), **more,
    )  # fmt: skip


def dataset_of(tmp_path, *claims, checks=(), lineages=(), records=(), verified=True):
    collection = builders.collection(*claims)
    made = [builders.family(), collection, *lineages, *records]
    if verified:
        made.append(builders.verification(collection, *checks))
    for record in made:
        store.write(record, tmp_path)
    return Dataset.open(packaged=tmp_path)


SAME = (
    builders.architecture("torchvision:resnet50", result=builders.result(digest="d" * 64)),
    builders.architecture("timm:resnet50", result=builders.result(digest="d" * 64)),
    builders.environment(),
)
"""Two entries whose networks have one digest."""

OWN = (builders.lineage("torchvision"), builders.lineage("timm"))


def ranked(dataset):
    (only,) = accuracy.rank(dataset, group="today")
    return only


def test_one_checkpoint_with_two_numbers_is_a_discrepancy(tmp_path):
    stated = {"crop_fraction": 0.875, "resize": 256, "interpolation": "bilinear", "precision": "fp32"}
    file = "resnet50-0676ba61.pth"
    mine = claim("torchvision:resnet50@a", 76.13, conditions=stated, checkpoint=f"https://x.y/{file}")
    alike = claim("timm:resnet50@b", 76.5, conditions=stated, checkpoint=file)
    found = ranked(dataset_of(tmp_path, mine, alike)).checkpoint
    assert (found.kind, found.points, found.protocol, found.input_size) == ("checkpoint", 0.37, "same", 224)
    other = claim("timm:resnet50@b", 76.5, conditions={**stated, "interpolation": "bicubic"}, checkpoint=file)
    assert ranked(dataset_of(tmp_path / "b", mine, other)).checkpoint.protocol == "differs"
    silent = claim("timm:resnet50@b", 76.5, checkpoint=file)
    assert ranked(dataset_of(tmp_path / "c", mine, silent)).checkpoint.protocol == "unknown"


@pytest.mark.parametrize(
    "spoilt",
    [
        {"size": 288},  # another size
        {"training": "pretrained"},  # a note that names another file
        {"checkpoint": "resnet50-11111a11.pth"},
        {"checkpoint": "resnet50_20220825.pth"},  # a date is no hash
    ],
)
def test_what_is_not_one_checkpoint(tmp_path, spoilt):
    mine = claim("torchvision:resnet50@a", 76.13, checkpoint="https://x.y/resnet50-0676ba61.pth")
    other = claim("timm:resnet50@b", 76.5, **({"checkpoint": "resnet50-0676ba61.pth"} | spoilt))
    assert ranked(dataset_of(tmp_path, mine, other)).checkpoint is None


def test_a_conversion_is_its_origins_checkpoint_and_not_independent(tmp_path):
    copied = LineageStatement(
        entries=("timm:resnet50@tv*",), origin="converted", of="resnet50-0676ba61.pth",
        source=PageSource(address="docs", locator="x"),
    )  # fmt: skip
    mine = claim("torchvision:resnet50@a", 76.13, checkpoint="https://x.y/resnet50-0676ba61.pth")
    theirs = claim("timm:resnet50@tv_in1k", 76.5)
    lineages = (builders.lineage("torchvision"), builders.lineage("timm", copied))
    found = ranked(dataset_of(tmp_path, mine, theirs, lineages=lineages, records=SAME))
    assert found.checkpoint.points == 0.37
    assert found.choice is None


def test_one_network_trained_differently_is_a_choice_and_no_headline(tmp_path):
    claims = (
        claim("torchvision:resnet50@a", 76.0), claim("timm:resnet50@b", 77.0), claim("timm:resnet50@c", 79.0, 288),
        claim("timm:resnet50@d", 84.0, training="pretrained"), claim("torchvision:resnet50@e", 80.8, 256),
    )  # fmt: skip
    found = ranked(dataset_of(tmp_path, *claims, lineages=OWN, records=SAME))
    assert (found.naive.points, found.naive.claims) == (8.0, 5)
    assert found.comparable is None
    assert (found.choice.points, found.choice.input_size, found.choice.kind) == (1.0, 224, "training")
    assert (found.choice.highest.entry, found.choice.lowest.entry) == ("timm:resnet50@b", "torchvision:resnet50@a")
    assert found.left_out == {"more_than_labels": 1}
    assert found.shown is found.naive


def test_one_documented_recipe_trained_twice_is_a_discrepancy(tmp_path):
    def trained(zoo):
        statement = LineageStatement(
            entries=(f"{zoo}:*",), origin="own", recipe="deit", source=PageSource(address="docs", locator="x")
        )
        return builders.lineage(zoo, statement)

    claims = claim("torchvision:resnet50@a", 76.0), claim("timm:resnet50@b", 77.0)
    lineages = trained("torchvision"), trained("timm")
    found = ranked(dataset_of(tmp_path, *claims, lineages=lineages, records=SAME))
    assert (found.recipe.points, found.comparable.kind) == (1.0, "recipe")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"records": ()}, "network_unknown"),
        ({"lineages": ()}, "lineage_unknown"),
        ({"verified": False}, "not_verified"),
    ],
)
def test_unknown_compares_with_nothing(tmp_path, change, reason):
    claims = claim("torchvision:resnet50@a", 76.0), claim("timm:resnet50@b", 77.0)
    found = ranked(dataset_of(tmp_path, *claims, **({"lineages": OWN, "records": SAME} | change)))
    assert found.choice is found.comparable is None
    assert found.left_out == {reason: 2}


def test_a_stated_training_counts_against_what_a_claim_was_taken_to_say(tmp_path):
    claims = claim("torchvision:resnet50@a", 76.0), claim("timm:resnet50@seer_ft", 77.0)
    self_supervised = TrainingStatement(
        entries=("timm:*@seer*",), training="self_supervised", source=PageSource(address="docs", locator="x")
    )
    timm = builders.lineage("timm").model_copy(update={"trainings": (self_supervised,)})
    found = ranked(dataset_of(tmp_path, *claims, lineages=(OWN[0], timm), records=SAME))
    assert found.choice is None
    assert found.left_out == {"more_than_labels": 1}


def test_a_claim_that_its_place_does_not_state_takes_no_part(tmp_path):
    claims = claim("torchvision:resnet50@a", 76.0), claim("timm:resnet50@b", 77.0)
    wrong = Check(claim=claims[1].id, outcome="not_there")
    found = ranked(dataset_of(tmp_path, *claims, checks=(wrong,), lineages=OWN, records=SAME))
    assert found.choice is None
    assert found.left_out == {"not_verified": 1}


def test_a_verification_of_other_claims_says_nothing(tmp_path):
    claims = claim("torchvision:resnet50@a", 76.0), claim("timm:resnet50@b", 77.0)
    stale = builders.verification(builders.collection(claims[0]))
    dataset = dataset_of(tmp_path, *claims, lineages=OWN, records=(*SAME, stale), verified=False)
    assert dataset.verifications == {}
    assert ranked(dataset).left_out == {"not_verified": 2}


def test_entries_are_one_network_by_digest_or_by_comparison(tmp_path):
    dataset = dataset_of(tmp_path, claim("torchvision:resnet50@a", 76.0), records=SAME)
    assert networks(dataset).of("torchvision:resnet50@a") == networks(dataset).of("timm:resnet50") is not None
    assert networks(dataset).of("onnx_model_zoo:resnet50-v1-7") is None


def test_files_that_everybody_has_are_no_mark():
    base = {"checkpoint": None, "checksum": None, "copy_of": None}
    assert checkpoints.marks(base | {"checkpoint": "https://x.y/model.pth"}) == set()
    assert checkpoints.marks(base | {"checkpoint": "https://x.y/swin_tiny_patch4_window7_224.pth"})
    assert checkpoints.marks(base | {"checkpoint": "Caffe"}) == set()


def test_on_the_real_dataset_no_range_is_wider_than_its_naive_one():
    found = accuracy.rank(Dataset.open(), "top1", "today")
    marks = [each.comparable is None for each in found]
    assert marks == sorted(marks)
    assert sum(each.checkpoint is not None for each in found) > 80
    assert all(each.comparable.points <= each.naive.points for each in found if each.comparable)
