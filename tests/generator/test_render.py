"""Pages: a golden file each, and hostile text in every field shown as text."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from zoodata_site import charts, render, views
from zoodata_site.charts.dots import PLOT, RIGHT

from tests import builders
from tests.generator import small
from zoodata.dataset import store, version
from zoodata.dataset.store import Dataset

GOLDEN = Path(__file__).parent / "golden"

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7 * 7 }} {% raw %}",
    "</div>\n\n# Heading\n\n<div>",
    "[link](javascript:alert(1)) `code` **bold**",
    "עברית ושמאל",
    "A" * 2000,
]


def dataset(tmp_path: Path, hostile: str | None = None) -> Dataset:
    text = hostile or "Stride 2 sits on the 3x3 convolution."
    line = text.replace("\n", " ")[:290]
    for record in (
        builders.family(title=line if hostile else "ResNet-50", note=text),
        builders.environment(
            processor={
                "model": line if hostile else "Test CPU",
                "architecture": "x86_64",
                "logical_cores": 2,
                "usable_cores": 2,
            }
        ),
        builders.architecture("torchvision:resnet50"),
        builders.architecture("timm:resnet50", result=builders.result(macs=4_030_000_000, auxiliary_parameters=7)),
        builders.latency(),
        builders.collection(
            builders.claim(stated=line if hostile else "76.13", note=text),
            builders.claim("timm:resnet50", 78.5, claimed_on="2026"),
        ),
        *small.measured(),
    ):
        store.write(record, tmp_path)
    (tmp_path / version.FILE).write_text("2026-11-23\n")
    return Dataset.open(packaged=tmp_path)


@pytest.mark.parametrize(
    "name",
    [
        "index.md",
        "leaderboard.md",
        "rankings.md",
        "measured.md",
        "audit.md",
        "compare.md",
        "architectures/resnet50.md",
        "zoos/torchvision.md",
        "zoos/index.md",
        "download.md",
        "api.md",
    ],
)
def test_golden_pages(tmp_path, monkeypatch, name):
    """The pages of a small dataset, letter by letter. ZOODATA_GOLDEN=write accepts what they are now."""
    monkeypatch.setenv("GITHUB_SERVER_URL", "https://git.example")
    monkeypatch.setenv("GITHUB_REPOSITORY", "zoo/data")
    page = dict(render.pages(views.make(dataset(tmp_path))))[name]
    golden = GOLDEN / name.replace("/", "--")
    if os.environ.get("ZOODATA_GOLDEN") == "write":
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(page, encoding="utf-8")
    assert page == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_stays_text(tmp_path, text):
    from html.parser import HTMLParser

    class Seen(HTMLParser):
        def __init__(self):
            super().__init__()
            self.tags, self.handlers, self.depth, self.closed_early = set(), [], 0, False
            self.sources = []

        def handle_starttag(self, tag, attrs):
            self.tags.add(tag)
            self.sources += [value for name, value in attrs if name == "src"]
            self.handlers += [
                name
                for name, value in attrs
                if name.startswith("on") or (name == "href" and (value or "").startswith("javascript:"))
            ]
            self.depth += tag == "div"

        def handle_endtag(self, tag):
            self.depth -= tag == "div"
            self.closed_early |= self.depth < 0

    for name, page in render.pages(views.make(dataset(tmp_path, text))):
        body = page.split("---\n", 2)[2]
        assert "\n\n" not in body, "a blank line would end the HTML block"
        seen = Seen()
        seen.feed(body)
        assert not seen.tags & {"script", "iframe", "style"}, name
        assert not [source for source in seen.sources if "badges/" not in source], name
        assert not seen.handlers, name
        assert (seen.depth, seen.closed_early) == (0, False), name
        assert "49" not in re.findall(r"\{\{.*", body)
        assert page.count("---\n") == 2, "front matter holds nothing but our own keys"


def test_every_number_leads_to_a_row_with_its_record(tmp_path):
    page = dict(render.pages(views.make(dataset(tmp_path))))["architectures/resnet50.md"]
    rows = dict(re.findall(r'<tr id="([^"]+)">(.*?)</tr>', page, re.DOTALL))
    for number in ("25,557,032", "4.089 G", "53,120"):
        anchor = re.search(rf'<a class="zd-num" href="#([^"]+)"[^>]*>{re.escape(number)}</a>', page)[1]
        assert re.search(r'href="\.\./data/[^"]+\.json"', rows[anchor]), number
        assert "<code>zoodata bench architecture" in rows[anchor]
    assert re.search(r'<a class="zd-num" href="\.\./api/v1/architectures/resnet50\.json"[^>]*>76.13 %</a>', page)


def test_what_is_missing_says_why_and_how_to_fill_it(tmp_path):
    page = dict(render.pages(views.make(dataset(tmp_path))))["architectures/resnet50.md"]
    assert "not in the wheel" in page
    assert "zoodata bench architecture onnx_model_zoo:resnet50-v1-7@pretrained" in page


def test_a_dataset_without_measurements_still_makes_every_page(tmp_path):
    store.write(builders.family(), tmp_path)
    pages = dict(render.pages(views.make(Dataset.open(packaged=tmp_path))))
    assert "Not timed yet" in pages["architectures/resnet50.md"]
    assert "the newest of" in pages["index.md"]


def test_preprocessing_in_a_line():
    from zoodata.records import Preprocessing

    assert views.describe(None) == "not documented by the zoo"
    torch = Preprocessing(resize=256, crop=(224, 224), interpolation="bilinear", scale=1 / 255, mean=(0.5, 0.5, 0.5),
                          std=(0.2, 0.2, 0.2), channel_order="RGB", layout="NCHW", source="x")  # fmt: skip
    assert views.describe(torch) == "resize 256 bilinear, crop 224, RGB 0–1, minus 0.5/0.5/0.5, over 0.2/0.2/0.2"
    inside = Preprocessing(layout="NHWC", embedded=True, label_offset=1, source="x")
    said = "how to resize: not documented, 0–255 as read, scaled inside the network, background class first"
    assert views.describe(inside) == said
    red_first = Preprocessing(layout="NHWC", embedded=True, channel_order="RGB", source="x")
    assert views.describe(red_first).endswith("RGB 0–255 as read, scaled inside the network")
    plain = Preprocessing(layout="NHWC", scale=1, mean=(0, 0, 0), std=(1, 1, 1), channel_order="BGR", source="x")
    assert views.describe(plain).endswith("BGR 0–255")


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("values", [(1.0, 1.0), (0.17, 1.9), (75.0, 75.0), (1.0, 250.0), (0.001, 0.002)])
def test_charts_hold_any_range(values, log):
    lines = [charts.Line("<b>", "#a", tuple(charts.Point(v, "timm", "<i>") for v in values), note="n")]
    svg = str(charts.dots(lines, "Title", "Says it.", "unit", log=log))
    assert 'role="group"' in svg
    assert "<b>" not in svg
    assert "<i>" not in svg
    positions = [float(x) for x in re.findall(r'cx="([\d.]+)"', svg)]
    width = float(re.search(r'viewBox="0 0 (\d+)', svg)[1])
    assert all(width - RIGHT - PLOT - 1 <= x <= width - RIGHT + 1 for x in positions)


def test_no_lines_no_chart():
    assert charts.dots([], "t", "d", "u") == ""


def test_every_timed_device_says_what_to_doubt(tmp_path):
    """One run on the processor and one on a GPU, each of a single set of processes."""
    dataset(tmp_path)
    store.write(builders.latency(conditions=builders.latency_conditions(device="cuda")), tmp_path)
    pages = dict(render.pages(views.make(Dataset.open(packaged=tmp_path))))
    page = pages["architectures/resnet50.md"]
    before, _, after = page.partition('<h3 id="machines"')
    assert before.count("What to doubt about this run") == 1
    assert after.count("What to doubt about the run on") == 1
