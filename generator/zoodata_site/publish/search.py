"""The search index: architectures under every zoo's name, zoos, pages, findings; a script, to be loaded from disk."""

from __future__ import annotations

import json
from pathlib import Path

from zoodata_site.views.site import Site

FILE = Path("assets", "search-index.js")

PAGES = (
    ("choose.html", "Choose a model", "accuracy per time speed pareto front fastest best licence license"),
    ("compare.html", "Swap weights", "compare two models side by side preprocessing preprocess load swap"),
    ("leaderboard.html", "Leaderboard", "filter sort table"),
    ("rankings.html", "Rankings", "largest discrepancies accuracy compute macs flops time speed latency"),
    ("ways.html", "How to run a model", "speed time latency fast runtime onnx openvino compile"),
    ("measured.html", "Measured accuracy", "images evaluation mcnemar preprocessing preprocess"),
    ("architectures/index.html", "Architectures", "models list all"),
    ("zoos/index.html", "Zoos", "release releases upgrade history changes changed maintainer documentation"),
    ("audit.html", "Audit", "errors findings"),
    ("paper.html", "The paper, reproduced", "montes 2022 study"),
    ("methodology.html", "Methodology", "how it is measured time speed accuracy preprocessing preprocess"),
    ("glossary.html", "Glossary", "terms words"),
    ("download.html", "Data", "download csv json cite"),
    ("api.html", "JSON API", "json download"),
    (
        "contribute.html",
        "Contribute",
        "contribute measurement measurements dispute measure my hardware machine pull request github",
    ),
    ("changelog.html", "Changelog", "news release history changes what changed"),
)
"""Address, title, and other words that one looks for it by."""


def write(site: Site, folder: Path) -> None:
    """Write the index below a folder: lists in place of objects, and entries by zoo, to save bytes."""
    architectures = []
    for view in site.architectures:
        names: dict[str, list[str]] = {}
        for entry in view.entries:
            names.setdefault(entry.zoo, []).append(entry.entry.partition(":")[2])
        architectures.append([view.discrepancies.architecture.id, view.discrepancies.architecture.title, names])
    zoos = [[zoo.name, zoo.title] for zoo in site.zoos]
    errors = [
        [f"zoos/{finding.zoo}.html#{finding.anchor}", f"{finding.entry}: {finding.text}"]
        for finding in site.findings
        if finding.grade == "error"
    ]
    index = {"architectures": architectures, "zoos": zoos, "pages": [*PAGES, *errors]}
    # "</" would end a script that somebody puts into a page; JSON may write it otherwise.
    text = json.dumps(index, ensure_ascii=True, separators=(",", ":")).replace("</", "<\\/")
    target = folder / FILE
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(f"zoodataSearch.take({text})\n", encoding="utf-8", newline="\n")
