"""What a slow reader waits for on each kind of page: first paint, blocked time, layout shift."""

from __future__ import annotations

import functools
import http.server
import tempfile
import threading
from pathlib import Path

from zoodata.dataset.store import Dataset

PAGES = (
    "glossary.html", "index.html", "choose.html", "leaderboard.html", "rankings.html", "audit.html", "measured.html",
    "ways.html", "architectures/index.html", "architectures/resnet50.html", "zoos/index.html", "zoos/timm.html",
    "compare.html?a=torchvision:resnet50&b=keras_applications:ResNet50", "methodology.html", "operators.html",
    "api.html",
)  # fmt: skip
"""The first is prose alone: what the others are compared with."""

SLOWER = 4
"""How much slower the browser's processor is made."""

WATCH = """
window.blocked = []; window.shifted = 0;
const watch = (type, take) => new PerformanceObserver((seen) => seen.getEntries().forEach(take))
  .observe({ type, buffered: true });
watch("longtask", (task) => { window.blocked.push([task.startTime, task.duration]); });
watch("layout-shift", (shift) => { if (!shift.hadRecentInput) window.shifted += shift.value; });
"""


def browsing() -> None:
    """First paint, total blocking time after it (what tasks take beyond 50 ms) and layout shift of each page."""
    from playwright.sync_api import sync_playwright
    from zoodata_site.build import build_site

    from tests.generator.conftest import CHROMIUM, FLAGS, Compressing

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        out = Path(folder, "site")
        build_site(Dataset.open(), out)
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Compressing, directory=str(out)))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        plain = None
        for name in PAGES:
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.add_init_script(WATCH)
            page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
            page.goto(f"http://127.0.0.1:{server.server_port}/{name}")
            page.wait_for_selector("html[data-whole]", state="attached")
            page.wait_for_timeout(1000)
            painted = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
            tasks = page.evaluate("window.blocked")
            blocked = sum(max(0.0, duration - 50) for start, duration in tasks if start + duration > painted)
            plain = blocked if plain is None else plain
            print(
                f"{name.partition('?')[0]:30} first paint {painted:5.0f} ms   blocked {blocked:5.0f} ms "
                f"({blocked - plain:+5.0f} over prose)   layout shift {page.evaluate('window.shifted'):.3f}"
            )
            page.close()
        browser.close()
        server.shutdown()
