"""Building the site: hand-written pages, rendered pages and the data laid side by side, then MkDocs."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from importlib import resources
from pathlib import Path

import mkdocs.commands.build
import mkdocs.config
from mkdocs.exceptions import Abort, ConfigurationError

from zoodata import about
from zoodata.dataset.store import Dataset
from zoodata_site import render, views
from zoodata_site.publish import api, badges, downloads, feed, llms, search
from zoodata_site.trim import trim

MARK = ".zoodata-site"
"""A file that says a folder is ours to replace."""


class BuildFailed(RuntimeError):
    """MkDocs refused the pages; the message says which and why."""


def build_site(dataset: Dataset, out: Path) -> Path:
    """Build the whole site into a folder and return its first page.

    The old site stays until the new one is whole: a build that fails or is killed loses nothing, and the
    next one goes on.
    """
    out = out.resolve()
    _refuse_foreign(out)
    with tempfile.TemporaryDirectory(prefix="zoodata-site-") as scratch:
        pages, built = Path(scratch, "pages"), Path(scratch, "built")
        write_pages(dataset, pages)
        _mkdocs(pages, built)
        trim(built)
        out.parent.mkdir(parents=True, exist_ok=True)
        note = "Built by `zoodata site build`, which replaces this folder.\n"
        (built / MARK).write_text(note, encoding="utf-8", newline="\n")
        fresh, old = out.with_name(f".{out.name}.new"), out.with_name(f".{out.name}.old")
        for leftover in (fresh, old):
            shutil.rmtree(leftover, ignore_errors=True)
        shutil.copytree(built, fresh)
        if out.exists():
            out.rename(old)
        fresh.rename(out)
        shutil.rmtree(old, ignore_errors=True)
    return out / "index.html"


def write_pages(dataset: Dataset, folder: Path) -> None:
    """Write everything MkDocs needs into a folder: pages, assets, records, downloads, the API."""
    shutil.copytree(_source("docs"), folder, dirs_exist_ok=True)
    site = views.make(dataset)
    for name, text in render.pages(site):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8", newline="\n")
    address = site_address()
    downloads.write(dataset, site, folder, address)
    api.write(site, folder)
    search.write(site, folder)
    badges.write(site, folder)
    feed.write(site, folder, address)
    llms.write(site, folder, address)
    shutil.copy(_source("CHANGELOG.md"), folder / "changelog.md")
    contribute = folder / "contribute.md"
    told = contribute.read_text(encoding="utf-8").replace("THE-REPOSITORY", about.repository_url())
    contribute.write_text(told, encoding="utf-8", newline="\n")


def site_address() -> str:
    """Where the site will be published, with a slash at its end; empty where nobody said."""
    address = os.environ.get("SITE_URL", "").strip().rstrip("/")
    return f"{address}/" if address else ""


def _mkdocs(pages: Path, built: Path) -> None:
    warnings: list[str] = []
    listener = _Listener(warnings)
    logger = logging.getLogger("mkdocs")
    logger.setLevel(logging.WARNING)
    logger.addHandler(listener)
    try:
        config = mkdocs.config.load_config(
            str(_source("mkdocs.yml")), docs_dir=str(pages), site_dir=str(built), strict=True
        )
        config.extra["repository"] = about.repository_url()
        config.plugins.on_startup(command="build", dirty=False)
        mkdocs.commands.build.build(config)
        config.plugins.on_shutdown()
    except (Abort, ConfigurationError) as error:
        raise BuildFailed("\n".join([f"MkDocs refused the pages: {error}", *warnings])) from None
    finally:
        logger.removeHandler(listener)


class _Listener(logging.Handler):
    """Keeps what MkDocs warns of, to be said when it gives up."""

    def __init__(self, heard: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._heard = heard

    def emit(self, record: logging.LogRecord) -> None:
        """See :class:`logging.Handler`."""
        self._heard.append(record.getMessage())


def _source(name: str) -> Path:
    """A file of the checkout, or the copy of it that an installed package carries."""
    root = about.checkout()
    if root is not None:
        return root / name
    return Path(str(resources.files("zoodata_site"))) / "bundled" / name


def _refuse_foreign(out: Path) -> None:
    """Only a site of ours is replaced: never a folder that holds something else, or that work goes on in."""
    if out in (Path.cwd(), *Path.cwd().parents):
        raise BuildFailed(f"{out} is the folder you are in: choose another --out")
    if out.exists() and not (out.is_dir() and ((out / MARK).is_file() or not any(out.iterdir()))):
        raise BuildFailed(f"{out} holds something that is not a zoodata site: choose another --out, or empty it")
