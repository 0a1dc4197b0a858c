"""The same mkdocs.yml built with Zensical, Material's successor: both sites say the same.

Runs where Zensical is installed (`pip install 'zoodata[zensical]'`): in a job of its own that may fail.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from html import unescape

import pytest
from zoodata_site import build

from tests.generator import small

pytest.importorskip("zensical")

KEYS = {
    "index.html": ["The same model, from another zoo", "Choose a model", "Check my zoo"],
    "leaderboard.html": ["Discrepancies by architecture", "ResNet-50", "parametric"],
    "architectures/resnet50.html": [
        "25,557,032", "4.089 G", "zoodata diff torchvision:resnet50 timm:resnet50 --prove", "This number is of the old",
        "76.13 %", "Only b has the max pooling.",
    ],
    "zoos/timm.html": ["What was read, and what changed", "No change is known"],
    "compare.html": ["May I load the weights of one into the other"],
    "download.html": ["Croissant", "Frictionless Data Package", "CC BY 4.0"],
    "methodology.html": ["How each number on this site is made"],
}  # fmt: skip


def words(path) -> str:
    """A page's text, without markup and white space."""
    text = re.sub(r"<(script|style)\b.*?</\1>", " ", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", text)).split())


def test_both_builders_say_the_same(tmp_path, root):
    dataset = small.write(tmp_path / "data", small.records())
    build.build_site(dataset, tmp_path / "material")
    pages = tmp_path / "pages"
    build.write_pages(dataset, pages)
    config = (root / "mkdocs.yml").read_text(encoding="utf-8")
    config = re.sub(r"^docs_dir:.*$", "docs_dir: pages", config, flags=re.MULTILINE) + "site_dir: zensical\n"
    (tmp_path / "mkdocs.yml").write_text(config, encoding="utf-8")
    shutil.copytree(root / "generator" / "theme", tmp_path / "generator" / "theme")
    done = subprocess.run(
        [sys.executable, "-m", "zensical", "build", "--config-file", "mkdocs.yml"],
        cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    for name, keys in KEYS.items():
        here, there = words(tmp_path / "material" / name), words(tmp_path / "zensical" / name)
        for key in keys:
            assert key in here, (name, key)
            assert key in there, (name, key)
    for name in ("assets/zoodata.js", "assets/search-index.js", "api/v1/architectures/resnet50.json", "feed.xml"):
        assert (tmp_path / "zensical" / name).read_bytes() == (tmp_path / "material" / name).read_bytes()
