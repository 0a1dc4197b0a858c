"""The curated table: provenance survives, what is stated and what is inferred stay apart, nothing is dropped."""

from __future__ import annotations

import contextlib
import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoodata.collectors import table
from zoodata.records.base import parse_entry

ROW = dict.fromkeys(table.COLUMNS, "") | {
    "zoo": "paddleclas",
    "zoo_group": "paddleclas",
    "zoo_version_or_commit": "d178931fca43",
    "model_id": "ResNet34_vd",
    "weights_id": "ResNet34_vd.pdparams",
    "top1": "75.98",
    "params_m": "21.84",
    "compute_g": "3.93",
    "compute_stated_as": "FLOPs(G)",
    "input_px_used": "224",
    "input_px_inferred": "1",
    "train_class": "in1k-supervised",
    "precision": "fp32",
    "eval_n": "50000.0",
    "source": "PaddlePaddle/PaddleClas@d178931fca432204e6b7422bac4f92e09ff22fa4:docs/README.md#L92",
}


def written(tmp_path, *rows):
    path = tmp_path / "claims.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, table.COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_a_row_becomes_a_claim_for_each_number(tmp_path):
    (collection,) = table.collections(written(tmp_path, ROW), "2026-11-24")
    assert collection.id == "paddleclas-d178931fca43-table"
    claims = {claim.metric: claim for claim in collection.claims}
    assert {metric: (c.stated, c.stated_unit, c.value) for metric, c in claims.items()} == {
        "top1": ("75.98", "percent", 75.98),
        "parameters": ("21.84", "million", 21_840_000.0),
        "macs": ("3.93", "GFLOPs", 3_930_000_000.0),
    }
    top1 = claims["top1"]
    assert top1.entry == "paddleclas:ResNet34_vd@ResNet34_vd.pdparams"
    assert (top1.source.repository, top1.source.path, top1.source.line) == (
        "PaddlePaddle/PaddleClas", "docs/README.md", 92
    )  # fmt: skip
    assert top1.conditions.input_size is None  # the source states none
    assert top1.inferred.input_size == 224


def test_a_stated_size_is_a_condition(tmp_path):
    row = ROW | {"input_px": "256.0", "input_px_used": "256", "input_px_inferred": "0"}
    (collection,) = table.collections(written(tmp_path, row), "2026-11-24")
    assert collection.claims[0].conditions.input_size == 256
    assert collection.claims[0].inferred.input_size is None


def test_an_error_column_is_stated_as_error(tmp_path):
    (collection,) = table.collections(
        written(tmp_path, ROW | {"notes": "source columns are ERROR; converted 100-x"}), "2026-11-24"
    )
    top1 = collection.claims[0]
    assert (top1.stated, top1.stated_unit, top1.value) == ("24.02", "percent error", 75.98)


def test_what_brings_no_claim_is_listed_with_its_reason(tmp_path):
    nothing = ROW | {"top1": "", "params_m": "", "compute_g": "", "model_id": "bare"}
    broken = ROW | {"top1": "high"}
    beyond = ROW | {"top1": "175.98"}
    nowhere = ROW | {"source": ""}
    (collection,) = table.collections(written(tmp_path, ROW, ROW, nothing, broken, beyond, nowhere), "2026-11-24")
    assert len(collection.claims) == 3
    assert [(left.locator.partition(":")[0], left.reason) for left in collection.left_out] == [
        ("claims.csv line 3", "says word for word what another row says"),
        ("claims.csv line 4", "states no number"),
        ("claims.csv line 5", "'high' is no number"),
        ("claims.csv line 6", ": is 175.98 percent"),
        ("claims.csv line 7", "names no source"),
    ]


def test_a_table_without_its_columns_is_refused(tmp_path):
    path = tmp_path / "other.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(table.NotAClaimTable, match="lacks the columns zoo"):
        table.collections(path, "2026-11-24")


@pytest.mark.parametrize(
    ("zoo", "model", "weights", "entry"),
    [
        ("timm", "resnet50.a1_in1k", "a1_in1k", "timm:resnet50@a1_in1k"),
        ("torchvision", "alexnet", "AlexNet_Weights.IMAGENET1K_V1", "torchvision:alexnet@IMAGENET1K_V1"),
        ("onnx-modelzoo", "AlexNet", "bvlcalexnet-12.onnx", "onnx_model_zoo:bvlcalexnet-12"),
        ("tf-slim", "ResNet V1 50", "resnet_v1_50_2016_08_28.tar.gz", "tf_slim:resnet_v1_50@resnet_v1_50_2016_08_28"),
        ("keras-applications", "ResNet50", "", "keras_applications:ResNet50"),
    ],
)
def test_names_are_the_zoos_own(zoo, model, weights, entry):
    assert table.entry_of(ROW | {"zoo": zoo, "zoo_group": zoo, "model_id": model, "weights_id": weights}) == entry


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_name_becomes_an_entry(model, weights):
    parse_entry(table.entry_of(ROW | {"model_id": model, "weights_id": weights}))


@given(st.text(max_size=300))
def test_any_source_is_kept_or_refused_in_words(text):
    with contextlib.suppress(ValueError):
        assert table.source_of(text).type in ("repository", "package", "page")


@pytest.mark.parametrize(
    ("words", "unit", "times"),
    [
        ("MFLOPs (are MMACs)", "MFLOPs", 1000),
        ("MACs(M)", "MMACs", 1000),
        ("FLOPs/2 (M), i.e. MACs", "MFLOPs/2", 1000),
        ("FLOPs (metafile)", "FLOPs", 10**9),
        ("FLOPs(G)", "GFLOPs", 1),
        ("FLOPs(B) (are MACs)", "GFLOPs", 1),
        ("GFLOPS (docs table header; value is MACs)", "GFLOPS", 1),
        ("flops (B) (are MACs)", "G flops", 1),
    ],
)
def test_a_cost_keeps_the_unit_of_its_source(words, unit, times):
    assert table._cost_unit(words) == (unit, times)
