"""The built site, a browser, and a server that compresses as GitHub Pages does."""

from __future__ import annotations

import contextlib
import functools
import gzip
import http.server
import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock
from zoodata_site.build import build_site

from tests import builders
from zoodata.dataset import store
from zoodata.dataset.store import PACKAGED, Dataset

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


class Compressing(http.server.SimpleHTTPRequestHandler):
    """Serves text compressed."""

    def log_message(self, *args):
        pass

    def do_GET(self):
        path = Path(self.translate_path(self.path))
        path = path / "index.html" if path.is_dir() else path
        if not path.is_file():
            self.send_error(404)
            return
        body = path.read_bytes()
        packed = path.suffix in {".html", ".css", ".js", ".json", ".svg", ".xml", ".txt", ".csv"}
        body = gzip.compress(body, 6) if packed else body
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(str(path)))
        self.send_header("Content-Length", str(len(body)))
        if packed:
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        with contextlib.suppress(ConnectionError):  # the browser went on to the next page
            self.wfile.write(body)


@pytest.fixture(scope="session")
def site(tmp_path_factory) -> Path:
    """The packaged dataset with measured accuracies and an answer on top, built once for all test processes."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent  # each worker's own folder lies in it
    out = shared / "site"
    with FileLock(shared / "site.lock"):
        if not out.is_dir():
            _build(tmp_path_factory.mktemp("local"), out)
    return out


def _build(local: Path, out: Path) -> None:
    dataset = Dataset.open()
    answered = next(c for c in dataset.claims if c.entry.startswith("torchvision:resnet50@") and c.metric == "top1")
    for record in (
        builders.environment(),
        builders.accuracy("torchvision:resnet50"),
        builders.accuracy("timm:resnet50", right=2),
        builders.reply(answered.id),
    ):
        store.write(record, local)
    build_site(Dataset.open(local, PACKAGED), out)


@pytest.fixture(scope="session")
def browser():
    playwright = pytest.importorskip("playwright.sync_api")
    assert CHROMIUM, "install Chromium: .ci/browser does"
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def server(site) -> Iterator[str]:
    served = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Compressing, directory=str(site)))
    threading.Thread(target=served.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{served.server_port}/"
    served.shutdown()
    served.server_close()


@pytest.fixture
def page(browser):
    """A page of its own at desktop width that fails on any error."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    opened = context.new_page()
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    yield opened
    context.close()
    assert not errors
