"""Charts: what a drawing says in words, and that it is a drawing."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from zoodata_site.charts import Dot, Factored, factors, matrix, scatter, standalone, waterfall

STEPS = [("runtime of a", 0.0), ("architecture", -53.25), ('<script>"&', 38.0)]


def test_a_waterfall_is_an_svg_that_says_its_steps_in_words():
    drawing = ElementTree.fromstring(standalone(waterfall("From a to b", 55.25, STEPS, 40.0)))
    assert drawing.tag.endswith("svg")
    said = drawing.get("aria-label")
    assert "From 55.25 to 40.00 percent" in said
    assert '<script>"& +38.00' in said
    texts = [node.text for node in drawing.iter() if node.tag.endswith("text")]
    assert "-53.25" in texts
    assert {"55.25", "40.00"} <= set(texts)


def test_each_bar_begins_where_the_last_one_ended():
    drawing = ElementTree.fromstring(standalone(waterfall("t", 10.0, [("x", 5.0), ("y", -8.0)], 7.0)))
    start, up, down, end = (
        sorted((float(node.get("x1")), float(node.get("x2"))))
        for node in drawing.iter()
        if node.get("class") == "zd-step"
    )
    assert up[0] == start[0]
    assert down[1] == up[1]
    assert end[0] == down[0]


@pytest.mark.parametrize("points", [[(4.1, 76.0)], [(0.05, 20.0), (80.0, 91.0)], [(1e-5, 50.0), (1e5, 50.0)]])
def test_every_dot_lies_inside_the_axes(points):
    dots = [Dot(x, y, "timm", "<i>", "#") for x, y in points]
    drawing = ElementTree.fromstring(standalone(scatter(dots, "t", "d", "x", "y")))
    width, height = (float(part) for part in drawing.get("viewBox").split()[2:])
    circles = [node for node in drawing.iter() if node.tag.endswith("circle")]
    assert len(circles) == len(points)
    for circle in circles:
        if all(1e-4 <= x <= 5e6 for x, _ in points):
            assert 0 < float(circle.get("cx")) < width
        assert 0 < float(circle.get("cy")) < height
    assert scatter([], "t", "d", "x", "y") == ""


def test_a_matrix_writes_in_each_cell_what_its_shade_says():
    drawing = ElementTree.fromstring(
        standalone(matrix([("A & B", "#", [0.0, 1.0, None])], ["x", "y z", "w"], "t", "d"))
    )
    texts = [node.text for node in drawing.iter() if node.tag.endswith("text")]
    assert {"0 %", "100 %", "–", "A & B", "y", "z"} <= set(texts)
    shades = [node.get("class") for node in drawing.iter() if node.tag.endswith("rect")]
    assert shades == ["zd-cell zd-cell-0", "zd-cell zd-cell-4", "zd-cell zd-cell-none"]
    assert matrix([], ["x"], "t", "d") == ""


def test_counts_are_written_as_they_are_and_shaded_by_their_logarithm():
    drawing = ElementTree.fromstring(standalone(matrix([("A", "#", [0, 1, 300])], ["x", "y", "w"], "t", "d", True)))
    texts = [node.text for node in drawing.iter() if node.tag.endswith("text")]
    assert {"–", "1", "300"} <= set(texts)
    shades = [node.get("class") for node in drawing.iter() if node.tag.endswith("rect")]
    assert shades == ["zd-cell zd-cell-none", "zd-cell zd-cell-0", "zd-cell zd-cell-4"]


def test_the_bars_of_two_factors_join_and_end_in_the_dot():
    rows = [
        Factored("slow <i>", "#split", "timm", 0.8, 2.0),
        Factored("fast", "#split", "keras_applications", 1.0, 0.5),
    ]
    drawing = ElementTree.fromstring(standalone(factors(rows, ("networks", "frameworks"), "t", "d", "u")))
    assert "slow <i>: networks 0.80, frameworks 2.00, together 1.60" in drawing.get("aria-label")
    bars = [node for node in drawing.iter() if (node.get("class") or "").startswith("zd-step")]
    bars, legend = bars[:-2], bars[-2:]
    assert [each.get("class") for each in legend] == [each.get("class") for each in bars[:2]]
    dots = [node for node in drawing.iter() if node.tag.endswith("circle")]
    for first, second, dot in zip(bars[::2], bars[1::2], dots, strict=True):
        assert first.get("x2") == second.get("x1")
        assert second.get("x2") == dot.get("cx")
    assert factors([], ("a", "b"), "t", "d", "u") == ""
