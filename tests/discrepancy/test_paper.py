"""The analysis, compared with what Montes et al. (2022) publish: their Figure 2 and Table 1 from our records."""

from __future__ import annotations

import pytest

from zoodata.dataset.store import Dataset
from zoodata.discrepancy import accuracy, paper
from zoodata.wording.paper import explanation


@pytest.fixture(scope="module")
def dataset():
    return Dataset.open()


FIGURE_2 = {
    "vgg19": 2.62, "inception_v1": 2.57, "googlenet": 2.00, "squeezenet1_1": 1.84, "alexnet": 1.72,
    "resnet152": 1.71, "mobilenet_v3_large": 1.56, "vgg16": 1.32, "squeezenet1_0": 1.24, "resnet50": 1.23,
}  # fmt: skip


def test_the_largest_ranges_are_the_papers_to_a_hundredth(dataset):
    ranked = accuracy.rank(dataset, "top1", "2022")
    assert [r.architecture for r in ranked[:10]] == list(FIGURE_2)
    for each in ranked[:10]:
        assert each.naive.points == pytest.approx(FIGURE_2[each.architecture], abs=0.0051)


def test_counts_of_wide_ranges(dataset):
    top1, top5 = accuracy.rank(dataset, "top1", "2022"), accuracy.rank(dataset, "top5", "2022")
    assert (len(top1), sum(r.naive.points >= 0.9599 for r in top1), sum(r.naive.points > 1 for r in top1)) == (
        35,
        12,
        10,
    )
    assert (len(top5), sum(r.naive.points > 0.94 for r in top5), sum(r.naive.points > 1 for r in top5)) == (32, 6, 5)


# Percent. The two exact ties of the paper's data may be counted for either zoo, so a cell they touch has two values.
TABLE_1 = {
    "torchvision": {"top1": ({48}, {41}), "top5": ({52}, {36})},
    "tf_slim": {"top1": ({40}, {33, 40}), "top5": ({36}, {43, 36})},
    "keras_applications": {"top1": ({37}, {44, 41}), "top5": ({36, 40}, {40, 44})},
    "onnx_model_zoo": {"top1": ({35}, {41}), "top5": ({31}, {44})},
}


@pytest.mark.parametrize("zoo", TABLE_1)
@pytest.mark.parametrize("metric", ["top1", "top5"])
def test_how_often_a_zoo_is_highest_or_lowest(dataset, zoo, metric):
    ends = accuracy.extremes(dataset, metric)[zoo]
    highest, lowest = (round(100 * ends[end][0] / ends[end][1]) for end in ("highest", "lowest"))
    assert highest in TABLE_1[zoo][metric][0]
    assert lowest in TABLE_1[zoo][metric][1]


def test_every_range_names_both_sources(dataset):
    known = {claim.id: claim for claim in dataset.claims}
    for ranked in accuracy.rank(dataset, "top1", "2022"):
        for end in (ranked.naive.highest, ranked.naive.lowest):
            assert known[end.claim].value == end.value
            assert known[end.claim].entry == end.entry
            assert end.source


def test_the_reproduction_beside_the_paper(dataset):
    reproduction = paper.reproduce(dataset)
    assert all(row.agrees for row in (*reproduction.figure_2, *reproduction.counts))
    assert len(reproduction.table_1) == 16
    ties = [row for row in reproduction.table_1 if not row.agrees]
    assert len(ties) <= 3
    assert all("tie" in explanation(row.explanation) for row in ties)
    by_name = {row.what: row for row in reproduction.figure_3}
    assert by_name["ResNet-50 V2"].ours == pytest.approx(1.877, abs=0.001)  # read at 299 and 224 pixels
    assert by_name["ResNet-50"].agrees
    assert "stride" in explanation(by_name["ResNet-50"].explanation)  # the cause, from the diff's record
    assert "kernel 7x7 in torchvision:squeezenet1_0, 3x3 in onnx_model_zoo:squeezenet" in explanation(
        by_name["SqueezeNet 1.0"].explanation
    )
    missing = [row for row in reproduction.figure_3 if row.ours is None]
    assert all(explanation(row.explanation) for row in missing)
