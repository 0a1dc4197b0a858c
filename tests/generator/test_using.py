"""The site as people use it: search, leaderboard, compare; by mouse, by keyboard, and without JavaScript."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from urllib.parse import parse_qs, urlparse

import pytest

from zoodata.dataset.store import Dataset

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

SIZES = [(360, "dark"), (768, "light"), (1280, "light")]


def opened(browser, width=1280, scheme="light", **options):
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme, **options)
    return context.new_page()


@pytest.mark.parametrize(("width", "scheme"), SIZES)
@pytest.mark.parametrize("name", ["ResNet50", "resnet_v1_50", "resnet50", "torchvision:resnet50", "RESNET 50"])
def test_search_finds_one_architecture_by_every_name(server, browser, name, width, scheme):
    page = opened(browser, width, scheme)
    page.goto(server)
    page.get_by_label("Find a model").fill(name)
    first = page.locator("#zd-hits a").first
    first.wait_for()
    assert first.inner_text().startswith("ResNet-50")
    page.keyboard.press("Enter")
    page.wait_for_url("**/architectures/resnet50.html")
    page.context.close()


def test_search_works_from_disk(site, page):
    page.goto((site / "index.html").as_uri())
    page.get_by_label("Find a model").fill("mobilenetv2")
    page.locator("#zd-hits a").first.click()
    page.wait_for_url("**/architectures/mobilenet_v2.html")


def test_search_for_nothing_known_says_so(server, page):
    page.goto(server)
    page.get_by_label("Find a model").fill("xyzzy")
    page.get_by_text("Nothing of this name").wait_for()


QUERIES = {
    "keras resnet50": "resnet50", "resnet5O": "resnet50", "efficentnet": "efficientnet_b", "resnet 50": "resnet50",
    "ResNet-50": "resnet50", "timm vgg16": "vgg16", "torchvision alexnet": "alexnet", "mobilnet v2": "mobilenet_v2",
    "mobilenetv2": "mobilenet_v2", "inceptionv3": "inception_v3", "inception v3": "inception_v3",
    "densnet121": "densenet121", "densenet 121": "densenet121", "vgg 16": "vgg16", "vgg-16": "vgg16",
    "vit b 16": "vit_b", "vit_base_patch16_224": "vit_b", "swin tiny": "swin_t", "convnext tiny": "convnext_t",
    "squeezenet": "squeezenet", "sqeezenet": "squeezenet", "slim resnet_v1_50": "resnet50",
    "keras applications vgg16": "vgg16", "efficientnet b0": "efficientnet_b0", "efficientnetb0": "efficientnet_b0",
    "effcientnet-b0": "efficientnet_b0", "ResNet50": "resnet50", "resent50": "resnet50", "resnetv1_50": "resnet50",
    "googlenet": "googlenet", "google net": "googlenet", "nasnet large": "nasnet", "xception": "xception",
    "efficientnet keras": "efficientnet_b",
    "mnasnet": "mnasnet", "regnety": "regnet", "onnx squeezenet": "squeezenet", "alexnett": "alexnet",
}  # fmt: skip
"""What people type, slips included, and the beginning of the address of what they mean."""


def test_search_understands_words_and_slips(server, page):
    page.goto(server)
    page.get_by_label("Find a model").fill("x")
    page.wait_for_function("window.zoodataSearch.rows !== null")
    wrong = {}
    for query, wanted in QUERIES.items():
        found = page.evaluate("text => zoodataSearch.all(text).slice(0, 3).map(hit => hit.href)", query)
        if not any(href.startswith(f"architectures/{wanted}") for href in found):
            wrong[query] = found
    assert not wrong


@pytest.mark.parametrize(
    ("query", "href"),
    [
        ("timm", "zoos/timm.html"),
        ("paddleclas", "zoos/paddleclas.html"),
        ("methodology", "methodology.html"),
        ("glossary", "glossary.html"),
        ("swap", "compare.html"),
        ("pareto", "choose.html"),
        ("csv", "download.html"),
        ("contribute", "contribute.html"),
        ("preprocess", "compare.html"),
        ("speed", "ways.html"),
        ("time", "choose.html"),
        ("history", "zoos/index.html"),
        ("changes", "changelog.html"),
    ],
)
def test_search_finds_zoos_and_pages(server, page, query, href):
    page.goto(server + "audit.html")
    page.get_by_label("Find a model").fill(query)
    page.wait_for_function("window.zoodataSearch.rows !== null")
    assert href in page.evaluate("text => zoodataSearch.all(text).slice(0, 4).map(hit => hit.href)", query)


def shown(page):
    return page.locator("#zd-board tbody tr:visible")


@pytest.mark.parametrize(("width", "scheme"), SIZES)
def test_the_leaderboard_sorts_filters_and_keeps_it_in_the_address(server, browser, width, scheme):
    page = opened(browser, width, scheme)
    page.goto(server + "leaderboard.html")
    page.wait_for_selector("#zd-board[data-whole]")
    everything = shown(page).count()
    page.get_by_label("Zoo", exact=True).select_option("timm")
    assert 0 < shown(page).count() < everything
    page.locator("#f-severity").select_option("parametric")
    page.get_by_label("From year").fill("2015")
    page.get_by_role("button", name="Compute, largest over smallest").click()
    values = shown(page).locator(".c-macs").evaluate_all("cells => cells.map(c => parseFloat(c.dataset.v))")
    known = [value for value in values if value == value]
    assert known == sorted(known, reverse=True)
    assert len(known) > 2
    assert page.locator("th[aria-sort=descending]").count() == 1
    state = parse_qs(page.evaluate("location.search.slice(1)"))
    assert state == {"zoo": ["timm"], "severity": ["parametric"], "from": ["2015"], "sort": ["-macs"]}
    count = shown(page).count()
    first = shown(page).first.get_attribute("id")
    again = page.context.new_page()
    again.goto(page.url)
    assert shown(again).count() == count
    assert shown(again).first.get_attribute("id") == first
    again.get_by_role("button", name="Clear").click()
    again.wait_for_function(f"document.querySelectorAll('#zd-board tbody tr:not([hidden])').length === {everything}")
    again.wait_for_function("location.search === ''")
    page.context.close()


def test_rows_that_are_held_back_come_by_themselves_and_for_an_address(server, page):
    page.goto(server + "leaderboard.html")
    page.wait_for_selector("#zd-board[data-whole]")
    names = page.locator("#zd-board tbody tr").evaluate_all("rows => rows.map(row => row.id)")
    assert len(names) == len(set(names)) == len(Dataset.open().architectures)
    page.goto(f"{server}leaderboard.html#{names[-1]}")
    page.wait_for_selector(f"#{names[-1]}:visible")


def costs(rows):
    """Accuracy and compute of each row of the choice page."""
    cells = "row => [Number(row.cells[1].textContent), Number(row.cells[2].dataset.v)]"
    return [tuple(pair) for pair in rows.evaluate_all(f"rows => rows.map({cells})")]


@pytest.mark.parametrize(
    ("field", "value"), [("zoo", "torchvision"), ("licence", "non_commercial"), ("size", "224"), ("parameters", "10")]
)
def test_a_filter_draws_the_front_anew(server, page, field, value):
    page.goto(server + "choose.html")
    before = page.locator(".zd-front").first.get_attribute("points")
    page.goto(f"{server}choose.html?{field}={value}")
    page.wait_for_function("document.getElementById('zd-chosen').textContent !== ''")
    shown_rows = page.locator("#zd-choices tbody tr:not([hidden])").count()
    assert 0 < shown_rows < page.locator("#zd-choices tbody tr").count()
    front = costs(page.locator("[data-front=compute] tbody tr"))
    every = set(costs(page.locator("#zd-choices tbody tr:not([hidden])")))
    unbeaten = {one for one in every if not any(o[0] >= one[0] and o[1] <= one[1] for o in every - {one})}
    assert front
    assert set(front) == unbeaten
    after = page.locator(".zd-front").first.get_attribute("points")
    assert after != before
    assert len(after.split()) == len(front) == page.locator(".zd-figure").first.locator(".zd-on-front a").count()
    assert page.locator("#zd-unbeaten").inner_text().startswith(f"{len(front)} of ")
    page.get_by_role("button", name="Clear").click()
    page.wait_for_function("location.search === ''")
    assert page.locator(".zd-front").first.get_attribute("points") == before


def test_a_dot_says_what_it_is_and_opens_its_entry(server, page):
    page.goto(server + "choose.html")
    dot = page.locator(".zd-figure svg > circle").nth(500)
    dot.dispatch_event("mouseover")
    name = dot.locator("title").text_content().partition(": ")[0]
    dot.dispatch_event("click")
    page.wait_for_url("**/architectures/*.html#claim-*")
    opened_row = page.locator("tr:target th")
    assert name.endswith(opened_row.text_content())


def test_a_column_can_be_hidden_and_stays_hidden(server, page):
    page.goto(server + "leaderboard.html")
    page.get_by_text("Columns").click()
    page.get_by_label("Year", exact=True).uncheck()
    assert not page.locator("th.c-year").is_visible()
    page.goto(page.url)
    assert not page.locator("th.c-year").is_visible()
    assert page.locator("th.c-zoos").is_visible()


def test_sorting_twice_turns_around_and_dashes_stay_last(server, page):
    page.goto(server + "leaderboard.html")
    button = page.get_by_role("button", name="Time, slowest over fastest")
    for order in ("descending", "ascending"):
        button.click()
        assert page.locator(f"th.c-latency[aria-sort={order}]").count() == 1
        values = page.locator("td.c-latency").evaluate_all("cells => cells.map(c => c.dataset.v || null)")
        known = [float(value) for value in values if value]
        assert known == sorted(known, reverse=order == "descending")
        assert values[-1] is None


def test_the_leaderboard_finds_by_a_zoo_s_name(server, page):
    page.goto(server + "leaderboard.html?q=resnet_v1_50")
    page.wait_for_function("document.querySelectorAll('#zd-board tbody tr:not([hidden])').length === 1")
    assert shown(page).get_attribute("id") == "resnet50"


def test_sizes_are_bounds(server, page):
    page.goto(server + "leaderboard.html?size=5-25")
    sizes = shown(page).evaluate_all("rows => rows.map(r => Number(r.dataset.size))")
    assert sizes
    assert all(5e6 <= size < 25e6 for size in sizes)


def test_the_leaderboard_is_a_table_without_javascript(server, browser):
    page = opened(browser, java_script_enabled=False)
    page.goto(server + "leaderboard.html")
    assert page.locator("#zd-board tbody tr, noscript tbody tr").count() == len(Dataset.open().architectures)
    assert page.locator("#zd-board caption").is_visible() and page.locator("noscript caption").is_visible()
    assert not page.locator("#zd-filter").is_visible()
    assert page.locator("#resnet50 a.zd-num").count() >= 4
    page.goto(server + "compare.html")
    assert page.locator("noscript p").is_visible()
    page.context.close()


@pytest.mark.parametrize(("width", "scheme"), SIZES)
def test_any_two_are_compared_by_their_address(server, browser, width, scheme):
    page = opened(browser, width, scheme)
    page.goto(server + "compare.html?a=torchvision:resnet50&b=tf_slim:resnet_v1_50")
    page.get_by_role("heading", name="Network", exact=True).wait_for()
    text = page.locator("#zd-compared").inner_text()
    assert "25,557,032" in text
    assert "parametric" in text
    assert "Stride" in text or "stride" in text
    assert "Proof" in text
    assert "Do not swap these weights" in text
    assert "of the time of torchvision:resnet50" in text
    page.get_by_role("button", name="Exchange the two").click()
    page.wait_for_function("location.search.startsWith('?a=tf_slim:resnet_v1_50')")
    page.get_by_role("columnheader", name="tf_slim:resnet_v1_50").wait_for()
    page.go_back()
    page.wait_for_function("location.search.startsWith('?a=torchvision:resnet50')")
    page.context.close()


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("?a=torchvision:resnet50&b=nope:nothing", "nope:nothing: no entry"),
        ("?a=&b=", "Name two entries"),
        ("?a=torchvision:resnet50&b=torchvision:vgg16", "Two designs"),
        ("?a=<img src=x onerror=window.owned=1>&b=__proto__", "no entry of the catalogue"),
    ],
)
def test_what_cannot_be_compared_is_said(server, page, query, said):
    page.goto(server + "compare.html" + query)
    page.get_by_text(said).wait_for()
    assert page.evaluate("window.owned") is None


def test_everything_works_by_keyboard(server, page):
    page.goto(server)
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "zd-find":
            break
    page.keyboard.type("vgg16")
    page.locator("#zd-hits a").first.wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/architectures/vgg16.html")
    page.goto(server + "leaderboard.html")
    button = page.get_by_role("button", name="Parameters differ by")
    button.focus()
    ring = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert ring != "none", "what has the focus is seen"
    page.keyboard.press("Enter")
    page.wait_for_function("location.search.includes('sort=-parameters')")
    page.goto(server + "architectures/resnet50.html")
    summary = page.locator("details.zd-pair:not([open]) > summary").first
    summary.focus()
    page.keyboard.press("Enter")
    assert page.locator("details.zd-pair[open]").count() >= 2


def test_an_answer_stands_beside_what_it_answers(server, page):
    page.goto(server + "architectures/resnet50.html#replies")
    assert "This number is of the old recipe." in page.locator(".zd-reply").first.inner_text()


def test_a_dispute_is_filled_in(server, page):
    page.goto(server + "audit.html")
    address = urlparse(page.get_by_role("link", name="Dispute").first.get_attribute("href"))
    fields = parse_qs(address.query)
    assert fields["template"] == ["dispute.yml"]
    assert fields["page"][0].startswith("zoos/")
    assert fields["wrong"][0]
    assert fields["evidence"][0]


# What a stranger wants to know, from the front page, in under four clicks.


def test_which_zoo_s_mobilenet_v2_is_closest_to_the_paper_and_why(server, page):
    page.goto(server)
    page.get_by_label("Find a model").fill("mobilenetv2")
    page.locator("#zd-hits a").first.click()
    page.wait_for_url("**/architectures/mobilenet_v2.html")
    section = page.locator("#authors + p")
    assert "Nearest by our count of their networks" in section.inner_text()
    page.wait_for_selector("html[data-whole]", state="attached")
    rows = page.get_by_role("region", name="Nearest to the paper").locator("tbody tr")
    assert rows.count() >= 3
    assert rows.first.locator("td").nth(1).inner_text(), "says why"


def test_did_timm_change_a_number_last_year(server, page):
    page.goto(server)
    page.get_by_role("link", name="Zoos", exact=True).first.click()
    page.get_by_role("rowheader", name="timm").get_by_role("link").click()
    page.wait_for_url("**/zoos/timm.html")
    assert page.locator("#history").is_visible()
    text = page.locator("article").inner_text()
    assert "nobody here has seen" in text or "changed between two readings" in text


def test_all_resnet_50_claims_as_csv(server, page):
    page.goto(server)
    page.get_by_label("Find a model").fill("resnet50")
    page.locator("#zd-hits a").first.click()
    page.wait_for_url("**/architectures/resnet50.html")
    with page.expect_download() as started:
        page.get_by_role("link", name="CSV", exact=True).first.click()
    assert started.value.suggested_filename == "resnet50-claims.csv"
    rows = list(csv.DictReader(io.StringIO(Path(started.value.path()).read_text(encoding="utf-8"), newline="")))
    own = [c for c in Dataset.open().claims if c.entry.startswith("torchvision:resnet50@")]
    assert {row["architecture"] for row in rows} == {"resnet50"}
    assert len(rows) > 300
    assert {(c.id, c.value) for c in own} <= {(row["id"], float(row["value"])) for row in rows}
    conditions = page.request.get(f"{server}api/v1/architectures/resnet50.json").json()["claims"]
    assert [row["conditions"] for row in rows] == [claim["conditions"] for claim in conditions]


def test_compare_says_what_somebody_may_mean(server, page):
    page.goto(server + "compare.html?a=keras+vgg16&b=torchvision:vgg16")
    page.wait_for_url("**a=keras_applications:VGG16&b=torchvision:vgg16")
    page.get_by_text("keras vgg16 was read as keras_applications:VGG16").wait_for()
    page.locator("#zd-compared .zd-answer").wait_for()


def test_what_compare_says_can_be_disputed(server, page):
    page.goto(server + "compare.html?a=torchvision:resnet50&b=keras_applications:ResNet50")
    link = page.locator("#zd-compared").get_by_role("link", name="Dispute this")
    link.wait_for()
    asked = parse_qs(link.get_attribute("href").partition("?")[2])
    assert asked["template"] == ["dispute.yml"]
    assert asked["title"] == ["dispute: torchvision:resnet50 and keras_applications:ResNet50"]
    assert asked["page"] == ["compare.html?a=torchvision:resnet50&b=keras_applications:ResNet50"]


def test_the_header_is_one_row_of_pages_and_the_footer_has_all(server, page):
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto(server + "index.html")
    assert page.locator(".md-tabs").bounding_box()["height"] < 50
    header, footer = page.locator(".md-tabs a").all_inner_texts(), page.locator(".zd-pages a").all_inner_texts()
    assert {"Choose a model", "Swap weights", "Leaderboard", "Zoos", "Data", "Contribute"} <= set(header) <= set(footer)
    assert {"Methodology", "Glossary", "Changelog"} <= set(footer)


def test_a_hidden_column_leaves_the_tables_style(server, page):
    page.goto(server + "leaderboard.html?hide=naive")
    page.wait_for_function("document.querySelector('.without-naive')")
    assert page.evaluate("document.querySelector('table#zd-board, table').className") == ""
