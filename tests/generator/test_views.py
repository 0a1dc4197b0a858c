"""Views: causes, drawings of differences, names, what zoos said then and now."""

from __future__ import annotations

import re
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zoodata_site import render, views
from zoodata_site.charts import blocks
from zoodata_site.views.causes import brief
from zoodata_site.views.drawing import blocks_of, plain_value
from zoodata_site.views.figures import dispute_url, record_anchor, search_key

from tests import builders
from tests.generator import small
from zoodata.dataset.tables import as_read
from zoodata.discrepancy.authors import nearest
from zoodata.discrepancy.networks import sides
from zoodata.records import Preprocessing
from zoodata.records.catalogue import Reference
from zoodata.records.comparison import FindingKind, FindingPlace, FindingRecord, Part
from zoodata.records.latency import Session
from zoodata.wording.authors import basis
from zoodata.wording.findings import sentence


@pytest.fixture
def site(tmp_path):
    return views.make(small.write(tmp_path, small.records()))


def test_causes_are_told_from_records(site):
    latency = site.headlines["latency"][0]
    assert "Not split" in latency.cause
    architecture = site.headlines["architecture"][0]
    assert "stride: 2 in Torchvision, 1 in timm (0.655 against 0.424 GMAC in these layers)" in architecture.cause


def test_what_no_record_explains_is_said_to_be_unknown(tmp_path):
    records = [record for record in small.records() if record.kind != "comparison"]
    site = views.make(small.write(tmp_path, records))
    assert site.headlines["architecture"][0].cause == "Not known: these two networks were not compared."


def test_a_single_session_is_no_verdict_on_the_front_page(tmp_path):
    kept = [record for record in small.records() if record.kind != "latency"]
    alone = builders.latency(sessions=(Session(rounds=20, observed=()),))
    for run, note in ((alone, "one session"), (builders.latency(), "timm over Torchvision")):
        (row,) = views.make(small.write(tmp_path / run.id, [*kept, run])).rows
        assert row.latency_note.endswith(note)


def test_every_record_that_a_page_rests_on_is_named_with_its_command(site):
    view = site.architectures[0]
    commands = {evidence.anchor: evidence.command for evidence in view.evidence}
    assert len(commands) == len(view.evidence)
    for entry in view.entries:
        if entry.macs:
            assert commands[entry.macs.href.lstrip("#")] == f"zoodata bench architecture {entry.entry} --force"
    assert any(command.startswith("zoodata bench latency torchvision:resnet50 timm:") for command in commands.values())


@pytest.mark.parametrize("name", ["ResNet50", "resnet_50", "ResNet-50", "RESNET 50"])
def test_names_are_compared_without_their_dress(name):
    assert search_key(name) == "resnet50"


@pytest.mark.parametrize(
    ("path", "anchor"),
    [
        ("measurements/architecture/timm/a.b_c.0123456789abcdef.json", "record-0123456789abcdef"),
        ("measurements/latency/resnet50/0123456789abcdef.json", "record-0123456789abcdef"),
    ],
)
def test_a_record_s_anchor_is_its_hash(path, anchor):
    assert record_anchor(path) == anchor


def test_a_dispute_s_address_is_bounded():
    assert len(dispute_url("p", "w" * 5000, "e" * 5000)) < 1200


def change(**values):
    known = {
        "kind": "changed", "severity": "parametric", "operator": "convolution", "attribute": "stride", "a": [1, 1],
        "b": [2, 2], "places": (FindingPlace(a="layer1.2.conv2", b="block1/unit_3/conv2"),),
    }  # fmt: skip
    return FindingRecord(**(known | values))


