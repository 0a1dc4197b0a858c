"""Hostile text in every field that takes text: shown as text on every page, in feed, badge, CSV and JSON."""

from __future__ import annotations

import csv
import json
import re
from xml.etree import ElementTree

import pytest
from zoodata_site.build import build_site

from tests.generator import small
from zoodata.records import KINDS

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

MARKUP = (
    "</title></h1></td></div></script>]]><script>window.owned=1</script><img src=x onerror='window.owned=2'>"
    "{{ 7*7 }}{% raw %}${7*7}**bold**[link](javascript:window.owned=3)`code`&#x41;&amp;"
)
FORMULA = '=HYPERLINK("http://example.org/?"&A1,"click")'
FOREIGN = "עברית ושמאל العربية " + "W" * 2000

HIDDEN = {
    "bidi override": "a\u202eb",
    "isolate": "a\u2066b",
    "zero width": "a\u200bb",
    "null": "a\x00b",
    "tag": "a\U000e0041b",
}


@pytest.mark.parametrize("text", [MARKUP, FORMULA, FOREIGN], ids=["markup", "formula", "foreign"])
def test_hostile_text_stays_text_everywhere(tmp_path, browser, text):
    records, fields = small.filled_with(text)
    assert fields > 40, "the text stands in many fields"
    dataset = small.write(tmp_path / "data", records)
    out = tmp_path / "site"
    build_site(dataset, out)
    context = browser.new_context(viewport={"width": 360, "height": 800})
    page = context.new_page()
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    seen = 0
    for path in sorted(out.rglob("*.html")):
        page.goto(path.as_uri())
        assert page.evaluate("window.owned") is None, path
        assert page.locator("img[src='x'], article script, article iframe").count() == 0, path
        assert page.locator("a[href^='javascript:']").count() == 0, path
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path
        assert page.locator("h1").count() == 1
        seen += text[:60] in page.locator("article").inner_text()
    assert seen >= 3, "what was written is shown"
    assert not dialogs
    page.goto((out / "architectures" / "resnet50.html").as_uri())
    assert page.locator("h1").inner_text().startswith(text[:60])
    for badge in sorted((out / "badges").rglob("*.svg")):
        page.goto(badge.as_uri())
        assert page.evaluate("window.owned") is None
        assert not list(ElementTree.parse(badge).getroot().iter("{http://www.w3.org/2000/svg}script"))
    context.close()
    ElementTree.parse(out / "feed.xml")
    for path in (out / "download").rglob("*.csv"):
        with path.open(encoding="utf-8", newline="") as stream:
            cells = [cell for row in csv.reader(stream) for cell in row]
        assert not [cell for cell in cells if re.match(r"\s*[=+@]|\s*-[^\d]", cell)], path
    for path in out.rglob("*.json"):
        json.loads(path.read_text(encoding="utf-8"))
    document = json.loads((out / "api" / "v1" / "architectures" / "resnet50.json").read_text(encoding="utf-8"))
    assert document["title"] == text[:300], "data are the text itself"
    index = (out / "assets" / "search-index.js").read_text(encoding="utf-8")
    assert "</" not in index
    json.loads(index.removeprefix("zoodataSearch.take(").rstrip().removesuffix(")").replace("<\\/", "</"))


def test_compare_shows_hostile_text_as_text(tmp_path, browser):
    import functools
    import http.server
    import threading

    from tests.generator.conftest import Compressing

    records, _ = small.filled_with(MARKUP)
    out = tmp_path / "site"
    build_site(small.write(tmp_path / "data", records), out)
    served = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Compressing, directory=str(out)))
    threading.Thread(target=served.serve_forever, daemon=True).start()
    page = browser.new_page()
    page.goto(f"http://127.0.0.1:{served.server_port}/compare.html?a=torchvision:resnet50&b=timm:resnet50")
    page.locator("#zd-compared table").wait_for()
    assert MARKUP[:60] in page.locator("#zd-compared").inner_text()
    assert page.evaluate("window.owned") is None
    assert page.locator("#zd-compared img, #zd-compared script").count() == 0
    page.goto(f"http://127.0.0.1:{served.server_port}/index.html")
    page.get_by_label("Find a model").fill("resnet50")
    page.locator("#zd-hits a").first.wait_for()
    assert page.evaluate("window.owned") is None
    page.close()
    served.shutdown()
    served.server_close()


@pytest.mark.parametrize("name", HIDDEN)
def test_no_field_takes_characters_that_hide(name):
    _, fields = small.filled_with(HIDDEN[name])
    assert fields == 0


def test_no_field_takes_ten_thousand_characters():
    for record in small.records():
        content = record.model_dump(mode="json")
        for path in small._texts(content):
            trial = json.loads(json.dumps(content))
            small._put(trial, path, "A" * 10_000)
            if path[-1] in {"top1", "top5"}:
                continue  # bits of images, held to their number
            assert not small._fits(trial), (record.kind, path)
    assert KINDS
