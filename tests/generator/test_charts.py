"""Charts: what a drawing says in words, and that it is a drawing."""

from __future__ import annotations

from xml.etree import ElementTree

from generator.charts import standalone, waterfall

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