def test_layers_of_one_block_are_drawn_together_and_equal_blocks_once():
    places = tuple(FindingPlace(a=f"layer{n}.2.conv2", b=f"block{n}/conv2") for n in (1, 2, 3))
    pools = tuple(FindingPlace(a=f"layer{n}.2.pool", b=None) for n in (1, 2, 3))
    result = blocks_of([
        change(places=places),
        change(kind="removed", operator="max_pool", attribute=None, a=None, b=None,
               part_a=Part(operators=("max_pool",)), places=pools),
    ])  # fmt: skip
    assert len(result) == 1
    assert result[0].more == 2
    stride, pool = result[0].steps
    assert (stride.a.says, stride.b.says) == ("convolution, stride 1", "convolution, stride 2")
    assert (pool.a.says, pool.b) == ("max pool", None)
    drawing = str(blocks(result, "torchvision:resnet50", "tf_slim:resnet_v1_50"))
    assert "and 2 more like it" in drawing
    assert "nothing here" in drawing


def test_what_has_no_effect_is_drawn_only_where_nothing_has():
    benign = change(severity="benign", attribute="bias", a=None, b=True)
    assert blocks_of([benign])[0].steps[0].a.says == "convolution without bias"
    assert len(blocks_of([benign, change()])[0].steps) == 1
    assert blocks_of([change(kind="preprocessing")]) == ()


@pytest.mark.parametrize(
    ("value", "text"),
    [([2, 2], "2"), ([[1, 1], [1, 1]], "1"), ([[0, 1], [0, 2]], "top 0, bottom 1, left 0, right 2"), (1e-3, "0.001"),
     ([[0, 1], [0, 1]], "0 before, 1 after"),
     ([3, 5], "3×5"), ("relu", "relu"), ([], "")],
)  # fmt: skip
def test_attributes_in_few_characters(value, text):
    assert plain_value(value) == text


plain = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 9) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=6,
)
parts = st.none() | st.builds(
    Part, operators=st.lists(st.sampled_from(["relu", "max_pool"]), min_size=1, max_size=8).map(tuple),
    more=st.integers(0, 3),
)  # fmt: skip


@given(a=plain, b=plain, parts=st.tuples(parts, parts), kind=st.sampled_from(get_args(FindingKind)),
       attribute=st.sampled_from(["padding", "stride", "part", "arguments", "view", "order", "inputs", "x table"]),
       names=st.tuples(st.none() | st.text("ab./_", max_size=6), st.none() | st.text("ab./_", max_size=6)))  # fmt: skip
def test_any_finding_can_be_drawn_and_worded(a, b, parts, kind, attribute, names):
    finding = FindingRecord.model_construct(
        kind=kind, severity="structural", operator="x", attribute=attribute, a=a, b=b, part_a=parts[0], part_b=parts[1],
        places=(FindingPlace.model_construct(a=names[0], b=names[1]),),
    )  # fmt: skip
    finding = finding.model_copy(update={"reason": None, "macs": None, "misfit": None})
    if kind not in ("preprocessing", "input"):  # which have no place
        assert "<svg" in str(blocks(blocks_of([finding]), "a", "b"))
    assert sentence(finding)


def test_others_are_compared_with_the_authors_own(tmp_path):
    dataset = small.write(tmp_path, small.records())
    architecture = dataset.architectures["resnet50"].model_copy(
        update={"reference": Reference(entry="torchvision:resnet50", source="the paper")}
    )
    result = nearest(dataset, architecture)
    assert (result.entry, result.top1) == ("torchvision:resnet50", 76.13)
    assert [(other.entry, other.verdict) for other in result.others] == [
        ("timm:resnet50", "parametric"), ("onnx_model_zoo:resnet50-v1-7", None),
    ]  # fmt: skip
    assert result.others[0].points == pytest.approx(2.37)
    assert "stride 2 in torchvision:resnet50, 1 in timm:resnet50" in basis(result.others[0].basis)
    assert nearest(dataset, dataset.architectures["resnet50"]) is None


