"""The built site in a real browser: from disk and from a server, with and without JavaScript."""

from __future__ import annotations

import functools
import http.server
import shutil
import threading
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin, urlparse

import pytest

from generator.build import BuildFailed, build_site
from tests import builders
from zoodata.dataset import store
from zoodata.dataset.store import PACKAGED, Dataset

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip

PAGES = [
    "index.html", "architectures/index.html", "architectures/resnet50.html", "architectures/alexnet.html",
    "zoos/index.html", "zoos/onnx_model_zoo.html", "methodology.html", "contribute.html", "download.html", "paper.html",
    "changelog.html",
]  # fmt: skip


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """The packaged dataset with a few measurements on top, built."""
    local = tmp_path_factory.mktemp("local")
    for record in (
        builders.environment(),
        builders.architecture("torchvision:resnet50"),
        builders.architecture("keras_applications:ResNet50", result=builders.result(macs=3_857_973_248)),
        builders.latency(),
    ):
        store.write(record, local)
    out = tmp_path_factory.mktemp("site") / "site"
    build_site(Dataset.open(local, PACKAGED), out)
    return out


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api")
    assert CHROMIUM, "install Chromium: .ci/browser does"
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def server(site):
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    served = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(site)))
    threading.Thread(target=served.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{served.server_port}/"
    served.shutdown()
    served.server_close()


@pytest.mark.parametrize("javascript", [True, False])
@pytest.mark.parametrize("place", ["disk", "server"])
def test_every_page_opens_and_asks_no_other_host(site, server, browser, place, javascript):
    base = server if place == "server" else site.as_uri() + "/"
    context = browser.new_context(java_script_enabled=javascript)
    page = context.new_page()
    asked, errors = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    for name in PAGES:
        page.goto(base + name)
        assert page.locator("h1").first.is_visible()
    assert not [url for url in asked if not url.startswith((base, "data:"))]
    assert not errors
    context.close()


def test_the_leaderboard_is_a_table_without_javascript(server, browser):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(server)
    rows = page.locator("table tbody tr")
    assert rows.count() == len(Dataset.open().architectures)
    assert page.locator("table caption").first.is_visible()
    row = page.locator("#resnet50")
    assert "1.23" in row.inner_text()
    assert row.locator("a.zd-num").count() >= 4
    context.close()


@pytest.mark.parametrize("width", [360, 768, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_scrolls_sideways(server, browser, width, scheme):
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page = context.new_page()
    for name in PAGES:
        page.goto(server + name)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
    context.close()


def test_a_number_leads_to_its_record(server, browser):
    page = browser.new_page()
    page.goto(server + "architectures/resnet50.html")
    link = page.locator("a.zd-num", has_text="25,557,032").first
    record = page.request.get(urljoin(page.url, link.get_attribute("href"))).json()
    assert record["result"]["parameters"] == 25_557_032
    page.goto(server)
    page.locator("#vgg19 a.zd-num").first.click()
    assert "#claim-" in page.url
    assert page.locator("tr:target").count() == 1
    page.close()


def test_no_link_inside_is_dead(site):
    """Every href and src of every page, anchors included."""
    import re

    anchors: dict[Path, set[str]] = {}

    def ids(path: Path) -> set[str]:
        if path not in anchors:
            anchors[path] = set(re.findall(r'\bid="?([^"\s>]+)', path.read_text(encoding="utf-8")))
        return anchors[path]

    dead = []
    for path in site.rglob("*.html"):
        for target in re.findall(r'(?:href|src)="?([^"\s>]+)', path.read_text(encoding="utf-8")):
            target = target.replace("&amp;", "&")
            if urlparse(target).scheme or target.startswith(("//", "data:")) or path.name == "404.html":
                continue
            plain, anchor = urldefrag(target)
            file = (path.parent / unquote(plain)).resolve() if plain else path
            file = file / "index.html" if file.is_dir() else file
            if not file.is_file() or (anchor and file.suffix == ".html" and unquote(anchor) not in ids(file)):
                dead.append(f"{path.relative_to(site)} -> {target}")
    assert not dead


def test_tables_have_captions_and_scopes(site):
    import re

    for path in [*site.glob("architectures/*.html"), *site.glob("zoos/*.html"), site / "index.html"]:
        text = path.read_text(encoding="utf-8")
        assert text.count("<table") == text.count("<caption"), path.name
        assert not re.findall(r"<th>", text), path.name


def test_hostile_names_run_nothing_in_the_built_pages(tmp_path, browser):
    hostile = "</title></h1></div><script>window.owned = 1</script><img src=x onerror='window.owned = 2'>"
    for record in (
        builders.family(title=hostile, note=hostile),
        builders.environment(),
        builders.architecture(),
        builders.architecture("timm:resnet50", result=None, missing={"reason": "crashed", "message": hostile}),
        builders.latency(),
        builders.collection(builders.claim(stated=hostile), builders.claim("timm:resnet50", 70.0)),
    ):
        store.write(record, tmp_path / "data")
    out = tmp_path / "site"
    build_site(Dataset.open(packaged=tmp_path / "data"), out)
    page = browser.new_page()
    for path in sorted(out.rglob("*.html")):
        page.goto(path.as_uri())
        assert page.evaluate("window.owned") is None, path
        assert page.locator("img[src='x']").count() == 0, path
    page.goto((out / "architectures" / "resnet50.html").as_uri())
    assert page.locator("h1").first.inner_text() == hostile
    page.close()


def test_a_build_that_fails_leaves_the_old_site(site, tmp_path, monkeypatch):
    import generator.build

    old = tmp_path / "site"
    shutil.copytree(site, old)

    def fail(pages, built):
        raise BuildFailed("no")

    monkeypatch.setattr(generator.build, "_mkdocs", fail)
    with pytest.raises(BuildFailed):
        build_site(Dataset.open(), old)
    assert (old / "index.html").is_file()


def test_a_folder_that_is_no_site_is_not_replaced(tmp_path):
    from zoodata import about

    with pytest.raises(BuildFailed, match="not a zoodata site"):
        build_site(Dataset.open(), about.PACKAGE)  # it has data/schemas, and is no site
    precious = tmp_path / "home" / "thesis.tex"
    precious.parent.mkdir()
    precious.write_text("years of work")
    with pytest.raises(BuildFailed, match="not a zoodata site"):
        build_site(Dataset.open(), precious.parent)
    assert precious.read_text() == "years of work"
