"""Which entries are one network, and how the others differ: groups and the matrix."""

from __future__ import annotations

from zoodata_site.views.compatibility import compatibility
from zoodata_site.views.entries import EntryView

from zoodata.discrepancy.networks import ComparedPair


def entry(name, digest):
    return EntryView(name, name.partition(":")[0], name.partition(":")[0], None, None, digest=digest)


def pair(a, b, verdict):
    return ComparedPair(a, b, f"{a}{b}".ljust(12, "0"), verdict, (), None, "measurements/x.json")


ENTRIES = [entry("torchvision:r", "1"), entry("keras_applications:r", "2"), entry("timm:r", "1"),
           entry("tf_slim:r", "3"),
           entry("onnx_model_zoo:r", None)]  # fmt: skip
PAIRS = [
    pair("timm:r", "keras_applications:r", "parametric"),
    pair("torchvision:r", "keras_applications:r", "structural"),
    pair("keras_applications:r", "tf_slim:r", "benign"),
]


def test_equal_digests_and_benign_pairs_join_and_the_uncounted_is_left_out():
    found = compatibility(ENTRIES, PAIRS)
    names = [{entry.entry for entry in group.entries} for group in found.groups]
    assert names == [{"torchvision:r", "timm:r"}, {"keras_applications:r", "tf_slim:r"}]
    assert found.zoos == 4


def test_a_group_is_compared_with_the_first_by_its_nearest_pair():
    first, second = compatibility(ENTRIES, PAIRS).groups
    assert first.verdict is None
    assert second.verdict == "parametric"
    assert second.href == "#pair-timm:rkera"


def test_the_matrix_has_each_pair_twice_and_dashes_where_nothing_is_known():
    found = compatibility(ENTRIES, PAIRS)
    place = {entry.entry: number for number, entry in enumerate(found.entries)}
    for a, b in (("timm:r", "keras_applications:r"), ("keras_applications:r", "timm:r")):
        cell = found.rows[place[a]][place[b]]
        assert cell is not None and cell.verdict == "parametric"
    same = found.rows[place["torchvision:r"]][place["timm:r"]]
    assert same is not None and (same.verdict, same.href) == ("identical", "")
    assert found.rows[place["torchvision:r"]][place["tf_slim:r"]] is None
    assert all(row[number] is None for number, row in enumerate(found.rows))