def test_what_replicates_the_authors_network_is_called_so(tmp_path):
    reference = Reference(entry="torchvision:resnet50", source="its readme", by="replication")
    (family,) = (record for record in small.records() if record.kind == "family")
    (architecture,) = family.architectures
    changed = family.model_copy(update={"architectures": (architecture.model_copy(update={"reference": reference}),)})
    records = [changed if record.kind == "family" else record for record in small.records()]
    page = dict(render.pages(views.make(small.write(tmp_path, records))))["architectures/resnet50.md"]
    assert "is a replication of it, as its makers state (its readme), who claim a top-1" in page
    assert "The paper's authors publish" not in page


@pytest.mark.parametrize("kind", get_args(FindingKind))
@pytest.mark.parametrize(
    ("a", "b"), [(1, 2), (None, True), ("nothing", "* 2"), ("* 2", "nothing"), ([3, 4, 4], [3, 5, 5])]
)
def test_a_difference_names_its_sides(kind, a, b):
    finding = change(kind=kind, a=a, b=b, part_a=Part(operators=("relu",)))
    said = f" {sentence(finding, ('Keras', 'timm'))} {brief(finding, 'Keras', 'timm')} "
    assert not re.search(r"\b[ab] (has|does|reads|goes)\b|\bin [ab]\b", said), said
    if kind == "preprocessing" and "nothing" in (a, b):
        assert f"{'timm' if a == 'nothing' else 'Keras'} rescales the image inside its network" in said


def test_networks_of_other_entries_keep_their_sides(tmp_path):
    """A comparison holds for all entries with its networks: which of two asked for is its a, their digests tell."""
    one, other = "torchvision:resnet50", "timm:resnet50"
    counted = [builders.architecture(one), builders.architecture(other, result=builders.result(digest="b" * 64))]
    kept = [record for record in small.records() if record.kind != "architecture"]
    dataset = small.write(tmp_path, [*kept, *counted])
    (record,) = dataset.comparisons.values()
    assert sides(dataset, record, one, other) == sides(dataset, record, other, one) == (record.a, record.b)
    for digest, expected in ((counted[0].result.digest, (one, other)), ("b" * 64, (other, one))):
        result = record.result.model_copy(update={"digest_a": digest})
        stranger = record.model_copy(update={"a": "cadene:x", "b": "cadene:y", "result": result})
        assert sides(dataset, stranger, one, other) == sides(dataset, stranger, other, one) == expected


def test_then_and_now_is_about_the_paper_s_zoos(tmp_path):
    claims = (builders.claim(value=76.13), builders.claim("timm:resnet50", 80.0))
    then = builders.collection(*claims, name="montes-2022")
    now = builders.collection(builders.claim(value=80.86), builders.claim(value=77.0), name="torchvision-9")
    dataset = small.write(tmp_path, [builders.family(), then, now])
    rows = views.make(dataset).architectures[0].history
    assert {(row.zoo, row.then, row.now) for row in rows} == {
        ("torchvision", "76.13 %", "77 % to 80.86 %"),
        ("timm", "80 %", ""),
    }


def test_an_interpolation_that_the_entry_s_own_code_contradicts_is_unknown(tmp_path):
    """Where weights are named, the code's may be that of others."""
    declared = Preprocessing(resize=256, interpolation="bicubic", layout="NCHW", source="its code")
    counted = builders.architecture("timm:resnet50", result=builders.result(preprocessing=declared))
    dataset = small.write(tmp_path, [builders.environment(), builders.family(), counted])
    for entry, stated, expected in (
        ("timm:resnet50", "bilinear", None),
        ("timm:resnet50", "bicubic", "bicubic"),
        ("timm:resnet50@other", "bilinear", "bilinear"),
        ("torchvision:resnet50", "bilinear", "bilinear"),
    ):
        claim = builders.claim(entry)
        claim = claim.model_copy(update={"conditions": claim.conditions.model_copy(update={"interpolation": stated})})
        assert as_read(dataset, claim).conditions.interpolation == expected
