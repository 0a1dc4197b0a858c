"""Each number on an architecture's page: one click to a row with its record and its command, two to the record."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from types import SimpleNamespace

import click
import pytest
from zoodata_site.views.figures import claim_anchor

from zoodata.cli.main import cli
from zoodata.images import published

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

ROW = re.compile(r'<tr id="([^"]+)">(.*?)</tr>', re.DOTALL)
NUMBER = re.compile(r'<a class="zd-num" href="([^"]+)"')
BARE = re.compile(r"<td>\s*[+-]?[\d.,]+(?: to [\d.,]+)?(?:\s*(?:G|MiB|mJ|%))?\s*</td>")
RECORD = re.compile(r'href="(\.\./(?:data|api/v1)/[^"]+\.json(?:\.gz)?)"')
COMMAND = re.compile(r"<code>(zoodata [^<]+)</code>")
# A claim's row holds its number only; the style sheet writes the command's words before it.
CLAIM = re.compile(r"<code>([0-9a-f]{10})</code>")


def test_every_number_reaches_its_record_and_its_command(site):
    known: dict[Path, bool] = {}
    walked, astray = 0, []
    for path in sorted(site.glob("architectures/*.html")):
        if path.name == "index.html":
            continue
        text = path.read_text(encoding="utf-8")
        rows = dict(ROW.findall(text))
        for row in set(rows) & set(re.findall(r'href="#([^"]+)"', text)):
            record, command = RECORD.search(rows[row]), COMMAND.search(rows[row]) or CLAIM.search(rows[row])
            target = (path.parent / record[1]).resolve() if record else None
            if target is not None and target not in known:
                known[target] = target.is_file()
            if target is None or not known[target] or not command:
                astray.append(f"{path.name}#{row}")
        for href in NUMBER.findall(text):
            walked += 1
            # Either the row it leads to, or (a claim's own number) the row it stands in.
            if not (href.startswith("#") and href[1:] in rows) and not href.startswith(("../data/", "../api/")):
                astray.append(f"{path.name} -> {href}")
        astray += [f"{path.name}: {bare}" for bare in BARE.findall(text)]
    assert not astray[:10]
    assert walked > 10_000


def test_every_claim_stands_in_a_row_with_its_record_and_a_command(site):
    text = (site / "architectures" / "resnet50.html").read_text(encoding="utf-8")
    rows = {name: row for name, row in ROW.findall(text) if name.startswith("claim-")}
    assert len(rows) > 300
    assert all(RECORD.search(row) and CLAIM.search(row) for row in rows.values())
    document = json.loads((site / "api" / "v1" / "architectures" / "resnet50.json").read_bytes())
    assert set(rows) == {claim_anchor(claim["id"]) for claim in document["claims"]}
    assert {name.removeprefix("claim-") for name in rows} == {CLAIM.search(row)[1] for row in rows.values()}


def test_a_claim_s_place_is_a_link_to_the_line_that_states_it(site):
    """Where the source is a repository or a page; a package has no address."""
    text = (site / "architectures" / "resnet50.html").read_text(encoding="utf-8")
    cells = [row.rpartition("<td>")[2] for name, row in ROW.findall(text) if name.startswith("claim-")]
    line = re.compile(r'<a href="https://github\.com/[\w.-]+/[\w.-]+/blob/[0-9a-f]{7,12}/[\w./%+-]+(?:#L\d+)?">')
    assert sum(bool(line.match(cell)) for cell in cells) > len(cells) / 2
    assert {
        re.match(r'<a href="(?:https?://[^"<>]+)">', cell) is not None or not cell.startswith("<a") for cell in cells
    } == {True}


def test_a_claim_s_command_is_read_and_can_be_copied(server, page):
    """Before the script has run the style sheet says its words, after it they are text."""
    page.goto(f"{server}architectures/resnet50.html")
    code = page.locator(".zd-claims td > code").first
    said = "element => getComputedStyle(element, '::before').content"
    assert code.evaluate(said) == '"zoodata claims show "'
    page.locator("details.zd-claims > summary").first.click()
    page.wait_for_function("document.querySelector('.zd-claims td > code.zd-whole')")
    assert code.evaluate(said) == "none"
    assert re.fullmatch(r"zoodata claims show [0-9a-f]{10}", code.inner_text())


def test_a_fold_that_is_open_from_the_start_says_its_commands_too(site, server, page):
    opened = '<details class="zd-claims" open>'
    name = next(p.name for p in sorted(site.glob("architectures/*.html")) if opened in p.read_text(encoding="utf-8"))
    page.goto(f"{server}architectures/{name}")
    page.wait_for_selector("html[data-whole]", state="attached")
    text = page.locator(".zd-claims td > code").first.inner_text()
    assert re.fullmatch(r"zoodata claims show [0-9a-f]{10}", text)


def test_every_command_on_the_pages_is_one(site, monkeypatch):
    """Parsed by the command line itself, options and all; nothing runs, no image set has to be here."""
    monkeypatch.setattr(published, "state", lambda *_: SimpleNamespace(is_whole=True))
    said = set()
    for path in [*site.glob("architectures/*.html"), *site.glob("zoos/*.html")]:
        said |= set(COMMAND.findall(path.read_text(encoding="utf-8")))
    # One of each shape: the entries differ, the options do not.
    shapes = {re.sub(r"[a-z0-9_]+:[\w.+@-]+", "ENTRY", text): text for text in said}
    assert len(shapes) > 10
    for text in shapes.values():
        arguments = shlex.split(text.replace("&#39;", "'"))[1:]
        if {"FOLDER", "DIR", "ADDRESS"} & set(arguments) and arguments[0] != "export":
            continue
        command: click.Command = cli
        context = click.Context(cli, info_name="zoodata")
        while isinstance(command, click.Group) and arguments and not arguments[0].startswith("-"):
            name, result, arguments = command.resolve_command(context, arguments)
            assert result is not None, text
            command, context = result, click.Context(result, parent=context, info_name=name)
        command.make_context(context.info_name, list(arguments), parent=context.parent)
