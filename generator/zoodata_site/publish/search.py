"""The search index: every architecture under every zoo's name for it, as a script that also loads from disk."""

from __future__ import annotations

import json
from pathlib import Path

from zoodata_site.views.site import Site

FILE = Path("assets", "search-index.js")


def write(site: Site, folder: Path) -> None:
    """Write the index below a folder: a list of [id, title, entries], the entries by zoo to save bytes."""
    rows = []
    for view in site.architectures:
        names: dict[str, list[str]] = {}
        for entry in view.entries:
            names.setdefault(entry.zoo, []).append(entry.entry.partition(":")[2])
        rows.append([view.discrepancies.architecture.id, view.discrepancies.architecture.title, names])
    # "</" would end a script that somebody puts into a page; JSON may write it otherwise.
    text = json.dumps(rows, ensure_ascii=True, separators=(",", ":")).replace("</", "<\\/")
    target = folder / FILE
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(f"zoodataSearch.take({text})\n", encoding="utf-8", newline="\n")
