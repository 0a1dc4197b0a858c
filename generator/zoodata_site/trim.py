"""Remove from the built site what no page uses: the theme's scripts, its other style rules, indentation, comments."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable
from pathlib import Path

import rcssmin
import tinycss2

from zoodata_site.publish.search import FILE

CLASS = re.compile(r"\.((?:[\w-]|\\.)+)")
INDENTATION = re.compile(r"\s*\n\s*")
USED = re.compile(r'class="([^"]*)"|class=([\w-]+)')

COMMENT = re.compile(r"^\s*/\*.*?\*/\s*\n", re.DOTALL | re.MULTILINE)
"""In a script, on lines of its own."""

SET_BY_SCRIPTS = frozenset({"zd-differs", "zd-sort", "zd-scroll", "zd-faint", "zd-copy", "zd-answer", "zd-pipelines"})
"""Classes that no page has before a script runs."""


def _narrow_script(text: str) -> str:
    """A script without comments and indentation. (rjsmin takes spaces out of template literals that hold others.)"""
    return INDENTATION.sub("\n", COMMENT.sub("", text))


MINIFIERS = {".js": _narrow_script, ".css": rcssmin.cssmin}


def trim(site: Path) -> None:
    """Take away the theme's scripts and source maps, from its style sheets what no page has a class for, and from our
    own scripts and style sheet comments and indentation."""
    shutil.rmtree(site / "assets" / "javascripts", ignore_errors=True)
    for leftover in (site / "assets").rglob("*.map"):
        leftover.unlink()
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        if "<pre" not in text:
            page.write_text(INDENTATION.sub("\n", text), encoding="utf-8", newline="\n")
    for file in (site / "assets").iterdir():
        narrow = MINIFIERS.get(file.suffix) if file.name != FILE.name else None  # the index has no space too many
        if narrow is not None:
            file.write_text(narrow(file.read_text(encoding="utf-8")), encoding="utf-8", newline="\n")
    used = classes_of(site.rglob("*.html")) | SET_BY_SCRIPTS
    for sheet in (site / "assets" / "stylesheets").glob("*.css"):
        sheet.write_text(without_unused(sheet.read_text(encoding="utf-8"), used), encoding="utf-8", newline="\n")


def classes_of(pages: Iterable[Path]) -> set[str]:
    """Every class that a page has."""
    classes: set[str] = set()
    for path in pages:
        for quoted, bare in USED.findall(path.read_text(encoding="utf-8")):
            classes.update((quoted or bare).split())
    return classes


def without_unused(css: str, used: set[str]) -> str:
    """A style sheet without the selectors that name a class which is not used, and without rules left empty."""
    return "".join(_kept(tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True), used))


def _kept(rules: Iterable[tinycss2.ast.Node], used: set[str]) -> Iterable[str]:
    for rule in rules:
        if rule.type == "at-rule" and rule.lower_at_keyword in {"media", "supports"} and rule.content is not None:
            inner = "".join(
                _kept(tinycss2.parse_rule_list(rule.content, skip_comments=True, skip_whitespace=True), used)
            )
            if inner:
                yield f"@{rule.at_keyword}{tinycss2.serialize(rule.prelude)}{{{inner}}}"
        elif rule.type == "qualified-rule":
            kept = [s for s in _selectors(rule.prelude) if _matches(s, used)]
            if kept:
                yield f"{','.join(kept)}{{{tinycss2.serialize(rule.content)}}}"
        else:
            yield rule.serialize()


def _selectors(prelude: list[tinycss2.ast.Node]) -> list[str]:
    """The comma-separated selectors of a rule; commas inside brackets separate nothing."""
    parts: list[list[tinycss2.ast.Node]] = [[]]
    for token in prelude:
        if token.type == "literal" and token.value == ",":
            parts.append([])
        else:
            parts[-1].append(token)
    return [tinycss2.serialize(part).strip() for part in parts]


def _matches(selector: str, used: set[str]) -> bool:
    """Whether a page could match: classes inside :not() and the like say nothing about that."""
    plain = re.sub(r":[\w-]+\([^()]*(?:\([^()]*\)[^()]*)*\)", "", selector)
    return all(name.replace("\\", "") in used for name in CLASS.findall(plain))
